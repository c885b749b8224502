// What holds of every reporting view: how its file is read, what it promises to readers, and that
// any reader can use it.

#include "schema/views.hpp"

#include "tests/unit/schema/mirror_file.hpp"

#include <SQLiteCpp/Exception.h>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

using namespace cloudpcd::schema;
using namespace cloudpcd::schema::test;

TEST_CASE("views: a file is a comment, its columns, and one view")
{
    const auto view = parse_view({.name = "v_a.sql",
                                  .text = "-- Tells this\n-- and that.\n--\n-- b TEXT: The b.\n"
                                          "-- c_epoch INTEGER: Of c: seconds.\n"
                                          "CREATE VIEW v_a AS\nSELECT 1 AS b, 2 AS c_epoch;\n"});
    CHECK(view.name == "v_a");
    CHECK(view.description == "Tells this and that.");
    REQUIRE(view.columns.size() == 2);
    CHECK(view.columns[1].name == "c_epoch");
    CHECK(view.columns[1].type == "INTEGER");
    CHECK(view.columns[1].description == "Of c: seconds.");
    CHECK(view.sql == "CREATE VIEW v_a AS\nSELECT 1 AS b, 2 AS c_epoch");
}

TEST_CASE("views: a file of another shape is refused, with its line")
{
    struct Case {
        std::string_view text;
        std::string_view message;
    };
    for (const auto& [text, message] : std::array{
             Case{"CREATE VIEW v_a AS\nSELECT 1;\n", "v_a.sql:1: begins with no comment that"},
             Case{"-- Tells.\nCREATE VIEW v_a AS\nSELECT 1;\n", "v_a.sql:1: begins with no"},
             Case{"-- Tells.\n--\n-- b BLOB: The b.\n", "v_a.sql:3: not \"column TYPE: desc"},
             Case{"-- Tells.\n--\n-- b TEXT: The b.\nCREATE VIEW v_b AS\nSELECT 1;\n",
                  "v_a.sql:4: not one CREATE VIEW"},
             Case{"-- Tells.\n--\n-- b TEXT: The b.\nCREATE VIEW v_a AS\nSELECT 1\n",
                  "v_a.sql:4: not one CREATE VIEW"}}) {
        CAPTURE(text);
        try {
            parse_view({.name = "v_a.sql", .text = text});
            FAIL_CHECK("no exception");
        } catch (const std::invalid_argument& error) {
            CHECK(std::string{error.what()}.starts_with(message));
        }
    }
}

TEST_CASE("views: every one begins with v_, and stands after what it reads")
{
    const auto views = mirror_views();
    REQUIRE(views.size() == reporting_views().size() + 1);
    CHECK(views.front().name == "changes");
    for (const auto& view : reporting_views()) {
        CAPTURE(view.name);
        CHECK(view.name.starts_with("v_"));
        CHECK(std::ranges::none_of(reporting_views(), [&](const auto& other) {
            return other.name != view.name &&
                   view.sql.find(" " + other.name + " ") != std::string::npos;
        }));
    }
}

TEST_CASE("views: sqlite_master has the text that a newer version is compared with")
{
    MirrorFile mirror;
    for (const auto& view : mirror_views())
        CHECK(mirror.rows(fmt::format("SELECT sql FROM sqlite_master WHERE name = '{}'",
                                      view.name)) == std::vector{view.sql});
}

TEST_CASE("views: the columns that are described are those there are, in their order")
{
    MirrorFile mirror;
    for (const auto& view : reporting_views()) {
        CAPTURE(view.name);
        std::vector<std::string> described;
        for (const auto& column : view.columns) {
            CHECK_MESSAGE(column.description.ends_with("."), column.name);
            CHECK_MESSAGE((column.name.ends_with("_epoch") ? column.type == "INTEGER" : true),
                          column.name);
            described.push_back(column.name);
        }
        CHECK(mirror.rows(fmt::format("SELECT name FROM pragma_table_info('{}') ORDER BY cid",
                                      view.name)) == described);
    }
}

TEST_CASE("views: a wary reader can use every one, and they are empty where there is nothing")
{
    TemporaryDirectory directory;
    const auto file = (directory.path() / "mirror.db").string();
    MirrorFile{file};
    SQLite::Database reader{file, SQLite::OPEN_READONLY};
    reader.exec("PRAGMA trusted_schema = OFF");
    reader.exec("PRAGMA query_only = ON");
    for (const auto& view : mirror_views()) {
        CAPTURE(view.name);
        CHECK(MirrorFile::rows(reader, "SELECT * FROM " + view.name).empty());
    }
}

TEST_CASE("views: nothing that old readers cannot parse, no JSON function but json_each and _tree")
{
    // One statement that SQLite 3.15 refuses keeps it out of the whole file.
    for (const auto& view : reporting_views()) {
        CAPTURE(view.name);
        for (const auto* refused :
             {"->",          "OVER (",      "FILTER (",    "WITH ",      "json_extract",
              "json_array",  "json_object", "json_group",  "json_type",  "json_valid",
              "iif(",        "unixepoch(",  "NULLS ",      "RIGHT JOIN", "FULL JOIN",
              "IS DISTINCT", "IS TRUE",     "IS NOT TRUE", "GENERATED",  "MATERIALIZED"})
            CHECK_MESSAGE(view.sql.find(refused) == std::string::npos, refused);
    }
}
