#include "sync/mirror/table.hpp"

#include "sync/core/json_scan.hpp"
#include "sync/mirror/read_order.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace cloudpcd::mirror {

namespace {

namespace bj = boost::json;

constexpr std::size_t quarantine_bytes_max = 64UL * 1024;
constexpr std::size_t scratch_bytes = 16UL * 1024;  // a Cloud PC decodes into about 8 KiB

std::string placeholders(std::size_t count)
{
    std::string out;
    for (std::size_t i = 0; i < count; ++i)
        out += i == 0 ? "?" : ", ?";
    return out;
}

std::string column_list(std::span<const schema::Column> columns, std::string_view suffix)
{
    std::string out;
    for (const auto& column : columns)
        out += fmt::format("{}{}, ", schema::column_name(column.property), suffix);
    return out;
}

/// What of an item without an id may be kept: where there may be secrets, nothing that cannot be
/// taken apart.
std::string quarantinable(std::string_view slice, const schema::Collection& collection)
{
    if (auto clean = without_secrets(slice, collection))
        return std::move(*clean);
    const bool opaque = !collection.write_only.empty() && !json::object_members(slice);
    return opaque ? std::string{} : std::string{slice};
}

constexpr std::string_view engine_columns =
    "_seq, _version_seq, _changed_at, _first_seen_at, _slice_hash, _content_hash, _version_hash, "
    "raw";

}  // namespace

StageCounts& StageCounts::operator+=(const StageCounts& other) noexcept
{
    items += other.items;
    new_ids += other.new_ids;
    conflicts += other.conflicts;
    unidentified += other.unidentified;
    quarantined += other.quarantined;
    return *this;
}

ApplyCounts& ApplyCounts::operator+=(const ApplyCounts& other) noexcept
{
    inserted += other.inserted;
    updated += other.updated;
    deleted += other.deleted;
    return *this;
}

void create_staging(store::Database& database)
{
    database.execute(R"sql(
        CREATE TEMP TABLE IF NOT EXISTS seen (
            run_id INTEGER NOT NULL, id TEXT NOT NULL, slice_hash INTEGER NOT NULL,
            PRIMARY KEY (run_id, id)) WITHOUT ROWID;
        CREATE TEMP TABLE IF NOT EXISTS staged (
            run_id INTEGER NOT NULL, id TEXT NOT NULL, slice_hash INTEGER NOT NULL,
            content_hash INTEGER NOT NULL, version_hash INTEGER NOT NULL, raw TEXT NOT NULL,
            requested_at INTEGER NOT NULL DEFAULT 0, UNIQUE (run_id, id));
        CREATE TEMP TABLE IF NOT EXISTS staged_quarantine (
            run_id INTEGER NOT NULL, id TEXT NOT NULL, slice_hash INTEGER NOT NULL,
            reason TEXT NOT NULL, raw BLOB NOT NULL,
            PRIMARY KEY (run_id, id, slice_hash)) WITHOUT ROWID;
        PRAGMA temp.cache_size = -4096;
    )sql");
    ReadOrder::create(database);
}

void clear_staged(store::Database& database, RunId run)
{
    for (std::string_view sql : {"DELETE FROM temp.staged WHERE run_id = ?",
                                 "DELETE FROM temp.staged_quarantine WHERE run_id = ?"}) {
        auto statement = database.prepared(sql);
        statement.bind(1, run).run();
    }
}

void clear_staging(store::Database& database, RunId run)
{
    clear_staged(database, run);
    auto statement = database.prepared("DELETE FROM temp.seen WHERE run_id = ?");
    statement.bind(1, run).run();
}

void clear_all_staging(store::Database& database)
{
    database.execute(
        "DELETE FROM temp.staged; DELETE FROM temp.staged_quarantine; DELETE FROM temp.seen");
}

Sequence::Sequence(store::Database& database) : x_database{database}
{
    auto row = database.prepared("SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'last_seq'");
    x_first = row.step() ? row.integer(0) : 0;
    x_last = x_first;
}

void Sequence::save()
{
    if (x_last == x_first)
        return;
    auto row = x_database.prepared(
        "INSERT INTO meta (key, value) VALUES ('last_seq', CAST(? AS TEXT)) "
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value");
    row.bind(1, x_last).run();
    x_first = x_last;
}

struct Table::StagedRow {
    std::string_view id;
    std::string_view raw;
    Hashes hashes;
};

Table::Table(const schema::Collection& collection)
    : x_collection{collection}, x_projection{collection.columns}
{
    const auto table = collection.table;
    x_known.add(collection.id_property);
    for (const auto& column : collection.columns)
        x_known.add(column.property);

    for (const auto& child : collection.children) {
        const auto* outer = schema::outer_table(collection, child);
        const bool nested = outer != nullptr;
        x_known.add_collection(child.property);
        for (const auto& column : child.columns)
            x_known.add(fmt::format("{}.{}", child.property, column.property));
        std::string keys = nested ? "_parent, resource_position, position" : "_parent, position";
        std::string columns = column_list(child.columns, "");
        columns.resize(columns.size() - 2);
        x_children.push_back({
            .table = &child,
            .projection = Projection{child.columns},
            .path = split_path(nested ? outer->property : child.property),
            .inner = nested ? split_path(child.property.substr(outer->property.size() + 1))
                            : std::vector<std::string_view>{},
            .erase_sql = fmt::format("DELETE FROM {} WHERE _parent = ?", child.table),
            .insert_sql =
                fmt::format("INSERT INTO {} ({}, {}) VALUES ({})", child.table, keys, columns,
                            placeholders(child.columns.size() + (nested ? 3 : 2))),
        });
    }

    const std::string columns = column_list(collection.columns, "");
    const std::string assignments = column_list(collection.columns, " = ?");
    constexpr std::size_t engine_column_count = 8;
    x_find_sql = fmt::format("SELECT _slice_hash, _content_hash FROM {} WHERE id = ?", table);
    x_present_sql = fmt::format("SELECT _key, _version_hash FROM {} WHERE id = ?", table);
    x_insert_sql =
        fmt::format("INSERT INTO {} (id, {}{}) VALUES ({})", table, columns, engine_columns,
                    placeholders(1 + collection.columns.size() + engine_column_count));
    // Parameters behind the columns: seq, version?, seq, version?, now, slice, content, version,
    // raw, key.
    x_update_sql = fmt::format(
        "UPDATE {} SET {}_seq = ?, _version_seq = CASE WHEN ? THEN ? ELSE _version_seq END, "
        "_changed_at = CASE WHEN ? THEN ? ELSE _changed_at END, _slice_hash = ?, "
        "_content_hash = ?, _version_hash = ?, raw = ? WHERE _key = ?",
        table, assignments);
    if (!collection.columns.empty()) {
        x_project_sql = fmt::format("UPDATE {} SET {}", table, assignments);
        x_project_sql.resize(x_project_sql.size() - 2);
        x_project_sql += " WHERE _key = ?";
    }
    x_archive_sql = fmt::format(
        "INSERT INTO history (resource, id, from_seq, to_seq, valid_from, valid_to, ended_by, raw) "
        "SELECT '{}', id, _version_seq, ?, _changed_at, ?, ?, raw FROM {} WHERE id = ?",
        table, table);
    x_erase_sql = fmt::format("DELETE FROM {} WHERE id = ?", table);
    x_missing_sql = fmt::format(
        "SELECT id FROM {0} WHERE NOT EXISTS (SELECT 1 FROM temp.seen AS s "
        "WHERE s.run_id = ? AND s.id = {0}.id)",
        table);
}

StageCounts Table::stage(store::Database& database, RunId run, const graph::Page& page) const
{
    StageCounts counts;
    // One transaction over the page: the temp database needs no fsync, but each statement has a
    // price.
    const bool nested = sqlite3_get_autocommit(database.handle()) == 0;
    if (!nested)
        database.execute("BEGIN");
    try {
        for (std::size_t i = 0; i < page.size(); ++i)
            stage_item(database, run, page.item(i), page.requested_at, counts);
    } catch (...) {
        if (!nested && sqlite3_get_autocommit(database.handle()) == 0)
            sqlite3_exec(database.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
        throw;
    }
    if (!nested)
        database.execute("COMMIT");
    return counts;
}

void Table::stage_item(store::Database& database, RunId run, std::string_view slice,
                       SteadyTime requested_at, StageCounts& counts) const
{
    ++counts.items;
    const auto hash = slice_hash(slice);
    auto identity = find_identity(slice, x_collection);
    if (!identity.id) {
        ++counts.unidentified;
        ++counts.quarantined;
        quarantine(database, run, "", identity.problem, hash, quarantinable(slice, x_collection));
        return;
    }
    const std::string& id = *identity.id;

    auto first_time = database.prepared(
        "INSERT INTO temp.seen (run_id, id, slice_hash) VALUES (?, ?, ?) "
        "ON CONFLICT (run_id, id) DO NOTHING");
    first_time.bind(1, run).bind(2, id).bind(3, hash).run();
    if (database.changes() == 0) {
        auto earlier =
            database.prepared("SELECT slice_hash FROM temp.seen WHERE run_id = ? AND id = ?");
        earlier.bind(1, run).bind(2, id);
        if (earlier.step() && earlier.integer(0) == hash)
            return;
        earlier.reset();
        // The later one wins, whatever it is; the pull decides what a conflict means.
        ++counts.conflicts;
        auto later =
            database.prepared("UPDATE temp.seen SET slice_hash = ? WHERE run_id = ? AND id = ?");
        later.bind(1, hash).bind(2, run).bind(3, id).run();
        auto unstage = database.prepared("DELETE FROM temp.staged WHERE run_id = ? AND id = ?");
        unstage.bind(1, run).bind(2, id).run();
    } else {
        ++counts.new_ids;
    }

    std::int64_t stored_content = 0;
    bool stored = false;
    {
        auto row = database.prepared(x_find_sql);
        row.bind(1, id);
        if (row.step()) {
            if (row.integer(0) == hash)
                return;
            stored = true;
            stored_content = row.integer(1);
        }
    }

    const auto clean = without_secrets(slice, x_collection);
    const std::string_view raw = clean ? std::string_view{*clean} : slice;
    unsigned char buffer[scratch_bytes];
    bj::monotonic_resource memory{buffer, sizeof buffer};
    auto decoded = decode(raw, &memory);
    if (!decoded.value) {
        ++counts.quarantined;
        quarantine(database, run, id, decoded.problem, hash, raw);
        return;
    }
    const auto hashes = hash_content(*decoded.value, hash);
    if (stored && stored_content == hashes.content)
        return;
    auto row = database.prepared(
        "INSERT INTO temp.staged (run_id, id, slice_hash, content_hash, version_hash, raw, "
        "requested_at) VALUES (?, ?, ?, ?, ?, ?, ?)");
    row.bind(1, run)
        .bind(2, id)
        .bind(3, hashes.slice)
        .bind(4, hashes.content)
        .bind(5, hashes.version);
    row.bind(6, raw).bind(7, requested_at.time_since_epoch().count()).run();
}

void Table::quarantine(store::Database& database, RunId run, std::string_view id,
                       std::string_view reason, std::int64_t hash, std::string_view raw)
{
    auto row = database.prepared(
        "INSERT INTO temp.staged_quarantine (run_id, id, slice_hash, reason, raw) "
        "VALUES (?, ?, ?, ?, CAST(? AS BLOB)) ON CONFLICT DO NOTHING");
    row.bind(1, run).bind(2, id).bind(3, hash).bind(4, reason);
    row.bind(5, raw.substr(0, quarantine_bytes_max)).run();
}

ApplyCounts Table::apply(store::Database& database, Sequence& sequence, RunId run, UtcTime now,
                         DriftNotes& drift) const
{
    ReadOrder{database, x_collection.table}.drop_older(run);
    ApplyCounts counts;
    {
        auto staged = database.prepared(
            "SELECT id, raw, slice_hash, content_hash, version_hash FROM temp.staged "
            "WHERE run_id = ? ORDER BY rowid");
        staged.bind(1, run);
        while (staged.step()) {
            const StagedRow row{
                .id = staged.text(0),
                .raw = staged.text(1),
                .hashes = {.slice = staged.integer(2),
                           .content = staged.integer(3),
                           .version = staged.integer(4)},
            };
            counts += apply_row(database, sequence, row, now, drift);
        }
    }
    auto broken = database.prepared(
        "INSERT INTO quarantine (resource, id, reason, raw, run_id, first_seen_at, _hash) "
        "SELECT ?1, id, reason, raw, run_id, ?2, slice_hash FROM temp.staged_quarantine WHERE "
        "run_id = ?3 "
        "ON CONFLICT (resource, id, _hash) DO UPDATE SET run_id = excluded.run_id, reason = "
        "excluded.reason");
    const std::string at = format_sql_time(now);
    broken.bind(1, x_collection.table).bind(2, at).bind(3, run).run();
    return counts;
}

ApplyCounts Table::apply_row(store::Database& database, Sequence& sequence, const StagedRow& row,
                             UtcTime now, DriftNotes& drift) const
{
    unsigned char buffer[scratch_bytes];
    bj::monotonic_resource memory{buffer, sizeof buffer};
    const auto decoded = decode(row.raw, &memory);
    CLOUDPCD_ASSERT(decoded.value);  // it was decoded when it was staged
    drift.next_object();
    x_known.note_unknown(*decoded.value, "", drift);

    std::optional<std::int64_t> key;
    bool new_version = true;
    {
        auto present = database.prepared(x_present_sql);
        present.bind(1, row.id);
        if (present.step()) {
            key = present.integer(0);
            new_version = present.integer(1) != row.hashes.version;
        }
    }
    const auto seq = sequence.next();
    const std::string at = format_sql_time(now);
    const auto columns = static_cast<int>(x_projection.size());
    ApplyCounts counts;
    if (!key) {
        auto insert = database.prepared(x_insert_sql);
        insert.bind(1, row.id);
        x_projection.bind(*decoded.value, insert, 2, drift, "");
        const int next = columns + 2;
        insert.bind(next, seq).bind(next + 1, seq).bind(next + 2, at).bind(next + 3, at);
        insert.bind(next + 4, row.hashes.slice).bind(next + 5, row.hashes.content);
        insert.bind(next + 6, row.hashes.version).bind(next + 7, row.raw).run();
        key = database.last_insert_rowid();
        counts.inserted = 1;
    } else {
        if (new_version) {
            auto archive = database.prepared(x_archive_sql);
            archive.bind(1, seq).bind(2, at).bind(3, "update").bind(4, row.id).run();
        }
        auto update = database.prepared(x_update_sql);
        x_projection.bind(*decoded.value, update, 1, drift, "");
        const int next = columns + 1;
        const int version = new_version ? 1 : 0;
        update.bind(next, seq).bind(next + 1, version).bind(next + 2, seq).bind(next + 3, version);
        update.bind(next + 4, at)
            .bind(next + 5, row.hashes.slice)
            .bind(next + 6, row.hashes.content);
        update.bind(next + 7, row.hashes.version)
            .bind(next + 8, row.raw)
            .bind(next + 9, *key)
            .run();
        counts.updated = 1;
    }
    write_children(database, *key, *decoded.value, drift);
    return counts;
}

void Table::write_children(store::Database& database, std::int64_t key, const bj::value& object,
                           DriftNotes& drift) const
{
    for (const auto& child : x_children) {
        auto erase = database.prepared(child.erase_sql);
        erase.bind(1, key).run();

        const auto* outer = find_value(object, child.path);
        const auto* members = outer != nullptr ? outer->if_array() : nullptr;
        if (members == nullptr)
            continue;
        auto insert = database.prepared(child.insert_sql);
        std::int64_t position = 0;
        for (const auto& member : *members) {
            if (child.inner.empty()) {
                insert.bind(1, key).bind(2, position++);
                child.projection.bind(member, insert, 3, drift, child.table->property);
                insert.run();
                continue;
            }
            const auto resource_position = position++;
            const auto* inner = find_value(member, child.inner);
            const auto* inner_members = inner != nullptr ? inner->if_array() : nullptr;
            if (inner_members == nullptr)
                continue;
            std::int64_t inner_position = 0;
            for (const auto& inner_member : *inner_members) {
                insert.bind(1, key).bind(2, resource_position).bind(3, inner_position++);
                child.projection.bind(inner_member, insert, 4, drift, child.table->property);
                insert.run();
            }
        }
    }
}

std::int64_t Table::erase(store::Database& database, Sequence& sequence, UtcTime now,
                          const std::vector<std::string>& ids) const
{
    const std::string at = format_sql_time(now);
    std::int64_t erased = 0;
    for (const auto& id : ids) {
        auto archive = database.prepared(x_archive_sql);
        archive.bind(1, sequence.next()).bind(2, at).bind(3, "delete").bind(4, id).run();
        auto erase = database.prepared(x_erase_sql);
        erase.bind(1, id).run();
        erased += database.changes();
    }
    return erased;
}

std::vector<std::string> Table::missing(store::Database& database, RunId run) const
{
    std::vector<std::string> ids;
    auto row = database.prepared(x_missing_sql);
    row.bind(1, run);
    while (row.step())
        ids.push_back(row.string(0));
    return ids;
}

std::int64_t Table::rows(store::Database& database) const
{
    auto row = database.prepared(fmt::format("SELECT count(*) FROM {}", x_collection.table));
    row.step();
    return row.integer(0);
}

bool Table::contains(store::Database& database, std::string_view id) const
{
    auto row = database.prepared(x_present_sql);
    row.bind(1, id);
    return row.step();
}

std::int64_t Table::seen(store::Database& database, RunId run) const
{
    auto row = database.prepared("SELECT count(*) FROM temp.seen WHERE run_id = ?");
    row.bind(1, run);
    row.step();
    return row.integer(0);
}

void Table::project_again(store::Database& database) const
{
    DriftNotes ignored;
    std::int64_t after = 0;
    while (true) {
        // Row by row by key: an open read over a table that is being updated could meet a row
        // twice.
        std::string raw;
        {
            auto next = database.prepared(
                fmt::format("SELECT _key, raw FROM {} WHERE _key > ? ORDER BY _key LIMIT 1",
                            x_collection.table));
            next.bind(1, after);
            if (!next.step())
                return;
            after = next.integer(0);
            raw = next.string(1);
        }
        unsigned char buffer[scratch_bytes];
        bj::monotonic_resource memory{buffer, sizeof buffer};
        const auto decoded = decode(raw, &memory);
        if (!decoded.value)
            continue;
        if (!x_project_sql.empty()) {
            auto update = database.prepared(x_project_sql);
            x_projection.bind(*decoded.value, update, 1, ignored, "");
            update.bind(static_cast<int>(x_projection.size()) + 1, after).run();
        }
        write_children(database, after, *decoded.value, ignored);
    }
}

void Table::note_drift(const graph::Page& page, DriftNotes& drift) const
{
    for (std::size_t i = 0; i < page.size(); ++i) {
        unsigned char buffer[scratch_bytes];
        bj::monotonic_resource memory{buffer, sizeof buffer};
        const auto clean = without_secrets(page.item(i), x_collection);
        const auto decoded = decode(clean ? std::string_view{*clean} : page.item(i), &memory);
        if (!decoded.value)
            continue;
        drift.next_object();
        x_known.note_unknown(*decoded.value, "", drift);
    }
}

}  // namespace cloudpcd::mirror
