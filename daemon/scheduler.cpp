#include "daemon/scheduler.hpp"

#include "sync/core/log.hpp"
#include "sync/core/task_group.hpp"

#include <SQLiteCpp/Exception.h>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace cloudpcd::daemon {

namespace asio = boost::asio;

namespace {

constexpr Duration start_spread = std::chrono::seconds{1};
constexpr std::string_view disk_is_full = "the disk is full";

/// A full disk passes; anything else is for the supervisor.
void rethrow_unless_full(const SQLite::Exception& failure)
{
    if (failure.getErrorCode() != SQLITE_FULL)
        throw;
}

Duration scaled(Duration duration, double factor)
{
    return Duration{std::llround(static_cast<double>(duration.count()) * factor)};
}

/// Timers that were set together must not fire together for ever.
Duration with_jitter(Duration duration, Rng& rng)
{
    return scaled(duration, 1 - 0.1 * rng.uniform());
}

}  // namespace

Duration next_wait(const mirror::RunSummary& run, int failures, Duration interval, Rng& rng)
{
    switch (run.outcome) {
        case mirror::Outcome::complete:
        case mirror::Outcome::refused:
            return with_jitter(interval, rng);
        case mirror::Outcome::skipped:
            return with_jitter(std::max(interval, skipped_interval_min), rng);
        case mirror::Outcome::incomplete:
            break;
    }
    if (run.errc == Errc::unauthorized)
        return with_jitter(std::min(interval, credential_wait_max), rng);
    constexpr int doublings_max = 10;
    const auto wait = failure_wait_first * (1 << std::clamp(failures - 1, 0, doublings_max));
    return with_jitter(std::min({Duration{wait}, failure_wait_max, interval}), rng);
}

Scheduler::Scheduler(mirror::Puller& puller, Clock& clock, Rng& rng,
                     std::vector<ScheduledResource> resources)
    : x_puller{puller}, x_clock{clock}, x_rng{rng}, x_resources{std::move(resources)}
{}

asio::awaitable<std::vector<mirror::RunSummary>> Scheduler::run_once()
{
    std::vector<mirror::RunSummary> runs(x_resources.size());
    auto group = co_await TaskGroup::make();
    for (std::size_t i = 0; i < x_resources.size(); ++i)
        group.spawn(pull_into(*x_resources[i].table, runs[i]));
    co_await group.join();
    co_return runs;
}

asio::awaitable<void> Scheduler::run(Desk& desk)
{
    auto group = co_await TaskGroup::make();
    for (const auto& resource : x_resources) {
        auto* const asked = desk.find(resource.table->collection().table);
        CLOUDPCD_ASSERT(asked != nullptr);
        group.spawn(run_resource(resource, asked->pulls));
        group.spawn(verify_resource(*resource.table, asked->verifications));
    }
    co_await group.join();
}

Duration Scheduler::first_wait(const ScheduledResource& resource)
{
    const auto spread = scaled(start_spread, x_rng.uniform());
    if (!resource.last_read)
        return spread;
    const auto age = x_clock.utc_now() - *resource.last_read;
    if (age < Duration{0})  // the clock was set back: the age is not known
        return spread;
    return std::max(resource.interval - age, spread);
}

asio::awaitable<void> Scheduler::run_resource(ScheduledResource resource, PullQueue& asked)
{
    auto due = x_clock.steady_now() + first_wait(resource);
    int failures = 0;
    while (true) {
        const bool is_asked = co_await asked.wait_until(x_clock, due);
        const auto started = x_clock.steady_now();
        const auto run =
            co_await pull(*resource.table, is_asked ? asked.begin() : mirror::PullOrder{});
        if (is_asked)
            asked.finish(run);
        const bool broke_off = run.outcome == mirror::Outcome::incomplete;
        failures = broke_off ? failures + 1 : 0;
        const auto wait = next_wait(run, failures, resource.interval, x_rng);
        // The interval counts from start to start, unless the pull took longer than that.
        const auto from = broke_off ? x_clock.steady_now() : started;
        due = std::max(from + wait, x_clock.steady_now());
    }
}

/// Beside the pulls of the table: it may take long, and disturbs none of them.
asio::awaitable<void> Scheduler::verify_resource(const mirror::Table& table, VerifyQueue& asked)
{
    while (true) {
        co_await asked.wait();
        asked.begin();
        auto report = co_await verify(table);
        asked.finish(std::move(report));
    }
}

asio::awaitable<void> Scheduler::pull_into(const mirror::Table& table, mirror::RunSummary& run)
{
    run = co_await pull(table, {.occasion = mirror::Occasion::once});
}

asio::awaitable<mirror::RunSummary> Scheduler::pull(const mirror::Table& table,
                                                    mirror::PullOrder order)
{
    try {
        co_return co_await x_puller.pull(table, order);
    } catch (const SQLite::Exception& failure) {
        rethrow_unless_full(failure);
    }
    log::error("the disk is full; nothing of this pull was applied",
               {{"resource", table.collection().table}});
    mirror::RunSummary run;
    run.resource = table.collection().table;
    run.outcome = mirror::Outcome::incomplete;
    run.error = disk_is_full;
    co_return run;
}

asio::awaitable<mirror::VerifyReport> Scheduler::verify(const mirror::Table& table)
{
    try {
        co_return co_await x_puller.verify(table);
    } catch (const SQLite::Exception& failure) {
        rethrow_unless_full(failure);
    }
    co_return mirror::VerifyReport{.resource = std::string{table.collection().table},
                                   .error = std::string{disk_is_full}};
}

}  // namespace cloudpcd::daemon
