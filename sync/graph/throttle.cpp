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

SteadyTime Throttle::next_token(QuotaClass quota)
{
    const double rate = per_minute(quota);
    const auto now = x_clock.steady_now();
    if (!(rate > 0))
        return now;  // unlimited
    refill(quota);
    const double missing = 1 - bucket(quota).tokens;
    if (missing <= tolerance)
        return now;
    const double wait = std::ceil(missing * ms_per_minute / rate);
    const auto longest = static_cast<double>(recheck_after.count());
    return now + Duration{static_cast<Duration::rep>(std::clamp(wait, 1.0, longest))};
}

boost::asio::awaitable<void> Throttle::acquire(QuotaClass quota)
{
    auto& waited = bucket(quota);
    [[maybe_unused]] const auto turn = co_await waited.turn.acquire();
    while (true) {
        const auto now = x_clock.steady_now();
        const auto free_at = std::max(waited.paused_until, next_token(quota));
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
    // Requests that were in flight together are refused together: one sign, one cut.
    if (now < paused.cut_at + cut_interval)
        return;
    paused.share = std::max(share_min, share_at(paused, now) * share_after_429);
    paused.cut_at = std::max(now, paused.paused_until);
    paused.tokens = std::min(paused.tokens, quota_burst(per_minute(quota)));
}

bool Throttle::paused(QuotaClass quota) const
{
    return x_clock.steady_now() < x_buckets[static_cast<std::size_t>(quota)].paused_until;
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
