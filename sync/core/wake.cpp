#include "sync/core/wake.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <utility>

namespace cloudpcd {

namespace asio = boost::asio;

void Wake::notify() noexcept
{
    x_notified = true;
    x_timer.cancel();
}

asio::awaitable<void> Wake::wait()
{
    const auto asked = co_await asio::this_coro::cancellation_state;  // a view, also of later
    while (!x_notified) {
        co_await x_timer.async_wait(asio::as_tuple(asio::use_awaitable));
        if (asked.cancelled() != asio::cancellation_type::none)
            throw boost::system::system_error{asio::error::operation_aborted};
    }
}

asio::awaitable<bool> Wake::wait_until(Clock& clock, SteadyTime time)
{
    if (!x_notified) {
        const auto executor = co_await asio::this_coro::executor;
        auto group = asio::experimental::make_parallel_group(
            asio::co_spawn(executor, wait(), asio::deferred),
            asio::co_spawn(executor, clock.sleep_until(time), asio::deferred));
        const auto [order, notified, slept] =
            co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
        if (notified && slept)
            std::rethrow_exception(slept);
    }
    co_return std::exchange(x_notified, false);
}

}  // namespace cloudpcd
