// Bulk actions: the summary says when they end and how many failed; which ones, the Cloud PCs say.
// Source: Microsoft Graph (beta), resources cloudPcBulkAction and cloudPcBulkActionSummary, which
// count and name nobody.

#include "sync/jobs/facts.hpp"
#include "sync/jobs/facts_build.hpp"
#include "sync/jobs/members.hpp"
#include "sync/jobs/progress_parts.hpp"
#include "sync/jobs/remote_actions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace cloudpcd::jobs {

namespace asio = boost::asio;
namespace bj = boost::json;

using Phase = Progress::Phase;

namespace {

constexpr std::string_view bulk_actions_table = "bulk_actions";
constexpr std::string_view succeeded = "succeeded";
constexpr std::string_view unknown = "unknown";
/// What fits into `result`.
constexpr std::size_t listed_max = 400;

struct Summary {
    std::int64_t open = 0;
    std::int64_t good = 0;
    std::int64_t failed = 0;
    std::int64_t not_supported = 0;

    std::int64_t bad() const noexcept { return failed + not_supported; }
    std::int64_t ended() const noexcept { return good + bad(); }
};

Summary summary_of(const bj::object& bulk)
{
    const auto* counts = object_of(bulk, "actionSummary");
    if (counts == nullptr)
        return {};
    return {.open = count_of(*counts, "pendingCount") + count_of(*counts, "inProgressCount"),
            .good = count_of(*counts, "successfulCount"),
            .failed = count_of(*counts, "failedCount"),
            .not_supported = count_of(*counts, "notSupportedCount")};
}

struct Outcome {
    std::string id{};
    std::string outcome{};
    std::string code{};

    bool known() const noexcept { return outcome != unknown; }
    bool good() const noexcept { return outcome == succeeded; }
};

bool is_retry(const Accepted& accepted)
{
    return accepted.plan.action->target == bulk_actions_table;
}

Progress going_on(const Accepted& accepted, std::string_view what)
{
    return {.what = fmt::format("{}: {}", accepted.plan.action->verb, what)};
}

std::vector<std::string> ids_in(const bj::object& bulk)
{
    std::vector<std::string> ids;
    if (const auto* list = array_of(bulk, "cloudPcIds")) {
        for (const auto& id : *list) {
            if (const auto* text = id.if_string())
                ids.emplace_back(*text);
        }
    }
    return ids;
}

/// Names of the remote actions of a bulk action, whoever made it.
std::span<const std::string_view> names_of(const Accepted& accepted, const bj::object& bulk)
{
    const auto* made_by = schema::find_bulk_action(text_of(bulk, "@odata.type"));
    return made_by == nullptr ? accepted.plan.action->remote_actions : made_by->remote_actions;
}

Outcome outcome_of(std::string id, const std::vector<RemoteAction>& actions,
                   const Accepted& accepted)
{
    const auto ours = std::ranges::find_if(actions, [&](const RemoteAction& action) {
        return !is_before(action.started, accepted.since);
    });
    Outcome outcome{.id = std::move(id), .outcome = std::string{unknown}};
    if (ours == actions.end())
        return outcome;
    if (ours->state == "done")
        outcome.outcome = succeeded;
    else if (ours->state == "notsupported")
        outcome.outcome = "notSupported";
    else if (ours->state == "failed" || ours->state == "canceled")
        outcome.outcome = ours->state;
    outcome.code = ours->code;
    return outcome;
}

/// A Cloud PC that the list shows: its last remote action, or what its status says.
Outcome outcome_of(std::string id, const bj::object& cloud_pc,
                   std::span<const std::string_view> names, const Accepted& accepted)
{
    std::vector<RemoteAction> actions;
    if (const auto* last = cloud_pc.if_contains("lastRemoteActionResult"))
        actions = remote_actions_of(bj::array{*last}, names);
    auto outcome = outcome_of(std::move(id), actions, accepted);
    constexpr std::string_view failed[] = {"failed"};
    if (!outcome.known() && is_one_of(text_of(cloud_pc, "status"), failed) &&
        may_have_changed(cloud_pc, accepted.since)) {
        outcome.outcome = "failed";
        outcome.code = status_code(cloud_pc);
    }
    return outcome;
}

struct OutcomeReader {
    Estate& estate;
    const Accepted& accepted;
    std::span<const std::string_view> names;
    const std::vector<std::string>& ids;
    std::vector<Outcome>& outcomes;

    asio::awaitable<void> operator()(std::size_t index)
    {
        const auto& id = ids[index];
        outcomes[index] = {.id = id, .outcome = std::string{unknown}};
        if (!names.empty()) {
            const auto read = co_await read_remote_actions(estate, id, names);
            if (read)
                outcomes[index] = outcome_of(id, read->actions, accepted);
        }
        if (outcomes[index].known())
            co_return;
        const auto read = co_await estate.object("cloud_pcs", id);
        if (read && *read)
            outcomes[index] = outcome_of(id, **read, names, accepted);
    }
};

asio::awaitable<std::vector<Outcome>> read_outcomes(Estate& estate, const Accepted& accepted,
                                                    const std::vector<std::string>& ids,
                                                    std::span<const std::string_view> names)
{
    std::vector<Outcome> outcomes(ids.size());
    if (ids.size() <= facts_gets_max) {
        OutcomeReader reader{.estate = estate,
                             .accepted = accepted,
                             .names = names,
                             .ids = ids,
                             .outcomes = outcomes};
        co_await side_by_side(ids.size(), reader);
        co_return outcomes;
    }
    constexpr std::string_view kept[] = {"status", "statusDetail", "lastModifiedDateTime",
                                         "lastRemoteActionResult"};
    const auto reads = co_await read_cloud_pcs(estate, ids, kept);
    for (std::size_t i = 0; i < ids.size(); ++i) {
        outcomes[i] = {.id = ids[i], .outcome = std::string{unknown}};
        if (reads[i] && *reads[i])
            outcomes[i] = outcome_of(ids[i], **reads[i], names, accepted);
    }
    co_return outcomes;
}

/// What the counts leave for those that say nothing themselves.
void fill_by_counts(std::vector<Outcome>& outcomes, const Summary& summary)
{
    if (static_cast<std::int64_t>(outcomes.size()) != summary.ended())
        return;
    const auto good = std::ranges::count_if(outcomes, &Outcome::good);
    const auto known = std::ranges::count_if(outcomes, &Outcome::known);
    std::string_view rest = unknown;
    if (known - good == summary.bad())
        rest = succeeded;
    else if (good == summary.good)
        rest = summary.failed == 0 ? "notSupported" : summary.not_supported == 0 ? "failed" : rest;
    for (auto& outcome : outcomes) {
        if (!outcome.known())
            outcome.outcome = rest;
    }
}

/// What a bulk action comes to for the Cloud PCs of the job, once it has ended.
asio::awaitable<std::vector<Outcome>> outcomes_of(Estate& estate, const Accepted& accepted,
                                                  const bj::object& bulk, const Summary& summary,
                                                  bool failed)
{
    auto ids = cloud_pcs_of(accepted);
    if (ids.empty())
        ids = ids_in(bulk);
    std::vector<Outcome> outcomes;
    if (failed) {
        outcomes = co_await read_outcomes(estate, accepted, ids, names_of(accepted, bulk));
        fill_by_counts(outcomes, summary);
    } else {
        for (auto& id : ids)
            outcomes.push_back({.id = std::move(id), .outcome = std::string{succeeded}});
    }
    co_return outcomes;
}

std::string counted(const Summary& summary)
{
    auto text = fmt::format("{} of {} succeeded", summary.good, summary.ended() + summary.open);
    if (summary.failed > 0)
        text += fmt::format(", {} failed", summary.failed);
    if (summary.not_supported > 0)
        text += fmt::format(", {} not supported", summary.not_supported);
    return text;
}

/// As `result` shows them. Of very many those that went well are left out, since the summary counts
/// them; and what is cut off of the others did not fail, as long as there is any such.
void show(const std::vector<Outcome>& outcomes, bj::object& result)
{
    bj::array list;
    const auto add = [&](const auto& wanted) {
        for (const auto& one : outcomes) {
            if (list.size() < listed_max && wanted(one))
                list.push_back(outcome_json(one.id, one.outcome, one.code));
        }
    };
    if (outcomes.size() <= listed_max) {
        add([](const Outcome&) { return true; });
    } else {
        add([](const Outcome& one) { return one.known() && !one.good(); });
        add([](const Outcome& one) { return !one.known(); });
        result["cloudPcsOmitted"] = outcomes.size() - list.size();
    }
    result["cloudPcs"] = std::move(list);
}

/// The bulk action has ended: what of it is the job's.
Progress conclude(const Accepted& accepted, const bj::object& bulk, const Summary& summary,
                  const std::vector<Outcome>& outcomes, bool failed)
{
    constexpr std::string_view shown[] = {"id", "status", "actionSummary"};
    Progress progress{.phase = failed ? Phase::ended_badly : Phase::ended_well,
                      .what = fmt::format("{}: {}", accepted.plan.action->verb, counted(summary)),
                      .result = only(bulk, shown)};
    show(outcomes, progress.result);
    // A retry of some does not fail by those that it left alone.
    if (is_retry(accepted) && !outcomes.empty() && std::ranges::all_of(outcomes, &Outcome::good))
        progress.phase = Phase::ended_well;
    if (progress.phase == Phase::ended_badly) {
        const auto first = std::ranges::find_if(outcomes, [](const Outcome& outcome) {
            return outcome.known() && !outcome.good() && !outcome.code.empty();
        });
        if (first != outcomes.end())
            progress.error_code = first->code;
    }
    return progress;
}

asio::awaitable<Progress> observe(Estate& estate, const Accepted& accepted, const bj::object& bulk)
{
    constexpr std::string_view final_statuses[] = {"succeeded", "failed"};
    constexpr std::string_view not_well[] = {"failed"};
    const auto status = text_of(bulk, "status");
    const auto summary = summary_of(bulk);
    const auto expected = static_cast<std::int64_t>(
        std::max<std::size_t>(1, std::max(ids_in(bulk).size(), accepted.cloud_pcs.size())));
    const bool ended =
        summary.open == 0 && (summary.ended() >= expected || is_one_of(status, final_statuses));
    if (!ended)
        co_return going_on(accepted, counted(summary));
    const bool failed = summary.bad() > 0 || (summary.ended() == 0 && is_one_of(status, not_well));
    const auto outcomes = co_await outcomes_of(estate, accepted, bulk, summary, failed);
    co_return conclude(accepted, bulk, summary, outcomes, failed);
}

/// The one bulk action of the job's name that began since: names that the daemon gives are unique.
asio::awaitable<Result<std::string>> find_by_name(Estate& estate, const Accepted& accepted)
{
    const auto& body = accepted.plan.request.body;
    const auto name = body ? text_of(*body, "displayName") : std::string_view{};
    if (name.empty())
        co_return std::string{};
    const auto list = co_await estate.objects(
        bulk_actions_table, std::nullopt, [&](const bj::object& bulk) -> std::optional<bj::object> {
            constexpr std::string_view kept[] = {"id"};
            const auto created = time_of(bulk, "createdDateTime");
            if (text_of(bulk, "displayName") != name ||
                (created && is_before(*created, accepted.since)))
                return std::nullopt;
            return only(bulk, kept);
        });
    if (!list)
        co_return list.error();
    std::set<std::string> ids;
    for (const auto& bulk : *list)
        ids.emplace(text_of(bulk, "id"));
    co_return ids.size() == 1 ? *ids.begin() : std::string{};
}

}  // namespace

asio::awaitable<Progress> observe_bulk_summary(Estate& estate, const Accepted& accepted)
{
    auto id = is_retry(accepted) ? accepted.job.target_id.value_or("")
                                 : made_id(accepted, bulk_action_evidence);
    if (id.empty()) {
        auto found = co_await find_by_name(estate, accepted);
        if (!found)
            co_return unread_progress(found.error());
        id = *std::move(found);
    }
    if (id.empty())
        co_return going_on(accepted, "the bulk action is not listed yet");
    const auto bulk = co_await estate.object(bulk_actions_table, id);
    if (!bulk)
        co_return unread_progress(bulk.error());
    if (!*bulk)
        co_return going_on(accepted, "the bulk action is not there");
    auto progress = co_await observe(estate, accepted, **bulk);
    if (!is_retry(accepted))
        progress.evidence = object_evidence(bulk_action_evidence, id);
    co_return progress;
}

}  // namespace cloudpcd::jobs
