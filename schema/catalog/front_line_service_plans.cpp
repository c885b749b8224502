// Facts: Graph reference (beta), page virtualendpoint-list-frontlineserviceplans and resource
// cloudPcFrontLineServicePlan.

#include "schema/catalog/entries.hpp"

namespace cloudpcd::schema::entries {

namespace {

using enum ColumnType;

constexpr Column columns[] = {
    {"allotmentLicensesCount", integer, "Number of licenses that are set aside in allotments."},
    {"displayName", text, "Name of the plan, such as `2vCPU/8GB/128GB Front-line`."},
    {"totalCount", integer, "Number of plans bought."},
    {"usedCount", integer, "Number of plans in use."},
};

}  // namespace

constinit const Collection front_line_service_plans{
    .table = "front_line_service_plans",
    .path = "/deviceManagement/virtualEndpoint/frontLineServicePlans",
    .entity_type = "cloudPcFrontLineServicePlan",
    .description = "Frontline service plans of the tenant, bought and in use.",
    .documentation = "virtualendpoint-list-frontlineserviceplans",
    .version = ApiVersion::beta,
    .deletes = DeleteRule::get_by_id,
    .permissions = read_permissions,
    .columns = columns,
};

}  // namespace cloudpcd::schema::entries
