// Facts: Graph reference, pages virtualendpoint-post-usersettings, cloudpcusersetting-update,
// -delete, -assign; resource cloudPcUserSetting.

#include "schema/actions/entries.hpp"

namespace cloudpcd::schema::entries {

namespace {

constexpr Parameter restore_point_members[] = {
    {.name = "frequencyType",
     .description = "How often restore points are made.",
     .type = ParameterType::enumeration,
     .enumeration = &enums::cloud_pc_restore_point_frequency_type},
    {.name = "userRestoreEnabled",
     .description = "Whether users may go back to one by themselves.",
     .type = ParameterType::boolean},
};

constexpr std::string_view network_types[] = {
    "cloudPcDisasterRecoveryAzureConnectionSetting",
    "cloudPcDisasterRecoveryMicrosoftHostedNetworkSetting"};

constexpr Parameter network_members[] = {
    {.name = "@odata.type",
     .description = "Which kind of network.",
     .type = ParameterType::type_name,
     .required = true,
     .types = network_types},
    {.name = "onPremisesConnectionId",
     .description = "Azure network connection, for the first type.",
     .type = ParameterType::guid},
    {.name = "regionName", .description = "Azure region, for the second type."},
    {.name = "regionGroup",
     .description = "Group of regions, for the second type.",
     .type = ParameterType::enumeration,
     .enumeration = &enums::cloud_pc_region_group},
};

constexpr Parameter recovery_members[] = {
    {.name = "disasterRecoveryType",
     .description = "What happens when the region of a machine fails.",
     .type = ParameterType::enumeration,
     .enumeration = &enums::cloud_pc_disaster_recovery_type},
    {.name = "disasterRecoveryNetworkSetting",
     .description = "Network of the machine in the other region.",
     .type = ParameterType::object,
     .members = network_members,
     .graph_type = "cloudPcDisasterRecoveryNetworkSetting"},
    {.name = "maintainCrossRegionRestorePointEnabled",
     .description = "Whether restore points are kept in the other region.",
     .type = ParameterType::boolean},
    {.name = "userInitiatedDisasterRecoveryAllowed",
     .description = "Whether users may begin a disaster recovery.",
     .type = ParameterType::boolean},
};

constexpr Parameter setting_parameters[] = {
    {.name = "displayName", .description = "Name of the setting.", .required = true, .min = 1},
    {.name = "localAdminEnabled",
     .description = "Whether users are administrators of their machines.",
     .type = ParameterType::boolean},
    {.name = "resetEnabled",
     .description = "Whether users may reprovision their machines.",
     .type = ParameterType::boolean},
    {.name = "restorePointSetting",
     .description = "Restore points.",
     .type = ParameterType::object,
     .members = restore_point_members,
     .graph_type = "cloudPcRestorePointSetting"},
    {.name = "crossRegionDisasterRecoverySetting",
     .description = "Disaster recovery in another region.",
     .type = ParameterType::object,
     .members = recovery_members,
     .graph_type = "cloudPcCrossRegionDisasterRecoverySetting",
     .beta = true},
    {.name = "provisioningSourceType",
     .description = "Whether a machine that is reprovisioned comes from an image or a snapshot.",
     .type = ParameterType::enumeration,
     .enumeration = &enums::cloud_pc_provisioning_source_type,
     .beta = true},
};

constexpr Parameter target_members[] = {
    {.name = "groupId",
     .description = "Entra group whose members get the setting.",
     .type = ParameterType::guid,
     .required = true},
};

constexpr Parameter assignment_members[] = {
    {.name = "id",
     .description = "Id of an assignment that is there: setting and group id joined by `_`.",
     .type = ParameterType::identifier},
    {.name = "target",
     .description = "The group.",
     .type = ParameterType::object,
     .required = true,
     .members = target_members,
     .graph_type = "cloudPcManagementGroupAssignmentTarget",
     .annotation = "microsoft.graph.cloudPcManagementGroupAssignmentTarget"},
};

constexpr Parameter assign_parameters[] = {
    {.name = "assignments",
     .description = "All groups that are to have the setting: a group that is left out loses it. "
                    "`[]` takes it away from all.",
     .type = ParameterType::object,
     .required = true,
     .list = true,
     .items_max = 500,
     .members = assignment_members,
     .graph_type = "cloudPcUserSettingAssignment"},
};

constexpr Action all[] = {
    {.kind = "user_setting.create",
     .title = "Create user setting",
     .verb = "create",
     .description = "Makes a user setting. It takes effect when it is assigned to a group.",
     .documentation = "virtualendpoint-post-usersettings",
     .method = Method::post,
     .path = "/deviceManagement/virtualEndpoint/userSettings",
     .version = ApiVersion::v1_0,
     .statuses = created_status,
     .graph_type = "cloudPcUserSetting",
     .annotation = "#microsoft.graph.cloudPcUserSetting",
     .parameters = setting_parameters,
     .risk = Risk::disruptive,
     .identity = Identity::application,
     .permissions = write_permissions,
     .touches = Touches::nothing,
     .duplicates = Duplicates::never,
     .ending = ends_at_the_answer,
     .example = R"({"displayName": "Restore by users", "localAdminEnabled": false,)"
                R"( "restorePointSetting": {"frequencyType": "sixHours",)"
                R"( "userRestoreEnabled": true}})"},
    {.kind = "user_setting.update",
     .title = "Update user setting",
     .verb = "update",
     .description = "Changes the members that are named.",
     .documentation = "cloudpcusersetting-update",
     .method = Method::patch,
     .path = "/deviceManagement/virtualEndpoint/userSettings/{id}",
     .version = ApiVersion::v1_0,
     .statuses = updated_status,
     .target = "user_settings",
     .graph_type = "cloudPcUserSetting",
     .annotation = "#microsoft.graph.cloudPcUserSetting",
     .parameters = setting_parameters,
     .risk = Risk::repeatable,
     .identity = Identity::application,
     .permissions = write_permissions,
     .touches = Touches::nothing,
     .duplicates = Duplicates::never,
     .ending = ends_at_the_answer,
     .example = R"({"resetEnabled": true})"},
    {.kind = "user_setting.delete",
     .title = "Delete user setting",
     .verb = "delete",
     .description = "Deletes a user setting; its users fall back to what the service does without.",
     .documentation = "cloudpcusersetting-delete",
     .method = Method::remove,
     .path = "/deviceManagement/virtualEndpoint/userSettings/{id}",
     .version = ApiVersion::v1_0,
     .statuses = no_content_status,
     .target = "user_settings",
     .risk = Risk::disruptive,
     .identity = Identity::application,
     .permissions = write_permissions,
     .touches = Touches::nothing,
     .duplicates = Duplicates::never,
     .ending = ends_when_gone},
    {.kind = "user_setting.assign",
     .title = "Assign user setting",
     .verb = "assign",
     .description = "Replaces the groups that a setting is assigned to.",
     .documentation = "cloudpcusersetting-assign",
     .method = Method::post,
     .path = "/deviceManagement/virtualEndpoint/userSettings/{id}/assign",
     .version = ApiVersion::v1_0,
     .statuses = no_content_status,
     .target = "user_settings",
     .parameters = assign_parameters,
     .risk = Risk::repeatable,
     .identity = Identity::application,
     .permissions = write_permissions,
     .touches = Touches::nothing,
     .duplicates = Duplicates::never,
     .ending = ends_at_the_answer,
     .example = R"({"assignments": [{"target": {"groupId":)"
                R"( "64ff06de-9c00-4a5a-98b5-7f5abe26ffff"}}]})"},
};

}  // namespace

constinit const std::span<const Action> user_setting_actions{all};

}  // namespace cloudpcd::schema::entries
