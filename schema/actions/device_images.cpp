// Facts: Graph reference, pages virtualendpoint-post-deviceimages, cloudpcdeviceimage-delete,
// cloudpcdeviceimage-retryupload. The older action `reupload` has not been supported since
// 2026-06-25.

#include "schema/actions/entries.hpp"

namespace cloudpcd::schema::entries {

namespace {

constexpr Parameter image_parameters[] = {
    {.name = "displayName", .description = "Name of the image.", .required = true, .min = 1},
    {.name = "version",
     .description = "Version of the image, such as `0.0.1`.",
     .required = true,
     .min = 1,
     .max = 32},
    {.name = "sourceImageResourceId",
     .description = "Azure resource id of the managed image that is uploaded: `id` in "
                    "`source_device_images`.",
     .required = true,
     .min = 1,
     .max = 1024},
};

constexpr std::string_view uploaded[] = {"ready", "warning"};
constexpr std::string_view not_uploaded[] = {"failed"};

constexpr Ending ends_by_image_status{
    .seen_by = Completion::image_status, .deadline = 12h, .good = uploaded, .bad = not_uploaded};

constexpr Action all[] = {
    {.kind = "device_image.create",
     .title = "Create device image",
     .verb = "create",
     .description = "Uploads an image of the tenant's Azure subscription, for new machines.",
     .documentation = "virtualendpoint-post-deviceimages",
     .method = Method::post,
     .path = "/deviceManagement/virtualEndpoint/deviceImages",
     .version = ApiVersion::v1_0,
     .statuses = created_status,
     .graph_type = "cloudPcDeviceImage",
     .parameters = image_parameters,
     .risk = Risk::disruptive,
     .identity = Identity::application,
     .permissions = write_permissions,
     .touches = Touches::nothing,
     .duplicates = Duplicates::never,
     .ending = ends_by_image_status,
     .example = R"({"displayName": "Sales", "version": "1.0.0", "sourceImageResourceId":)"
                R"( "/subscriptions/0ac520ee-14c0-480f-b6c9-0a90c585ffff/resourceGroups/images)"
                R"(/providers/Microsoft.Compute/images/sales"})"},
    {.kind = "device_image.delete",
     .title = "Delete device image",
     .verb = "delete",
     .description = "Deletes an uploaded image. Policies that name it make no more machines.",
     .documentation = "cloudpcdeviceimage-delete",
     .method = Method::remove,
     .path = "/deviceManagement/virtualEndpoint/deviceImages/{id}",
     .version = ApiVersion::v1_0,
     .statuses = no_content_status,
     .target = "device_images",
     .risk = Risk::disruptive,
     .identity = Identity::application,
     .permissions = write_permissions,
     .touches = Touches::nothing,
     .duplicates = Duplicates::never,
     .ending = ends_when_gone},
    {.kind = "device_image.retry_upload",
     .title = "Retry upload",
     .verb = "retry_upload",
     .description = "Uploads an image again that could not be uploaded.",
     .documentation = "cloudpcdeviceimage-retryupload",
     .method = Method::post,
     .path = "/deviceManagement/virtualEndpoint/deviceImages/{id}/retryUpload",
     .version = ApiVersion::beta,
     .statuses = no_content_status,
     .target = "device_images",
     .risk = Risk::disruptive,
     .identity = Identity::application,
     .permissions = write_permissions,
     .touches = Touches::nothing,
     .duplicates = Duplicates::never,
     .ending = ends_by_image_status},
};

}  // namespace

constinit const std::span<const Action> device_image_actions{all};

}  // namespace cloudpcd::schema::entries
