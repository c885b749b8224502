// Facts: Graph reference (beta), page virtualendpoint-list-deviceimages and resource
// cloudPcDeviceImage.

#include "schema/catalog/entries.hpp"
#include "schema/enums.hpp"

namespace cloudpcd::schema::entries {

namespace {

using enum ColumnType;

constexpr Column columns[] = {
    {"displayName", text, "Name of the image; name and version together are unique."},
    {"errorCode", text, "Why the upload failed; NULL when it did not.",
     &enums::cloud_pc_device_image_error_code},
    {"expirationDate", date, "Day from which the image can no longer be used."},
    {"lastModifiedDateTime", timestamp,
     "When the image was changed last; its change alone makes no version."},
    {"operatingSystem", text, "Operating system, such as `Windows 11 Enterprise`."},
    {"osBuildNumber", text, "Build of the operating system, such as `22H2`."},
    {"osStatus", text, "Whether the operating system is still supported.",
     &enums::cloud_pc_device_image_os_status},
    {"osVersionNumber", text, "Full version of the operating system, such as `10.0.22631.3007`."},
    {"scopeIds", json, "Intune scope tag ids of the image."},
    {"sizeInGB", integer, "Size of the image in GB."},
    {"sourceImageResourceId", text,
     "Azure resource id of the managed image it was uploaded from: `id` in "
     "`source_device_images`."},
    {"status", text, "Whether the upload is pending, done or failed.",
     &enums::cloud_pc_device_image_status},
    {"statusDetails", text, "Deprecated twin of `errorCode`.",
     &enums::cloud_pc_device_image_status_details},
    {"version", text, "Version that the administrators gave the image, such as `1.0.2`."},
};

}  // namespace

constinit const Collection device_images{
    .table = "device_images",
    .path = "/deviceManagement/virtualEndpoint/deviceImages",
    .entity_type = "cloudPcDeviceImage",
    .description = "Images that the tenant uploaded.",
    .documentation = "virtualendpoint-list-deviceimages",
    .version = ApiVersion::beta,
    .deletes = DeleteRule::get_by_id,
    .permissions = read_permissions,
    .columns = columns,
};

}  // namespace cloudpcd::schema::entries
