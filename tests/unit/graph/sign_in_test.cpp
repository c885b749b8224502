// The kinds of credential besides the client secret, on a virtual clock. What all kinds share is
// tested in credentials_test.cpp; here it is made sure that it holds for these, too.

#include "sync/graph/client_certificate.hpp"
#include "sync/graph/federated_token.hpp"
#include "sync/graph/managed_identity.hpp"
#include "tests/simulator/certificates.hpp"
#include "tests/simulator/client_assertion.hpp"
#include "tests/simulator/tenant.hpp"
#include "tests/unit/graph/fixture.hpp"

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace cloudpcd;
using namespace cloudpcd::graph;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view tenant = "11111111-2222-3333-4444-55555555abcd";
constexpr std::string_view token_canary = "canary-federated-token-8f21";

enum class Kind { certificate, federated_token, managed_identity };
constexpr Kind kinds[] = {Kind::certificate, Kind::federated_token, Kind::managed_identity};

TokenEndpointOptions endpoint()
{
    return {.authority = {.scheme = "https", .host = "login.example", .port = 443},
            .tenant_id = std::string{tenant},
            .client_id = "app",
            .scope = "https://graph.microsoft.com/.default",
            .user_agent = "cloudpcd/test"};
}

const graphsim::ClientIdentity& identity()
{
    static const auto made = graphsim::make_client_identity(
        {.now = std::chrono::floor<std::chrono::seconds>(test::VirtualClock::epoch)});
    return made;
}

/// An application of one kind, and whoever gives it tokens.
struct SignIn {
    explicit SignIn(Kind kind)
    {
        network.transport.answer = [this](const HttpRequest&) -> Result<HttpResponse> {
            if (down)
                return *down;
            if (!replies.empty()) {
                auto next = replies.front();
                if (replies.size() > 1 || !last_reply_stays)
                    replies.erase(replies.begin());
                return next;
            }
            return test::json_response(200, grant(fmt::format("token-{}", ++issued)));
        };
        credentials = make(kind);
    }

    std::unique_ptr<CachedCredentials> make(Kind kind)
    {
        const std::vector<std::string> audiences{"https://graph.microsoft.com"};
        switch (kind) {
            case Kind::certificate:
                return std::make_unique<ClientCertificateCredentials>(
                    network.transport, network.clock, network.rng,
                    ClientCertificateOptions{
                        .endpoint = endpoint(), .audiences = audiences, .certificate = [this] {
                            ++reads;
                            return ClientCertificate::parse(pem);
                        }});
            case Kind::federated_token:
                return std::make_unique<FederatedTokenCredentials>(
                    network.transport, network.clock, network.rng,
                    FederatedTokenOptions{.endpoint = endpoint(),
                                          .audiences = audiences,
                                          .token = [this]() -> Result<std::string> {
                                              ++reads;
                                              return token;
                                          }});
            case Kind::managed_identity:
                break;
        }
        return std::make_unique<ManagedIdentityCredentials>(
            network.transport, network.clock, network.rng,
            ManagedIdentityOptions{
                .resource = "https://graph.microsoft.com",
                .client_id = identity_client_id,
                .user_agent = "cloudpcd/test",
                .checks = {.tenant_id = std::string{tenant}, .audiences = audiences}});
    }

    static std::string grant(std::string_view token)
    {
        return fmt::format(R"({{"token_type":"Bearer","expires_in":"3600","access_token":"{}"}})",
                           token);
    }

    Result<AccessToken> ask() { return network.await(credentials->access_token()); }
    std::size_t requests() const { return network.transport.seen.size(); }
    const HttpRequest& last() const { return network.transport.seen.back().request; }
    void pass(Duration time) { network.clock.run_for(network.io, time); }
    void reply(int status, std::string body = R"({"error":"x"})", std::vector<Header> headers = {})
    {
        replies.push_back(test::json_response(status, std::move(body), std::move(headers)));
    }
    void refuse(std::string_view description, std::vector<Header> headers = {})
    {
        reply(401,
              fmt::format(R"({{"error":"invalid_client","error_description":"{}"}})", description),
              std::move(headers));
    }
    /// Times of the requests since the first one.
    std::vector<Duration> times() const
    {
        std::vector<Duration> all;
        for (const auto& seen : network.transport.seen)
            all.push_back(seen.at - network.transport.seen.front().at);
        return all;
    }

    test::Network network;
    int issued = 0;
    int reads = 0;
    std::optional<Error> down;
    std::vector<HttpResponse> replies;
    bool last_reply_stays = false;
    std::string pem = identity().certificate + identity().key;
    std::string token{token_canary};
    std::string identity_client_id;
    std::unique_ptr<CachedCredentials> credentials;
};

bool has(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE("sign in: a certificate signs every request anew, and a renewed file is found")
{
    SignIn app{Kind::certificate};
    REQUIRE(app.ask().has_value());
    const auto first = app.last().body;
    CHECK(has(first,
              "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-"
              "bearer&client_assertion=ey"));
    CHECK_FALSE(has(first, "client_secret"));

    const auto renewed = graphsim::make_client_identity(
        {.now = std::chrono::floor<std::chrono::seconds>(test::VirtualClock::epoch)});
    app.pem = renewed.certificate + renewed.key;
    app.pass(56min);
    REQUIRE(app.ask().has_value());
    const auto second = app.last().body;
    const auto header_of = [](const std::string& body) {
        const auto from = body.find("client_assertion=") + 17;
        return body.substr(from, body.find('.', from) - from);
    };
    CHECK(header_of(first) != header_of(second));  // the thumbprint
    CHECK(app.reads == 2);
}

TEST_CASE("sign in: each repetition of a request has an assertion of its own")
{
    SignIn app{Kind::certificate};
    app.reply(502);
    REQUIRE(app.ask().has_value());
    REQUIRE(app.requests() == 2);
    graphsim::AssertionCheck check;  // takes no assertion twice
    for (const auto& seen : app.network.transport.seen) {
        const std::string_view body = seen.request.body;
        constexpr std::string_view name = "client_assertion=";
        const auto refusal = check.refuse(body.substr(body.find(name) + name.size()),
                                          {.tenant_id = std::string{tenant},
                                           .client_id = "app",
                                           .client_certificates = {identity().certificate},
                                           .base_url = "https://login.example",
                                           .now = [&] { return app.network.clock.utc_now(); }});
        CHECK_MESSAGE(!refusal, (refusal ? refusal->description : ""));
    }
}

TEST_CASE("sign in: a certificate that cannot be used asks nobody and is tried once a minute")
{
    test::StderrCapture log;
    SignIn app{Kind::certificate};
    std::string problem;
    SUBCASE("expired")
    {
        app.network.clock.shift_wall(91 * 24h);
        problem = "the certificate expired at 2026-04-01";
    }
    SUBCASE("broken")
    {
        app.pem = identity().certificate;
        problem = "no private key";
    }
    const auto error = app.ask().error();
    CHECK(error.code == Errc::configuration);
    CHECK(has(error.message, problem));
    for (int i = 0; i < 59; ++i) {
        app.pass(1s);
        CHECK(app.ask().has_error());
    }
    CHECK(app.reads == 1);
    CHECK(app.requests() == 0);
    CHECK(test::count_of(log.text(), "token request failed") == 1);
    CHECK_FALSE(has(log.text(), "PRIVATE KEY"));

    const auto renewed = graphsim::make_client_identity();
    app.pem = renewed.certificate + renewed.key;
    app.pass(1s);
    CHECK(app.ask().has_value());
}

TEST_CASE("sign in: a federated token is sent as it stands, and read for every request")
{
    SignIn app{Kind::federated_token};
    app.token = "  a.b.c\n";
    REQUIRE(app.ask().has_value());
    CHECK(app.last().body.ends_with("&client_assertion=a.b.c"));
    CHECK(app.reads == 1);
    app.token = "d.e.f";
    app.pass(56min);
    REQUIRE(app.ask().has_value());
    CHECK(app.last().body.ends_with("&client_assertion=d.e.f"));
}

TEST_CASE("sign in: a refused federated token is followed by a renewed one at once")
{
    SignIn app{Kind::federated_token};
    app.refuse("AADSTS700024: not within its valid time range");
    SUBCASE("renewed meanwhile")
    {
        const auto good = app.network.transport.answer;
        app.network.transport.answer = [&](const HttpRequest& request) {
            app.token = "renewed";
            return good(request);
        };
        REQUIRE(app.ask().has_value());
        CHECK(app.requests() == 2);
        CHECK(app.last().body.ends_with("&client_assertion=renewed"));
        CHECK(app.times().back() < 1s);
    }
    SUBCASE("still the same")
    {
        CHECK(app.ask().error().graph_code == "AADSTS700024");
        CHECK(app.requests() == 1);
    }
    SUBCASE("renewed all the time, and always refused")
    {
        app.last_reply_stays = true;
        int count = 0;
        const auto good = app.network.transport.answer;
        app.network.transport.answer = [&](const HttpRequest& request) {
            app.token = fmt::format("renewed-{}", ++count);
            return good(request);
        };
        CHECK(app.ask().error().code == Errc::unauthorized);
        CHECK(app.requests() == 2);
    }
}

TEST_CASE("sign in: an empty federated token is never sent")
{
    SignIn app{Kind::federated_token};
    app.token = " \n";
    CHECK(app.ask().error().code == Errc::configuration);
    CHECK(app.requests() == 0);
}

TEST_CASE("sign in: a managed identity asks the metadata service in its own words")
{
    SignIn app{Kind::managed_identity};
    REQUIRE(app.ask().has_value());
    CHECK(app.last().method == "GET");
    CHECK(app.last().url.to_string() ==
          "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01"
          "&resource=https%3A%2F%2Fgraph.microsoft.com");
    const auto& headers = app.last().headers;
    CHECK(std::ranges::any_of(headers, [](const Header& header) {
        return header.name == "Metadata" && header.value == "true";
    }));
    CHECK(app.last().body.empty());

    app.identity_client_id = "99999999-0000-0000-0000-000000000000";
    app.credentials = app.make(Kind::managed_identity);
    REQUIRE(app.ask().has_value());
    CHECK(app.last().url.to_string().ends_with("&client_id=99999999-0000-0000-0000-000000000000"));
}

TEST_CASE("sign in: the metadata service writes numbers as text and perhaps expires_on alone")
{
    SignIn app{Kind::managed_identity};
    const auto in_an_hour =
        std::chrono::floor<std::chrono::seconds>(test::VirtualClock::epoch).time_since_epoch() + 1h;
    app.reply(200, fmt::format(R"({{"access_token":"t","expires_on":"{}","resource":"r"}})",
                               in_an_hour.count()));
    CHECK(test::value_of(app.ask()).value == "t");
    app.pass(29min);
    CHECK(test::value_of(app.ask()).value == "t");
    CHECK(app.requests() == 1);
    app.pass(27min);
    CHECK(test::value_of(app.ask()).value == "token-1");
}

TEST_CASE("sign in: what the metadata service may get over is repeated at its own pace")
{
    for (const int status : {404, 429, 500, 503}) {
        CAPTURE(status);
        SignIn app{Kind::managed_identity};
        app.network.transport.latency = 0ms;
        app.last_reply_stays = true;
        app.reply(status);
        const auto error = app.ask().error();
        CHECK(error.http_status == status);
        CHECK(app.times() == std::vector<Duration>{0s, 2s, 8s, 22s, 52s});
    }
    SignIn silent{Kind::managed_identity};
    silent.network.transport.latency = 0ms;
    silent.down = Error{.code = Errc::transient, .message = "timeout"};
    CHECK(has(silent.ask().error().message, "only machines in Azure"));
    CHECK(silent.requests() == identity_attempts_max);
}

TEST_CASE("sign in: a metadata service that is gone has more than 70 seconds to come back")
{
    SignIn app{Kind::managed_identity};
    app.network.transport.latency = 0ms;
    app.last_reply_stays = true;
    app.reply(410);
    CHECK(app.ask().error().http_status == 410);
    CHECK(app.times().back() > identity_gone_max);
    CHECK(app.requests() == identity_attempts_max + 1);

    SignIn back{Kind::managed_identity};
    for (int i = 0; i < identity_attempts_max; ++i)
        back.reply(410);
    CHECK(back.ask().has_value());
}

TEST_CASE("sign in: other refusals of the metadata service are final, and tried once a minute")
{
    SignIn app{Kind::managed_identity};
    app.last_reply_stays = true;
    app.reply(400, R"({"error":"invalid_request","error_description":"Identity not found"})");
    const auto error = app.ask().error();
    CHECK(error.code == Errc::unauthorized);
    CHECK(has(error.message, "no such managed identity"));
    CHECK(has(error.message, "Identity not found"));
    for (int i = 0; i < 59; ++i) {
        app.pass(1s);
        CHECK(app.ask().has_error());
    }
    CHECK(app.requests() == 1);
    app.replies.clear();
    app.pass(1s);
    CHECK(app.ask().has_value());
}

TEST_CASE("sign in: a wait that the metadata service asks for is obeyed")
{
    SignIn app{Kind::managed_identity};
    app.network.transport.latency = 0ms;
    app.reply(429, "{}", {{"Retry-After", "10"}});
    REQUIRE(app.ask().has_value());
    CHECK(app.times() == std::vector<Duration>{0s, 10s});

    SignIn patient{Kind::managed_identity};
    patient.reply(429, "{}", {{"Retry-After", "600"}});
    const auto error = patient.ask().error();
    CHECK(error.code == Errc::throttled);
    CHECK(error.retry_after == 600s);
    patient.pass(599s);
    CHECK(patient.ask().has_error());
    CHECK(patient.requests() == 1);
}

TEST_CASE("sign in: every kind renews a challenged token once a minute, with the claims merged")
{
    for (const auto kind : kinds) {
        SignIn app{kind};
        const auto first = test::value_of(app.ask());
        app.credentials->refused(first, R"({"access_token":{"nbf":{"value":"1"}}})");
        const auto second = test::value_of(app.ask());
        CHECK(second.value == "token-2");
        if (kind != Kind::managed_identity) {  // its service takes no claims
            CHECK(has(app.last().body, "nbf"));
            CHECK(has(app.last().body, "cp1"));
        }
        app.credentials->refused(second, "");
        CHECK(test::value_of(app.ask()).value == "token-2");
        CHECK(app.requests() == 2);
    }
}

TEST_CASE("sign in: every kind refuses a token of another tenant")
{
    for (const auto kind : kinds) {
        SignIn app{kind};
        app.reply(200,
                  SignIn::grant(test::jwt(R"({"tid":"99999999-2222-3333-4444-555555555555"})")));
        const auto error = app.ask().error();
        CHECK(error.code == Errc::unauthorized);
        CHECK(has(error.message, tenant));
        CHECK(app.requests() == 1);
    }
}

TEST_CASE("sign in: no kind makes a hot loop of an outage, nor tells its secret")
{
    for (const auto kind : kinds) {
        CAPTURE(static_cast<int>(kind));
        test::StderrCapture log;
        SignIn app{kind};
        app.last_reply_stays = true;
        app.refuse(fmt::format("AADSTS700027: bad assertion {}", token_canary));
        for (int i = 0; i < 600; ++i) {
            const auto refused = app.ask();
            CHECK(refused.error().code == Errc::unauthorized);
            if (kind == Kind::federated_token)
                CHECK_FALSE(has(refused.error().describe(), token_canary));
            app.pass(1s);
        }
        CHECK(app.requests() >= 10);
        CHECK(app.requests() <= 11);

        app.replies.clear();
        app.reply(429);
        const auto before = app.requests();
        const auto began = app.network.clock.steady_now();
        for (int i = 0; i < 600; ++i) {
            CHECK(app.ask().has_error());
            app.pass(1s);
        }
        const auto took = app.network.clock.steady_now() - began;  // some asked for a minute
        CHECK(app.requests() - before <= static_cast<std::size_t>(took / 8s));
        if (kind == Kind::federated_token)
            CHECK_FALSE(has(log.text(), token_canary));
        CHECK_FALSE(has(log.text(), "client_assertion="));
        CHECK_FALSE(has(log.text(), "ey"));
    }
}

TEST_CASE("sign in: an assertion out of its time is explained by the login host's clock")
{
    const std::string refusal =
        "AADSTS700024: Client assertion is not within its valid time range. Trace ID: x";
    SignIn ahead{Kind::certificate};
    ahead.network.clock.shift_wall(20min);
    ahead.refuse(refusal, {{"Date", "Thu, 01 Jan 2026 00:00:00 GMT"}});
    const auto error = ahead.ask().error();
    CHECK(error.graph_code == "AADSTS700024");
    CHECK(has(error.message, "the local clock is 20m ahead of the login host's, set it right"));
    CHECK(has(error.message, refusal));

    SignIn behind{Kind::certificate};
    behind.refuse(refusal, {{"Date", "Thu, 01 Jan 2026 01:00:00 GMT"}});
    CHECK(has(behind.ask().error().message, "behind the login host's"));

    SignIn stale{Kind::federated_token};
    stale.refuse(refusal, {{"Date", "Thu, 01 Jan 2026 00:00:00 GMT"}});
    CHECK(has(stale.ask().error().message, "the assertion itself is out of date"));

    SignIn undated{Kind::certificate};
    undated.refuse(refusal);
    CHECK(has(undated.ask().error().message, refusal));
}
