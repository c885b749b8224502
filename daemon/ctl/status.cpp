#include "daemon/ctl/status.hpp"

#include "daemon/ctl/failure.hpp"
#include "daemon/ctl/json_object.hpp"
#include "daemon/ctl/text.hpp"
#include "schema/migrations.hpp"
#include "sync/core/time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

namespace cloudpcd::ctl {

namespace {

constexpr std::array<std::string_view, 4> outcomes{"complete", "incomplete", "refused", "skipped"};

constexpr auto resources_sql = R"sql(
    SELECT resource, row_count, last_complete_at, age_seconds, interval_seconds,
           consecutive_failures, last_error, degraded_reason,
           (SELECT outcome FROM sync_runs r WHERE r.resource = f.resource
             ORDER BY run_id DESC LIMIT 1) AS last_outcome
      FROM freshness f
     ORDER BY resource)sql";

std::int64_t count(Database& database, std::string_view table)
{
    auto row = database.prepare(fmt::format("SELECT count(*) FROM {}", table));
    row.step();
    return row.integer(0);
}

void check_is_mirror(Database& database)
{
    auto row = database.prepare(
        "SELECT count(*) FROM sqlite_master "
        "WHERE name IN ('meta', 'freshness', 'sync_runs', 'quarantine', 'schema_drift', 'gaps')");
    row.step();
    if (row.integer(0) != 6)
        throw Failure{ExitStatus::database,
                      "the database is no mirror: it lacks the tables that cloudpcd makes first"};
}

/// The schema that this program was made for: the number of the last migration.
int known_schema()
{
    int number = 0;
    if (!schema::migration_files.empty()) {
        const auto name = schema::migration_files.back().name;
        std::from_chars(name.data(), name.data() + name.size(), number);
    }
    return number;
}

/// A mirror says which readers still understand it.
void check_is_readable(Database& database)
{
    auto row = database.prepare(
        "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'min_reader_version'");
    if (row.step() && row.integer(0) > known_schema())
        throw Failure{ExitStatus::configuration,
                      fmt::format("the mirror asks for a reader of schema version {}, this one "
                                  "knows {}: install the cloudpcctl of the daemon",
                                  row.integer(0), known_schema())};
}

std::optional<std::string> time_json(const std::optional<std::string>& time)
{
    return time ? std::optional{rfc3339(*time)} : std::nullopt;
}

std::string resource_json(const ResourceStatus& resource)
{
    return JsonObject{}
        .text("resource", resource.resource)
        .text("state", to_string(resource.state()))
        .number("rows", resource.rows)
        .optional_text("last_complete_at", time_json(resource.last_complete_at))
        .number("age_seconds", resource.age_seconds)
        .number("interval_seconds", resource.interval_seconds)
        .number("consecutive_failures", resource.consecutive_failures)
        .optional_text("last_error", resource.last_error)
        .optional_text("degraded_reason", resource.degraded_reason)
        .optional_text("last_outcome", resource.last_outcome)
        .done();
}

std::string daemon_json(const std::optional<DaemonStatus>& daemon)
{
    if (!daemon)
        return "null";
    return JsonObject{}
        .number("pid", daemon->pid)
        .text("version", daemon->version)
        .text("commit", daemon->commit)
        .text("started_at", daemon->started_at)
        .number("uptime_seconds", daemon->uptime_seconds)
        .optional_text("user", daemon->user)
        .optional_text("user_error", daemon->user_error)
        .done();
}

std::string daemon_text(const StatusContext& context)
{
    if (!context.daemon)
        return context.no_daemon;
    const auto& daemon = *context.daemon;
    return fmt::format("runs for {} (since {}), pid {}, version {} ({})",
                       format_age(daemon.uptime_seconds), daemon.started_at, daemon.pid,
                       daemon.version, daemon.commit);
}

/// Who acts where Graph takes users only, and what is wrong with that.
std::string user_text(const DaemonStatus& daemon)
{
    const auto user = daemon.user.value_or("nobody");
    return daemon.user_error ? fmt::format("{}: {}", user, *daemon.user_error) : user;
}

std::string last_runs_text(const MirrorStatus& status)
{
    std::string text;
    for (const auto outcome : outcomes) {
        const auto number = status.last_runs(outcome);
        // Those that ask for attention are named even when there is none.
        if (number > 0 || outcome == "refused" || outcome == "incomplete")
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", number, outcome);
    }
    return text;
}

std::string jobs_text(const StatusContext& context)
{
    if (!context.jobs_enabled)
        return "not enabled ([jobs] enabled = false): the mirror changes nothing in the tenant";
    if (!context.queue || !context.queue->frozen)
        return "enabled";
    const auto& reason = context.queue->freeze_reason;
    return fmt::format("frozen, nothing is sent{}{}", reason.empty() ? "" : ": ", reason);
}

std::string queue_text(const StatusContext& context)
{
    if (context.queue)
        return describe(*context.queue);
    return context.no_queue.empty() ? "none yet" : context.no_queue;
}

/// What the configuration says, whether anything is sent, and how many jobs are in each state.
std::string jobs_json(const StatusContext& context)
{
    const auto& queue = context.queue;
    const bool frozen = queue && queue->frozen;
    JsonObject states;
    for (unsigned i = 0; queue && i < jobs::state_count; ++i) {
        const auto state = static_cast<jobs::State>(i);
        states.number(jobs::to_string(state), queue->count(state));
    }
    return JsonObject{}
        .boolean("enabled", context.jobs_enabled)
        .boolean("acting", context.jobs_enabled && !frozen && context.daemon.has_value())
        .boolean("frozen", frozen)
        .optional_text("freeze_reason", frozen ? std::optional{queue->freeze_reason} : std::nullopt)
        .number("in_doubt",
                queue ? std::optional{queue->count(jobs::State::in_doubt)} : std::nullopt)
        .number("held_restored", queue ? std::optional{queue->restored} : std::nullopt)
        .json("states", queue ? states.done() : "null")
        .done();
}

std::string head_text(const MirrorStatus& status, const StatusContext& context)
{
    std::string text;
    const auto line = [&](std::string_view name, std::string_view value) {
        text += fmt::format("{:<12}{}\n", name, printable(value));
    };
    line("daemon", daemon_text(context));
    if (context.daemon && (context.daemon->user || context.daemon->user_error))
        line("signed in", user_text(*context.daemon));
    line("tenant", status.tenant_id.value_or("not known yet"));
    line("mirror", context.path);
    line("jobs", jobs_text(context));
    line("queue", queue_text(context));
    if (context.queue && context.queue->restored > 0)
        line("restored", fmt::format("{} jobs of a restored queue wait for a person (cloudpcctl "
                                     "jobs resolve, or cancel)",
                                     context.queue->restored));
    line("last runs", last_runs_text(status));
    line("quarantine",
         fmt::format("{} items that could not be stored (table quarantine)", status.quarantined));
    line("drift",
         fmt::format("{} things of Graph that this version does not know (table schema_drift)",
                     status.drift));
    if (status.gaps > 0)
        line("gaps",
             fmt::format("{} parts of the audit log that are lost (table gaps)", status.gaps));
    return text;
}

void write_resources(const MirrorStatus& status, Output& output, const TableLimits& limits)
{
    const auto table = make_row_writer(Format::table, output, limits);
    table->begin({"resource", "rows", "age", "interval", "state", "problem"});
    for (const auto& resource : status.resources) {
        const auto age =
            resource.age_seconds ? format_age(*resource.age_seconds) : std::string{"-"};
        const auto interval = format_duration(std::chrono::seconds{resource.interval_seconds});
        const auto& problem =
            resource.degraded_reason ? resource.degraded_reason : resource.last_error;
        table->row(std::array{Value::of(std::string_view{resource.resource}),
                              Value::of(resource.rows), Value::of(std::string_view{age}),
                              Value::of(std::string_view{interval}),
                              Value::of(to_string(resource.state())),
                              problem ? Value::of(std::string_view{*problem}) : Value::null()});
    }
    table->end();
}

}  // namespace

std::string_view to_string(Freshness state) noexcept
{
    switch (state) {
        case Freshness::degraded:
            return "degraded";
        case Freshness::never:
            return "never";
        case Freshness::stale:
            return "stale";
        case Freshness::failing:
            return "failing";
        case Freshness::fresh:
            break;
    }
    return "fresh";
}

Freshness ResourceStatus::state() const noexcept
{
    if (degraded_reason)
        return Freshness::degraded;
    if (!age_seconds)
        return Freshness::never;
    if (*age_seconds > 3 * interval_seconds)
        return Freshness::stale;
    return consecutive_failures > 0 ? Freshness::failing : Freshness::fresh;
}

std::int64_t MirrorStatus::last_runs(std::string_view outcome) const
{
    return std::ranges::count_if(resources, [&](const ResourceStatus& resource) {
        return resource.last_outcome == outcome;
    });
}

MirrorStatus read_status(Database& database)
{
    check_is_mirror(database);
    // One transaction: counts and ages of the same moment. It ends with the connection.
    database.execute("BEGIN");
    check_is_readable(database);
    MirrorStatus status;
    {
        auto row = database.prepare(
            "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now'), "
            "(SELECT value FROM meta WHERE key = 'tenant_id')");
        row.step();
        status.at = row.text(0);
        status.tenant_id = row.optional_text(1);
    }
    auto row = database.prepare(resources_sql);
    while (row.step()) {
        status.resources.push_back({.resource = row.text(0),
                                    .rows = row.integer(1),
                                    .last_complete_at = row.optional_text(2),
                                    .age_seconds = row.optional_integer(3),
                                    .interval_seconds = row.integer(4),
                                    .consecutive_failures = row.integer(5),
                                    .last_error = row.optional_text(6),
                                    .degraded_reason = row.optional_text(7),
                                    .last_outcome = row.optional_text(8)});
    }
    status.quarantined = count(database, "quarantine");
    status.drift = count(database, "schema_drift");
    status.gaps = count(database, "gaps");
    database.execute("COMMIT");
    return status;
}

std::string status_json(const MirrorStatus& status, const StatusContext& context)
{
    JsonObject last_runs;
    for (const auto outcome : outcomes)
        last_runs.number(outcome, status.last_runs(outcome));
    std::vector<std::string> resources;
    resources.reserve(status.resources.size());
    for (const auto& resource : status.resources)
        resources.push_back(resource_json(resource));
    return JsonObject{}
        .text("at", rfc3339(status.at))
        .optional_text("tenant_id", status.tenant_id)
        .text("database", context.path)
        .json("daemon", daemon_json(context.daemon))
        .json("jobs", jobs_json(context))
        .json("last_runs", last_runs.done())
        .number("quarantine", status.quarantined)
        .number("schema_drift", status.drift)
        .number("gaps", status.gaps)
        .json("resources", json_lines(resources))
        .done();
}

void write_status(const MirrorStatus& status, const StatusContext& context, bool as_json,
                  Output& output, const TableLimits& limits)
{
    if (as_json) {
        output.write(status_json(status, context) + "\n");
        return;
    }
    output.write(head_text(status, context) + "\n");
    write_resources(status, output, limits);
}

}  // namespace cloudpcd::ctl
