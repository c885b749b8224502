#pragma once
// Time that passes only when nothing else can happen: whoever sleeps is woken at once, in order of
// time, and the clock jumps there. A day of polling takes milliseconds and every run is the same.
//
// For programs that live on one io_context alone; work on other threads would be missed.

#include "sync/core/clock.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

namespace cloudpcd::simulation {

class VirtualClock final : public Clock {
public:
    /// Where every virtual clock starts.
    static constexpr UtcTime epoch{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};
    /// Wakes at one instant after which a program is taken for a loop that waits for nothing.
    static constexpr int wakes_per_instant_max = 1'000'000;

    SteadyTime steady_now() const override { return x_state->now; }
    UtcTime utc_now() const override
    {
        return epoch + (x_state->now - steady_epoch) + x_state->wall_shift;
    }

    boost::asio::awaitable<void> sleep_until(SteadyTime time) override
    {
        // Wake and cancellation both end the wait of a timer that never expires by itself; the flag
        // tells them apart.
        Sleeper sleeper{x_state, time, co_await boost::asio::this_coro::executor};
        boost::system::error_code ignored;
        co_await sleeper.timer.async_wait(
            boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
        if (!sleeper.woken)
            throw boost::system::system_error{boost::asio::error::operation_aborted};
    }

    /// Runs until nobody is ready and nobody sleeps. What waits for something else then waits
    /// forever.
    void run(boost::asio::io_context& io)
    {
        run_until(io, [] { return false; });
    }

    /// Runs until `done()`, asked after every step of time.
    ///
    /// Gives: false when the program came to rest before
    bool run_until(boost::asio::io_context& io, std::predicate auto done)
    {
        while (true) {
            poll(io);
            if (done())
                return true;
            if (x_state->sleepers.empty())
                return false;
            wake_next();
        }
    }

    /// Runs for `duration` of virtual time; afterwards the clock stands exactly there.
    void run_for(boost::asio::io_context& io, Duration duration)
    {
        const SteadyTime end = x_state->now + duration;
        poll(io);
        while (!x_state->sleepers.empty() && x_state->sleepers.begin()->first.first <= end) {
            wake_next();
            poll(io);
        }
        x_state->now = std::max(x_state->now, end);
    }

    /// Runs `operation` to its end, and gives its result.
    ///
    /// Exceptions: those of the operation; logic_error when it waits for ever
    template <class T>
    T await(boost::asio::io_context& io, boost::asio::awaitable<T> operation)
    {
        std::optional<T> result;
        std::exception_ptr failure;
        boost::asio::co_spawn(io, std::move(operation), [&](std::exception_ptr thrown, T value) {
            failure = std::move(thrown);
            result.emplace(std::move(value));
        });
        if (!run_until(io, [&] { return result.has_value(); }))
            throw std::logic_error{"the operation waits for ever"};
        if (failure)
            std::rethrow_exception(failure);
        return *std::move(result);
    }

    /// Sets the wall clock forward or back; steady time does not notice.
    void shift_wall(Duration by) { x_state->wall_shift += by; }

    std::size_t sleepers() const noexcept { return x_state->sleepers.size(); }

private:
    struct Sleeper;
    using Key = std::pair<SteadyTime, std::uint64_t>;  // the number keeps equal times in order
    static constexpr SteadyTime steady_epoch{std::chrono::hours{1000}};

    struct State {
        SteadyTime now = steady_epoch;
        Duration wall_shift{0};
        std::uint64_t number = 0;
        int wakes_now = 0;
        std::map<Key, Sleeper*> sleepers;
    };

    // Lives in the coroutine frame. Holds the state because an io_context that goes away after the
    // clock destroys its frames last.
    struct Sleeper {
        Sleeper(std::shared_ptr<State> clock_state, SteadyTime time,
                const boost::asio::any_io_executor& executor)
            : state{std::move(clock_state)},
              key{time, state->number++},
              timer{executor, boost::asio::steady_timer::time_point::max()}
        {
            state->sleepers.emplace(key, this);
        }
        ~Sleeper() { state->sleepers.erase(key); }
        Sleeper(const Sleeper&) = delete;
        Sleeper& operator=(const Sleeper&) = delete;

        std::shared_ptr<State> state;
        Key key;
        boost::asio::steady_timer timer;
        bool woken = false;
    };

    static void poll(boost::asio::io_context& io)
    {
        io.restart();
        io.poll();
    }

    void wake_next()
    {
        const auto first = x_state->sleepers.begin();
        Sleeper& sleeper = *first->second;
        if (sleeper.key.first > x_state->now) {
            x_state->now = sleeper.key.first;
            x_state->wakes_now = 0;
        }
        if (++x_state->wakes_now > wakes_per_instant_max)
            throw std::logic_error{"virtual clock: a loop that never waits"};
        x_state->sleepers.erase(first);
        sleeper.woken = true;
        sleeper.timer.cancel();
    }

    std::shared_ptr<State> x_state = std::make_shared<State>();
};

}  // namespace cloudpcd::simulation
