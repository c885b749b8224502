// Reporting tools: other processes, of other users, at any moment.

#include "tests/integration/daemon/installation.hpp"
#include "tests/support/mirror_check.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <csignal>
#include <sys/stat.h>
#include <unistd.h>

using namespace cloudpcd::test;

namespace {

constexpr gid_t readers_group = 54321;
constexpr uid_t reader_user = 54322;

/// Runs a query as another user, who is a member of the readers' group and no more.
struct Reader {
    Installation& installation;
    int runs = 0;

    /// First line that sqlite3 prints; what it complained about when it failed.
    ///
    /// Takes: how long to wait for a lock; a reader never has to wait for the daemon
    std::string query(const std::string& sql, int busy_timeout_ms = 0)
    {
        Process process{
            {"setpriv", fmt::format("--reuid={}", reader_user),
             fmt::format("--regid={}", reader_user), fmt::format("--groups={}", readers_group),
             "sqlite3", "-cmd", fmt::format(".timeout {}", busy_timeout_ms),
             fmt::format("file:{}?mode=ro", installation.mirror_path().string()), sql},
            {},
            installation.directory() / "reader"};
        ++runs;
        const int status = process.wait();
        auto output = process.output();
        return status == 0 ? output.substr(0, output.find('\n')) : "failed: " + process.errors();
    }
};

}  // namespace

TEST_CASE("reader: another user of the group reads during the sync and after the daemon")
{
    if (::geteuid() != 0) {
        MESSAGE("skipped: only root can become another user");
        return;
    }
    Installation installation{{.cloud_pcs = 3000, .audit_events = 30'000, .page_size_max = 200}};
    // As systemd sets it up: the directory's group is the readers'.
    REQUIRE(::chmod(installation.directory().c_str(), 0755) == 0);
    const auto state = installation.directory() / "state";
    REQUIRE(::chown(state.c_str(), 0, readers_group) == 0);
    REQUIRE(::chmod(state.c_str(), 02750) == 0);

    Reader reader{installation};
    {
        const auto process = installation.start();
        process->wait_for_error("cloudpcd starts");
        const std::string query =
            "SELECT (SELECT count(*) FROM cloud_pcs) || ':' || (SELECT "
            "count(*) FROM audit_events) || ':' || (SELECT count(*) FROM "
            "freshness)";
        std::string answer;
        while (answer != "3000:30000:19") {
            answer = reader.query(query);
            REQUIRE_MESSAGE(answer.find("failed") == std::string::npos, answer);
            REQUIRE(process->running());
        }
        CHECK(reader.runs > 3);
        process->signal(SIGTERM);
        REQUIRE(process->wait() == 0);
    }
    CHECK(reader.query("SELECT count(*) FROM cloud_pcs") == "3000");

    // Killed, too: what was committed is there.
    {
        const auto process = installation.start();
        process->wait_for_error("cloudpcd starts");
        process->signal(SIGKILL);
        process->wait();
    }
    constexpr int recovery_ms = 5000;  // of the log, which the first reader after a kill may meet
    CHECK(reader.query("SELECT count(*) FROM audit_events", recovery_ms) == "30000");
}

TEST_CASE("reader: views work with trusted_schema off")
{
    Installation installation{{.cloud_pcs = 20, .audit_events = 20}};
    REQUIRE(installation.once() == 0);
    auto mirror = installation.mirror();
    mirror.exec("PRAGMA trusted_schema = OFF");
    CHECK(one(mirror, "SELECT count(*) FROM changes") != "0");
    CHECK(one(mirror, "SELECT count(*) FROM freshness") == "19");
    CHECK(one(mirror, "SELECT count(*) FROM v_cloud_pcs") == "20");
    constexpr auto expected = "15";  // changes, freshness, and the reporting views
    CHECK(one(mirror, "SELECT count(*) FROM sqlite_master WHERE type = 'view'") == expected);
}
