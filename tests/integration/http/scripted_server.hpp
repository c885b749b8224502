#pragma once
// A server on a loopback port that does, connection by connection, what a test says. It lives on
// the test's io_context: no threads, so its counters can be read whenever nothing runs.

#include "certificates.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::test {

struct ServerTls {
    Identity identity;
    bool version_1_1 = false;  ///< speaks nothing newer
    bool after_accept = true;  ///< false: the script calls Peer::handshake itself
};

class Server;

/// The server's end of one connection.
class Peer {
public:
    Peer(Server& server, boost::asio::ip::tcp::socket socket, std::size_t index);
    ~Peer();

    std::size_t index() const noexcept { return x_index; }  ///< of the connection, from 0

    /// One request with its body; empty when the client closed.
    boost::asio::awaitable<std::string> request();
    /// False when the client is gone.
    boost::asio::awaitable<bool> write(std::string_view text);
    /// Waits until the client closes, taking whatever it sends.
    boost::asio::awaitable<void> drain();
    boost::asio::awaitable<bool> handshake();
    /// TLS close_notify, then as close().
    boost::asio::awaitable<void> close_tls();
    void close();
    /// Closes with RST.
    void reset();

private:
    struct Tls;
    boost::asio::awaitable<std::size_t> read_some();

    Server& x_server;
    boost::asio::ip::tcp::socket x_socket;
    std::unique_ptr<Tls> x_tls;
    std::size_t x_index;
    std::string x_pending;
};

class Server {
public:
    using Script = std::function<boost::asio::awaitable<void>(Peer&)>;

    Server(boost::asio::io_context& io, Script script, std::optional<ServerTls> tls = std::nullopt);

    std::uint16_t port() const;
    void stop();

    std::size_t accepted = 0;
    std::size_t open = 0;  ///< connections whose script has not ended
    std::size_t open_max = 0;
    std::size_t handshakes = 0;
    std::size_t requests = 0;
    std::size_t bytes = 0;  ///< received, behind TLS
    std::size_t bytes_written = 0;
    std::vector<std::string> names;  ///< SNI of each handshake, "" for none

private:
    friend class Peer;
    boost::asio::awaitable<void> accept_all();
    boost::asio::awaitable<void> serve(boost::asio::ip::tcp::socket socket);

    boost::asio::ip::tcp::acceptor x_acceptor;
    Script x_script;
    std::optional<ServerTls> x_tls;
};

/// A listener whose backlog is full: connecting to it gets no answer, like a firewall that drops.
class BlackHole {
public:
    explicit BlackHole(boost::asio::io_context& io);
    std::uint16_t port() const;

private:
    boost::asio::ip::tcp::acceptor x_acceptor;
    std::vector<boost::asio::ip::tcp::socket> x_fillers;
};

std::string gzip(std::string_view text);

}  // namespace cloudpcd::test
