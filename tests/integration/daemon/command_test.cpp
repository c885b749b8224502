// How the program starts, refuses and ends: each refusal is one line that says what to do, and the
// exit status of docs/operations.md; what is there is not touched.

#include "tests/integration/daemon/installation.hpp"
#include "tests/support/mirror_check.hpp"

#include <SQLiteCpp/Statement.h>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <sys/stat.h>
#include <unistd.h>

using namespace cloudpcd::test;
namespace faults = graphsim::faults;

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const graphsim::TenantOptions small_tenant{.cloud_pcs = 20, .audit_events = 50, .snapshots = 10};

/// One line on stderr besides the log's, with every part in it.
void check_refused(Installation& installation, int status, std::vector<std::string> parts,
                   const std::vector<std::string>& options = {"--once"})
{
    const auto process = installation.start(options);
    CHECK(process->wait() == status);
    const auto errors = process->errors();
    INFO(errors);
    for (const auto& part : parts)
        CHECK_MESSAGE(errors.find(part) != std::string::npos, part);
    CHECK(errors.find(canary_secret) == std::string::npos);
}

void execute(const std::filesystem::path& database, const std::string& sql)
{
    SQLite::Database{database.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE}.exec(sql);
}

}  // namespace

TEST_CASE("command: version, help and wrong usage")
{
    const TemporaryDirectory directory;
    const auto call = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), program("cloudpcd"));
        Process process{arguments, {}, directory.path() / "call"};
        const int status = process.wait();
        return fmt::format("{}|{}|{}", status, process.output(), process.errors());
    };
    const auto version = call({"--version"});
    CHECK(version.starts_with("0|cloudpcd "));
    for (const auto* part : {"commit", "SQLite 3.", "OpenSSL", "Boost 1."})
        CHECK(version.find(part) != std::string::npos);
    CHECK(call({"--help"}).starts_with("0|"));
    CHECK(call({"--nonsense"}).starts_with("64||cloudpcd: "));
    CHECK(call({"--once", "--check-config"}).starts_with("64||cloudpcd: "));
}

TEST_CASE("command: a wrong configuration names file, line and key")
{
    Installation installation{small_tenant};
    const auto file = installation.config().string();
    SUBCASE("unknown key")
    {
        installation.configure("[sync]\nintervall = \"5m\"");
        check_refused(installation, 78, {file + ":15: [sync] intervall: ", "interval"});
    }
    SUBCASE("wrong type")
    {
        installation.configure("[sync]\ninterval = 5");
        check_refused(installation, 78, {file + ":15: [sync] interval: "});
    }
    SUBCASE("missing secret file")
    {
        std::filesystem::remove(installation.directory() / "client-secret");
        check_refused(installation, 78, {file + ":5: [auth] client_secret_file: "});
    }
    SUBCASE("secret that others can read")
    {
        REQUIRE(::chmod((installation.directory() / "client-secret").c_str(), 0644) == 0);
        check_refused(installation, 78, {"[auth] client_secret_file: "}, {"--check-config"});
    }
    SUBCASE("CA file without certificate")
    {
        write_file(installation.directory() / "ca.pem", "nothing");
        check_refused(installation, 78, {"[graph] ca_file: "}, {"--check-config"});
    }
    SUBCASE("no file")
    {
        std::filesystem::remove(file);
        check_refused(installation, 78, {file});
    }
    CHECK_FALSE(std::filesystem::exists(installation.mirror_path()));
}

TEST_CASE("command: --check-config touches nothing")
{
    Installation installation{small_tenant};
    const auto process = installation.start({"--check-config"});
    CHECK(process->wait() == 0);
    CHECK(std::filesystem::is_empty(installation.directory() / "state"));
    CHECK(installation.server().connections_accepted() == 0);
}

TEST_CASE("command: a refused credential is 77, before any read")
{
    Installation installation{small_tenant};
    SUBCASE("wrong secret")
    {
        write_file(installation.directory() / "client-secret", "another");
        check_refused(installation, 77, {"credential", "AADSTS7000215"});
    }
    SUBCASE("no permission")
    {
        installation.server().with_tenant(
            [](graphsim::Tenant& tenant) { tenant.set_roles({"User.Read.All"}); });
        check_refused(installation, 77, {"CloudPC.Read.All", "CloudPC.ReadWrite.All"});
    }
    CHECK(installation.one("SELECT count(*) FROM sync_runs") == "0");
}

TEST_CASE("command: Graph that cannot be reached is 1, and freshness says so")
{
    Installation installation{small_tenant};
    REQUIRE(installation.once() == 0);
    installation.edit(installation.server().endpoint(), "http://127.0.0.1:1");
    installation.edit(installation.server().endpoint(), "http://127.0.0.1:1");
    const auto before = installation.one("SELECT count(*) FROM cloud_pcs");
    check_refused(installation, 1, {"cloud_pcs: incomplete: "});
    CHECK(installation.one("SELECT count(*) FROM cloud_pcs") == before);
    CHECK(installation.one("SELECT min(consecutive_failures) FROM freshness") == "1");
}

TEST_CASE("command: databases that are not this tenant's mirror are left as they are")
{
    Installation installation{small_tenant};
    const auto path = installation.mirror_path();
    int status = 74;
    std::vector<std::string> parts{path.string()};
    SUBCASE("another tenant's")
    {
        REQUIRE(installation.once() == 0);
        execute(path,
                "UPDATE meta SET value = 'ffffffff-0000-0000-0000-000000000000' "
                "WHERE key = 'tenant_id'");
        status = 78;
        parts.emplace_back("ffffffff-0000-0000-0000-000000000000");
    }
    SUBCASE("a newer schema")
    {
        REQUIRE(installation.once() == 0);
        execute(path, "PRAGMA user_version = 9999");
        status = 78;
        parts.emplace_back("9999");
    }
    SUBCASE("another application's")
    {
        execute(path, "PRAGMA application_id = 7; CREATE TABLE t (x)");
    }
    SUBCASE("no SQLite database")
    {
        write_file(path,
                   "this is a diary, and long enough to be read as a header of a database. "
                   "It goes on for a while, so that nobody takes it for an empty file.");
    }
    SUBCASE("an empty file")
    {
        write_file(path, "");
    }
    SUBCASE("a directory")
    {
        std::filesystem::create_directory(path);
    }
    const bool is_file = std::filesystem::is_regular_file(path);
    const auto before = is_file ? read_file(path) : "";
    check_refused(installation, status, parts);
    CHECK((is_file ? read_file(path) : "") == before);
    CHECK(std::filesystem::is_directory(path) != is_file);
}

TEST_CASE("command: a directory that cannot be written is 74")
{
    Installation installation{small_tenant};
    installation.edit("[graph.quota]", "[database]\npath = \"/proc/mirror.db\"\n[graph.quota]");
    check_refused(installation, 74, {"/proc/mirror.db"});
}

TEST_CASE("command: a second instance is 75 and touches nothing")
{
    Installation installation{small_tenant};
    const auto first = installation.start();
    first->wait_for_error("resource=audit_events");
    check_refused(installation, 75, {"another cloudpcd holds this database"});
    CHECK(first->running());
    first->signal(SIGTERM);
    CHECK(first->wait() == 0);
    CHECK(installation.once() == 0);
}

TEST_CASE("command: SIGTERM ends it within 5 seconds in any state")
{
    Installation installation{small_tenant};
    bool once = false;
    SUBCASE("idle")
    {}
    SUBCASE("while Graph does not answer")
    {
        installation.server().with_tenant([](graphsim::Tenant& tenant) {
            auto fault = faults::effect("cloudPCs", graphsim::Effect::hang);
            fault.times = 0;
            tenant.faults().add(fault);
        });
        once = true;
    }
    SUBCASE("while it was told to wait for an hour")
    {
        installation.server().with_tenant([](graphsim::Tenant& tenant) {
            tenant.faults().add(faults::throttled("cloudPCs", "3600", 0));
        });
        once = true;
    }
    SUBCASE("while the token endpoint does not answer")
    {
        installation.server().with_tenant([](graphsim::Tenant& tenant) {
            auto fault = faults::effect("oauth2", graphsim::Effect::hang);
            fault.times = 0;
            tenant.faults().add(fault);
        });
    }
    const auto process =
        installation.start(once ? std::vector<std::string>{"--once"} : std::vector<std::string>{});
    process->wait_for_error(once ? "resource=audit_events" : "cloudpcd starts");
    const auto asked = std::chrono::steady_clock::now();
    process->signal(SIGTERM);
    CHECK(process->wait() == (once ? 1 : 0));
    CHECK(std::chrono::steady_clock::now() - asked < seconds{5});
}

TEST_CASE("command: SIGHUP reads the configuration again, and a wrong one changes nothing")
{
    Installation installation{small_tenant};
    installation.configure("[sync]\ninterval = \"1h\"");
    const auto process = installation.start();
    process->wait_for_error("resource=audit_events");

    const auto good = read_file(installation.config());
    installation.edit("interval = \"1h\"", "interval = \"sometimes\"");
    process->signal(SIGHUP);
    process->wait_for_error("the one in use stays");
    CHECK(process->errors().find("[sync] interval: ") != std::string::npos);
    CHECK(process->running());

    write_file(installation.config(), good);
    installation.edit("interval = \"1h\"",
                      "interval = \"2h\"\n[sync.resource.cloud_apps]\n"
                      "enabled = false");
    process->signal(SIGHUP);
    process->wait_for_error("the configuration was read again");
    process->signal(SIGTERM);
    CHECK(process->wait() == 0);
    CHECK(installation.one("SELECT interval_seconds FROM freshness WHERE resource = 'cloud_pcs'") ==
          "7200");
    CHECK(installation.one("SELECT count(*) FROM freshness WHERE resource = 'cloud_apps'") == "0");
}

TEST_CASE("command: a refused credential does not end the daemon, and a new one is picked up")
{
    Installation installation{small_tenant};
    write_file(installation.directory() / "client-secret", "another");
    const auto process = installation.start();
    process->wait_for_error("AADSTS7000215");
    CHECK(process->running());
    write_file(installation.directory() / "client-secret", canary_secret);
    process->signal(SIGHUP);
    process->wait_for_error("resource=audit_events run_id=");
    process->wait_for_error("outcome=complete");
    process->signal(SIGTERM);
    CHECK(process->wait() == 0);
}

TEST_CASE("command: the mirror is readable for the group and nobody else")
{
    Installation installation{small_tenant};
    REQUIRE(installation.once() == 0);
    for (const auto* suffix : {"", "-wal", "-shm"}) {
        struct stat status{};
        REQUIRE(::stat((installation.mirror_path().string() + suffix).c_str(), &status) == 0);
        CHECK((status.st_mode & 0777U) == 0640);
    }
}
