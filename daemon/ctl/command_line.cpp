#include "daemon/ctl/command_line.hpp"

#include "daemon/ctl/jobs_command_line.hpp"
#include "daemon/ctl/text.hpp"
#include "sync/core/version.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sqlite3.h>

#include <algorithm>
#include <sstream>

namespace cloudpcd::ctl {

namespace {

constexpr auto footer =
    "Exit status: 0 done, 1 the thing asked for did not hold, 2 not found, 3 in doubt, 4 still\n"
    "waiting, 64 usage, 69 the daemon is not running, 74 the database or the output, 77 not "
    "allowed,\n"
    "78 configuration.";

std::string version_text()
{
    return fmt::format("cloudpcctl {} ({}), SQLite {}", version, commit, sqlite3_libversion());
}

void add_options(CLI::App& app, CommandLine& line)
{
    app.footer(footer);
    app.set_version_flag("--version", version_text());
    auto* const file =
        app.add_option("--config", line.config.file, "Configuration (/etc/cloudpcd/cloudpcd.toml)");
    app.add_option(
           "-i,--instance", line.config.instance,
           "Instance NAME: /etc/cloudpcd/NAME.toml, state in /var/lib/cloudpcd/NAME, socket in "
           "/run/cloudpcd/NAME")
        ->excludes(file);
    auto* const json = app.add_flag("--json", line.json, "JSON instead of a table");
    app.require_subcommand(1);

    auto* const status = app.add_subcommand("status", "How old each table of the mirror is");
    auto* const sync = app.add_subcommand("sync", "Have the daemon read tables now");
    sync->add_option("TABLE", line.sync.tables, "Tables to read; all without");
    sync->add_flag("--full", line.sync.full, "Everything, without saved links and windows");
    sync->add_flag("--wait", line.sync.wait, "Wait for the end; 1 if a pull did not complete");
    sync->add_option("--accept-deletes", line.sync.accept_deletes,
                     "Delete what refused run RUN of that one TABLE held back; waits")
        ->type_name("RUN")
        ->check(CLI::PositiveNumber);
    auto* const verify =
        app.add_subcommand("verify", "Have the daemon compare tables with the tenant");
    verify->add_option("TABLE", line.tables, "Tables to compare; all without");
    auto* const jobs = add_jobs_command(app, line.jobs, [&line] { line.command = Command::jobs; });
    auto* const freeze = app.add_subcommand("freeze", "Stop every write, until thaw");
    freeze->add_option("--reason", line.jobs.reason, "Why, for those who meet it");
    auto* const thaw = app.add_subcommand("thaw", "Let writes go again");
    auto* const login =
        app.add_subcommand("login", "Sign in by device code, for what Graph lets only users do");
    auto* const logout = app.add_subcommand("logout", "Forget who has signed in");
    auto* const query = app.add_subcommand("query", "Run one SELECT on the mirror");
    query->add_option("SQL", line.sql, "The statement; - reads it from standard input")->required();
    query->add_flag("--csv", line.csv, "CSV instead of a table")->excludes(json);
    auto* const schema = app.add_subcommand("schema", "Tables and columns of the mirror");
    schema->add_option("TABLE", line.table, "Show the columns of this table");
    auto* const history =
        app.add_subcommand("history", "What changed of one object, when, and by whom");
    history->add_option("TABLE", line.table, "A table of the mirror")->required();
    history->add_option("ID", line.object, "Graph's id of the object")->required();
    history->add_flag("--csv", line.csv, "CSV instead of a table")->excludes(json);
    auto* const as_of = app.add_subcommand("as-of", "A table as it was at some time");
    as_of->add_option("TABLE", line.table, "A table of the mirror")->required();
    as_of->add_option("TIME", line.time, "2026-01-31 or 2026-01-31 12:00:00, UTC")->required();
    as_of->add_flag("--csv", line.csv, "CSV instead of a table")->excludes(json);

    // --json and the like may stand behind the command too.
    for (auto* const command :
         {status, sync, verify, jobs, freeze, thaw, login, logout, query, schema, history, as_of})
        command->fallthrough();
    status->parse_complete_callback([&line] { line.command = Command::status; });
    sync->parse_complete_callback([&line] {
        line.command = Command::sync;
        if (line.sync.accept_deletes && line.sync.tables.size() != 1)
            throw CLI::ValidationError{"--accept-deletes", "goes with exactly one TABLE"};
    });
    verify->parse_complete_callback([&line] { line.command = Command::verify; });
    freeze->parse_complete_callback([&line] { line.command = Command::freeze; });
    thaw->parse_complete_callback([&line] { line.command = Command::thaw; });
    login->parse_complete_callback([&line] { line.command = Command::login; });
    logout->parse_complete_callback([&line] { line.command = Command::logout; });
    query->parse_complete_callback([&line] { line.command = Command::query; });
    schema->parse_complete_callback([&line] { line.command = Command::schema; });
    history->parse_complete_callback([&line] { line.command = Command::history; });
    as_of->parse_complete_callback([&line] { line.command = Command::as_of; });
}

/// Better words than "A subcommand is required" for one that there is not.
std::optional<std::string> unknown_command(const CLI::App& app)
{
    const auto chosen = app.get_subcommands();
    const CLI::App& asked = chosen.empty() ? app : *chosen.front();
    if (asked.get_require_subcommand_min() == 0 || !asked.get_subcommands().empty())
        return std::nullopt;
    const auto rest = app.remaining(/*recurse=*/true);
    const auto word =
        std::ranges::find_if(rest, [](const std::string& each) { return !each.starts_with('-'); });
    if (word == rest.end())
        return std::nullopt;
    std::vector<std::string> names;
    for (const auto* command : asked.get_subcommands([](const CLI::App*) { return true; }))
        names.push_back(command->get_name());
    return fmt::format(
        "there is no command {}{}, accepted: {}\nRun with --help for more information.\n",
        chosen.empty() ? "" : asked.get_name() + " ", printable(*word), fmt::join(names, ", "));
}

}  // namespace

ParsedCommandLine parse_command_line(int argc, const char* const* argv)
{
    CommandLine line;
    CLI::App app{
        "Looks into the mirror of a Windows 365 tenant that cloudpcd keeps, and tells cloudpcd "
        "what to do",
        "cloudpcctl"};
    add_options(app, line);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& problem) {
        std::ostringstream out;
        std::ostringstream errors;
        if (app.exit(problem, out, errors) == 0)
            return {.status = ExitStatus::done, .text = out.str()};
        const auto text = unknown_command(app).value_or(errors.str());
        return {.status = ExitStatus::usage, .text = "cloudpcctl: " + text};
    }
    return {.line = std::move(line)};
}

}  // namespace cloudpcd::ctl
