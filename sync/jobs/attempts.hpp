#pragma once
// Requests: the intent that is durable before the first byte, the verdict after, and the ledger
// that budgets are counted from.

#include "sync/jobs/job.hpp"
#include "sync/jobs/targets.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::jobs {

/// A row of job_attempts.
struct Attempt {
    AttemptId attempt_id = 0;  ///< over all jobs; goes into the anchor
    JobId job_id = 0;
    int attempt = 0;  ///< of the job, from 1
    std::string client_request_id{};
    std::string method{};
    std::string path{};
    std::optional<std::string> body_sha256{};
    std::string acted_as{};
    std::string boot_id{};
    std::string intent_at{};
    std::optional<Verdict> verdict{};
    std::optional<std::string> verdict_at{};
    std::optional<int> http_status{};
    std::optional<std::string> error_code{};
    std::optional<std::string> error_message{};
    std::optional<std::string> graph_request_id{};
    std::optional<std::string> evidence{};
};

struct Intent {
    JobId job_id = 0;
    std::string client_request_id{};  ///< fresh
    std::string method{};
    std::string path{};  ///< from the version on
    std::optional<std::string> body_sha256{};
    std::string acted_as{};  ///< "application", or the user who signed in
    std::string boot_id{};
    int risk = 0;
    std::vector<Target> targets{};  ///< all that the request touches
    std::int64_t debit = 0;         ///< Cloud PCs taken from the budgets; 0: none
};

enum class IntentRefusal {
    not_queued,   ///< cancelled, or moved, since it was looked at
    not_due,      ///< before not_before
    expired,      ///< at or after expires_at; expire_due() ends it
    target_busy,  ///< another job holds one of the objects
    sent_before,  ///< class 1 or 2, and an earlier attempt may have been executed
};

struct Intended {
    std::optional<Attempt> attempt{};
    IntentRefusal refusal{};  ///< without an attempt
};

/// The claim's last step: re-checks the job as it is now, then writes attempt, open targets, debit
/// and state `sending`. Guards of the runner (freeze, budgets, approval, `expect`) belong into the
/// same transaction, before it. Once it is committed, the anchor, then the wire.
Intended record_intent(store::Database& database, const Intent& intent, UtcTime now);

/// What was seen of a request.
struct Observation {
    std::optional<int> http_status{};
    std::optional<std::string> error_code{};
    std::optional<std::string> error_message{};
    std::optional<std::string> graph_request_id{};
    /// Of a verdict reached later: the piece that proved it. One piece proves one attempt.
    std::optional<std::string> evidence{};
};

/// Writes the verdict of an attempt and, when it was not executed, gives its debit back. The state
/// of the job is changed by transition(), in the same transaction.
void record_verdict(store::Database& database, AttemptId attempt, Verdict verdict,
                    const Observation& seen, UtcTime now);

/// The attempt that a piece of evidence already explains.
std::optional<Attempt> find_evidence(store::Database& database, std::string_view evidence);

/// Evidence of the attempts of other jobs that touch an object of `job`: explained already.
std::vector<std::string> evidence_near(store::Database& database, JobId job);

/// Attempts that a stop of the daemon cut off, oldest first: whether they were executed is unknown.
std::vector<Attempt> attempts_without_verdict(store::Database& database);

/// At start: gives each of those the verdict `unknown` and moves its job to in_doubt.
std::int64_t doubt_unfinished(store::Database& database, UtcTime now);

/// Whether an attempt of the job is not proved to have come to nothing. Of a job that waits to be
/// sent: it is of class 0, and is to be repeated.
bool may_have_been_executed(store::Database& database, JobId job);

std::vector<Attempt> attempts_of(store::Database& database, JobId job);
/// The newest of a job.
std::optional<Attempt> last_attempt(store::Database& database, JobId job);
/// Over all jobs; 0 before the first.
AttemptId highest_attempt(store::Database& database);

/// Cloud PCs debited after `since` and not given back.
std::int64_t debited(store::Database& database, UtcTime since);

struct Debit {
    JobId job_id = 0;
    UtcTime at{};
    std::int64_t cloud_pcs = 0;
};
/// Those debits, oldest first: when each leaves its window, so much fits again.
std::vector<Debit> debits(store::Database& database, UtcTime since);

}  // namespace cloudpcd::jobs
