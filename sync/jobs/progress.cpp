#include "sync/jobs/progress.hpp"

#include "sync/jobs/members.hpp"
#include "sync/jobs/progress_parts.hpp"
#include "sync/jobs/remote_actions.hpp"
#include "sync/jobs/scope.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace cloudpcd::jobs {

namespace asio = boost::asio;
namespace bj = boost::json;

using schema::Completion;
using Phase = Progress::Phase;

namespace {

constexpr std::string_view cloud_pcs_table = "cloud_pcs";

const schema::Ending& ending_of(const Accepted& accepted)
{
    return accepted.plan.action->ending.value;
}

std::string described(const Accepted& accepted, std::string_view state)
{
    return fmt::format("{}: {}", accepted.plan.action->verb, state);
}

Progress progress_of(const Accepted& accepted, Phase phase, std::string_view state)
{
    return {.phase = phase, .what = described(accepted, state)};
}

Phase phase_of(const schema::Ending& ending, std::string_view state)
{
    if (is_one_of(state, ending.good))
        return Phase::ended_well;
    return is_one_of(state, ending.bad) ? Phase::ended_badly : Phase::going_on;
}

Part unread_part(std::string id, const Error& error)
{
    return {.id = std::move(id), .phase = Phase::unread, .state = unread_progress(error).what};
}

std::string_view outcome_of(Phase phase)
{
    switch (phase) {
        case Phase::going_on:
        case Phase::unread:
            return "unknown";
        case Phase::ended_well:
            return "succeeded";
        case Phase::ended_badly:
            return "failed";
    }
    return "unknown";
}

/// One word for all of them: what goes on comes first, then what is not known.
Phase phase_of(const std::vector<Part>& parts)
{
    for (const auto phase : {Phase::going_on, Phase::unread, Phase::ended_badly}) {
        if (std::ranges::count(parts, phase, &Part::phase) > 0)
            return phase;
    }
    return Phase::ended_well;
}

std::string state_of(const std::vector<Part>& parts, Phase phase)
{
    const auto first = std::ranges::find(parts, phase, &Part::phase);
    if (parts.size() == 1)
        return first->state;
    const auto ended = std::ranges::count(parts, Phase::ended_well, &Part::phase);
    const auto failed = std::ranges::count(parts, Phase::ended_badly, &Part::phase);
    auto text = fmt::format("{} of {} succeeded", ended, parts.size());
    if (failed > 0)
        text += fmt::format(", {} failed", failed);
    if (phase == Phase::unread)
        text += fmt::format("; {}", first->state);
    return text;
}

/// `name`: of the list of outcomes in `result`, where there may be several.
Progress joined(const Accepted& accepted, const std::vector<Part>& parts, std::string_view name)
{
    if (parts.empty())
        return progress_of(accepted, Phase::ended_well, "nothing to wait for");
    const auto phase = phase_of(parts);
    auto progress = progress_of(accepted, phase, state_of(parts, phase));
    if (phase == Phase::ended_badly) {
        const auto first = std::ranges::find(parts, phase, &Part::phase);
        progress.error_code = first->code;
        progress.error_message = first->message;
    }
    if (parts.size() == 1)
        progress.evidence = parts.front().evidence;
    if (phase != Phase::ended_well && phase != Phase::ended_badly)
        return progress;
    bj::array outcomes;
    for (const auto& part : parts)
        outcomes.push_back(outcome_json(part.id, outcome_of(part.phase), part.code));
    progress.result[name] = std::move(outcomes);
    return progress;
}

// --- one Cloud PC --------------------------------------------------------------------------------

/// The result of our action: the one that proved it, or the first one since.
const RemoteAction* find_ours(const std::vector<RemoteAction>& actions, const Accepted& accepted,
                              std::string_view cloud_pc)
{
    const auto proved = std::ranges::find_if(actions, [&](const RemoteAction& action) {
        return accepted.attempt.evidence == action.evidence(cloud_pc);
    });
    if (proved != actions.end())
        return &*proved;
    const auto first = std::ranges::find_if(actions, [&](const RemoteAction& action) {
        return !is_before(action.started, accepted.since) &&
               std::ranges::count(accepted.explained, action.evidence(cloud_pc)) == 0;
    });
    return first == actions.end() ? nullptr : &*first;
}

/// A Cloud PC in a status that it has only while the action runs has not come to its end.
asio::awaitable<void> check_busy(Estate& estate, const Accepted& accepted, Part& part,
                                 std::optional<bj::object> cloud_pc)
{
    const auto& busy = ending_of(accepted).busy;
    const bool ended = part.phase == Phase::ended_well || part.phase == Phase::ended_badly;
    if (busy.empty() || !ended)
        co_return;
    if (!cloud_pc) {
        auto read = co_await estate.object(cloud_pcs_table, part.id);
        if (!read) {
            part = unread_part(std::move(part.id), read.error());
            co_return;
        }
        cloud_pc = *std::move(read);
    }
    const auto status = cloud_pc ? text_of(*cloud_pc, "status") : "no more there";
    if (cloud_pc && !is_one_of(status, busy))
        co_return;
    part.phase = Phase::going_on;
    part.state = fmt::format("{}, but the Cloud PC is {}", part.state, status);
}

asio::awaitable<Part> observe_remote_action(Estate& estate, const Accepted& accepted,
                                            std::string id)
{
    auto read = co_await read_remote_actions(estate, id, accepted.plan.action->remote_actions);
    if (!read)
        co_return unread_part(std::move(id), read.error());
    if (read->gone)
        co_return Part{.id = std::move(id), .state = "the Cloud PC is no more there"};
    const auto* ours = find_ours(read->actions, accepted, id);
    if (ours == nullptr)
        co_return Part{.id = std::move(id), .state = "not reported yet"};
    Part part{.phase = phase_of(ending_of(accepted), ours->state),
              .state = ours->state,
              .code = ours->code,
              .message = ours->message,
              .evidence = ours->evidence(id)};
    part.id = std::move(id);
    co_await check_busy(estate, accepted, part, std::move(read->cloud_pc));
    co_return part;
}

/// One that somebody asked for, or of a kind that is not told.
bool is_own_snapshot(const bj::value& snapshot, const Accepted& accepted)
{
    constexpr std::string_view on_demand[] = {"manual"};
    const auto* members = snapshot.if_object();
    if (members == nullptr)
        return false;
    const auto created = time_of(*members, "createdDateTime");
    const auto type = text_of(*members, "snapshotType");
    return created && !is_before(*created, accepted.since) &&
           (type.empty() || is_one_of(type, on_demand)) &&
           is_one_of(text_of(*members, "status"), ending_of(accepted).good);
}

asio::awaitable<Part> observe_snapshot(Estate& estate, const Accepted& accepted, std::string id)
{
    auto part = co_await observe_remote_action(estate, accepted, id);
    if (part.phase != Phase::unread && !part.evidence.empty())
        co_return part;
    const auto snapshots = co_await estate.function(cloud_pcs_table, id, "retrieveSnapshots");
    if (!snapshots || !snapshots->is_array())
        co_return part;
    const auto& list = snapshots->get_array();
    if (std::ranges::any_of(list, [&](const auto& of) { return is_own_snapshot(of, accepted); }))
        co_return Part{.id = std::move(id), .phase = Phase::ended_well, .state = "ready"};
    part.phase = Phase::going_on;
    if (part.state.empty())
        part.state = "no snapshot yet";
    co_return part;
}

Part status_part(const Accepted& accepted, std::string id, const ObjectRead& read)
{
    const auto& ending = ending_of(accepted);
    if (!read)
        return unread_part(std::move(id), read.error());
    if (!*read)
        return {.id = std::move(id),
                .phase = ending.gone_is_good ? Phase::ended_well : Phase::ended_badly,
                .state = "no more there"};
    const auto& cloud_pc = **read;
    const auto status = text_of(cloud_pc, "status");
    Part part{.id = std::move(id),
              .phase = phase_of(ending, status),
              .state = std::string{status},
              .code = status_code(cloud_pc),
              .message = status_message(cloud_pc)};
    if (may_have_changed(cloud_pc, accepted.since))
        return part;
    // It was so before: a failure that is to be repaired is not the end, and of a policy's Cloud
    // PCs those in other states are none of the action's business.
    if (part.phase == Phase::ended_badly)
        part.phase = Phase::going_on;
    else if (accepted.plan.action->touches == schema::Touches::policy)
        part.phase = Phase::ended_well;
    return part;
}

Part partner_agent_part(const Accepted& accepted, std::string id, const ObjectRead& read)
{
    Part part{.id = std::move(id), .state = "no report of agents"};
    if (!read)
        return unread_part(std::move(part.id), read.error());
    const auto* agents = *read ? array_of(**read, "partnerAgentInstallResults") : nullptr;
    if (agents == nullptr)
        return part;
    std::vector<Part> each;
    for (const auto& agent : *agents) {
        const auto* members = agent.if_object();
        const auto status = members == nullptr ? "" : text_of(*members, "installStatus");
        each.push_back({.phase = phase_of(ending_of(accepted), status),
                        .state = std::string{status},
                        .code = std::string{status}});
    }
    part.phase = phase_of(each);
    part.state = each.empty() ? "the Cloud PC has no agents" : state_of(each, part.phase);
    if (part.phase == Phase::ended_badly) {
        part.code = std::ranges::find(each, part.phase, &Part::phase)->code;
        if (!may_have_changed(**read, accepted.since))
            part.phase = Phase::going_on;
    }
    return part;
}

// --- Cloud PCs and apps, each by itself ----------------------------------------------------------

struct EachCloudPc {
    Estate& estate;
    const Accepted& accepted;
    const std::vector<std::string>& ids;
    std::vector<Part>& parts;

    asio::awaitable<void> operator()(std::size_t index)
    {
        parts[index] = ending_of(accepted).seen_by == Completion::snapshot
                           ? co_await observe_snapshot(estate, accepted, ids[index])
                           : co_await observe_remote_action(estate, accepted, ids[index]);
    }
};

asio::awaitable<Progress> observe_actions(Estate& estate, const Accepted& accepted)
{
    const auto ids = cloud_pcs_of(accepted);
    std::vector<Part> parts(ids.size());
    EachCloudPc each{.estate = estate, .accepted = accepted, .ids = ids, .parts = parts};
    co_await side_by_side(ids.size(), each);
    co_return joined(accepted, parts, "cloudPcs");
}

using PartOf = Part (*)(const Accepted&, std::string id, const ObjectRead&);

asio::awaitable<Progress> observe_cloud_pcs(Estate& estate, const Accepted& accepted, PartOf part)
{
    constexpr std::string_view kept[] = {"status", "statusDetail", "lastModifiedDateTime",
                                         "partnerAgentInstallResults"};
    const auto ids = cloud_pcs_of(accepted);
    const auto reads = co_await read_cloud_pcs(estate, ids, kept);
    std::vector<Part> parts;
    parts.reserve(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i)
        parts.push_back(part(accepted, ids[i], reads[i]));
    co_return joined(accepted, parts, "cloudPcs");
}

asio::awaitable<Progress> observe_apps(Estate& estate, const Accepted& accepted)
{
    const auto ids = listed_ids(*accepted.plan.action, accepted.plan.params);
    const auto reads = co_await read_objects(estate, "cloud_apps", ids);
    std::vector<Part> parts;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        const auto& read = reads[i];
        if (!read) {
            parts.push_back(unread_part(ids[i], read.error()));
        } else if (!*read) {
            parts.push_back({.id = ids[i], .phase = Phase::ended_badly, .state = "no more there"});
        } else {
            const auto status = text_of(**read, "appStatus");
            parts.push_back({.id = ids[i],
                             .phase = phase_of(ending_of(accepted), status),
                             .state = std::string{status},
                             .code = std::string{text_of(**read, "actionFailedErrorCode")}});
        }
    }
    co_return joined(accepted, parts, "cloudApps");
}

// --- one object ----------------------------------------------------------------------------------

asio::awaitable<Progress> observe_gone(Estate& estate, const Accepted& accepted)
{
    const auto read =
        co_await estate.object(accepted.plan.action->target, accepted.job.target_id.value_or(""));
    if (!read)
        co_return unread_progress(read.error());
    co_return progress_of(accepted, read->has_value() ? Phase::going_on : Phase::ended_well,
                          read->has_value() ? "still there" : "gone");
}

asio::awaitable<Progress> observe_health_check(Estate& estate, const Accepted& accepted)
{
    const auto read =
        co_await estate.object(accepted.plan.action->target, accepted.job.target_id.value_or(""));
    if (!read)
        co_return unread_progress(read.error());
    if (!*read)
        co_return progress_of(accepted, Phase::going_on, "the connection is no more there");
    const auto& connection = **read;
    const auto status = text_of(connection, "healthCheckStatus");
    auto progress = progress_of(accepted, phase_of(ending_of(accepted), status), status);
    const auto* detail = object_of(connection, "healthCheckStatusDetail");
    const auto started = detail == nullptr ? std::nullopt : time_of(*detail, "startDateTime");
    if (progress.phase == Phase::ended_well && started && is_before(*started, accepted.since))
        progress = progress_of(accepted, Phase::going_on, "not begun yet");
    if (progress.phase == Phase::ended_well) {
        constexpr std::string_view shown[] = {"healthCheckStatus", "healthCheckStatusDetail"};
        progress.result = only(connection, shown);
    }
    co_return progress;
}

asio::awaitable<Progress> observe_image(Estate& estate, const Accepted& accepted)
{
    const auto id =
        accepted.job.target_id ? *accepted.job.target_id : made_id(accepted, created_evidence);
    if (id.empty())
        co_return progress_of(accepted, Phase::going_on, "Graph did not say which image it made");
    const auto read = co_await estate.object("device_images", id);
    if (!read)
        co_return unread_progress(read.error());
    if (!*read)
        co_return progress_of(accepted, Phase::going_on, "the image is not there");
    const auto& image = **read;
    const auto status = text_of(image, "status");
    auto progress = progress_of(accepted, phase_of(ending_of(accepted), status), status);
    if (progress.phase == Phase::ended_badly) {
        progress.error_code = text_of(image, "errorCode");
        if (!may_have_changed(image, accepted.since))
            progress = progress_of(accepted, Phase::going_on, "not begun yet");
    }
    if (progress.phase != Phase::going_on) {
        constexpr std::string_view shown[] = {"id", "status", "errorCode"};
        progress.result = only(image, shown);
    }
    co_return progress;
}

asio::awaitable<Progress> observe_policy_apply(Estate& estate, const Accepted& accepted)
{
    const auto read =
        co_await estate.function(accepted.plan.action->target, accepted.job.target_id.value_or(""),
                                 "retrievePolicyApplyActionResult");
    if (!read)
        co_return unread_progress(read.error());
    const auto* result = read->if_object();
    const auto started = result == nullptr ? std::nullopt : time_of(*result, "startDateTime");
    if (result == nullptr || (started && is_before(*started, accepted.since)))
        co_return progress_of(accepted, Phase::going_on, "not begun yet");
    const auto status = text_of(*result, "status");
    auto progress = progress_of(accepted, phase_of(ending_of(accepted), status), status);
    if (progress.phase != Phase::going_on) {
        constexpr std::string_view shown[] = {"status", "startDateTime", "finishDateTime"};
        progress.result = only(*result, shown);
    }
    co_return progress;
}

}  // namespace

asio::awaitable<Progress> observe_progress(Estate& estate, const Accepted& accepted)
{
    switch (ending_of(accepted).seen_by) {
        case Completion::answer:
            break;
        case Completion::gone:
            co_return co_await observe_gone(estate, accepted);
        case Completion::remote_action:
        case Completion::snapshot:
            co_return co_await observe_actions(estate, accepted);
        case Completion::status:
            co_return co_await observe_cloud_pcs(estate, accepted, &status_part);
        case Completion::partner_agent:
            co_return co_await observe_cloud_pcs(estate, accepted, &partner_agent_part);
        case Completion::bulk_summary:
            co_return co_await observe_bulk_summary(estate, accepted);
        case Completion::health_check:
            co_return co_await observe_health_check(estate, accepted);
        case Completion::image_status:
            co_return co_await observe_image(estate, accepted);
        case Completion::app_status:
            co_return co_await observe_apps(estate, accepted);
        case Completion::policy_apply:
            co_return co_await observe_policy_apply(estate, accepted);
    }
    co_return progress_of(accepted, Phase::ended_well, "done");
}

/// What an object says of itself may be of another replica, or of before; what names the action
/// with the time of its begin is not.
bool needs_second_look(Completion seen_by) noexcept
{
    switch (seen_by) {
        case Completion::answer:
        case Completion::gone:
        case Completion::remote_action:
        case Completion::snapshot:
            return false;
        case Completion::status:
        case Completion::bulk_summary:
        case Completion::health_check:
        case Completion::image_status:
        case Completion::app_status:
        case Completion::policy_apply:
        case Completion::partner_agent:
            return true;
    }
    return true;
}

}  // namespace cloudpcd::jobs
