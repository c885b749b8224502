// Facts: Graph reference, pages virtualendpoint-post-onpremisesconnections,
// cloudpconpremisesconnection-update, -delete, -updateaddomainpassword (which prints PATCH; the
// metadata and the permissions say POST), -runhealthcheck.

#include "schema/actions/entries.hpp"

namespace cloudpcd::schema::entries {

namespace {

constexpr std::size_t resource_id_max = 1024;

constexpr Parameter connection_parameters[] = {
    {.name = "displayName", .description = "Name of the connection.", .required = true, .min = 1},
    {.name = "connectionType",
     .description = "How machines in this network join Entra.",
     .type = ParameterType::enumeration,
     .required = true,
     .enumeration = &enums::cloud_pc_on_premises_connection_type},
    {.name = "subscriptionId",
     .description = "Azure subscription of the network.",
     .type = ParameterType::guid,
     .required = true},
    {.name = "resourceGroupId",
     .description = "Azure resource id of the resource group.",
     .required = true,
     .min = 1,
     .max = resource_id_max},
    {.name = "virtualNetworkId",
     .description = "Azure resource id of the virtual network.",
     .required = true,
     .min = 1,
     .max = resource_id_max},
    {.name = "subnetId",
     .description = "Azure resource id of the subnet.",
     .required = true,
     .min = 1,
     .max = resource_id_max},
    {.name = "adDomainName",
     .description = "Name of the Active Directory domain, for `hybridAzureADJoin`."},
    {.name = "adDomainUsername",
     .description = "Account that joins machines to the domain, for `hybridAzureADJoin`."},
    {.name = "adDomainPassword",
     .description = "Password of that account.",
     .type = ParameterType::secret},
    {.name = "organizationalUnit",
     .description = "Organizational unit that the computer accounts are placed in.",
     .max = 1024},
    {.name = "scopeIds",
     .description = "Intune scope tag ids of the connection.",
     .type = ParameterType::identifier,
     .list = true},
};

constexpr Parameter password_parameters[] = {
    {.name = "adDomainPassword",
     .description = "The new password of the account that joins machines to the domain.",
     .type = ParameterType::secret,
     .required = true},
};

constexpr std::string_view checked[] = {"passed", "failed", "warning", "informational"};

constexpr Action all[] = {
    {.kind = "on_premises_connection.create",
     .title = "Create connection",
     .verb = "create",
     .description = "Makes an Azure network connection. Its health checks begin by themselves.",
     .documentation = "virtualendpoint-post-onpremisesconnections",
     .method = Method::post,
     .path = "/deviceManagement/virtualEndpoint/onPremisesConnections",
     .version = ApiVersion::v1_0,
     .statuses = created_status,
     .graph_type = "cloudPcOnPremisesConnection",
     .parameters = connection_parameters,
     .risk = Risk::disruptive,
     .identity = Identity::delegated,
     .permissions = write_permissions,
     .touches = Touches::nothing,
     .duplicates = Duplicates::never,
     .ending = ends_at_the_answer,
     .example = R"({"displayName": "West Europe", "connectionType": "hybridAzureADJoin",)"
                R"( "subscriptionId": "0ac520ee-14c0-480f-b6c9-0a90c585ffff",)"
                R"( "resourceGroupId": "/subscriptions/0ac520ee-14c0-480f-b6c9-0a90c585ffff)"
                R"(/resourceGroups/net", "virtualNetworkId": "/subscriptions)"
                R"(/0ac520ee-14c0-480f-b6c9-0a90c585ffff/resourceGroups/net/providers)"
                R"(/Microsoft.Network/virtualNetworks/cpc", "subnetId": "/subscriptions)"
                R"(/0ac520ee-14c0-480f-b6c9-0a90c585ffff/resourceGroups/net/providers)"
                R"(/Microsoft.Network/virtualNetworks/cpc/subnets/machines",)"
                R"( "adDomainName": "corp.example", "adDomainUsername": "join@corp.example",)"
                R"( "adDomainPassword": {"credential": "ad-join-password"}})"},
    {.kind = "on_premises_connection.update",
     .title = "Update connection",
     .verb = "update",
     .description = "Changes the members that are named.",
     .documentation = "cloudpconpremisesconnection-update",
     .method = Method::patch,
     .path = "/deviceManagement/virtualEndpoint/onPremisesConnections/{id}",
     .version = ApiVersion::v1_0,
     .statuses = updated_status,
     .target = "on_premises_connections",
     .graph_type = "cloudPcOnPremisesConnection",
     .parameters = connection_parameters,
     .risk = Risk::repeatable,
     .identity = Identity::delegated,
     .permissions = write_permissions,
     .touches = Touches::nothing,
     .duplicates = Duplicates::never,
     .ending = ends_at_the_answer,
     .example = R"({"displayName": "West Europe 2"})"},
    {.kind = "on_premises_connection.delete",
     .title = "Delete connection",
     .verb = "delete",
     .description = "Deletes a connection that nothing uses.",
     .documentation = "cloudpconpremisesconnection-delete",
     .method = Method::remove,
     .path = "/deviceManagement/virtualEndpoint/onPremisesConnections/{id}",
     .version = ApiVersion::v1_0,
     .statuses = no_content_status,
     .target = "on_premises_connections",
     .risk = Risk::disruptive,
     .identity = Identity::delegated,
     .permissions = write_permissions,
     .touches = Touches::nothing,
     .duplicates = Duplicates::never,
     .precondition = Precondition::unused,
     .ending = ends_when_gone},
    {.kind = "on_premises_connection.update_ad_domain_password",
     .title = "Update domain password",
     .verb = "update_ad_domain_password",
     .description = "Gives the service the new password of the account that joins machines to the "
                    "domain.",
     .documentation = "cloudpconpremisesconnection-updateaddomainpassword",
     .method = Method::post,
     .path = "/deviceManagement/virtualEndpoint/onPremisesConnections/{id}/updateAdDomainPassword",
     .version = ApiVersion::v1_0,
     .statuses = no_content_status,
     .target = "on_premises_connections",
     .parameters = password_parameters,
     .risk = Risk::repeatable,
     .identity = Identity::application,
     .permissions = write_permissions,
     .touches = Touches::nothing,
     .duplicates = Duplicates::never,
     .ending = ends_at_the_answer,
     .example = R"({"adDomainPassword": {"credential": "ad-join-password"}})"},
    {.kind = "on_premises_connection.run_health_checks",
     .title = "Run health checks",
     .verb = "run_health_checks",
     .description = "Checks the connection; the result of every check is in "
                    "`on_premises_connection_health_checks`.",
     .documentation = "cloudpconpremisesconnection-runhealthcheck",
     .method = Method::post,
     .path = "/deviceManagement/virtualEndpoint/onPremisesConnections/{id}/runHealthChecks",
     .version = ApiVersion::v1_0,
     .statuses = no_content_status,
     .target = "on_premises_connections",
     .risk = Risk::repeatable,
     .identity = Identity::delegated,
     .permissions = write_permissions,
     .touches = Touches::nothing,
     .duplicates = Duplicates::never,
     .ending = Ending{.seen_by = Completion::health_check, .deadline = 2h, .good = checked}},
};

}  // namespace

constinit const std::span<const Action> on_premises_connection_actions{all};

}  // namespace cloudpcd::schema::entries
