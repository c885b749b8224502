#include "tests/unit/config/sample.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace cloudpcd::config;
using namespace std::chrono_literals;
using sample::parse;
using sample::with;

TEST_CASE("config: what the file leaves out has its default")
{
    const auto outcome = parse(sample::good);
    REQUIRE(outcome.errors.empty());
    const Config& config = *outcome.config;
    CHECK(config.tenant == Tenant{.id = "aaaaaaaa-2222-3333-4444-555555555555"});
    CHECK(config.auth.client_id == "app");
    CHECK(config.auth.delegated_client_id == "app");
    CHECK(config.auth.credential == Credential{.file = "/etc/secret"});
    CHECK(config.graph == Graph{.endpoint = "https://graph.microsoft.com",
                                .authority = "https://login.microsoftonline.com"});
    CHECK(config.token_scope() == "https://graph.microsoft.com/.default");
    CHECK(config.database == Database{.path = "/var/lib/cloudpcd/mirror.db"});
    CHECK(config.database.history_retention == std::chrono::days{400});
    CHECK(config.database.audit_retention == std::nullopt);
    CHECK(config.sync == Sync{});
    CHECK(config.sync.interval == 5min);
    CHECK(config.sync.audit_overlap == 24h);
    CHECK(config.jobs == Jobs{.path = "/var/lib/cloudpcd/jobs/jobs.db"});
    CHECK_FALSE(config.jobs.enabled);
    CHECK(config.control == Control{.socket = "/run/cloudpcd/control.sock"});
    CHECK(config.alerts.exec.empty());
    CHECK(config.http == Http{});
    CHECK(config.log == Log{});
}

TEST_CASE("config: a cloud is a pair of hosts, and the scope is the cloud's")
{
    const auto outcome = parse(
        "tenant = { id = \"11111111-2222-3333-4444-555555555555\", cloud = \"usgov\" }\n"
        "auth = { client_id = \"app\", client_secret_file = \"/s\" }\n"
        "graph = { endpoint = \"http://127.0.0.1:8080/\" }\n");
    REQUIRE(outcome.config);
    CHECK(outcome.config->graph.endpoint == "http://127.0.0.1:8080");
    CHECK(outcome.config->graph.authority == "https://login.microsoftonline.us");
    CHECK(outcome.config->token_scope() == "https://graph.microsoft.us/.default");
}

TEST_CASE("config: resources follow the section sync unless they say otherwise")
{
    const auto outcome =
        parse(with("[sync]\ninterval = \"10m\"\ninclude = [\"cloudpc\", \"entra\"]\n"
                   "[sync.resource.cloud_pcs]\ninterval = \"1m\"\nfull_interval = \"30m\"\n"
                   "max_delete_fraction = 1\n[sync.resource.snapshots]\nenabled = false\n"));
    REQUIRE(outcome.config);
    const Sync& sync = outcome.config->sync;
    CHECK(sync.interval_of("cloud_pcs") == 1min);
    CHECK(sync.interval_of("audit_events") == 10min);
    CHECK(sync.resource("cloud_pcs").full_interval == 30min);
    CHECK(sync.resource("cloud_pcs").max_delete_fraction == 1.0);
    CHECK_FALSE(sync.resource("snapshots").enabled);
    CHECK(sync.resource("audit_events") == ResourceSync{});
    CHECK(sync.includes("entra"));
    CHECK_FALSE(sync.includes("intune"));
}

TEST_CASE("config: a managed identity needs no client id")
{
    const std::string tenant = "[tenant]\nid = \"11111111-2222-3333-4444-555555555555\"\n[auth]\n";
    const auto system = parse(tenant + "managed_identity = true\n");
    REQUIRE(system.config);
    CHECK(system.config->auth.credential.kind == CredentialKind::managed_identity);
    CHECK(system.config->auth.credential.identity_client_id.empty());
    const auto user =
        parse(tenant + "managed_identity = \"66666666-7777-8888-9999-000000000000\"\n");
    REQUIRE(user.config);
    CHECK(user.config->auth.credential.identity_client_id ==
          "66666666-7777-8888-9999-000000000000");
    CHECK_FALSE(parse(tenant + "managed_identity = \"me\"\n").config);
}

TEST_CASE("config: retention may be forever, approval needs closed SQL, remote needs consent")
{
    const auto outcome =
        parse(with("[database]\nhistory_retention = \"forever\"\naudit_retention = \"30d\"\n"
                   "[jobs]\nsql_submit = false\napproval = \"destructive\"\n"
                   "[http]\nlisten = \"0.0.0.0:9365\"\nallow_remote = true\n"));
    REQUIRE(outcome.config);
    CHECK(outcome.config->database.history_retention == std::nullopt);
    CHECK(outcome.config->database.audit_retention == std::chrono::days{30});
    CHECK(outcome.config->jobs.approval == Approval::destructive);
    CHECK(outcome.config->http.listen->port == 9365);
}

TEST_CASE("config: a program that never talks to Graph needs no identity")
{
    const auto outcome =
        parse_config("[database]\npath = \"/d/m.db\"\n", "/etc/c.toml", {}, sample::options(false));
    REQUIRE(outcome.config);
    CHECK(outcome.config->database.path == "/d/m.db");
}

TEST_CASE("config: later checks can point at the line of a key")
{
    const auto config = *parse(with("[sync.resource.cloud_pcs]\ninterval = \"1m\"\n")).config;
    CHECK(config.message("auth", "client_secret_file", "x, accepted: y") ==
          "/etc/c.toml:5: [auth] client_secret_file: x, accepted: y");
    CHECK(config.message("auth", "certificate_file", "x") ==
          "/etc/c.toml:3: [auth] certificate_file: x");
    CHECK(config.message("log", "level", "x") == "/etc/c.toml:1: [log] level: x");
    CHECK(config.message("sync.resource.cloud_pcs", "interval", "x") ==
          "/etc/c.toml:8: [sync.resource.cloud_pcs] interval: x");
    CHECK(config.mentions("auth", "client_id"));
    CHECK_FALSE(config.mentions("log", "level"));
}

TEST_CASE("config: what this version does not act on is said")
{
    CHECK(features_without_effect(*parse(sample::good).config).empty());
    const auto groups =
        *parse(with("[sync]\ninclude = [\"cloudpc\", \"intune\", \"entra\"]\n")).config;
    CHECK(features_without_effect(groups).empty());
    const auto config =
        *parse(with("[jobs]\nenabled = true\n[alerts]\nexec = [\"mail\"]\n"
                    "[http]\nlisten = \"127.0.0.1:1\"\n[graph]\nproxy = \"http://p:1\"\n"
                    "[sync]\ninclude = [\"cloudpc\", \"reports\"]\n"
                    "[log]\nformat = \"journal\"\n"))
             .config;
    const auto lines = features_without_effect(config);
    const auto has = [&](std::string_view start) {
        return std::ranges::any_of(lines,
                                   [&](const auto& line) { return line.starts_with(start); });
    };
    CHECK(lines.size() == 4);
    CHECK(has("/etc/c.toml:10: [alerts] exec: "));
    CHECK(has("/etc/c.toml:12: [http] listen: "));
    CHECK(has("/etc/c.toml:16: [sync] include: group reports "));
    CHECK(has("/etc/c.toml:18: [log] format: "));
}

TEST_CASE("config: a reload names what needs a restart and every guard that it loosens")
{
    const auto before = *parse(sample::good).config;
    const auto after =
        *parse(with("[database]\npath = \"other.db\"\n[sync]\nmax_delete_fraction = 0.5\n"
                    "[jobs]\nenabled = true\ndestructive_per_hour = 10\ndefault_expiry = \"2d\"\n"))
             .config;
    CHECK(changes_for_restart(before, before).empty());
    CHECK(loosened_guards(before, before).empty());
    CHECK(changes_for_restart(before, after) == std::vector<std::string>{"[database] path"});
    CHECK(loosened_guards(before, after) ==
          std::vector<std::string>{"[sync] max_delete_fraction: was 0.1, is 0.5",
                                   "[jobs] enabled: was false, is true",
                                   "[jobs] default_expiry: was 1d, is 2d"});
}
