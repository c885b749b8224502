// Signing in to the running daemon: one attempt at a time, who joins it, and what ends it.

#include "daemon/login.hpp"

#include "tests/unit/config/sample.hpp"
#include "tests/unit/graph/login_host.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>

using namespace cloudpcd;
using namespace std::chrono_literals;
using daemon::Login;
using daemon::LoginAttempt;
namespace asio = boost::asio;
namespace test = graph::test;
using Phase = LoginAttempt::Phase;

namespace {

bool has(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

struct Daemon {
    explicit Daemon(graphsim::TenantOptions options = {}, bool with_client = true)
        : host{std::move(options)}, endpoint{host.endpoint()}
    {
        if (!with_client)
            endpoint.client_id.clear();
        credentials = std::make_unique<graph::DelegatedCredentials>(
            host.network.transport, host.network.clock, host.network.rng,
            graph::DelegatedOptions{.endpoint = endpoint,
                                    .audiences = {"https://graph.microsoft.com"},
                                    .file = directory.path() / "delegated-token"});
        login = std::make_unique<Login>(host.network.io.get_executor(),
                                        Login::Parts{.transport = host.network.transport,
                                                     .clock = host.network.clock,
                                                     .rng = host.network.rng,
                                                     .credentials = *credentials},
                                        endpoint);
        asio::co_spawn(host.network.io, login->run(),
                       asio::bind_cancellation_slot(
                           running.slot(), [this](const std::exception_ptr&) { ended = true; }));
    }
    ~Daemon() { end(); }
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    void end()
    {
        running.emit(asio::cancellation_type::terminal);
        host.pass(0s);
    }
    LoginAttempt start() { return host.network.await(login->start()); }
    /// In the background; the answer is in `answer`.
    void begin(std::optional<LoginAttempt>& answer)
    {
        asio::co_spawn(
            host.network.io, login->start(),
            [&](const std::exception_ptr&, LoginAttempt attempt) { answer = std::move(attempt); });
    }

    config::sample::TemporaryDirectory directory;
    test::LoginHost host;
    graph::TokenEndpointOptions endpoint;
    std::unique_ptr<graph::DelegatedCredentials> credentials;
    std::unique_ptr<Login> login;
    asio::cancellation_signal running;
    bool ended = false;
};

}  // namespace

TEST_CASE("login: from the code to the user who acts")
{
    Daemon daemon;
    CHECK(daemon.login->attempt().phase == Phase::none);
    const auto attempt = daemon.start();
    CHECK(attempt.phase == Phase::pending);
    CHECK(has(attempt.message, attempt.user_code));
    CHECK(has(attempt.verification_uri, "/devicelogin"));
    REQUIRE(attempt.expires_at);
    CHECK(*attempt.expires_at - daemon.host.network.clock.utc_now() == 15min - 50ms);
    CHECK_FALSE(daemon.login->sign_in().signed_in);
    REQUIRE(daemon.host.tenant.approve_sign_in(attempt.user_code));
    daemon.host.pass(6s);
    CHECK(daemon.login->attempt().phase == Phase::signed_in);
    CHECK(daemon.login->attempt().user_code.empty());
    CHECK(daemon.login->sign_in().signed_in);
    CHECK(has(daemon.login->sign_in().principal_name, "@"));
    CHECK(daemon.host.network.await(daemon.credentials->access_token()).has_value());
}

TEST_CASE("login: who comes while one is pending gets the same code")
{
    Daemon daemon;
    std::optional<LoginAttempt> first;
    std::optional<LoginAttempt> second;
    daemon.begin(first);
    daemon.begin(second);
    daemon.host.pass(1s);
    REQUIRE(first);
    REQUIRE(second);
    CHECK(first->phase == Phase::pending);
    CHECK(second->user_code == first->user_code);
    daemon.host.pass(5min);
    CHECK(daemon.start().user_code == first->user_code);
    CHECK(daemon.host.tenant.sign_ins().size() == 1);
}

TEST_CASE("login: an attempt that fails says why, and the next one starts afresh")
{
    Daemon daemon;
    const auto first = daemon.start();
    std::string reason;
    SUBCASE("declined")
    {
        REQUIRE(daemon.host.tenant.decline_sign_in(first.user_code));
        reason = "the user declined";
    }
    SUBCASE("expired")
    {
        daemon.host.pass(15min);
        reason = "the code expired before anybody signed in";
    }
    SUBCASE("blocked")
    {
        daemon.host.tenant.set_sign_in_policy(graphsim::SignInPolicy::block);
        REQUIRE(daemon.host.tenant.approve_sign_in(first.user_code));
        reason = "AADSTS53003: Access has been blocked by Conditional Access policies";
    }
    SUBCASE("cannot be stored")
    {
        std::filesystem::create_directories(daemon.directory.path() / "delegated-token.new/x");
        REQUIRE(daemon.host.tenant.approve_sign_in(first.user_code));
        reason = "delegated-token.new: cannot be written";
    }
    daemon.host.pass(10s);
    CHECK(daemon.login->attempt().phase == Phase::failed);
    CHECK(has(daemon.login->attempt().reason, reason));
    CHECK_FALSE(daemon.login->sign_in().signed_in);
    const auto second = daemon.start();
    CHECK(second.phase == Phase::pending);
    CHECK(second.user_code != first.user_code);
}

TEST_CASE("login: no code is a failure of its own")
{
    Daemon daemon;
    daemon.host.reply(Error{.code = Errc::transient, .message = "connection refused"});
    const auto attempt = daemon.start();
    CHECK(attempt.phase == Phase::failed);
    CHECK(has(attempt.reason, "device code request"));
    CHECK(has(attempt.reason, "connection refused"));
}

TEST_CASE("login: without an application nobody is asked")
{
    Daemon daemon{{}, false};
    const auto attempt = daemon.start();
    CHECK(attempt.phase == Phase::failed);
    CHECK(has(attempt.reason, "[auth.delegated] client_id: there is no application to sign in to"));
    CHECK(daemon.host.network.transport.seen.empty());
}

TEST_CASE("login: signing out ends a pending attempt, even one that has just been confirmed")
{
    Daemon daemon;
    const auto first = daemon.start();
    SUBCASE("not confirmed")
    {
        daemon.host.pass(7s);
    }
    SUBCASE("confirmed, the tokens under way")
    {
        REQUIRE(daemon.host.tenant.approve_sign_in(first.user_code));
        daemon.host.pass(5020ms);  // the poll is sent, its answer is not here
        CHECK(daemon.host.count("device_code=") == 1);
        CHECK_FALSE(daemon.login->sign_in().signed_in);
    }
    SUBCASE("confirmed, in the moment of the answer")
    {
        REQUIRE(daemon.host.tenant.approve_sign_in(first.user_code));
        const auto tenant = daemon.host.network.transport.answer;
        daemon.host.network.transport.answer = [&daemon,
                                                tenant](const graph::HttpRequest& request) {
            CHECK(daemon.login->log_out().has_value());
            return tenant(request);
        };
        daemon.host.pass(5100ms);
        daemon.host.network.transport.answer = tenant;
    }
    CHECK(daemon.login->log_out().has_value());
    const auto polls = daemon.host.count("device_code=");
    daemon.host.pass(1min);
    CHECK(daemon.host.count("device_code=") == polls);
    CHECK(daemon.login->attempt().phase == Phase::none);
    CHECK_FALSE(daemon.login->sign_in().signed_in);
    CHECK(std::filesystem::is_empty(daemon.directory.path()));
    CHECK(daemon.start().user_code != first.user_code);
}

TEST_CASE("login: signing out while a code is being asked for, and in again at once")
{
    Daemon daemon;
    std::optional<LoginAttempt> first;
    daemon.begin(first);
    daemon.host.pass(10ms);
    CHECK(daemon.login->log_out().has_value());
    const auto second = daemon.start();
    CHECK(second.phase == Phase::pending);
    REQUIRE(first);
    REQUIRE(daemon.host.tenant.approve_sign_in(second.user_code));
    daemon.host.pass(6s);
    CHECK(daemon.login->sign_in().signed_in);
}

TEST_CASE("login: signing out removes who acts")
{
    Daemon daemon;
    REQUIRE(daemon.host.tenant.approve_sign_in(daemon.start().user_code));
    daemon.host.pass(6s);
    REQUIRE(daemon.login->sign_in().signed_in);
    CHECK(daemon.login->log_out().has_value());
    CHECK(daemon.login->attempt().phase == Phase::none);
    CHECK_FALSE(daemon.login->sign_in().signed_in);
    CHECK(std::filesystem::is_empty(daemon.directory.path()));
}

TEST_CASE("login: the daemon's end ends it, and who waits is told")
{
    Daemon daemon;
    std::optional<LoginAttempt> answer;
    daemon.begin(answer);
    daemon.host.pass(10ms);
    daemon.end();
    CHECK(daemon.ended);
    CHECK_FALSE(answer);
    daemon.login.reset();
    daemon.host.pass(0s);
    REQUIRE(answer);
    CHECK(answer->phase == Phase::failed);
    CHECK(has(answer->reason, "the daemon ends or reads its configuration"));
}
