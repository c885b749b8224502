#pragma once
// The groups of entries that actions.cpp puts in order, one file each, and what they share.

#include "schema/actions.hpp"
#include "schema/enums.hpp"

namespace cloudpcd::schema::entries {

using std::chrono::minutes;
using namespace std::chrono_literals;

inline constexpr std::string_view write_permissions[] = {"CloudPC.ReadWrite.All"};

inline constexpr int created_status[] = {201};
inline constexpr int accepted_status[] = {202};
inline constexpr int no_content_status[] = {204};
inline constexpr int updated_status[] = {200, 204};  ///< the reference names one or the other

inline constexpr Ending ends_at_the_answer{.seen_by = Completion::answer};
/// Long enough for every replica of the service to have noticed.
inline constexpr Ending ends_when_gone{.seen_by = Completion::gone, .deadline = 1h};

inline constexpr std::string_view action_done[] = {"done"};
inline constexpr std::string_view action_failed[] = {"failed", "canceled", "notSupported"};

constexpr Ending ends_by_remote_action(minutes deadline,
                                       std::span<const std::string_view> busy = {})
{
    return {.seen_by = Completion::remote_action,
            .deadline = deadline,
            .good = action_done,
            .bad = action_failed,
            .busy = busy};
}

inline constexpr std::size_t cloud_pc_ids_max = 1500;  ///< what fits into the params of a job

inline constexpr Parameter cloud_pc_ids{
    .name = "cloudPcIds",
    .description = "Ids of the Cloud PCs, each once.",
    .type = ParameterType::guid,
    .required = true,
    .list = true,
    .min = 1,
    .items_max = cloud_pc_ids_max,
    .distinguishes = false,
};

/// Of a snapshot on demand, single or bulk.
inline constexpr Parameter snapshot_parameters[] = {
    {.name = "storageAccountId",
     .description = "Azure resource id of a storage account that gets a copy; none when left out.",
     .min = 1,
     .max = 1024},
    {.name = "accessTier",
     .description = "Access tier of that copy.",
     .type = ParameterType::enumeration,
     .enumeration = &enums::cloud_pc_blob_access_tier},
};

/// cloudPcReviewStatus.
inline constexpr Parameter review_members[] = {
    {.name = "inReview",
     .description = "Whether the machine is under review.",
     .type = ParameterType::boolean,
     .required = true},
    {.name = "restorePointDateTime",
     .description = "Time of the restore point that is saved for the review.",
     .type = ParameterType::date_time},
    {.name = "reviewStartDateTime",
     .description = "When the review began.",
     .type = ParameterType::date_time},
    {.name = "subscriptionId",
     .description = "Azure subscription of the storage account.",
     .type = ParameterType::guid},
    {.name = "subscriptionName", .description = "Name of that subscription."},
    {.name = "azureStorageAccountId",
     .description = "Azure resource id of the storage account that gets the snapshot.",
     .min = 1,
     .max = 1024},
    {.name = "azureStorageAccountName", .description = "Name of that storage account."},
    {.name = "azureStorageContainerName", .description = "Name of the container in it."},
    {.name = "accessTier",
     .description = "Access tier of the snapshot.",
     .type = ParameterType::enumeration,
     .enumeration = &enums::cloud_pc_blob_access_tier},
    {.name = "userAccessLevel",
     .description = "Whether the user may go on using the machine.",
     .type = ParameterType::enumeration,
     .enumeration = &enums::cloud_pc_user_access_level},
};

/// Of a review, single or bulk.
inline constexpr Parameter review_parameters[] = {
    {.name = "reviewStatus",
     .description = "The state of the review.",
     .type = ParameterType::object,
     .required = true,
     .members = review_members,
     .graph_type = "cloudPcReviewStatus"},
};

extern const std::span<const Action> provisioning_policy_actions;
extern const std::span<const Action> cloud_pc_actions;
extern const std::span<const Action> bulk_actions_of_cloud_pcs;
extern const std::span<const Action> device_image_actions;
extern const std::span<const Action> on_premises_connection_actions;
extern const std::span<const Action> user_setting_actions;
extern const std::span<const Action> organization_settings_actions;
extern const std::span<const Action> cloud_app_actions;
extern const std::span<const Action> external_partner_actions;

}  // namespace cloudpcd::schema::entries
