// What follows from [auth]: which request is sent where, and what is said of a certificate while
// months pass.

#include "daemon/credential.hpp"

#include "tests/simulator/certificates.hpp"
#include "tests/unit/config/sample.hpp"
#include "tests/unit/graph/fixture.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>

using namespace cloudpcd;
using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace test = graph::test;
namespace sample = config::sample;

namespace {

const auto epoch = std::chrono::floor<std::chrono::seconds>(test::VirtualClock::epoch);

std::string certificate(std::chrono::seconds ends_in)
{
    const auto made = graphsim::make_client_identity({.ends_in = ends_in, .now = epoch});
    return made.certificate + made.key;
}

/// A configuration file with this in [auth], in a directory of its own.
struct Configured {
    explicit Configured(const std::string& auth, const std::string& tenant = "",
                        config::Environment environment = {})
        : variables{std::move(environment)}
    {
        const auto file = directory.write(
            "c.toml", fmt::format("[tenant]\nid = \"11111111-2222-3333-4444-555555555555\"\n{}\n"
                                  "[auth]\nclient_id = \"app\"\n{}\n",
                                  tenant, auth));
        const auto outcome = config::load_config(file, variables, sample::options());
        REQUIRE(outcome.errors.empty());
        configuration = *outcome.config;
    }

    sample::TemporaryDirectory directory;
    config::Environment variables;
    config::Config configuration;
};

/// The request for a token that the configuration leads to.
graph::HttpRequest token_request(const Configured& configured)
{
    test::Network network;
    network.transport.answer = [](const graph::HttpRequest&) -> Result<graph::HttpResponse> {
        return test::json_response(200, R"({"access_token":"t","expires_in":3600})");
    };
    const auto credentials =
        daemon::make_credentials(configured.configuration, {.transport = network.transport,
                                                            .clock = network.clock,
                                                            .rng = network.rng,
                                                            .environment = configured.variables});
    REQUIRE(network.await(credentials->access_token()).has_value());
    return network.transport.seen.at(0).request;
}

bool has(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE("credential: users sign in to their own application, for one permission of their cloud")
{
    const Configured own{"client_secret_file = \"secret\""};
    auto endpoint = daemon::delegated_endpoint(own.configuration);
    CHECK(endpoint.client_id == "app");
    CHECK(endpoint.scope ==
          "https://graph.microsoft.com/CloudPC.ReadWrite.All offline_access openid profile");
    const Configured other{
        "client_secret_file = \"secret\"\n[auth.delegated]\nclient_id = \"public\"",
        "cloud = \"usgov\""};
    endpoint = daemon::delegated_endpoint(other.configuration);
    CHECK(endpoint.client_id == "public");
    CHECK(endpoint.authority.host == "login.microsoftonline.us");
    CHECK(endpoint.scope ==
          "https://graph.microsoft.us/CloudPC.ReadWrite.All offline_access openid profile");
    const Configured identity{"managed_identity = true"};
    CHECK(daemon::delegated_endpoint(identity.configuration).client_id.empty());
}

TEST_CASE("credential: each way to sign in asks the host of its cloud")
{
    const Configured secret{"client_secret_file = \"secret\"", "cloud = \"usgov\""};
    secret.directory.write("secret", "hunter2\n");
    auto request = token_request(secret);
    CHECK(
        request.url.to_string() ==
        "https://login.microsoftonline.us/11111111-2222-3333-4444-555555555555/oauth2/v2.0/token");
    CHECK(has(request.body, "scope=https%3A%2F%2Fgraph.microsoft.us%2F.default"));
    CHECK(request.body.ends_with("&client_secret=hunter2"));

    const Configured signs{"certificate_file = \"client.pem\""};
    signs.directory.write("client.pem", certificate(90 * 24h));
    request = token_request(signs);
    CHECK(has(request.body,
              "&client_assertion=" + test::base64url(R"({"alg":"PS256")").substr(0, 16)));
    const Configured signs_old{
        "certificate_file = \"client.pem\"\ncertificate_algorithm = \"RS256\""};
    signs_old.directory.write("client.pem", certificate(90 * 24h));
    CHECK(has(token_request(signs_old).body,
              "&client_assertion=" + test::base64url(R"({"alg":"RS256")").substr(0, 16)));

    const Configured federated{"federated_token_file = \"token\""};
    federated.directory.write("token", "a.b.c\n");
    CHECK(token_request(federated).body.ends_with("&client_assertion=a.b.c"));

    const Configured identity{"managed_identity = \"aaaaaaaa-0000-0000-0000-000000000000\"",
                              "cloud = \"usgov\""};
    CHECK(token_request(identity).url.to_string() ==
          "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01"
          "&resource=https%3A%2F%2Fgraph.microsoft.us"
          "&client_id=aaaaaaaa-0000-0000-0000-000000000000");
    const Configured elsewhere{
        "managed_identity = true",
        "",
        {.values = {{"AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:2579"}}}};
    CHECK(token_request(elsewhere).url.to_string() ==
          "http://127.0.0.1:2579/metadata/identity/oauth2/token?api-version=2018-02-01"
          "&resource=https%3A%2F%2Fgraph.microsoft.com");
}

TEST_CASE("credential: a certificate is warned of at the start and daily, until it is renewed")
{
    const Configured configured{"certificate_file = \"client.pem\""};
    configured.directory.write("client.pem", certificate(32 * 24h));
    test::StderrCapture log;
    asio::io_context io;
    test::VirtualClock clock;
    asio::co_spawn(io, daemon::watch_certificate(configured.configuration, clock), asio::detached);
    const auto warnings_after = [&](Duration time) {
        clock.run_for(io, time);
        return test::count_of(log.text(), "warning ");
    };
    CHECK(warnings_after(2 * 24h) == 0);
    CHECK(warnings_after(24h) == 1);
    CHECK(has(log.text(), "in 29 days"));
    CHECK(warnings_after(10 * 24h) == 11);
    CHECK(warnings_after(23 * 24h) == 34);
    CHECK(has(log.text(), "the certificate expired at 2026-02-02"));
    configured.directory.write("client.pem", "nonsense");
    CHECK(warnings_after(24h) == 35);
    CHECK(has(log.text(), "no private key (PEM) in it"));
    configured.directory.write("client.pem", certificate(400 * 24h));
    CHECK(warnings_after(10 * 24h) == 35);
}

TEST_CASE("credential: a certificate that cannot be used is wrong configuration")
{
    const Configured configured{"certificate_file = \"client.pem\""};
    const auto messages = [&] {
        return daemon::check_certificate(configured.configuration, test::VirtualClock::epoch);
    };
    configured.directory.write("client.pem", certificate(24h));
    CHECK(messages().empty());
    configured.directory.write("client.pem", certificate(-1s));
    REQUIRE(messages().size() == 1);
    CHECK(
        messages()[0].starts_with(configured.configuration.file + ":6: [auth] certificate_file: "));
    CHECK(has(messages()[0], "client.pem: the certificate expired at 2025-12-31 23:59 UTC"));
    configured.directory.write("client.pem", "nonsense");
    CHECK(has(messages().at(0), "no private key (PEM) in it, accepted: a PEM file with"));
    const Configured other{"managed_identity = true"};
    CHECK(daemon::check_certificate(other.configuration, test::VirtualClock::epoch).empty());
}
