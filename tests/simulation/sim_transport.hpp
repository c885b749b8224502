#pragma once
// A network in memory: the simulated tenant behind graph::Transport, on the virtual clock. What a
// response meets on its way (reset, truncation, silence) becomes the error that HttpTransport gives
// for it.

#include "sync/core/clock.hpp"
#include "sync/core/rng.hpp"
#include "sync/graph/transport.hpp"
#include "tests/simulator/tenant.hpp"

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <vector>

namespace cloudpcd::simulation {

class SimTransport final : public graph::Transport {
public:
    struct Options {
        graph::Origin graph;
        graph::Origin login;
        Duration latency_min = std::chrono::milliseconds{20};
        Duration latency_max = std::chrono::milliseconds{300};
    };

    /// One request and what came of it.
    struct Exchange {
        UtcTime sent_at;
        UtcTime ended_at;
        std::string method;
        std::string url;
        int status = 0;  ///< 0: no complete response
        bool login = false;
        std::string retry_after{};
    };

    SimTransport(graphsim::Tenant& tenant, Clock& clock, Rng& rng, Options options)
        : x_tenant{tenant}, x_clock{clock}, x_rng{rng}, x_options{std::move(options)}
    {}

    boost::asio::awaitable<Result<graph::HttpResponse>> send(graph::HttpRequest request,
                                                             graph::Attempt& attempt) override;

    /// Exchanges since the start, in the order of their requests.
    const std::vector<Exchange>& exchanges() const noexcept { return x_exchanges; }
    std::uint64_t sent() const noexcept { return x_exchanges.size(); }
    /// Requests that went anywhere but to Graph or to the login host.
    int foreign() const noexcept { return x_foreign; }
    /// Requests in flight at once, at most.
    int in_flight_max() const noexcept { return x_in_flight_max; }
    /// Access tokens that were handed out.
    const std::vector<std::string>& tokens() const noexcept { return x_tokens; }

    /// Calls `action` just before the tenant sees the request with that number, from 1 for the
    /// first one ever.
    void at_request(std::uint64_t number, std::function<void()> action)
    {
        x_actions.emplace(number, std::move(action));
    }
    /// Steps of an exchange, between any of which the process may die.
    enum class Step {
        leaving,   ///< the tenant has not seen it
        arrived,   ///< the tenant has done with it what it does
        answering  ///< the answer is here, and whoever asked has not seen it
    };
    using Witness = std::function<void(Step, const graph::HttpRequest&)>;
    void watch(Witness witness) { x_witness = std::move(witness); }
    /// Requests that have left and not arrived, oldest first.
    const std::list<graphsim::Request>& on_their_way() const noexcept { return x_on_their_way; }

    /// No request is answered any more: the process that asks is dead.
    void die() noexcept { x_dead = true; }
    void revive() noexcept { x_dead = false; }

private:
    boost::asio::awaitable<Result<graph::HttpResponse>> exchange(const graph::HttpRequest& request,
                                                                 std::size_t number);
    boost::asio::awaitable<Error> time_out(SteadyTime start, Duration limit, std::string what);
    boost::asio::awaitable<void> never();
    Duration latency();
    void witness(Step step, const graph::HttpRequest& request) const
    {
        if (x_witness)
            x_witness(step, request);
    }
    void keep_token(const graph::HttpResponse& response);

    graphsim::Tenant& x_tenant;
    Clock& x_clock;
    Rng& x_rng;
    Options x_options;
    std::vector<Exchange> x_exchanges;
    std::multimap<std::uint64_t, std::function<void()>> x_actions;
    std::vector<std::string> x_tokens;
    Witness x_witness;
    std::list<graphsim::Request> x_on_their_way;
    int x_foreign = 0;
    int x_in_flight = 0;
    int x_in_flight_max = 0;
    bool x_dead = false;
};

}  // namespace cloudpcd::simulation
