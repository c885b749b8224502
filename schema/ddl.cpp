#include "schema/ddl.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace cloudpcd::schema {

namespace {

// Not STRICT, and nothing that SQLite 3.15 cannot parse: one statement it refuses keeps an old
// reader out of the whole file.

std::string column_lines(std::span<const Column> columns)
{
    std::string lines;
    for (const auto& column : columns)
        lines +=
            fmt::format("    {} {},\n", column_name(column.property), declared_type(column.type));
    return lines;
}

std::string resource_table(const Collection& collection)
{
    return fmt::format(R"sql(CREATE TABLE {} (
    _key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
{}    _seq INTEGER NOT NULL,
    _version_seq INTEGER NOT NULL,
    _changed_at TIMESTAMP NOT NULL,
    _first_seen_at TIMESTAMP NOT NULL,
    _slice_hash INTEGER NOT NULL,
    _content_hash INTEGER NOT NULL,
    _version_hash INTEGER NOT NULL,
    raw TEXT NOT NULL
))sql",
                       collection.table, column_lines(collection.columns));
}

/// "resource_position" for members of "resources".
std::string outer_position(const ChildTable& outer)
{
    auto name = column_name(outer.property);
    if (name.ends_with('s'))
        name.pop_back();
    return name + "_position";
}

std::string child_table(const Collection& collection, const ChildTable& child)
{
    const auto* outer = outer_table(collection, child);
    const auto position = outer == nullptr ? std::string{} : outer_position(*outer);
    return fmt::format(R"sql(CREATE TABLE {} (
    _parent INTEGER NOT NULL REFERENCES {} (_key) ON DELETE CASCADE,
{}    position INTEGER NOT NULL,
{}    PRIMARY KEY (_parent, {}position)
) WITHOUT ROWID)sql",
                       child.table, collection.table,
                       outer == nullptr ? "" : fmt::format("    {} INTEGER NOT NULL,\n", position),
                       column_lines(child.columns),
                       outer == nullptr ? "" : fmt::format("{}, ", position));
}

Index index(std::string_view kind, std::string_view table, std::string_view column)
{
    auto name = fmt::format("{}_{}", table, column);
    auto sql = fmt::format("CREATE {} {} ON {} ({})", kind, name, table, column);
    return {.name = std::move(name), .sql = std::move(sql)};
}

void add_lookups(std::string_view table, std::span<const Column> columns, std::vector<Index>& all)
{
    for (const auto& column : columns) {
        if (column.indexed)
            all.push_back(index("INDEX", table, column_name(column.property)));
    }
}

// What began as an update has a predecessor in history that ended there. A `seq` belongs to one
// change of the whole database, so it finds the predecessor without resource and id, by the index
// history_to_seq.
constexpr std::string_view present_arm =
    R"sql(SELECT t._version_seq AS seq, t._changed_at AS at,
       CAST('{0}' AS TEXT) AS resource, t.id AS id,
       CAST(CASE WHEN EXISTS (SELECT 1 FROM history p
                               WHERE p.to_seq = t._version_seq AND p.ended_by = 'update')
                 THEN 'update' ELSE 'insert' END AS TEXT) AS op,
       CAST((SELECT p.raw FROM history p
              WHERE p.to_seq = t._version_seq AND p.ended_by = 'update') AS TEXT) AS before,
       t.raw AS after
  FROM {0} t
UNION ALL
)sql";

constexpr std::string_view history_arms =
    R"sql(SELECT h.from_seq, h.valid_from, h.resource, h.id,
       CAST(CASE WHEN EXISTS (SELECT 1 FROM history p
                               WHERE p.to_seq = h.from_seq AND p.ended_by = 'update')
                 THEN 'update' ELSE 'insert' END AS TEXT),
       CAST((SELECT p.raw FROM history p
              WHERE p.to_seq = h.from_seq AND p.ended_by = 'update') AS TEXT),
       h.raw
  FROM history h
UNION ALL
SELECT d.to_seq, d.valid_to, d.resource, d.id, CAST('delete' AS TEXT), d.raw, CAST(NULL AS TEXT)
  FROM history d
 WHERE d.ended_by = 'delete')sql";

}  // namespace

std::vector<std::string> create_statements(const Collection& collection)
{
    std::vector<std::string> statements{resource_table(collection)};
    for (const auto& child : collection.children)
        statements.push_back(child_table(collection, child));
    for (auto& index : indexes(collection))
        statements.push_back(std::move(index.sql));
    return statements;
}

std::vector<Index> indexes(const Collection& collection)
{
    std::vector<Index> all;
    for (const std::string_view column : {"_seq", "_version_seq"})
        all.push_back(index("UNIQUE INDEX", collection.table, column));
    add_lookups(collection.table, collection.columns, all);
    for (const auto& child : collection.children)
        add_lookups(child.table, child.columns, all);
    return all;
}

std::string changes_view(std::span<const Collection> collections)
{
    std::string sql = "CREATE VIEW changes AS\n";
    for (const auto& collection : collections)
        sql += fmt::format(fmt::runtime(present_arm), collection.table);
    sql += history_arms;
    return sql;
}

}  // namespace cloudpcd::schema
