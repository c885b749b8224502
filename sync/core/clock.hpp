#pragma once
// Time as the engine sees it. Production uses SystemClock; tests a virtual clock that jumps from
// one sleeper to the next, so that days pass in a second and every run replays identically.

#include "sync/core/error.hpp"
#include "sync/core/time.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>

namespace cloudpcd {

/// Monotonic; its epoch means nothing.
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::milliseconds>;

class Clock {
public:
    virtual ~Clock() = default;

    virtual SteadyTime steady_now() const = 0;
    virtual UtcTime utc_now() const = 0;

    /// Suspends until `time`. Cancellation ends it with operation_aborted as an exception.
    virtual boost::asio::awaitable<void> sleep_until(SteadyTime time) = 0;

    boost::asio::awaitable<void> sleep_for(Duration duration)
    {
        return sleep_until(steady_now() + duration);
    }
};

class SystemClock final : public Clock {
public:
    SteadyTime steady_now() const override;
    UtcTime utc_now() const override;
    boost::asio::awaitable<void> sleep_until(SteadyTime time) override;
};

/// Runs `operation`, cancelling it once `limit` has passed; then the result is Errc::transient.
/// T must be default constructible. Exceptions of `operation` (operation_aborted at shutdown) pass.
template <class T>
boost::asio::awaitable<Result<T>> with_deadline(Clock& clock,
                                                boost::asio::awaitable<Result<T>> operation,
                                                Duration limit)
{
    namespace asio = boost::asio;
    auto executor = co_await asio::this_coro::executor;
    // wait_for_one, not `operator||`: that waits for a success, so an operation that failed would
    // only surface when the timer fires, and as a timeout.
    auto group = asio::experimental::make_parallel_group(
        asio::co_spawn(executor, std::move(operation), asio::deferred),
        asio::co_spawn(executor, clock.sleep_for(limit), asio::deferred));
    auto [order, failure, result, timer_failure] =
        co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    if (!failure)
        co_return std::move(result);  // also when it finished just as the timer fired
    if (order[0] == 1 && !timer_failure)
        co_return Error{.code = Errc::transient, .message = "deadline exceeded"};
    std::rethrow_exception(failure);
}

}  // namespace cloudpcd
