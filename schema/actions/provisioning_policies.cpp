// Facts: Graph reference, pages virtualendpoint-post-provisioningpolicies,
// cloudpcprovisioningpolicy-update, -delete, -assign, -apply, -retry; resource
// cloudPcProvisioningPolicy.

#include "schema/actions/entries.hpp"

namespace cloudpcd::schema::entries {

namespace {

constexpr std::string_view beta_region_groups[] = {
    "middleEast", "mexico",  "australasia", "europe",    "singapore", "hongKong",
    "ireland",    "sweden",  "poland",      "italy",     "spain",     "netherlands",
    "brazil",     "israel",  "automatic",   "indonesia", "taiwan",    "malaysia",
    "newZealand", "austria", "denmark",     "belgium",   "kenya"};

constexpr std::string_view beta_provisioning_types[] = {"sharedByUser", "sharedByEntraGroup",
                                                        "reserve"};

constexpr Parameter domain_join_members[] = {
    {.name = "domainJoinType",
     .type = ParameterType::enumeration,
     .description = "How the machines join Entra; `hybridAzureADJoin` needs a connection.",
     .required = true,
     .enumeration = &enums::cloud_pc_domain_join_type},
    {.name = "onPremisesConnectionId",
     .type = ParameterType::guid,
     .description = "Azure network connection that the machines are placed in, instead of a "
                    "region: `id` in `on_premises_connections`."},
    {.name = "regionName",
     .description = "Azure region that the machines are placed in, in Microsoft's own network."},
    {.name = "regionGroup",
     .type = ParameterType::enumeration,
     .description = "Group of regions of which the service takes one.",
     .enumeration = &enums::cloud_pc_region_group,
     .beta_values = beta_region_groups},
    {.name = "geographicLocationType",
     .type = ParameterType::enumeration,
     .description = "Geographic location of the region.",
     .enumeration = &enums::cloud_pc_geographic_location_type,
     .beta = true},
};

constexpr Parameter windows_members[] = {
    {.name = "locale",
     .description = "Language and region of Windows, such as `en-US`.",
     .required = true,
     .min = 2,
     .max = 32},
};

constexpr Parameter autopatch_members[] = {
    {.name = "autopatchGroupId",
     .type = ParameterType::identifier,
     .description = "Windows Autopatch group of the machines."},
};

constexpr Parameter managed_desktop_members[] = {
    {.name = "managedType",
     .type = ParameterType::enumeration,
     .description = "How Microsoft Managed Desktop manages the machines.",
     .enumeration = &enums::microsoft_managed_desktop_type},
    {.name = "profile", .description = "Microsoft Managed Desktop profile of the machines."},
};

constexpr Parameter autopilot_members[] = {
    {.name = "devicePreparationProfileId",
     .type = ParameterType::identifier,
     .description = "Autopilot device preparation profile that is applied."},
    {.name = "applicationTimeoutInMinutes",
     .type = ParameterType::integer,
     .description = "How long device preparation may take, in minutes.",
     .most = 10'000},
    {.name = "onFailureDeviceAccessDenied",
     .type = ParameterType::boolean,
     .description = "Whether a machine whose device preparation failed stays closed to its user."},
};

constexpr Parameter persistence_members[] = {
    {.name = "userSettingsPersistenceEnabled",
     .type = ParameterType::boolean,
     .description = "Whether settings of users outlive a session on shared machines."},
    {.name = "userSettingsPersistenceStorageSizeCategory",
     .type = ParameterType::enumeration,
     .description = "Storage per user for those settings.",
     .enumeration = &enums::cloud_pc_user_settings_persistence_storage_size_category},
};

constexpr Parameter policy_parameters[] = {
    {.name = "displayName",
     .description = "Name of the policy, unique in the tenant.",
     .required = true,
     .min = 1},
    {.name = "description", .description = "Free text.", .max = 1500},
    {.name = "provisioningType",
     .type = ParameterType::enumeration,
     .description = "Whether machines are dedicated to one user or shared; dedicated when left "
                    "out.",
     .enumeration = &enums::cloud_pc_provisioning_type,
     .fixed_at_creation = true,
     .beta_values = beta_provisioning_types},
    {.name = "imageId",
     .type = ParameterType::identifier,
     .description = "Image of new machines: `id` in `gallery_images` or `device_images`.",
     .required = true},
    {.name = "imageDisplayName", .description = "Name of that image.", .required = true, .min = 1},
    {.name = "imageType",
     .type = ParameterType::enumeration,
     .description = "Whether the image comes from the gallery or is the tenant's own.",
     .required = true,
     .enumeration = &enums::cloud_pc_provisioning_policy_image_type},
    {.name = "domainJoinConfigurations",
     .type = ParameterType::object,
     .description = "How machines join Entra and where they run, in order of priority.",
     .required = true,
     .list = true,
     .min = 1,
     .members = domain_join_members,
     .graph_type = "cloudPcDomainJoinConfiguration"},
    {.name = "windowsSetting",
     .type = ParameterType::object,
     .description = "Windows on new machines.",
     .members = windows_members,
     .graph_type = "cloudPcWindowsSetting"},
    {.name = "enableSingleSignOn",
     .type = ParameterType::boolean,
     .description = "Whether machines are made for single sign-on."},
    {.name = "cloudPcNamingTemplate",
     .description = "Template of machine names, such as `CPC-%USERNAME:5%-%RAND:5%`.",
     .max = 64},
    {.name = "localAdminEnabled",
     .type = ParameterType::boolean,
     .description = "Whether users become local administrators."},
    {.name = "microsoftManagedDesktop",
     .type = ParameterType::object,
     .description = "Microsoft Managed Desktop of the machines.",
     .members = managed_desktop_members,
     .graph_type = "microsoftManagedDesktop"},
    {.name = "autopatch",
     .type = ParameterType::object,
     .description = "Windows Autopatch of the machines; needs a user who is an Intune "
                    "administrator.",
     .members = autopatch_members,
     .graph_type = "cloudPcProvisioningPolicyAutopatch",
     .delegated = true},
    {.name = "userExperienceType",
     .type = ParameterType::enumeration,
     .description = "Whether users reach the whole desktop or only published apps.",
     .enumeration = &enums::cloud_pc_user_experience_type,
     .fixed_at_creation = true,
     .beta = true},
    {.name = "scopeIds",
     .type = ParameterType::identifier,
     .description = "Intune scope tag ids of the policy.",
     .list = true,
     .beta = true},
    {.name = "managedBy",
     .type = ParameterType::enumeration,
     .description = "Services that manage the policy, comma-joined.",
     .enumeration = &enums::cloud_pc_management_service,
     .beta = true},
    {.name = "autopilotConfiguration",
     .type = ParameterType::object,
     .description = "Autopilot device preparation of the machines.",
     .members = autopilot_members,
     .graph_type = "cloudPcAutopilotConfiguration",
     .beta = true},
    {.name = "snapshotResetMode",
     .type = ParameterType::enumeration,
     .description = "Whether shared machines are reset to a snapshot between sessions.",
     .enumeration = &enums::cloud_pc_snapshot_reset_mode,
     .beta = true},
    {.name = "userSettingsPersistenceConfiguration",
     .type = ParameterType::object,
     .description = "What of the settings of users outlives a session on shared machines.",
     .members = persistence_members,
     .graph_type = "cloudPcUserSettingsPersistenceConfiguration",
     .beta = true},
};

constexpr Parameter target_members[] = {
    {.name = "groupId",
     .type = ParameterType::guid,
     .description = "Entra group whose members get machines of the policy.",
     .required = true},
    {.name = "servicePlanId",
     .type = ParameterType::guid,
     .description = "Service plan of frontline machines; null or left out for dedicated ones."},
    {.name = "allotmentDisplayName",
     .description = "Name of the allotment of licenses, for frontline machines.",
     .beta = true},
    {.name = "allotmentLicensesCount",
     .type = ParameterType::integer,
     .description = "Number of licenses in that allotment.",
     .most = 1'000'000,
     .beta = true},
};

constexpr Parameter assignment_members[] = {
    {.name = "id",
     .type = ParameterType::identifier,
     .description = "Id of an assignment that is there: policy and group id joined by `_`."},
    {.name = "target",
     .type = ParameterType::object,
     .description = "The group.",
     .required = true,
     .members = target_members,
     .graph_type = "cloudPcManagementGroupAssignmentTarget",
     .annotation = "microsoft.graph.cloudPcManagementGroupAssignmentTarget"},
};

constexpr Parameter assign_parameters[] = {
    {.name = "assignments",
     .type = ParameterType::object,
     .description = "All groups that are to have the policy: a group that is left out loses it. "
                    "`[]` takes it away from all.",
     .required = true,
     .list = true,
     .items_max = 500,
     .members = assignment_members,
     .graph_type = "cloudPcProvisioningPolicyAssignment"},
};

constexpr Parameter apply_parameters[] = {
    {.name = "policySettings",
     .type = ParameterType::enumeration,
     .description = "What of the policy is applied to machines that are there, comma-joined.",
     .required = true,
     .enumeration = &enums::cloud_pc_policy_setting_type},
    {.name = "reservePercentage",
     .type = ParameterType::integer,
     .description = "Share of frontline shared machines that stay usable meanwhile, in percent.",
     .most = 100},
    {.name = "isForceUserLogoffEnabled",
     .type = ParameterType::boolean,
     .description = "Whether users who are signed in are signed out."},
};

constexpr std::string_view applied[] = {"succeeded"};
constexpr std::string_view not_applied[] = {"failed"};

constexpr std::string_view provisioned[] = {"provisioned", "provisionedWithWarnings"};
constexpr std::string_view not_provisioned[] = {"failed"};

constexpr Action all[] = {
    {.kind = "provisioning_policy.create",
     .title = "Create provisioning policy",
     .verb = "create",
     .description = "Makes a provisioning policy. Machines come when it is assigned to a group.",
     .documentation = "virtualendpoint-post-provisioningpolicies",
     .method = Method::post,
     .path = "/deviceManagement/virtualEndpoint/provisioningPolicies",
     .version = ApiVersion::v1_0,
     .statuses = created_status,
     .graph_type = "cloudPcProvisioningPolicy",
     .parameters = policy_parameters,
     .risk = Risk::disruptive,
     .identity = Identity::application,
     .permissions = write_permissions,
     .touches = Touches::nothing,
     .duplicates = Duplicates::never,
     .ending = ends_at_the_answer,
     .example = R"({"displayName": "Sales, Europe",)"
                R"( "imageId": "microsoftwindowsdesktop_windows-ent-cpc_win11-24h2-ent-cpc-m365",)"
                R"( "imageDisplayName": "Windows 11 Enterprise + Microsoft 365 Apps 24H2",)"
                R"( "imageType": "gallery", "domainJoinConfigurations":)"
                R"( [{"domainJoinType": "azureADJoin", "regionName": "westeurope"}],)"
                R"( "windowsSetting": {"locale": "en-US"}})"},
    {.kind = "provisioning_policy.update",
     .title = "Update provisioning policy",
     .verb = "update",
     .description = "Changes the members that are named, for machines made from now on.",
     .documentation = "cloudpcprovisioningpolicy-update",
     .method = Method::patch,
     .path = "/deviceManagement/virtualEndpoint/provisioningPolicies/{id}",
     .version = ApiVersion::v1_0,
     .statuses = updated_status,
     .target = "provisioning_policies",
     .graph_type = "cloudPcProvisioningPolicy",
     .parameters = policy_parameters,
     .risk = Risk::repeatable,
     .identity = Identity::application,
     .permissions = write_permissions,
     .touches = Touches::nothing,
     .duplicates = Duplicates::never,
     .ending = ends_at_the_answer,
     .example = R"({"enableSingleSignOn": true})"},
    {.kind = "provisioning_policy.delete",
     .title = "Delete provisioning policy",
     .verb = "delete",
     .description = "Deletes a policy that no group is assigned to. Machines that still belong to "
                    "it go into their grace period.",
     .documentation = "cloudpcprovisioningpolicy-delete",
     .method = Method::remove,
     .path = "/deviceManagement/virtualEndpoint/provisioningPolicies/{id}",
     .version = ApiVersion::v1_0,
     .statuses = no_content_status,
     .target = "provisioning_policies",
     .risk = Risk::destructive,
     .identity = Identity::application,
     .permissions = write_permissions,
     .touches = Touches::policy,
     .duplicates = Duplicates::never,
     .precondition = Precondition::unassigned,
     .ending = ends_when_gone},
    {.kind = "provisioning_policy.assign",
     .title = "Assign provisioning policy",
     .verb = "assign",
     .description = "Replaces the groups that a policy is assigned to. Members of a new group get "
                    "machines; machines of a group that is left out go into their grace period.",
     .documentation = "cloudpcprovisioningpolicy-assign",
     .method = Method::post,
     .path = "/deviceManagement/virtualEndpoint/provisioningPolicies/{id}/assign",
     .version = ApiVersion::v1_0,
     .statuses = no_content_status,
     .target = "provisioning_policies",
     .parameters = assign_parameters,
     .risk = Risk::by_removed_groups,
     .identity = Identity::application,
     .permissions = write_permissions,
     .touches = Touches::policy,
     .duplicates = Duplicates::never,
     .ending = ends_at_the_answer,
     .example = R"({"assignments": [{"target": {"groupId":)"
                R"( "64ff06de-9c00-4a5a-98b5-7f5abe26ffff"}}]})"},
    {.kind = "provisioning_policy.apply",
     .title = "Apply provisioning policy",
     .verb = "apply",
     .description = "Applies the present settings of a policy to the machines it already has: "
                    "they may move to another region or be restarted.",
     .documentation = "cloudpcprovisioningpolicy-apply",
     .method = Method::post,
     .path = "/deviceManagement/virtualEndpoint/provisioningPolicies/{id}/apply",
     .version = ApiVersion::beta,
     .statuses = no_content_status,
     .target = "provisioning_policies",
     .parameters = apply_parameters,
     .risk = Risk::destructive,
     .identity = Identity::application,
     .permissions = write_permissions,
     .touches = Touches::policy,
     .duplicates = Duplicates::never,
     .ending = Ending{.seen_by = Completion::policy_apply,
                      .deadline = 24h,
                      .good = applied,
                      .bad = not_applied},
     .example = R"({"policySettings": "region"})"},
    {.kind = "provisioning_policy.retry",
     .title = "Retry provisioning policy",
     .verb = "retry",
     .description = "Tries again to make those machines of a policy that could not be made.",
     .documentation = "cloudpcprovisioningpolicy-retry",
     .method = Method::post,
     .path = "/deviceManagement/virtualEndpoint/provisioningPolicies/{id}/retry",
     .version = ApiVersion::beta,
     .statuses = no_content_status,
     .target = "provisioning_policies",
     .risk = Risk::disruptive,
     .identity = Identity::application,
     .permissions = write_permissions,
     .touches = Touches::policy,
     .duplicates = Duplicates::never,
     .ending = Ending{.seen_by = Completion::status,
                      .deadline = 24h,
                      .good = provisioned,
                      .bad = not_provisioned}},
};

}  // namespace

constinit const std::span<const Action> provisioning_policy_actions{all};

}  // namespace cloudpcd::schema::entries
