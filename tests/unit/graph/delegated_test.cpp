// The sign-in of a user over months: refresh tokens that rotate, the file they live in, and every
// way in which it ends.

#include "sync/graph/delegated.hpp"

#include "sync/graph/device_code.hpp"
#include "sync/graph/token_file.hpp"
#include "tests/unit/config/sample.hpp"
#include "tests/unit/graph/login_host.hpp"

#include <boost/asio/co_spawn.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

using namespace cloudpcd;
using namespace cloudpcd::graph;
using namespace std::chrono_literals;
using graphsim::SignInPolicy;

namespace {

bool has(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

struct User {
    explicit User(graphsim::TenantOptions options = {}) : host{std::move(options)} { restart(); }

    /// The object as a new process makes it.
    void restart(std::optional<TokenEndpointOptions> endpoint = std::nullopt)
    {
        auto& network = host.network;
        credentials = std::make_unique<DelegatedCredentials>(
            network.transport, network.clock, network.rng,
            DelegatedOptions{.endpoint = endpoint.value_or(host.endpoint()),
                             .audiences = {"https://graph.microsoft.com"},
                             .file = file.path()});
    }
    TokenGrant grant()
    {
        auto& network = host.network;
        DeviceCodeFlow flow{network.transport, network.clock, network.rng, host.endpoint()};
        auto code = test::value_of(network.await(flow.start()));
        REQUIRE(host.approve());
        return test::value_of(network.await(flow.finish(std::move(code))));
    }
    void sign_in() { test::value_of(credentials->sign_in(grant())); }
    Result<AccessToken> ask() { return host.network.await(credentials->access_token()); }
    std::string content() const
    {
        std::ifstream in{file.path(), std::ios::binary};
        return {std::istreambuf_iterator<char>{in}, {}};
    }
    std::string stored() const
    {
        auto read = test::value_of(file.read());
        return read ? read->refresh_token : "";
    }
    std::size_t refreshes() const { return host.count("grant_type=refresh_token"); }
    unsigned mode() const
    {
        struct stat info{};
        REQUIRE(::stat(file.path().c_str(), &info) == 0);
        return info.st_mode & 07777U;
    }

    config::sample::TemporaryDirectory directory;
    TokenFile file{directory.path() / "delegated-token"};
    test::LoginHost host;
    std::unique_ptr<DelegatedCredentials> credentials;
};

}  // namespace

TEST_CASE("delegated: without a sign-in nobody is asked, and it is said what to do")
{
    User user;
    const auto error = user.ask().error();
    CHECK(error.code == Errc::unauthorized);
    CHECK(error.message == "nobody has signed in; sign in with cloudpcctl login");
    CHECK(user.host.network.transport.seen.empty());
    CHECK_FALSE(user.credentials->state().signed_in);
    CHECK(user.credentials->state().error.empty());
}

TEST_CASE("delegated: a sign-in is kept in a file for the daemon alone, and outlives it")
{
    ::umask(0);
    User user;
    user.sign_in();
    CHECK(user.mode() == 0600);
    CHECK_FALSE(std::filesystem::exists(user.directory.path() / "delegated-token.new"));
    const auto state = user.credentials->state();
    CHECK(state.signed_in);
    CHECK(has(state.principal_name, "@"));
    CHECK(state.object_id.size() == 36);
    CHECK(state.error.empty());

    user.restart();
    CHECK(user.credentials->state().signed_in);
    CHECK(user.credentials->state().principal_name == state.principal_name);
    CHECK(user.credentials->state().signed_in_at == state.signed_in_at);
    const auto token = test::value_of(user.ask());
    CHECK(token.tenant_id == user.host.tenant.options().tenant_id);
    const auto& body = user.host.network.transport.seen.back().request.body;
    CHECK(has(body,
              "grant_type=refresh_token&client_id=66666666-7777-8888-9999-000000000000&scope="
              "https%3A%2F%2Fgraph.microsoft.com%2FCloudPC.ReadWrite.All%20offline_access"));
    ::umask(022);
}

TEST_CASE("delegated: each refresh token is stored before the token that it came with is used")
{
    User user;
    user.sign_in();
    const auto first = user.stored();
    user.host.pass(1s);
    CHECK(user.ask().has_value());
    const auto second = user.stored();
    CHECK(second != first);
    CHECK(user.mode() == 0600);
    CHECK(user.credentials->state().refreshed_at > user.credentials->state().signed_in_at);
    CHECK(user.ask().has_value());
    CHECK(user.refreshes() == 1);
    user.host.pass(56min);
    CHECK(user.ask().has_value());
    CHECK(user.stored() != second);
    CHECK(user.host.count("refresh_token=" + first) == 1);
    CHECK(user.host.count("refresh_token=" + second) == 1);
}

TEST_CASE("delegated: the old refresh token serves on when none comes, or it cannot be stored")
{
    User user;
    user.sign_in();
    const auto first = user.stored();
    SUBCASE("none comes")
    {
        user.host.reply(test::json_response(200, R"({"access_token":"opaque","expires_in":3600})"));
        CHECK(user.ask().has_value());
    }
    SUBCASE("it cannot be stored")
    {
        test::StderrCapture log;
        // A directory in the way of the new file.
        std::filesystem::create_directories(user.directory.path() / "delegated-token.new/x");
        CHECK(user.ask().has_value());
        CHECK(has(log.text(), "the renewed sign-in cannot be stored"));
        CHECK(has(user.credentials->state().error, "delegated-token.new: cannot be written"));
    }
    CHECK(user.stored() == first);
}

TEST_CASE("delegated: a sign-in that cannot be stored is none, and the earlier one stays")
{
    User user;
    user.sign_in();
    const auto first = user.stored();
    std::filesystem::create_directories(user.directory.path() / "delegated-token.new/x");
    const auto error = user.credentials->sign_in(user.grant()).error();
    CHECK(error.code == Errc::configuration);
    CHECK(has(error.message, "delegated-token.new: cannot be written"));
    CHECK(user.stored() == first);
    CHECK(user.credentials->state().signed_in);
}

TEST_CASE("delegated: what a crash left behind is no obstacle")
{
    User user;
    std::ofstream{user.directory.path() / "delegated-token.new"} << "half of it";
    user.sign_in();
    CHECK(user.ask().has_value());
    CHECK_FALSE(std::filesystem::exists(user.directory.path() / "delegated-token.new"));
}

TEST_CASE("delegated: a refused sign-in says so, and is tried again once an hour")
{
    test::StderrCapture log;
    User user;
    user.sign_in();
    std::string advice;
    SUBCASE("revoked")
    {
        user.host.tenant.revoke_sign_ins();
        advice = "the sign-in was revoked or the password changed; sign in again with cloudpcctl";
    }
    SUBCASE("unused for too long")
    {
        user.host.network.clock.run_for(user.host.network.io, 24h * 91);
        advice = "the sign-in was not used for too long; sign in again with cloudpcctl login";
    }
    SUBCASE("blocked")
    {
        user.host.tenant.set_sign_in_policy(SignInPolicy::block);
        advice = "an administrator can exclude the user or the application from that policy";
    }
    const auto error = user.ask().error();
    CHECK(error.code == Errc::unauthorized);
    CHECK(has(error.message, advice));
    CHECK(has(user.credentials->state().error, advice));
    CHECK(user.credentials->state().signed_in);
    for (int minute = 0; minute < 59; ++minute) {
        user.host.pass(1min);
        CHECK(user.ask().has_error());
    }
    CHECK(user.refreshes() == 1);
    CHECK(test::count_of(log.text(), "token request failed") == 1);
    user.host.pass(1min);
    CHECK(user.ask().has_error());
    CHECK(user.refreshes() == 2);

    user.host.tenant.set_sign_in_policy(SignInPolicy::admit);
    user.sign_in();  // counts at once
    CHECK(user.credentials->state().error.empty());
    CHECK(user.ask().has_value());
}

TEST_CASE("delegated: a login host that is down is asked again soon, and the error goes away")
{
    User user;
    user.sign_in();
    user.host.replies.assign(3, Error{.code = Errc::transient, .message = "connection refused"});
    CHECK(user.ask().error().code == Errc::transient);
    CHECK(has(user.credentials->state().error, "connection refused"));
    user.host.pass(10s);
    CHECK(user.ask().has_value());
    CHECK(user.credentials->state().error.empty());
}

TEST_CASE("delegated: a claims challenge goes into the next request, once")
{
    User user;
    user.sign_in();
    const auto token = test::value_of(user.ask());
    const std::string claims = R"({"access_token":{"nbf":{"essential":true,"value":"1"}}})";
    user.credentials->refused(token, claims);
    const auto next = test::value_of(user.ask());
    CHECK(next.serial != token.serial);
    CHECK(user.host.count("%22nbf%22") == 1);
    CHECK(user.host.count("%22xms_cc%22%3A%7B%22values%22%3A%5B%22cp1%22%5D%7D") == 3);
    user.credentials->refused(next, claims);  // within the minute
    CHECK(test::value_of(user.ask()).serial == next.serial);
    CHECK(user.refreshes() == 2);
}

TEST_CASE("delegated: another tenant's tokens are neither stored nor used")
{
    User user;
    const auto foreign = test::jwt(R"({"tid":"99999999-0000-0000-0000-000000000000",
                                       "aud":"https://graph.microsoft.com"})");
    const auto own = test::jwt(R"({"tid":"11111111-2222-3333-4444-555555555555",
                                   "aud":"https://graph.microsoft.com"})");
    const auto other_audience = test::jwt(R"({"tid":"11111111-2222-3333-4444-555555555555",
                                              "aud":"https://vault.azure.net"})");
    const auto keep = [&](const std::string& access, const std::string& id) {
        return user.credentials->sign_in(
            {.token = access, .life = 1h, .refresh_token = "r", .id_token = id});
    };
    CHECK(has(keep(foreign, own).error().message, "expected a token for tenant"));
    CHECK(has(keep(own, foreign).error().message, "expected a token for tenant"));
    CHECK(has(keep("opaque", foreign).error().message, "expected a token for tenant"));
    CHECK(has(keep(other_audience, own).error().message, "expected a token for https://graph"));
    CHECK(has(user.credentials->sign_in({.token = own, .life = 1h}).error().message,
              "offline_access"));
    CHECK_FALSE(user.credentials->state().signed_in);
    CHECK_FALSE(std::filesystem::exists(user.file.path()));

    user.sign_in();
    const auto first = user.stored();
    user.host.reply(test::json_response(
        200, fmt::format(R"({{"access_token":"{}","expires_in":3600,"refresh_token":"evil"}})",
                         foreign)));
    CHECK(has(user.ask().error().message, "expected a token for tenant"));
    CHECK(user.stored() == first);
}

TEST_CASE("delegated: a sign-in of another configuration is shown to nobody")
{
    User user;
    user.sign_in();
    auto endpoint = user.host.endpoint();
    SUBCASE("tenant")
    {
        endpoint.tenant_id = "99999999-0000-0000-0000-000000000000";
    }
    SUBCASE("application")
    {
        endpoint.client_id = "another";
    }
    SUBCASE("login host")
    {
        endpoint.authority.host = "login.evil";
    }
    const auto before = user.host.network.transport.seen.size();
    user.restart(endpoint);
    CHECK_FALSE(user.credentials->state().signed_in);
    const auto error = user.ask().error();
    CHECK(error.code == Errc::unauthorized);
    CHECK(has(error.message, "which the configuration does not name; it is not used"));
    CHECK(user.host.network.transport.seen.size() == before);
    CHECK_FALSE(user.stored().empty());  // it may be the configuration that is wrong
}

TEST_CASE("delegated: a file that others can reach is refused until it is put right")
{
    User user;
    user.sign_in();
    const auto path = user.file.path();
    std::string problem;
    const auto before = user.host.network.transport.seen.size();
    SUBCASE("group")
    {
        REQUIRE(::chmod(path.c_str(), 0640) == 0);
        problem = "delegated-token: is open to others (mode 0640), accepted: 0600 (chmod 600)";
    }
    SUBCASE("others")
    {
        REQUIRE(::chmod(path.c_str(), 0602) == 0);
        problem = "(mode 0602)";
    }
    SUBCASE("owner")
    {
        if (::geteuid() != 0)
            return;
        REQUIRE(::chown(path.c_str(), 12345, 12345) == 0);
        problem = "belongs to user 12345, accepted: the daemon's own user";
    }
    SUBCASE("link")
    {
        std::filesystem::rename(path, path.string() + ".real");
        std::filesystem::create_symlink(path.string() + ".real", path);
        problem = "cannot be read";
    }
    SUBCASE("no sign-in")
    {
        std::ofstream{path} << R"({"version":1,"refresh_token":"x"})";
        problem = "holds no sign-in; sign in again with cloudpcctl login";
    }
    SUBCASE("of a later version")
    {
        auto content = user.content();
        content.replace(content.find("\"version\":1"), 11, "\"version\":2");
        std::ofstream{path} << content;
        problem = "holds no sign-in";
    }
    user.restart();
    CHECK(has(user.credentials->state().error, problem));
    CHECK(has(user.ask().error().message, problem));
    CHECK(user.host.network.transport.seen.size() == before);

    user.sign_in();  // replaces what was there
    CHECK(user.mode() == 0600);
    CHECK(user.ask().has_value());
}

TEST_CASE("delegated: a file that was put right is found without a restart")
{
    User user;
    user.sign_in();
    REQUIRE(::chmod(user.file.path().c_str(), 0644) == 0);
    user.restart();
    CHECK(user.ask().has_error());
    REQUIRE(::chmod(user.file.path().c_str(), 0600) == 0);
    CHECK(user.ask().has_value());
}

TEST_CASE("delegated: signing out removes the file and forgets the token")
{
    User user;
    user.sign_in();
    REQUIRE(user.ask().has_value());
    std::ofstream{user.directory.path() / "delegated-token.new"} << "left behind";
    CHECK(user.credentials->sign_out().has_value());
    CHECK(std::filesystem::is_empty(user.directory.path()));
    CHECK(user.ask().error().message == "nobody has signed in; sign in with cloudpcctl login");
    CHECK_FALSE(user.credentials->state().signed_in);
    CHECK(user.credentials->state().principal_name.empty());
    CHECK(user.credentials->sign_out().has_value());  // twice is fine
}

TEST_CASE("delegated: after another sign-in no token of the earlier one is used")
{
    User user;
    user.sign_in();
    const auto first = test::value_of(user.ask());
    user.sign_in();
    CHECK(test::value_of(user.ask()).value != first.value);
    CHECK(user.refreshes() == 2);
}

TEST_CASE("delegated: a token that comes after signing out is not stored")
{
    User user;
    user.sign_in();
    std::optional<Result<AccessToken>> answer;
    boost::asio::co_spawn(user.host.network.io, user.credentials->access_token(),
                          [&](const std::exception_ptr& thrown, Result<AccessToken> token) {
                              CHECK_FALSE(thrown);
                              answer.emplace(std::move(token));
                          });
    user.host.pass(10ms);  // the request is under way
    CHECK(user.refreshes() == 1);
    bool again = false;
    SUBCASE("signed out in the moment of the answer")
    {
        const auto tenant = user.host.network.transport.answer;
        user.host.network.transport.answer = [&user, tenant](const HttpRequest& request) {
            CHECK(user.credentials->sign_out().has_value());
            return tenant(request);
        };
    }
    SUBCASE("signed in anew in the moment of the answer")
    {
        again = true;
        const auto tenant = user.host.network.transport.answer;
        user.host.network.transport.answer = [&user, tenant](const HttpRequest& request) {
            CHECK(user.credentials
                      ->sign_in({.token = "opaque", .life = 1h, .refresh_token = "of-another"})
                      .has_value());
            return tenant(request);
        };
    }
    SUBCASE("signed out")
    {
        CHECK(user.credentials->sign_out().has_value());
    }
    SUBCASE("signed in anew")
    {
        again = true;
        CHECK(user.credentials
                  ->sign_in({.token = "opaque", .life = 1h, .refresh_token = "of-another"})
                  .has_value());
    }
    user.host.pass(1min);
    REQUIRE(answer);
    REQUIRE(answer->has_error());
    CHECK(answer->error().code == Errc::transient);
    CHECK(user.stored() == (again ? "of-another" : ""));
    // What came too late delays nobody.
    user.host.network.transport.answer = [](const HttpRequest&) -> Result<HttpResponse> {
        return test::json_response(200, R"({"access_token":"opaque","expires_in":3600})");
    };
    CHECK(user.ask().has_value() == again);
}

TEST_CASE("delegated: no token in a log or an error")
{
    test::StderrCapture log;
    User user;
    user.sign_in();
    const auto refresh_token = user.stored();
    user.host.reply(test::json_response(
        400, fmt::format(R"({{"error":"invalid_grant","error_description":"{} is bad"}})",
                         refresh_token)));
    const auto error = user.ask().error();
    CHECK(has(error.message, "is bad"));
    CHECK_FALSE(has(error.describe(), refresh_token));
    CHECK_FALSE(has(user.credentials->state().error, refresh_token));
    CHECK_FALSE(has(log.text(), refresh_token));
    CHECK_FALSE(has(log.text(), "eyJ"));
    CHECK(has(log.text(), "a user has signed in"));
}
