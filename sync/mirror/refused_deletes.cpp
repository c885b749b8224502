#include "sync/mirror/refused_deletes.hpp"

#include <fmt/format.h>

namespace cloudpcd::mirror {

namespace {

/// An id that is no longer held back was so up to the last refused run.
constexpr std::string_view close_sql =
    "UPDATE refused_deletes SET to_run = max(from_run, coalesce((SELECT max(run_id) FROM sync_runs "
    "WHERE resource = ?2 AND outcome = 'refused'), from_run)) "
    "WHERE resource = ?1 AND to_run IS NULL";

}  // namespace

void note_refused_deletes(store::Database& database, std::string_view resource,
                          std::string_view runs_of, RunId run, const std::string& ids_sql)
{
    database.execute(
        "CREATE TEMP TABLE IF NOT EXISTS held_back (id TEXT PRIMARY KEY) WITHOUT ROWID");
    {
        auto fill = database.prepared("INSERT OR IGNORE INTO temp.held_back (id) " + ids_sql);
        fill.bind(1, run).run();
    }
    {
        auto close = database.prepared(
            fmt::format("{} AND id NOT IN (SELECT id FROM temp.held_back)", close_sql));
        close.bind(1, resource).bind(2, runs_of).run();
    }
    {
        auto open = database.prepared(
            "INSERT INTO refused_deletes (resource, id, from_run) "
            "SELECT ?1, id, ?2 FROM temp.held_back AS h WHERE NOT EXISTS (SELECT 1 FROM "
            "refused_deletes AS r WHERE r.resource = ?1 AND r.id = h.id AND r.to_run IS NULL)");
        open.bind(1, resource).bind(2, run).run();
    }
    database.execute("DELETE FROM temp.held_back");
}

void settle_refused_deletes(store::Database& database, std::string_view resource,
                            std::string_view runs_of)
{
    auto close = database.prepared(close_sql);
    close.bind(1, resource).bind(2, runs_of).run();
}

bool is_refused_run(store::Database& database, std::string_view resource, RunId run)
{
    auto row = database.prepared(
        "SELECT 1 FROM sync_runs WHERE run_id = ? AND resource = ? AND outcome = 'refused'");
    row.bind(1, run).bind(2, resource);
    return row.step();
}

std::unordered_set<std::string> refused_deletes(store::Database& database,
                                                std::string_view resource, RunId run)
{
    std::unordered_set<std::string> ids;
    auto row = database.prepared(
        "SELECT id FROM refused_deletes WHERE resource = ? AND from_run <= ? "
        "AND (to_run IS NULL OR to_run >= ?)");
    row.bind(1, resource).bind(2, run).bind(3, run);
    while (row.step())
        ids.insert(row.string(0));
    return ids;
}

std::string held_back_sql(std::string_view resource, std::string_view id, int run_parameter)
{
    return fmt::format(
        "EXISTS (SELECT 1 FROM refused_deletes AS r WHERE r.resource = '{0}' AND r.id = {1} "
        "AND r.from_run <= ?{2} AND (r.to_run IS NULL OR r.to_run >= ?{2}))",
        resource, id, run_parameter);
}

std::int64_t forget_refused_deletes(store::Database& database, std::int64_t rows_max)
{
    auto statement = database.prepared(
        "DELETE FROM refused_deletes WHERE (resource, id, from_run) IN "
        "(SELECT resource, id, from_run FROM refused_deletes "
        "WHERE to_run < (SELECT min(run_id) FROM sync_runs) LIMIT ?)");
    statement.bind(1, rows_max).run();
    return database.changes();
}

}  // namespace cloudpcd::mirror
