// What is wrong with a file is said with file, line, key and what is accepted. The table is the
// contract: operators and scripts read these lines.

#include "tests/unit/config/sample.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace cloudpcd::config;
using sample::parse;
using sample::with;

namespace {

struct Bad {
    std::string_view more;  ///< from line 7 of a good file on
    std::string_view message;
};

constexpr std::string_view interval_accepted =
    "accepted: a duration from 100ms to 36500d, such as \"90s\" or \"5m\"";

void check_only(const std::string& text, std::string_view message)
{
    CAPTURE(text);
    const auto outcome = parse(text);
    CHECK(!outcome.config);
    REQUIRE(outcome.errors.size() == 1);
    CHECK(outcome.errors[0] == message);
}

}  // namespace

TEST_CASE("config errors: unknown names are refused, with the nearest known one")
{
    for (const auto& [more, message] : std::initializer_list<Bad>{
             {"[sync]\nintervall = \"5m\"\n",
              "/etc/c.toml:8: [sync] intervall: unknown key, did you mean interval?, accepted: "
              "audit_overlap, include, interval, max_delete_fraction, resource"},
             {"[sycn]\n",
              "/etc/c.toml:7: [sycn]: unknown section, did you mean sync?, accepted: alerts, auth, "
              "control, database, graph, http, jobs, log, sync, tenant"},
             {"[auth.delegated]\nsecret = \"hunter2\"\n",
              "/etc/c.toml:8: [auth.delegated] secret: unknown key, accepted: client_id"},
             {"[sync.resource.cloud_pc]\n",
              "/etc/c.toml:7: [sync.resource] cloud_pc: is no table of the mirror, did you mean "
              "cloud_pcs?, accepted: cloud_pcs, audit_events, snapshots, supported_regions"},
             {"[sync.resource.cloud_pcs]\nintervals = \"1m\"\n",
              "/etc/c.toml:8: [sync.resource.cloud_pcs] intervals: unknown key, did you mean "
              "interval?, accepted: enabled, full_interval, interval, max_delete_fraction"},
             {"[sync]\ninclude = [\"cloudpcs\"]\n",
              "/etc/c.toml:8: [sync] include: \"cloudpcs\" is no group, did you mean cloudpc?, "
              "accepted: one or more of cloudpc, intune, entra, reports"},
             {"[log]\n\"a b\\n\" = 1\n",
              "/etc/c.toml:8: [log] \"a b\\x0a\": unknown key, accepted: format, level"},
         })
        check_only(with(more), message);
}

TEST_CASE("config errors: wrong types are refused")
{
    for (const auto& [more, message] : std::initializer_list<Bad>{
             {"[sync]\ninclude = \"cloudpc\"\n",
              "/etc/c.toml:8: [sync] include: is a text, accepted: one or more of cloudpc, intune, "
              "entra, reports"},
             {"[sync]\ninclude = [1]\n",
              "/etc/c.toml:8: [sync] include: holds an integer, accepted: one or more of cloudpc, "
              "intune, entra, reports"},
             {"[jobs]\nenabled = \"yes\"\n",
              "/etc/c.toml:8: [jobs] enabled: is a text, accepted: true, false"},
             {"[graph]\nconcurrency = 2.5\n",
              "/etc/c.toml:8: [graph] concurrency: is a number with a fraction, accepted: a whole "
              "number from 1 to 64"},
             {"[graph]\nquota = 5\n",
              "/etc/c.toml:8: [graph] quota: is an integer, accepted: a section [graph.quota]"},
             {"[[http]]\n", "/etc/c.toml:7: [http]: is an array, accepted: a section [http]"},
             {"[log]\nlevel = 1979-05-27\n",
              "/etc/c.toml:8: [log] level: is a date or time, accepted: trace, debug, info, "
              "warning, error"},
         })
        check_only(with(more), message);
    check_only(with("[sync]\ninterval = 300\n"),
               "/etc/c.toml:8: [sync] interval: is an integer, " + std::string{interval_accepted});
}

TEST_CASE("config errors: impossible intervals are refused")
{
    for (const auto* value : {"0s", "99ms", "1000000000000s", "99999999999999999999d"}) {
        check_only(with("[sync]\ninterval = \"" + std::string{value} + "\"\n"),
                   "/etc/c.toml:8: [sync] interval: \"" + std::string{value} +
                       "\" is out of range, " + std::string{interval_accepted});
    }
    for (const auto* value : {"-5m", "5", "", "five minutes", "forever"}) {
        check_only(with("[sync]\ninterval = \"" + std::string{value} + "\"\n"),
                   "/etc/c.toml:8: [sync] interval: \"" + std::string{value} +
                       "\" is not a duration, " + std::string{interval_accepted});
    }
}

TEST_CASE("config errors: impossible numbers and words are refused")
{
    for (const auto& [more, message] : std::initializer_list<Bad>{
             {"[graph]\nconcurrency = 0\n",
              "/etc/c.toml:8: [graph] concurrency: 0 is out of range, accepted: a whole number "
              "from "
              "1 to 64"},
             {"[sync]\nmax_delete_fraction = 1.01\n",
              "/etc/c.toml:8: [sync] max_delete_fraction: 1.01 is out of range, accepted: a number "
              "from 0 to 1"},
             {"[sync]\nmax_delete_fraction = nan\n",
              "/etc/c.toml:8: [sync] max_delete_fraction: nan is out of range, accepted: a number "
              "from 0 to 1"},
             {"[sync]\ninclude = []\n",
              "/etc/c.toml:8: [sync] include: is empty, accepted: one or more of cloudpc, intune, "
              "entra, reports"},
             {"[sync]\ninclude = [\"entra\", \"entra\"]\n",
              "/etc/c.toml:8: [sync] include: \"entra\" is named twice, accepted: one or more of "
              "cloudpc, intune, entra, reports"},
             {"[jobs]\ndestructive_fraction_per_day = -0.1\n",
              "/etc/c.toml:8: [jobs] destructive_fraction_per_day: -0.1 is out of range, accepted: "
              "a "
              "number from 0 to 1"},
             {"[jobs]\napproval = \"All\"\n",
              "/etc/c.toml:8: [jobs] approval: \"All\" is not accepted, accepted: none, "
              "destructive, "
              "all"},
             {"[jobs]\napproval = \"all\"\n",
              "/etc/c.toml:8: [jobs] approval: needs sql_submit = false, accepted: none, or "
              "destructive and all together with sql_submit = false"},
             {"[database]\npath = \"\"\n",
              "/etc/c.toml:8: [database] path: is no file name, accepted: the name of a file"},
             {"[http]\nlisten = \"0.0.0.0:9365\"\n",
              "/etc/c.toml:8: [http] listen: \"0.0.0.0:9365\" can be reached from elsewhere, "
              "accepted: \"\" for off, or HOST:PORT on a loopback host (any host with allow_remote "
              "= "
              "true)"},
         })
        check_only(with(more), message);
}

TEST_CASE("config errors: origins must be encrypted, of one cloud, and nothing but origins")
{
    constexpr std::string_view accepted =
        ", accepted: https://HOST[:PORT] without a path, or http:// on a loopback host";
    check_only(with("[graph]\nendpoint = \"http://graph.microsoft.com\"\n"),
               "/etc/c.toml:8: [graph] endpoint: \"http://graph.microsoft.com\" is not encrypted" +
                   std::string{accepted});
    check_only(
        with("[graph]\nauthority = \"http://localhost.example.org\"\n"),
        "/etc/c.toml:8: [graph] authority: \"http://localhost.example.org\" is not encrypted" +
            std::string{accepted});
    check_only(with("[graph]\nendpoint = \"https://user:hunter2@graph.microsoft.com\"\n"),
               "/etc/c.toml:8: [graph] endpoint: is not an origin" + std::string{accepted});
    check_only(
        with("[graph]\nendpoint = \"https://graph.microsoft.us\"\n"),
        "/etc/c.toml:8: [graph] endpoint: \"https://graph.microsoft.us\" belongs to another "
        "cloud than tenant.cloud, accepted: https://graph.microsoft.com or a host of your own");
    for (const auto* proxy :
         {"https://user:hunter2@proxy:3128", "http://:hunter2@proxy:3128", "hunter2",
          "http://user:hunter2@proxy:3128/path", "http://user:hunter%2@proxy:3128",
          "http://user:hunter2%0a@proxy:3128", "http://us%3aer:hunter2@proxy:3128",
          "http://user:hunter2@", "http://user:hunter2@proxy:0"})
        check_only(with(std::string{"[graph]\nproxy = \""} + proxy + "\"\n"),
                   "/etc/c.toml:8: [graph] proxy: is not the address of an HTTP proxy, accepted: "
                   "http://[USER:PASSWORD@]HOST:PORT");
    for (const auto* host : {"dod-graph.microsoft.us", "microsoftgraph.chinacloudapi.cn"})
        check_only(with(std::string{"[graph]\nendpoint = \"https://"} + host + "\"\n"),
                   std::string{"/etc/c.toml:8: [graph] endpoint: \"https://"} + host +
                       "\" belongs to a cloud without Windows 365 API in Graph, accepted: "
                       "https://graph.microsoft.com or a host of your own");
    for (const auto* host : {"login.chinacloudapi.cn", "login.partner.microsoftonline.cn"})
        check_only(with(std::string{"[graph]\nauthority = \"https://"} + host + "\"\n"),
                   std::string{"/etc/c.toml:8: [graph] authority: \"https://"} + host +
                       "\" belongs to a cloud without Windows 365 API in Graph, accepted: "
                       "https://login.microsoftonline.com or a host of your own");
}

TEST_CASE("config errors: a tenant needs a GUID and a cloud that has Windows 365")
{
    const std::string auth = "[auth]\nclient_id = \"app\"\nclient_secret_file = \"s\"\n";
    check_only(
        "[tenant]\nid = \"contoso.com\"\n" + auth,
        "/etc/c.toml:2: [tenant] id: \"contoso.com\" is not a GUID, accepted: a GUID such as "
        "11111111-2222-3333-4444-555555555555");
    check_only("[tenant]\n" + auth,
               "/etc/c.toml:1: [tenant] id: missing, and AZURE_TENANT_ID is not set, accepted: a "
               "GUID such as 11111111-2222-3333-4444-555555555555");
    const std::string tenant = "[tenant]\nid = \"11111111-2222-3333-4444-555555555555\"\ncloud = ";
    for (const auto* cloud : {"china", "dod"}) {
        check_only(tenant + "\"" + cloud + "\"\n" + auth,
                   "/etc/c.toml:3: [tenant] cloud: \"" + std::string{cloud} +
                       "\" has no Windows 365 API in Graph, accepted: global, usgov");
    }
    check_only(tenant + "\"mars\"\n" + auth,
               "/etc/c.toml:3: [tenant] cloud: \"mars\" is not accepted, accepted: global, usgov");
    check_only(tenant + "1\n" + auth,
               "/etc/c.toml:3: [tenant] cloud: is an integer, accepted: global, usgov");
}

TEST_CASE("config errors: exactly one credential")
{
    const std::string head =
        "[tenant]\nid = \"11111111-2222-3333-4444-555555555555\"\n[auth]\nclient_id = \"app\"\n";
    constexpr std::string_view one =
        "accepted: exactly one of client_secret_file, certificate_file, federated_token_file, "
        "managed_identity";
    check_only(head, "/etc/c.toml:3: [auth] client_secret_file: no credential is named, " +
                         std::string{one});
    check_only(
        head + "managed_identity = false\n",
        "/etc/c.toml:3: [auth] client_secret_file: no credential is named, " + std::string{one});
    check_only(head + "client_secret_file = \"a\"\nmanaged_identity = true\n",
               "/etc/c.toml:6: [auth] managed_identity: is a second credential beside "
               "client_secret_file, " +
                   std::string{one});
    check_only(head + "client_secret_file = \"a\"\ncertificate_file = \"b\"\n",
               "/etc/c.toml:6: [auth] certificate_file: is a second credential beside "
               "client_secret_file, " +
                   std::string{one});
    check_only(head + "client_secret = \"hunter2\"\nclient_secret_file = \"a\"\n",
               "/etc/c.toml:5: [auth] client_secret: unknown key, accepted: certificate_algorithm, "
               "certificate_file, client_id, client_secret_file, delegated, federated_token_file, "
               "managed_identity");
}

TEST_CASE("config errors: what is no TOML is said with its line")
{
    const auto starts = [](const std::string& text, std::string_view start) {
        CAPTURE(text);
        const auto outcome = parse(text);
        CHECK(!outcome.config);
        REQUIRE(outcome.errors.size() == 1);
        CHECK_MESSAGE(outcome.errors[0].starts_with(start), outcome.errors[0]);
        CHECK(outcome.errors[0].find('\n') == std::string::npos);
    };
    starts(with("[sync\n"), "/etc/c.toml:7: ");
    starts(with("[sync]\ninterval = \"5m\"\ninterval = \"6m\"\n"), "/etc/c.toml:9: ");
    starts(with("[sync]\ninterval = 5m\n"), "/etc/c.toml:8: ");
    starts(with("[sync]\n\xC3\x28 = 1\n"), "/etc/c.toml:8: ");
    starts(with("x = " + std::string(100'000, '[')), "/etc/c.toml:7: ");
    using namespace std::string_literals;
    starts("[sync]\ninterval = \"5\0m\"\n"s, "/etc/c.toml:2: the file holds a NUL byte");
    starts("\xFF\xFE[\0s\0"s, "/etc/c.toml:1: the file is UTF-16");
    starts("[\0s\0"s, "/etc/c.toml:1: the file holds a NUL byte");
    starts(std::string(file_bytes_max + 1, '\n'), "/etc/c.toml:1: the file is larger than 1 MiB");
    CHECK(parse("\xEF\xBB\xBF" + with("")).config);
}

TEST_CASE("config errors: all of them are reported, in the order of the file")
{
    const auto outcome = parse(with("[log]\nlevel = \"loud\"\n[sync]\ninterval = \"0s\"\nx = 1\n"));
    REQUIRE(outcome.errors.size() == 3);
    CHECK(outcome.errors[0].starts_with("/etc/c.toml:8: [log] level: "));
    CHECK(outcome.errors[1].starts_with("/etc/c.toml:10: [sync] interval: "));
    CHECK(outcome.errors[2].starts_with("/etc/c.toml:11: [sync] x: "));
}

TEST_CASE("config errors: a value that may be a secret is never repeated")
{
    for (const auto* more :
         {"[auth.delegated]\nclient_secret = \"hunter2\"\n", "[jobs.secrets]\nx = [\"hunter2\"]\n",
          "[jobs.secrets]\nx = { y = \"hunter2\" }\n", "[graph]\nproxy = \"hunter2\"\n",
          "[graph]\nendpoint = \"https://a/?key=hunter2\"\n"}) {
        const auto outcome = parse(with(more));
        REQUIRE(outcome.errors.size() == 1);
        CHECK(outcome.errors[0].find("hunter2") == std::string::npos);
    }
}
