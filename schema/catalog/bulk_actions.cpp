// Facts: Graph reference (beta), page virtualendpoint-list-bulkactions and resource
// cloudPcBulkAction.

#include "schema/catalog/entries.hpp"
#include "schema/enums.hpp"

namespace cloudpcd::schema::entries {

namespace {

using enum ColumnType;

constexpr Column columns[] = {
    {"@odata.type", text,
     "Kind of action, such as `cloudPcBulkReprovision`, which decides which of the other columns "
     "apply."},
    {"accessTier", text,
     "Access tier of the storage that snapshots are copied to (`cloudPcBulkCreateSnapshot`).",
     &enums::cloud_pc_blob_access_tier},
    {"actionSummary.failedCount", integer, "Number of Cloud PCs on which the action failed."},
    {"actionSummary.inProgressCount", integer,
     "Number of Cloud PCs on which the action is running."},
    {"actionSummary.notSupportedCount", integer,
     "Number of Cloud PCs that do not support the action."},
    {"actionSummary.pendingCount", integer,
     "Number of Cloud PCs on which the action has not begun."},
    {"actionSummary.successfulCount", integer,
     "Number of Cloud PCs on which the action succeeded."},
    {"capabilityType", text, "Failover or failback (`cloudPcBulkDisasterRecovery`).",
     &enums::cloud_pc_disaster_recovery_capability_type},
    {"cloudPcIds", json, "Cloud PCs that the action was given."},
    {"createdDateTime", timestamp, "When the action was submitted."},
    {"diskEncryptionType", text,
     "Encryption that disks are to have (`cloudPcBulkModifyDiskEncryptionType`).",
     &enums::cloud_pc_disk_encryption_type},
    {"displayName", text, "Name of the action."},
    {"ignoreUnhealthySnapshots", boolean,
     "Whether snapshots of unhealthy machines are passed over (`cloudPcBulkRestore`)."},
    {"initiatedByUserPrincipalName", text, "User who submitted the action."},
    {"licenseType", text, "License used for the disaster recovery (`cloudPcBulkDisasterRecovery`).",
     &enums::cloud_pc_disaster_recovery_license_type},
    {"restorePointDateTime", timestamp,
     "Time to which machines are restored (`cloudPcBulkRestore`)."},
    {"reviewStatus.accessTier", text,
     "Access tier of the storage account of the review (`cloudPcBulkSetReviewStatus`).",
     &enums::cloud_pc_blob_access_tier},
    {"reviewStatus.azureStorageAccountId", text,
     "Storage account that receives the snapshot for review, as an Azure resource id."},
    {"reviewStatus.azureStorageAccountName", text, "Name of that storage account."},
    {"reviewStatus.azureStorageContainerName", text, "Container in that storage account."},
    {"reviewStatus.inReview", boolean,
     "Whether machines are put under review or released from it."},
    {"reviewStatus.restorePointDateTime", timestamp, "Time of the snapshot that is reviewed."},
    {"reviewStatus.reviewStartDateTime", timestamp, "Start of the review."},
    {"reviewStatus.subscriptionId", text, "Azure subscription of the storage account."},
    {"reviewStatus.subscriptionName", text, "Name of that subscription."},
    {"reviewStatus.userAccessLevel", text, "Access that users keep during the review.",
     &enums::cloud_pc_user_access_level},
    {"scheduledDuringMaintenanceWindow", boolean,
     "Whether the action waits for the maintenance window."},
    {"status", text, "State of the action as a whole; the counts of the summary say more.",
     &enums::cloud_pc_bulk_action_status},
    {"storageAccountId", text,
     "Storage account that snapshots are copied to, as an Azure resource id "
     "(`cloudPcBulkCreateSnapshot`)."},
    {"targetServicePlanId", text,
     "Service plan after the resize: `id` in `service_plans` (`cloudPcBulkResize`)."},
    {"timeRange", text,
     "On which side of `restorePointDateTime` a snapshot is looked for (`cloudPcBulkRestore`).",
     &enums::restore_time_range},
};

}  // namespace

constinit const Collection bulk_actions{
    .table = "bulk_actions",
    .path = "/deviceManagement/virtualEndpoint/bulkActions",
    .entity_type = "cloudPcBulkAction",
    .description = "Actions on many Cloud PCs at once, and how far each has come.",
    .documentation = "virtualendpoint-list-bulkactions",
    .version = ApiVersion::beta,
    .deletes = DeleteRule::get_by_id,
    .page_size = 1000,
    .permissions = read_permissions,
    .columns = columns,
};

}  // namespace cloudpcd::schema::entries
