#include "sync/jobs/queue.hpp"

#include "sync/core/error.hpp"
#include "sync/jobs/attempts.hpp"
#include "sync/jobs/events.hpp"
#include "sync/jobs/listing.hpp"
#include "sync/jobs/targets.hpp"

#include <SQLiteCpp/Exception.h>
#include <fmt/format.h>

namespace cloudpcd::jobs {

namespace {

constexpr std::chrono::hours approval_lifetime{24};

std::vector<Job> read_jobs(store::Statement row)
{
    std::vector<Job> jobs;
    while (row.step())
        jobs.push_back(read_job(row));
    return jobs;
}

std::string select(std::string_view rest)
{
    return fmt::format("SELECT {} FROM jobs {}", job_columns(), rest);
}

/// Inserts the row as anybody could. False when it is a repetition.
bool insert(store::Database& database, const Submission& submission)
{
    static const auto sql = [](std::string_view column, std::string_view value) {
        return fmt::format(
            "INSERT INTO jobs ({}kind, target_id, params, expect, reason, requested_by, batch_id, "
            "priority, not_before, expires_at, dry_run, allow_duplicate) "
            "VALUES ({}?1, ?2, ?3, ?4, ?5, ?6, ?7, coalesce(?8, 5), ?9, ?10, ?11, ?12)",
            column, value);
    };
    static const auto with_default = sql("", "");
    static const auto with_id = sql("request_id, ", "?13, ");
    auto row = database.prepared(submission.request_id ? with_id : with_default);
    row.bind(1, submission.kind).bind(2, submission.target_id).bind(3, submission.params);
    row.bind(4, submission.expect).bind(5, submission.reason).bind(6, submission.requested_by);
    row.bind(7, submission.batch_id).bind(8, submission.priority);
    row.bind(9, submission.not_before).bind(10, submission.expires_at);
    row.bind(11, submission.dry_run ? 1 : 0).bind(12, submission.allow_duplicate ? 1 : 0);
    if (submission.request_id)
        row.bind(13, *submission.request_id);
    row.run();
    return database.changes() == 1;
}

std::optional<JobId> id_of_request(store::Database& database,
                                   const std::optional<std::string>& request_id)
{
    if (!request_id)
        return std::nullopt;
    auto row = database.prepared("SELECT job_id FROM jobs WHERE request_id = ?");
    row.bind(1, *request_id);
    return row.step() ? std::optional{row.integer(0)} : std::nullopt;
}

void mark_as_api(store::Database& database, JobId job, UtcTime now)
{
    const auto at = format_sql_time(now);
    auto row = database.prepared(
        "UPDATE jobs SET origin = 'api', actor_verified = 1, created_at = ?2, updated_at = ?2 "
        "WHERE job_id = ?1");
    row.bind(1, job).bind(2, at).run();
}

/// What decides whether a change is one, and in what.
struct Standing {
    State state{};
    std::string reason{};
    std::optional<Hold> held_by{};
};

std::optional<Standing> standing_of(store::Database& database, JobId job)
{
    auto row = database.prepared(
        "SELECT state, coalesce(state_reason, ''), held_by FROM jobs WHERE job_id = ?");
    row.bind(1, job);
    if (!row.step())
        return std::nullopt;
    return Standing{
        .state = parse_state(row.text(0)).value_or(State::submitted),
        .reason = row.string(1),
        .held_by = parse_hold(row.text(2)),
    };
}

/// An end that says "not sent" would be believed of what may have been executed.
std::string reason_of(store::Database& database, JobId job, State from, State to,
                      const std::string& reason)
{
    const bool ends_unsent = is_unsent(from) && (to == State::rejected || to == State::cancelled ||
                                                 to == State::expired);
    if (!ends_unsent || !may_have_been_executed(database, job))
        return reason;
    return fmt::format("an earlier attempt may have been executed; it was not repeated: {}",
                       reason);
}

void write_change(store::Database& database, JobId job, State to, const Change& change,
                  const std::string& reason, UtcTime now)
{
    const auto at = format_sql_time(now);
    std::optional<std::string> due;
    if (change.due_at)
        due = format_sql_time(*change.due_at);
    std::optional<std::string_view> held_by;
    if (change.held_by)
        held_by = to_string(*change.held_by);
    // Who asks for an approval anew starts without one.
    auto row = database.prepared(
        "UPDATE jobs SET state = ?2, state_reason = nullif(?3, ''), held_by = ?4, due_at = ?5, "
        "http_status = coalesce(?6, http_status), error_code = coalesce(?7, error_code), "
        "error_message = coalesce(?8, error_message), result = coalesce(?9, result), "
        "graph_request_id = coalesce(?10, graph_request_id), "
        "params = CASE WHEN ?11 THEN '{\"erased\":true}' ELSE params END, "
        "approved_by = CASE WHEN ?2 = 'awaiting_approval' THEN NULL ELSE approved_by END, "
        "approved_at = CASE WHEN ?2 = 'awaiting_approval' THEN NULL ELSE approved_at END, "
        "approval_hash = CASE WHEN ?2 = 'awaiting_approval' THEN NULL ELSE approval_hash END, "
        "updated_at = ?12, finished_at = CASE WHEN ?13 THEN ?12 END WHERE job_id = ?1");
    row.bind(1, job).bind(2, to_string(to)).bind(3, reason).bind(4, held_by).bind(5, due);
    row.bind(6, change.http_status).bind(7, change.error_code).bind(8, change.error_message);
    row.bind(9, change.result).bind(10, change.graph_request_id);
    row.bind(11, change.erase_params ? 1 : 0).bind(12, at).bind(13, has_ended(to) ? 1 : 0).run();
}

void write_approval(store::Database& database, const Job& job, const Approval& approval,
                    UtcTime now)
{
    const auto at = format_sql_time(now);
    const auto hash = content_hash(job);
    add_event(database, job.job_id, job.state, State::queued,
              fmt::format("approved for {} Cloud PCs", job.touches.value_or(0)), approval.actor,
              now);
    auto row = database.prepared(
        "UPDATE jobs SET state = 'queued', state_reason = NULL, held_by = NULL, due_at = NULL, "
        "approved_by = ?2, approved_at = ?3, approval_hash = ?4, updated_at = ?3 "
        "WHERE job_id = ?1");
    row.bind(1, job.job_id).bind(2, approval.approver).bind(3, at).bind(4, hash).run();
}

/// Keys of meta: what there was when the queue was restored last. Numbers are not given again.
constexpr std::string_view restored_job = "restored_job";
constexpr std::string_view restored_attempt = "restored_attempt";

void mark_as_restored(store::Database& database)
{
    auto newest = database.prepared("SELECT coalesce(max(job_id), 0) FROM jobs");
    newest.step();
    auto mark = database.prepared(
        "INSERT INTO meta (key, value) VALUES (?, ?) "
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value");
    mark.bind(1, restored_job).bind(2, newest.integer(0)).run();
    mark.bind(1, restored_attempt).bind(2, highest_attempt(database)).run();
}

std::int64_t restored_up_to(store::Database& database, std::string_view key)
{
    auto row = database.prepared("SELECT CAST(value AS INTEGER) FROM meta WHERE key = ?");
    row.bind(1, key);
    return row.step() ? row.integer(0) : 0;
}

}  // namespace

Submitted submit(store::Database& database, const Submission& submission, std::string_view actor,
                 UtcTime now)
{
    return in_transaction(database, [&]() -> Submitted {
        try {
            if (!insert(database, submission)) {
                const auto there = id_of_request(database, submission.request_id);
                CLOUDPCD_ASSERT(there.has_value());
                return {.outcome = Submitted::Outcome::repeated, .job_id = *there};
            }
        } catch (const SQLite::Exception& refusal) {
            if (refusal.getErrorCode() != SQLITE_CONSTRAINT)
                throw;
            // The triggers' words are for the author of the row; nothing was written.
            if (const auto there = id_of_request(database, submission.request_id))
                return {.outcome = Submitted::Outcome::conflict,
                        .job_id = *there,
                        .why = refusal.what()};
            return {.outcome = Submitted::Outcome::refused, .why = refusal.what()};
        }
        const auto job = database.last_insert_rowid();
        add_event(database, job, std::nullopt, State::submitted, submission.reason.value_or(""),
                  actor, now);
        mark_as_api(database, job, now);
        return {.outcome = Submitted::Outcome::added, .job_id = job};
    });
}

std::vector<Job> take_submitted(store::Database& database, JobId after, int max)
{
    return in_state(database, State::submitted, std::nullopt, after, max);
}

void fill(store::Database& database, JobId job, const Filled& filled, UtcTime now)
{
    const auto text = [](const std::optional<UtcTime>& time) {
        return time ? std::optional{format_sql_time(*time)} : std::nullopt;
    };
    const auto at = format_sql_time(now);
    const auto not_before = text(filled.not_before);
    const auto expires_at = text(filled.expires_at);
    in_transaction(database, [&] {
        auto row = database.prepared(
            "UPDATE jobs SET target_name = coalesce(?2, target_name), risk = coalesce(?3, risk), "
            "touches = coalesce(?4, touches), duplicate_key = coalesce(?5, duplicate_key), "
            "not_before = coalesce(?6, not_before), expires_at = coalesce(?7, expires_at), "
            "updated_at = ?8 WHERE job_id = ?1");
        row.bind(1, job).bind(2, filled.target_name).bind(3, filled.risk);
        row.bind(4, filled.touches).bind(5, filled.duplicate_key);
        row.bind(6, not_before).bind(7, expires_at).bind(8, at).run();
    });
}

std::optional<UtcTime> read_given_time(store::Database& database, std::string_view text)
{
    auto row = database.prepared("SELECT strftime('%Y-%m-%d %H:%M:%f', ?)");
    row.bind(1, text).step();
    return parse_sql_time(row.text(0));
}

bool transition(store::Database& database, JobId job, State from, State to, const Change& change,
                std::string_view actor, UtcTime now)
{
    CLOUDPCD_ASSERT(may_follow(from, to) || (from == to && !has_ended(to)));
    CLOUDPCD_ASSERT((to == State::held) == change.held_by.has_value());
    CLOUDPCD_ASSERT(!change.erase_params || has_ended(to));
    return in_transaction(database, [&] {
        const auto was = standing_of(database, job);
        if (!was || was->state != from)
            return false;
        const auto reason = reason_of(database, job, from, to, change.reason);
        if (from != to || was->reason != reason || was->held_by != change.held_by)
            add_event(database, job, from, to, reason, actor, now);
        write_change(database, job, to, change, reason, now);
        return true;
    });
}

CancelOutcome cancel(store::Database& database, JobId job, std::string_view reason,
                     std::string_view actor, UtcTime now)
{
    return in_transaction(database, [&] {
        const auto was = standing_of(database, job);
        if (!was)
            return CancelOutcome::unknown;
        if (has_ended(was->state))
            return CancelOutcome::ended;
        // What waits to be repeated was sent. Held as restored it does not go on: it may be ended.
        const bool was_sent = !is_unsent(was->state) || (was->held_by != Hold::restored &&
                                                         may_have_been_executed(database, job));
        if (was_sent) {
            add_event(database, job, was->state, was->state,
                      fmt::format("cancel came too late: {}", reason), actor, now);
            return CancelOutcome::too_late;
        }
        const bool moved = transition(database, job, was->state, State::cancelled,
                                      {.reason = std::string{reason}}, actor, now);
        CLOUDPCD_ASSERT(moved);
        return CancelOutcome::cancelled;
    });
}

ApproveOutcome approve(store::Database& database, JobId job, const Approval& approval, UtcTime now)
{
    return in_transaction(database, [&] {
        const auto found = find(database, job);
        if (!found)
            return ApproveOutcome::unknown;
        const bool waiting =
            found->state == State::awaiting_approval || found->held_by == Hold::budget;
        if (!waiting)
            return ApproveOutcome::not_waiting;
        if (!approval.own_allowed && found->requested_by == approval.approver)
            return ApproveOutcome::own_request;
        if (!approval.seen_hash.empty() && approval.seen_hash != content_hash(*found))
            return ApproveOutcome::changed;
        write_approval(database, *found, approval, now);
        return ApproveOutcome::approved;
    });
}

bool is_approved(const Job& job, UtcTime now)
{
    if (!job.approved_at || job.approval_hash != content_hash(job))
        return false;
    const auto at = parse_sql_time(*job.approved_at);
    return at && now - *at <= approval_lifetime;
}

ResolveOutcome resolve(store::Database& database, JobId job, bool executed, std::string_view reason,
                       std::string_view actor, UtcTime now)
{
    return in_transaction(database, [&] {
        const auto was = standing_of(database, job);
        if (!was)
            return ResolveOutcome::unknown;
        if (was->state != State::in_doubt && was->held_by != Hold::restored)
            return ResolveOutcome::not_open;
        // Graph's own word, where there was one, stays: an accepted action whose end nobody saw was
        // executed, whatever became of it.
        const auto attempt = last_attempt(database, job);
        if (attempt && attempt->verdict == Verdict::unknown)
            record_verdict(database, attempt->attempt_id,
                           executed ? Verdict::executed : Verdict::not_executed, {}, now);
        const Change change{.reason = fmt::format("resolved by {} as {}: {}", actor,
                                                  executed ? "executed" : "not executed", reason)};
        const bool moved =
            transition(database, job, was->state, executed ? State::succeeded : State::failed,
                       change, actor, now);
        CLOUDPCD_ASSERT(moved);
        return ResolveOutcome::resolved;
    });
}

void erase_params(store::Database& database, JobId job)
{
    in_transaction(database, [&] {
        auto row = database.prepared(
            "UPDATE jobs SET params = '{\"erased\":true}' "
            "WHERE job_id = ? AND params IS NOT '{\"erased\":true}'");
        row.bind(1, job).run();
    });
}

std::vector<Job> next_queued(store::Database& database, UtcTime now, int max)
{
    const auto at = format_sql_time(now);
    auto row = database.prepared(
        select("WHERE state = 'queued' AND coalesce(not_before, '') <= ?1 "
               "AND coalesce(due_at, '') <= ?1 AND coalesce(expires_at, '9999') > ?1 "
               "ORDER BY priority, not_before, job_id LIMIT ?2"));
    row.bind(1, at).bind(2, max);
    return read_jobs(std::move(row));
}

std::vector<Job> queued_early(store::Database& database, UtcTime now, int max)
{
    const auto at = format_sql_time(now);
    auto row =
        database.prepared(select("WHERE state = 'queued' AND not_before > ?1 "
                                 "ORDER BY job_id LIMIT ?2"));
    row.bind(1, at).bind(2, max);
    return read_jobs(std::move(row));
}

std::int64_t bring_back_due(store::Database& database, UtcTime now)
{
    const auto at = format_sql_time(now);
    const auto bound = format_sql_time(now + due_ahead_max);
    // A budget has room again within a day; those behind others wait half a minute more each.
    const auto budget_bound = format_sql_time(now + std::chrono::days{1} + due_ahead_max);
    constexpr std::string_view beyond =
        "WHERE finished_at IS NULL AND due_at > ?1 AND "
        "(state IN ('queued', 'accepted', 'in_doubt') OR "
        " held_by IN ('target_busy', 'freeze', 'clock', 'login', 'unreadable') OR "
        " held_by = 'budget' AND due_at > ?2 OR "
        " held_by = 'not_before' AND due_at > not_before)";
    return in_transaction(database, [&] {
        auto there = database.prepared(fmt::format("SELECT 1 FROM jobs {} LIMIT 1", beyond));
        there.bind(1, bound).bind(2, budget_bound);
        if (!there.step())
            return std::int64_t{0};
        there.reset();
        auto row = database.prepared(fmt::format(
            "UPDATE jobs SET due_at = CASE WHEN state = 'queued' THEN ?1 "
            "WHEN held_by = 'not_before' THEN not_before ELSE ?3 END, updated_at = ?3 {}",
            beyond));
        row.bind(1, bound).bind(2, budget_bound).bind(3, at).run();
        return std::int64_t{database.changes()};
    });
}

std::vector<Job> due_held(store::Database& database, UtcTime now, int max)
{
    const auto at = format_sql_time(now);
    auto row =
        database.prepared(select("WHERE finished_at IS NULL AND state = 'held' AND due_at <= ?1 "
                                 "ORDER BY due_at, priority, job_id LIMIT ?2"));
    row.bind(1, at).bind(2, max);
    return read_jobs(std::move(row));
}

std::vector<Job> in_state(store::Database& database, State state, std::optional<Hold> hold,
                          JobId after, int max)
{
    std::optional<std::string_view> held_by;
    if (hold)
        held_by = to_string(*hold);
    auto row = database.prepared(
        select("WHERE state = ?1 AND job_id > ?2 AND (?3 IS NULL OR held_by = ?3) "
               "ORDER BY job_id LIMIT ?4"));
    row.bind(1, to_string(state)).bind(2, after).bind(3, held_by).bind(4, max);
    return read_jobs(std::move(row));
}

bool any_held(store::Database& database, Hold hold)
{
    auto row = database.prepared("SELECT 1 FROM jobs WHERE held_by = ?1 LIMIT 1");
    return row.bind(1, to_string(hold)).step();
}

std::vector<JobId> expire_due(store::Database& database, UtcTime now, int max)
{
    return in_transaction(database, [&] {
        const auto at = format_sql_time(now);
        std::vector<std::pair<JobId, State>> due;
        // A submitted row may still have another spelling of the time, which does not compare.
        auto row = database.prepared(
            "SELECT job_id, state FROM jobs WHERE finished_at IS NULL AND expires_at <= ?1 "
            "AND state IN ('submitted', 'awaiting_approval', 'held', 'queued') "
            "AND expires_at IS strftime('%Y-%m-%d %H:%M:%f', expires_at) "
            "ORDER BY expires_at, job_id LIMIT ?2");
        row.bind(1, at).bind(2, max);
        while (row.step())
            due.emplace_back(row.integer(0), parse_state(row.text(1)).value_or(State::submitted));
        row.reset();

        std::vector<JobId> expired;
        for (const auto& [job, state] : due) {
            if (transition(database, job, state, State::expired,
                           {.reason = "not sent before expires_at"}, daemon_actor, now))
                expired.push_back(job);
        }
        return expired;
    });
}

std::optional<UtcTime> next_due(store::Database& database)
{
    auto row = database.prepared(
        "SELECT min(at) FROM ("
        "SELECT * FROM (SELECT due_at AS at FROM jobs WHERE finished_at IS NULL "
        "  AND due_at IS NOT NULL ORDER BY due_at LIMIT 1) UNION ALL "
        "SELECT * FROM (SELECT expires_at AS at FROM jobs WHERE finished_at IS NULL "
        "  AND expires_at IS strftime('%Y-%m-%d %H:%M:%f', expires_at) AND expires_at IS NOT NULL "
        "  AND state IN ('submitted', 'awaiting_approval', 'held', 'queued') "
        "  ORDER BY expires_at LIMIT 1))");
    if (!row.step() || row.is_null(0))
        return std::nullopt;
    return parse_sql_time(row.text(0));
}

std::vector<Count> counts(store::Database& database)
{
    std::vector<Count> all;
    auto row = database.prepared("SELECT state, count(*) FROM jobs GROUP BY state");
    while (row.step()) {
        all.push_back(
            {.state = parse_state(row.text(0)).value_or(State::submitted), .jobs = row.integer(1)});
    }
    return all;
}

std::int64_t hold_restored(store::Database& database, UtcTime now)
{
    return in_transaction(database, [&] {
        mark_as_restored(database);
        std::vector<std::pair<JobId, State>> unsent;
        // A row that was not looked at yet may be rejected, for a secret that has to be erased too,
        // and has no times: it is taken in first.
        auto row = database.prepared(
            "SELECT job_id, state FROM jobs "
            "WHERE state IN ('awaiting_approval', 'held', 'queued') "
            "AND held_by IS NOT 'restored' ORDER BY job_id");
        while (row.step())
            unsent.emplace_back(row.integer(0),
                                parse_state(row.text(1)).value_or(State::submitted));
        row.reset();

        const Change change{.reason = std::string{restored_reason}, .held_by = Hold::restored};
        std::int64_t held = 0;
        for (const auto& [job, state] : unsent) {
            // A new job for the same machine must not wait for this one.
            close_targets(database, job);
            held +=
                transition(database, job, state, State::held, change, daemon_actor, now) ? 1 : 0;
        }
        return held;
    });
}

bool is_restored(store::Database& database, const Job& job)
{
    return job.job_id <= restored_up_to(database, restored_job);
}

bool is_restored(store::Database& database, const Attempt& attempt)
{
    return attempt.attempt_id <= restored_up_to(database, restored_attempt);
}

}  // namespace cloudpcd::jobs
