// Facts: Graph reference (beta), page virtualendpoint-list-cloudapps and resource cloudPcCloudApp.

#include "schema/catalog/entries.hpp"
#include "schema/enums.hpp"

namespace cloudpcd::schema::entries {

namespace {

using enum ColumnType;

constexpr Column columns[] = {
    {"actionFailedErrorCode", text,
     "Why publishing, unpublishing or resetting failed; NULL when it did not.",
     &enums::cloud_pc_cloud_app_action_failed_error_code},
    {"actionFailedErrorMessage", text, "Text that goes with that code."},
    {"addedDateTime", timestamp, "When the app came to the tenant."},
    {"appDetail.@odata.type", text, "How the app was found: by discovery or by its file path."},
    {"appDetail.commandLineArguments", text, "Arguments that the app is started with."},
    {"appDetail.filePath", text, "Program file or shell address of the app."},
    {"appDetail.iconIndex", integer, "Index of the icon in the icon file."},
    {"appDetail.iconPath", text, "File that holds the icon; NULL for a default icon."},
    {"appStatus", text, "Whether the app is published, or on its way.",
     &enums::cloud_pc_cloud_app_status},
    {"availableToUser", boolean, "Whether users see the app."},
    {"description", text, "Free text of the administrators."},
    {"discoveredAppName", text, "Name under which the app was discovered on the image."},
    {"displayName", text, "Name that users see, unique within the policy."},
    {"lastPublishedDateTime", timestamp, "When the app was last published."},
    {"provisioningPolicyId", text,
     "Provisioning policy that the app belongs to: `id` in `provisioning_policies`."},
    {"scopeIds", json, "Intune scope tag ids, inherited from the policy."},
};

// The list names no other; the GET by id also takes CloudPC.ReadWrite.All.
constexpr std::string_view permissions[] = {"CloudPC.Read.All"};

}  // namespace

constinit const Collection cloud_apps{
    .table = "cloud_apps",
    .path = "/deviceManagement/virtualEndpoint/cloudApps",
    .entity_type = "cloudPcCloudApp",
    .description = "Apps that are published from shared Cloud PCs without their desktop.",
    .documentation = "virtualendpoint-list-cloudapps",
    .version = ApiVersion::beta,
    .deletes = DeleteRule::get_by_id,
    .permissions = permissions,
    .columns = columns,
};

}  // namespace cloudpcd::schema::entries
