#include "sync/jobs/runner.hpp"

#include "sync/core/log.hpp"
#include "sync/jobs/attempts.hpp"
#include "sync/jobs/jobs_database.hpp"
#include "sync/jobs/listing.hpp"
#include "sync/jobs/queue.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

namespace cloudpcd::jobs {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

/// Jobs that tasks are at, at once: on their way to a request, looked at, tried dry. None waits
/// because there are many of another sort.
constexpr int carried_max = 24;
constexpr int looks_max = 8;
constexpr int checks_max = 8;
constexpr int relook_max = 200;
constexpr std::size_t expire_max = 200;
/// Without any news the queue is looked at so often.
constexpr Duration idle_max = 1min;
/// Something is due that cannot be done yet.
constexpr Duration overdue_wait = 1s;
constexpr Duration trouble_wait = 2s;

bool is_abort(const boost::system::system_error& error)
{
    return error.code() == asio::error::operation_aborted;
}

std::int64_t count_unfinished(store::Database& queue, bool enabled)
{
    auto row = queue.prepared(
        "SELECT count(*) FROM jobs WHERE finished_at IS NULL "
        "AND (state = 'sending' OR ?1 AND state IN ('submitted', 'queued'))");
    row.bind(1, enabled ? 1 : 0).step();
    return row.integer(0);
}

std::vector<JobId> ids_in_state(store::Database& queue, State state,
                                const std::optional<std::string>& finished_since)
{
    auto row = queue.prepared(
        "SELECT job_id FROM jobs WHERE state = ?1 AND (?2 IS NULL OR finished_at >= ?2) "
        "ORDER BY job_id");
    row.bind(1, to_string(state)).bind(2, finished_since);
    std::vector<JobId> ids;
    while (row.step())
        ids.push_back(row.integer(0));
    return ids;
}

}  // namespace

/// A dry run's place among those of its batch, given up with this.
class Runner::InBatch {
public:
    InBatch(Runner& runner, const Job& job)
        : x_runner{runner}, x_place{job.batch_id.value_or(""), job.job_id}
    {
        x_runner.x_checks.insert(x_place);
    }
    ~InBatch()
    {
        x_runner.x_checks.erase(x_place);
        x_runner.x_check_left.cancel();
    }
    InBatch(const InBatch&) = delete;
    InBatch& operator=(const InBatch&) = delete;

private:
    Runner& x_runner;
    std::pair<std::string, JobId> x_place;
};

Runner::Runner(Parts parts, Options options, QueueWatch* watch)
    : x_running{std::move(parts), std::move(options)},
      x_watch{watch},
      x_wake{x_running.parts().executor},
      x_tasks{x_running.parts().executor},
      x_writes{x_running.parts().executor},
      x_carrier{x_running, [this] { kick(); }},
      x_observer{x_running, [this] { kick(); }},
      x_check_left{x_running.parts().executor, asio::steady_timer::time_point::max()}
{}

void Runner::kick() noexcept
{
    x_targets_freed = true;
    x_wake.notify();
}

asio::awaitable<void> Runner::run()
{
    std::exception_ptr ended;
    try {
        co_await begin_in_time();
        if (x_watch != nullptr)
            x_tasks.spawn(watch_queue());
        while (true) {
            const auto found = co_await round(Looks::all);
            rethrow_failure();
            co_await sleep(found);
        }
    } catch (...) {
        ended = std::current_exception();
    }
    // Or the next wait would end at once, and with it what is on the wire.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await stop();
    std::rethrow_exception(ended);
}

asio::awaitable<Runner::Summary> Runner::run_once()
{
    const auto since = x_running.parts().clock.utc_now();
    std::exception_ptr failed;
    try {
        co_await begin_in_time();
        auto looks = Looks::all;
        while (true) {
            const auto found = co_await round(looks);
            looks = Looks::none;
            rethrow_failure();
            if (x_active.empty() && x_refreshing == 0 && found.unfinished == 0)
                break;
            co_await sleep(found);
        }
    } catch (...) {
        failed = std::current_exception();
    }
    // Or the next wait would end at once, and with it what is on the wire.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await stop();
    if (failed)
        std::rethrow_exception(failed);
    co_return co_await summary(since);
}

asio::awaitable<void> Runner::begin_in_time()
{
    while (true) {
        try {
            co_await begin();
            co_return;
        } catch (const SQLite::Exception& failure) {
            if (!pause_if_it_passes(failure))
                throw;
        }
        co_await x_running.parts().clock.sleep_for(trouble_wait);
    }
}

/// What an earlier process left: requests without a verdict, and a queue that may be a copy.
asio::awaitable<void> Runner::begin()
{
    auto& parts = x_running.parts();
    const auto now = parts.clock.utc_now();
    co_await parts.queue.run([&](store::Database& queue) {
        const auto check = parts.anchor.check(queue);
        if (check.state != AnchorState::normal) {
            x_running.freeze().turn_on(check.why);
            const auto held = queue.transaction([&] {
                renew_database_id(queue, parts.rng);
                return hold_restored(queue, now);
            });
            log::error("writes are frozen: the queue was restored, or is a copy",
                       {{"why", check.why}, {"held", held}});
        }
        // Before anything is sent, too: a copy is to know that it is one.
        x_carrier.write_anchor(queue);
        if (const auto doubted = doubt_unfinished(queue, now); doubted > 0)
            log::warning("requests were cut off by a stop of the daemon", {{"jobs", doubted}});
    });
}

asio::awaitable<Runner::Survey> Runner::round(Looks looks)
{
    Survey found;
    try {
        co_await take_in_all();
        found = co_await survey();
        if (!co_await x_carrier.anchor_works())
            x_paused_until = x_running.parts().clock.steady_now() + trouble_wait;
    } catch (const SQLite::Exception& failure) {
        if (!pause_if_it_passes(failure))
            throw;
        found.unfinished = 1;
        forget_what_was_seen();
    }
    if (!pausing())
        start(found, looks);
    co_return found;
}

bool Runner::pausing() noexcept
{
    return x_paused_until && x_running.parts().clock.steady_now() < *x_paused_until;
}

asio::awaitable<void> Runner::take_in_all()
{
    auto& parts = x_running.parts();
    while (true) {
        const auto known = x_running.outside();
        const auto taken = co_await parts.queue.run([&](store::Database& queue) {
            const auto some =
                jobs::take_in(queue, parts.mirror.database(), x_running.complete(known),
                              x_running.known_credential(), x_taken);
            x_secret_in_wal |= some.secret_erased;
            // A reader that is in the way is waited for, a round at a time.
            if (x_secret_in_wal)
                x_secret_in_wal = !queue.checkpoint_truncate();
            queue.checkpoint_if_due();
            return some;
        });
        x_taken = std::max(x_taken, taken.last);
        x_dry_runs.insert(taken.dry_runs.begin(), taken.dry_runs.end());
        if (taken.jobs < intake_max)
            co_return;
    }
}

asio::awaitable<Runner::Survey> Runner::survey()
{
    const auto known = x_running.outside();
    auto relook = changes_since(known);
    relook.targets |= co_await expire_all(known);
    co_return co_await x_running.parts().queue.run([&](store::Database& queue) {
        return survey_queue(queue, x_running.complete(known), relook);
    });
}

/// All whose time is over, at once: however many there are, none is to seem alive any longer. In
/// several commands, since others use the queue as well. True when there were any.
asio::awaitable<bool> Runner::expire_all(const Circumstances& known)
{
    const auto now = earliest_now(known);
    bool any = false;
    while (true) {
        const auto ended = co_await x_running.parts().queue.run([now](store::Database& queue) {
            const auto some = expire_due(queue, now, static_cast<int>(expire_max)).size();
            queue.checkpoint_if_due();
            return some;
        });
        any = any || ended > 0;
        if (ended < expire_max)
            co_return any;
    }
}

/// What has changed outside the queue since the last round, so that those held by it are judged
/// anew.
Relook Runner::changes_since(const Circumstances& now)
{
    Relook relook{.targets = std::exchange(x_targets_freed, false)};
    if (x_user != now.user && now.user)
        relook.holds.push_back(Hold::login);
    x_user = now.user;
    const bool wrong = clocks_disagree(now);
    if (x_clock_was_wrong && !wrong)
        relook.holds.push_back(Hold::clock);
    x_clock_was_wrong = wrong;
    return relook;
}

/// What has changed was not acted on: the next round finds it changed again.
void Runner::forget_what_was_seen() noexcept
{
    x_targets_freed = true;
    x_user.reset();
    x_clock_was_wrong = true;
}

Runner::Survey Runner::survey_queue(store::Database& queue, const Circumstances& known,
                                    const Relook& relook)
{
    auto& parts = x_running.parts();
    Survey found;
    bring_back_due(queue, known.now);
    if (known.settings.enabled) {
        Relook wanted = relook;
        // However short the freeze was: nothing is held by one that there is not.
        if (!known.frozen && any_held(queue, Hold::freeze))
            wanted.holds.push_back(Hold::freeze);
        while (look_again(queue, parts.mirror.database(), known, x_running.known_credential(),
                          wanted, relook_max) >= relook_max) {
        }
        found.queued = next_queued(queue, known.now, 2 * carried_max);
    }
    found.on_their_way = due_on_their_way(queue, known.now, 2 * looks_max);
    found.next = next_due(queue);
    found.unfinished = count_unfinished(queue, known.settings.enabled);
    queue.checkpoint_if_due();
    return found;
}

void Runner::start(const Survey& survey, Looks looks)
{
    for (const auto& job : survey.queued) {
        if (x_carried < carried_max)
            start_one(job.job_id, x_carried, [&] { return carry(job); });
    }
    while (!x_dry_runs.empty() && x_checked < checks_max) {
        const auto id = *x_dry_runs.begin();
        x_dry_runs.erase(x_dry_runs.begin());
        start_one(id, x_checked, [&] { return check(id); });
    }
    if (looks == Looks::none)
        return;
    for (const auto& job : survey.on_their_way) {
        if (x_looked_at < looks_max)
            start_one(job.job_id, x_looked_at, [&] { return x_observer.look(job); });
    }
}

/// Has a task work at the job, unless one does.
template <class Work>
void Runner::start_one(JobId job, int& count, Work work)
{
    if (!x_active.insert(job).second)
        return;
    ++count;
    x_tasks.spawn(guard(job, count, work()));
}

/// A task whose failure ends the run, but for what passes.
asio::awaitable<void> Runner::guard(JobId job, int& count, asio::awaitable<void> task)
{
    try {
        co_await std::move(task);
    } catch (...) {
        take_over(std::current_exception());
    }
    --count;
    x_active.erase(job);
    x_wake.notify();
}

bool Runner::pause_if_it_passes(const SQLite::Exception& failure)
{
    const auto why = passing_trouble(failure);
    if (!why)
        return false;
    log::error("jobs wait", {{"why", *why}});
    x_paused_until = x_running.parts().clock.steady_now() + trouble_wait;
    return true;
}

void Runner::take_over(std::exception_ptr thrown)
{
    try {
        std::rethrow_exception(std::move(thrown));
    } catch (const boost::system::system_error& error) {
        if (!is_abort(error) && !x_failure)
            x_failure = std::current_exception();
    } catch (const SQLite::Exception& error) {
        if (!pause_if_it_passes(error) && !x_failure)
            x_failure = std::current_exception();
    } catch (...) {
        if (!x_failure)
            x_failure = std::current_exception();
    }
}

void Runner::rethrow_failure()
{
    if (x_failure)
        std::rethrow_exception(x_failure);
}

asio::awaitable<void> Runner::carry(Job job)
{
    const auto id = job.job_id;
    auto departure = co_await x_carrier.prepare(std::move(job));
    if (!departure)
        co_return;
    // Its own task: an end of the daemon waits for what is on the wire.
    x_active.insert(-id);
    ++x_carried;
    x_writes.spawn(guard(-id, x_carried, deliver(*std::move(departure))));
}

asio::awaitable<void> Runner::deliver(Carrier::Departure departure)
{
    const auto job = departure.attempt.job_id;
    const auto plan = departure.plan;
    co_await x_carrier.send(std::move(departure));
    // Not here: an end of the daemon waits for this task, and need not wait for the mirror.
    if (!x_stopping)
        x_tasks.spawn(refresh(job, plan));
}

asio::awaitable<void> Runner::refresh(JobId job, Plan plan)
{
    ++x_refreshing;
    try {
        co_await x_observer.refresh_touched(job, std::move(plan));
    } catch (...) {
        take_over(std::current_exception());
    }
    --x_refreshing;
    x_wake.notify();
}

/// A dry run: everything but the sending. What the disk has no room for is tried again.
asio::awaitable<void> Runner::check(JobId id)
{
    try {
        co_await check_once(id);
    } catch (...) {
        x_dry_runs.insert(id);
        throw;
    }
}

asio::awaitable<void> Runner::check_once(JobId id)
{
    auto& parts = x_running.parts();
    const auto job =
        co_await parts.queue.run([id](store::Database& queue) { return find(queue, id); });
    if (!job || job->state != State::submitted)
        co_return;
    auto planned = make_plan(*job, x_running.known_credential());
    const auto* plan = std::get_if<Plan>(&planned);
    if (plan == nullptr)
        co_return;  // it was planned when it was taken in; nothing it depends on has changed
    const InBatch place{*this, *job};
    const auto facts = co_await x_carrier.read(*plan, *job);
    co_await wait_for_earlier_of_batch(*job);
    const auto known = x_running.outside();
    co_await parts.queue.run([&](store::Database& queue) {
        check_dry_run(queue, id, *plan, facts, x_running.complete(known));
    });
}

/// Each counts those before it, so that they end in their order, however long their reads take.
asio::awaitable<void> Runner::wait_for_earlier_of_batch(const Job& job)
{
    if (!job.batch_id)
        co_return;
    const auto asked = co_await asio::this_coro::cancellation_state;
    while (x_checks.lower_bound({*job.batch_id, 0})->second != job.job_id) {
        co_await x_check_left.async_wait(asio::as_tuple(asio::use_awaitable));
        if (asked.cancelled() != asio::cancellation_type::none)
            throw boost::system::system_error{asio::error::operation_aborted};
    }
}

asio::awaitable<void> Runner::watch_queue()
{
    while (!x_failure) {
        try {
            const auto change = co_await x_watch->wait_for_change();
            if (change.rows || change.freeze)
                x_wake.notify();
            continue;
        } catch (const boost::system::system_error&) {
            take_over(std::current_exception());
            break;  // the end
        } catch (...) {
            take_over(std::current_exception());
        }
        x_wake.notify();
        co_await x_running.parts().clock.sleep_for(trouble_wait);
    }
    x_wake.notify();
}

/// Until the next piece of work is due, or somebody says that there is some.
asio::awaitable<void> Runner::sleep(const Survey& survey)
{
    auto& clock = x_running.parts().clock;
    const auto now = clock.utc_now();
    Duration wait = idle_max;
    if (survey.next)
        wait = std::min(wait, *survey.next > now ? *survey.next - now : overdue_wait);
    if (pausing())
        wait = trouble_wait;
    co_await x_wake.wait_until(clock, clock.steady_now() + wait);
}

/// Ends what reads, and gives what is on the wire its time.
asio::awaitable<void> Runner::stop()
{
    x_stopping = true;
    x_carrier.stop();
    x_tasks.cancel();
    try {
        co_await x_tasks.join();
    } catch (const boost::system::system_error& ended) {
        if (!is_abort(ended))  // a task that had not begun yet
            throw;
    }
    auto& clock = x_running.parts().clock;
    const auto executor = co_await asio::this_coro::executor;
    auto group = asio::experimental::make_parallel_group(
        asio::co_spawn(executor, x_writes.join(), asio::deferred),
        asio::co_spawn(executor, clock.sleep_for(write_grace), asio::deferred));
    co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
}

asio::awaitable<Runner::Summary> Runner::summary(UtcTime since)
{
    co_return co_await x_running.parts().queue.run([since](store::Database& queue) {
        return Summary{.failed = ids_in_state(queue, State::failed, format_sql_time(since)),
                       .in_doubt = ids_in_state(queue, State::in_doubt, std::nullopt)};
    });
}

}  // namespace cloudpcd::jobs
