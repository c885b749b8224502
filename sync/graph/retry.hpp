#pragma once
// When a safe request is repeated, and after which wait. Pure: no clock, no I/O.

#include "sync/core/rng.hpp"
#include "sync/core/time.hpp"
#include "sync/graph/transport.hpp"

#include <optional>
#include <string_view>

namespace cloudpcd::graph {

/// Shortest wait that a Retry-After ends in: what asks for none, or for one in the past.
inline constexpr Duration retry_after_min = std::chrono::seconds{1};
/// Longest that is told apart; beyond any wait that is ever obeyed.
inline constexpr Duration retry_after_bound = std::chrono::hours{24 * 3650};

/// Shortest wait that obeys a `Retry-After` header.
///
/// Shape:  "120" | "2.128" | HTTP-date; surrounding blanks allowed
/// Units:  milliseconds, rounded up; from retry_after_min (also for zero, negative and past) to
///         retry_after_bound
/// Errors: nullopt when the text has neither form
/// Source: Graph "Throttling guidance" (its sample is 2.128); RFC 9110 section 10.2.3
std::optional<Duration> parse_retry_after(std::string_view value, UtcTime now) noexcept;

/// The longest wait that the response asks for. A date is taken relative to the response's own
/// Date, so that a wrong local clock neither shortens nor stretches it.
std::optional<Duration> retry_after(const HttpResponse& response, UtcTime local_now) noexcept;

struct Backoff {
    Duration first = std::chrono::seconds{1};  ///< upper edge of the first wait; doubles each time
    Duration cap = std::chrono::seconds{20};
    Duration floor = std::chrono::milliseconds{100};  ///< no wait is shorter: jitter is no hot loop

    /// Wait after the `failures`-th failure in a row (from 1): uniform between floor and the edge.
    Duration wait(int failures, Rng& rng) const;
};

/// Whether a safe request that was answered with `status` may be repeated.
/// Source: Graph "Microsoft Graph error responses and resource types"; 509 is its bandwidth limit.
bool is_retryable(int status) noexcept;

struct RetryLimits {
    int attempts_max;
    Duration budget;           ///< of time spent trying and backing off
    Duration retry_after_max;  ///< sum of the waits asked for
};

/// Attempts at a 500 without body and Content-Type, which has been permanent where it was seen.
inline constexpr int bodyless_attempts_max = 2;

/// One attempt that failed in a way that may pass.
struct Failure {
    Duration took{0};
    std::optional<Duration> asked{};  ///< its Retry-After
    bool bodyless_500 = false;
};

/// The repetitions of one request. Attempts answered with Retry-After count only by their waits.
class RetrySchedule {
public:
    explicit RetrySchedule(RetryLimits limits) : x_limits{limits} {}

    /// How long to wait before the next attempt; nullopt when there is to be none. Never less than
    /// was asked for.
    std::optional<Duration> after(const Failure& failure, Rng& rng);

private:
    Duration least_asked_wait() const;

    RetryLimits x_limits;
    int x_counted = 0;      ///< attempts that failed on their own
    int x_asked_times = 0;  ///< attempts answered with Retry-After
    Duration x_spent{0};
    Duration x_asked{0};
};

}  // namespace cloudpcd::graph
