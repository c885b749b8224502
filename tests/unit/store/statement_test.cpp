// Statements, transactions, checkpoints.

#include "tests/unit/store/fixture.hpp"

#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>
#include <doctest/doctest.h>

#include <limits>
#include <stdexcept>

using namespace cloudpcd::store;
using namespace cloudpcd::store::test;
namespace fs = std::filesystem;

namespace {

struct Fixture {
    TemporaryDirectory directory;
    fs::path path = directory.path() / "mirror.db";
    Database database = Database::open(options(path));

    Fixture() { database.execute("CREATE TABLE t (x)"); }

    void insert(std::int64_t number)
    {
        auto row = database.prepared("INSERT INTO t VALUES (?)");
        row.bind(1, number).run();
    }
    Rows numbers() { return rows(database, "SELECT x FROM t ORDER BY rowid"); }
    std::uintmax_t wal_bytes() const { return fs::file_size(beside(path, "-wal")); }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "store: what is bound comes back as it was")
{
    auto row = database.prepared("SELECT ?, ?, ?, ?, ?, ?, ?, ?");
    const std::string text = "caf\xC3\xA9 '); DROP TABLE t;--";
    constexpr auto least = std::numeric_limits<std::int64_t>::min();
    row.bind(1, text).bind(2, least).bind(3, 0.5).bind(4, nullptr);
    row.bind(5, std::string_view{}).bind(6, std::optional<std::string>{});
    row.bind(7, std::optional<int>{7}).bind_copy(8, std::string{"copied"});
    REQUIRE(row.step());
    CHECK(row.column_count() == 8);
    CHECK(row.text(0) == text);
    CHECK(row.integer(1) == least);
    CHECK(row.real(2) == 0.5);
    CHECK(row.is_null(3));
    CHECK_FALSE(row.optional_string(3));
    CHECK_FALSE(row.is_null(4));  // empty text is not NULL
    CHECK(row.optional_string(4) == "");
    CHECK(row.is_null(5));
    CHECK(row.integer(6) == 7);
    CHECK(row.string(7) == "copied");
    CHECK_FALSE(row.step());
}

TEST_CASE_FIXTURE(Fixture, "store: a text keeps its NUL bytes")
{
    const std::string text{"a\0b", 3};
    auto row = database.prepared("SELECT ?");
    row.bind(1, text);
    REQUIRE(row.step());
    CHECK(row.text(0) == text);
}

TEST_CASE_FIXTURE(Fixture, "store: a lease ends with its scope, reset and unbound")
{
    insert(1);
    insert(2);
    {
        auto read = database.prepared("SELECT x FROM t WHERE x >= ?");
        read.bind(1, 1);
        REQUIRE(read.step());
        CHECK(sqlite3_next_stmt(database.handle(), nullptr) != nullptr);
    }
    for (auto* each = sqlite3_next_stmt(database.handle(), nullptr); each != nullptr;
         each = sqlite3_next_stmt(database.handle(), each))
        CHECK(sqlite3_stmt_busy(each) == 0);
    auto again = database.prepared("SELECT x FROM t WHERE x >= ?");
    CHECK_FALSE(again.step());  // compared with NULL: nothing was left bound
}

TEST_CASE_FIXTURE(Fixture, "store: a statement is prepared once")
{
    const auto count = [&] {
        int statements = 0;
        for (auto* each = sqlite3_next_stmt(database.handle(), nullptr); each != nullptr;
             each = sqlite3_next_stmt(database.handle(), each))
            ++statements;
        return statements;
    };
    insert(1);
    const int before = count();
    for (int i = 0; i < 100; ++i)
        insert(i);
    CHECK(count() == before);
}

TEST_CASE_FIXTURE(Fixture, "store: a read that ended with its scope holds back no checkpoint")
{
    insert(1);
    {
        auto read = database.prepared("SELECT x FROM t");
        REQUIRE(read.step());
        CHECK_FALSE(database.checkpoint_truncate());  // a read that goes on does
        CHECK(wal_bytes() > 0);
    }
    CHECK(database.checkpoint_truncate());
    CHECK(wal_bytes() == 0);
}

TEST_CASE_FIXTURE(Fixture, "store: a lease that was moved from leaves its statement alone")
{
    insert(5);
    auto first = database.prepared("SELECT x FROM t");
    REQUIRE(first.step());
    {
        auto second = std::move(first);
        CHECK(second.integer(0) == 5);
    }
    CHECK(database.checkpoint_truncate());
}

TEST_CASE_FIXTURE(Fixture, "store: a statement that fails says so, and works again afterwards")
{
    database.execute("CREATE TABLE u (x UNIQUE)");
    const auto add = [&](int number) {
        auto row = database.prepared("INSERT INTO u VALUES (?)");
        row.bind(1, number).run();
    };
    add(1);
    CHECK_THROWS_AS(add(1), SQLite::Exception);
    add(2);
    CHECK(database.changes() == 1);
    CHECK(database.last_insert_rowid() == 2);
    CHECK_THROWS_AS(database.prepared("SELECT nonsense"), SQLite::Exception);
    auto row = database.prepared("SELECT 1");
    CHECK_THROWS_AS(row.bind(1, 1), SQLite::Exception);
}

TEST_CASE_FIXTURE(Fixture, "store: a transaction commits and gives what its body gave")
{
    const auto answer = database.transaction([&] {
        insert(1);
        insert(2);
        CHECK(read_only_rows(path, "SELECT x FROM t").empty());
        return std::string{"done"};
    });
    CHECK(answer == "done");
    CHECK(read_only_rows(path, "SELECT x FROM t") == Rows{"1", "2"});
    database.transaction([&] { insert(3); });
    CHECK(numbers() == Rows{"1", "2", "3"});
}

TEST_CASE_FIXTURE(Fixture, "store: an exception rolls the transaction back and passes")
{
    insert(1);
    const auto fail = [&] {
        database.transaction([&] {
            insert(2);
            auto open = database.prepared("SELECT x FROM t");
            REQUIRE(open.step());  // a read in the middle of it is no obstacle
            throw std::domain_error{"mine"};
        });
    };
    CHECK_THROWS_WITH_AS(fail(), "mine", std::domain_error);
    CHECK(numbers() == Rows{"1"});
    CHECK(sqlite3_get_autocommit(database.handle()) == 1);
    database.transaction([&] { insert(3); });
    CHECK(numbers() == Rows{"1", "3"});
}

TEST_CASE_FIXTURE(Fixture, "store: a commit that fails rolls back")
{
    database.execute(
        "CREATE TABLE child (p REFERENCES parent (k) DEFERRABLE INITIALLY DEFERRED); "
        "CREATE TABLE parent (k PRIMARY KEY)");
    const auto orphan = [&] {
        database.transaction([&] {
            insert(1);
            database.execute("INSERT INTO child VALUES (1)");
        });
    };
    CHECK_THROWS_AS(orphan(), SQLite::Exception);
    CHECK(numbers().empty());
    CHECK(sqlite3_get_autocommit(database.handle()) == 1);
}

TEST_CASE_FIXTURE(Fixture, "store: a transaction holds the write lock from its beginning")
{
    SQLite::Database other{path.string(), SQLite::OPEN_READWRITE};
    database.transaction(
        [&] { CHECK_THROWS_AS(other.exec("INSERT INTO t VALUES (1)"), SQLite::Exception); });
    CHECK_NOTHROW(other.exec("INSERT INTO t VALUES (1)"));
}

TEST_CASE_FIXTURE(Fixture, "store: the WAL is moved into the file once it has grown")
{
    const auto bytes = fs::file_size(path);
    insert(1);
    database.checkpoint_if_due();
    CHECK(fs::file_size(path) == bytes);  // not due: nothing was moved

    database.transaction([&] {
        for (int i = 0; i < 300; ++i)  // a page each
            database.execute("INSERT INTO t VALUES (zeroblob(16000))");
    });
    const auto grown = wal_bytes();
    CHECK(fs::file_size(path) == bytes);  // SQLite does not checkpoint by itself
    database.checkpoint_if_due();
    CHECK(fs::file_size(path) > bytes + std::uintmax_t{300} * 16000);
    for (int i = 0; i < 100; ++i)
        insert(i);
    CHECK(wal_bytes() == grown);  // and is written from its start again
}

TEST_CASE_FIXTURE(Fixture, "store: a reader in the way makes a checkpoint partial, not an error")
{
    insert(1);
    SQLite::Database reader{path.string(), SQLite::OPEN_READONLY};
    SQLite::Statement reading{reader, "SELECT x FROM t"};
    REQUIRE(reading.executeStep());
    database.transaction([&] {
        for (int i = 0; i < 300; ++i)
            database.execute("INSERT INTO t VALUES (zeroblob(16000))");
    });
    database.checkpoint_if_due();
    CHECK_FALSE(database.checkpoint_truncate());
    CHECK(wal_bytes() > 0);
    reading.reset();
    CHECK(database.checkpoint_truncate());
    CHECK(wal_bytes() == 0);
    CHECK(numbers().size() == 301);
}
