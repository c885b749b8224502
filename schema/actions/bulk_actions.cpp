// Facts: Graph reference, page virtualendpoint-post-bulkactions, resource cloudPcBulkAction and
// the types derived from it.

#include "schema/actions/entries.hpp"

namespace cloudpcd::schema::entries {

namespace {

constexpr Parameter display_name{
    .name = "displayName",
    .description = "Name of the bulk action in the service; the daemon makes one of the job.",
    .min = 1,
    .distinguishes = false,
    .filled = true,
};

constexpr Parameter maintenance_window{
    .name = "scheduledDuringMaintenanceWindow",
    .description = "Whether the action waits for the maintenance window.",
    .type = ParameterType::boolean,
    .distinguishes = false,
};

constexpr Parameter plain[] = {display_name, cloud_pc_ids, maintenance_window};

constexpr Parameter resize[] = {
    display_name,
    cloud_pc_ids,
    maintenance_window,
    {.name = "targetServicePlanId",
     .description = "Service plan with the new size: `id` in `service_plans`.",
     .type = ParameterType::guid,
     .required = true},
};

constexpr Parameter restore[] = {
    display_name,
    cloud_pc_ids,
    maintenance_window,
    {.name = "restorePointDateTime",
     .description = "Time that the machines are to go back to.",
     .type = ParameterType::date_time,
     .required = true},
    {.name = "timeRange",
     .description = "On which side of that time the restore point may lie.",
     .type = ParameterType::enumeration,
     .enumeration = &enums::restore_time_range},
    {.name = "ignoreUnhealthySnapshots",
     .description = "Whether restore points of unhealthy machines are passed over.",
     .type = ParameterType::boolean},
};

constexpr Parameter create_snapshot[] = {display_name, cloud_pc_ids, maintenance_window,
                                         snapshot_parameters[0], snapshot_parameters[1]};

constexpr Parameter set_review_status[] = {display_name, cloud_pc_ids, maintenance_window,
                                           review_parameters[0]};

constexpr Parameter modify_disk_encryption[] = {
    display_name,
    cloud_pc_ids,
    maintenance_window,
    {.name = "diskEncryptionType",
     .description = "Who holds the key of the disks.",
     .type = ParameterType::enumeration,
     .required = true,
     .enumeration = &enums::cloud_pc_disk_encryption_type},
};

/// Those that failed of a bulk action; all of them when left out.
constexpr Parameter retried_cloud_pc_ids{
    .name = "cloudPcIds",
    .description =
        "Ids of those Cloud PCs of the bulk action that are tried again; all that "
        "failed when left out.",
    .type = ParameterType::guid,
    .list = true,
    .min = 1,
    .items_max = cloud_pc_ids_max,
    .distinguishes = false,
};

constexpr Parameter retry_parameters[] = {retried_cloud_pc_ids};

constexpr std::string_view named_reprovision[] = {"reprovision"};
constexpr std::string_view named_resize[] = {"resize"};
constexpr std::string_view named_restore[] = {"restore"};
constexpr std::string_view named_restart[] = {"restart", "reboot"};
constexpr std::string_view named_power_on[] = {"powerOn"};
constexpr std::string_view named_power_off[] = {"powerOff"};
constexpr std::string_view named_snapshot[] = {"createSnapshot"};
constexpr std::string_view named_troubleshoot[] = {"troubleshoot"};
constexpr std::string_view named_move[] = {"moveRegion"};
constexpr std::string_view named_review[] = {"placeUnderReview"};

constexpr Ending ends_by_summary{
    .seen_by = Completion::bulk_summary, .deadline = 24h, .deadline_in_window = 24h * 8};

constexpr std::string_view example_ids =
    R"({"cloudPcIds": ["30d0e128-de93-41dc-89ec-33d84bb662a0",)"
    R"( "7c82a3e3-9459-44e4-94d9-b92f93bf78dd"]})";

/// What the kinds differ in.
struct Deed {
    std::string_view kind;
    std::string_view title;
    std::string_view verb;
    std::string_view description;
    std::string_view graph_type;
    std::string_view annotation;
    std::span<const Parameter> parameters = plain;
    std::span<const std::string_view> remote_actions = {};
    std::string_view example = example_ids;
};

constexpr Action entry(const Deed& deed, Risk risk, Duplicates duplicates)
{
    return {
        .kind = deed.kind,
        .title = deed.title,
        .verb = deed.verb,
        .description = deed.description,
        .documentation = "virtualendpoint-post-bulkactions",
        .method = Method::post,
        .path = "/deviceManagement/virtualEndpoint/bulkActions",
        .version = ApiVersion::beta,
        .statuses = created_status,
        .listed = "cloud_pcs",
        .listed_by = "cloudPcIds",
        .graph_type = deed.graph_type,
        .annotation = deed.annotation,
        .parameters = deed.parameters,
        .risk = risk,
        .identity = Identity::application,
        .permissions = write_permissions,
        .touches = Touches::listed,
        .duplicates = duplicates,
        .ending = ends_by_summary,
        .remote_actions = deed.remote_actions,
        .example = deed.example,
    };
}

constexpr Action all[] = {
    entry({.kind = "cloud_pc.bulk_reprovision",
           .title = "Reprovision",
           .verb = "reprovision",
           .description = "Deletes many machines and makes them anew for the same users. What is "
                          "on them is lost.",
           .graph_type = "cloudPcBulkReprovision",
           .annotation = "#microsoft.graph.cloudPcBulkReprovision",
           .remote_actions = named_reprovision},
          Risk::destructive, Duplicates::any_params),
    entry({.kind = "cloud_pc.bulk_resize",
           .title = "Resize",
           .verb = "resize",
           .description = "Gives many machines another size; their users are signed out.",
           .graph_type = "cloudPcBulkResize",
           .annotation = "#microsoft.graph.cloudPcBulkResize",
           .parameters = resize,
           .remote_actions = named_resize,
           .example = R"({"cloudPcIds": ["7c82a3e3-9459-44e4-94d9-b92f93bf78dd"],)"
                      R"( "targetServicePlanId": "30d0e128-de93-41dc-89ec-33d84bb662a0"})"},
          Risk::destructive, Duplicates::same_params),
    entry({.kind = "cloud_pc.bulk_restore",
           .title = "Restore",
           .verb = "restore",
           .description = "Sets many machines back to a restore point. What changed since is lost.",
           .graph_type = "cloudPcBulkRestore",
           .annotation = "#microsoft.graph.cloudPcBulkRestore",
           .parameters = restore,
           .remote_actions = named_restore,
           .example = R"({"cloudPcIds": ["7c82a3e3-9459-44e4-94d9-b92f93bf78dd"],)"
                      R"( "restorePointDateTime": "2026-11-20T06:00:00Z", "timeRange": "before"})"},
          Risk::destructive, Duplicates::any_params),
    entry({.kind = "cloud_pc.bulk_restart",
           .title = "Restart",
           .verb = "restart",
           .description = "Restarts many machines; unsaved work of their users is lost.",
           .graph_type = "cloudPcBulkRestart",
           .annotation = "#microsoft.graph.cloudPcBulkRestart",
           .remote_actions = named_restart},
          Risk::disruptive, Duplicates::never),
    entry({.kind = "cloud_pc.bulk_power_on",
           .title = "Power on",
           .verb = "power_on",
           .description = "Powers many machines on.",
           .graph_type = "cloudPcBulkPowerOn",
           .annotation = "#microsoft.graph.cloudPcBulkPowerOn",
           .remote_actions = named_power_on},
          Risk::disruptive, Duplicates::never),
    entry({.kind = "cloud_pc.bulk_power_off",
           .title = "Power off",
           .verb = "power_off",
           .description = "Powers many machines off; unsaved work of their users is lost.",
           .graph_type = "cloudPcBulkPowerOff",
           .annotation = "#microsoft.graph.cloudPcBulkPowerOff",
           .remote_actions = named_power_off},
          Risk::disruptive, Duplicates::never),
    entry({.kind = "cloud_pc.bulk_create_snapshot",
           .title = "Create snapshot",
           .verb = "create_snapshot",
           .description = "Makes a restore point of many machines, on demand; a copy of each in a "
                          "storage account if one is named.",
           .graph_type = "cloudPcBulkCreateSnapshot",
           .annotation = "#microsoft.graph.cloudPcBulkCreateSnapshot",
           .parameters = create_snapshot,
           .remote_actions = named_snapshot},
          Risk::disruptive, Duplicates::never),
    entry({.kind = "cloud_pc.bulk_troubleshoot",
           .title = "Troubleshoot",
           .verb = "troubleshoot",
           .description = "Checks the health of many machines and of the session hosts on them.",
           .graph_type = "cloudPcBulkTroubleshoot",
           .annotation = "#microsoft.graph.cloudPcBulkTroubleshoot",
           .remote_actions = named_troubleshoot},
          Risk::disruptive, Duplicates::never),
    entry({.kind = "cloud_pc.bulk_move",
           .title = "Move",
           .verb = "move",
           .description = "Moves many machines to the region or network that their policy now "
                          "names; their users are signed out.",
           .graph_type = "cloudPcBulkMove",
           .annotation = "#microsoft.graph.cloudPcBulkMove",
           .remote_actions = named_move},
          Risk::destructive, Duplicates::same_params),
    entry({.kind = "cloud_pc.bulk_reinstall_agent",
           .title = "Reinstall agent",
           .verb = "reinstall_agent",
           .description = "Installs the agent of the session host on many machines again.",
           .graph_type = "cloudPcBulkReinstallAgent",
           .annotation = "#microsoft.graph.cloudPcBulkReinstallAgent"},
          Risk::destructive, Duplicates::same_params),
    entry({.kind = "cloud_pc.bulk_set_review_status",
           .title = "Set review status",
           .verb = "set_review_status",
           .description = "Puts many machines under review, or ends the review: a snapshot of each "
                          "is saved for investigators, and users may be shut out.",
           .graph_type = "cloudPcBulkSetReviewStatus",
           .annotation = "#microsoft.graph.cloudPcBulkSetReviewStatus",
           .parameters = set_review_status,
           .remote_actions = named_review,
           .example = R"({"cloudPcIds": ["7c82a3e3-9459-44e4-94d9-b92f93bf78dd"],)"
                      R"( "reviewStatus": {"inReview": true}})"},
          Risk::destructive, Duplicates::same_params),
    entry({.kind = "cloud_pc.bulk_modify_disk_encryption_type",
           .title = "Modify disk encryption type",
           .verb = "modify_disk_encryption_type",
           .description = "Changes who holds the key of the disks of many machines.",
           .graph_type = "cloudPcBulkModifyDiskEncryptionType",
           .annotation = "#microsoft.graph.cloudPcBulkModifyDiskEncryptionType",
           .parameters = modify_disk_encryption,
           .example = R"({"cloudPcIds": ["7c82a3e3-9459-44e4-94d9-b92f93bf78dd"],)"
                      R"( "diskEncryptionType": "customerManagedKey"})"},
          Risk::destructive, Duplicates::same_params),
    entry({.kind = "cloud_pc.bulk_disaster_recovery_failover",
           .title = "Disaster recovery failover",
           .verb = "disaster_recovery_failover",
           .description = "Sends many users to a machine in another region, made from a restore "
                          "point.",
           .graph_type = "cloudPcBulkDisasterRecoveryFailover",
           .annotation = "#microsoft.graph.cloudPcBulkDisasterRecoveryFailover"},
          Risk::destructive, Duplicates::same_params),
    entry({.kind = "cloud_pc.bulk_disaster_recovery_failback",
           .title = "Disaster recovery failback",
           .verb = "disaster_recovery_failback",
           .description = "Sends many users back to their own machines after a failover; what they "
                          "did meanwhile stays behind.",
           .graph_type = "cloudPcBulkDisasterRecoveryFailback",
           .annotation = "#microsoft.graph.cloudPcBulkDisasterRecoveryFailback"},
          Risk::destructive, Duplicates::same_params),
    {.kind = "bulk_action.retry",
     .title = "Retry",
     .verb = "retry",
     .description = "Repeats a bulk action for the Cloud PCs on which it failed.",
     .documentation = "cloudpcbulkaction-retry",
     .method = Method::post,
     .path = "/deviceManagement/virtualEndpoint/bulkActions/{id}/retry",
     .version = ApiVersion::beta,
     .statuses = accepted_status,
     .target = "bulk_actions",
     .listed = "cloud_pcs",
     .listed_by = "cloudPcIds",
     .parameters = retry_parameters,
     .risk = Risk::as_repeated,
     .identity = Identity::application,
     .permissions = write_permissions,
     .touches = Touches::bulk_action,
     .duplicates = Duplicates::never,
     .ending = Ending{.seen_by = Completion::bulk_summary, .deadline = 24h}},
};

}  // namespace

constinit const std::span<const Action> bulk_actions_of_cloud_pcs{all};

}  // namespace cloudpcd::schema::entries
