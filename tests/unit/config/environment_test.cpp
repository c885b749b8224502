#include "tests/unit/config/sample.hpp"

#include <doctest/doctest.h>

using namespace cloudpcd::config;
using sample::parse;
using sample::with;

namespace {

const std::string only_id = "[tenant]\nid = \"11111111-2222-3333-4444-555555555555\"\n";

}  // namespace

TEST_CASE("config: the environment fills what the file leaves out")
{
    const Environment environment{
        .values = {{"AZURE_TENANT_ID", "99999999-2222-3333-4444-555555555555"},
                   {"AZURE_CLIENT_ID", "env-app"},
                   {"AZURE_AUTHORITY_HOST", "login.example.org"},
                   {"HTTPS_PROXY", "http://proxy.example:3128/"},
                   {"NO_PROXY", "localhost, .example.org,,"},
                   {"AZURE_CLIENT_SECRET", "hunter2"}}};
    const auto filled = parse("", environment);
    REQUIRE(filled.errors.empty());
    CHECK(filled.config->tenant.id == "99999999-2222-3333-4444-555555555555");
    CHECK(filled.config->auth.client_id == "env-app");
    CHECK(filled.config->graph.authority == "https://login.example.org");
    CHECK(filled.config->graph.proxy == "http://proxy.example:3128");
    CHECK(filled.config->graph.no_proxy == std::vector<std::string>{"localhost", ".example.org"});
    CHECK(filled.config->auth.credential == Credential{.from_environment = true});
    CHECK(read_client_secret(*filled.config, environment).secret == "hunter2");
    CHECK(check_credential_files(*filled.config).empty());

    const auto own = parse(
        with("[graph]\nauthority = \"https://a.example\"\nproxy = \"http://b:1\"\n"), environment);
    REQUIRE(own.config);
    CHECK(own.config->tenant.id == "aaaaaaaa-2222-3333-4444-555555555555");
    CHECK(own.config->auth.client_id == "app");
    CHECK(own.config->graph.authority == "https://a.example");
    CHECK(own.config->graph.proxy == "http://b:1");
    CHECK(own.config->auth.credential == Credential{.file = "/etc/secret"});
}

TEST_CASE("config: credentials of the environment count in their order")
{
    Environment environment{.values = {{"AZURE_CLIENT_ID", "env-app"},
                                       {"AZURE_CLIENT_SECRET", "hunter2"},
                                       {"AZURE_CLIENT_CERTIFICATE_PATH", "/c.pem"},
                                       {"AZURE_FEDERATED_TOKEN_FILE", "/token"}}};
    CHECK(parse(only_id, environment).config->auth.credential.kind ==
          CredentialKind::client_secret);
    environment.values["AZURE_CLIENT_SECRET"].clear();  // empty is not set
    const auto certificate = parse(only_id, environment).config->auth.credential;
    CHECK(certificate.kind == CredentialKind::certificate);
    CHECK(certificate.file == "/c.pem");
    environment.values.erase("AZURE_CLIENT_CERTIFICATE_PATH");
    const auto token = parse(only_id, environment).config->auth.credential;
    CHECK(token.kind == CredentialKind::federated_token);
    CHECK(token.file == "/token");
    environment.values.erase("AZURE_FEDERATED_TOKEN_FILE");
    CHECK_FALSE(parse(only_id, environment).config);
}

TEST_CASE("config: an empty variable is one that is not set")
{
    const Environment environment{.values = {{"AZURE_TENANT_ID", ""}, {"HTTPS_PROXY", ""}}};
    CHECK_FALSE(
        parse("[auth]\nclient_id = \"a\"\nclient_secret_file = \"s\"\n", environment).config);
    CHECK(parse(sample::good, environment).config->graph.proxy == std::nullopt);
}

TEST_CASE("config: a bad variable is named, its value is not")
{
    const auto outcome =
        parse(sample::good, {.values = {{"HTTPS_PROXY", "https://user:hunter2@proxy:3128"}}});
    REQUIRE(outcome.errors.size() == 1);
    CHECK(outcome.errors[0] ==
          "/etc/c.toml:1: [graph] proxy: HTTPS_PROXY: is not the address of an HTTP proxy, "
          "accepted: http://[USER:PASSWORD@]HOST:PORT");
}

TEST_CASE("config: relative paths follow the directories that systemd gives")
{
    const Environment environment{
        .values = {{"STATE_DIRECTORY", "/state/a:/state/b"}, {"RUNTIME_DIRECTORY", "/runtime"}}};
    const auto config = *parse(with("[graph]\nca_file = \"ca.pem\"\n"), environment).config;
    CHECK(config.database.path == "/state/a/mirror.db");
    CHECK(config.jobs.path == "/state/a/jobs/jobs.db");
    CHECK(config.control.socket == "/runtime/control.sock");
    CHECK(config.graph.ca_file == "/etc/ca.pem");
}

TEST_CASE("config: a credential is looked up in the credentials directory, then beside the file")
{
    const sample::TemporaryDirectory directory;
    directory.write("secret", "s");
    const Environment environment{.values = {{"CREDENTIALS_DIRECTORY", directory.path().string()}}};
    const auto config =
        *parse(with("[jobs.secrets]\nhere = \"secret\"\nelsewhere = \"other\"\n"), environment)
             .config;
    CHECK(config.auth.credential.file == directory.path() / "secret");
    CHECK(config.jobs.secrets.at("here") == directory.path() / "secret");
    CHECK(config.jobs.secrets.at("elsewhere") == "/etc/other");
}

TEST_CASE("config: a proxy may ask for a user, by key and by variable")
{
    struct Row {
        std::string_view url;
        std::string_view origin;
        std::string_view credentials;
    };
    for (const auto& [url, origin, credentials] : {
             Row{"http://user:hunter2@proxy:3128", "http://proxy:3128", "user:hunter2"},
             Row{"http://us%40er:p%3Aa%2fss%25@proxy:3128/", "http://proxy:3128", "us@er:p:a/ss%"},
             Row{"http://user@proxy", "http://proxy", "user:"},
             Row{"http://user:a:b@proxy", "http://proxy", "user:a:b"},
             Row{"http://proxy:3128", "http://proxy:3128", ""},
         }) {
        CAPTURE(url);
        const auto key = parse(with("[graph]\nproxy = \"" + std::string{url} + "\"\n"),
                               {.values = {{"HTTPS_PROXY", "http://a:b@other:1"}}});
        const auto variable = parse(sample::good, {.values = {{"HTTPS_PROXY", std::string{url}}}});
        for (const auto* outcome : {&key, &variable}) {
            REQUIRE(outcome->config);
            CHECK(outcome->config->graph.proxy == origin);
            CHECK(outcome->config->graph.proxy_credentials == credentials);
        }
    }
    const auto before = *parse(sample::good).config;
    auto after = before;
    after.graph.proxy_credentials = "user:hunter2";
    CHECK(changes_for_restart(before, after) == std::vector<std::string>{"[graph] proxy"});
}

TEST_CASE("config: the address of the identity service can be another one, if it is safe")
{
    const std::string identity = "[auth]\nmanaged_identity = true\n";
    const auto with_address = [&](std::string_view address) {
        return parse(only_id + identity,
                     {.values = {{"AZURE_POD_IDENTITY_AUTHORITY_HOST", std::string{address}}}});
    };
    CHECK(parse(only_id + identity).config->auth.credential.identity_service ==
          "http://169.254.169.254");
    for (const auto* address : {"http://127.0.0.1:2579", "http://169.254.169.254:80/",
                                "https://identity.example", "http://localhost:1"}) {
        CAPTURE(address);
        CHECK(with_address(address).config);
    }
    CHECK(with_address("http://127.0.0.1:2579").config->auth.credential.identity_service ==
          "http://127.0.0.1:2579");
    for (const auto* address :
         {"http://identity.example", "http://169.254.169.254.example.org", "http://10.0.0.1"}) {
        const auto outcome = with_address(address);
        REQUIRE(outcome.errors.size() == 1);
        CHECK(outcome.errors[0].find("AZURE_POD_IDENTITY_AUTHORITY_HOST") != std::string::npos);
        CHECK(outcome.errors[0].find("is not encrypted") != std::string::npos);
    }
    CHECK(with_address("nonsense").errors.size() == 1);
    CHECK(parse(sample::good, {.values = {{"AZURE_POD_IDENTITY_AUTHORITY_HOST", "nonsense"}}})
              .config);
}
