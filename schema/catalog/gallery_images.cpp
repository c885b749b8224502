// Facts: Graph reference (beta), page virtualendpoint-list-galleryimages and resource
// cloudPcGalleryImage.

#include "schema/catalog/entries.hpp"
#include "schema/enums.hpp"

namespace cloudpcd::schema::entries {

namespace {

using enum ColumnType;

constexpr Column columns[] = {
    {"displayName", text, "Name of the image, with Windows version and applications."},
    {"endDate", date, "Day from which the image is supported with a warning only."},
    {"expirationDate", date,
     "Day from which nothing can be provisioned from the image, usually six months after "
     "`endDate`."},
    {"offer", text, "Deprecated twin of `offerName`; no longer sent."},
    {"offerDisplayName", text, "Readable name of the offer; deprecated, no longer sent."},
    {"offerName", text, "Offer of the image in the Azure Marketplace."},
    {"osVersionNumber", text, "Full version of the operating system, such as `10.0.22631.3007`."},
    {"publisher", text, "Deprecated twin of `publisherName`; no longer sent."},
    {"publisherName", text, "Publisher of the image in the Azure Marketplace."},
    {"recommendedSku", text, "Size of Cloud PC that suits the image; deprecated, no longer sent."},
    {"sizeInGB", integer, "Size of the image in GB."},
    {"sku", text, "Deprecated twin of `skuName`; no longer sent."},
    {"skuDisplayName", text, "Readable name of the SKU; deprecated, no longer sent."},
    {"skuName", text, "SKU of the image in the Azure Marketplace."},
    {"startDate", date, "Day from which machines can be provisioned from the image."},
    {"status", text, "Whether the image is supported.", &enums::cloud_pc_gallery_image_status},
};

}  // namespace

constinit const Collection gallery_images{
    .table = "gallery_images",
    .path = "/deviceManagement/virtualEndpoint/galleryImages",
    .entity_type = "cloudPcGalleryImage",
    .description = "Images that Microsoft offers.",
    .documentation = "virtualendpoint-list-galleryimages",
    .version = ApiVersion::beta,
    .deletes = DeleteRule::get_by_id,
    .permissions = read_permissions,
    .columns = columns,
};

}  // namespace cloudpcd::schema::entries
