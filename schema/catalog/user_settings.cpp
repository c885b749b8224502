// Facts: Graph reference (beta), page virtualendpoint-list-usersettings and resource
// cloudPcUserSetting.

#include "schema/catalog/entries.hpp"
#include "schema/enums.hpp"

namespace cloudpcd::schema::entries {

namespace {

using enum ColumnType;

constexpr Column columns[] = {
    {"createdDateTime", timestamp, "When the setting was made."},
    {"crossRegionDisasterRecoverySetting.crossRegionDisasterRecoveryEnabled", boolean,
     "Whether cross-region disaster recovery is on; deprecated in favour of "
     "`disasterRecoveryType`."},
    {"crossRegionDisasterRecoverySetting.disasterRecoveryNetworkSetting.@odata.type", text,
     "Kind of network after a failover: one that Microsoft hosts, or an Azure network connection."},
    {"crossRegionDisasterRecoverySetting.disasterRecoveryNetworkSetting.onPremisesConnectionId",
     text, "Azure network connection used after a failover: `id` in `on_premises_connections`."},
    {"crossRegionDisasterRecoverySetting.disasterRecoveryNetworkSetting.regionGroup", text,
     "Region group of a network that Microsoft hosts.", &enums::cloud_pc_region_group},
    {"crossRegionDisasterRecoverySetting.disasterRecoveryNetworkSetting.regionName", text,
     "Azure region of a network that Microsoft hosts."},
    {"crossRegionDisasterRecoverySetting.disasterRecoveryType", text,
     "Kind of disaster recovery that machines have.", &enums::cloud_pc_disaster_recovery_type},
    {"crossRegionDisasterRecoverySetting.maintainCrossRegionRestorePointEnabled", boolean,
     "Whether restore points are kept in the other region."},
    {"crossRegionDisasterRecoverySetting.userInitiatedDisasterRecoveryAllowed", boolean,
     "Whether users may start the disaster recovery themselves."},
    {"displayName", text, "Name of the setting."},
    {"lastModifiedDateTime", timestamp,
     "When the setting was changed last; its change alone makes no version."},
    {"localAdminEnabled", boolean, "Whether users are administrators of their machines."},
    {"notificationSetting.restartPromptsDisabled", boolean,
     "Whether users are spared prompts to restart; deprecated, no longer sent since July 2026."},
    {"provisioningSourceType", text,
     "Whether machines are provisioned from an image or a snapshot; NULL means image.",
     &enums::cloud_pc_provisioning_source_type},
    {"resetEnabled", boolean, "Whether users may reset their own machine."},
    {"restorePointSetting.frequencyInHours", integer,
     "Hours between automatic restore points; deprecated in favour of "
     "`restorePointSetting.frequencyType`."},
    {"restorePointSetting.frequencyType", text,
     "How often restore points are made; `default` is every twelve hours.",
     &enums::cloud_pc_restore_point_frequency_type},
    {"restorePointSetting.userRestoreEnabled", boolean,
     "Whether users may restore their own machine."},
    {"selfServiceEnabled", boolean, "Whether self-service is on; deprecated."},
};

constexpr Column assignment_columns[] = {
    {"id", text, "Id of the assignment: setting and group id joined by `_`."},
    {"createdDateTime", timestamp, "When the assignment was made."},
    {"target.@odata.type", text,
     "Kind of target; `cloudPcManagementGroupAssignmentTarget` is the only one known."},
    {"target.allotmentDisplayName", text,
     "Name of the allotment of licenses that the assignment draws from."},
    {"target.allotmentLicensesCount", integer, "Number of licenses in that allotment."},
    {"target.groupId", text, "Entra group whose members get the setting."},
    {"target.servicePlanId", text,
     "Service plan of the machines that are provisioned for the group; NULL for dedicated "
     "machines, whose plan follows from the license of the user."},
};

constexpr ChildTable children[] = {
    {.table = "user_setting_assignments",
     .property = "assignments",
     .description = "Groups that a setting is assigned to, one row each.",
     .columns = assignment_columns},
};

constexpr std::string_view expand[] = {"assignments"};

}  // namespace

constinit const Collection user_settings{
    .table = "user_settings",
    .path = "/deviceManagement/virtualEndpoint/userSettings",
    .entity_type = "cloudPcUserSetting",
    .description =
        "User settings: what users may do with their Cloud PCs, and how often restore points are "
        "made.",
    .documentation = "virtualendpoint-list-usersettings",
    .version = ApiVersion::beta,
    .deletes = DeleteRule::get_by_id,
    .expand = expand,
    .permissions = read_permissions,
    .columns = columns,
    .children = children,
};

}  // namespace cloudpcd::schema::entries
