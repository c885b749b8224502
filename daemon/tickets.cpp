#include "daemon/tickets.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/system/system_error.hpp>

namespace cloudpcd::daemon {

namespace asio = boost::asio;

asio::awaitable<void> wait_for_signal(asio::steady_timer& timer)
{
    boost::system::error_code woken;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    const auto asked = co_await asio::this_coro::cancellation_state;
    if (asked.cancelled() != asio::cancellation_type::none)
        throw boost::system::system_error{asio::error::operation_aborted};
}

}  // namespace cloudpcd::daemon
