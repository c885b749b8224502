// Numbered files, each applied once and whole; what is not ours to change is refused.

#include "sync/store/migrations.hpp"

#include "schema/migrations.hpp"
#include "tests/simulation/virtual_clock.hpp"
#include "tests/unit/store/fixture.hpp"

#include <SQLiteCpp/Exception.h>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <sys/stat.h>

using namespace cloudpcd;
using namespace cloudpcd::store;
using namespace cloudpcd::store::test;
using Kind = StoreError::Kind;
namespace fs = std::filesystem;

namespace {

constexpr Migration first{.name = "0001-first.sql",
                          .text = "-- Why: tests.\nCREATE TABLE t (x);\nINSERT INTO t VALUES (1);"};
constexpr Migration second{.name = "0002-second.sql", .text = "INSERT INTO t VALUES (2);"};
constexpr Migration destructive{.name = "0003-third.sql",
                                .text = "-- Why: tests.\n-- destructive: yes\nDELETE FROM t;"};
constexpr auto applied = "SELECT number, name, applied_at FROM schema_migrations ORDER BY number";

struct Fixture {
    TemporaryDirectory directory;
    fs::path path = directory.path() / "mirror.db";
    Database database = Database::open(options(path));
    simulation::VirtualClock clock;

    void apply(std::vector<Migration> migrations) { migrate(database, migrations, clock); }
    Rows numbers() { return rows(database, "SELECT x FROM t ORDER BY x"); }
    std::string wal() const { return read_file(beside(path, "-wal")); }
    fs::path backup() const { return beside(path, ".before-0003"); }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "migrations: each is applied once, with its name and time recorded")
{
    CHECK(schema_version(database) == 0);
    apply({first});
    CHECK(schema_version(database) == 1);
    clock.shift_wall(std::chrono::hours{24});
    apply({first, second});
    apply({first, second});
    CHECK(schema_version(database) == 2);
    CHECK(numbers() == Rows{"1", "2"});
    CHECK(rows(database, applied) == Rows{"1|0001-first.sql|2026-01-01 00:00:00.000",
                                          "2|0002-second.sql|2026-01-02 00:00:00.000"});
}

TEST_CASE_FIXTURE(Fixture, "migrations: a database that is up to date is not written")
{
    apply({first, second});
    const auto before = wal();
    apply({first, second});
    CHECK(wal() == before);
}

TEST_CASE_FIXTURE(Fixture, "migrations: an applied file with another content is refused")
{
    apply({first, second});
    const auto before = wal();
    auto changed = first;
    changed.text = "CREATE TABLE t (x);";
    CHECK(refusal([&] { apply({changed, second, destructive}); }) == Kind::unusable);
    CHECK(wal() == before);
    CHECK(schema_version(database) == 2);
    CHECK_NOTHROW(apply({first, second, destructive}));
}

TEST_CASE_FIXTURE(Fixture, "migrations: an applied file without a record is refused")
{
    apply({first, second});
    database.execute("DELETE FROM schema_migrations WHERE number = 1");
    CHECK(refusal([&] { apply({first, second}); }) == Kind::unusable);
}

TEST_CASE_FIXTURE(Fixture, "migrations: a newer schema is refused and nothing is written")
{
    apply({first, second});
    const auto file = read_file(path);
    const auto before = wal();
    CHECK(refusal([&] { apply({first}); }) == Kind::newer_schema);
    CHECK(refusal([&] { apply({}); }) == Kind::newer_schema);
    CHECK(read_file(path) == file);
    CHECK(wal() == before);
}

TEST_CASE_FIXTURE(Fixture,
                  "migrations: one that fails leaves nothing of itself, those before it stay")
{
    constexpr Migration broken{
        .name = "0002-broken.sql",
        .text = "INSERT INTO t VALUES (9); CREATE TABLE u (x); INSERT INTO none VALUES (1);"};
    CHECK_THROWS_AS(apply({first, broken}), SQLite::Exception);
    CHECK(schema_version(database) == 1);
    CHECK(numbers() == Rows{"1"});
    CHECK(value(database, "SELECT count(*) FROM schema_migrations") == "1");
    CHECK(value(database, "SELECT count(*) FROM sqlite_schema WHERE name = 'u'") == "0");
    // Mended, it goes on where it stopped.
    apply({first, second});
    CHECK(numbers() == Rows{"1", "2"});
}

TEST_CASE_FIXTURE(Fixture, "migrations: a start that was killed before the first one is resumed")
{
    apply({});  // leaves the table of migrations and nothing in it
    CHECK(schema_version(database) == 0);
    apply({first});
    CHECK(numbers() == Rows{"1"});
}

TEST_CASE_FIXTURE(Fixture, "migrations: a destructive one makes a backup first")
{
    apply({first, second});
    CHECK_FALSE(fs::exists(backup()));
    apply({first, second, destructive});
    CHECK(numbers().empty());
    CHECK(read_only_rows(backup(), "SELECT x FROM t") == Rows{"1", "2"});
    CHECK(read_only_rows(backup(), "PRAGMA user_version") == Rows{"2"});
}

TEST_CASE_FIXTURE(Fixture, "migrations: the mark of a destructive one counts in its first line too")
{
    apply({first, second});
    apply({first, second, {.name = "0003-x.sql", .text = "-- destructive: yes\nDELETE FROM t;"}});
    CHECK(fs::exists(backup()));
}

TEST_CASE_FIXTURE(Fixture, "migrations: a remark that mentions the mark is none")
{
    apply({first, second});
    apply({first,
           second,
           {.name = "0003-x.sql",
            .text = "-- not -- destructive: yes\n-- destructive: no\nDELETE FROM t;"}});
    CHECK_FALSE(fs::exists(backup()));
}

TEST_CASE_FIXTURE(Fixture, "migrations: a new database has nothing to back up")
{
    apply({first, second, destructive});
    CHECK_FALSE(fs::exists(backup()));
}

TEST_CASE_FIXTURE(Fixture, "migrations: without its backup a destructive one is not applied")
{
    apply({first, second});
    fs::create_directories(backup() / "in the way");
    CHECK_THROWS(apply({first, second, destructive}));
    CHECK(schema_version(database) == 2);
    CHECK(numbers() == Rows{"1", "2"});
}

TEST_CASE_FIXTURE(Fixture, "migrations: those of the mirror are applied to an empty database")
{
    std::vector<Migration> migrations;
    for (const auto& file : schema::migration_files)
        migrations.push_back({.name = file.name, .text = file.text});
    REQUIRE_FALSE(migrations.empty());
    apply(migrations);
    CHECK(value(database, "SELECT count(*) FROM freshness") == "0");
    CHECK(rows(database, "PRAGMA foreign_key_check").empty());
}

TEST_CASE_FIXTURE(Fixture, "backup: a copy is whole, durable in one file, and opens anywhere")
{
    apply({first});
    database.transaction([&] {
        for (int i = 0; i < 300; ++i)
            database.execute("INSERT INTO t VALUES (zeroblob(16000))");
    });
    const auto copy = directory.path() / "copy.db";
    back_up(database, copy);
    for (const auto* suffix : {".partial", ".partial-wal", ".partial-shm", ".partial-journal",
                               "-wal", "-shm", "-journal"})
        CHECK_FALSE(fs::exists(beside(copy, suffix)));

    TemporaryDirectory elsewhere;
    const auto moved = elsewhere.path() / "moved.db";
    fs::copy_file(copy, moved);
    ::chmod(moved.c_str(), 0440);
    ::chmod(elsewhere.path().c_str(), 0550);  // a WAL database could not be opened here
    CHECK(read_only_rows(moved, "PRAGMA integrity_check") == Rows{"ok"});
    CHECK(read_only_rows(moved, "PRAGMA journal_mode") == Rows{"delete"});
    CHECK(read_only_rows(moved, "SELECT count(*) FROM t") == Rows{"301"});
    ::chmod(elsewhere.path().c_str(), 0750);
    ::chmod(moved.c_str(), 0640);

    auto restored = Database::open(options(moved));  // and it is a database of ours
    CHECK(schema_version(restored) == 1);
}

TEST_CASE_FIXTURE(Fixture, "backup: an older copy is replaced, a partial one is no obstacle")
{
    apply({first});
    const auto copy = directory.path() / "copy.db";
    back_up(database, copy);
    write_file(beside(copy, ".partial"), "half a copy");
    database.execute("INSERT INTO t VALUES (5)");
    back_up(database, copy);
    CHECK(read_only_rows(copy, "SELECT x FROM t") == Rows{"1", "5"});
}

TEST_CASE_FIXTURE(Fixture, "backup: what cannot be copied now is an error, not an empty copy")
{
    apply({first});
    const auto copy = directory.path() / "copy.db";
    const auto inside_a_write = [&] {
        database.transaction([&] {
            database.execute("INSERT INTO t VALUES (5)");
            back_up(database, copy);
        });
    };
    CHECK_THROWS(inside_a_write());
    CHECK_FALSE(fs::exists(copy));
    CHECK(numbers() == Rows{"1"});
}
