#include "sync/graph/throttle.hpp"

#include <algorithm>
#include <cmath>

namespace cloudpcd::graph {

namespace {

constexpr double ms_per_minute = 60'000;
// Sleeps are cut in pieces, so that new limits reach who waits under the old ones.
constexpr Duration recheck_after = std::chrono::seconds{30};
// Sums of rounded refills may end a hair below a whole token.
constexpr double tolerance = 1e-9;

}  // namespace

Throttle::Throttle(Clock& clock, QuotaOptions options) : x_clock{clock}, x_options{options}
{
    for (std::size_t i = 0; i < quota_class_count; ++i) {
        x_buckets[i].tokens = quota_burst(options.per_minute[i]);
        x_buckets[i].refilled = clock.steady_now();
        x_buckets[i].cut_at = clock.steady_now() - cut_interval;
    }
}

double Throttle::share_at(const Bucket& of, SteadyTime now)
{
    const auto minutes = static_cast<double>((now - of.cut_at).count()) / ms_per_minute;
    return std::min(1.0, of.share + share_recovery * std::max(minutes, 0.0));
}

double Throttle::per_minute(QuotaClass quota) const
{
    const auto index = static_cast<std::size_t>(quota);
    return x_options.per_minute[index] * share_at(x_buckets[index], x_clock.steady_now());
}

void Throttle::refill(QuotaClass quota)
{
    auto& filled = bucket(quota);
    const auto now = x_clock.steady_now();
    const auto passed = static_cast<double>((now - filled.refilled).count());
    const double rate = std::max(per_minute(quota), 0.0);
    filled.tokens =
        std::min(filled.tokens + passed * rate / ms_per_minute, quota_burst(per_minute(quota)));
    filled.refilled = now;
}

/// A read in the background also leaves alone what is reserved, and what somebody already waits
/// for.
double Throttle::tokens_needed(QuotaClass quota, Priority priority) const
{
    if (priority == Priority::interactive)
        return 1;
    const auto& line = x_buckets[static_cast<std::size_t>(quota)]
                           .turns[static_cast<std::size_t>(Priority::interactive)];
    return 1 + std::max(quota_reserve(per_minute(quota)), line.taken() ? 1.0 : 0.0);
}

SteadyTime Throttle::next_token(QuotaClass quota, Priority priority)
{
    const double rate = per_minute(quota);
    const auto now = x_clock.steady_now();
    if (!(rate > 0))
        return now;  // unlimited
    refill(quota);
    const double missing = tokens_needed(quota, priority) - bucket(quota).tokens;
    if (missing <= tolerance)
        return now;
    const double wait = std::ceil(missing * ms_per_minute / rate);
    const auto longest = static_cast<double>(recheck_after.count());
    return now + Duration{static_cast<Duration::rep>(std::clamp(wait, 1.0, longest))};
}

boost::asio::awaitable<void> Throttle::acquire(QuotaClass quota, Priority priority)
{
    auto& waited = bucket(quota);
    [[maybe_unused]] const auto turn =
        co_await waited.turns[static_cast<std::size_t>(priority)].acquire();
    while (true) {
        const auto now = x_clock.steady_now();
        const auto free_at = std::max(waited.paused_until, next_token(quota, priority));
        if (free_at <= now)
            break;
        co_await x_clock.sleep_until(std::min(free_at, now + recheck_after));
    }
    if (per_minute(quota) > 0)
        waited.tokens -= 1;
}

void Throttle::pause(QuotaClass quota, Duration wait)
{
    refill(quota);  // what has passed counts at the old rate
    auto& paused = bucket(quota);
    const auto now = x_clock.steady_now();
    paused.paused_until = std::max(paused.paused_until, now + wait);
    cut(quota, share_after_429);
}

void Throttle::ease(QuotaClass quota, double load)
{
    if (!(load >= load_wanted))  // neither does a NaN count
        return;
    refill(quota);
    cut(quota, load_wanted / load);
}

/// Requests that were in flight together are answered together: one sign, one cut.
void Throttle::cut(QuotaClass quota, double factor)
{
    auto& slowed = bucket(quota);
    const auto now = x_clock.steady_now();
    if (now < slowed.cut_at + cut_interval)
        return;
    slowed.share = std::max(share_min, share_at(slowed, now) * factor);
    slowed.cut_at = std::max(now, slowed.paused_until);
    slowed.tokens = std::min(slowed.tokens, quota_burst(per_minute(quota)));
}

Duration Throttle::pause_left(QuotaClass quota) const
{
    const auto until = x_buckets[static_cast<std::size_t>(quota)].paused_until;
    return std::max(Duration::zero(), until - x_clock.steady_now());
}

void Throttle::configure(QuotaOptions options)
{
    for (std::size_t i = 0; i < quota_class_count; ++i)
        refill(static_cast<QuotaClass>(i));  // what has passed counts at the old rate
    x_options = options;
    for (std::size_t i = 0; i < quota_class_count; ++i)
        x_buckets[i].tokens = std::min(x_buckets[i].tokens, quota_burst(options.per_minute[i]));
}

}  // namespace cloudpcd::graph
