#include "daemon/ctl/program.hpp"

#include "daemon/ctl/client.hpp"
#include "daemon/ctl/command_line.hpp"
#include "daemon/ctl/control_commands.hpp"
#include "daemon/ctl/database.hpp"
#include "daemon/ctl/job_source.hpp"
#include "daemon/ctl/jobs_commands.hpp"
#include "daemon/ctl/login_command.hpp"
#include "daemon/ctl/query.hpp"
#include "daemon/ctl/schema_command.hpp"
#include "daemon/ctl/status.hpp"
#include "daemon/ctl/text.hpp"
#include "daemon/ctl/time_travel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <optional>
#include <string>
#include <variant>

namespace cloudpcd::ctl {

namespace {

// Wide enough for an id (36), narrow enough that a few columns fit a terminal.
constexpr std::size_t terminal_cell_columns_max = 60;

TableLimits limits_of(const Console& console)
{
    TableLimits limits;
    if (console.out_is_terminal)
        limits.cell_columns_max = terminal_cell_columns_max;
    return limits;
}

std::string read_sql(std::istream& in)
{
    // One byte more than allowed, so that what is too long is seen to be.
    std::string text(sql_bytes_max + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (in.bad())
        throw Failure{ExitStatus::failed, "standard input cannot be read"};
    text.resize(static_cast<std::size_t>(in.gcount()));
    return text;
}

void query(const CommandLine& line, Console& console)
{
    const auto settings = load_settings(line.config, console.environment);
    const auto sql = line.sql == "-" ? read_sql(console.in) : line.sql;
    auto database = Database::open(settings.database.path);
    const auto unattached = database.attach_jobs(settings.jobs.path);
    const auto format = line.json ? Format::json : line.csv ? Format::csv : Format::table;
    const auto writer = make_row_writer(format, console.out, limits_of(console));
    try {
        run_query(database, sql, *writer);
    } catch (const Failure& problem) {
        if (!unattached)
            throw;
        // Then "no such table: jobs.jobs" is not the whole story.
        throw Failure{problem.status(), fmt::format("{}\nthe queue is not attached as jobs: {}",
                                                    problem.what(), *unattached)};
    }
}

constexpr std::chrono::seconds status_limit{5};

/// What the daemon says; or why it says nothing.
std::variant<std::string, Failure> ask_status(const config::Config& settings)
{
    try {
        const ControlClient client{settings.control.socket};
        return expect_success(client.get("/v1/status", status_limit));
    } catch (const Failure& problem) {
        return problem;
    }
}

void status(const CommandLine& line, Console& console)
{
    const auto settings = load_settings(line.config, console.environment);
    const auto asked = ask_status(settings);
    if (const auto* answer = std::get_if<std::string>(&asked)) {
        if (line.json)
            return console.out.write(*answer);
        const auto [mirror, context] = parse_status(*answer);
        return write_status(mirror, context, /*as_json=*/false, console.out, limits_of(console));
    }
    const auto& problem = std::get<Failure>(asked);
    StatusContext context{.path = settings.database.path.string(),
                          .jobs_enabled = settings.jobs.enabled,
                          .no_daemon = problem.what()};
    try {
        auto queue = open_queue_reader(settings.jobs.path);
        context.queue = read_queue_status(queue, cloudpcd::jobs::Freeze{settings.jobs.path});
    } catch (const Failure& unreadable) {
        if (unreadable.status() != ExitStatus::not_found)
            context.no_queue = unreadable.what();
    }
    try {
        auto database = Database::open(settings.database.path);
        write_status(read_status(database), context, line.json, console.out, limits_of(console));
    } catch (const Failure&) {
        // Who may neither ask nor look hears whom to ask.
        if (problem.status() == ExitStatus::not_allowed)
            throw Failure{problem};
        throw;
    }
}

void sync(const CommandLine& line, Console& console)
{
    const auto settings = load_settings(line.config, console.environment);
    sync(ControlClient{settings.control.socket}, line.sync, line.json, console.out);
}

void verify(const CommandLine& line, Console& console)
{
    const auto settings = load_settings(line.config, console.environment);
    verify(ControlClient{settings.control.socket}, line.tables, line.json, console.out);
}

/// Gives `work` what the commands about jobs need.
template <class Work>
void with_jobs(const CommandLine& line, Console& console, Work work)
{
    const auto settings = load_settings(line.config, console.environment);
    work(JobsContext{.settings = settings,
                     .out = console.out,
                     .errors = console.errors,
                     .limits = limits_of(console),
                     .json = line.json,
                     .pace = console.pace});
}

void jobs(const CommandLine& line, Console& console)
{
    // Those two follow from the program alone.
    if (line.jobs.verb == JobsVerb::kinds)
        return write_kinds(line.json, console.out, limits_of(console));
    if (line.jobs.verb == JobsVerb::explain)
        return explain_kind(line.jobs.kind, line.json, console.out);
    with_jobs(line, console, [&](const JobsContext& context) { run_jobs(line.jobs, context); });
}

void freeze(const CommandLine& line, Console& console)
{
    with_jobs(line, console,
              [&](const JobsContext& context) { freeze(line.jobs.reason, context); });
}

void thaw(const CommandLine& line, Console& console)
{
    with_jobs(line, console, [](const JobsContext& context) { thaw(context); });
}

void login(const CommandLine& line, Console& console)
{
    const auto settings = load_settings(line.config, console.environment);
    login(ControlClient{settings.control.socket}, line.json, console.out, console.errors);
}

void logout(const CommandLine& line, Console& console)
{
    const auto settings = load_settings(line.config, console.environment);
    logout(ControlClient{settings.control.socket}, line.json, console.out);
}

/// Opens the mirror and gives it to `work` with a writer of the wanted format.
template <class Work>
void with_writer(const CommandLine& line, Console& console, Work work)
{
    const auto settings = load_settings(line.config, console.environment);
    auto database = Database::open(settings.database.path);
    const auto format = line.json ? Format::json : line.csv ? Format::csv : Format::table;
    const auto writer = make_row_writer(format, console.out, limits_of(console));
    work(database, *writer);
}

void history(const CommandLine& line, Console& console)
{
    with_writer(line, console, [&](Database& database, RowWriter& writer) {
        write_history(database, line.table, line.object, writer);
    });
}

void as_of(const CommandLine& line, Console& console)
{
    with_writer(line, console, [&](Database& database, RowWriter& writer) {
        write_as_of(database, line.table, line.time, writer);
    });
}

void schema(const CommandLine& line, Console& console)
{
    if (line.table.empty())
        write_schema_tables(line.json, console.out);
    else
        write_schema_table(line.table, line.json, console.out);
}

void dispatch(const CommandLine& line, Console& console)
{
    switch (line.command) {
        case Command::status:
            return status(line, console);
        case Command::sync:
            return sync(line, console);
        case Command::verify:
            return verify(line, console);
        case Command::jobs:
            return jobs(line, console);
        case Command::freeze:
            return freeze(line, console);
        case Command::thaw:
            return thaw(line, console);
        case Command::login:
            return login(line, console);
        case Command::logout:
            return logout(line, console);
        case Command::query:
            return query(line, console);
        case Command::schema:
            return schema(line, console);
        case Command::history:
            return history(line, console);
        case Command::as_of:
            return as_of(line, console);
    }
}

int run_command(int argc, const char* const* argv, Console& console)
{
    const auto parsed = parse_command_line(argc, argv);
    if (parsed.line)
        dispatch(*parsed.line, console);
    else
        (parsed.status == ExitStatus::done ? console.out : console.errors).write(parsed.text);
    console.out.flush();
    console.errors.flush();
    return static_cast<int>(parsed.status);
}

/// Each line with the name of the program, save those of a configuration: they begin with the
/// place, FILE:LINE:, so that editors find it.
void report(ExitStatus status, std::string_view message, Output& errors)
{
    while (!message.empty()) {
        const auto end = std::min(message.find('\n'), message.size());
        errors.write(fmt::format(
            "{}{}\n",
            status == ExitStatus::configuration ? "" : "cloudpcctl: ", message.substr(0, end)));
        message.remove_prefix(std::min(end + 1, message.size()));
    }
    errors.flush();
}

/// Rows that came before a failure are still good. When they cannot be written either, the failure
/// that came first is the one to report.
bool flushed(Output& output) noexcept
{
    try {
        output.flush();
        return true;
    } catch (const std::exception&) {
        return false;
    }
}

/// Says why, where there is still somebody to tell; the status does in any case.
int end_with(ExitStatus status, std::string_view message, Console& console)
{
    flushed(console.out);
    try {
        report(status, message, console.errors);
    } catch (const std::exception&) {
        return static_cast<int>(status);
    }
    return static_cast<int>(status);
}

}  // namespace

int run(int argc, const char* const* argv, Console& console) noexcept
{
    try {
        return run_command(argc, argv, console);
    } catch (const OutputClosed&) {
        return static_cast<int>(ExitStatus::done);
    } catch (const Failure& problem) {
        return end_with(problem.status(), problem.what(), console);
    } catch (const std::bad_alloc&) {
        return end_with(ExitStatus::database, "out of memory", console);
    } catch (const std::exception& problem) {
        return end_with(ExitStatus::bug, fmt::format("unexpected: {}", printable(problem.what())),
                        console);
    }
}

}  // namespace cloudpcd::ctl
