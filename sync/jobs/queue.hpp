#pragma once
// What may be done to the jobs of the queue. Functions on its database, run on its store thread;
// each is one transaction, or part of the caller's where one is open (in_transaction), so that the
// runner can put guards, claim and intent into a single BEGIN IMMEDIATE.
//
// Times come from the caller's clock. `actor` of an event: "daemon", or a person as the kernel
// knows them. Every change of state writes a row of job_events; what the tables of the database
// forbid throws SQLite::Exception, and is a bug of the caller.
//
// Requests (intent, verdict, ledger): attempts.hpp. Objects that jobs touch: targets.hpp.
// Looking at jobs: listing.hpp.

#include "sync/jobs/job.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::jobs {

struct Attempt;

/// Runs `body` in the open transaction, or in one of its own.
template <class F>
auto in_transaction(store::Database& database, F&& body)
{
    if (database.in_transaction())
        return std::forward<F>(body)();
    return database.transaction(std::forward<F>(body));
}

// Submitting ------------------------------------------------------------------------------------

/// What a client of the control API asks for. The kernel vouches for `requested_by`.
struct Submission {
    std::optional<std::string> request_id{};  ///< absent: the database makes one
    std::string kind{};
    std::optional<std::string> target_id{};
    std::optional<std::string> params{};
    std::optional<std::string> expect{};
    std::optional<std::string> reason{};
    std::optional<std::string> requested_by{};
    std::optional<std::string> batch_id{};
    std::optional<int> priority{};
    std::optional<std::string> not_before{};
    std::optional<std::string> expires_at{};
    bool dry_run = false;
    bool allow_duplicate = false;
};

struct Submitted {
    enum class Outcome {
        added,
        repeated,  ///< the same request_id with the same content: the job there is
        conflict,  ///< the same request_id with other content
        refused,   ///< `why`: what the row must not say, in words for its author
    };
    Outcome outcome{};
    JobId job_id = 0;  ///< not of `refused`
    std::string why{};
};

/// Adds a job as the control API (origin `api`, actor_verified 1); once per request_id.
Submitted submit(store::Database& database, const Submission& submission, std::string_view actor,
                 UtcTime now);

/// Jobs to be validated, oldest first, with a job_id above `after`, at most `max`.
std::vector<Job> take_submitted(store::Database& database, JobId after, int max);

/// What validation found out. Members that are absent stay as they are.
struct Filled {
    std::optional<std::string> target_name{};
    std::optional<int> risk{};
    std::optional<std::int64_t> touches{};
    std::optional<std::string> duplicate_key{};
    /// While submitted only: the default, or the respelling of what was given.
    std::optional<UtcTime> not_before{};
    std::optional<UtcTime> expires_at{};
};

/// Fills columns of a job that has not been sent (again at each claim: touches may have changed).
void fill(store::Database& database, JobId job, const Filled& filled, UtcTime now);

/// A time as SQLite reads it, for what an INSERT gave; nullopt when it reads none.
std::optional<UtcTime> read_given_time(store::Database& database, std::string_view text);

// Changing state --------------------------------------------------------------------------------

/// What goes with a change of state. Absent members of an answer stay as they are.
struct Change {
    /// state_reason, for people; empty: none. An end before it is sent also says when an earlier
    /// attempt may have been executed.
    std::string reason{};
    std::optional<Hold> held_by{};    ///< of `held`, and only then
    std::optional<UtcTime> due_at{};  ///< when to look again; absent: not by time
    std::optional<int> http_status{};
    std::optional<std::string> error_code{};
    std::optional<std::string> error_message{};
    std::optional<std::string> result{};
    std::optional<std::string> graph_request_id{};
    bool erase_params = false;  ///< into an end only: they hold, or may hold, a literal secret
};

/// Moves the job from one state to another, or gives it a new reason, hold or due time in the same
/// one (an event is written only when reason or hold differ). False, with nothing done, when it is
/// in another state by now: a cancel was first.
[[nodiscard]] bool transition(store::Database& database, JobId job, State from, State to,
                              const Change& change, std::string_view actor, UtcTime now);

enum class CancelOutcome {
    cancelled,
    too_late,  ///< sending, sent or to be repeated: the job goes on, the wish is recorded
    ended,
    unknown,  ///< no such job
};
CancelOutcome cancel(store::Database& database, JobId job, std::string_view reason,
                     std::string_view actor, UtcTime now);

enum class ApproveOutcome {
    approved,  ///< queued
    not_waiting,
    own_request,  ///< nobody approves their own unless `own_allowed`
    changed,      ///< not what `seen_hash` says
    unknown,
};
struct Approval {
    std::string approver{};   ///< verified identity, as in requested_by
    std::string actor{};      ///< the same, as in events
    std::string seen_hash{};  ///< content_hash() of what the approver was shown; empty: as it is
    bool own_allowed = false;
};
/// Approves a job that awaits it or is held by a budget; others are left.
ApproveOutcome approve(store::Database& database, JobId job, const Approval& approval, UtcTime now);

/// True while the approval counts: given for this very content, at most 24 h ago.
bool is_approved(const Job& job, UtcTime now);

enum class ResolveOutcome { resolved, not_open, unknown };
/// A person's verdict over a job in doubt, or one held as restored: succeeded or failed.
ResolveOutcome resolve(store::Database& database, JobId job, bool executed, std::string_view reason,
                       std::string_view actor, UtcTime now);

/// Overwrites the params of a job that has ended, for a literal secret found late. Afterwards
/// Database::checkpoint_truncate(), outside the transaction, until it returns true: the WAL has the
/// page as it was.
void erase_params(store::Database& database, JobId job);

// Time ------------------------------------------------------------------------------------------

/// Jobs that are queued and due, in the order in which they are sent: priority, not_before, job_id.
std::vector<Job> next_queued(store::Database& database, UtcTime now, int max);

/// Jobs that are queued before their not_before, oldest first: one was taken in, or the clock was
/// read, while this machine's clock was ahead.
std::vector<Job> queued_early(store::Database& database, UtcTime now, int max);

/// No wait that the daemon gives by itself is longer; of a budget a day more.
inline constexpr std::chrono::hours due_ahead_max{1};

/// Brings due times back that only a wrong clock can have given: what may go is due in
/// due_ahead_max, which is not before any Retry-After, all else now. Returns how many there were.
std::int64_t bring_back_due(store::Database& database, UtcTime now);

/// Held jobs whose due time has come, oldest first.
std::vector<Job> due_held(store::Database& database, UtcTime now, int max);

/// Jobs in this state (of `held`, for this reason), oldest first, with a job_id above `after`.
std::vector<Job> in_state(store::Database& database, State state, std::optional<Hold> hold,
                          JobId after, int max);

bool any_held(store::Database& database, Hold hold);

/// Ends what is unsent at its expires_at, whatever held it; at most `max`. Returns who it was.
/// A submitted job counts once fill() gave it its expiry.
std::vector<JobId> expire_due(store::Database& database, UtcTime now, int max);

/// The earliest due_at of an open job, or expires_at of an unsent one; nullopt: none. A job that
/// waits for its not_before is held, with that as its due_at.
std::optional<UtcTime> next_due(store::Database& database);

/// How many jobs there are in each state.
struct Count {
    State state{};
    std::int64_t jobs = 0;
};
std::vector<Count> counts(store::Database& database);

// Restored queues -------------------------------------------------------------------------------

/// Why they are held, for people.
inline constexpr std::string_view restored_reason =
    "restored from a backup, and may have been sent before: resolve it, cancel it, or submit it "
    "anew";

/// Holds every unsent job as restored, and marks all jobs and attempts that there are as
/// is_restored(): those still submitted take_in() holds. Returns how many it held itself.
std::int64_t hold_restored(store::Database& database, UtcTime now);

/// Whether the job was there when the queue was restored.
bool is_restored(store::Database& database, const Job& job);

/// Whether the attempt was there when the queue was restored. Its job may have been sent again
/// since the backup: it is looked at, and not repeated.
bool is_restored(store::Database& database, const Attempt& attempt);

}  // namespace cloudpcd::jobs
