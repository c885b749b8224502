#include "sync/graph/connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <sys/socket.h>

namespace cloudpcd::graph {

namespace asio = boost::asio;
using asio::ip::tcp;

Deadline Deadline::after(Duration limit, std::string_view what)
{
    return {.at = std::chrono::steady_clock::now() + limit, .what = what, .limit = limit};
}

Error Deadline::error() const
{
    return Error{.code = Errc::transient,
                 .message = fmt::format("{} took longer than {}", what, format_duration(limit))};
}

Deadline earlier(const Deadline& a, const Deadline& b) noexcept
{
    return b.at < a.at ? b : a;
}

Connection::Connection(const asio::any_io_executor& executor) : x_alarm{executor}
{}

asio::awaitable<Transfer> Connection::read_some(asio::mutable_buffer buffer, Deadline deadline)
{
    return guarded(do_read_some(buffer), deadline);
}

asio::awaitable<Transfer> Connection::write_some(asio::const_buffer buffer, Deadline deadline)
{
    return guarded(do_write_some(buffer), deadline);
}

bool Connection::quiet() noexcept
{
    if (!socket().is_open() || buffered())
        return false;
    char byte = 0;
    const auto got = ::recv(socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

asio::awaitable<Transfer> Connection::guarded(asio::awaitable<Transfer> operation,
                                              Deadline deadline)
{
    arm(deadline);
    Transfer transfer = co_await std::move(operation);
    x_deadline = std::chrono::steady_clock::time_point::max();
    x_alarm.cancel();
    if (transfer.error && x_expired)
        transfer.passed = deadline;
    else if (transfer.error == asio::error::operation_aborted)
        throw boost::system::system_error{transfer.error};
    co_return transfer;
}

void Connection::arm(const Deadline& deadline)
{
    x_deadline = deadline.at;
    x_alarm.expires_at(deadline.at);
    x_alarm.async_wait([weak = weak_from_this()](const boost::system::error_code& ec) {
        const auto self = weak.lock();
        // The clock is asked again: this handler may have been queued before the alarm was moved.
        if (ec || !self || std::chrono::steady_clock::now() < self->x_deadline)
            return;
        self->x_expired = true;
        boost::system::error_code ignored;  // closing is all that can be done with it
        self->socket().close(ignored);
    });
}

PlainConnection::PlainConnection(tcp::socket socket)
    : Connection{socket.get_executor()}, x_socket{std::move(socket)}
{}

asio::awaitable<Transfer> PlainConnection::do_read_some(asio::mutable_buffer buffer)
{
    auto [ec, bytes] = co_await x_socket.async_read_some(asio::buffer(buffer),
                                                         asio::as_tuple(asio::use_awaitable));
    co_return Transfer{.bytes = bytes, .error = ec};
}

asio::awaitable<Transfer> PlainConnection::do_write_some(asio::const_buffer buffer)
{
    auto [ec, bytes] = co_await x_socket.async_write_some(asio::buffer(buffer),
                                                          asio::as_tuple(asio::use_awaitable));
    co_return Transfer{.bytes = bytes, .error = ec};
}

}  // namespace cloudpcd::graph
