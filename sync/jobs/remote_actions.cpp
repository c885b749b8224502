#include "sync/jobs/remote_actions.hpp"

#include "sync/graph/ascii.hpp"
#include "sync/jobs/members.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cloudpcd::jobs {

namespace asio = boost::asio;
namespace bj = boost::json;

namespace {

constexpr std::string_view cloud_pcs_table = "cloud_pcs";
constexpr std::string_view results_function = "retrieveCloudPCRemoteActionResults";

/// In lower case, without the prefix.
std::string plain_name(std::string_view name)
{
    constexpr std::string_view prefix = "cloudpc";
    auto plain = graph::ascii_lower(name);
    if (plain.starts_with(prefix) && plain.size() > prefix.size())
        plain.erase(0, prefix.size());
    return plain;
}

bool is_named(std::string_view name, std::span<const std::string_view> names)
{
    return std::ranges::any_of(
        names, [&](std::string_view known) { return graph::ascii_iequals(name, known); });
}

std::optional<RemoteAction> remote_action_of(const bj::value& result,
                                             std::span<const std::string_view> names)
{
    const auto* members = result.if_object();
    if (members == nullptr)
        return std::nullopt;
    const auto name = plain_name(text_of(*members, "actionName"));
    const auto started = time_of(*members, "startDateTime");
    if (!started || !is_named(name, names))
        return std::nullopt;
    const auto* detail = object_of(*members, "statusDetail");
    return RemoteAction{
        .name = remote_action_name(name),
        .state = graph::ascii_lower(text_of(*members, "actionState")),
        .code = std::string{detail == nullptr ? "" : text_of(*detail, "code")},
        .message = std::string{detail == nullptr ? "" : text_of(*detail, "message")},
        .started = *started};
}

/// The function does not exist for this Cloud PC, tenant or permission: then its last result does.
bool is_refusal(const Error& error) noexcept
{
    return error.code == Errc::forbidden || error.code == Errc::not_found ||
           error.code == Errc::rejected || error.code == Errc::malformed;
}

}  // namespace

std::string RemoteAction::evidence(std::string_view cloud_pc) const
{
    return fmt::format("remote_action:{}:{}:{}", cloud_pc, name, format_rfc3339(started));
}

std::string remote_action_name(std::string_view name)
{
    auto plain = plain_name(name);
    for (const auto& action : schema::actions()) {
        if (is_named(plain, action.remote_actions))
            return std::string{action.remote_actions.front()};
    }
    return plain;
}

std::vector<RemoteAction> remote_actions_of(const bj::value& results,
                                            std::span<const std::string_view> names)
{
    std::vector<RemoteAction> actions;
    if (const auto* list = results.if_array()) {
        for (const auto& result : *list) {
            if (auto action = remote_action_of(result, names))
                actions.push_back(*std::move(action));
        }
    }
    std::ranges::sort(actions, {}, &RemoteAction::started);
    return actions;
}

asio::awaitable<Result<RemoteActionRead>> read_remote_actions(
    Estate& estate, const std::string& cloud_pc, std::span<const std::string_view> names)
{
    auto results =
        co_await estate.function(cloud_pcs_table, cloud_pc, std::string{results_function});
    if (results)
        co_return RemoteActionRead{.actions = remote_actions_of(*results, names)};
    if (!is_refusal(results.error()))
        co_return std::move(results).error();
    auto object = co_await estate.object(cloud_pcs_table, cloud_pc);
    if (!object)
        co_return std::move(object).error();
    RemoteActionRead read{.cloud_pc = *std::move(object)};
    read.gone = !read.cloud_pc;
    if (read.cloud_pc) {
        if (const auto* last = read.cloud_pc->if_contains("lastRemoteActionResult"))
            read.actions = remote_actions_of(bj::array{*last}, names);
    }
    co_return read;
}

}  // namespace cloudpcd::jobs
