#include "sync/jobs/observer.hpp"

#include "sync/core/log.hpp"
#include "sync/jobs/evidence.hpp"
#include "sync/jobs/listing.hpp"
#include "sync/jobs/members.hpp"
#include "sync/jobs/progress.hpp"
#include "sync/jobs/queue.hpp"
#include "sync/jobs/scope.hpp"
#include "sync/jobs/targets.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <utility>
#include <variant>

namespace cloudpcd::jobs {

namespace asio = boost::asio;
namespace bj = boost::json;
using namespace std::chrono_literals;

namespace {

/// Evidence of an execution is not dated later than this.
constexpr Duration evidence_window = 15min;
constexpr Duration unplannable_wait = 1h;

std::string id_in(const std::optional<std::string>& result)
{
    if (!result)
        return {};
    boost::system::error_code failed;
    const auto value = bj::parse(*result, failed);
    return failed || !value.is_object() ? "" : std::string{text_of(value.get_object(), "id")};
}

/// Objects of that name in the table of a creation which the mirror had before.
std::vector<std::string> known_before(store::Database& mirror, const Plan& plan,
                                      const std::string& intent_at)
{
    std::vector<std::string> ids;
    const auto* collection = created_in(*plan.action);
    if (collection == nullptr || !plan.request.body)
        return ids;
    const auto name = text_of(*plan.request.body, "displayName");
    if (name.empty())
        return ids;
    auto row =
        mirror.prepared(fmt::format("SELECT id FROM \"{}\" WHERE display_name = ?1 "
                                    "AND _first_seen_at < ?2 ORDER BY id LIMIT 1000",
                                    collection->table));
    row.bind(1, name).bind(2, intent_at);
    while (row.step())
        ids.push_back(row.string(0));
    return ids;
}

}  // namespace

struct Observer::Seen {
    Plan plan;
    Attempt attempt;
    std::vector<std::string> cloud_pcs{};
    std::vector<std::string> explained{};
    std::vector<std::string> known_before{};
};

Observer::Observer(Running& running, std::function<void()> ended)
    : x_running{running}, x_ended{std::move(ended)}
{}

asio::awaitable<void> Observer::look(Job job)
{
    auto& parts = x_running.parts();
    const bool repeated = co_await parts.queue.run([&](store::Database& queue) {
        return repeat_if_repeatable(queue, job, parts.rng, parts.clock.utc_now());
    });
    if (repeated)
        co_return;
    const auto seen = co_await load(job);
    if (!seen)
        co_return;
    const bool accepted = seen->attempt.verdict == Verdict::executed;
    const auto state =
        accepted ? co_await follow(job, *seen) : co_await look_for_evidence(job, *seen);
    if (state == job.state)
        co_return;
    log::info("job", {{"job_id", job.job_id},
                      {"kind", job.kind},
                      {"client_request_id", seen->attempt.client_request_id},
                      {"state", to_string(state)}});
    x_last_phase.erase(job.job_id);
    x_ended();  // before the mirror: others wait for the target
    co_await refresh_touched(job.job_id, seen->plan);
}

/// What a look needs to know; nothing when the job makes no sense to this version, which is said.
asio::awaitable<std::optional<Observer::Seen>> Observer::load(const Job& job)
{
    auto& parts = x_running.parts();
    auto planned = make_plan(job, {});
    const auto now = parts.clock.utc_now();
    if (const auto* problem = std::get_if<Unplannable>(&planned)) {
        const Change change{.reason = fmt::format("its end cannot be seen: {}", problem->why),
                            .due_at = now + unplannable_wait};
        co_await parts.queue.run([&](store::Database& queue) {
            return transition(queue, job.job_id, job.state, job.state, change, daemon_actor, now);
        });
        co_return std::nullopt;
    }
    Seen seen{.plan = std::get<Plan>(std::move(planned)), .attempt = {}};
    co_await parts.queue.run([&](store::Database& queue) {
        const auto attempt = last_attempt(queue, job.job_id);
        CLOUDPCD_ASSERT(attempt.has_value());  // the schema lets no such job be without one
        seen.attempt = *attempt;
        for (auto& target : targets_of(queue, job.job_id)) {
            if (target.resource == "cloud_pcs")
                seen.cloud_pcs.push_back(std::move(target.id));
        }
        seen.explained = evidence_near(queue, job.job_id);
        seen.known_before =
            known_before(parts.mirror.database(), seen.plan, seen.attempt.intent_at);
    });
    co_return seen;
}

asio::awaitable<State> Observer::follow(const Job& job, const Seen& seen)
{
    auto& parts = x_running.parts();
    const auto sent = parse_sql_time(seen.attempt.intent_at).value_or(parts.clock.utc_now());
    const auto progress =
        co_await observe_progress(parts.estate, {.plan = seen.plan,
                                                 .job = job,
                                                 .attempt = seen.attempt,
                                                 .cloud_pcs = seen.cloud_pcs,
                                                 .since = x_running.graph_time(sent).earliest,
                                                 .explained = seen.explained});
    const auto last = x_last_phase.find(job.job_id);
    const bool seen_before = last != x_last_phase.end() && last->second == progress.phase;
    x_last_phase[job.job_id] = progress.phase;
    co_return co_await parts.queue.run([&](store::Database& queue) {
        return conclude_progress(queue, seen.plan, job, seen.attempt, progress, seen_before,
                                 parts.clock.utc_now());
    });
}

asio::awaitable<State> Observer::look_for_evidence(const Job& job, const Seen& seen)
{
    auto& parts = x_running.parts();
    const auto sent = parse_sql_time(seen.attempt.intent_at).value_or(parts.clock.utc_now());
    const auto intent = x_running.graph_time(sent);
    const auto found = co_await search_evidence(
        parts.estate, {.plan = seen.plan,
                       .job = job,
                       .attempt = seen.attempt,
                       .cloud_pcs = seen.cloud_pcs,
                       .from = intent.earliest,
                       .to = intent.latest + evidence_window,
                       .application_id = x_running.options().application_id,
                       .known_before = seen.known_before});
    co_return co_await parts.queue.run([&](store::Database& queue) {
        const auto proof = weigh(queue, seen.attempt, found);
        return conclude_evidence(queue, seen.plan, job, seen.attempt, proof, found,
                                 parts.clock.utc_now());
    });
}

asio::awaitable<void> Observer::refresh_touched(JobId job, Plan plan)
{
    auto& parts = x_running.parts();
    std::map<std::string, std::vector<std::string>> touched;
    std::optional<std::string> result;
    co_await parts.queue.run([&](store::Database& queue) {
        for (auto& target : targets_of(queue, job))
            touched[target.resource].push_back(std::move(target.id));
        if (const auto now = find(queue, job))
            result = now->result;
    });
    if (const auto* collection = collection_of(*plan.action)) {
        auto& ids = touched[std::string{collection->table}];
        if (auto made = id_in(result); !made.empty())
            ids.push_back(std::move(made));
    }
    for (auto& [table, ids] : touched)
        co_await parts.estate.refresh(table, std::move(ids));
}

}  // namespace cloudpcd::jobs
