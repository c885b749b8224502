#pragma once
// HTTP/1.1 on the control socket: connections, limits, and from a request to its handler.
//
// Anybody on the machine may connect, so nothing that a peer does costs more than a bounded amount
// of memory and time, and what a peer may not do is refused before its body is read.

#include "daemon/control/router.hpp"
#include "daemon/control/socket.hpp"
#include "sync/core/clock.hpp"
#include "sync/core/task_group.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <cstdint>
#include <filesystem>
#include <list>
#include <optional>

namespace cloudpcd::daemon::control {

inline constexpr std::uint32_t head_bytes_max = 8U * 1024;
inline constexpr std::uint64_t body_bytes_max = 1024ULL * 1024;
inline constexpr std::size_t body_depth_max = 32;
/// Of one user, so that nobody takes all of them.
inline constexpr std::size_t connections_per_user_max = 16;
inline constexpr std::size_t connections_max = 128;
/// Longest that a request may take to come in, and a connection may be silent.
inline constexpr Duration request_time_max = std::chrono::seconds{30};
/// Longest that a peer may take to read its answer.
inline constexpr Duration answer_time_max = std::chrono::seconds{30};
/// After the wish to end, answers that are on their way may take so long.
inline constexpr Duration ending_time_max = std::chrono::seconds{1};
/// What a refused request still has to say is read so long, so that the peer reads the refusal.
inline constexpr Duration linger_time_max = std::chrono::seconds{1};
inline constexpr std::uint64_t linger_bytes_max = 4 * body_bytes_max;
/// A socket that cannot be had is tried again.
inline constexpr Duration listen_retry = std::chrono::minutes{1};

class Server {
public:
    /// `clock` must outlive it. Before it is destroyed, stop() has to have ended.
    Server(boost::asio::any_io_executor executor, Clock& clock, std::filesystem::path path,
           Router router, Roles roles);

    /// Listens from now on; when the socket cannot be had, says so and tries again.
    void start();
    /// Serves a connection that somebody else accepted.
    void adopt(LocalSocket socket);
    /// For requests from now on.
    void set_roles(Roles roles) { x_roles = std::move(roles); }
    /// Removes the socket, lets requests end that are being answered, and cancels what remains.
    boost::asio::awaitable<void> stop();

private:
    using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
    using Message = boost::beast::http::response<boost::beast::http::string_body>;
    /// How the reading of a part of a request ended.
    struct Read {
        boost::system::error_code failure{};
        bool late = false;
    };
    struct Connection {
        LocalSocket socket;
        Caller caller{};
        boost::beast::flat_buffer buffer{std::size_t{64} * 1024};
        bool idle = true;  ///< waits for a request
    };

    boost::asio::awaitable<void> listen();
    boost::asio::awaitable<void> accept(Listener& listener);
    boost::asio::awaitable<void> serve(LocalSocket socket);
    boost::asio::awaitable<void> converse(Connection& connection);
    boost::asio::awaitable<bool> exchange(Connection& connection);
    boost::asio::awaitable<std::optional<Problem>> read_body(Connection& connection, Parser& parser,
                                                             Request& request);
    boost::asio::awaitable<Read> read(Connection& connection, Parser& parser, bool head);
    boost::asio::awaitable<std::optional<Reply>> answer(Connection& connection,
                                                        const Handler& handler, Request request);
    boost::asio::awaitable<bool> write(Connection& connection, const Reply& reply,
                                       const Parser& parser, bool keep_alive);
    boost::asio::awaitable<void> linger(Connection& connection);
    std::variant<Router::Match, Problem> admit(const Connection& connection, const Parser& parser);
    bool is_crowded(const Caller& caller) const;

    boost::asio::any_io_executor x_executor;
    Clock& x_clock;
    std::filesystem::path x_path;
    Router x_router;
    Roles x_roles;
    std::list<Connection> x_open;
    TaskGroup x_listening;
    TaskGroup x_conversations;
    bool x_ending = false;
};

}  // namespace cloudpcd::daemon::control
