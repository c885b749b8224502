#include "daemon/tickets.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

namespace cloudpcd::daemon {

namespace asio = boost::asio;

asio::awaitable<void> wait_for_signal(asio::steady_timer& timer)
{
    const auto asked = co_await asio::this_coro::cancellation_state;  // a view, also of later
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    if (asked.cancelled() != asio::cancellation_type::none)
        throw boost::system::system_error{asio::error::operation_aborted};
}

}  // namespace cloudpcd::daemon
