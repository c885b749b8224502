// Facts: Graph reference (beta), page virtualendpoint-list-managedlicenses and resource
// cloudPcManagedLicense.

#include "schema/catalog/entries.hpp"
#include "schema/enums.hpp"

namespace cloudpcd::schema::entries {

namespace {

using enum ColumnType;

constexpr Column columns[] = {
    {"activeDateTime", timestamp, "When the license becomes active."},
    {"allotmentLicensesCount", integer, "Number of licenses set aside in allotments; may be NULL."},
    {"assignedCount", integer, "Number of licenses assigned to users."},
    {"displayName", text, "Name of the license."},
    {"expirationDateTime", timestamp, "When the license expires."},
    {"latestLicenseStartDateTime", timestamp,
     "Start of the present term: the purchase or the last renewal."},
    {"licensesCount", integer, "Number of licenses bought."},
    {"licenseType", text, "Frontline or Reserve.", &enums::cloud_pc_managed_license_type},
    {"nextBillingDateTime", timestamp, "Start of the next billing cycle."},
    {"servicePlanId", text, "Service plan that the license grants: `id` in `service_plans`."},
    {"status", text, "Whether the license is in force.", &enums::cloud_pc_managed_license_status},
    {"subscriptionId", text, "Commercial subscription through which the license was bought."},
};

}  // namespace

constinit const Collection managed_licenses{
    .table = "managed_licenses",
    .path = "/deviceManagement/virtualEndpoint/managedLicenses",
    .entity_type = "cloudPcManagedLicense",
    .description =
        "Licenses for Cloud PCs: how many were bought, how many are assigned, and until when.",
    .documentation = "virtualendpoint-list-managedlicenses",
    .version = ApiVersion::beta,
    .deletes = DeleteRule::second_list,
    .permissions = read_permissions,
    .columns = columns,
};

}  // namespace cloudpcd::schema::entries
