// Items that cannot be trusted: kept apart, and what they prove all the same.

#include "sync/core/json_scan.hpp"
#include "tests/unit/mirror/fixture.hpp"

#include <doctest/doctest.h>

using namespace cloudpcd;
using namespace cloudpcd::mirror;
using namespace cloudpcd::mirror::test;

namespace {

constexpr auto quarantined =
    "SELECT resource, id, reason, CAST(raw AS TEXT) FROM quarantine ORDER BY id, 4";

struct Fixture : Mirror {
    Table table{collection("cloud_pcs")};
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "quarantine: a broken item with an id counts as seen, its row stays")
{
    pull(table, {R"({"id":"a","displayName":"1"})", R"({"id":"b"})"});
    const auto pulled =
        pull(table, {R"({"id":"a","displayName":"2","displayName":"3"})", R"({"id":"b","x":1})"});
    CHECK(pulled.staged.quarantined == 1);
    CHECK(pulled.staged.unidentified == 0);
    CHECK(pulled.staged.new_ids == 2);
    CHECK(pulled.applied.updated == 1);  // one bad item costs nothing but itself
    CHECK(table.seen(database, run) == 2);
    CHECK(table.missing(database, run).empty());
    CHECK(value("SELECT display_name FROM cloud_pcs WHERE id = 'a'") == "1");
    CHECK(rows(quarantined) ==
          Rows{R"(cloud_pcs|a|duplicate keys|{"id":"a","displayName":"2","displayName":"3"})"});
}

TEST_CASE_FIXTURE(Fixture, "quarantine: a broken item without an id proves nothing")
{
    pull(table, {R"({"id":"a"})"});
    const auto pulled = pull(table, {R"({"displayName":"x"})", "7", R"({"id":"b","id":"c"})"});
    CHECK(pulled.staged.quarantined == 3);
    CHECK(pulled.staged.unidentified == 3);
    CHECK(table.seen(database, run) == 0);
    CHECK(table.missing(database, run) == Rows{"a"});
    CHECK(rows(quarantined) ==
          Rows{"cloud_pcs||not a JSON object|7", R"(cloud_pcs||it has no id|{"displayName":"x"})",
               R"(cloud_pcs||its id is given twice, differently|{"id":"b","id":"c"})"});
}

TEST_CASE_FIXTURE(Fixture, "quarantine: an id given twice with one value is an id")
{
    pull(table, {R"({"id":"a"})"});
    const auto pulled = pull(table, {R"({"id":"a","id":"a"})"});
    CHECK(pulled.staged.unidentified == 0);
    CHECK(table.missing(database, run).empty());
    CHECK(rows(quarantined) == Rows{R"(cloud_pcs|a|duplicate keys|{"id":"a","id":"a"})"});
}

TEST_CASE_FIXTURE(Fixture, "quarantine: the same item again is the same row, of the last run")
{
    const std::string item = R"({"id":"a","x":1,"x":2})";
    pull(table, {item, item});
    CHECK(rows("SELECT run_id, first_seen_at FROM quarantine") ==
          Rows{"2|2026-01-01 00:00:01.000"});
    pull(table, {item});
    pull(table, {item, R"({"id":"a","x":1,"x":3})"});
    CHECK(rows("SELECT run_id, first_seen_at FROM quarantine ORDER BY first_seen_at") ==
          Rows{"4|2026-01-01 00:00:01.000", "4|2026-01-01 00:00:03.000"});
}

TEST_CASE_FIXTURE(Fixture, "quarantine: bytes that are no text are kept as they are, up to 64 KiB")
{
    const std::string item = "{\"id\":\"a\",\"x\":\"\xFF" + std::string(100'000, 'x') + "\"}";
    pull(table, {item});
    CHECK(value("SELECT typeof(raw) FROM quarantine") == "blob");
    CHECK(value("SELECT length(raw) FROM quarantine") == "65536");
    CHECK(value("SELECT hex(substr(raw, 1, 15)) FROM quarantine") ==
          "7B226964223A2261222C2278223A22");
    CHECK(value("SELECT hex(substr(raw, 16, 2)) FROM quarantine") == "FF78");
    CHECK(value("SELECT reason FROM quarantine") == "not UTF-8");
}

TEST_CASE_FIXTURE(Fixture, "quarantine: what is too large or too deep is kept apart")
{
    const auto pulled = pull(
        table, {R"({"id":"a","x":")" + std::string(item_bytes_max, 'x') + "\"}",
                R"({"id":"b","x":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}"});
    CHECK(pulled.staged.quarantined == 2);
    CHECK(pulled.staged.unidentified == 0);
    CHECK(table.rows(database) == 0);
    CHECK(table.seen(database, run) == 2);
}

TEST_CASE_FIXTURE(Fixture, "quarantine: of an id met twice the later item counts, broken or not")
{
    auto pulled = pull(table, {R"({"id":"a","displayName":"1"})", R"({"id":"a","x":1,"x":2})"});
    CHECK(pulled.staged.conflicts == 1);
    CHECK(pulled.applied.inserted == 0);
    CHECK(table.seen(database, run) == 1);

    pulled = pull(table, {R"({"id":"b","x":1,"x":2})", R"({"id":"b","displayName":"1"})"});
    CHECK(pulled.staged.conflicts == 1);
    CHECK(pulled.applied.inserted == 1);
}

TEST_CASE_FIXTURE(Mirror, "secrets: a password never lands, whatever comes with it")
{
    const Table table{collection("on_premises_connections")};
    const auto pulled = pull(
        table, {R"({"id":"a","adDomainPassword":"hunter2","adDomainName":"x"})",
                R"({"id":"b","\u0061dDomainPassword":"hunter2"})",
                R"({"id":"c","x":1,"x":2,"adDomainPassword":"hunter2"})",
                R"({"adDomainName":"no id","adDomainPassword":"hunter2"})",
                R"({"id":"d","id":"e","adDomainPassword":"hunter2"})",
                R"({"id":"f" "adDomainPassword":"hunter2"})", R"(["adDomainPassword","hunter2"])"});
    CHECK(pulled.applied.inserted == 2);
    CHECK(pulled.staged.quarantined == 5);
    CHECK(pulled.staged.unidentified == 4);
    CHECK(value("SELECT count(*) FROM quarantine") == "5");
    CHECK(rows("SELECT raw FROM on_premises_connections ORDER BY id") ==
          Rows{R"({"id":"a","adDomainName":"x"})", R"({"id":"b"})"});

    DriftNotes drift;
    table.note_drift(page_of({R"({"id":"a","adDomainPassword":"hunter2","new":1})"}), drift);
    CHECK(notes(drift) == Rows{"new property 1"});
    record_drift(database, "on_premises_connections", drift, clock.utc_now());
    record_drift(database, "on_premises_connections", pulled.drift, clock.utc_now());
    database.checkpoint_truncate();
    CHECK(bytes().find("hunter2") == std::string::npos);

    // The same again without the secret is the same.
    CHECK(pull(table, {R"({"id":"b"})"}).applied.updated == 0);
}
