#include "sync/graph/client_secret.hpp"
#include "sync/graph/retry.hpp"
#include "tests/unit/graph/fixture.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json/parse.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

using namespace cloudpcd;
using namespace cloudpcd::graph;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

constexpr std::string_view tenant = "11111111-2222-3333-4444-55555555abcd";
constexpr std::string_view secret_canary = "canary-secret~/+& 8f21";

std::string grant(std::string_view token, std::string_view rest = R"("expires_in":3600)")
{
    return fmt::format(R"({{"token_type":"Bearer","access_token":"{}",{}}})", token, rest);
}

/// A token endpoint that numbers its tokens.
struct Login {
    explicit Login(std::string rest = R"("expires_in":3600)") : life{std::move(rest)}
    {
        network.transport.answer = [this](const HttpRequest&) -> Result<HttpResponse> {
            if (down)
                return *down;
            if (reply)
                return *reply;
            return test::json_response(200, grant(fmt::format("token-{}", ++issued), life));
        };
    }

    Result<AccessToken> ask() { return network.await(credentials.access_token()); }
    std::size_t posts() const { return network.transport.seen.size(); }
    void pass(Duration time) { network.clock.run_for(network.io, time); }
    void answer(int status, std::string body, std::vector<Header> headers = {})
    {
        reply = test::json_response(status, std::move(body), std::move(headers));
    }

    std::string life;
    int issued = 0;
    std::optional<Error> down;
    std::optional<HttpResponse> reply;
    std::string secret{secret_canary};
    test::Network network;
    ClientSecretCredentials credentials{
        network.transport,
        network.clock,
        network.rng,
        {.endpoint = {.authority = {.scheme = "https", .host = "login.example", .port = 443},
                      .tenant_id = std::string{tenant},
                      .client_id = "app id",
                      .scope = "https://graph.microsoft.com/.default",
                      .user_agent = "cloudpcd/test"},
         .audiences = {"https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"},
         .secret = [this]() -> Result<std::string> { return secret; }}};
};

}  // namespace

TEST_CASE("credentials: the request is the documented one")
{
    Login login;
    REQUIRE(login.ask().has_value());
    const auto& request = login.network.transport.seen.at(0).request;
    CHECK(request.method == "POST");
    CHECK(request.url.to_string() ==
          fmt::format("https://login.example/{}/oauth2/v2.0/token", tenant));
    CHECK(request.body ==
          "grant_type=client_credentials&client_id=app%20id"
          "&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"
          "&claims=%7B%22access_token%22%3A%7B%22xms_cc%22%3A%7B%22values%22%3A%5B%22cp1%22%5D%7D%"
          "7D%7D"
          "&client_secret=canary-secret~%2F%2B%26%208f21");
    CHECK(request.body_bytes_max == token_response_bytes_max);
}

TEST_CASE("credentials: a challenge is merged with the capability")
{
    const auto merged = boost::json::parse(
        token_request_claims(R"({"access_token":{"nbf":{"value":"1"}},"id_token":{"a":1}})"));
    CHECK(merged.at("access_token").at("nbf").at("value") == "1");
    CHECK(merged.at("access_token").at("xms_cc").at("values").at(0) == "cp1");
    CHECK(merged.at("id_token").at("a") == 1);
    for (const auto* challenge : {"", "x", "[]", R"({"access_token":7})", "{"})
        CHECK(token_request_claims(challenge) ==
              R"({"access_token":{"xms_cc":{"values":["cp1"]}}})");
}

TEST_CASE("credentials: a hundred callers, one request, then none before half life")
{
    Login login;
    int answers = 0;
    for (int i = 0; i < 100; ++i) {
        asio::co_spawn(login.network.io, login.credentials.access_token(),
                       [&](std::exception_ptr e, const Result<AccessToken>& token) {
                           REQUIRE_FALSE(e);
                           answers += token && token->value == "token-1" ? 1 : 0;
                       });
    }
    login.network.clock.run(login.network.io);
    CHECK(answers == 100);
    CHECK(login.posts() == 1);

    login.pass(29min);
    CHECK(test::value_of(login.ask()).value == "token-1");
    CHECK(login.posts() == 1);

    login.pass(2min);
    CHECK(test::value_of(login.ask()).value == "token-1");  // at once, while a new one is fetched
    login.pass(1s);
    CHECK(test::value_of(login.ask()).value == "token-2");
    CHECK(login.posts() == 2);
}

TEST_CASE("credentials: an outage at refresh is not felt before expiry, and is no hot loop")
{
    Login login;
    REQUIRE(login.ask().has_value());
    login.down = Error{.code = Errc::transient, .message = "connection refused"};
    int failed = 0;
    Duration served{0};
    for (; served < 55min; served += 1s) {
        failed += login.ask() ? 0 : 1;
        login.pass(1s);
    }
    CHECK(failed == 0);  // 60 minutes less 5
    CHECK(login.posts() > 20);
    CHECK(login.posts() < 1 + 3 * 25 * 2);  // three a fetch, a fetch in 2 to 60 s, mostly 30

    login.pass(6min);
    CHECK(login.ask().error().code == Errc::transient);
    login.down.reset();
    login.pass(61s);
    CHECK(test::value_of(login.ask()).value == "token-2");
}

TEST_CASE("credentials: callers during an outage share one fetch, and wait out its backoff")
{
    Login login;
    login.down = Error{.code = Errc::transient, .message = "no route"};
    int failures = 0;
    for (int i = 0; i < 100; ++i) {
        asio::co_spawn(login.network.io, login.credentials.access_token(),
                       [&](std::exception_ptr, const Result<AccessToken>& token) {
                           failures += !token && token.error().code == Errc::transient ? 1 : 0;
                       });
    }
    login.network.clock.run(login.network.io);
    CHECK(failures == 100);
    CHECK(login.posts() == token_attempts_max);

    const auto error = login.ask().error();
    REQUIRE(error.retry_after);
    CHECK(*error.retry_after > 0ms);
    login.pass(*error.retry_after - 1ms);
    CHECK(login.ask().has_error());
    CHECK(login.posts() == token_attempts_max);
    login.pass(1ms);
    CHECK(login.ask().has_error());
    CHECK(login.posts() == 2 * token_attempts_max);
}

TEST_CASE("credentials: a token endpoint that asks for time gets it")
{
    struct Row {
        int status;
        std::vector<Header> headers;
        Duration wait;
    };
    for (const auto& [status, headers, wait] : {
             Row{429, {}, 60s},
             Row{429, {{"Retry-After", "120.5"}}, 120500ms},
             Row{503, {{"Retry-After", "90"}}, 90s},
             Row{429, {{"Retry-After", "1000000000"}}, 1h},
         }) {
        CAPTURE(status);
        Login login;
        login.answer(status, "{}", headers);
        const auto error = login.ask().error();
        CHECK(error.code == Errc::throttled);
        CHECK(error.retry_after == wait);
        CHECK(login.posts() == 1);
        login.pass(wait - 1ms);
        CHECK(login.ask().has_error());
        CHECK(login.posts() == 1);
        login.reply.reset();
        login.pass(1ms);
        CHECK(login.ask().has_value());
    }
}

TEST_CASE("credentials: a refused secret is said plainly and tried again once a minute")
{
    test::StderrCapture log;
    Login login;
    login.answer(
        401,
        fmt::format(
            R"({{"error":"invalid_client",)"
            R"("error_description":"AADSTS7000215: Invalid client secret provided: {}. Trace: x",)"
            R"("error_codes":[7000215]}})",
            secret_canary));
    const auto error = login.ask().error();
    CHECK(error.code == Errc::unauthorized);
    CHECK(error.graph_code == "AADSTS7000215");
    CHECK(error.message.find("not its id") != std::string::npos);
    CHECK(error.describe().find(secret_canary) == std::string::npos);
    CHECK(log.text().find(secret_canary) == std::string::npos);
    CHECK(log.text().find("AADSTS7000215") != std::string::npos);

    for (int i = 0; i < 59; ++i) {
        CHECK(login.ask().error().code == Errc::unauthorized);
        login.pass(1s);
    }
    CHECK(login.posts() == 1);
    login.secret = "rotated";
    login.reply.reset();
    login.pass(1s);
    CHECK(login.ask().has_value());
    CHECK(login.network.transport.seen.back().request.body.ends_with("client_secret=rotated"));
}

TEST_CASE("credentials: lives of every kind are bounded, and short ones make no loop")
{
    struct Row {
        std::string_view rest;
        Duration life;
    };
    const auto in_ten_minutes =
        std::chrono::floor<std::chrono::seconds>(test::VirtualClock::epoch).time_since_epoch() +
        600s;
    const auto expires_on = fmt::format(R"("expires_on":"{}")", in_ten_minutes.count());
    for (const auto& [rest, life] : {
             Row{R"("expires_in":3600)", 3600s},
             Row{R"("expires_in":"3600")", 3600s},
             Row{R"("expires_in":3600.9)", 3600s},
             Row{R"("expires_in":60)", 60s},
             Row{R"("expires_in":1)", token_life_min},
             Row{R"("expires_in":0)", token_life_default},
             Row{R"("expires_in":-1)", token_life_default},
             Row{R"("expires_in":1000000000000)", token_life_max},
             Row{R"("expires_in":18446744073709551615)", token_life_max},
             Row{R"("expires_in":1e300)", token_life_default},
             Row{R"("expires_in":"x")", token_life_default},
             Row{R"("expires_in":null)", token_life_default},
             Row{R"("x":1)", token_life_default},
             Row{expires_on, 600s},
         }) {
        CAPTURE(rest);
        const auto parsed = parse_token_grant(grant("t", rest), test::VirtualClock::epoch);
        REQUIRE(parsed.has_value());
        CHECK(parsed->life == life);
    }
    CHECK(token_span(3600s, {}).expires_after == 3300s);
    CHECK(token_span(60s, {}).expires_after == 45s);
    CHECK(token_span(60s, {}).refresh_after == 30s);
    CHECK(token_span(24h, 12h).refresh_after == 12h);
    CHECK(token_span(3600s, 1s).refresh_after == 360s);
    CHECK(token_span(3600s, 9999s).refresh_after == 3300s);

    Login login{R"("expires_in":60)"};
    for (int i = 0; i < 600; ++i) {
        CHECK(login.ask().has_value());
        login.pass(1s);
    }
    CHECK(login.posts() <= 21);  // one in thirty seconds
}

TEST_CASE("credentials: what is no token response is malformed")
{
    for (const auto& body : std::vector<std::string>{
             "", "<html>portal</html>", "[]", "{}", R"({"access_token":7})",
             R"({"access_token":""})", R"({"access_token":"a b"})",
             R"({"access_token":"a\r\nX: y"})", R"({"access_token":"t","token_type":"pop"})",
             R"({"access_token":")" + std::string(70'000, 'x') + "\"}",
             grant("t", "\"x\":\"" + std::string(token_response_bytes_max, 'x') + "\"")}) {
        const auto parsed = parse_token_grant(body, {});
        REQUIRE(parsed.has_error());
        CHECK(parsed.error().code == Errc::malformed);
    }
    Login login;
    login.reply = HttpResponse{.status = 404, .headers = {}, .body = "<html>"};
    CHECK(login.ask().error().code == Errc::malformed);
    Login redirected;
    redirected.reply =
        HttpResponse{.status = 302, .headers = {{"Location", "https://evil/"}}, .body = {}};
    CHECK(redirected.ask().error().code == Errc::malformed);
    CHECK(redirected.posts() == 1);
}

TEST_CASE("credentials: a token for another tenant or audience is not used")
{
    Login login;
    login.answer(200, grant(test::jwt(R"({"tid":"99999999-2222-3333-4444-555555555555"})")));
    const auto error = login.ask().error();
    CHECK(error.code == Errc::unauthorized);
    CHECK(error.message.find(tenant) != std::string::npos);
    CHECK(login.ask().error().code == Errc::unauthorized);
    CHECK(login.posts() == 1);

    login.pass(60s);
    login.answer(200,
                 grant(test::jwt(fmt::format(R"({{"tid":"{}","aud":"https://other"}})", tenant))));
    CHECK(login.ask().error().message.find("https://other") != std::string::npos);

    login.pass(60s);
    login.answer(
        200,
        grant(test::jwt(R"({"tid":"11111111-2222-3333-4444-55555555ABCD",)"
                        R"("aud":"https://graph.microsoft.com/","roles":["CloudPC.Read.All"]})")));
    const auto token = login.ask();
    REQUIRE(token.has_value());
    CHECK(token->roles == std::vector<std::string>{"CloudPC.Read.All"});
}

TEST_CASE("credentials: a refused token is renewed at most once a minute, with the claims")
{
    Login login;
    const auto first = test::value_of(login.ask());
    login.credentials.refused(first, R"({"access_token":{"nbf":{"value":"1"}}})");
    const auto second = test::value_of(login.ask());
    CHECK(second.value == "token-2");
    CHECK(login.network.transport.seen.back().request.body.find("nbf") != std::string::npos);

    login.credentials.refused(first, "");  // an old one: another has come
    CHECK(test::value_of(login.ask()).value == "token-2");
    login.credentials.refused(second, "");  // too early
    CHECK(test::value_of(login.ask()).value == "token-2");
    CHECK(login.posts() == 2);

    login.pass(60s);
    login.credentials.refused(first, "");
    CHECK(test::value_of(login.ask()).value == "token-2");
    login.credentials.refused(second, "");
    CHECK(test::value_of(login.ask()).value == "token-3");
    CHECK(login.network.transport.seen.back().request.body.find("nbf") == std::string::npos);
}

TEST_CASE("credentials: a refused token goes on serving while no other is to be had")
{
    Login login;
    const auto first = test::value_of(login.ask());
    login.down = Error{.code = Errc::transient, .message = "no route"};
    login.credentials.refused(first, "");
    CHECK(test::value_of(login.ask()).value == "token-1");
    CHECK(test::value_of(login.ask()).value == "token-1");
    CHECK(login.posts() == 1 + token_attempts_max);
    login.pass(10min);
    CHECK(test::value_of(login.ask()).value == "token-1");  // and nobody waits for another
    CHECK(login.posts() == 1 + token_attempts_max);
}

TEST_CASE("credentials: transport failures and 5xx are repeated inside of one fetch")
{
    Login login;
    int left = 2;
    const auto good = login.network.transport.answer;
    login.network.transport.answer = [&](const HttpRequest& request) -> Result<HttpResponse> {
        if (left-- == 2)
            return Error{.code = Errc::transient, .message = "reset"};
        if (left == 0)
            return HttpResponse{.status = 502, .headers = {}, .body = "<html>"};
        return good(request);
    };
    CHECK(test::value_of(login.ask()).value == "token-1");
    CHECK(login.posts() == 3);
    CHECK(login.network.transport.seen[1].request.connection == ConnectionUse::fresh);

    Login slow;  // the deadline holds against slow failures
    slow.network.transport.latency = 44s;
    slow.down = Error{.code = Errc::transient, .message = "timeout"};
    CHECK(slow.ask().has_error());
    CHECK(slow.posts() <= 2);
}

TEST_CASE("credentials: who gives up leaves the others alone, the last one ends the request")
{
    Login login;
    login.network.transport.latency = 10s;
    asio::cancellation_signal first;
    asio::cancellation_signal second;
    std::exception_ptr ended;
    const auto start = [&](asio::cancellation_signal& stop, auto done) {
        asio::co_spawn(login.network.io, login.credentials.access_token(),
                       asio::bind_cancellation_slot(stop.slot(), done));
    };
    bool got = false;
    start(first, [&](std::exception_ptr e, const Result<AccessToken>&) { ended = e; });
    start(second, [&](std::exception_ptr e, const Result<AccessToken>& token) {
        got = !e && token.has_value();
    });
    login.pass(1s);
    first.emit(asio::cancellation_type::terminal);
    login.pass(0s);
    CHECK(ended);
    login.pass(10s);
    CHECK(got);

    for (int steps = 0; steps < 20; ++steps) {  // at whatever moment another one comes
        CAPTURE(steps);
        Login alone;
        alone.network.transport.latency = 1h;
        asio::cancellation_signal stop;
        asio::co_spawn(alone.network.io, alone.credentials.access_token(),
                       asio::bind_cancellation_slot(stop.slot(), asio::detached));
        alone.pass(1s);
        stop.emit(asio::cancellation_type::terminal);
        alone.network.io.restart();
        for (int i = 0; i < steps; ++i)
            alone.network.io.poll_one();
        alone.network.transport.latency = 50ms;
        CHECK(test::value_of(alone.ask()).value == "token-1");
        CHECK(alone.network.clock.sleepers() == 0);
    }

    Login background;
    REQUIRE(background.ask().has_value());
    background.pass(31min);
    background.network.transport.latency = 1h;
    REQUIRE(background.ask().has_value());
    background.pass(1s);
    CHECK(background.network.clock.sleepers() == 1);
    background.credentials.stop();
    background.pass(0s);
    CHECK(background.network.clock.sleepers() == 0);
}

TEST_CASE("credentials: a wrong local clock is said once")
{
    test::StderrCapture log;
    Login login;
    login.network.clock.shift_wall(10min);
    login.answer(400, R"({"error":"invalid_client"})", {{"Date", "Thu, 01 Jan 2026 00:00:00 GMT"}});
    CHECK(login.ask().has_error());
    login.pass(60s);
    CHECK(login.ask().has_error());
    CHECK(test::count_of(log.text(), "the local clock is") == 1);
}

TEST_CASE("credentials: may go away while a request is in flight")
{
    for (const bool background : {false, true}) {
        Login login;
        if (background) {
            REQUIRE(login.ask().has_value());
            login.pass(31min);
        }
        login.network.transport.latency = 1h;
        asio::co_spawn(login.network.io, login.credentials.access_token(), asio::detached);
        login.pass(1s);
        CHECK(login.network.transport.in_flight == 1);
    }
}
