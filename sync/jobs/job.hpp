#pragma once
// A job as the queue stores it, its states, and the only ways between them.
//
//   submitted ─▶ queued ─▶ sending ─▶ accepted ─▶ succeeded | failed
//       │         ▲  │        │  ▲        │ ▲
//       ▼         │  ▼        │  │        ▼ │
//   awaiting_approval, held   │  └───── in_doubt       (back to the queue: class 0 only)
//                             └─▶ queued: proved not executed
//
// Before `sending` a job may also end as rejected, cancelled or expired, a dry run as checked.
// The same table is in the database (job_transitions), where triggers enforce it.

#include "sync/core/time.hpp"
#include "sync/store/database.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cloudpcd::jobs {

using JobId = std::int64_t;
using AttemptId = std::int64_t;

enum class State {
    submitted,
    awaiting_approval,
    held,
    queued,
    sending,
    accepted,
    in_doubt,
    succeeded,
    failed,
    rejected,
    cancelled,
    expired,
    checked,
};
inline constexpr std::size_t state_count = 13;

/// Why a job is held: what has to change before it is looked at again.
enum class Hold {
    not_before,   ///< its time has not come
    target_busy,  ///< another job is active on one of its objects
    budget,       ///< `due_at` says when it would fit
    freeze,       ///< writes are frozen
    clock,        ///< this machine's clock and Graph's differ
    login,        ///< needs the token of a user who has signed in
    unreadable,   ///< its target cannot be read from Graph
    retry,        ///< Graph asked for a long wait
    restored,     ///< its queue was restored from a backup: only a person lets go of it
};

/// What is known of one request.
enum class Verdict {
    executed,
    not_executed,  ///< proved: no byte was written, or Graph refused
    unknown,
};

std::string_view to_string(State state) noexcept;
std::string_view to_string(Hold hold) noexcept;
std::string_view to_string(Verdict verdict) noexcept;
std::optional<State> parse_state(std::string_view name) noexcept;
std::optional<Hold> parse_hold(std::string_view name) noexcept;
std::optional<Verdict> parse_verdict(std::string_view name) noexcept;

/// Succeeded, failed, rejected, cancelled, expired, checked: immutable.
bool has_ended(State state) noexcept;
/// Before `sending`: cancel wins, expiry applies, and a restored queue holds it.
bool is_unsent(State state) noexcept;
/// Whether there is such a change at all; some have a condition besides (see job_transitions).
bool may_follow(State from, State to) noexcept;

/// A row of `jobs`, as stored.
struct Job {
    JobId job_id = 0;
    std::string request_id{};
    std::string kind{};
    std::optional<std::string> target_id{};
    std::optional<std::string> params{};
    std::optional<std::string> expect{};
    std::optional<std::string> reason{};
    std::optional<std::string> requested_by{};
    std::optional<std::string> batch_id{};
    int priority = 5;
    /// As given while `submitted` (any spelling of SQLite's), `YYYY-MM-DD HH:MM:SS.sss` from
    /// fill() on.
    std::optional<std::string> not_before{};
    std::optional<std::string> expires_at{};
    bool dry_run = false;
    bool allow_duplicate = false;
    std::string created_at{};

    State state = State::submitted;
    std::optional<std::string> state_reason{};
    std::optional<Hold> held_by{};
    std::optional<std::string> due_at{};
    std::optional<std::string> target_name{};
    std::optional<int> risk{};
    std::optional<std::int64_t> touches{};
    std::optional<std::string> duplicate_key{};
    std::string origin{};
    bool actor_verified = false;
    std::optional<std::string> approved_by{};
    std::optional<std::string> approved_at{};
    std::optional<std::string> approval_hash{};
    std::optional<int> http_status{};
    std::optional<std::string> error_code{};
    std::optional<std::string> error_message{};
    std::optional<std::string> result{};
    std::optional<std::string> graph_request_id{};
    int attempts = 0;
    std::optional<std::string> updated_at{};
    std::optional<std::string> finished_at{};
};

/// Columns of `jobs` in the order that read_job() expects.
std::string_view job_columns() noexcept;
/// The row that `row` stands on; its query begins `SELECT <job_columns()>`.
Job read_job(const store::Statement& row);

/// SHA-256 in hex, lower case.
std::string sha256_hex(std::string_view text);

/// SHA-256, in hex, of what an approval is bound to: kind, target, params, expect and the number of
/// Cloud PCs touched.
std::string content_hash(const Job& job);

}  // namespace cloudpcd::jobs
