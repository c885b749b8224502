// Facts: Graph reference (beta), page virtualendpoint-list-serviceplans and resource
// cloudPcServicePlan.

#include "schema/catalog/entries.hpp"
#include "schema/enums.hpp"

namespace cloudpcd::schema::entries {

namespace {

using enum ColumnType;

constexpr Column columns[] = {
    {"displayName", text, "Name of the plan, such as `Cloud PC Enterprise 4vCPU/16GB/256GB`."},
    {"provisioningType", text, "Whether machines of the plan are dedicated or shared.",
     &enums::cloud_pc_provisioning_type},
    {"ramInGB", integer, "Memory in GB."},
    {"storageInGB", integer, "Operating system disk in GB."},
    {"supportedSolution", text, "Services that offer the plan, comma-joined.",
     &enums::cloud_pc_management_service},
    {"type", text, "Enterprise or business plan.", &enums::cloud_pc_service_plan_type},
    {"userProfileInGB", integer, "User profile disk in GB."},
    {"vCpuCount", integer, "Number of virtual processors."},
};

}  // namespace

constinit const Collection service_plans{
    .table = "service_plans",
    .path = "/deviceManagement/virtualEndpoint/servicePlans",
    .entity_type = "cloudPcServicePlan",
    .description = "Service plans: the sizes of Cloud PCs that can be had.",
    .documentation = "virtualendpoint-list-serviceplans",
    .version = ApiVersion::beta,
    .deletes = DeleteRule::second_list,
    .permissions = read_permissions,
    .columns = columns,
};

}  // namespace cloudpcd::schema::entries
