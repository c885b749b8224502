#include "sync/core/clock.hpp"

#include <boost/asio/steady_timer.hpp>

namespace cloudpcd {

SteadyTime SystemClock::steady_now() const
{
    return std::chrono::time_point_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now());
}

UtcTime SystemClock::utc_now() const
{
    return std::chrono::time_point_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now());
}

boost::asio::awaitable<void> SystemClock::sleep_until(SteadyTime time)
{
    auto executor = co_await boost::asio::this_coro::executor;
    // One millisecond on top: steady_now() rounds down, and nobody may be woken early.
    boost::asio::steady_timer timer{executor, time + std::chrono::milliseconds{1}};
    co_await timer.async_wait(boost::asio::use_awaitable);
}

}  // namespace cloudpcd
