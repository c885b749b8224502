#pragma once
// One established byte stream, plain or TLS, whose every operation has a deadline.
//
// Deadlines here are on the real steady clock, not on Clock: below this line bytes come from a
// kernel that does not know virtual time. A deadline closes the socket, which ends whatever is in
// progress; nothing is left to race with.
//
// All of sync/graph's transport runs on one thread, the executor's.

#include "sync/core/error.hpp"
#include "sync/core/time.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace cloudpcd::graph {

/// A moment, and what it is called when it passes.
struct Deadline {
    static Deadline after(Duration limit, std::string_view what);

    std::chrono::steady_clock::time_point at;
    std::string_view what;  ///< of static storage: "TLS handshake"
    Duration limit;

    /// Errc::transient: "TLS handshake took longer than 10s".
    Error error() const;
};

Deadline earlier(const Deadline& a, const Deadline& b) noexcept;

struct Transfer {
    std::size_t bytes = 0;
    boost::system::error_code error{};    ///< as the stream gave it
    std::optional<Deadline> passed = {};  ///< the deadline that ended it
};

class Connection : public std::enable_shared_from_this<Connection> {
public:
    virtual ~Connection() = default;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Reads what there is, at least a byte. Exceptions: operation_aborted when cancelled.
    boost::asio::awaitable<Transfer> read_some(boost::asio::mutable_buffer buffer,
                                               Deadline deadline);
    /// Writes some of `buffer`, at least a byte. Exceptions as read_some.
    boost::asio::awaitable<Transfer> write_some(boost::asio::const_buffer buffer,
                                                Deadline deadline);

    /// False when the peer has closed, or sent what nobody asked for, while the connection was
    /// idle.
    bool quiet() noexcept;

    std::chrono::steady_clock::time_point opened() const noexcept { return x_opened; }

    std::chrono::steady_clock::time_point idle_since{};  ///< kept by the pool

protected:
    explicit Connection(const boost::asio::any_io_executor& executor);

    /// Awaits `operation`; at `deadline` closes the socket under it.
    boost::asio::awaitable<Transfer> guarded(boost::asio::awaitable<Transfer> operation,
                                             Deadline deadline);

    virtual boost::asio::awaitable<Transfer> do_read_some(boost::asio::mutable_buffer buffer) = 0;
    virtual boost::asio::awaitable<Transfer> do_write_some(boost::asio::const_buffer buffer) = 0;
    virtual boost::asio::ip::tcp::socket& socket() noexcept = 0;
    /// Bytes received but not yet read lie above the socket.
    virtual bool buffered() noexcept { return false; }

private:
    void arm(const Deadline& deadline);

    boost::asio::steady_timer x_alarm;
    std::chrono::steady_clock::time_point x_deadline = std::chrono::steady_clock::time_point::max();
    std::chrono::steady_clock::time_point x_opened = std::chrono::steady_clock::now();
    bool x_expired = false;
};

class PlainConnection final : public Connection {
public:
    explicit PlainConnection(boost::asio::ip::tcp::socket socket);

    /// Gives the socket away, to put TLS on it.
    boost::asio::ip::tcp::socket release() { return std::move(x_socket); }

private:
    boost::asio::awaitable<Transfer> do_read_some(boost::asio::mutable_buffer buffer) override;
    boost::asio::awaitable<Transfer> do_write_some(boost::asio::const_buffer buffer) override;
    boost::asio::ip::tcp::socket& socket() noexcept override { return x_socket; }

    boost::asio::ip::tcp::socket x_socket;
};

}  // namespace cloudpcd::graph
