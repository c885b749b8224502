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
     .description = "How the machines join Entra; `hybridAzureADJoin` needs a connection.",
     .type = ParameterType::enumeration,
     .required = true,
     .enumeration = &enums::cloud_pc_domain_join_type},
    {.name = "onPremisesConnectionId",
     .description = "Azure network connection that the machines are placed in, instead of a "
                    "region: `id` in `on_premises_connections`.",
     .type = ParameterType::guid},
    {.name = "regionName",
     .description = "Azure region that the machines are placed in, in Microsoft's own network."},
    {.name = "regionGroup",
     .description = "Group of regions of which the service takes one.",
     .type = ParameterType::enumeration,
     .enumeration = &enums::cloud_pc_region_group,
     .beta_values = beta_region_groups},
    {.name = "geographicLocationType",
     .description = "Geographic location of the region.",
     .type = ParameterType::enumeration,
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
     .description = "Windows Autopatch group of the machines.",
     .type = ParameterType::identifier},
};

constexpr Parameter managed_desktop_members[] = {
    {.name = "managedType",
     .description = "How Microsoft Managed Desktop manages the machines.",
     .type = ParameterType::enumeration,
     .enumeration = &enums::microsoft_managed_desktop_type},
    {.name = "profile", .description = "Microsoft Managed Desktop profile of the machines."},
};

constexpr Parameter autopilot_members[] = {
    {.name = "devicePreparationProfileId",
     .description = "Autopilot device preparation profile that is applied.",
     .type = ParameterType::identifier},
    {.name = "applicationTimeoutInMinutes",
     .description = "How long device preparation may take, in minutes.",
     .type = ParameterType::integer,
     .most = 10'000},
    {.name = "onFailureDeviceAccessDenied",
     .description = "Whether a machine whose device preparation failed stays closed to its user.",
     .type = ParameterType::boolean},
};

constexpr Parameter persistence_members[] = {
    {.name = "userSettingsPersistenceEnabled",
     .description = "Whether settings of users outlive a session on shared machines.",
     .type = ParameterType::boolean},
    {.name = "userSettingsPersistenceStorageSizeCategory",
     .description = "Storage per user for those settings.",
     .type = ParameterType::enumeration,
     .enumeration = &enums::cloud_pc_user_settings_persistence_storage_size_category},
};

constexpr Parameter policy_parameters[] = {
    {.name = "displayName",
     .description = "Name of the policy, unique in the tenant.",
     .required = true,
     .min = 1},
    {.name = "description", .description = "Free text.", .max = 1500},
    {.name = "provisioningType",
     .description = "Whether machines are dedicated to one user or shared; dedicated when left "
                    "out.",
     .type = ParameterType::enumeration,
     .enumeration = &enums::cloud_pc_provisioning_type,
     .beta_values = beta_provisioning_types,
     .fixed_at_creation = true},
    {.name = "imageId",
     .description = "Image of new machines: `id` in `gallery_images` or `device_images`.",
     .type = ParameterType::identifier,
     .required = true},
    {.name = "imageDisplayName", .description = "Name of that image.", .required = true, .min = 1},
    {.name = "imageType",
     .description = "Whether the image comes from the gallery or is the tenant's own.",
     .type = ParameterType::enumeration,
     .required = true,
     .enumeration = &enums::cloud_pc_provisioning_policy_image_type},
    {.name = "domainJoinConfigurations",
     .description = "How machines join Entra and where they run, in order of priority.",
     .type = ParameterType::object,
     .required = true,
     .list = true,
     .min = 1,
     .members = domain_join_members,
     .graph_type = "cloudPcDomainJoinConfiguration"},
    {.name = "windowsSetting",
     .description = "Windows on new machines.",
     .type = ParameterType::object,
     .members = windows_members,
     .graph_type = "cloudPcWindowsSetting"},
    {.name = "enableSingleSignOn",
     .description = "Whether machines are made for single sign-on.",
     .type = ParameterType::boolean},
    {.name = "cloudPcNamingTemplate",
     .description = "Template of machine names, such as `CPC-%USERNAME:5%-%RAND:5%`.",
     .max = 64},
    {.name = "localAdminEnabled",
     .description = "Whether users become local administrators.",
     .type = ParameterType::boolean},
    {.name = "microsoftManagedDesktop",
     .description = "Microsoft Managed Desktop of the machines.",
     .type = ParameterType::object,
     .members = managed_desktop_members,
     .graph_type = "microsoftManagedDesktop"},
    {.name = "autopatch",
     .description = "Windows Autopatch of the machines; needs a user who is an Intune "
                    "administrator.",
     .type = ParameterType::object,
     .members = autopatch_members,
     .graph_type = "cloudPcProvisioningPolicyAutopatch",
     .delegated = true},
    {.name = "userExperienceType",
     .description = "Whether users reach the whole desktop or only published apps.",
     .type = ParameterType::enumeration,
     .enumeration = &enums::cloud_pc_user_experience_type,
     .fixed_at_creation = true,
     .beta = true},
    {.name = "scopeIds",
     .description = "Intune scope tag ids of the policy.",
     .type = ParameterType::identifier,
     .list = true,
     .beta = true},
    {.name = "managedBy",
     .description = "Services that manage the policy, comma-joined.",
     .type = ParameterType::enumeration,
     .enumeration = &enums::cloud_pc_management_service,
     .beta = true},
    {.name = "autopilotConfiguration",
     .description = "Autopilot device preparation of the machines.",
     .type = ParameterType::object,
     .members = autopilot_members,
     .graph_type = "cloudPcAutopilotConfiguration",
     .beta = true},
    {.name = "snapshotResetMode",
     .description = "Whether shared machines are reset to a snapshot between sessions.",
     .type = ParameterType::enumeration,
     .enumeration = &enums::cloud_pc_snapshot_reset_mode,
     .beta = true},
    {.name = "userSettingsPersistenceConfiguration",
     .description = "What of the settings of users outlives a session on shared machines.",
     .type = ParameterType::object,
     .members = persistence_members,
     .graph_type = "cloudPcUserSettingsPersistenceConfiguration",
     .beta = true},
};

constexpr Parameter target_members[] = {
    {.name = "groupId",
     .description = "Entra group whose members get machines of the policy.",
     .type = ParameterType::guid,
     .required = true},
    {.name = "servicePlanId",
     .description = "Service plan of frontline machines; null or left out for dedicated ones.",
     .type = ParameterType::guid},
    {.name = "allotmentDisplayName",
     .description = "Name of the allotment of licenses, for frontline machines.",
     .beta = true},
    {.name = "allotmentLicensesCount",
     .description = "Number of licenses in that allotment.",
     .type = ParameterType::integer,
     .most = 1'000'000,
     .beta = true},
};

constexpr Parameter assignment_members[] = {
    {.name = "id",
     .description = "Id of an assignment that is there: policy and group id joined by `_`.",
     .type = ParameterType::identifier},
    {.name = "target",
     .description = "The group.",
     .type = ParameterType::object,
     .required = true,
     .members = target_members,
     .graph_type = "cloudPcManagementGroupAssignmentTarget",
     .annotation = "microsoft.graph.cloudPcManagementGroupAssignmentTarget"},
};

constexpr Parameter assign_parameters[] = {
    {.name = "assignments",
     .description = "All groups that are to have the policy: a group that is left out loses it. "
                    "`[]` takes it away from all.",
     .type = ParameterType::object,
     .required = true,
     .list = true,
     .items_max = 500,
     .members = assignment_members,
     .graph_type = "cloudPcProvisioningPolicyAssignment"},
};

constexpr Parameter apply_parameters[] = {
    {.name = "policySettings",
     .description = "What of the policy is applied to machines that are there, comma-joined.",
     .type = ParameterType::enumeration,
     .required = true,
     .enumeration = &enums::cloud_pc_policy_setting_type},
    {.name = "reservePercentage",
     .description = "Share of frontline shared machines that stay usable meanwhile, in percent.",
     .type = ParameterType::integer,
     .most = 100},
    {.name = "isForceUserLogoffEnabled",
     .description = "Whether users who are signed in are signed out.",
     .type = ParameterType::boolean},
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
