// Facts: Graph reference (beta), page cloudpcdeviceimage-getsourceimages and resource
// cloudPcSourceDeviceImage.

#include "schema/catalog/entries.hpp"
#include "schema/enums.hpp"

namespace cloudpcd::schema::entries {

namespace {

using enum ColumnType;

constexpr Column columns[] = {
    {"category", text, "Kind of Azure resource that holds the image.",
     &enums::cloud_pc_source_image_category},
    {"displayName", text, "Name of the image in Azure."},
    {"resourceId", text, "Azure resource id of the image; the same as `id`."},
    {"subscriptionDisplayName", text, "Name of the Azure subscription that holds the image."},
    {"subscriptionId", text, "Azure subscription that holds the image."},
};

}  // namespace

constinit const Collection source_device_images{
    .table = "source_device_images",
    .path = "/deviceManagement/virtualEndpoint/deviceImages/getSourceImages",
    .entity_type = "cloudPcSourceDeviceImage",
    .description =
        "Images in the Azure subscriptions of the tenant that could be uploaded as device images. "
        "`id` is the Azure resource id.",
    .documentation = "cloudpcdeviceimage-getsourceimages",
    .version = ApiVersion::beta,
    .deletes = DeleteRule::second_list,
    .id_property = "resourceId",
    .permissions = read_permissions,
    .columns = columns,
};

}  // namespace cloudpcd::schema::entries
