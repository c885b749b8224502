#include "tests/simulation/sim_transport.hpp"

#include "sync/graph/http_transport.hpp"

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <utility>

namespace cloudpcd::simulation {

namespace asio = boost::asio;

namespace {

const graph::HttpTransportOptions limits{};  // the product's own

graphsim::Request request_of(const graph::HttpRequest& request)
{
    graphsim::Request out{
        .method = request.method, .target = request.url.target, .body = request.body};
    for (const auto& header : request.headers)
        out.headers.emplace_back(header.name, header.value);
    return out;
}

graph::HttpResponse response_of(graphsim::Response response)
{
    graph::HttpResponse out{
        .status = response.status, .headers = {}, .body = std::move(response.body)};
    for (auto& [name, value] : response.headers)
        out.headers.push_back({std::move(name), std::move(value)});
    return out;
}

/// Counts as long as it lives.
class InFlight {
public:
    explicit InFlight(int& count) : x_count{count} { ++x_count; }
    ~InFlight() { --x_count; }
    InFlight(const InFlight&) = delete;
    InFlight& operator=(const InFlight&) = delete;

private:
    int& x_count;
};

/// A request as long as it has not arrived.
class OnItsWay {
public:
    OnItsWay(std::list<graphsim::Request>& requests, const graphsim::Request& request)
        : x_requests{requests}, x_place{requests.insert(requests.end(), request)}
    {}
    ~OnItsWay() { x_requests.erase(x_place); }
    OnItsWay(const OnItsWay&) = delete;
    OnItsWay& operator=(const OnItsWay&) = delete;

private:
    std::list<graphsim::Request>& x_requests;
    std::list<graphsim::Request>::iterator x_place;
};

Error transient(std::string message)
{
    return {.code = Errc::transient, .message = std::move(message)};
}

}  // namespace

asio::awaitable<Result<graph::HttpResponse>> SimTransport::send(graph::HttpRequest request,
                                                                graph::Attempt& attempt)
{
    const bool login = request.url.origin == x_options.login;
    const std::size_t number = x_exchanges.size();
    x_exchanges.push_back({.sent_at = x_clock.utc_now(),
                           .ended_at = UtcTime::max(),
                           .method = request.method,
                           .url = request.url.to_string(),
                           .login = login});
    const auto [first, last] = x_actions.equal_range(number + 1);
    for (auto action = first; action != last; ++action)
        action->second();
    witness(Step::leaving, request);
    if (x_dead)
        co_await never();
    if (!login && request.url.origin != x_options.graph) {
        ++x_foreign;
        co_return transient(request.url.origin.host + ": there is nobody");
    }

    attempt.request_written = true;
    ++attempt.request_lines_written;
    const InFlight in_flight{x_in_flight};
    x_in_flight_max = std::max(x_in_flight_max, x_in_flight);
    auto response = co_await exchange(request, number);
    witness(Step::answering, request);
    if (x_dead)
        co_await never();
    auto& done = x_exchanges[number];
    done.ended_at = x_clock.utc_now();
    if (response) {
        done.status = response->status;
        done.retry_after = response->header("Retry-After").value_or("");
        if (login)
            keep_token(*response);
    }
    co_return response;
}

asio::awaitable<Result<graph::HttpResponse>> SimTransport::exchange(
    const graph::HttpRequest& request, std::size_t number)
{
    using graphsim::Wire;
    const auto start = x_clock.steady_now();
    const auto there = latency();
    const auto back = latency();
    auto sent = request_of(request);
    {
        const OnItsWay on_its_way{x_on_their_way, sent};
        co_await x_clock.sleep_for(there);
    }
    if (x_dead)  // whoever killed the process decides what becomes of it
        co_await never();
    auto response = x_tenant.handle(sent);
    x_exchanges[number].status = 0;
    witness(Step::arrived, request);

    if (response.wire == Wire::hang || response.delay > limits.first_byte_timeout)
        co_return co_await time_out(start, std::min(request.timeout, limits.first_byte_timeout),
                                    "waiting for the response");
    const auto size = static_cast<std::int64_t>(response.body.size());
    if (response.wire == Wire::drip) {
        if (response.drip_interval > limits.idle_timeout)
            co_return co_await time_out(start, response.delay + limits.idle_timeout,
                                        "the next byte");
        response.delay += response.drip_interval * size;
    }
    if (there + response.delay + back > request.timeout)
        co_return co_await time_out(start, request.timeout, "the request");
    co_await x_clock.sleep_for(response.delay + back);

    switch (response.wire) {
        case Wire::reset_before_response:
        case Wire::close_before_response:
            co_return transient("connection closed before the response");
        case Wire::reset_mid_body:
            co_return transient("connection closed within the response");
        case Wire::truncate_body: {
            // Without a body it is the head that is cut.
            const bool cut = size == 0 || response.wire_bytes < response.body.size();
            if (cut)
                co_return transient("connection closed within the response");
            break;
        }
        case Wire::close_without_last_chunk:
            co_return transient("connection closed within the response");
        case Wire::normal:
        case Wire::hang:
        case Wire::drip:
            break;
    }
    if (response.body.size() > request.body_bytes_max)
        co_return Error{.code = Errc::malformed, .message = "the body is larger than the limit"};
    co_return response_of(std::move(response));
}

asio::awaitable<Error> SimTransport::time_out(SteadyTime start, Duration limit, std::string what)
{
    co_await x_clock.sleep_until(std::max(start + limit, x_clock.steady_now()));
    co_return transient(what + ": timed out");
}

asio::awaitable<void> SimTransport::never()
{
    asio::steady_timer timer{co_await asio::this_coro::executor,
                             asio::steady_timer::time_point::max()};
    co_await timer.async_wait(asio::use_awaitable);
}

Duration SimTransport::latency()
{
    const auto range = static_cast<double>((x_options.latency_max - x_options.latency_min).count());
    return (x_options.latency_min + Duration{static_cast<Duration::rep>(x_rng.uniform() * range)}) /
           2;
}

void SimTransport::keep_token(const graph::HttpResponse& response)
{
    constexpr std::string_view member = "\"access_token\":\"";
    const auto begin = response.body.find(member);
    if (begin == std::string::npos)
        return;
    const auto from = begin + member.size();
    x_tokens.push_back(response.body.substr(from, response.body.find('"', from) - from));
}

}  // namespace cloudpcd::simulation
