// Who goes first, what Graph is told about it, and what it says of its own load.

#include "sync/graph/client.hpp"
#include "tests/unit/graph/fixture.hpp"

#include <boost/asio/detached.hpp>
#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace cloudpcd;
using namespace cloudpcd::graph;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

const Origin graph_origin{.scheme = "https", .host = "graph.microsoft.com", .port = 443};

class FixedToken final : public Credentials {
public:
    asio::awaitable<Result<AccessToken>> access_token() override
    {
        co_return AccessToken{.value = "token", .roles = {}, .tenant_id = {}, .serial = 1};
    }
    void refused(const AccessToken&, const std::string&) override {}
};

constexpr double unlimited = 0;

/// A client whose every request is of one class, with 60 a minute unless told otherwise.
struct Bench {
    explicit Bench(std::vector<Header> headers = {}, double per_minute = 60)
        : throttle{network.clock, {.per_minute = {0, 0, per_minute}}}
    {
        network.transport.answer = [headers = std::move(headers)](const HttpRequest&) {
            return Result<HttpResponse>{test::json_response(200, "{}", headers)};
        };
    }

    asio::awaitable<void> get(Priority priority)
    {
        GetRequest request{.url = url_at(graph_origin, "/v1.0/x"),
                           .priority = priority,
                           .context = "GET x",
                           .permissions = {}};
        const auto response = co_await client.get(std::move(request));
        CHECK(response.has_value());
        order += priority == Priority::interactive ? 'J' : 'r';
    }
    void start(Priority priority, int count = 1)
    {
        for (int i = 0; i < count; ++i)
            asio::co_spawn(network.io, get(priority), asio::detached);
    }
    asio::awaitable<void> get_list()
    {
        GetRequest request{.url = url_at(graph_origin, "/v1.0/x"),
                           .context = "GET x, page 1",
                           .permissions = {},
                           .list = true};
        auto response = co_await client.get(std::move(request));
        REQUIRE(response.has_value());
        pages.push_back(std::move(response->page_permit));
    }
    void start_lists(int count)
    {
        for (int i = 0; i < count; ++i)
            asio::co_spawn(network.io, get_list(), asio::detached);
    }
    void run_for(Duration duration) { network.clock.run_for(network.io, duration); }

    test::Network network;
    FixedToken credentials;
    Throttle throttle;
    Client client{network.transport, credentials, throttle,
                  network.clock,     network.rng, {.origin = graph_origin, .user_agent = "test"}};
    std::string order;
    std::vector<std::optional<Semaphore::Permit>> pages{};
};

std::string_view header_of(const HttpRequest& request, std::string_view name)
{
    for (const auto& header : request.headers) {
        if (header.name == name)
            return header.value;
    }
    return "";
}

std::size_t sent_in_a_minute(std::string load)
{
    Bench bench{{{"x-ms-throttle-limit-percentage", std::move(load)}}};
    bench.start(Priority::background, 200);
    bench.run_for(1min);
    return bench.network.transport.seen.size();
}

}  // namespace

TEST_CASE("client: Graph may shed reads in the background first, and nothing else of ours")
{
    Bench bench;
    bench.start(Priority::background);
    bench.run_for(1s);
    bench.start(Priority::interactive);
    bench.run_for(1s);
    const auto& seen = bench.network.transport.seen;
    REQUIRE(seen.size() == 2);
    CHECK(header_of(seen[0].request, "x-ms-throttle-priority") == "Low");
    CHECK(header_of(seen[1].request, "x-ms-throttle-priority") == "Normal");
}

TEST_CASE("client: who is waited for overtakes the reads that queue for the same class")
{
    Bench bench;
    bench.start(Priority::background, 20);
    bench.run_for(3s);
    const auto before = bench.order.size();
    bench.start(Priority::interactive);
    bench.run_for(100ms);
    REQUIRE(bench.order.size() > before);
    CHECK(bench.order.substr(before, 1) == "J");
    bench.run_for(5min);
    CHECK(bench.order.size() == 21);
}

TEST_CASE("client: lists that wait for room keep no slot from who is waited for")
{
    Bench bench{{}, unlimited};
    bench.start_lists(20);  // their pages are kept, as while they are merged
    bench.run_for(1s);
    CHECK(bench.pages.size() == pages_in_flight_max);
    bench.start(Priority::interactive);
    bench.run_for(1s);
    CHECK(bench.order == "J");
    while (!bench.pages.empty()) {
        bench.pages.clear();
        bench.run_for(1s);
    }
    CHECK(bench.network.transport.seen.size() == 21);
}

TEST_CASE("client: it slows down before the service refuses")
{
    CHECK(sent_in_a_minute("1.6") < 30);  // and slower with each answer that says so
    for (const auto* meaningless : {"0.5", "", "nan", "1.6x", "-1.6", "much"}) {
        CAPTURE(meaningless);
        CHECK(sent_in_a_minute(meaningless) >= 60);
    }
}
