#include "sync/mirror/delta_round.hpp"

#include "sync/mirror/refused_deletes.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <fmt/format.h>

namespace cloudpcd::mirror {

namespace {

constexpr std::size_t erased_at_once = 500;

std::string_view name_of(const Table& table)
{
    return table.collection().table;
}

/// Rows whose object the round did not meet; the parameter is the run.
std::string not_met_sql(const Table& table, std::string_view object_column)
{
    return fmt::format(
        "SELECT t.id FROM {} AS t WHERE NOT EXISTS (SELECT 1 FROM temp.delta_objects AS d "
        "WHERE d.run_id = ?1 AND d.id = t.{})",
        name_of(table), object_column);
}

}  // namespace

/// What this round has of an object.
struct DeltaRound::Known {
    bool gone = false;
    std::optional<std::string> raw{};  ///< nullopt: applied already, the mirror has it
};

DeltaRound::DeltaRound(const Table& objects, const Table* links, RunId run)
    : x_objects{objects}, x_links{links}, x_run{run}
{
    if (links != nullptr) {
        const auto& columns = links->collection().links;
        x_owner_column = schema::column_name(columns.owner_id);
        x_linked_column = schema::column_name(columns.linked_id);
    }
}

void DeltaRound::begin(store::Database& database) const
{
    // fresh: the object has no past, so links of it that the mirror has and the round does not
    // bring are over. dirty: not applied yet.
    database.execute(R"sql(
        CREATE TEMP TABLE IF NOT EXISTS delta_objects (
            position INTEGER PRIMARY KEY, run_id INTEGER NOT NULL, id TEXT NOT NULL,
            gone INTEGER NOT NULL, fresh INTEGER NOT NULL, dirty INTEGER NOT NULL, raw TEXT,
            UNIQUE (run_id, id));
        CREATE TEMP TABLE IF NOT EXISTS delta_links (
            position INTEGER PRIMARY KEY, run_id INTEGER NOT NULL, owner TEXT NOT NULL,
            linked TEXT NOT NULL, type TEXT NOT NULL, ended INTEGER NOT NULL,
            dirty INTEGER NOT NULL, UNIQUE (run_id, owner, linked));
        CREATE TEMP TABLE IF NOT EXISTS delta_erased (
            position INTEGER PRIMARY KEY, id TEXT NOT NULL);
    )sql");
    clear(database);
}

void DeltaRound::clear(store::Database& database) const
{
    for (const std::string_view sql : {"DELETE FROM temp.delta_objects WHERE run_id = ?",
                                       "DELETE FROM temp.delta_links WHERE run_id = ?"}) {
        auto statement = database.prepared(sql);
        statement.bind(1, x_run).run();
    }
    clear_staging(database, x_run);
    clear_staging(database, -x_run);
}

// --- staging -------------------------------------------------------------------------------------

StageCounts DeltaRound::stage(store::Database& database, const graph::Page& page, Past past) const
{
    StageCounts counts;
    // One transaction over the page, as Table::stage: each statement has a price.
    const bool nested = sqlite3_get_autocommit(database.handle()) == 0;
    if (!nested)
        database.execute("BEGIN");
    try {
        for (std::size_t i = 0; i < page.size(); ++i)
            stage_item(database, page.item(i), past, counts);
    } catch (...) {
        if (!nested && sqlite3_get_autocommit(database.handle()) == 0)
            sqlite3_exec(database.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
        throw;
    }
    if (!nested)
        database.execute("COMMIT");
    return counts;
}

void DeltaRound::stage_item(store::Database& database, std::string_view slice, Past past,
                            StageCounts& counts) const
{
    ++counts.items;
    const auto refuse = [&](std::string_view id, std::string_view reason) {
        ++counts.quarantined;
        Table::quarantine(database, x_run, id, reason, slice_hash(slice), slice);
    };
    const auto identity = find_identity(slice, x_objects.collection());
    if (!identity.id) {
        ++counts.unidentified;
        refuse("", identity.problem);
        return;
    }
    {
        boost::json::monotonic_resource memory;
        if (const auto decoded = decode(slice, &memory); !decoded.value) {
            refuse(*identity.id, decoded.problem);
            return;
        }
    }
    const auto read =
        read_delta_item(slice, x_links == nullptr ? nullptr : &x_links->collection().links);
    if (!read.item)
        refuse(*identity.id, read.problem);
    else if (read.item->removed)
        stage_removed(database, *identity.id, counts);
    else if (const auto problem = stage_present(database, *identity.id, *read.item, past, counts);
             !problem.empty())
        refuse(*identity.id, problem);
}

std::optional<DeltaRound::Known> DeltaRound::find(store::Database& database,
                                                  const std::string& id) const
{
    auto row =
        database.prepared("SELECT gone, raw FROM temp.delta_objects WHERE run_id = ? AND id = ?");
    row.bind(1, x_run).bind(2, id);
    if (!row.step())
        return std::nullopt;
    return Known{.gone = row.integer(0) != 0, .raw = row.optional_string(1)};
}

std::string DeltaRound::stored(store::Database& database, const std::string& id) const
{
    auto row =
        database.prepared(fmt::format("SELECT raw FROM {} WHERE id = ?", name_of(x_objects)));
    row.bind(1, id);
    return row.step() ? row.string(0) : std::string{};
}

void DeltaRound::stage_removed(store::Database& database, const std::string& id,
                               StageCounts& counts) const
{
    counts.new_ids += find(database, id) ? 0 : 1;
    auto object = database.prepared(
        "INSERT INTO temp.delta_objects (run_id, id, gone, fresh, dirty) VALUES (?, ?, 1, 1, 1) "
        "ON CONFLICT (run_id, id) DO UPDATE SET gone = 1, fresh = 1, dirty = 1, raw = NULL");
    object.bind(1, x_run).bind(2, id).run();
    auto links = database.prepared("DELETE FROM temp.delta_links WHERE run_id = ? AND owner = ?");
    links.bind(1, x_run).bind(2, id).run();
}

/// Says why it cannot, when the object is not sound any more with what the item adds.
std::string DeltaRound::stage_present(store::Database& database, const std::string& id,
                                      const DeltaItem& item, Past past, StageCounts& counts) const
{
    const auto known = find(database, id);
    std::string base;
    if (!known)
        base = past == Past::stored ? stored(database, id) : std::string{};
    else if (!known->gone)
        base = known->raw ? *known->raw : stored(database, id);
    const auto merged = merge_object(base, item);
    if (!base.empty()) {
        boost::json::monotonic_resource memory;
        if (auto decoded = decode(merged, &memory); !decoded.value)
            return std::move(decoded.problem);
    }
    counts.new_ids += known ? 0 : 1;
    const int fresh = past == Past::none ? 1 : 0;
    auto object = database.prepared(
        "INSERT INTO temp.delta_objects (run_id, id, gone, fresh, dirty, raw) "
        "VALUES (?, ?, 0, ?, 1, ?) ON CONFLICT (run_id, id) "
        "DO UPDATE SET gone = 0, dirty = 1, raw = excluded.raw");
    object.bind(1, x_run).bind(2, id).bind(3, fresh).bind(4, merged).run();
    stage_links(database, id, item, counts);
    return {};
}

void DeltaRound::stage_links(store::Database& database, const std::string& id,
                             const DeltaItem& item, StageCounts& counts) const
{
    for (const auto& link : item.links) {
        {
            auto met = database.prepared(
                "SELECT 1 FROM temp.delta_links WHERE run_id = ? AND owner = ? AND linked = ?");
            met.bind(1, x_run).bind(2, id).bind(3, link.id);
            counts.new_ids += met.step() ? 0 : 1;
        }
        auto row = database.prepared(
            "INSERT INTO temp.delta_links (run_id, owner, linked, type, ended, dirty) "
            "VALUES (?, ?, ?, ?, ?, 1) ON CONFLICT (run_id, owner, linked) "
            "DO UPDATE SET ended = excluded.ended, dirty = 1, "
            "type = CASE excluded.type WHEN '' THEN type ELSE excluded.type END");
        row.bind(1, x_run).bind(2, id).bind(3, link.id).bind(4, link.type);
        row.bind(5, link.ended ? 1 : 0).run();
    }
}

// --- applying ------------------------------------------------------------------------------------

/// Stages a merged object for Table::apply, unless the mirror has the same.
void DeltaRound::hand_over(store::Database& database, const Table& table, RunId run,
                           std::string_view id, std::string_view raw)
{
    boost::json::monotonic_resource memory;
    const auto decoded = decode(raw, &memory);
    CLOUDPCD_ASSERT(decoded.value);  // it was decoded when it was staged
    const auto hashes = hash_content(*decoded.value, slice_hash(raw));
    {
        auto present = database.prepared(
            fmt::format("SELECT 1 FROM {} WHERE id = ? AND _content_hash = ?", name_of(table)));
        present.bind(1, id).bind(2, hashes.content);
        if (present.step())
            return;
    }
    auto row = database.prepared(
        "INSERT INTO temp.staged (run_id, id, slice_hash, content_hash, version_hash, raw) "
        "VALUES (?, ?, ?, ?, ?, ?)");
    row.bind(1, run).bind(2, id).bind(3, hashes.slice).bind(4, hashes.content);
    row.bind(5, hashes.version).bind(6, raw).run();
}

void DeltaRound::hand_over_objects(store::Database& database) const
{
    auto row = database.prepared(
        "SELECT id, raw FROM temp.delta_objects WHERE run_id = ? AND dirty = 1 AND gone = 0 "
        "ORDER BY position");
    row.bind(1, x_run);
    while (row.step())
        hand_over(database, x_objects, x_run, row.text(0), row.text(1));
}

void DeltaRound::hand_over_links(store::Database& database) const
{
    auto row = database.prepared(
        "SELECT owner, linked, type FROM temp.delta_links WHERE run_id = ? AND dirty = 1 AND "
        "ended = 0 ORDER BY position");
    row.bind(1, x_run);
    while (row.step()) {
        const auto id = link_id(row.text(0), row.text(1));
        if (row.text(2).empty()) {  // absent is unchanged
            auto present =
                database.prepared(fmt::format("SELECT 1 FROM {} WHERE id = ?", name_of(*x_links)));
            present.bind(1, id);
            if (present.step())
                continue;
        }
        const auto raw =
            link_object(x_links->collection().links, row.text(0), row.text(1), row.text(2));
        hand_over(database, *x_links, -x_run, id, raw);
    }
}

/// Deletes the rows whose ids `ids_sql` gives (its one parameter is the run), a bounded number in
/// memory at once.
std::int64_t DeltaRound::erase(store::Database& database, Sequence& sequence, UtcTime now,
                               const Table& table, const std::string& ids_sql) const
{
    {
        auto fill = database.prepared("INSERT INTO temp.delta_erased (id) " + ids_sql);
        fill.bind(1, x_run).run();
    }
    std::int64_t erased = 0;
    std::int64_t after = 0;
    while (true) {
        std::vector<std::string> ids;
        {
            auto row = database.prepared(
                "SELECT position, id FROM temp.delta_erased WHERE position > ? ORDER BY position "
                "LIMIT ?");
            row.bind(1, after).bind(2, static_cast<std::int64_t>(erased_at_once));
            while (row.step()) {
                after = row.integer(0);
                ids.push_back(row.string(1));
            }
        }
        if (ids.empty())
            break;
        erased += table.erase(database, sequence, now, ids);
    }
    database.execute("DELETE FROM temp.delta_erased");
    return erased;
}

/// Links of objects without a past that the round did not bring. `what` are the flags of the
/// objects concerned.
std::string DeltaRound::left_links_sql(std::string_view what) const
{
    return fmt::format(
        "FROM temp.delta_objects AS o CROSS JOIN {0} AS l ON l.{1} = o.id "
        "WHERE o.run_id = ?1 AND o.dirty = 1 AND {3} AND NOT EXISTS (SELECT 1 FROM "
        "temp.delta_links AS d WHERE d.run_id = ?1 AND d.owner = l.{1} AND d.linked = l.{2} AND "
        "d.ended = 0)",
        name_of(*x_links), x_owner_column, x_linked_column, what);
}

void DeltaRound::stage_differences(store::Database& database) const
{
    hand_over_objects(database);
    if (x_links != nullptr)
        hand_over_links(database);
}

DeltaRound::Applied DeltaRound::apply(store::Database& database, Sequence& sequence, UtcTime now,
                                      DriftNotes& drift, bool removals) const
{
    Applied applied;
    hand_over_objects(database);
    applied.objects += x_objects.apply(database, sequence, x_run, now, drift);
    clear_staged(database, x_run);
    if (x_links != nullptr) {
        hand_over_links(database);
        applied.links += x_links->apply(database, sequence, -x_run, now, drift);
        clear_staged(database, -x_run);
    }
    if (removals) {
        if (x_links != nullptr) {
            applied.links.deleted +=
                erase(database, sequence, now, *x_links,
                      "SELECT l.id " + left_links_sql("(o.gone = 1 OR o.fresh = 1)"));
            applied.links.deleted +=
                erase(database, sequence, now, *x_links,
                      fmt::format("SELECT l.id FROM temp.delta_links AS d JOIN {} AS l ON l.id = "
                                  "d.owner || '_' || d.linked WHERE d.run_id = ? AND d.dirty = 1 "
                                  "AND d.ended = 1",
                                  name_of(*x_links)));
        }
        applied.objects.deleted += erase(
            database, sequence, now, x_objects,
            fmt::format("SELECT t.id FROM temp.delta_objects AS d JOIN {} AS t ON t.id = d.id "
                        "WHERE d.run_id = ? AND d.dirty = 1 AND d.gone = 1",
                        name_of(x_objects)));
    }
    // The ids stay: they are what the sweep goes by.
    for (const std::string_view sql :
         {"UPDATE temp.delta_objects SET dirty = 0, fresh = 0, raw = NULL WHERE run_id = ? AND "
          "dirty = 1",
          "UPDATE temp.delta_links SET dirty = 0 WHERE run_id = ? AND dirty = 1"}) {
        auto statement = database.prepared(sql);
        statement.bind(1, x_run).run();
    }
    return applied;
}

// --- the sweep -----------------------------------------------------------------------------------

std::string DeltaRound::missing_objects_sql() const
{
    return not_met_sql(x_objects, "id");
}

std::string DeltaRound::missing_links_sql() const
{
    return "SELECT l.id " + left_links_sql("o.gone = 0 AND o.fresh = 1");
}

DeltaRound::Missing DeltaRound::missing(store::Database& database,
                                        std::optional<RunId> accepted) const
{
    const auto count_of = [&](const Table& table, const std::string& ids_sql, std::int64_t& total,
                              std::int64_t& of_them) {
        auto row =
            database.prepared(fmt::format("SELECT count(*), coalesce(sum({}), 0) FROM ({}) AS m",
                                          held_back_sql(name_of(table), "m.id", 2), ids_sql));
        row.bind(1, x_run).bind(2, accepted.value_or(0));
        row.step();
        total = row.integer(0);
        of_them = row.integer(1);
    };
    Missing missing;
    missing.rows = x_objects.rows(database);
    {
        auto met = database.prepared(
            "SELECT count(*) FROM temp.delta_objects WHERE run_id = ? AND gone = 0");
        met.bind(1, x_run).step();
        missing.met = met.integer(0);
    }
    count_of(x_objects, missing_objects_sql(), missing.objects, missing.accepted_objects);
    if (x_links != nullptr) {
        missing.link_rows = x_links->rows(database);
        count_of(*x_links, missing_links_sql(), missing.links, missing.accepted_links);
    }
    return missing;
}

DeltaRound::Applied DeltaRound::sweep(store::Database& database, Sequence& sequence,
                                      UtcTime now) const
{
    Applied applied;
    if (x_links != nullptr)
        applied.links.deleted =
            erase(database, sequence, now, *x_links, not_met_sql(*x_links, x_owner_column));
    applied.objects.deleted = erase(database, sequence, now, x_objects, missing_objects_sql());
    return applied;
}

}  // namespace cloudpcd::mirror
