#include "daemon/ctl/command_line.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace cloudpcd::ctl;

namespace {

ParsedCommandLine parse(std::vector<const char*> arguments)
{
    arguments.insert(arguments.begin(), "cloudpcctl");
    return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

void check_usage(const std::vector<const char*>& arguments, std::string_view message)
{
    const auto parsed = parse(arguments);
    CHECK_FALSE(parsed.line);
    CHECK(parsed.status == ExitStatus::usage);
    CHECK_MESSAGE(parsed.text.find(message) != std::string::npos, parsed.text);
}

}  // namespace

TEST_CASE("command line: options stand before or behind the command")
{
    for (const auto& arguments :
         {std::vector<const char*>{"--config", "f", "--json", "query", "SELECT 1"},
          std::vector<const char*>{"query", "SELECT 1", "--json", "--config", "f"}}) {
        const auto parsed = parse(arguments);
        REQUIRE(parsed.line);
        CHECK(parsed.line->command == Command::query);
        CHECK(parsed.line->config.file == "f");
        CHECK_FALSE(parsed.line->config.instance);
        CHECK(parsed.line->json);
        CHECK(parsed.line->sql == "SELECT 1");
    }
    CHECK(parse({"query", "-"}).line->sql == "-");
    CHECK(parse({"query", "--", "-- comment\nSELECT 1"}).line->sql == "-- comment\nSELECT 1");
    CHECK(parse({"-i", "north", "status"}).line->config.instance == "north");
    CHECK(parse({"login", "--json"}).line->command == Command::login);
    CHECK(parse({"logout"}).line->command == Command::logout);
    CHECK(parse({"schema"}).line->table.empty());
    CHECK(parse({"schema", "meta"}).line->table == "meta");
}

TEST_CASE("command line: wrong usage is 64, in words")
{
    check_usage({}, "subcommand is required");
    check_usage({"frob"}, "no command frob, accepted: status, sync, verify, jobs");
    check_usage({"status", "--frob"}, "--frob");
    check_usage({"login", "alice"}, "alice");
    check_usage({"query"}, "SQL is required");
    check_usage({"query", "SELECT", "1"}, "1");
    check_usage({"status", "query", "SELECT 1"}, "");
    check_usage({"--config", "f", "-i", "n", "status"}, "excludes");
    check_usage({"--json", "query", "--csv", "SELECT 1"}, "excludes");
    check_usage({"query", "--csv", "--json", "SELECT 1"}, "excludes");
    check_usage({"status", "--csv"}, "--csv");
}

TEST_CASE("command line: sync and verify take tables")
{
    const auto all = parse({"sync"});
    REQUIRE(all.line);
    CHECK(all.line->command == Command::sync);
    CHECK(all.line->sync.tables.empty());
    CHECK_FALSE(all.line->sync.wait);
    const auto some = parse({"sync", "a", "--full", "b", "--wait", "--json"});
    REQUIRE(some.line);
    CHECK(some.line->sync.tables == std::vector<std::string>{"a", "b"});
    CHECK(some.line->sync.full);
    CHECK(some.line->sync.wait);
    CHECK(some.line->json);
    CHECK(parse({"sync", "a", "--accept-deletes", "17"}).line->sync.accept_deletes == 17);
    for (const auto* run : {"0", "-1", "x", "1.5"})
        check_usage({"sync", "a", "--accept-deletes", run}, "--accept-deletes");
    check_usage({"sync", "--accept-deletes", "17"}, "exactly one TABLE");
    check_usage({"sync", "a", "b", "--accept-deletes", "17"}, "exactly one TABLE");
    const auto verify = parse({"verify", "a", "b"});
    REQUIRE(verify.line);
    CHECK(verify.line->command == Command::verify);
    CHECK(verify.line->tables == std::vector<std::string>{"a", "b"});
}

TEST_CASE("command line: help and version are no failure")
{
    for (const auto& arguments :
         {std::vector<const char*>{"--help"}, std::vector<const char*>{"query", "--help"}}) {
        const auto parsed = parse(arguments);
        CHECK_FALSE(parsed.line);
        CHECK(parsed.status == ExitStatus::done);
        CHECK(parsed.text.find("Usage: cloudpcctl") != std::string::npos);
    }
    const auto version = parse({"--version"});
    CHECK(version.status == ExitStatus::done);
    CHECK(version.text.starts_with("cloudpcctl "));
    CHECK(version.text.find("SQLite 3.") != std::string::npos);
}

TEST_CASE("command line: jobs have commands of their own")
{
    const auto submit = parse({"jobs",
                               "submit",
                               "cloud_pc.reprovision",
                               "--target",
                               "CPC-1",
                               "--set",
                               "a=-1",
                               "--set",
                               "b=x=y",
                               "--expect",
                               "status=x",
                               "--reason",
                               "INC-1",
                               "--not-before",
                               "2026-05-31",
                               "--batch",
                               "b",
                               "--priority",
                               "0",
                               "--request-id",
                               "u",
                               "--allow-duplicate",
                               "--wait",
                               "--timeout",
                               "90s",
                               "--json"});
    REQUIRE_MESSAGE(submit.line, submit.text);
    CHECK(submit.line->command == Command::jobs);
    CHECK(submit.line->json);
    const auto& options = submit.line->jobs;
    CHECK(options.verb == JobsVerb::submit);
    CHECK(options.submit.kind == "cloud_pc.reprovision");
    CHECK(options.submit.target == "CPC-1");
    CHECK(options.submit.settings == std::vector<std::string>{"a=-1", "b=x=y"});
    CHECK(options.submit.expectations == std::vector<std::string>{"status=x"});
    CHECK(options.submit.reason == "INC-1");
    CHECK(options.submit.not_before == "2026-05-31");
    CHECK_FALSE(options.submit.expires_at);
    CHECK(options.submit.batch == "b");
    CHECK(options.submit.priority == 0);
    CHECK(options.submit.request_id == "u");
    CHECK(options.submit.allow_duplicate);
    CHECK(options.submit.wait);
    CHECK_FALSE(options.submit.dry_run);
    CHECK(options.timeout == std::chrono::seconds{90});

    const auto list = parse({"jobs", "list", "--state", "held,queued", "--by", "alice", "--max",
                             "7", "--before", "9", "--target", "t", "--kind", "k", "--batch", "b"});
    REQUIRE_MESSAGE(list.line, list.text);
    const auto& filter = list.line->jobs.filter;
    using cloudpcd::jobs::State;
    CHECK(filter.states == std::vector<State>{State::held, State::queued});
    CHECK(filter.requested_by == "alice");
    CHECK(filter.max == 7);
    CHECK(filter.before == 9);
    CHECK(filter.target_id == "t");
    CHECK(filter.kind == "k");
    CHECK(filter.batch_id == "b");
    CHECK(parse({"jobs", "list"}).line->jobs.filter.max == 100);
    CHECK(parse({"jobs", "list", "3", "4"}).line->jobs.ids ==
          std::vector<cloudpcd::jobs::JobId>{3, 4});

    for (const auto& [name, verb] : {std::pair{"show", JobsVerb::show},
                                     {"wait", JobsVerb::wait},
                                     {"cancel", JobsVerb::cancel},
                                     {"approve", JobsVerb::approve}}) {
        const auto some = parse({"--json", "jobs", name, "3", "4"});
        REQUIRE_MESSAGE(some.line, some.text);
        CHECK(some.line->jobs.verb == verb);
        CHECK(some.line->jobs.ids == std::vector<cloudpcd::jobs::JobId>{3, 4});
        CHECK(parse({"jobs", name, "--batch", "b"}).line->jobs.batch == "b");
        check_usage({"jobs", name}, "numbers of jobs, or --batch");
        check_usage({"jobs", name, "3", "--batch", "b"}, "numbers of jobs, or --batch");
        check_usage({"jobs", name, "x"}, "x");
        check_usage({"jobs", name, "0"}, "0");
    }
    const auto resolve = parse({"jobs", "resolve", "3", "--not-executed", "--reason", "asked"});
    REQUIRE_MESSAGE(resolve.line, resolve.text);
    CHECK(resolve.line->jobs.executed == false);
    CHECK(parse({"jobs", "resolve", "3", "--reason", "x", "--executed"}).line->jobs.executed ==
          true);
    CHECK(parse({"jobs", "kinds"}).line->jobs.verb == JobsVerb::kinds);
    CHECK(parse({"jobs", "explain", "k"}).line->jobs.kind == "k");
    const auto freeze = parse({"freeze", "--reason", "INC-7"});
    REQUIRE(freeze.line);
    CHECK(freeze.line->command == Command::freeze);
    CHECK(freeze.line->jobs.reason == "INC-7");
    CHECK(parse({"thaw"}).line->command == Command::thaw);
}

TEST_CASE("command line: what does not go together with jobs is wrong usage")
{
    check_usage({"jobs"}, "subcommand is required");
    check_usage({"jobs", "frob"}, "no command jobs frob, accepted: submit, list, show, wait");
    check_usage({"jobs", "submit", "--reason", "x"}, "KIND is required");
    check_usage({"jobs", "submit", "k"}, "--reason is required");
    check_usage({"jobs", "submit", "k", "--reason", "x", "--set", "a=1", "--params", "{}"},
                "excludes");
    check_usage({"jobs", "submit", "k", "--reason", "x", "--target", "t", "--targets-from", "s"},
                "excludes");
    check_usage(
        {"jobs", "submit", "k", "--reason", "x", "--request-id", "u", "--targets-from", "s"},
        "excludes");
    check_usage({"jobs", "submit", "k", "--reason", "x", "--priority", "10"}, "10");
    check_usage({"jobs", "submit", "k", "--reason", "x", "--timeout", "5s"}, "goes with --wait");
    check_usage({"jobs", "submit", "k", "--reason", "x", "--wait", "--timeout", "5"},
                "accepted: 500ms, 30s");
    check_usage({"jobs", "submit", "k", "extra", "--reason", "x"}, "extra");
    check_usage({"jobs", "list", "--state", "Held"}, "accepted: submitted, awaiting_approval");
    check_usage({"jobs", "list", "--max", "1001"}, "1001");
    check_usage({"jobs", "list", "3", "--batch", "b"}, "without a filter");
    check_usage({"jobs", "list", "x"}, "x");
    check_usage({"jobs", "resolve", "3", "--reason", "x"}, "--executed or --not-executed");
    check_usage({"jobs", "resolve", "3", "--reason", "x", "--executed", "--not-executed"},
                "excludes");
    check_usage({"jobs", "resolve", "3", "--executed"}, "--reason is required");
    check_usage({"jobs", "explain"}, "KIND is required");
    check_usage({"thaw", "now"}, "now");
}
