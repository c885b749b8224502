// Facts: Graph reference (v1.0), pages intune-devices-manageddevice-list and resource
// managedDevice.

#include "schema/catalog/entries.hpp"

namespace cloudpcd::schema::entries {

namespace {

using enum ColumnType;

constexpr Column columns[] = {
    {"azureADDeviceId", text, "Entra id of the device: `aad_device_id` in `cloud_pcs`."},
    {"complianceState", text,
     "Whether the device complies: `compliant`, `noncompliant` and others."},
    {"deviceCategoryDisplayName", text, "Category that the device was put in."},
    {"deviceEnrollmentType", text, "How the device was enrolled."},
    {"deviceName", text, "Name of the device."},
    {"deviceRegistrationState", text, "How far the registration of the device has come."},
    {"emailAddress", text, "Address of the user of the device."},
    {"enrolledDateTime", timestamp, "When the device was enrolled."},
    {"enrollmentProfileName", text, "Profile that the device was enrolled with."},
    {"ethernetMacAddress", text, "MAC address of the wired network; lists may leave it empty."},
    {"freeStorageSpaceInBytes", integer, "Free disk space in bytes."},
    {"isEncrypted", boolean, "Whether the disk is encrypted."},
    {"lastSyncDateTime", timestamp, "When the device last reported to Intune."},
    {"managedDeviceName", text, "Name that Intune gave the device."},
    {"managedDeviceOwnerType", text, "Whether the device is the company's or personal."},
    {"managementAgent", text, "Agent that manages the device."},
    {"managementState", text, "Whether the device is managed, or being retired or wiped."},
    {"manufacturer", text, "Maker of the device."},
    {"model", text, "Model; of Cloud PCs it begins with `Cloud PC`."},
    {"operatingSystem", text, "Operating system of the device."},
    {"osVersion", text, "Version of the operating system."},
    {"physicalMemoryInBytes", integer, "Memory in bytes; 0 in lists, which do not return it."},
    {"serialNumber", text, "Serial number."},
    {"totalStorageSpaceInBytes", integer, "Size of the disk in bytes."},
    {"userDisplayName", text, "Name of the user of the device."},
    {"userId", text, "Entra id of the user of the device."},
    {"userPrincipalName", text_nocase, "User of the device."},
    {"wiFiMacAddress", text, "MAC address of the wireless network."},
};

constexpr std::string_view permissions[] = {"DeviceManagementManagedDevices.Read.All",
                                            "DeviceManagementManagedDevices.ReadWrite.All"};

}  // namespace

constinit const Collection intune_managed_devices{
    .table = "intune_managed_devices",
    .path = "/deviceManagement/managedDevices",
    .entity_type = "managedDevice",
    .description =
        "The devices that Intune manages, Cloud PCs among them: `id` is "
        "`managed_device_id` in `cloud_pcs`.",
    .documentation = "intune-devices-manageddevice-list",
    .group = Group::intune,
    .version = ApiVersion::v1_0,
    .permissions = permissions,
    .columns = columns,
};

}  // namespace cloudpcd::schema::entries
