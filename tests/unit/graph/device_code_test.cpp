// Signing in by device code, on a virtual clock: what Entra may answer, and how often it is asked.

#include "sync/graph/device_code.hpp"

#include "tests/unit/graph/login_host.hpp"

#include <boost/asio/co_spawn.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

using namespace cloudpcd;
using namespace cloudpcd::graph;
using namespace std::chrono_literals;
using graphsim::SignInPolicy;

namespace {

struct Login {
    explicit Login(graphsim::TenantOptions options = {})
        : host{std::move(options)},
          flow{host.network.transport, host.network.clock, host.network.rng, host.endpoint()}
    {}

    Result<DeviceCode> start() { return host.network.await(flow.start()); }

    /// Starts and polls in the background.
    void begin() { poll(test::value_of(start())); }
    void poll(DeviceCode code)
    {
        began = host.network.clock.steady_now();
        boost::asio::co_spawn(host.network.io, flow.finish(std::move(code)),
                              [this](const std::exception_ptr&, Result<TokenGrant> grant) {
                                  outcome.emplace(std::move(grant));
                              });
        first = host.network.transport.seen.size();
    }
    /// Times of the polls, from begin() on.
    std::vector<Duration> polls() const
    {
        std::vector<Duration> times;
        const auto& seen = host.network.transport.seen;
        for (std::size_t i = first; i < seen.size(); ++i)
            times.push_back(seen[i].at - began);
        return times;
    }
    Error error() const
    {
        REQUIRE(outcome.has_value());
        REQUIRE(outcome->has_error());
        return outcome->error();
    }

    test::LoginHost host;
    DeviceCodeFlow flow;
    std::optional<Result<TokenGrant>> outcome;
    SteadyTime began{};
    std::size_t first = 0;
};

bool has(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

HttpResponse refusal(int status, std::string_view error, std::string_view description = "")
{
    return test::json_response(
        status, fmt::format(R"({{"error":"{}","error_description":"{}"}})", error, description));
}

Error unreachable()
{
    return {.code = Errc::transient, .message = "connection refused"};
}

}  // namespace

TEST_CASE("device code: it is asked for with client and scopes, and says where to go")
{
    Login login;
    const auto code = test::value_of(login.start());
    const auto& request = login.host.network.transport.seen.front().request;
    CHECK(request.url.target == "/11111111-2222-3333-4444-555555555555/oauth2/v2.0/devicecode");
    CHECK(request.body ==
          "client_id=66666666-7777-8888-9999-000000000000&scope=https%3A%2F%2Fgraph.microsoft.com"
          "%2FCloudPC.ReadWrite.All%20offline_access%20openid%20profile");
    CHECK(code.verification_uri == "https://graph.microsoft.com/devicelogin");
    CHECK(code.interval == 5s);
    CHECK(has(code.message, code.user_code));
    CHECK(code.expires_at == login.host.network.transport.seen.front().at + 15min);
}

TEST_CASE("device code: what cannot be shown or lived by is corrected or refused")
{
    Login login;
    const auto answer = [&](std::string_view members) {
        login.host.reply(test::json_response(
            200, fmt::format(R"({{"device_code":"secret","user_code":"ABC",{}}})", members)));
        return login.start();
    };
    const std::string uri = R"("verification_uri":"https://microsoft.com/devicelogin")";
    auto code = test::value_of(answer(uri));
    CHECK(code.interval == poll_interval_default);
    CHECK(code.message ==
          "To sign in, open the page https://microsoft.com/devicelogin and enter the code ABC.");
    CHECK(code.expires_at - login.host.network.transport.seen.back().at ==
          device_code_life_default);

    code = test::value_of(
        answer(uri + R"(,"interval":"100000","expires_in":100000,"message":"a\u001b[2Jb\nc")"));
    CHECK(code.interval == poll_wait_max);
    CHECK(code.expires_at - login.host.network.transport.seen.back().at == device_code_life_max);
    CHECK_FALSE(has(code.message, "\x1b"));
    CHECK_FALSE(has(code.message, "\n"));
    CHECK(test::value_of(answer(uri + R"(,"interval":0)")).interval == poll_interval_default);

    CHECK(answer(R"("verification_uri":"data:text/html,x")").error().code == Errc::malformed);
    CHECK(answer(R"("verification_uri":"https://a b")").error().code == Errc::malformed);
    CHECK(answer(R"("message":"no page")").error().code == Errc::malformed);
    login.host.reply(test::json_response(200, "<html>"));
    CHECK(login.start().error().code == Errc::malformed);
    login.host.reply(unreachable());
    CHECK(login.start().error().code == Errc::transient);
}

TEST_CASE("device code: polls keep the interval until the user has signed in")
{
    Login login;
    login.begin();
    login.host.pass(23s);
    CHECK(login.polls().size() == 4);
    CHECK(login.polls().front() == 5s);
    CHECK_FALSE(login.outcome);
    CHECK(login.host.approve());
    login.host.pass(10s);
    REQUIRE(login.outcome);
    const auto grant = test::value_of(*std::move(login.outcome));
    CHECK_FALSE(grant.token.empty());
    CHECK_FALSE(grant.refresh_token.empty());
    CHECK_FALSE(grant.id_token.empty());
    CHECK(login.polls().size() == 5);
    CHECK(has(login.host.network.transport.seen.back().request.body,
              "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id="));
}

TEST_CASE("device code: slow_down adds five seconds for good")
{
    Login login;
    login.begin();
    login.host.reply(refusal(400, "slow_down"));
    login.host.pass(30s);
    const auto polls = login.polls();
    REQUIRE(polls.size() == 3);
    CHECK(polls[1] - polls[0] == 10s + 50ms);
    CHECK(polls[2] - polls[1] == 10s + 50ms);
}

TEST_CASE("device code: the tenant that enforces its interval never needs to")
{
    Login login{{.device_code_slow_down = true}};
    login.begin();
    login.host.pass(2min);
    CHECK(login.polls().size() == 23);  // every 5 s and the 50 ms of an answer
    CHECK(login.host.approve());
    login.host.pass(6s);
    REQUIRE(login.outcome);
    CHECK(login.outcome->has_value());
}

TEST_CASE("device code: what may pass doubles the wait, and an answer resets it")
{
    Login login;
    login.begin();
    login.host.reply(unreachable());
    login.host.reply(test::json_response(503, ""));
    login.host.reply(refusal(400, "temporarily_unavailable"));
    login.host.pass(2min);
    const auto polls = login.polls();
    REQUIRE(polls.size() > 5);
    const auto gap = [&](std::size_t i) {
        return std::chrono::floor<std::chrono::seconds>(polls[i] - polls[i - 1]);
    };
    CHECK(gap(1) == 10s);
    CHECK(gap(2) == 20s);
    CHECK(gap(3) == 40s);
    CHECK(gap(4) == 5s);
    CHECK_FALSE(login.outcome);
}

TEST_CASE("device code: a throttled poll waits as long as it is told")
{
    Login login;
    login.begin();
    login.host.reply(test::json_response(429, "", {{"Retry-After", "90"}}));
    login.host.pass(5min);
    const auto polls = login.polls();
    REQUIRE(polls.size() > 2);
    CHECK(std::chrono::floor<std::chrono::seconds>(polls[1] - polls[0]) == 90s);
    CHECK(std::chrono::floor<std::chrono::seconds>(polls[2] - polls[1]) == 5s);
}

TEST_CASE("device code: nobody is asked after the end of the code")
{
    Login login;
    login.begin();
    SUBCASE("nobody came")
    {
        login.host.pass(1h);
        CHECK(login.polls().back() < 15min);
        CHECK(login.error().message ==
              "the code expired before anybody signed in; start again with cloudpcctl login");
    }
    SUBCASE("the login host was out of reach")
    {
        login.host.replies.assign(1000, unreachable());
        login.host.pass(1h);
        CHECK(login.polls().size() < 20);
        CHECK(has(login.error().message, "the login host was last out of reach"));
        CHECK(has(login.error().message, "connection refused"));
    }
    SUBCASE("a Retry-After beyond it")
    {
        login.host.reply(test::json_response(429, "", {{"Retry-After", "3600"}}));
        login.host.pass(15min);
        CHECK(login.polls().size() == 1);
        CHECK(has(login.error().message, "the code expired"));
    }
    CHECK(login.error().code == Errc::unauthorized);
}

TEST_CASE("device code: each refusal ends it with Entra's words and what to do")
{
    struct Case {
        SignInPolicy policy;
        bool public_flows;
        std::string_view code;
        std::string_view advice;
        std::string_view entra;
    };
    const Case cases[] = {
        {SignInPolicy::block, true, "AADSTS53003", "\"device code flow\" (Authentication flows)",
         "Access has been blocked by Conditional Access policies."},
        {SignInPolicy::require_mfa, true, "AADSTS50076", "multi-factor authentication; sign in",
         "Due to a configuration change"},
        {SignInPolicy::require_consent, true, "AADSTS65001", "have an administrator consent",
         "has not consented"},
        {SignInPolicy::admit, false, "AADSTS7000218", "\"Allow public client flows\"",
         "must contain the following parameter"},
    };
    for (const auto& [policy, public_flows, code, advice, entra] : cases) {
        CAPTURE(code);
        Login login{{.public_client_flows = public_flows, .sign_in_policy = policy}};
        login.begin();
        CHECK(login.host.approve());
        login.host.pass(6s);
        const auto error = login.error();
        CHECK(error.code == Errc::unauthorized);
        CHECK(error.graph_code == code);
        CHECK(has(error.message, advice));
        CHECK(has(error.message, entra));
        login.host.pass(1h);
        CHECK(login.polls().size() == 1);
    }
}

TEST_CASE("device code: a decline, an end and an unknown code end it")
{
    Login login;
    login.begin();
    std::string advice;
    SUBCASE("declined")
    {
        REQUIRE(login.host.tenant.decline_sign_in(login.host.tenant.sign_ins()[0].user_code));
        advice = "the user declined";
    }
    SUBCASE("expired, by the tenant's clock")
    {
        login.host.reply(refusal(400, "expired_token", "AADSTS70020: has expired"));
        advice = "the code expired before anybody signed in";
    }
    SUBCASE("unknown")
    {
        login.host.reply(refusal(400, "bad_verification_code", "AADSTS70018: unknown"));
        advice = "the code is not known any more";
    }
    SUBCASE("not Entra at all")
    {
        login.host.reply(test::json_response(403, "<html>no</html>"));
        advice = "no token endpoint answers there";
    }
    login.host.pass(6s);
    CHECK(has(login.error().message, advice));
}

TEST_CASE("device code: an application or tenant that is not there is said at once")
{
    Login login;
    auto endpoint = login.host.endpoint();
    std::string advice;
    SUBCASE("application")
    {
        endpoint.client_id = "another";
        advice = "the tenant has no such application; check [auth.delegated] client_id";
    }
    SUBCASE("tenant")
    {
        endpoint.tenant_id = "99999999-0000-0000-0000-000000000000";
        advice = "there is no such tenant; check tenant.id and tenant.cloud";
    }
    auto& network = login.host.network;
    DeviceCodeFlow flow{network.transport, network.clock, network.rng, endpoint};
    const auto error = network.await(flow.start()).error();
    CHECK(error.code == Errc::unauthorized);
    CHECK(has(error.message, advice));
}

TEST_CASE("device code: the code shows up in no error text")
{
    Login login;
    auto code = test::value_of(login.start());
    const auto secret = code.secret;
    login.poll(std::move(code));
    login.host.reply(refusal(400, "invalid_request", "you sent " + secret));
    login.host.pass(6s);
    CHECK(has(login.error().message, "you sent "));
    CHECK_FALSE(has(login.error().describe(), secret));
}
