#include "sync/mirror/retention.hpp"

#include "schema/catalog.hpp"
#include "sync/mirror/records.hpp"
#include "sync/mirror/refused_deletes.hpp"

#include <fmt/format.h>

#include <string>

namespace cloudpcd::mirror {

namespace {

std::int64_t remove(store::Database& database, std::string_view sql, UtcTime oldest)
{
    const std::string bound = format_sql_time(oldest);
    auto statement = database.prepared(sql);
    statement.bind(1, forget_rows_max).bind(2, bound).run();
    return database.changes();
}

}  // namespace

std::int64_t forget_history(store::Database& database, UtcTime oldest)
{
    // Versions end in the order of to_seq, which is indexed; the oldest are looked at and no
    // others.
    return remove(database,
                  "DELETE FROM history WHERE rowid IN (SELECT rowid FROM (SELECT rowid, valid_to "
                  "FROM history ORDER BY to_seq LIMIT ?1) WHERE valid_to < ?2)",
                  oldest);
}

std::int64_t forget_audit_events(store::Database& database, UtcTime oldest)
{
    std::int64_t removed = 0;
    for (const auto& collection : schema::catalog()) {
        if (collection.strategy != schema::Strategy::window)
            continue;
        const auto time = schema::column_name(collection.watermark_property);
        const auto gone =
            remove(database,
                   fmt::format("DELETE FROM {0} WHERE _key IN (SELECT _key FROM {0} WHERE {1} < ?2 "
                               "ORDER BY {1} LIMIT ?1)",
                               collection.table, time),
                   oldest);
        if (gone > 0)
            add_rows(database, collection.table, -gone);
        removed += gone;
    }
    return removed;
}

std::int64_t forget_records(store::Database& database, UtcTime oldest)
{
    std::int64_t removed =
        remove(database,
               "DELETE FROM sync_runs WHERE run_id IN (SELECT run_id FROM (SELECT run_id, ended_at "
               "FROM sync_runs ORDER BY run_id LIMIT ?1) WHERE ended_at < ?2)",
               oldest);
    const std::string bound = format_sql_time(oldest);
    auto quarantine = database.prepared(
        "DELETE FROM quarantine WHERE first_seen_at < ? "
        "AND run_id NOT IN (SELECT run_id FROM sync_runs)");
    quarantine.bind(1, bound).run();
    removed += database.changes();
    return removed + forget_refused_deletes(database, forget_rows_max);
}

}  // namespace cloudpcd::mirror
