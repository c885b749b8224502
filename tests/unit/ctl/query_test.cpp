#include "daemon/ctl/query.hpp"

#include "daemon/ctl/failure.hpp"
#include "tests/unit/ctl/mirror_file.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

using namespace cloudpcd::ctl;
using cloudpcd::ctl::test::MirrorFile;

namespace {

std::string csv_of(Database& database, std::string_view sql)
{
    TextOutput output;
    run_query(database, sql, *make_row_writer(Format::csv, output, {}));
    return output.text();
}

/// The message of the failure, or "" when there was none.
std::string failure_of(Database& database, std::string_view sql,
                       ExitStatus expected = ExitStatus::failed)
{
    TextOutput output;
    try {
        run_query(database, sql, *make_row_writer(Format::csv, output, {}));
    } catch (const Failure& failure) {
        CHECK(failure.status() == expected);
        CHECK(output.text().empty());
        return failure.what();
    }
    return "";
}

void check_refused(const MirrorFile& mirror, std::string_view sql)
{
    CAPTURE(sql);
    auto database = mirror.open();
    CHECK(failure_of(database, sql).find("refused") != std::string::npos);
}

}  // namespace

TEST_CASE("query: reads tables, views, table-valued functions, and telling pragmas")
{
    const MirrorFile mirror;
    auto database = mirror.open();
    CHECK(csv_of(database, "SELECT value FROM meta WHERE key = 'tenant_id'") ==
          "value\r\n11111111-2222-3333-4444-555555555555\r\n");
    CHECK(csv_of(database, "SELECT count(*) AS n FROM freshness") == "n\r\n0\r\n");
    CHECK(csv_of(database, "SELECT count(*) AS n FROM changes") == "n\r\n0\r\n");
    CHECK(csv_of(database, "SELECT value FROM json_each('[1,2]')") == "value\r\n1\r\n2\r\n");
    CHECK(csv_of(database,
                 "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c "
                 "WHERE x < 3) SELECT max(x) AS m FROM c") == "m\r\n3\r\n");
    CHECK(csv_of(database, "VALUES (1)") == "column1\r\n1\r\n");
    CHECK(csv_of(database, "PRAGMA query_only") == "query_only\r\n1\r\n");
    CHECK(csv_of(database, "PRAGMA trusted_schema") == "trusted_schema\r\n0\r\n");
    CHECK(csv_of(database, "PRAGMA user_version") == "user_version\r\n0\r\n");
    CHECK(csv_of(database, "SELECT name FROM pragma_table_info('meta')") ==
          "name\r\nkey\r\nvalue\r\n");
    CHECK(csv_of(database, "PRAGMA table_info(meta)").find("0,key,TEXT") != std::string::npos);
    CHECK(csv_of(database, "EXPLAIN QUERY PLAN SELECT * FROM meta").find("SCAN meta") !=
          std::string::npos);
}

TEST_CASE("query: refuses whatever is not reading")
{
    const MirrorFile mirror;
    for (const auto* sql : {
             "DELETE FROM meta",
             "UPDATE meta SET value = ''",
             "INSERT INTO meta VALUES ('a', 'b')",
             "INSERT INTO meta VALUES ('a', 'b') RETURNING key",
             "WITH x AS (SELECT 1) DELETE FROM meta",
             "CREATE TABLE t (a)",
             "CREATE TEMP TABLE t (a)",
             "CREATE TEMP VIEW v AS SELECT 1",
             "CREATE INDEX i ON meta (value)",
             "DROP TABLE meta",
             "ALTER TABLE meta ADD COLUMN x",
             "ATTACH ':memory:' AS other",
             "DETACH main",
             "BEGIN",
             "BEGIN IMMEDIATE",
             "SAVEPOINT s",
             "VACUUM",
             "ANALYZE",
             "REINDEX",
             "PRAGMA query_only = OFF",
             "PRAGMA query_only(0)",
             "PRAGMA user_version = 7",
             "PRAGMA journal_mode = DELETE",
             "PRAGMA wal_checkpoint(TRUNCATE)",
             "PRAGMA writable_schema = ON",
             "PRAGMA mmap_size = 1",
             "EXPLAIN DELETE FROM meta",
         })
        check_refused(mirror, sql);
    auto database = mirror.open();
    CHECK(failure_of(database, "UPDATE sqlite_master SET sql = ''") ==
          "table sqlite_master may not be modified");
    CHECK(csv_of(database, "SELECT count(*) AS n FROM meta") == "n\r\n1\r\n");
}

TEST_CASE("query: writes no file of its own")
{
    const MirrorFile mirror;
    const auto copy = mirror.directory() / "copy.db";
    check_refused(mirror, "VACUUM INTO '" + copy.string() + "'");
    check_refused(mirror, "ATTACH '" + copy.string() + "' AS copy");
    CHECK_FALSE(std::filesystem::exists(copy));
}

TEST_CASE("query: the connection could not write even if the statement were let through")
{
    const MirrorFile mirror;
    auto database = mirror.open();
    CHECK_THROWS_AS(database.execute("DELETE FROM meta"), Failure);
    CHECK_THROWS_AS(database.execute("CREATE TEMP TABLE t (a)"), Failure);  // query_only
    database.execute("PRAGMA query_only = OFF");
    CHECK_THROWS_AS(database.execute("DELETE FROM meta"), Failure);  // mode=ro
}

TEST_CASE("query: runs one statement, and names what follows it")
{
    const MirrorFile mirror;
    auto database = mirror.open();
    CHECK(csv_of(database, "SELECT 1 AS a;") == "a\r\n1\r\n");
    CHECK(csv_of(database, " ; -- first\n SELECT 1 AS a ; /* so */ -- and so\n ;\n") ==
          "a\r\n1\r\n");
    CHECK(failure_of(database, "SELECT 1; SELECT 2 AS b").find("SELECT 2 AS b") !=
          std::string::npos);
    CHECK(failure_of(database, "SELECT 1; nonsense").find("nonsense") != std::string::npos);
    CHECK(failure_of(database, "SELECT 1; DELETE FROM meta").find("DELETE") != std::string::npos);
    CHECK(failure_of(database, "").find("no statement") != std::string::npos);
    CHECK(failure_of(database, "-- nothing").find("no statement") != std::string::npos);
    CHECK(failure_of(database, std::string_view{"SELECT 1\0;", 10}).find("NUL") !=
          std::string::npos);
    CHECK(failure_of(database, std::string(sql_bytes_max + 1, ' ')).find("longer") !=
          std::string::npos);
}

TEST_CASE("query: a mistake is SQLite's message, with its place")
{
    const MirrorFile mirror;
    auto database = mirror.open();
    CHECK(failure_of(database, "SELECT nope FROM meta") ==
          "no such column: nope (at byte 7 of the statement)");
    CHECK(failure_of(database, "SELECT json('{')") == "malformed JSON");
}

TEST_CASE("query: an odd path is no option of the URI")
{
    const MirrorFile mirror{"a%41?mode=rwc&x #ü.db"};
    auto database = mirror.open();
    CHECK(csv_of(database, "SELECT count(*) AS n FROM meta") == "n\r\n1\r\n");
    CHECK_THROWS_AS(database.execute("DELETE FROM meta"), Failure);
    CHECK(read_only_uri("/a b/%?#&.db") == "file:///a%20b/%25%3F%23%26.db?mode=ro");
}
