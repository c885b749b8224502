// Facts: Graph reference (beta), page virtualendpoint-list-onpremisesconnections and resource
// cloudPcOnPremisesConnection.

#include "schema/catalog/entries.hpp"
#include "schema/enums.hpp"

namespace cloudpcd::schema::entries {

namespace {

using enum ColumnType;

constexpr Column columns[] = {
    {"adDomainName", text,
     "Active Directory domain that machines join, fully qualified; NULL for a pure Entra join."},
    {"adDomainUsername", text, "Account that joins machines to the domain."},
    {"alternateResourceUrl", text,
     "Link to the resource of another service that stands behind the connection."},
    {"connectionType", text,
     "Whether machines on this network join Entra alone or also Active Directory.",
     &enums::cloud_pc_on_premises_connection_type},
    {"displayName", text, "Name of the connection."},
    {"healthCheckPaused", boolean, "Whether the periodic health checks are paused."},
    {"healthCheckStatus", text, "Result of the last round of health checks.",
     &enums::cloud_pc_on_premises_connection_status},
    {"healthCheckStatusDetail.endDateTime", timestamp,
     "End of the last round of health checks; NULL while it runs."},
    {"healthCheckStatusDetail.startDateTime", timestamp,
     "Start of the last round of health checks."},
    {"healthCheckStatusDetails.endDateTime", timestamp,
     "Older twin of `healthCheckStatusDetail.endDateTime`."},
    {"healthCheckStatusDetails.healthChecks", json,
     "Older twin of `healthCheckStatusDetail.healthChecks`, which is the child table."},
    {"healthCheckStatusDetails.startDateTime", timestamp,
     "Older twin of `healthCheckStatusDetail.startDateTime`."},
    {"inUse", boolean, "Whether anything uses the connection, which then cannot be deleted."},
    {"inUseByCloudPc", boolean, "Whether at least one Cloud PC uses the connection."},
    {"managedBy", text, "Services that manage the connection, comma-joined.",
     &enums::cloud_pc_management_service},
    {"organizationalUnit", text,
     "Organizational unit for computer accounts; NULL for the default of the domain."},
    {"resourceGroupId", text, "Azure resource group, as a resource id."},
    {"scopeIds", json, "Intune scope tag ids of the connection."},
    {"subnetId", text, "Azure subnet, as a resource id."},
    {"subnetPrivateIpDetail.subnetAvailableIpCount", integer,
     "Free private addresses in the subnet."},
    {"subnetPrivateIpDetail.subnetAvailableIpCountLastSyncDateTime", timestamp,
     "When that number was taken from Azure."},
    {"subscriptionId", text, "Azure subscription of the network."},
    {"subscriptionName", text, "Name of that subscription."},
    {"type", text, "Deprecated twin of `connectionType`.",
     &enums::cloud_pc_on_premises_connection_type},
    {"virtualNetworkId", text, "Azure virtual network, as a resource id."},
    {"virtualNetworkLocation", text, "Azure region of the virtual network."},
};

constexpr Column health_check_columns[] = {
    {"additionalDetail", text, "More about the result or what to do."},
    {"additionalDetails", text, "Deprecated twin of `additionalDetail`; no longer sent."},
    {"correlationId", text, "Id of the check for a support ticket."},
    {"displayName", text, "Name of the check."},
    {"endDateTime", timestamp, "End of the check; NULL while it runs."},
    {"errorType", text, "What kind of error the check found.",
     &enums::cloud_pc_on_premises_connection_health_check_error_type},
    {"recommendedAction", text, "What Microsoft recommends against the error."},
    {"startDateTime", timestamp, "Start of the check."},
    {"status", text, "Result of the check.", &enums::cloud_pc_on_premises_connection_status},
};

constexpr ChildTable children[] = {
    {.table = "on_premises_connection_health_checks",
     .property = "healthCheckStatusDetail.healthChecks",
     .description =
         "Results of the last round of health checks of a connection, one row per check.",
     .columns = health_check_columns},
};

constexpr std::string_view write_only[] = {"adDomainPassword"};

}  // namespace

constinit const Collection on_premises_connections{
    .table = "on_premises_connections",
    .path = "/deviceManagement/virtualEndpoint/onPremisesConnections",
    .entity_type = "cloudPcOnPremisesConnection",
    .description =
        "Azure network connections: the virtual networks that Cloud PCs can be placed in, and "
        "their health.",
    .documentation = "virtualendpoint-list-onpremisesconnections",
    .version = ApiVersion::beta,
    .deletes = DeleteRule::get_by_id,
    .select = true,
    .permissions = read_permissions,
    .write_only = write_only,
    .columns = columns,
    .children = children,
};

}  // namespace cloudpcd::schema::entries
