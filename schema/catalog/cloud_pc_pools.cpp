// Facts: Graph reference (beta), page virtualendpoint-list-cloudpcpools and resource cloudPcPool.

#include "schema/catalog/entries.hpp"
#include "schema/enums.hpp"

namespace cloudpcd::schema::entries {

namespace {

using enum ColumnType;

constexpr Column columns[] = {
    {"@odata.type", text, "Kind of pool; `cloudPcAgentPool` is the only one known."},
    {"assignments", json, "Identities that may use the pool; NULL unless Graph sends it unasked."},
    {"billingConfiguration.billingPlanId", text, "Billing plan of the pool."},
    {"billingConfiguration.billingType", text, "How the pool is billed.",
     &enums::cloud_pc_agent_pool_billing_type},
    {"capabilities.@odata.type", text, "Kind of capability set."},
    {"capabilities.enableSingleSignOn", boolean,
     "Whether machines of the pool support single sign-on."},
    {"cloudPcConfiguration.imageDisplayName", text, "Name of the operating system image."},
    {"cloudPcConfiguration.imageId", text,
     "Image of new machines: `id` in `gallery_images` or `device_images`."},
    {"cloudPcConfiguration.imageType", text,
     "Whether the image comes from the gallery or is the own one of the tenant.",
     &enums::cloud_pc_provisioning_policy_image_type},
    {"cloudPcConfiguration.osLocale", text, "Language and region of Windows, such as `en-US`."},
    {"createdDateTime", timestamp, "When the pool was made."},
    {"description", text, "Free text of the administrators."},
    {"displayName", text, "Name of the pool, unique in the tenant."},
    {"lastModifiedDateTime", timestamp,
     "When the pool was changed last; its change alone makes no version."},
    {"networkConfiguration.@odata.type", text, "Kind of network."},
    {"networkConfiguration.geographicLocationType", text,
     "Geography of a network that Microsoft hosts.", &enums::cloud_pc_geographic_location_type},
    {"networkConfiguration.regionGroups", json, "Region groups, each with its regions."},
    {"poolUrl", text,
     "Address at which agent sessions are checked out and in; NULL until the pool is active."},
    {"scalingPolicy.maximumCount", integer, "Most machines that the pool may have."},
    {"scalingPolicy.minimumCount", integer, "Fewest machines that the pool keeps."},
    {"sessionUsage.activeSessionsCount", integer, "Sessions in use."},
    {"sessionUsage.availableSessionsCount", integer, "Sessions that are free."},
};

}  // namespace

constinit const Collection cloud_pc_pools{
    .table = "cloud_pc_pools",
    .path = "/deviceManagement/virtualEndpoint/cloudPcPools",
    .entity_type = "cloudPcPool",
    .description = "Pools of Cloud PCs that agents check out for a session.",
    .documentation = "virtualendpoint-list-cloudpcpools",
    .version = ApiVersion::beta,
    .deletes = DeleteRule::get_by_id,
    .permissions = read_permissions,
    .columns = columns,
};

}  // namespace cloudpcd::schema::entries
