// Facts: Graph reference (beta), pages virtualendpoint-post-externalpartners,
// cloudpcexternalpartner-update; resource cloudPcExternalPartner.

#include "schema/actions/entries.hpp"

namespace cloudpcd::schema::entries {

namespace {

constexpr Parameter agent_members[] = {
    {.name = "autoDeploymentEnabled",
     .description = "Whether new machines get the agent by themselves.",
     .type = ParameterType::boolean},
    {.name = "agentUrl",
     .description = "Where the installer of the agent is found.",
     .min = 1,
     .max = 2048},
    {.name = "agentSha256",
     .description = "SHA-256 of the installer.",
     .type = ParameterType::identifier},
    {.name = "installParameters",
     .description = "Parameters of the installer.",
     .list = true,
     .max = 1024},
};

constexpr Parameter partner_parameters[] = {
    {.name = "partnerId",
     .description = "Id of the partner.",
     .type = ParameterType::identifier,
     .required = true,
     .fixed_at_creation = true},
    {.name = "enableConnection",
     .description = "Whether the partner is connected.",
     .type = ParameterType::boolean,
     .required = true},
    {.name = "agentSetting",
     .description = "The agent of the partner.",
     .type = ParameterType::object,
     .members = agent_members,
     .graph_type = "cloudPcExternalPartnerAgentSetting"},
};

constexpr Action all[] = {
    {.kind = "external_partner.create",
     .title = "Create external partner",
     .verb = "create",
     .description = "Connects a partner to the Cloud PC service.",
     .documentation = "virtualendpoint-post-externalpartners",
     .method = Method::post,
     .path = "/deviceManagement/virtualEndpoint/externalPartners",
     .version = ApiVersion::beta,
     .statuses = created_status,
     .graph_type = "cloudPcExternalPartner",
     .parameters = partner_parameters,
     .risk = Risk::disruptive,
     .identity = Identity::application,
     .permissions = write_permissions,
     .touches = Touches::nothing,
     .duplicates = Duplicates::never,
     .ending = ends_at_the_answer,
     .example = R"({"partnerId": "198d7140-80bb-4843-8cc4-811377a49a92",)"
                R"( "enableConnection": true})"},
    {.kind = "external_partner.update",
     .title = "Update external partner",
     .verb = "update",
     .description = "Changes the members that are named.",
     .documentation = "cloudpcexternalpartner-update",
     .method = Method::patch,
     .path = "/deviceManagement/virtualEndpoint/externalPartners/{id}",
     .version = ApiVersion::beta,
     .statuses = updated_status,
     .target = "external_partners",
     .graph_type = "cloudPcExternalPartner",
     .parameters = partner_parameters,
     .risk = Risk::repeatable,
     .identity = Identity::application,
     .permissions = write_permissions,
     .touches = Touches::nothing,
     .duplicates = Duplicates::never,
     .ending = ends_at_the_answer,
     .example = R"({"enableConnection": false})"},
};

}  // namespace

constinit const std::span<const Action> external_partner_actions{all};

}  // namespace cloudpcd::schema::entries
