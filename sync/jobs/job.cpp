#include "sync/jobs/job.hpp"

#include "sync/core/error.hpp"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <utility>

namespace cloudpcd::jobs {

namespace {

template <class T>
using Names = std::span<const std::pair<T, std::string_view>>;

constexpr std::array<std::pair<State, std::string_view>, state_count> state_names{{
    {State::submitted, "submitted"},
    {State::awaiting_approval, "awaiting_approval"},
    {State::held, "held"},
    {State::queued, "queued"},
    {State::sending, "sending"},
    {State::accepted, "accepted"},
    {State::in_doubt, "in_doubt"},
    {State::succeeded, "succeeded"},
    {State::failed, "failed"},
    {State::rejected, "rejected"},
    {State::cancelled, "cancelled"},
    {State::expired, "expired"},
    {State::checked, "checked"},
}};

constexpr std::array<std::pair<Hold, std::string_view>, 9> hold_names{{
    {Hold::not_before, "not_before"},
    {Hold::target_busy, "target_busy"},
    {Hold::budget, "budget"},
    {Hold::freeze, "freeze"},
    {Hold::clock, "clock"},
    {Hold::login, "login"},
    {Hold::unreadable, "unreadable"},
    {Hold::retry, "retry"},
    {Hold::restored, "restored"},
}};

constexpr std::array<std::pair<Verdict, std::string_view>, 3> verdict_names{{
    {Verdict::executed, "executed"},
    {Verdict::not_executed, "not_executed"},
    {Verdict::unknown, "unknown"},
}};

template <class T>
std::string_view name_of(Names<T> names, T value) noexcept
{
    const auto found = std::ranges::find(names, value, &std::pair<T, std::string_view>::first);
    return found == names.end() ? std::string_view{} : found->second;
}

template <class T>
std::optional<T> value_of(Names<T> names, std::string_view name) noexcept
{
    const auto found = std::ranges::find(names, name, &std::pair<T, std::string_view>::second);
    return found == names.end() ? std::nullopt : std::optional{found->first};
}

using enum State;
constexpr std::array<std::pair<State, State>, 38> transitions{{
    {submitted, rejected},
    {submitted, awaiting_approval},
    {submitted, queued},
    {submitted, held},
    {submitted, cancelled},
    {submitted, expired},
    {submitted, checked},
    {awaiting_approval, queued},
    {awaiting_approval, held},
    {awaiting_approval, rejected},
    {awaiting_approval, cancelled},
    {awaiting_approval, expired},
    {held, queued},
    {held, awaiting_approval},
    {held, cancelled},
    {held, expired},
    {held, rejected},
    {held, succeeded},
    {held, failed},
    {queued, sending},
    {queued, held},
    {queued, awaiting_approval},
    {queued, succeeded},
    {queued, cancelled},
    {queued, expired},
    {queued, rejected},
    {sending, accepted},
    {sending, succeeded},
    {sending, failed},
    {sending, in_doubt},
    {sending, queued},
    {in_doubt, accepted},
    {in_doubt, succeeded},
    {in_doubt, failed},
    {in_doubt, queued},
    {accepted, succeeded},
    {accepted, failed},
    {accepted, in_doubt},
}};

std::optional<int> optional_int(const store::Statement& row, int column)
{
    if (row.is_null(column))
        return std::nullopt;
    return static_cast<int>(row.integer(column));
}

}  // namespace

std::string_view to_string(State state) noexcept
{
    return name_of<State>(state_names, state);
}

std::string_view to_string(Hold hold) noexcept
{
    return name_of<Hold>(hold_names, hold);
}

std::string_view to_string(Verdict verdict) noexcept
{
    return name_of<Verdict>(verdict_names, verdict);
}

std::optional<State> parse_state(std::string_view name) noexcept
{
    return value_of<State>(state_names, name);
}

std::optional<Hold> parse_hold(std::string_view name) noexcept
{
    return value_of<Hold>(hold_names, name);
}

std::optional<Verdict> parse_verdict(std::string_view name) noexcept
{
    return value_of<Verdict>(verdict_names, name);
}

bool has_ended(State state) noexcept
{
    constexpr std::array ended{succeeded, failed, rejected, cancelled, expired, checked};
    return std::ranges::count(ended, state) > 0;
}

bool is_unsent(State state) noexcept
{
    constexpr std::array unsent{submitted, awaiting_approval, held, queued};
    return std::ranges::count(unsent, state) > 0;
}

bool may_follow(State from, State to) noexcept
{
    return std::ranges::count(transitions, std::pair{from, to}) > 0;
}

std::string_view job_columns() noexcept
{
    return "job_id, request_id, kind, target_id, params, expect, reason, requested_by, batch_id, "
           "priority, not_before, expires_at, dry_run, allow_duplicate, created_at, state, "
           "state_reason, held_by, due_at, target_name, risk, touches, duplicate_key, origin, "
           "actor_verified, approved_by, approved_at, approval_hash, http_status, error_code, "
           "error_message, result, graph_request_id, attempts, updated_at, finished_at";
}

Job read_job(const store::Statement& row)
{
    int column = 0;
    const auto integer = [&] { return row.integer(column++); };
    const auto number = [&] { return optional_int(row, column++); };
    const auto text = [&] { return row.string(column++); };
    const auto optional = [&] { return row.optional_string(column++); };
    Job job;
    job.job_id = integer();
    job.request_id = text();
    job.kind = text();
    job.target_id = optional();
    job.params = optional();
    job.expect = optional();
    job.reason = optional();
    job.requested_by = optional();
    job.batch_id = optional();
    job.priority = static_cast<int>(integer());
    job.not_before = optional();
    job.expires_at = optional();
    job.dry_run = integer() != 0;
    job.allow_duplicate = integer() != 0;
    job.created_at = text();
    const auto state = parse_state(row.text(column++));
    CLOUDPCD_ASSERT(state.has_value());  // CHECK state_known
    job.state = *state;
    job.state_reason = optional();
    job.held_by = parse_hold(row.text(column++));
    job.due_at = optional();
    job.target_name = optional();
    job.risk = number();
    if (!row.is_null(column))
        job.touches = row.integer(column);
    ++column;
    job.duplicate_key = optional();
    job.origin = text();
    job.actor_verified = integer() != 0;
    job.approved_by = optional();
    job.approved_at = optional();
    job.approval_hash = optional();
    job.http_status = number();
    job.error_code = optional();
    job.error_message = optional();
    job.result = optional();
    job.graph_request_id = optional();
    job.attempts = static_cast<int>(integer());
    job.updated_at = optional();
    job.finished_at = optional();
    CLOUDPCD_ASSERT(column == row.column_count());
    return job;
}

std::string sha256_hex(std::string_view text)
{
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    std::string hex;
    for (const auto byte : digest)
        hex += fmt::format("{:02x}", byte);
    return hex;
}

std::string content_hash(const Job& job)
{
    // Every part with its length, so that nothing moves from one into the next unseen.
    std::string text;
    const auto add = [&](const std::optional<std::string>& part) {
        text += part ? fmt::format("{}:{}\n", part->size(), *part) : std::string{"-\n"};
    };
    add(job.kind);
    add(job.target_id);
    add(job.params);
    add(job.expect);
    text += job.touches ? fmt::format("{}\n", *job.touches) : std::string{"-\n"};

    return sha256_hex(text);
}

}  // namespace cloudpcd::jobs
