#pragma once
// A loop that sleeps until its next piece of work, or until somebody says that there is some. One
// thread.

#include "sync/core/clock.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

namespace cloudpcd {

class Wake {
public:
    explicit Wake(const boost::asio::any_io_executor& executor)
        : x_timer{executor, boost::asio::steady_timer::time_point::max()}
    {}

    /// Ends the wait there is, or the next one at once.
    void notify() noexcept;

    /// Suspends until `time`, or until notify(). Gives true for the latter. One caller at a time.
    ///
    /// Exceptions: operation_aborted when cancelled
    boost::asio::awaitable<bool> wait_until(Clock& clock, SteadyTime time);

private:
    boost::asio::awaitable<void> wait();

    boost::asio::steady_timer x_timer;
    bool x_notified = false;
};

}  // namespace cloudpcd
