#pragma once
// A scripted network on a virtual clock, and what the log says meanwhile.

#include "sync/core/rng.hpp"
#include "sync/graph/transport.hpp"
#include "tests/simulation/virtual_clock.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cloudpcd::graph::test {

using simulation::VirtualClock;

/// Answers by a function and keeps what it was asked.
class ScriptedTransport final : public Transport {
public:
    using Answer = std::function<Result<HttpResponse>(const HttpRequest&)>;
    struct Seen {
        SteadyTime at;
        HttpRequest request;
    };

    explicit ScriptedTransport(Clock& clock) : x_clock{clock} {}

    boost::asio::awaitable<Result<HttpResponse>> send(HttpRequest request,
                                                      Attempt& attempt) override
    {
        attempt = {.request_written = reachable, .request_lines_written = reachable ? 1 : 0};
        seen.push_back({x_clock.steady_now(), request});
        in_flight_max = std::max(in_flight_max, ++in_flight);
        const struct Leave {
            int& count;
            ~Leave() { --count; }
        } leave{in_flight};
        co_await x_clock.sleep_for(latency);
        co_return answer(request);
    }

    Answer answer;
    bool reachable = true;  ///< a byte of a request leaves before it fails
    Duration latency = std::chrono::milliseconds{50};
    std::vector<Seen> seen;
    int in_flight = 0;
    int in_flight_max = 0;

private:
    Clock& x_clock;
};

/// Everything a graph test runs on; io_context first, so that it goes away last.
struct Network {
    boost::asio::io_context io;
    VirtualClock clock;
    SeededRng rng{1};
    ScriptedTransport transport{clock};

    /// Runs `operation` to its end.
    template <class T>
    T await(boost::asio::awaitable<T> operation)
    {
        return clock.await(io, std::move(operation));
    }
};

/// The value, or the end of the test.
template <class T>
T value_of(Result<T> result)
{
    if (!result)
        throw std::logic_error{result.error().describe()};
    return *std::move(result);
}

/// What is written to stderr as long as it lives.
class StderrCapture {
public:
    StderrCapture();
    ~StderrCapture();
    StderrCapture(const StderrCapture&) = delete;
    StderrCapture& operator=(const StderrCapture&) = delete;

    std::string text() const;

private:
    int x_saved;
    int x_file;
};

std::string base64url(std::string_view text);
/// An unsigned JWT with these claims.
std::string jwt(std::string_view payload);
HttpResponse json_response(int status, std::string body, std::vector<Header> headers = {});
std::size_t count_of(std::string_view text, std::string_view part);

}  // namespace cloudpcd::graph::test
