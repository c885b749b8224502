// Facts: Graph reference (beta), page cloudpcorganizationsettings-get and resource
// cloudPcOrganizationSettings.

#include "schema/catalog/entries.hpp"
#include "schema/enums.hpp"

namespace cloudpcd::schema::entries {

namespace {

using enum ColumnType;

constexpr Column columns[] = {
    {"enableMEMAutoEnroll", boolean, "Whether new machines are enrolled in Intune by themselves."},
    {"enableSingleSignOn", boolean, "Whether new machines support single sign-on."},
    {"osVersion", text, "Windows version of new machines.", &enums::cloud_pc_operating_system},
    {"userAccountType", text, "Whether users of new machines are standard users or administrators.",
     &enums::cloud_pc_user_account_type},
    {"windowsSettings.language", text,
     "Language and region of Windows on new machines, such as `en-US`."},
};

}  // namespace

constinit const Collection organization_settings{
    .table = "organization_settings",
    .path = "/deviceManagement/virtualEndpoint/organizationSettings",
    .entity_type = "cloudPcOrganizationSettings",
    .description = "Settings of the whole tenant for new Cloud PCs; one row.",
    .documentation = "cloudpcorganizationsettings-get",
    .version = ApiVersion::beta,
    .shape = Shape::singleton,
    .deletes = DeleteRule::second_list,
    .permissions = read_permissions,
    .columns = columns,
};

}  // namespace cloudpcd::schema::entries
