// Facts: Graph reference (beta), page virtualendpoint-list-externalpartners and resource
// cloudPcExternalPartner.

#include "schema/catalog/entries.hpp"
#include "schema/enums.hpp"

namespace cloudpcd::schema::entries {

namespace {

using enum ColumnType;

constexpr Column columns[] = {
    {"agentSetting.agentSha256", text, "SHA-256 of the agent file of the partner."},
    {"agentSetting.agentUrl", text, "Address from which that file is fetched."},
    {"agentSetting.autoDeploymentEnabled", boolean,
     "Whether the agent is installed after provisioning without being asked for."},
    {"agentSetting.installParameters", json, "Arguments of the installation."},
    {"connectionStatus", text, "Whether the connection to the partner works.",
     &enums::cloud_pc_external_partner_status},
    {"enableConnection", boolean, "Whether the partner may call the service."},
    {"lastSyncDateTime", timestamp, "When data of the partner was last taken over."},
    {"partnerId", text, "Id that the Cloud PC service gave the partner."},
    {"statusDetails", text, "Text about the state of the connection."},
};

}  // namespace

constinit const Collection external_partners{
    .table = "external_partners",
    .path = "/deviceManagement/virtualEndpoint/externalPartners",
    .entity_type = "cloudPcExternalPartner",
    .description = "Partners that are connected to the Cloud PC service.",
    .documentation = "virtualendpoint-list-externalpartners",
    .version = ApiVersion::beta,
    .deletes = DeleteRule::get_by_id,
    .permissions = read_permissions,
    .columns = columns,
};

}  // namespace cloudpcd::schema::entries
