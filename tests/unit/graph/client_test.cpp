#include "sync/graph/client.hpp"

#include "sync/core/log.hpp"
#include "sync/graph/client_secret.hpp"
#include "tests/unit/graph/fixture.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <deque>
#include <set>
#include <string>
#include <string_view>
#include <vector>

using namespace cloudpcd;
using namespace cloudpcd::graph;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

const Origin graph_origin{.scheme = "https", .host = "graph.microsoft.com", .port = 443};
const Origin login_origin{.scheme = "https", .host = "login.example", .port = 443};
constexpr std::string_view bearer_canary = "canary-bearer-55e0c7";

/// Client, throttle and credentials on one scripted network.
struct Bench {
    explicit Bench(int concurrency = 8, QuotaOptions quota = {.per_minute = {0, 0, 0}})
        : throttle{network.clock, quota}, client{make_client(concurrency)}
    {
        network.transport.answer = [this](const HttpRequest& request) -> Result<HttpResponse> {
            if (request.url.origin == login_origin)
                return test::json_response(
                    200, fmt::format(R"({{"access_token":"{}-{}","expires_in":3600}})",
                                     bearer_canary, ++tokens));
            if (script.empty())
                return forever;
            auto next = script.front();
            script.pop_front();
            return next;
        };
    }

    Client make_client(int concurrency)
    {
        return {
            network.transport,
            credentials,
            throttle,
            network.clock,
            network.rng,
            {.origin = graph_origin, .user_agent = "cloudpcd/test", .concurrency = concurrency}};
    }

    static GetRequest request(QuotaClass quota = QuotaClass::other)
    {
        return {.url = url_at(graph_origin, "/v1.0/x?$top=1"),
                .quota = quota,
                .context = "GET x",
                .permissions = {"CloudPC.Read.All", "CloudPC.ReadWrite.All"}};
    }

    Result<GraphResponse> get() { return network.await(client.get(request())); }

    /// Requests to Graph alone.
    std::vector<test::ScriptedTransport::Seen> sent() const
    {
        auto all = network.transport.seen;
        std::erase_if(all,
                      [](const auto& seen) { return seen.request.url.origin == login_origin; });
        return all;
    }

    test::Network network;
    std::deque<Result<HttpResponse>> script;
    Result<HttpResponse> forever = test::json_response(200, "{}");
    int tokens = 0;
    Throttle throttle;
    ClientSecretCredentials credentials{
        network.transport,
        network.clock,
        network.rng,
        {.endpoint = {.authority = login_origin,
                      .tenant_id = "tenant",
                      .client_id = "client",
                      .scope = "scope",
                      .user_agent = "cloudpcd/test"},
         .audiences = {},
         .secret = []() -> Result<std::string> { return std::string{"the-secret"}; }}};
    Client client;
};

HttpResponse refusal(int status, std::vector<Header> headers = {})
{
    return test::json_response(status, R"({"error":{"code":"code","message":"message"}})",
                               std::move(headers));
}

std::string_view header_of(const HttpRequest& request, std::string_view name)
{
    for (const auto& header : request.headers) {
        if (header.name == name)
            return header.value;
    }
    return "";
}

/// Sets the log level for one test.
struct LogLevel {
    explicit LogLevel(log::Level level) { log::configure(level, log::Format::text); }
    ~LogLevel() { log::configure(log::Level::info, log::Format::text); }
};

}  // namespace

TEST_CASE("client: what every request carries, and what comes back")
{
    Bench bench;
    bench.script = {refusal(500), test::json_response(200, "body",
                                                      {{"request-id", "r"},
                                                       {"Date", "Thu, 01 Jan 2026 00:00:00 GMT"}})};
    const auto response = bench.get();
    REQUIRE(response.has_value());
    CHECK(response->status == 200);
    CHECK(response->body == "body");
    CHECK(response->request_id == "r");
    CHECK(response->date == test::VirtualClock::epoch);
    CHECK(response->attempts == 2);
    CHECK(bench.client.requests() == 2);

    const auto sent = bench.sent();
    REQUIRE(sent.size() == 2);
    std::set<std::string_view> ids;
    for (const auto& [at, request] : sent) {
        CHECK(request.url.target == "/v1.0/x?$top=1");
        CHECK(header_of(request, "Authorization") == fmt::format("Bearer {}-1", bearer_canary));
        CHECK(header_of(request, "Accept") == "application/json");
        CHECK(header_of(request, "User-Agent") == "cloudpcd/test");
        CHECK(header_of(request, "Prefer") == "include-unknown-enum-members");
        CHECK(header_of(request, "client-request-id").size() == 36);
        ids.insert(header_of(request, "client-request-id"));
    }
    CHECK(ids.size() == 2);
    CHECK(response->client_request_id == header_of(sent[1].request, "client-request-id"));
}

TEST_CASE("client: a foreign origin gets nothing, and the log says so")
{
    for (const auto* text : {"https://evil.example/", "https://graph.microsoft.com.evil/",
                             "https://graph.microsoft.com:8443/", "http://graph.microsoft.com/",
                             "https://graph.microsoft.com./"}) {
        CAPTURE(text);
        test::StderrCapture log;
        Bench bench;
        auto request = Bench::request();
        request.url = test::value_of(parse_url(text));
        const auto result = bench.network.await(bench.client.get(request));
        CHECK(result.error().code == Errc::foreign_origin);
        CHECK(bench.network.transport.seen.empty());
        CHECK(bench.client.requests() == 0);
        CHECK(log.text().find("security") != std::string::npos);
        CHECK(log.text().find(request.url.origin.host) != std::string::npos);
    }
}

TEST_CASE("client: a hundred callers, one token request, and never more in flight than allowed")
{
    Bench bench;
    int answers = 0;
    for (int i = 0; i < 100; ++i) {
        asio::co_spawn(bench.network.io, bench.client.get(Bench::request()),
                       [&](std::exception_ptr, const Result<GraphResponse>& response) {
                           answers += response ? 1 : 0;
                       });
    }
    bench.network.clock.run(bench.network.io);
    CHECK(answers == 100);
    CHECK(bench.tokens == 1);
    CHECK(bench.network.transport.in_flight_max == 8);
}

TEST_CASE("client: 2xx is given back as it is, other statuses end at once or are repeated")
{
    for (const int status : {200, 202, 204, 206}) {
        Bench bench;
        bench.forever = HttpResponse{.status = status, .headers = {}, .body = {}};
        CHECK(test::value_of(bench.get()).status == status);
    }
    struct Row {
        int status;
        Errc code;
        std::size_t requests;
    };
    for (const auto& [status, code, requests] : {
             Row{302, Errc::malformed, 1},
             Row{304, Errc::malformed, 1},
             Row{400, Errc::rejected, 1},
             Row{403, Errc::forbidden, 1},
             Row{404, Errc::not_found, 1},
             Row{409, Errc::rejected, 1},
             Row{410, Errc::not_found, 1},
             Row{501, Errc::rejected, 1},
             Row{408, Errc::transient, 5},
             Row{429, Errc::throttled, 5},
             Row{500, Errc::transient, 5},
             Row{502, Errc::transient, 5},
             Row{503, Errc::throttled, 5},
             Row{504, Errc::transient, 5},
             Row{509, Errc::transient, 5},
         }) {
        CAPTURE(status);
        Bench bench;
        bench.forever = refusal(status);
        const auto error = bench.get().error();
        CHECK(error.code == code);
        CHECK(error.http_status == status);
        CHECK(error.context == "GET x");
        CHECK(bench.sent().size() == requests);
        CHECK(error.client_request_id ==
              header_of(bench.sent().back().request, "client-request-id"));
    }
}

TEST_CASE("client: 403 names what is missing")
{
    Bench bench;
    bench.forever = refusal(403);
    CHECK(bench.get().error().message.find(
              "needs one of CloudPC.Read.All, CloudPC.ReadWrite.All") != std::string::npos);
}

TEST_CASE("client: transport errors are repeated, broken contracts are not")
{
    Bench bench;
    bench.script = {Error{.code = Errc::transient, .message = "reset"},
                    Error{.code = Errc::transient, .message = "truncated body"}};
    CHECK(test::value_of(bench.get()).attempts == 3);

    Bench broken;
    broken.forever = Error{.code = Errc::malformed, .message = "too large"};
    CHECK(broken.get().error().code == Errc::malformed);
    CHECK(broken.sent().size() == 1);

    Bench bodyless;
    bodyless.forever = HttpResponse{.status = 500, .headers = {}, .body = {}};
    CHECK(bodyless.get().error().code == Errc::transient);
    CHECK(bodyless.sent().size() == 2);
}

TEST_CASE("client: a 503 is repeated on a new connection, anything else on any")
{
    Bench bench;
    bench.script = {refusal(503), refusal(502)};
    REQUIRE(bench.get().has_value());
    const auto sent = bench.sent();
    CHECK(sent.at(0).request.connection == ConnectionUse::pooled);
    CHECK(sent.at(1).request.connection == ConnectionUse::fresh);
    CHECK(sent.at(2).request.connection == ConnectionUse::pooled);
}

TEST_CASE("client: nothing is sent before Retry-After has passed")
{
    struct Row {
        std::string value;
        Duration wait;
    };
    for (const int status : {429, 503, 500, 504}) {
        for (const auto& [value, wait] : {
                 Row{"30", 30s},
                 Row{"2.128", 2128ms},
                 Row{"Thu, 01 Jan 2026 00:00:40 GMT", 40s},
                 Row{"0", 1s},
                 Row{"-7", 1s},
                 Row{"Wed, 31 Dec 2025 00:00:00 GMT", 1s},
                 Row{"3600", 3600s},
                 Row{"nonsense", 100ms},
                 Row{"", 100ms},
             }) {
            CAPTURE(status);
            CAPTURE(value);
            Bench bench;
            // The server counts from its own clock, ours is wrong.
            bench.network.clock.shift_wall(3min);
            bench.script = {refusal(
                status, {{"Retry-After", value}, {"Date", "Thu, 01 Jan 2026 00:00:00 GMT"}})};
            REQUIRE(bench.get().has_value());
            const auto sent = bench.sent();
            REQUIRE(sent.size() == 2);
            const auto waited = sent[1].at - sent[0].at - bench.network.transport.latency;
            CHECK(waited >= wait);
            // An hour later the token is renewed first.
            CHECK(waited <= std::max(wait, Duration{1s}) + bench.network.transport.latency);
        }
    }
}

TEST_CASE("client: longer than an hour is for the caller to wait")
{
    Bench bench;
    bench.forever = refusal(503, {{"Retry-After", "1000000000"}});
    const auto error = bench.get().error();
    CHECK(error.code == Errc::throttled);
    CHECK(error.retry_after == retry_after_bound);
    CHECK(bench.sent().size() == 1);

    Bench often;  // in sum
    often.forever = refusal(500, {{"Retry-After", "1000"}});
    const auto start = often.network.clock.steady_now();
    CHECK(often.get().error().code == Errc::throttled);
    CHECK(often.sent().size() == 4);
    CHECK(often.network.clock.steady_now() - start < 1h);
}

TEST_CASE("client: waits asked for count neither as attempts nor as time without progress")
{
    Bench bench;
    for (int i = 0; i < 10; ++i)
        bench.script.push_back(refusal(429, {{"Retry-After", "120"}}));
    for (int i = 0; i < 4; ++i)
        bench.script.push_back(refusal(500));
    CHECK(test::value_of(bench.get()).attempts == 15);

    Bench slow;  // failures that take long are not repeated for ever
    slow.network.transport.latency = 50s;
    slow.forever = Error{.code = Errc::transient, .message = "timeout"};
    CHECK(slow.get().has_error());
    CHECK(slow.sent().size() == 2);
}

TEST_CASE("client: a clock that is set shows at once, and the next answer corrects it")
{
    Bench bench;
    bench.forever = test::json_response(200, "a", {{"Date", "Thu, 01 Jan 2026 00:00:00 GMT"}});
    CHECK_FALSE(bench.client.clock_skew().has_value());
    REQUIRE(bench.get().has_value());
    const auto before = bench.client.clock_skew();
    REQUIRE(before.has_value());
    CHECK(*before < std::chrono::seconds{1});
    bench.network.clock.shift_wall(std::chrono::hours{8});
    CHECK(bench.client.clock_skew() == *before + std::chrono::hours{8});
    // The machine had slept, and its clock is right.
    bench.forever = test::json_response(200, "b", {{"Date", "Thu, 01 Jan 2026 08:00:00 GMT"}});
    REQUIRE(bench.get().has_value());
    CHECK(*bench.client.clock_skew() < std::chrono::seconds{1});
}

TEST_CASE("client: one 429 holds its class and no other, and no slot meanwhile")
{
    Bench bench{1};
    bench.script = {refusal(429, {{"Retry-After", "600"}})};
    std::string order;
    const auto start = [&](QuotaClass quota, char letter) {
        asio::co_spawn(bench.network.io, bench.client.get(Bench::request(quota)),
                       [&order, letter](std::exception_ptr, const Result<GraphResponse>&) {
                           order += letter;
                       });
    };
    start(QuotaClass::cloud_pc_list, 'l');
    bench.network.clock.run_for(bench.network.io, 1s);
    start(QuotaClass::cloud_pc_list, 'm');
    start(QuotaClass::cloud_pc_get, 'g');
    start(QuotaClass::other, 'o');
    bench.network.clock.run_for(bench.network.io, 500s);
    CHECK(order == "go");
    bench.network.clock.run(bench.network.io);
    CHECK(order.size() == 4);
    for (const auto& [at, request] : bench.sent()) {
        const auto since = at - bench.sent().front().at;
        CHECK((since < 5s || since >= 600s));
    }
}

TEST_CASE("client: who waits for a slot when its class is paused does not go")
{
    Bench bench{1};
    bench.network.transport.latency = 10s;
    bench.script = {test::json_response(200, "{}"), test::json_response(200, "{}"),
                    refusal(429, {{"Retry-After", "600"}})};
    REQUIRE(bench.get().has_value());  // the token is there
    for (int i = 0; i < 3; ++i)
        asio::co_spawn(bench.network.io, bench.client.get(Bench::request()), asio::detached);
    bench.network.clock.run(bench.network.io);
    const auto sent = bench.sent();
    REQUIRE(sent.size() == 5);
    CHECK(sent[3].at - (sent[2].at + 10s) >= 600s);
}

TEST_CASE("client: a 401 renews the token once, with the challenge")
{
    const Header challenge{
        "WWW-Authenticate",
        fmt::format(R"(Bearer realm="", error="insufficient_claims", claims="{}")",
                    test::base64url(R"({"access_token":{"nbf":{"value":"7"}}})"))};
    for (const int status : {401, 403}) {
        Bench bench;
        bench.script = {refusal(status, {{"WWW-Authenticate", "Basic realm=\"x\""}, challenge})};
        CHECK(test::value_of(bench.get()).attempts == 2);
        CHECK(bench.tokens == 2);
        CHECK(bench.network.transport.seen.at(2).request.body.find("nbf") != std::string::npos);
        CHECK(header_of(bench.sent()[1].request, "Authorization") ==
              fmt::format("Bearer {}-2", bearer_canary));

        Bench endless;
        endless.forever = refusal(status, {challenge});
        const auto error = endless.get().error();
        CHECK(error.code == Errc::unauthorized);
        CHECK(error.challenge_claims.find("nbf") != std::string::npos);
        CHECK(endless.sent().size() == 2);
    }
    Bench plain;
    plain.script = {refusal(401)};
    CHECK(test::value_of(plain.get()).attempts == 2);
}

TEST_CASE("client: endless 401 is two requests, then one a call, and one new token a minute")
{
    Bench bench;
    bench.forever = refusal(401);
    CHECK(bench.get().error().code == Errc::unauthorized);
    CHECK(bench.sent().size() == 2);
    CHECK(bench.tokens == 2);
    CHECK(bench.get().has_error());
    CHECK(bench.sent().size() == 3);
    CHECK(bench.tokens == 2);
    bench.network.clock.run_for(bench.network.io, 60s);
    CHECK(bench.get().has_error());
    CHECK(bench.sent().size() == 5);
    CHECK(bench.tokens == 3);
}

TEST_CASE("client: two requests also with credentials that do not number their tokens")
{
    struct Unnumbered final : Credentials {
        asio::awaitable<Result<AccessToken>> access_token() override
        {
            co_return AccessToken{.value = "opaque", .roles = {}, .tenant_id = {}};
        }
        void refused(const AccessToken&, const std::string&) override { ++refusals; }
        int refusals = 0;
    } credentials;
    Bench bench;
    bench.forever = refusal(401);
    Client client{bench.network.transport, credentials,       bench.throttle,
                  bench.network.clock,     bench.network.rng, bench.client.options()};
    const auto result = bench.network.await(client.get(Bench::request()));
    CHECK(result.error().code == Errc::unauthorized);
    CHECK(client.requests() == 2);
    CHECK(credentials.refusals == 2);
}

TEST_CASE("client: a token that expires between pages is renewed without a failure")
{
    Bench bench;
    for (int i = 0; i < 100; ++i) {
        REQUIRE(bench.get().has_value());
        bench.network.clock.run_for(bench.network.io, 2min);
    }
    CHECK(bench.sent().size() == 100);
    CHECK(bench.tokens >= 6);
    CHECK(bench.tokens <= 8);
}

TEST_CASE(
    "client: a token endpoint that asks for time delays the request; one that refuses ends it")
{
    Bench bench;
    const auto good = bench.network.transport.answer;
    int refused = 0;
    bench.network.transport.answer = [&](const HttpRequest& request) -> Result<HttpResponse> {
        if (request.url.origin == login_origin && refused++ == 0)
            return HttpResponse{.status = 429, .headers = {}, .body = {}};
        return good(request);
    };
    const auto start = bench.network.clock.steady_now();
    CHECK(test::value_of(bench.get()).attempts == 1);
    CHECK(bench.network.clock.steady_now() - start >= 60s);

    Bench renewed;  // between two attempts; the class is not paused for it
    const auto usual = renewed.network.transport.answer;
    renewed.script = {refusal(401)};
    renewed.network.transport.answer = [&](const HttpRequest& request) -> Result<HttpResponse> {
        if (request.url.origin == login_origin && renewed.tokens == 1)
            return (renewed.tokens = 0, HttpResponse{.status = 429, .headers = {}, .body = {}});
        return usual(request);
    };
    CHECK(renewed.get().error().code == Errc::unauthorized);
    CHECK_FALSE(renewed.throttle.paused(QuotaClass::other));

    Bench wrong;
    wrong.network.transport.answer = [](const HttpRequest&) -> Result<HttpResponse> {
        return test::json_response(401, R"({"error":"invalid_client"})");
    };
    const auto error = wrong.get().error();
    CHECK(error.code == Errc::unauthorized);
    CHECK(error.context == "GET x: token request");
    CHECK(wrong.network.transport.seen.size() == 1);
}

TEST_CASE("client: shutdown ends a wait of an hour at once, and leaves nothing behind")
{
    for (const int status : {429, 503}) {
        Bench bench{1};
        bench.forever = refusal(status, {{"Retry-After", "3600"}});
        asio::cancellation_signal stop;
        std::exception_ptr ended;
        asio::co_spawn(bench.network.io, bench.client.get(Bench::request()),
                       asio::bind_cancellation_slot(
                           stop.slot(),
                           [&](std::exception_ptr e, const Result<GraphResponse>&) { ended = e; }));
        bench.network.clock.run_for(bench.network.io, 10s);
        CHECK(bench.network.clock.sleepers() == 1);
        CHECK_FALSE(ended);
        stop.emit(asio::cancellation_type::terminal);
        bench.network.clock.run_for(bench.network.io, 0s);
        CHECK(ended);
        CHECK(bench.network.clock.sleepers() == 0);
        bench.forever = test::json_response(200, "{}");
        CHECK(bench.get().has_value());  // quota, turn and slot are free again
    }
}

TEST_CASE("client: a service that enforces 90 a minute sees no more than that")
{
    Bench bench{8, {.per_minute = {60, 190, 120}}};
    std::deque<SteadyTime> window;
    int refused = 0;
    const auto good = bench.network.transport.answer;
    bench.network.transport.answer = [&](const HttpRequest& request) -> Result<HttpResponse> {
        if (request.url.origin == login_origin)
            return good(request);
        window.push_back(bench.network.clock.steady_now());
        while (window.back() - window.front() >= 1min)
            window.pop_front();
        if (window.size() > 90) {
            ++refused;
            return refusal(429, {{"Retry-After", "10"}});
        }
        return test::json_response(200, "{}");
    };
    // Now and then Graph stalls: what has its quota behind it must not leave as one burst.
    int answers = 0;
    for (int i = 0; i < 600; ++i) {
        asio::co_spawn(bench.network.io,
                       bench.client.get(Bench::request(QuotaClass::cloud_pc_list)),
                       [&](std::exception_ptr, const Result<GraphResponse>& response) {
                           answers += response ? 1 : 0;
                       });
    }
    for (int minute = 0; minute < 12; ++minute) {
        bench.network.transport.latency = minute % 3 == 1 ? 50s : 50ms;
        bench.network.clock.run_for(bench.network.io, 1min);
    }
    bench.network.clock.run(bench.network.io);
    CHECK(answers == 600);
    CHECK(refused == 0);
}

TEST_CASE("client: the bearer token is in no error and no log line, whatever Graph echoes")
{
    const LogLevel level{log::Level::trace};
    test::StderrCapture log;
    for (const int status : {302, 400, 401, 403, 404, 410, 418, 429, 500, 503}) {
        Bench bench;
        const auto good = bench.network.transport.answer;
        bench.network.transport.answer = [&](const HttpRequest& request) -> Result<HttpResponse> {
            if (request.url.origin == login_origin)
                return good(request);
            const std::string token{header_of(request, "Authorization")};
            return test::json_response(
                status, fmt::format(R"({{"error":{{"code":"{0}","message":"bad {0}"}}}})", token),
                {{"Location", "https://x/" + token}});
        };
        CHECK(bench.get().error().describe().find(bearer_canary) == std::string::npos);
    }
    Bench broken;
    broken.forever = Error{.code = Errc::malformed,
                           .message = fmt::format("bad header: Bearer {}-1", bearer_canary)};
    CHECK(broken.get().error().describe().find(bearer_canary) == std::string::npos);
    CHECK(log.text().find("graph request") != std::string::npos);
    CHECK(log.text().find(bearer_canary) == std::string::npos);
    CHECK(log.text().find("the-secret") == std::string::npos);
}
