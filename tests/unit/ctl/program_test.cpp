// The program as its user meets it: exit statuses and what is on which stream.

#include "daemon/ctl/program.hpp"

#include "daemon/ctl/failure.hpp"
#include "daemon/ctl/settings.hpp"
#include "tests/unit/ctl/mirror_file.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <string>
#include <unistd.h>

using namespace cloudpcd::ctl;
using cloudpcd::ctl::test::MirrorFile;
using cloudpcd::ctl::test::run_program;

namespace {

/// Runs a query of many rows into a file descriptor.
int run_into(const MirrorFile& mirror, int descriptor)
{
    mirror.run({"status"});  // leaves the configuration behind
    const auto config = (mirror.directory() / "cloudpcd.toml").string();
    const std::array argv{"cloudpcctl",
                          "--config",
                          config.c_str(),
                          "query",
                          "--csv",
                          "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c "
                          "WHERE x < 100000) SELECT x FROM c"};
    FileOutput out{descriptor};
    TextOutput errors;
    std::istringstream in;
    Console console{.out = out, .errors = errors, .in = in};
    return run(static_cast<int>(argv.size()), argv.data(), console);
}

}  // namespace

TEST_CASE("program: rows are on stdout, in the format asked for")
{
    const MirrorFile mirror;
    const std::string sql = "SELECT 1 AS a, 'x' AS b";
    CHECK(mirror.run({"query", sql}).out == "a  b\n-  -\n1  x\n");
    CHECK(mirror.run({"query", "--csv", sql}).out == "a,b\r\n1,x\r\n");
    CHECK(mirror.run({"--json", "query", sql}).out == "[\n{\"a\":1,\"b\":\"x\"}\n]\n");
    CHECK(mirror.run({"query", "--json", sql}).out == "[\n{\"a\":1,\"b\":\"x\"}\n]\n");
    CHECK(mirror.run({"query", "-", "--csv"}, "", sql + "\n;\n").out == "a,b\r\n1,x\r\n");
}

TEST_CASE("program: an SQL error is one line on stderr and status 1")
{
    const MirrorFile mirror;
    const auto ending = mirror.run({"query", "SELEC 1"});
    CHECK(ending.status == 1);
    CHECK(ending.out.empty());
    CHECK(ending.errors.starts_with("cloudpcctl: near \"SELEC\": syntax error"));
    CHECK(std::ranges::count(ending.errors, '\n') == 1);
}

TEST_CASE("program: the queue is attached as jobs when it is there, and cannot be written")
{
    const MirrorFile mirror;
    CHECK(mirror.run({"query", "SELECT kind FROM jobs.jobs"}).status == 1);
    mirror.make_jobs();
    CHECK(mirror.run({"query", "--csv", "SELECT kind FROM jobs.jobs"}).out ==
          "kind\r\ncloud_pc.reboot\r\n");
    CHECK(mirror.run({"query", "DELETE FROM jobs.jobs"}).status == 1);

    auto database = mirror.open();
    CHECK_FALSE(database.attach_jobs(mirror.jobs_path()));
    database.execute("PRAGMA query_only = OFF");
    CHECK_THROWS_AS(database.execute("DELETE FROM jobs.jobs"), Failure);  // mode=ro
}

TEST_CASE("program: a queue that cannot be read does not hide the mirror")
{
    const MirrorFile mirror;
    std::ofstream{mirror.jobs_path()} << std::string(5000, 'x');
    auto ending = mirror.run({"query", "--csv", "SELECT count(*) AS n FROM meta"});
    CHECK(ending.status == 0);
    CHECK(ending.out == "n\r\n1\r\n");
    CHECK(ending.errors.empty());
    ending = mirror.run({"query", "SELECT kind FROM jobs.jobs"});
    CHECK(ending.status == 1);
    CHECK(ending.errors.find("not attached") != std::string::npos);
}

TEST_CASE("program: no mirror is 2, what is not SQLite is 74, a wrong configuration 78")
{
    const MirrorFile mirror;
    CHECK(mirror.run({"query", "SELECT 1"}, "[sync]\nintervall = 1\n").status == 78);
    const auto missing = run_program({"--config", "/nowhere/c.toml", "status"});
    CHECK(missing.status == 78);
    CHECK(missing.errors.starts_with("/nowhere/c.toml:1: "));

    std::filesystem::remove(mirror.path());
    CHECK(mirror.run({"query", "SELECT 1"}).status == 2);
    std::ofstream{mirror.path()} << std::string(5000, 'x');
    const auto ending = mirror.run({"query", "SELECT 1"});
    CHECK(ending.status == 74);
    CHECK(ending.errors.find(mirror.path().string()) != std::string::npos);
    std::filesystem::remove(mirror.path());
    std::filesystem::create_directory(mirror.path());
    CHECK(mirror.run({"status"}).status == 74);
}

TEST_CASE("program: an instance is a name, not a path")
{
    for (const auto* name : {"", ".", "..", "../etc", "a/b", ".hidden", "a b", "a\n"}) {
        CAPTURE(name);
        CHECK_FALSE(is_instance_name(name));
        const auto ending = run_program({"-i", name, "status"});
        CHECK(ending.status == 64);
    }
    CHECK(is_instance_name("north-2_b.test"));
    // There is none of that name, and the message says where it was looked for.
    const auto ending = run_program({"-i", "no-such.instance", "status"});
    CHECK(ending.status == 78);
    CHECK(ending.errors.starts_with("/etc/cloudpcd/no-such.instance.toml:1: "));
}

TEST_CASE("program: a reader that goes away is no failure")
{
    const MirrorFile mirror;
    std::signal(SIGPIPE, SIG_IGN);
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    ::close(ends[0]);
    CHECK(run_into(mirror, ends[1]) == 0);
    FileOutput out{ends[1]};
    CHECK_THROWS_AS(out.write(std::string(1 << 20, 'x')), OutputClosed);  // it ends the query
    ::close(ends[1]);
}

TEST_CASE("program: output that cannot be written is 74")
{
    const MirrorFile mirror;
    const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    REQUIRE(full >= 0);
    CHECK(run_into(mirror, full) == 74);
    ::close(full);
    CHECK(run_into(mirror, -1) == 74);
}
