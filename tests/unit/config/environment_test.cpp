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
        parse(sample::good, {.values = {{"HTTPS_PROXY", "http://user:hunter2@proxy:3128"}}});
    REQUIRE(outcome.errors.size() == 1);
    CHECK(outcome.errors[0] ==
          "/etc/c.toml:1: [graph] proxy: HTTPS_PROXY: has a user name, accepted: http://HOST:PORT");
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
