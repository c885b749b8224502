#pragma once
// What every test here has: a loop, a transport with short deadlines, and a way to run one request.

#include "scripted_server.hpp"
#include "sync/graph/http_transport.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/executor_work_guard.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace cloudpcd::test {

using graph::Attempt;
using graph::ConnectionUse;
using graph::HttpRequest;
using graph::HttpResponse;
using graph::HttpTransport;
using graph::HttpTransportOptions;
using graph::Origin;
using namespace std::chrono_literals;

/// Nothing here takes longer unless it hangs.
inline constexpr auto hang = 20s;

/// One request under way, and what became of it.
struct Sending {
    Attempt attempt;
    std::optional<Result<HttpResponse>> result;
    bool cancelled = false;  ///< ended with operation_aborted
    bool done = false;
    boost::asio::cancellation_signal cancel;

    int status() const { return result && *result ? (*result)->status : 0; }
    std::string body() const { return result && *result ? (*result)->body : "(failed)"; }
    std::string message() const { return result && !*result ? result->error().message : ""; }
    std::optional<Errc> error() const
    {
        return result && !*result ? std::optional{result->error().code} : std::nullopt;
    }
};

struct Loop {
    boost::asio::io_context io;
    /// Out of work for a moment is not stopped.
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
        io.get_executor()};

    /// Runs until `condition` holds; false when it hangs.
    template <class Condition>
    bool run_until(Condition condition)
    {
        const auto end = std::chrono::steady_clock::now() + hang;
        while (!condition()) {
            if (io.run_one_until(end) == 0)
                return false;
        }
        return true;
    }
    /// Lets everything that is ready run.
    void settle() { io.poll(); }
};

HttpTransportOptions quick_options();
std::unique_ptr<HttpTransport> make_transport(Loop& loop,
                                              HttpTransportOptions options = quick_options());

HttpRequest get(std::string scheme, std::string host, std::uint16_t port);
inline HttpRequest get(const Server& server)
{
    return get("http", "127.0.0.1", server.port());
}

/// Starts `request`; it proceeds when the loop runs.
std::shared_ptr<Sending> start(Loop& loop, HttpTransport& transport, HttpRequest request);
/// Runs `request` to its end.
std::shared_ptr<Sending> run(Loop& loop, HttpTransport& transport, HttpRequest request);

/// Answers each request of a connection with `response`.
Server::Script always(std::string response);
/// Reads one request, writes `response`, closes.
Server::Script once(std::string response);

std::string ok(std::string_view body, std::string_view headers = "");

}  // namespace cloudpcd::test
