// Facts: Graph reference (beta), page virtualendpoint-list-snapshots and resource cloudPcSnapshot.

#include "schema/catalog/entries.hpp"
#include "schema/enums.hpp"

namespace cloudpcd::schema::entries {

namespace {

using enum ColumnType;

constexpr Column columns[] = {
    {.property = "cloudPcId",
     .type = text,
     .description = "Cloud PC that the snapshot is of: `id` in `cloud_pcs`.",
     .indexed = true},
    {"createdDateTime", timestamp, "When the snapshot was taken."},
    {"expirationDateTime", timestamp, "When the snapshot is discarded."},
    {"healthCheckStatus", text,
     "Whether the machine was healthy when the snapshot was taken; may be NULL.",
     &enums::cloud_pc_snapshot_health_check_status},
    {"lastRestoredDateTime", timestamp,
     "When the machine was last restored from the snapshot; NULL if never."},
    {"snapshotType", text, "Whether the snapshot was taken by schedule, by hand or for retention.",
     &enums::cloud_pc_snapshot_type},
    {"status", text, "State of the snapshot.", &enums::cloud_pc_snapshot_status},
};

}  // namespace

constinit const Collection snapshots{
    .table = "snapshots",
    .path = "/deviceManagement/virtualEndpoint/snapshots",
    .entity_type = "cloudPcSnapshot",
    .description = "Restore points of Cloud PCs.",
    .documentation = "virtualendpoint-list-snapshots",
    .version = ApiVersion::beta,
    .deletes = DeleteRule::second_list,
    .max_delete_fraction = 1,
    .permissions = read_permissions,
    .columns = columns,
};

}  // namespace cloudpcd::schema::entries
