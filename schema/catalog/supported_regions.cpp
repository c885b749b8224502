// Facts: Graph reference (beta), page virtualendpoint-list-supportedregions and resource
// cloudPcSupportedRegion.

#include "schema/catalog/entries.hpp"
#include "schema/enums.hpp"

namespace cloudpcd::schema::entries {

namespace {

using enum ColumnType;

constexpr Column columns[] = {
    {"displayName", text, "Name of the region."},
    {"geographicLocationType", text, "Geography that the region lies in.",
     &enums::cloud_pc_geographic_location_type},
    {"regionGroup", text, "Group of regions that the region belongs to.",
     &enums::cloud_pc_region_group},
    {"regionRestrictionDetail.availabilityZoneRestricted", boolean,
     "Whether the region has no availability zones and serves disaster recovery only."},
    {"regionRestrictionDetail.cPURestricted", boolean,
     "Whether machines without GPU cannot be provisioned there."},
    {"regionRestrictionDetail.gPURestricted", boolean,
     "Whether machines with GPU cannot be provisioned there."},
    {"regionRestrictionDetail.nestedVirtualizationRestricted", boolean,
     "Whether nested virtualization is unavailable there."},
    {"regionStatus", text, "Whether machines can be provisioned in the region.",
     &enums::cloud_pc_supported_region_status},
    {"supportedSolution", text, "Services that offer the region, comma-joined.",
     &enums::cloud_pc_management_service},
};

}  // namespace

constinit const Collection supported_regions{
    .table = "supported_regions",
    .path = "/deviceManagement/virtualEndpoint/supportedRegions",
    .entity_type = "cloudPcSupportedRegion",
    .description = "Azure regions that Cloud PCs can be placed in.",
    .documentation = "virtualendpoint-list-supportedregions",
    .version = ApiVersion::beta,
    .deletes = DeleteRule::second_list,
    .permissions = read_permissions,
    .columns = columns,
};

}  // namespace cloudpcd::schema::entries
