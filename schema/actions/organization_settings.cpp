// Facts: Graph reference (beta), page cloudpcorganizationsettings-update.

#include "schema/actions/entries.hpp"

namespace cloudpcd::schema::entries {

namespace {

constexpr Parameter windows_members[] = {
    {.name = "language",
     .description = "Language and region of Windows, such as `en-US`.",
     .required = true,
     .min = 2,
     .max = 32},
};

constexpr Parameter parameters[] = {
    {.name = "osVersion",
     .description = "Windows of new machines.",
     .type = ParameterType::enumeration,
     .enumeration = &enums::cloud_pc_operating_system},
    {.name = "userAccountType",
     .description = "What users are on new machines.",
     .type = ParameterType::enumeration,
     .enumeration = &enums::cloud_pc_user_account_type},
    {.name = "windowsSettings",
     .description = "Windows on new machines.",
     .type = ParameterType::object,
     .members = windows_members,
     .graph_type = "cloudPcWindowsSettings"},
    {.name = "enableMEMAutoEnroll",
     .description = "Whether new machines are enrolled in Intune.",
     .type = ParameterType::boolean},
    {.name = "enableSingleSignOn",
     .description = "Whether new machines are made for single sign-on.",
     .type = ParameterType::boolean},
};

constexpr Action all[] = {
    {.kind = "organization_settings.update",
     .title = "Update organization settings",
     .verb = "update",
     .description = "Changes the settings of the tenant that are named, for new machines.",
     .documentation = "cloudpcorganizationsettings-update",
     .method = Method::patch,
     .path = "/deviceManagement/virtualEndpoint/organizationSettings",
     .version = ApiVersion::beta,
     .statuses = updated_status,
     .graph_type = "cloudPcOrganizationSettings",
     .parameters = parameters,
     .risk = Risk::repeatable,
     .identity = Identity::application,
     .permissions = write_permissions,
     .touches = Touches::nothing,
     .duplicates = Duplicates::never,
     .ending = ends_at_the_answer,
     .example = R"({"enableSingleSignOn": true})"},
};

}  // namespace

constinit const std::span<const Action> organization_settings_actions{all};

}  // namespace cloudpcd::schema::entries
