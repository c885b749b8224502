#include "sync/jobs/conclude.hpp"

#include "sync/core/log.hpp"
#include "sync/graph/retry.hpp"
#include "sync/jobs/listing.hpp"
#include "sync/jobs/progress_parts.hpp"
#include "sync/jobs/queue.hpp"
#include "sync/jobs/scope.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace cloudpcd::jobs {

namespace bj = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t result_bytes_max = 64UL * 1024;
constexpr std::size_t error_message_bytes_max = 1024;
constexpr graph::Backoff resend_backoff{.first = 2s, .cap = 15min, .floor = 500ms};
/// A request that Graph asks to send so much later is held, where people see it.
constexpr Duration retry_after_queued = 1h;
/// A final status counts when it is seen again after this.
constexpr Duration second_look_after = 5s;
/// A class 0 request may be repeated whatever became of it, but not for ever.
constexpr int repeated_max = 10;
/// Doubt that evidence has not ended by then is for a person: Graph's audit log is that late at
/// most.
constexpr Duration doubt_grace = 24h;
constexpr std::string_view for_a_person =
    "waiting for a person: cloudpcctl jobs resolve ID --executed or --not-executed";

/// When to look again at something that began `age` ago: soon at first, since most ends are near.
struct Pace {
    Duration until;
    Duration every;
};
constexpr std::array look_paces{Pace{10s, 1s}, Pace{1min, 5s}, Pace{10min, 15s}, Pace{1h, 30s}};
constexpr Duration late_pace = 1min;
constexpr std::array doubt_paces{Pace{30s, 3s}, Pace{5min, 15s}, Pace{1h, 1min}};
constexpr Duration late_doubt_pace = 10min;

Duration pace(std::span<const Pace> paces, Duration late, Duration age)
{
    const auto found =
        std::ranges::find_if(paces, [&](const Pace& one) { return age < one.until; });
    return found == paces.end() ? late : found->every;
}

UtcTime sent_at(const Attempt& attempt, UtcTime now)
{
    return parse_sql_time(attempt.intent_at).value_or(now);
}

void drop_secrets(bj::value& value)
{
    if (auto* array = value.if_array()) {
        for (auto& item : *array)
            drop_secrets(item);
    } else if (auto* object = value.if_object()) {
        for (const auto name : schema::secret_members())
            object->erase(name);
        for (auto& member : *object)
            drop_secrets(member.value());
    }
}

/// What Graph returned, as `result` keeps it: an object without what must not be kept.
bj::object object_of(std::string_view body)
{
    boost::system::error_code failed;
    auto value = bj::parse(body, failed);
    if (failed || !value.is_object())
        return {};
    drop_secrets(value);
    value.get_object().erase("@odata.context");
    return std::move(value.get_object());
}

/// Text of `result`; nullopt when there is nothing to say. What is too large keeps its id.
std::optional<std::string> result_text(const bj::object& result)
{
    if (result.empty())
        return std::nullopt;
    auto text = bj::serialize(result);
    if (text.size() <= result_bytes_max)
        return text;
    bj::object rest{{"truncated", true}};
    for (const auto* name : {"id", "displayName", "status"}) {
        if (const auto* value = result.if_contains(name); value != nullptr && value->is_string())
            rest[name] = *value;
    }
    return bj::serialize(rest);
}

std::optional<std::string> merged_result(const Job& job, const bj::object& more)
{
    bj::object result = object_of(job.result.value_or(""));
    for (const auto& [name, value] : more)
        result[name] = value;
    if (result.contains("cloudPcs"))  // which names them as well
        result.erase("cloudPcIds");
    return result_text(result);
}

/// Requests of the job that ended like this one, itself included.
int count_attempts(store::Database& queue, JobId job, auto&& alike)
{
    const auto attempts = attempts_of(queue, job);
    return static_cast<int>(std::ranges::count_if(attempts, alike));
}

Observation observation_of(const graph::WriteOutcome& outcome)
{
    Observation seen;
    if (outcome.status != 0)
        seen.http_status = outcome.status;
    if (!outcome.request_id.empty())
        seen.graph_request_id = outcome.request_id;
    if (outcome.error) {
        if (!outcome.error->graph_code.empty())
            seen.error_code = outcome.error->graph_code;
        seen.error_message = outcome.error->message;
    }
    return seen;
}

Change change_of(const Observation& seen, std::string reason)
{
    return {.reason = std::move(reason),
            .http_status = seen.http_status,
            .error_code = seen.error_code,
            .error_message = seen.error_message,
            .graph_request_id = seen.graph_request_id};
}

/// One attempt while its outcome is being written.
struct Conclusion {
    store::Database& queue;
    const Plan& plan;
    const Attempt& attempt;
    const graph::WriteOutcome& outcome;
    Rng& rng;
    UtcTime now;
    Observation seen;

    std::string why() const
    {
        return outcome.error ? outcome.error->describe() : fmt::format("HTTP {}", outcome.status);
    }

    State move(Verdict verdict, State to, Change change) const
    {
        record_verdict(queue, attempt.attempt_id, verdict, seen, now);
        const bool moved =
            transition(queue, attempt.job_id, State::sending, to, change, daemon_actor, now);
        CLOUDPCD_ASSERT(moved);  // nobody else moves a job that is being sent
        return to;
    }

    State executed() const
    {
        const auto answer = object_of(outcome.body);
        const auto result = result_text(answer);
        auto with_object = *this;
        with_object.seen.evidence = evidence_of_made(answer);
        return with_object.executed(result);
    }

    /// The object that the answer speaks of: no other attempt made it.
    std::optional<std::string> evidence_of_made(const bj::object& answer) const
    {
        const auto* id = answer.if_contains("id");
        if (created_in(*plan.action) == nullptr || id == nullptr || !id->is_string())
            return std::nullopt;
        const bool bulk = plan.action->ending.value.seen_by == schema::Completion::bulk_summary;
        auto evidence =
            object_evidence(bulk ? bulk_action_evidence : created_evidence, id->get_string());
        return find_evidence(queue, evidence) ? std::nullopt : std::optional{std::move(evidence)};
    }

    State executed(const std::optional<std::string>& result) const
    {
        if (plan.action->ending.value.seen_by == schema::Completion::answer) {
            auto change = change_of(seen, "");
            change.result = result;
            return move(Verdict::executed, State::succeeded, std::move(change));
        }
        auto change = change_of(seen, "accepted by Graph; waiting for its end");
        change.result = result;
        change.due_at = now;
        return move(Verdict::executed, State::accepted, std::move(change));
    }

    State again_at(std::string reason, UtcTime due) const
    {
        auto change = change_of(seen, std::move(reason));
        change.due_at = due;
        return move(Verdict::not_executed, State::queued, std::move(change));
    }

    State failed(std::string reason) const
    {
        return move(Verdict::not_executed, State::failed, change_of(seen, std::move(reason)));
    }

    /// Not executed, and nothing said when it would be.
    State resend(auto&& alike) const
    {
        const int failures = 1 + count_attempts(queue, attempt.job_id, alike);
        if (failures >= attempts_max)
            return failed(
                fmt::format("not executed, given up after {} attempts: {}", failures, why()));
        return again_at(fmt::format("not executed, sent again later: {}", why()),
                        now + resend_backoff.wait(failures, rng));
    }

    State refused() const
    {
        // A class 0 request may have met a state that has passed: one new read, one new request.
        const bool conflict = outcome.status == 409 && plan_risk() == 0;
        const auto was_conflict = [](const Attempt& one) { return one.http_status == 409; };
        if (conflict && count_attempts(queue, attempt.job_id, was_conflict) == 0)
            return again_at(fmt::format("read again and sent once more: {}", why()),
                            now + resend_backoff.wait(1, rng));
        return failed(why());
    }

    State throttled() const
    {
        const auto wait = outcome.retry_after.value_or(graph::throttled_wait);
        if (wait <= retry_after_queued)
            return again_at(fmt::format("Graph asked to wait: {}", why()), now + wait);
        record_verdict(queue, attempt.attempt_id, Verdict::not_executed, seen, now);
        bool moved = transition(queue, attempt.job_id, State::sending, State::queued,
                                change_of(seen, ""), daemon_actor, now);
        auto held = change_of(seen, fmt::format("Graph asked to wait: {}", why()));
        held.held_by = Hold::retry;
        held.due_at = now + wait;
        moved = moved && transition(queue, attempt.job_id, State::queued, State::held, held,
                                    daemon_actor, now);
        CLOUDPCD_ASSERT(moved);
        return State::held;
    }

    State token_refused() const
    {
        const auto before = attempts_of(queue, attempt.job_id);
        const bool again = std::ranges::any_of(before, [&](const Attempt& one) {
            return one.attempt == attempt.attempt - 1 && one.http_status == 401;
        });
        if (again)
            return failed(fmt::format("refused with a new token too: {}", why()));
        return again_at("the token was refused; sent again with a new one", now);
    }

    State in_doubt() const
    {
        auto change = change_of(
            seen, fmt::format("it may have been executed: {}; looking for evidence", why()));
        change.due_at = now;
        record_verdict(queue, attempt.attempt_id, Verdict::unknown, seen, now);
        bool moved = transition(queue, attempt.job_id, State::sending, State::in_doubt, change,
                                daemon_actor, now);
        CLOUDPCD_ASSERT(moved);
        return State::in_doubt;
    }

    int plan_risk() const
    {
        const auto job = find(queue, attempt.job_id);
        CLOUDPCD_ASSERT(job.has_value());
        return job->risk.value_or(2);
    }
};

State conclude(const Conclusion& of)
{
    switch (of.outcome.verdict) {
        case graph::Verdict::executed:
            return of.executed();
        case graph::Verdict::already_gone:
            return of.move(Verdict::not_executed, State::succeeded,
                           change_of(of.seen, "already gone"));
        case graph::Verdict::refused:
            return of.refused();
        case graph::Verdict::not_sent:
            return of.resend([](const Attempt& one) {
                return one.verdict == Verdict::not_executed && !one.http_status;
            });
        case graph::Verdict::busy:
            return of.resend([](const Attempt& one) { return one.http_status == 423; });
        case graph::Verdict::throttled:
            return of.throttled();
        case graph::Verdict::token_refused:
            return of.token_refused();
        case graph::Verdict::unknown:
            break;
    }
    return of.in_doubt();
}

/// Whether the piece explains another attempt already.
bool is_taken(store::Database& queue, const Attempt& attempt, std::string_view evidence)
{
    const auto other = find_evidence(queue, evidence);
    return other && other->attempt_id != attempt.attempt_id;
}

/// Writes what proved the attempt; a verdict that stands stays.
void record_evidence(store::Database& queue, const Attempt& attempt, Verdict verdict,
                     const std::string& evidence, UtcTime now)
{
    Observation seen;
    if (!evidence.empty() && !attempt.evidence && !is_taken(queue, attempt, evidence))
        seen.evidence = evidence;
    const bool settled = attempt.verdict && *attempt.verdict != Verdict::unknown;
    record_verdict(queue, attempt.attempt_id, settled ? *attempt.verdict : verdict, seen, now);
}

State moved_to(store::Database& queue, const Job& job, State to, const Change& change, UtcTime now)
{
    if (transition(queue, job.job_id, job.state, to, change, daemon_actor, now))
        return to;
    const auto found = find(queue, job.job_id);  // a person was first
    return found ? found->state : to;
}

/// Where the job is by now, when a person decided while Graph was asked: what was found then
/// decides nothing any more.
std::optional<State> decided_meanwhile(store::Database& queue, const Job& job)
{
    const auto found = find(queue, job.job_id);
    return found && found->state != job.state ? std::optional{found->state} : std::nullopt;
}

/// Stays where it is, and says why and when it is looked at again.
State stay(store::Database& queue, const Job& job, std::string reason, std::optional<UtcTime> due,
           UtcTime now)
{
    return moved_to(queue, job, job.state, {.reason = std::move(reason), .due_at = due}, now);
}

State goes_on(store::Database& queue, const Plan& plan, const Job& job, const Attempt& attempt,
              const Progress& progress, UtcTime now)
{
    const auto age = now - sent_at(attempt, now);
    const auto deadline = ending_deadline(*plan.action, plan.params);
    const auto due = now + pace(look_paces, late_pace, age);
    if (job.state == State::in_doubt) {
        if (age > deadline + doubt_grace)
            return stay(queue, job, fmt::format("no end was seen; {}", for_a_person), std::nullopt,
                        now);
        return stay(queue, job, job.state_reason.value_or(""), now + late_doubt_pace, now);
    }
    if (age < deadline) {
        auto reason = progress.what.empty() ? job.state_reason.value_or("") : progress.what;
        return stay(queue, job, std::move(reason), due, now);
    }
    return moved_to(queue, job, State::in_doubt,
                    {.reason = fmt::format("Graph accepted it, and no end was seen within {} min "
                                           "({}); {}",
                                           deadline.count(), progress.what, for_a_person),
                     .due_at = now + late_doubt_pace},
                    now);
}

}  // namespace

State conclude_attempt(store::Database& queue, const Plan& plan, const Attempt& attempt,
                       const graph::WriteOutcome& outcome, Rng& rng, UtcTime now)
{
    return in_transaction(queue, [&] {
        return conclude({.queue = queue,
                         .plan = plan,
                         .attempt = attempt,
                         .outcome = outcome,
                         .rng = rng,
                         .now = now,
                         .seen = observation_of(outcome)});
    });
}

State conclude_progress(store::Database& queue, const Plan& plan, const Job& job,
                        const Attempt& attempt, const Progress& progress, bool seen_before,
                        UtcTime now)
{
    return in_transaction(queue, [&] {
        if (const auto decided = decided_meanwhile(queue, job))
            return *decided;
        const bool ended = progress.phase == Progress::Phase::ended_well ||
                           progress.phase == Progress::Phase::ended_badly;
        if (!ended)
            return goes_on(queue, plan, job, attempt, progress, now);
        if (needs_second_look(plan.action->ending.value.seen_by) && !seen_before)
            return stay(queue, job, job.state_reason.value_or(""), now + second_look_after, now);
        record_evidence(queue, attempt, Verdict::executed, progress.evidence, now);
        Change change{.result = merged_result(job, progress.result)};
        if (progress.phase == Progress::Phase::ended_well)
            return moved_to(queue, job, State::succeeded, change, now);
        change.reason = progress.what;
        if (!progress.error_code.empty())
            change.error_code = progress.error_code;
        if (!progress.error_message.empty())
            change.error_message = log::escape(progress.error_message, error_message_bytes_max);
        return moved_to(queue, job, State::failed, change, now);
    });
}

State conclude_evidence(store::Database& queue, const Plan& plan, const Job& job,
                        const Attempt& attempt, const Proof& proof, const Found& found, UtcTime now)
{
    return in_transaction(queue, [&] {
        if (const auto decided = decided_meanwhile(queue, job))
            return *decided;
        const auto age = now - sent_at(attempt, now);
        switch (proof.outcome) {
            case Proof::Outcome::executed:
            case Proof::Outcome::ended: {
                record_evidence(queue, attempt, Verdict::executed, proof.evidence, now);
                const bool ended = proof.outcome == Proof::Outcome::ended ||
                                   plan.action->ending.value.seen_by == schema::Completion::answer;
                Change change{.reason = proof.why, .result = merged_result(job, proof.result)};
                if (!ended)
                    change.due_at = now;
                return moved_to(queue, job, ended ? State::succeeded : State::accepted, change,
                                now);
            }
            case Proof::Outcome::refused:
                record_evidence(queue, attempt, Verdict::not_executed, proof.evidence, now);
                return moved_to(queue, job, State::failed, {.reason = proof.why}, now);
            case Proof::Outcome::none:
            case Proof::Outcome::ambiguous:
                break;
        }
        if (age > doubt_grace)
            return stay(queue, job,
                        proof.why.empty() ? std::string{for_a_person}
                                          : fmt::format("{}; {}", proof.why, for_a_person),
                        std::nullopt, now);
        const auto due = now + pace(doubt_paces, late_doubt_pace, age);
        // What was asked for and not answered is no reason of the doubt: it stays in the log.
        auto reason = proof.outcome == Proof::Outcome::ambiguous
                          ? fmt::format("{}; {}", proof.why, for_a_person)
                          : job.state_reason.value_or("");
        if (!found.unread.empty() && reason.empty())
            reason = fmt::format("evidence cannot be looked for: {}", found.unread.front());
        return stay(queue, job, std::move(reason), due, now);
    });
}

bool repeat_if_repeatable(store::Database& queue, const Job& job, Rng& rng, UtcTime now)
{
    if (job.state != State::in_doubt || job.risk.value_or(2) != 0 || job.attempts >= repeated_max)
        return false;
    const auto attempt = last_attempt(queue, job.job_id);
    if (attempt && is_restored(queue, *attempt))
        return false;
    const Change change{.reason = "may be repeated; sent again later",
                        .due_at = now + resend_backoff.wait(job.attempts, rng)};
    return transition(queue, job.job_id, State::in_doubt, State::queued, change, daemon_actor, now);
}

std::vector<Job> due_on_their_way(store::Database& queue, UtcTime now, int max)
{
    const auto at = format_sql_time(now);
    auto row = queue.prepared(
        fmt::format("SELECT {} FROM jobs WHERE finished_at IS NULL AND due_at <= ?1 "
                    "AND state IN ('accepted', 'in_doubt') ORDER BY due_at, job_id LIMIT ?2",
                    job_columns()));
    row.bind(1, at).bind(2, max);
    std::vector<Job> due;
    while (row.step())
        due.push_back(read_job(row));
    return due;
}

}  // namespace cloudpcd::jobs
