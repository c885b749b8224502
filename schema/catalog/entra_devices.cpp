// Facts: Graph reference (v1.0), pages device-delta and resource device.

#include "schema/catalog/entries.hpp"

namespace cloudpcd::schema::entries {

namespace {

using enum ColumnType;

constexpr Column columns[] = {
    {"accountEnabled", boolean, "Whether the device may sign in."},
    {"approximateLastSignInDateTime", timestamp, "Last sign-in of the device, some days inexact."},
    {"deviceId", text,
     "Id of the device in the service: `aad_device_id` in `cloud_pcs`, not `id`."},
    {"displayName", text, "Name of the device."},
    {"isCompliant", boolean, "Whether its management says that the device complies."},
    {"isManaged", boolean, "Whether the device is managed."},
    {"operatingSystem", text, "Operating system of the device."},
    {"operatingSystemVersion", text, "Version of the operating system."},
    {"trustType", text, "`AzureAd` joined, `ServerAd` hybrid joined, or `Workplace` registered."},
};

constexpr std::string_view permissions[] = {"Device.Read.All"};

}  // namespace

constinit const Collection entra_devices{
    .table = "entra_devices",
    .path = "/devices",
    .entity_type = "device",
    .description = "The devices that the directory of the tenant knows.",
    .documentation = "device-delta",
    .group = Group::entra,
    .strategy = Strategy::delta,
    .version = ApiVersion::v1_0,
    .deletes = DeleteRule::told,
    .select = true,
    .permissions = permissions,
    .columns = columns,
};

}  // namespace cloudpcd::schema::entries
