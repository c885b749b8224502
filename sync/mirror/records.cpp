#include "sync/mirror/records.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace cloudpcd::mirror {

std::string_view to_string(Outcome outcome) noexcept
{
    switch (outcome) {
        case Outcome::complete:
            return "complete";
        case Outcome::incomplete:
            return "incomplete";
        case Outcome::refused:
            return "refused";
        case Outcome::skipped:
            return "skipped";
    }
    return "incomplete";
}

std::string_view to_string(RunKind kind) noexcept
{
    switch (kind) {
        case RunKind::full:
            return "full";
        case RunKind::incremental:
            return "incremental";
        case RunKind::window:
            return "window";
        case RunKind::delta:
            return "delta";
        case RunKind::refresh:
            return "refresh";
    }
    return "full";
}

void record_run(store::Database& database, const RunSummary& run)
{
    const std::string started = format_sql_time(run.started_at);
    const std::string ended = format_sql_time(run.ended_at);
    std::optional<std::string> error;
    if (!run.error.empty())
        error = run.error;

    auto row = database.prepared(
        "INSERT INTO sync_runs (run_id, resource, started_at, ended_at, outcome, pages, requests, "
        "inserted, updated, deleted, refused, error, kind) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    row.bind(1, run.run_id).bind(2, run.resource).bind(3, started).bind(4, ended);
    row.bind(5, to_string(run.outcome)).bind(6, run.pages).bind(7, run.requests);
    row.bind(8, run.counts.inserted).bind(9, run.counts.updated).bind(10, run.counts.deleted);
    row.bind(11, run.refused).bind(12, error).bind(13, to_string(run.kind)).run();
    add_rows(database, run.resource, run.counts.inserted - run.counts.deleted - run.rows_counted);
    if (run.kind == RunKind::refresh)
        return;

    std::optional<std::string> as_of;
    if (run.as_of)
        as_of = format_sql_time(*run.as_of);
    const bool read = run.outcome == Outcome::complete || run.outcome == Outcome::refused;
    auto times = database.prepared(
        "UPDATE resource_status SET read_as_of = ?2, "
        "  last_read_at = CASE WHEN ?1 THEN ?3 ELSE last_read_at END WHERE resource = ?4");
    if (!read)
        as_of.reset();
    times.bind(1, read ? 1 : 0).bind(2, as_of).bind(3, ended).bind(4, run.resource).run();
    if (run.kind == RunKind::incremental && read)
        return;  // it cures nothing of what the last list was refused for

    auto status = database.prepared(
        "UPDATE resource_status SET "
        "  last_complete_at = CASE WHEN ?1 = 'complete' THEN ?2 ELSE last_complete_at END, "
        "  consecutive_failures = CASE ?1 WHEN 'complete' THEN 0 WHEN 'skipped' THEN "
        "consecutive_failures "
        "                                 ELSE consecutive_failures + 1 END, "
        "  last_error = CASE WHEN ?1 = 'complete' THEN NULL ELSE ?3 END, "
        "  degraded_reason = CASE ?1 WHEN 'refused' THEN ?3 WHEN 'skipped' THEN ?3 WHEN 'complete' "
        "THEN NULL "
        "                            ELSE degraded_reason END, "
        "  list_started_at = CASE WHEN ?4 THEN ?5 ELSE list_started_at END, "
        "  list_ended_at = CASE WHEN ?4 THEN ?2 ELSE list_ended_at END, "
        "  list_as_of = CASE WHEN ?4 THEN ?6 ELSE list_as_of END "
        "WHERE resource = ?7");
    status.bind(1, to_string(run.outcome)).bind(2, ended).bind(3, error);
    status.bind(4, read ? 1 : 0).bind(5, started).bind(6, as_of).bind(7, run.resource).run();
}

void add_rows(store::Database& database, std::string_view resource, std::int64_t rows)
{
    if (rows == 0)
        return;
    auto status = database.prepared(
        "UPDATE resource_status SET row_count = row_count + ? WHERE resource = ?");
    status.bind(1, rows).bind(2, resource).run();
}

RunId next_run_id(store::Database& database)
{
    auto row = database.prepared("SELECT coalesce(max(run_id), 0) + 1 FROM sync_runs");
    row.step();
    return row.integer(0);
}

std::optional<std::string> read_state(store::Database& database, std::string_view resource,
                                      std::string_view key)
{
    auto row = database.prepared("SELECT value FROM sync_state WHERE resource = ? AND key = ?");
    row.bind(1, resource).bind(2, key);
    if (!row.step())
        return std::nullopt;
    return row.string(0);
}

std::optional<UtcTime> read_time(store::Database& database, std::string_view resource,
                                 std::string_view key)
{
    const auto text = read_state(database, resource, key);
    return text ? parse_sql_time(*text) : std::nullopt;
}

std::optional<std::string> read_fresh_state(store::Database& database, std::string_view resource,
                                            std::string_view key, UtcTime since)
{
    const std::string bound = format_sql_time(since);
    auto row = database.prepared(
        "SELECT value FROM sync_state WHERE resource = ? AND key = ? AND updated_at >= ?");
    row.bind(1, resource).bind(2, key).bind(3, bound);
    return row.step() ? std::optional{row.string(0)} : std::nullopt;
}

void write_state(store::Database& database, std::string_view resource, std::string_view key,
                 std::string_view value, UtcTime now)
{
    const std::string at = format_sql_time(now);
    // Unchanged values are not written: a quiet cycle costs no page.
    auto row = database.prepared(
        "INSERT INTO sync_state (resource, key, value, updated_at) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (resource, key) DO UPDATE SET value = excluded.value, "
        "updated_at = excluded.updated_at WHERE value IS NOT excluded.value");
    row.bind(1, resource).bind(2, key).bind(3, value).bind(4, at).run();
}

void erase_state(store::Database& database, std::string_view resource, std::string_view key)
{
    auto row = database.prepared("DELETE FROM sync_state WHERE resource = ? AND key = ?");
    row.bind(1, resource).bind(2, key).run();
}

std::vector<std::string> read_id_list(store::Database& database, std::string_view resource,
                                      std::string_view key)
{
    std::vector<std::string> ids;
    const auto text = read_state(database, resource, key);
    if (!text)
        return ids;
    const auto list = boost::json::parse(*text);  // a range-for would let a temporary go
    for (const auto& id : list.as_array())
        ids.emplace_back(std::string_view{id.as_string()});
    return ids;
}

void write_id_list(store::Database& database, std::string_view resource, std::string_view key,
                   const std::vector<std::string>& ids, UtcTime now)
{
    if (ids.empty()) {
        erase_state(database, resource, key);
        return;
    }
    boost::json::array list;
    list.reserve(ids.size());
    for (const auto& id : ids)
        list.emplace_back(id);
    write_state(database, resource, key, boost::json::serialize(list), now);
}

std::optional<UtcTime> last_complete(store::Database& database, std::string_view resource)
{
    auto row = database.prepared("SELECT last_complete_at FROM resource_status WHERE resource = ?");
    row.bind(1, resource);
    if (!row.step() || row.is_null(0))
        return std::nullopt;
    return parse_sql_time(row.text(0));
}

ReadTimes read_times(store::Database& database, std::string_view resource)
{
    auto row = database.prepared(
        "SELECT list_started_at, list_ended_at, list_as_of, read_as_of, last_read_at "
        "FROM resource_status WHERE resource = ?");
    row.bind(1, resource);
    if (!row.step())
        return {};
    const auto time = [&](int column) {
        return row.is_null(column) ? std::nullopt : parse_sql_time(row.text(column));
    };
    return {.list_started = time(0),
            .list_ended = time(1),
            .list_as_of = time(2),
            .read_as_of = time(3),
            .last_read = time(4)};
}

void record_drift(store::Database& database, std::string_view resource, const DriftNotes& drift,
                  UtcTime now)
{
    const std::string at = format_sql_time(now);
    for (const auto& [where, note] : drift.notes()) {
        auto row = database.prepared(
            "INSERT INTO schema_drift (resource, path, kind, example, first_seen_at, count) "
            "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (resource, path, kind) "
            "DO UPDATE SET count = count + excluded.count");
        row.bind(1, resource).bind(2, where.first).bind(3, DriftNotes::to_string(where.second));
        row.bind(4, note.example).bind(5, at).bind(6, note.count).run();
    }
}

void include_resource(store::Database& database, std::string_view resource,
                      std::int64_t interval_seconds)
{
    auto row = database.prepared(
        "INSERT INTO resource_status (resource, interval_seconds) VALUES (?, ?) "
        "ON CONFLICT (resource) DO UPDATE SET interval_seconds = excluded.interval_seconds, "
        "included = 1 WHERE included = 0 OR interval_seconds IS NOT excluded.interval_seconds");
    row.bind(1, resource).bind(2, interval_seconds).run();
}

void exclude_resource(store::Database& database, std::string_view resource)
{
    auto row = database.prepared(
        "UPDATE resource_status SET included = 0 WHERE resource = ? AND included = 1");
    row.bind(1, resource).run();
}

}  // namespace cloudpcd::mirror
