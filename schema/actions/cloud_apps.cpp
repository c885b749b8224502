// Facts: Graph reference (beta), pages cloudpccloudapp-publish, -unpublish, -reset.

#include "schema/actions/entries.hpp"

namespace cloudpcd::schema::entries {

namespace {

constexpr Parameter parameters[] = {
    {.name = "cloudAppIds",
     .description = "Ids of the apps, each once: `id` in `cloud_apps`.",
     .type = ParameterType::guid,
     .required = true,
     .list = true,
     .min = 1},
};

constexpr std::string_view published[] = {"published"};
constexpr std::string_view unpublished[] = {"ready"};
constexpr std::string_view app_failed[] = {"failed"};

constexpr std::string_view example = R"({"cloudAppIds": ["30d0e128-de93-41dc-89ec-33d84bb662a0"]})";

constexpr Action all[] = {
    {.kind = "cloud_app.publish",
     .title = "Publish cloud apps",
     .verb = "publish",
     .description = "Makes apps visible to their users.",
     .documentation = "cloudpccloudapp-publish",
     .method = Method::post,
     .path = "/deviceManagement/virtualEndpoint/cloudApps/publish",
     .version = ApiVersion::beta,
     .statuses = no_content_status,
     .listed = "cloud_apps",
     .listed_by = "cloudAppIds",
     .parameters = parameters,
     .risk = Risk::disruptive,
     .identity = Identity::application,
     .permissions = write_permissions,
     .touches = Touches::nothing,
     .duplicates = Duplicates::never,
     .ending = Ending{.seen_by = Completion::app_status,
                      .deadline = 2h,
                      .good = published,
                      .bad = app_failed},
     .example = example},
    {.kind = "cloud_app.unpublish",
     .title = "Unpublish cloud apps",
     .verb = "unpublish",
     .description = "Takes apps away from their users.",
     .documentation = "cloudpccloudapp-unpublish",
     .method = Method::post,
     .path = "/deviceManagement/virtualEndpoint/cloudApps/unpublish",
     .version = ApiVersion::beta,
     .statuses = no_content_status,
     .listed = "cloud_apps",
     .listed_by = "cloudAppIds",
     .parameters = parameters,
     .risk = Risk::disruptive,
     .identity = Identity::application,
     .permissions = write_permissions,
     .touches = Touches::nothing,
     .duplicates = Duplicates::never,
     .ending = Ending{.seen_by = Completion::app_status,
                      .deadline = 2h,
                      .good = unpublished,
                      .bad = app_failed},
     .example = example},
    {.kind = "cloud_app.reset",
     .title = "Reset cloud apps",
     .verb = "reset",
     .description = "Gives apps back the details they were discovered with.",
     .documentation = "cloudpccloudapp-reset",
     .method = Method::post,
     .path = "/deviceManagement/virtualEndpoint/cloudApps/reset",
     .version = ApiVersion::beta,
     .statuses = no_content_status,
     .listed = "cloud_apps",
     .listed_by = "cloudAppIds",
     .parameters = parameters,
     .risk = Risk::disruptive,
     .identity = Identity::application,
     .permissions = write_permissions,
     .touches = Touches::nothing,
     .duplicates = Duplicates::never,
     .ending = ends_at_the_answer,
     .example = example},
};

}  // namespace

constinit const std::span<const Action> cloud_app_actions{all};

}  // namespace cloudpcd::schema::entries
