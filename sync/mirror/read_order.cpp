#include "sync/mirror/read_order.hpp"

namespace cloudpcd::mirror {

namespace {

std::int64_t number(SteadyTime time)
{
    return time.time_since_epoch().count();
}

}  // namespace

void ReadOrder::create(store::Database& database)
{
    database.execute(R"sql(
        CREATE TEMP TABLE IF NOT EXISTS object_reads (
            resource TEXT NOT NULL, id TEXT NOT NULL, requested_at INTEGER NOT NULL,
            PRIMARY KEY (resource, id)) WITHOUT ROWID;
        CREATE TEMP TABLE IF NOT EXISTS applied_lists (
            resource TEXT PRIMARY KEY, requested_at INTEGER NOT NULL) WITHOUT ROWID;
    )sql");
}

void ReadOrder::list_begins()
{
    auto row = x_database.prepared("DELETE FROM temp.object_reads WHERE resource = ?");
    row.bind(1, x_resource).run();
}

void ReadOrder::list_applied(SteadyTime last_requested_at)
{
    auto row = x_database.prepared(
        "INSERT INTO temp.applied_lists (resource, requested_at) VALUES (?, ?) "
        "ON CONFLICT (resource) DO UPDATE SET "
        "requested_at = max(requested_at, excluded.requested_at)");
    row.bind(1, x_resource).bind(2, number(last_requested_at)).run();
}

void ReadOrder::object_read(std::string_view id, SteadyTime requested_at)
{
    auto row = x_database.prepared(
        "INSERT INTO temp.object_reads (resource, id, requested_at) VALUES (?, ?, ?) "
        "ON CONFLICT (resource, id) DO UPDATE SET "
        "requested_at = max(requested_at, excluded.requested_at)");
    row.bind(1, x_resource).bind(2, id).bind(3, number(requested_at)).run();
}

bool ReadOrder::is_overtaken(SteadyTime requested_at)
{
    auto row = x_database.prepared(
        "SELECT 1 FROM temp.applied_lists WHERE resource = ? AND requested_at >= ?");
    row.bind(1, x_resource).bind(2, number(requested_at));
    return row.step();
}

void ReadOrder::drop_older(std::int64_t run)
{
    auto row = x_database.prepared(
        "DELETE FROM temp.staged WHERE run_id = ?1 AND EXISTS (SELECT 1 FROM temp.object_reads AS "
        "r "
        "WHERE r.resource = ?2 AND r.id = staged.id AND r.requested_at > staged.requested_at)");
    row.bind(1, run).bind(2, x_resource).run();
}

std::vector<std::string> ReadOrder::without_newer(std::vector<std::string> ids,
                                                  SteadyTime list_began_at)
{
    auto newer = x_database.prepared(
        "SELECT 1 FROM temp.object_reads WHERE resource = ? AND id = ? AND requested_at >= ?");
    std::erase_if(ids, [&](const std::string& id) {
        newer.bind(1, x_resource).bind(2, id).bind(3, number(list_began_at));
        const bool is_newer = newer.step();
        newer.reset();
        return is_newer;
    });
    return ids;
}

}  // namespace cloudpcd::mirror
