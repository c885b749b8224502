// The view `changes` on data made by hand: one line per version, in order.

#include "tests/unit/schema/mirror_file.hpp"

#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>
#include <doctest/doctest.h>

using namespace cloudpcd::schema::test;
using Rows = std::vector<std::string>;

namespace {

constexpr auto all = "SELECT seq, resource, id, op, before, after FROM changes ORDER BY seq";

}  // namespace

TEST_CASE("changes: an object that came, changed, went and came back")
{
    MirrorFile mirror;
    mirror.version("cloud_pcs", "a", 1, 3, "update", "a1");
    mirror.version("cloud_pcs", "a", 3, 5, "delete", "a2");
    mirror.row("cloud_pcs", "a", 7, "a3");
    CHECK(mirror.rows(all) == Rows{"1|cloud_pcs|a|insert|-|a1", "3|cloud_pcs|a|update|a1|a2",
                                   "5|cloud_pcs|a|delete|a2|-", "7|cloud_pcs|a|insert|-|a3"});
}

TEST_CASE("changes: the present version is an update when its predecessor is known")
{
    MirrorFile mirror;
    mirror.version("snapshots", "s", 1, 2, "update", "s1");
    mirror.row("snapshots", "s", 2, "s2");
    mirror.row("user_settings", "u", 3, "u1");
    CHECK(mirror.rows(all) == Rows{"1|snapshots|s|insert|-|s1", "2|snapshots|s|update|s1|s2",
                                   "3|user_settings|u|insert|-|u1"});
}

TEST_CASE("changes: what retention removed is no longer in it")
{
    MirrorFile mirror;
    mirror.version("cloud_pcs", "a", 1, 3, "update", "a1");
    mirror.version("cloud_pcs", "a", 3, 5, "update", "a2");
    mirror.row("cloud_pcs", "a", 5, "a3");
    mirror.database().exec("DELETE FROM history WHERE from_seq = 1");
    CHECK(mirror.rows(all) == Rows{"3|cloud_pcs|a|insert|-|a2", "5|cloud_pcs|a|update|a2|a3"});
}

TEST_CASE("changes: a volatile change moves _seq, not the line")
{
    MirrorFile mirror;
    mirror.row("cloud_pcs", "a", 4, "a1");
    mirror.database().exec("UPDATE cloud_pcs SET _seq = 9, raw = 'a1 seen later'");
    CHECK(mirror.rows("SELECT seq, at, op, after FROM changes") ==
          Rows{"4|2026-01-01 00:00:04.000|insert|a1 seen later"});
}

TEST_CASE("changes: the time is where the version began, of a delete where it ended")
{
    MirrorFile mirror;
    mirror.version("cloud_apps", "c", 10, 20, "delete", "c1");
    CHECK(mirror.rows("SELECT seq, at, op FROM changes ORDER BY seq") ==
          Rows{"10|2026-01-01 00:00:10.000|insert", "20|2026-01-01 00:00:20.000|delete"});
}

TEST_CASE("changes: tables take turns in the order of seq, and a reader goes on where it stopped")
{
    MirrorFile mirror;
    constexpr const char* tables[] = {"snapshots", "cloud_pcs", "audit_events",
                                      "organization_settings"};
    Rows expected;
    for (int seq = 1; seq <= 40; ++seq) {
        const auto* table = tables[seq % 4];
        const auto id = std::to_string(seq % 8);
        if (seq > 8)
            mirror.version(table, id, seq - 8, seq, "update", std::to_string(seq - 8));
        if (seq > 32)
            mirror.row(table, id, seq, std::to_string(seq));
        expected.push_back(std::to_string(seq) + (seq > 8 ? "|update|" : "|insert|") +
                           (seq > 8 ? std::to_string(seq - 8) : "-") + "|" + std::to_string(seq));
    }
    Rows read;
    for (int last = 0; last < 40; last += 7) {
        const auto page = mirror.rows("SELECT seq, op, before, after FROM changes WHERE seq > " +
                                      std::to_string(last) + " ORDER BY seq LIMIT 7");
        read.insert(read.end(), page.begin(), page.end());
    }
    CHECK(read == expected);
}

TEST_CASE("changes: a wary reader can use it")
{
    TemporaryDirectory directory;
    const auto file = (directory.path() / "mirror.db").string();
    {
        MirrorFile mirror{file};
        mirror.version("cloud_pcs", "a", 1, 2, "update", "a1");
        mirror.row("cloud_pcs", "a", 2, "a2");
    }
    SQLite::Database reader{file, SQLite::OPEN_READONLY};
    reader.exec("PRAGMA trusted_schema = OFF");
    reader.exec("PRAGMA query_only = ON");
    CHECK(MirrorFile::rows(reader, all) ==
          Rows{"1|cloud_pcs|a|insert|-|a1", "2|cloud_pcs|a|update|a1|a2"});
    CHECK_THROWS_AS(reader.exec("DELETE FROM history"), SQLite::Exception);
}
