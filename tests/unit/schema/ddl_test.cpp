#include "schema/ddl.hpp"

#include "tests/unit/schema/mirror_file.hpp"

#include <SQLiteCpp/Exception.h>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <regex>
#include <set>

using namespace cloudpcd::schema;
using namespace cloudpcd::schema::test;
using Rows = std::vector<std::string>;

namespace {

std::string types(MirrorFile& mirror, std::string_view table)
{
    std::string text;
    for (const auto& row : mirror.rows(fmt::format(
             "SELECT name || ' ' || type || CASE \"notnull\" WHEN 1 THEN ' NOT NULL' ELSE '' END "
             "FROM pragma_table_info('{}') ORDER BY cid",
             table)))
        text += row + "\n";
    return text;
}

/// `TEXT` of `TEXT COLLATE NOCASE`: table_info does not show the collation.
std::string plain_type(ColumnType type)
{
    const auto declared = declared_type(type);
    return std::string{declared.substr(0, declared.find(' '))};
}

std::string column_types(std::span<const Column> columns)
{
    std::string text;
    for (const auto& column : columns)
        text += column_name(column.property) + " " + plain_type(column.type) + "\n";
    return text;
}

}  // namespace

TEST_CASE("ddl: a resource table has the engine's columns around the catalog's, raw last")
{
    MirrorFile mirror;
    for (const auto& entry : catalog()) {
        CAPTURE(entry.table);
        CHECK(types(mirror, entry.table) ==
              "_key INTEGER\nid TEXT NOT NULL\n" + column_types(entry.columns) +
                  "_seq INTEGER NOT NULL\n_version_seq INTEGER NOT NULL\n"
                  "_changed_at TIMESTAMP NOT NULL\n_first_seen_at TIMESTAMP NOT NULL\n"
                  "_slice_hash INTEGER NOT NULL\n_content_hash INTEGER NOT NULL\n"
                  "_version_hash INTEGER NOT NULL\nraw TEXT NOT NULL\n");
    }
}

TEST_CASE("ddl: a child table is keyed by its parent and the position")
{
    MirrorFile mirror;
    for (const auto& entry : catalog()) {
        for (const auto& child : entry.children) {
            CAPTURE(child.table);
            const bool nested = child.table == "audit_event_modified_properties";
            CHECK(types(mirror, child.table) ==
                  std::string{"_parent INTEGER NOT NULL\n"} +
                      (nested ? "resource_position INTEGER NOT NULL\n" : "") +
                      "position INTEGER NOT NULL\n" + column_types(child.columns));
            CHECK(mirror.rows(fmt::format(
                      "SELECT name FROM pragma_table_info('{}') WHERE pk > 0 ORDER BY pk",
                      child.table)) == (nested ? Rows{"_parent", "resource_position", "position"}
                                               : Rows{"_parent", "position"}));
            CHECK(mirror.rows(fmt::format("SELECT wr FROM pragma_table_list('{}')", child.table)) ==
                  Rows{"1"});  // WITHOUT ROWID
        }
    }
}

TEST_CASE("ddl: children go with their parent")
{
    MirrorFile mirror;
    mirror.row("audit_events", "e", 1, "{}");
    auto& database = mirror.database();
    database.exec(
        "INSERT INTO audit_event_resources (_parent, position) "
        "SELECT _key, 0 FROM audit_events");
    database.exec(
        "INSERT INTO audit_event_modified_properties (_parent, resource_position, position) "
        "SELECT _key, 0, 0 FROM audit_events");
    CHECK_THROWS_AS(database.exec("INSERT INTO audit_event_resources (_parent, position) "
                                  "VALUES (99, 0)"),
                    SQLite::Exception);
    database.exec("DELETE FROM audit_events");
    CHECK(mirror.rows("SELECT count(*) FROM audit_event_resources") == Rows{"0"});
    CHECK(mirror.rows("SELECT count(*) FROM audit_event_modified_properties") == Rows{"0"});
}

TEST_CASE("ddl: indexes are those of the lookups and the sequence, no others")
{
    MirrorFile mirror;
    std::set<std::string> expected{"history_from_seq", "history_to_seq", "history_object",
                                   "sync_runs_resource"};
    for (const auto& entry : catalog()) {
        expected.insert(fmt::format("{}__seq", entry.table));
        expected.insert(fmt::format("{}__version_seq", entry.table));
        for (const auto& column : entry.columns) {
            if (column.indexed)
                expected.insert(fmt::format("{}_{}", entry.table, column_name(column.property)));
        }
        for (const auto& child : entry.children) {
            for (const auto& column : child.columns) {
                if (column.indexed)
                    expected.insert(
                        fmt::format("{}_{}", child.table, column_name(column.property)));
            }
        }
    }
    const auto made =
        mirror.rows("SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL");
    CHECK(std::set<std::string>{made.begin(), made.end()} == expected);
}

TEST_CASE("ddl: ids and sequence numbers are unique")
{
    MirrorFile mirror;
    mirror.row("snapshots", "a", 1, "{}");
    CHECK_THROWS_AS(mirror.row("snapshots", "a", 2, "{}"), SQLite::Exception);
    CHECK_THROWS_AS(mirror.row("snapshots", "b", 1, "{}"), SQLite::Exception);
    CHECK_NOTHROW(mirror.row("snapshots", "A", 3, "{}"));  // byte-exact
}

TEST_CASE("ddl: user principal names are found whatever their case, by index")
{
    MirrorFile mirror;
    mirror.row("cloud_pcs", "a", 1, "{}");
    mirror.database().exec("UPDATE cloud_pcs SET user_principal_name = 'Alice@Contoso.com'");
    const std::string lookup =
        "SELECT id FROM cloud_pcs WHERE user_principal_name = 'alice@contoso.COM'";
    CHECK(mirror.rows(lookup) == Rows{"a"});
    CHECK(
        mirror.rows("EXPLAIN QUERY PLAN " + lookup).front().find("cloud_pcs_user_principal_name") !=
        std::string::npos);
}

TEST_CASE("ddl: times are stored and compared as text")
{
    MirrorFile mirror;
    mirror.row("cloud_pcs", "a", 1, "{}");
    mirror.database().exec(
        "UPDATE cloud_pcs SET grace_period_end_date_time = '2026-03-01 10:00:00.000'");
    CHECK(mirror.rows("SELECT typeof(grace_period_end_date_time), "
                      "grace_period_end_date_time < datetime('2026-03-01 10:00:00', '+2 days') "
                      "FROM cloud_pcs") == Rows{"text|1"});
}

TEST_CASE("ddl: nothing that SQLite 3.15 cannot parse")
{
    const std::regex newer{
        R"(\b(STRICT|OVER|FILTER|RETURNING|GENERATED|MATERIALIZED|NULLS|WINDOW|EXCLUDED|IIF)\b)"
        R"(|->|JSON_)",
        std::regex::icase};
    REQUIRE(std::regex_search("SELECT raw ->> 'a'", newer));
    for (const auto& entry : catalog()) {
        for (const auto& statement : create_statements(entry)) {
            CHECK_FALSE(std::regex_search(statement, newer));
            CHECK_FALSE(statement.ends_with(';'));
        }
    }
    CHECK_FALSE(std::regex_search(changes_view(catalog()), newer));
}
