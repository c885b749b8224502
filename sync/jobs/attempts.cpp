#include "sync/jobs/attempts.hpp"

#include "sync/core/error.hpp"
#include "sync/jobs/events.hpp"
#include "sync/jobs/queue.hpp"

#include <fmt/format.h>

namespace cloudpcd::jobs {

namespace {

/// With read_attempt(): `SELECT <attempt_columns> FROM job_attempts`.
constexpr std::string_view attempt_columns =
    "attempt_id, job_id, attempt, client_request_id, method, path, body_sha256, acted_as, "
    "boot_id, intent_at, verdict, verdict_at, http_status, error_code, error_message, "
    "graph_request_id, evidence";

Attempt read_attempt(const store::Statement& row)
{
    return {
        .attempt_id = row.integer(0),
        .job_id = row.integer(1),
        .attempt = static_cast<int>(row.integer(2)),
        .client_request_id = row.string(3),
        .method = row.string(4),
        .path = row.string(5),
        .body_sha256 = row.optional_string(6),
        .acted_as = row.string(7),
        .boot_id = row.string(8),
        .intent_at = row.string(9),
        .verdict = parse_verdict(row.text(10)),
        .verdict_at = row.optional_string(11),
        .http_status =
            row.is_null(12) ? std::nullopt : std::optional{static_cast<int>(row.integer(12))},
        .error_code = row.optional_string(13),
        .error_message = row.optional_string(14),
        .graph_request_id = row.optional_string(15),
        .evidence = row.optional_string(16),
    };
}

std::vector<Attempt> read_all(store::Statement row)
{
    std::vector<Attempt> attempts;
    while (row.step())
        attempts.push_back(read_attempt(row));
    return attempts;
}

std::optional<Attempt> read_one(store::Statement row)
{
    return row.step() ? std::optional{read_attempt(row)} : std::nullopt;
}

std::string select(std::string_view rest)
{
    return fmt::format("SELECT {} FROM job_attempts {}", attempt_columns, rest);
}

/// Why the job cannot be sent as it is now, or the number of its next attempt.
struct Readiness {
    std::optional<IntentRefusal> refusal{};
    int attempt = 0;
};

Readiness readiness(store::Database& database, const Intent& intent, UtcTime now)
{
    const auto at = format_sql_time(now);
    auto row = database.prepared(
        "SELECT state, attempts, coalesce(not_before > ?2, 0), coalesce(expires_at <= ?2, 0) "
        "FROM jobs WHERE job_id = ?1");
    row.bind(1, intent.job_id).bind(2, at);
    if (!row.step() || row.text(0) != to_string(State::queued))
        return {.refusal = IntentRefusal::not_queued};
    if (row.integer(3) != 0)
        return {.refusal = IntentRefusal::expired};
    if (row.integer(2) != 0)
        return {.refusal = IntentRefusal::not_due};
    if (intent.risk > 0 && may_have_been_executed(database, intent.job_id))
        return {.refusal = IntentRefusal::sent_before};
    return {.attempt = static_cast<int>(row.integer(1)) + 1};
}

AttemptId insert_attempt(store::Database& database, const Intent& intent, int attempt,
                         const std::string& at)
{
    auto row = database.prepared(
        "INSERT INTO job_attempts (job_id, attempt, client_request_id, method, path, body_sha256, "
        "acted_as, boot_id, intent_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    row.bind(1, intent.job_id).bind(2, attempt).bind(3, intent.client_request_id);
    row.bind(4, intent.method).bind(5, intent.path).bind(6, intent.body_sha256);
    row.bind(7, intent.acted_as).bind(8, intent.boot_id).bind(9, at).run();
    return database.last_insert_rowid();
}

void insert_debit(store::Database& database, const Intent& intent, AttemptId attempt,
                  const std::string& at)
{
    auto row = database.prepared(
        "INSERT INTO guard_ledger (attempt_id, job_id, debited_at, cloud_pcs) VALUES (?, ?, ?, ?)");
    row.bind(1, attempt).bind(2, intent.job_id).bind(3, at).bind(4, intent.debit).run();
}

}  // namespace

Intended record_intent(store::Database& database, const Intent& intent, UtcTime now)
{
    return in_transaction(database, [&]() -> Intended {
        const auto ready = readiness(database, intent, now);
        if (ready.refusal)
            return {.refusal = *ready.refusal};
        if (!holders(database, intent.job_id, intent.targets).empty())
            return {.refusal = IntentRefusal::target_busy};

        const auto at = format_sql_time(now);
        set_targets(database, intent.job_id, intent.targets, /*open=*/true);
        const auto attempt = insert_attempt(database, intent, ready.attempt, at);
        if (intent.debit > 0)
            insert_debit(database, intent, attempt, at);
        add_event(database, intent.job_id, State::queued, State::sending,
                  fmt::format("attempt {}", ready.attempt), daemon_actor, now);
        // What was answered to an earlier attempt stands in its own row, and is not this one's.
        auto row = database.prepared(
            "UPDATE jobs SET state = 'sending', state_reason = NULL, due_at = NULL, risk = ?2, "
            "http_status = NULL, error_code = NULL, error_message = NULL, "
            "graph_request_id = NULL, attempts = attempts + 1, updated_at = ?3 "
            "WHERE job_id = ?1");
        row.bind(1, intent.job_id).bind(2, intent.risk).bind(3, at).run();
        return {.attempt = last_attempt(database, intent.job_id)};
    });
}

void record_verdict(store::Database& database, AttemptId attempt, Verdict verdict,
                    const Observation& seen, UtcTime now)
{
    in_transaction(database, [&] {
        const auto at = format_sql_time(now);
        auto row = database.prepared(
            "UPDATE job_attempts SET verdict = ?2, verdict_at = ?3, "
            "http_status = coalesce(?4, http_status), error_code = coalesce(?5, error_code), "
            "error_message = coalesce(?6, error_message), "
            "graph_request_id = coalesce(?7, graph_request_id), "
            "evidence = coalesce(?8, evidence) WHERE attempt_id = ?1");
        row.bind(1, attempt).bind(2, to_string(verdict)).bind(3, at).bind(4, seen.http_status);
        row.bind(5, seen.error_code).bind(6, seen.error_message).bind(7, seen.graph_request_id);
        row.bind(8, seen.evidence).run();
        CLOUDPCD_ASSERT(database.changes() == 1);
        if (verdict != Verdict::not_executed)
            return;
        auto refund = database.prepared(
            "UPDATE guard_ledger SET refunded_at = ?2 "
            "WHERE attempt_id = ?1 AND refunded_at IS NULL");
        refund.bind(1, attempt).bind(2, at).run();
    });
}

std::optional<Attempt> find_evidence(store::Database& database, std::string_view evidence)
{
    auto row = database.prepared(select("WHERE evidence = ?"));
    row.bind(1, evidence);
    return read_one(std::move(row));
}

std::vector<std::string> evidence_near(store::Database& database, JobId job)
{
    std::vector<std::string> evidence;
    auto row = database.prepared(
        "SELECT DISTINCT a.evidence FROM job_targets mine "
        "JOIN job_targets theirs ON theirs.resource = mine.resource "
        "  AND theirs.target_id = mine.target_id AND theirs.job_id <> mine.job_id "
        "JOIN job_attempts a ON a.job_id = theirs.job_id "
        "WHERE mine.job_id = ? AND a.evidence IS NOT NULL ORDER BY a.evidence");
    row.bind(1, job);
    while (row.step())
        evidence.push_back(row.string(0));
    return evidence;
}

std::vector<Attempt> attempts_without_verdict(store::Database& database)
{
    return read_all(database.prepared(select("WHERE verdict IS NULL ORDER BY attempt_id")));
}

std::int64_t doubt_unfinished(store::Database& database, UtcTime now)
{
    return in_transaction(database, [&] {
        std::int64_t moved = 0;
        for (const auto& attempt : attempts_without_verdict(database)) {
            record_verdict(database, attempt.attempt_id, Verdict::unknown, {}, now);
            const Change change{.reason =
                                    "the daemon stopped while the request was on its way; looking "
                                    "for what became of it",
                                .due_at = now};
            moved += transition(database, attempt.job_id, State::sending, State::in_doubt, change,
                                daemon_actor, now)
                         ? 1
                         : 0;
        }
        return moved;
    });
}

bool may_have_been_executed(store::Database& database, JobId job)
{
    auto row = database.prepared(
        "SELECT 1 FROM job_attempts WHERE job_id = ? AND verdict IS NOT 'not_executed' LIMIT 1");
    row.bind(1, job);
    return row.step();
}

std::vector<Attempt> attempts_of(store::Database& database, JobId job)
{
    auto row = database.prepared(select("WHERE job_id = ? ORDER BY attempt"));
    row.bind(1, job);
    return read_all(std::move(row));
}

std::optional<Attempt> last_attempt(store::Database& database, JobId job)
{
    auto row = database.prepared(select("WHERE job_id = ? ORDER BY attempt DESC LIMIT 1"));
    row.bind(1, job);
    return read_one(std::move(row));
}

AttemptId highest_attempt(store::Database& database)
{
    auto row = database.prepared("SELECT coalesce(max(attempt_id), 0) FROM job_attempts");
    row.step();
    return row.integer(0);
}

std::int64_t debited(store::Database& database, UtcTime since)
{
    const auto bound = format_sql_time(since);
    auto row = database.prepared(
        "SELECT coalesce(sum(cloud_pcs), 0) FROM guard_ledger "
        "WHERE debited_at > ? AND refunded_at IS NULL");
    row.bind(1, bound).step();
    return row.integer(0);
}

std::vector<Debit> debits(store::Database& database, UtcTime since)
{
    const auto bound = format_sql_time(since);
    std::vector<Debit> all;
    auto row = database.prepared(
        "SELECT job_id, debited_at, cloud_pcs FROM guard_ledger "
        "WHERE debited_at > ? AND refunded_at IS NULL ORDER BY debited_at, attempt_id");
    row.bind(1, bound);
    while (row.step()) {
        all.push_back({
            .job_id = row.integer(0),
            .at = parse_sql_time(row.text(1)).value_or(UtcTime{}),
            .cloud_pcs = row.integer(2),
        });
    }
    return all;
}

}  // namespace cloudpcd::jobs
