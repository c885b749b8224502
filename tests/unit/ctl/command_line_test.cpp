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
    check_usage({"jobs", "list"}, "no command jobs");
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
