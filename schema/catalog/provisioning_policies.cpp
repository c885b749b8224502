// Facts: Graph reference (beta), page virtualendpoint-list-provisioningpolicies and resource
// cloudPcProvisioningPolicy.

#include "schema/catalog/entries.hpp"
#include "schema/enums.hpp"

namespace cloudpcd::schema::entries {

namespace {

using enum ColumnType;

constexpr Column columns[] = {
    {"alternateResourceUrl", text,
     "Link to the resource of another service that stands behind the policy."},
    {"autopatch.autopatchGroupId", text,
     "Windows Autopatch group of the machines; NULL when none is set."},
    {"autopilotConfiguration.applicationTimeoutInMinutes", integer,
     "How long Autopilot device preparation may take, in minutes."},
    {"autopilotConfiguration.devicePreparationProfileId", text,
     "Autopilot device preparation profile that is applied."},
    {"autopilotConfiguration.onFailureDeviceAccessDenied", boolean,
     "Whether a machine whose device preparation failed stays closed to its user."},
    {"cloudPcGroupDisplayName", text, "Group of Cloud PCs in which the machines are placed."},
    {"cloudPcNamingTemplate", text,
     "Template of machine names, with tokens such as `%USERNAME:5%` and `%RAND:5%`."},
    {"createdBy", text, "Entra id of the user who made the policy."},
    {"createdDateTime", timestamp, "When the policy was made."},
    {"description", text, "Free text of the administrators."},
    {"displayName", text, "Name of the policy, unique in the tenant."},
    {"domainJoinConfigurations", json,
     "How machines join Entra and where they run, by priority: join type with a region or an Azure "
     "network connection."},
    {"enableSingleSignOn", boolean, "Whether machines are provisioned for single sign-on."},
    {"gracePeriodInHours", integer,
     "Length of the grace period before a machine is deprovisioned, in hours."},
    {"imageDisplayName", text, "Name of the operating system image."},
    {"imageId", text,
     "Image of new machines: `id` in `gallery_images` or `device_images`, as `imageType` says."},
    {"imageType", text, "Whether the image comes from the gallery or is the own one of the tenant.",
     &enums::cloud_pc_provisioning_policy_image_type},
    {"lastModifiedBy", text, "Entra id of the user who changed the policy last."},
    {"lastModifiedDateTime", timestamp,
     "When the policy was changed last; its change alone makes no version."},
    {"localAdminEnabled", boolean, "Whether users become local administrators."},
    {"managedBy", text, "Services that manage the policy, comma-joined.",
     &enums::cloud_pc_management_service},
    {"microsoftManagedDesktop.managedType", text,
     "How Microsoft Managed Desktop manages the machines.", &enums::microsoft_managed_desktop_type},
    {"microsoftManagedDesktop.profile", text, "Microsoft Managed Desktop profile of the machines."},
    {"microsoftManagedDesktop.type", text,
     "Deprecated twin of `microsoftManagedDesktop.managedType`; no longer sent.",
     &enums::microsoft_managed_desktop_type},
    {"provisioningType", text, "Whether machines are dedicated to one user or shared.",
     &enums::cloud_pc_provisioning_type},
    {"scopeIds", json, "Intune scope tag ids of the policy."},
    {"snapshotResetMode", text, "Whether shared machines are reset to a snapshot between sessions.",
     &enums::cloud_pc_snapshot_reset_mode},
    {"userExperienceType", text,
     "Whether users reach the whole desktop or only published apps; fixed once the policy exists.",
     &enums::cloud_pc_user_experience_type},
    {"userSettingsPersistenceConfiguration.userSettingsPersistenceEnabled", boolean,
     "Whether settings of users outlive a session on shared machines."},
    {"userSettingsPersistenceConfiguration.userSettingsPersistenceStorageSizeCategory", text,
     "Storage per user for those settings.",
     &enums::cloud_pc_user_settings_persistence_storage_size_category},
    {"windowsSetting.locale", text, "Language and region of Windows, such as `en-US`."},
    {"windowsSettings.language", text,
     "Deprecated twin of `windowsSetting.locale`; no longer sent."},
};

constexpr Column assignment_columns[] = {
    {"id", text, "Id of the assignment: policy and group id joined by `_`."},
    {"assignedUsers", json,
     "Users that the assignment reaches; NULL unless Graph sends it unasked."},
    {"target.@odata.type", text,
     "Kind of target; `cloudPcManagementGroupAssignmentTarget` is the only one known."},
    {"target.allotmentDisplayName", text,
     "Name of the allotment of licenses that the assignment draws from."},
    {"target.allotmentLicensesCount", integer, "Number of licenses in that allotment."},
    {"target.groupId", text, "Entra group whose members get machines of the policy."},
    {"target.servicePlanId", text,
     "Service plan of the machines that are provisioned for the group; NULL for dedicated "
     "machines, whose plan follows from the license of the user."},
    {"userSettingsPersistenceDetail.id", text,
     "Id of the storage for persisted user settings; NULL unless Graph sends it unasked."},
    {"userSettingsPersistenceDetail.gracePeriodEndDateTime", timestamp,
     "When persisted user settings over quota are cut back; NULL unless Graph sends it unasked."},
};

constexpr ChildTable children[] = {
    {.table = "provisioning_policy_assignments",
     .property = "assignments",
     .description = "Groups that a policy is assigned to, one row each.",
     .columns = assignment_columns},
};

constexpr std::string_view expand[] = {"assignments"};

}  // namespace

constinit const Collection provisioning_policies{
    .table = "provisioning_policies",
    .path = "/deviceManagement/virtualEndpoint/provisioningPolicies",
    .entity_type = "cloudPcProvisioningPolicy",
    .description = "Provisioning policies: how Cloud PCs are made, and for which groups.",
    .documentation = "virtualendpoint-list-provisioningpolicies",
    .version = ApiVersion::beta,
    .deletes = DeleteRule::get_by_id,
    .select = true,
    .expand = expand,
    .permissions = read_permissions,
    .columns = columns,
    .children = children,
};

}  // namespace cloudpcd::schema::entries
