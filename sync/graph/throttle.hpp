#pragma once
// Client-side quota: one token bucket per throttling class of Graph, shared by everything that
// talks to the tenant, so that the service's own limit is not met in steady state.

#include "sync/core/clock.hpp"
#include "sync/graph/semaphore.hpp"

#include <boost/asio/awaitable.hpp>

#include <array>
#include <cstddef>

namespace cloudpcd::graph {

/// Source: Graph throttling limits, "Cloud PC service limits" (90 list and 270 get requests a
/// minute per app and tenant); everything else is undocumented and shares one conservative class.
enum class QuotaClass { cloud_pc_list, cloud_pc_get, other };
inline constexpr std::size_t quota_class_count = 3;

/// Who waits for the answer.
enum class Priority {
    background,   ///< nobody: what keeps the mirror fresh
    interactive,  ///< a job or a person
};
inline constexpr std::size_t priority_count = 2;

struct QuotaOptions {
    /// Requests per minute, indexed by QuotaClass; 0 is unlimited.
    std::array<double, quota_class_count> per_minute{60, 190, 120};
};

/// What a 429 leaves of the configured limit, at most once in cut_interval, and never less than
/// share_min; every minute without one gives share_recovery back.
inline constexpr double share_after_429 = 0.5;
inline constexpr double share_min = 0.1;
inline constexpr double share_recovery = 0.05;
inline constexpr Duration cut_interval = std::chrono::seconds{10};

/// Reads in the background leave this much of a burst to whoever is waited for.
inline constexpr double reserved_share = 0.25;

/// What Graph says of itself before it refuses: the part of a limit that is used up. A class that
/// is told of more slows down to this much.
/// Source: Microsoft Graph throttling limits, x-ms-throttle-limit-percentage: sent from 0.8 on, at
/// 1.0 throttling begins, at 1.8 most is refused.
inline constexpr double load_wanted = 0.8;

/// Requests that may follow one another without pause, of a class with that limit: a tenth of a
/// minute's worth, so that any minute sees at most 1.1 times the limit.
constexpr double quota_burst(double per_minute) noexcept
{
    return per_minute > 10 ? per_minute / 10 : 1;
}

/// Requests of a burst that reads in the background do not touch. Where a burst is one request
/// there is nothing to set aside, but who is waited for still goes first.
constexpr double quota_reserve(double per_minute) noexcept
{
    const double burst = quota_burst(per_minute);
    return reserved_share * burst < burst - 1 ? reserved_share * burst : burst - 1;
}

class Throttle {
public:
    Throttle(Clock& clock, QuotaOptions options);

    /// Suspends until a request of that class may be sent: interactive ones first, else in order of
    /// arrival. Then the request counts. Exceptions: operation_aborted when cancelled; nothing is
    /// counted then.
    boost::asio::awaitable<void> acquire(QuotaClass quota,
                                         Priority priority = Priority::background);

    /// After a 429: nothing of that class is sent before `wait` has passed, and then half as much a
    /// minute as before, which recovers slowly. Somebody else uses the same quota, or the service
    /// has less to give than is documented.
    void pause(QuotaClass quota, Duration wait);

    /// An answer said that so much of the service's limit is used up: from load_wanted on the class
    /// slows down in proportion, and recovers as after a 429.
    void ease(QuotaClass quota, double load);

    /// True while a pause of that class lasts; and how long it still does.
    bool paused(QuotaClass quota) const { return pause_left(quota) > Duration::zero(); }
    Duration pause_left(QuotaClass quota) const;

    /// Takes new limits (configuration reload).
    void configure(QuotaOptions options);

private:
    struct Bucket {
        double tokens = 0;
        SteadyTime refilled{};
        SteadyTime paused_until{};
        double share = 1;     ///< of the configured limit, after 429s
        SteadyTime cut_at{};  ///< when the share was cut last
        /// By Priority; held by whoever waits first for a token.
        std::array<Semaphore, priority_count> turns{Semaphore{1}, Semaphore{1}};
    };
    Bucket& bucket(QuotaClass quota) { return x_buckets[static_cast<std::size_t>(quota)]; }
    double per_minute(QuotaClass quota) const;
    static double share_at(const Bucket& of, SteadyTime now);
    void refill(QuotaClass quota);
    void cut(QuotaClass quota, double factor);
    double tokens_needed(QuotaClass quota, Priority priority) const;
    SteadyTime next_token(QuotaClass quota, Priority priority);

    Clock& x_clock;
    QuotaOptions x_options;
    std::array<Bucket, quota_class_count> x_buckets{};
};

}  // namespace cloudpcd::graph
