// Deletes, the numbering of changes, and that `changes` tells the whole story.

#include "sync/core/rng.hpp"
#include "tests/unit/mirror/fixture.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace cloudpcd;
using namespace cloudpcd::mirror;
using namespace cloudpcd::mirror::test;

TEST_CASE_FIXTURE(Mirror, "history: a deleted object's last version ends with the delete")
{
    const Table table{collection("cloud_pcs")};
    pull(table, {R"({"id":"a","displayName":"1"})", R"({"id":"b"})"});
    pull(table, {R"({"id":"a","displayName":"2"})"});
    CHECK(erase(table, {"a", "never there"}) == 1);
    CHECK(table_rows("cloud_pcs") == Rows{R"(b={"id":"b"})"});
    CHECK(rows("SELECT id, from_seq, to_seq, valid_from, valid_to, ended_by, raw FROM history "
               "ORDER BY from_seq") ==
          Rows{"a|1|3|2026-01-01 00:00:01.000|2026-01-01 00:00:02.000|update|"
               R"({"id":"a","displayName":"1"})",
               "a|3|4|2026-01-01 00:00:02.000|2026-01-01 00:00:03.000|delete|"
               R"({"id":"a","displayName":"2"})"});
}

TEST_CASE_FIXTURE(Mirror, "history: an object that comes back is new, and the same again")
{
    const Table table{collection("cloud_pcs")};
    pull(table, {R"({"id":"a"})"});
    erase(table, {"a"});
    CHECK(pull(table, {R"({"id":"a"})"}).applied.inserted == 1);
    CHECK(rows("SELECT seq, op, before, after FROM changes ORDER BY seq") ==
          Rows{R"(1|insert|-|{"id":"a"})", R"(2|delete|{"id":"a"}|-)", R"(3|insert|-|{"id":"a"})"});
    CHECK(value("SELECT _first_seen_at FROM cloud_pcs") == "2026-01-01 00:00:03.000");
}

TEST_CASE_FIXTURE(Mirror, "history: replaying the changes from nothing gives the tables")
{
    const Table machines{collection("cloud_pcs")};
    const Table settings{collection("user_settings")};
    SeededRng rng{20260101};
    const auto below = [&](std::uint64_t bound) { return rng.next() % bound; };
    for (int round = 0; round < 60; ++round) {
        const auto& table = below(2) == 0 ? machines : settings;
        std::vector<std::string> items;
        for (std::uint64_t i = below(6); i > 0; --i)  // an id may well come twice
            items.push_back(
                fmt::format(R"({{"id":"{}","displayName":"{}","lastModifiedDateTime":"{}"}})",
                            below(8), below(3), below(3)));
        pull(table, items);
        if (below(3) == 0)
            erase(table, {std::to_string(below(8)), std::to_string(below(8))});
        for (const auto* name : {"cloud_pcs", "user_settings"}) {
            CAPTURE(round);
            REQUIRE(table_rows(name) == replayed(name));
        }
    }
    CHECK(value("SELECT count(*) > 50 FROM history") == "1");
    CHECK(value("SELECT count(*) = count(DISTINCT seq) FROM changes") == "1");
    // The number of the last change of any kind is the one that is remembered.
    CHECK(value("SELECT max(_seq) <= CAST((SELECT value FROM meta WHERE key = 'last_seq') AS "
                "INTEGER) FROM cloud_pcs") == "1");
}

TEST_CASE_FIXTURE(Mirror, "sequence: numbers grow over all tables and restarts")
{
    database.transaction([&] {
        Sequence sequence{database};
        CHECK(sequence.next() == 1);
        CHECK(sequence.next() == 2);
        sequence.save();
        CHECK(sequence.next() == 3);
        sequence.save();
    });
    database = store::Database::open(store::test::options(path));
    Sequence sequence{database};
    CHECK(sequence.next() == 4);  // and is given again, as it was not saved
    CHECK(Sequence{database}.next() == 4);
}

TEST_CASE_FIXTURE(Mirror, "sequence: numbers of a transaction that was rolled back are free again")
{
    const Table table{collection("cloud_pcs")};
    pull(table, {R"({"id":"a"})"});
    const auto fail = [&] {
        database.transaction([&] {
            Sequence sequence{database};
            CHECK(sequence.next() == 2);
            sequence.save();
            throw 1;
        });
    };
    CHECK_THROWS_AS(fail(), int);
    pull(table, {R"({"id":"b"})"});
    CHECK(value("SELECT _seq FROM cloud_pcs WHERE id = 'b'") == "2");
}

TEST_CASE_FIXTURE(Mirror, "sequence: what used no number writes nothing")
{
    const auto before = bytes();
    database.transaction([&] { Sequence{database}.save(); });
    CHECK(bytes() == before);
}
