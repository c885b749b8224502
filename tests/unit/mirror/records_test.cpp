// The mirror's books about itself.

#include "sync/mirror/records.hpp"

#include "tests/unit/mirror/fixture.hpp"

#include <SQLiteCpp/Exception.h>
#include <doctest/doctest.h>

using namespace cloudpcd;
using namespace cloudpcd::mirror;
using namespace cloudpcd::mirror::test;
using namespace std::chrono_literals;

namespace {

struct Fixture : Mirror {
    Fixture() { include_resource(database, "cloud_pcs", 300); }

    RunSummary summary(Outcome outcome, std::string error = {})
    {
        clock.shift_wall(1min);
        RunSummary made;
        made.run_id = next_run_id(database);
        made.resource = "cloud_pcs";
        made.started_at = clock.utc_now() - 30s;
        made.ended_at = clock.utc_now();
        made.outcome = outcome;
        made.error = std::move(error);
        return made;
    }
    void record(const RunSummary& summary)
    {
        database.transaction([&] { record_run(database, summary); });
    }
    std::string freshness()
    {
        return value(
            "SELECT last_complete_at, consecutive_failures, last_error, degraded_reason, row_count "
            "FROM freshness WHERE resource = 'cloud_pcs'");
    }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "records: a run is one row, as it was")
{
    auto run_summary = summary(Outcome::complete);
    run_summary.pages = 3;
    run_summary.requests = 4;
    run_summary.counts = {.inserted = 5, .updated = 6, .deleted = 2};
    record(run_summary);
    auto refused = summary(Outcome::refused, "too many");
    refused.refused = 9;
    refused.kind = RunKind::incremental;
    record(refused);
    CHECK(rows("SELECT * FROM sync_runs ORDER BY run_id") ==
          Rows{"1|cloud_pcs|2026-01-01 00:00:30.000|2026-01-01 "
               "00:01:00.000|complete|3|4|5|6|2|0|-|full",
               "2|cloud_pcs|2026-01-01 00:01:30.000|2026-01-01 00:02:00.000|refused|0|0|0|0|0|9|"
               "too many|incremental"});
    CHECK(next_run_id(database) == 3);
}

TEST_CASE_FIXTURE(Fixture, "records: freshness follows the runs")
{
    CHECK(freshness() == "-|0|-|-|0");
    CHECK_FALSE(last_complete(database, "cloud_pcs"));

    auto done = summary(Outcome::complete);
    done.counts = {.inserted = 10, .updated = 3, .deleted = 1};
    record(done);
    CHECK(freshness() == "2026-01-01 00:01:00.000|0|-|-|9");
    CHECK(last_complete(database, "cloud_pcs") == done.ended_at);

    auto broken = summary(Outcome::incomplete, "timed out");
    broken.counts.inserted = 2;
    record(broken);
    record(summary(Outcome::incomplete, "again"));
    CHECK(freshness() == "2026-01-01 00:01:00.000|2|again|-|11");

    record(summary(Outcome::refused, "500 deletes"));
    CHECK(freshness() == "2026-01-01 00:01:00.000|3|500 deletes|500 deletes|11");
    record(summary(Outcome::incomplete, "timed out"));  // cures nothing
    CHECK(freshness() == "2026-01-01 00:01:00.000|4|timed out|500 deletes|11");

    record(summary(Outcome::complete));
    CHECK(freshness() == "2026-01-01 00:06:00.000|0|-|-|11");

    record(summary(Outcome::skipped, "CloudPC.Read.All is missing"));
    CHECK(freshness() ==
          "2026-01-01 00:06:00.000|0|CloudPC.Read.All is missing|"
          "CloudPC.Read.All is missing|11");
    CHECK(value("SELECT count(*) FROM sync_runs WHERE outcome = 'skipped'") == "1");
}

TEST_CASE_FIXTURE(Fixture, "records: an incremental read makes no table complete")
{
    constexpr auto times = "SELECT last_complete_at, last_read_at FROM freshness";
    auto list = summary(Outcome::complete);
    list.as_of = list.started_at - 1h;
    record(list);
    CHECK(value(times) == "2026-01-01 00:01:00.000|2026-01-01 00:01:00.000");

    auto incremental = summary(Outcome::complete);
    incremental.kind = RunKind::incremental;
    incremental.as_of = incremental.started_at - 1h;
    record(incremental);
    CHECK(value(times) == "2026-01-01 00:01:00.000|2026-01-01 00:02:00.000");
    auto read = read_times(database, "cloud_pcs");
    CHECK(read.list_started == list.started_at);
    CHECK(read.list_ended == list.ended_at);
    CHECK(read.list_as_of == list.as_of);
    CHECK(read.read_as_of == incremental.as_of);
    CHECK(read.last_read == incremental.ended_at);

    auto broken = summary(Outcome::incomplete, "timed out");
    broken.kind = RunKind::incremental;
    broken.as_of = broken.started_at;
    record(broken);
    read = read_times(database, "cloud_pcs");
    CHECK_FALSE(read.read_as_of);
    CHECK(read.last_read == incremental.ended_at);
}

TEST_CASE_FIXTURE(Fixture, "records: a refresh changes nothing of freshness but the rows")
{
    record(summary(Outcome::complete));
    const auto times = value("SELECT last_complete_at, last_read_at FROM freshness");
    record(summary(Outcome::incomplete, "timed out"));
    auto refresh = summary(Outcome::complete);
    refresh.kind = RunKind::refresh;
    refresh.counts = {.inserted = 3, .updated = 1, .deleted = 1};
    record(refresh);
    CHECK(value("SELECT last_complete_at, last_read_at FROM freshness") == times);
    CHECK(freshness() == "2026-01-01 00:01:00.000|1|timed out|-|2");
    CHECK(value("SELECT kind FROM sync_runs WHERE run_id = 3") == "refresh");
}

TEST_CASE_FIXTURE(Fixture, "records: only a complete run can have deleted")
{
    for (const auto outcome : {Outcome::incomplete, Outcome::refused, Outcome::skipped}) {
        CAPTURE(to_string(outcome));
        auto bad = summary(outcome, "x");
        bad.counts.deleted = 1;
        CHECK_THROWS_AS(record(bad), SQLite::Exception);
    }
    CHECK(value("SELECT count(*) FROM sync_runs") == "0");
    CHECK(freshness() == "-|0|-|-|0");
    auto good = summary(Outcome::complete);
    good.counts.deleted = 1;
    CHECK_NOTHROW(record(good));
}

TEST_CASE_FIXTURE(Fixture, "records: a run of one resource says nothing about another")
{
    include_resource(database, "snapshots", 60);
    record(summary(Outcome::complete));
    CHECK(rows("SELECT resource, interval_seconds, last_complete_at FROM freshness ORDER BY 1") ==
          Rows{"cloud_pcs|300|2026-01-01 00:01:00.000", "snapshots|60|-"});
    CHECK_FALSE(last_complete(database, "snapshots"));
    CHECK_FALSE(last_complete(database, "none"));
}

TEST_CASE_FIXTURE(Fixture, "records: a resource that is excluded is remembered")
{
    record(summary(Outcome::complete));
    exclude_resource(database, "cloud_pcs");
    CHECK(rows("SELECT resource FROM freshness").empty());
    include_resource(database, "cloud_pcs", 600);
    CHECK(rows("SELECT resource, interval_seconds, last_complete_at FROM freshness") ==
          Rows{"cloud_pcs|600|2026-01-01 00:01:00.000"});

    const auto before = bytes();
    include_resource(database, "cloud_pcs", 600);
    exclude_resource(database, "snapshots");
    CHECK(bytes() == before);
}

TEST_CASE_FIXTURE(Fixture, "records: state is kept per resource and key")
{
    const auto now = clock.utc_now();
    CHECK_FALSE(read_state(database, "cloud_pcs", "watermark"));
    write_state(database, "cloud_pcs", "watermark", "1", now);
    write_state(database, "cloud_pcs", "link", "", now);
    write_state(database, "snapshots", "watermark", "2", now);
    write_state(database, "cloud_pcs", "watermark", "3", now + 1s);
    CHECK(read_state(database, "cloud_pcs", "watermark") == "3");
    CHECK(read_state(database, "cloud_pcs", "link") == "");
    CHECK(read_state(database, "snapshots", "watermark") == "2");
    erase_state(database, "cloud_pcs", "watermark");
    erase_state(database, "cloud_pcs", "none");
    CHECK_FALSE(read_state(database, "cloud_pcs", "watermark"));
    CHECK(read_state(database, "snapshots", "watermark") == "2");
}

TEST_CASE_FIXTURE(Fixture, "records: state that has not changed is not written")
{
    write_state(database, "cloud_pcs", "watermark", "1", clock.utc_now());
    const auto before = bytes();
    write_state(database, "cloud_pcs", "watermark", "1", clock.utc_now() + 1h);
    CHECK(bytes() == before);
}

TEST_CASE_FIXTURE(Fixture, "records: a list of ids comes back as it was, whatever the ids")
{
    const std::vector<std::string> ids{"b", "a", "", "caf\xC3\xA9", "\"],[\\", "a,b", "B", "\n"};
    write_id_list(database, "cloud_pcs", "candidates", ids, clock.utc_now());
    CHECK(read_id_list(database, "cloud_pcs", "candidates") == ids);
    CHECK(read_id_list(database, "snapshots", "candidates").empty());
    write_id_list(database, "cloud_pcs", "candidates", {}, clock.utc_now());
    CHECK(read_id_list(database, "cloud_pcs", "candidates").empty());
    CHECK(value("SELECT count(*) FROM sync_state") == "0");
}

TEST_CASE_FIXTURE(Fixture, "records: drift is counted up, with its first time and example")
{
    const auto note = [&](std::string_view example) {
        DriftNotes drift;
        drift.add("a.b", DriftNotes::Kind::property, example);
        drift.add("a.b", DriftNotes::Kind::type, example);
        drift.add("status", DriftNotes::Kind::enumeration, "mauve");
        drift.add("name", DriftNotes::Kind::refused, "x");
        drift.next_object();
        drift.add("a.b", DriftNotes::Kind::property, "later");
        record_drift(database, "cloud_pcs", drift, clock.utc_now());
        clock.shift_wall(1h);
    };
    note("first");
    note("second");
    CHECK(
        rows("SELECT path, kind, example, first_seen_at, count FROM schema_drift ORDER BY 1, 2") ==
        Rows{"a.b|property|first|2026-01-01 00:00:00.000|4",
             "a.b|type|first|2026-01-01 00:00:00.000|2", "name|refused|x|2026-01-01 00:00:00.000|2",
             "status|enum|mauve|2026-01-01 00:00:00.000|2"});
    record_drift(database, "snapshots", {}, clock.utc_now());
    CHECK(value("SELECT count(*) FROM schema_drift") == "4");
}

TEST_CASE_FIXTURE(Fixture, "records: freshness shows a gap for a month after it was found")
{
    record(summary(Outcome::complete));
    const auto reason = [&] {
        return value("SELECT degraded_reason FROM freshness WHERE resource = 'cloud_pcs'");
    };
    CHECK(reason() == "-");
    database.execute(
        "INSERT INTO gaps VALUES ('audit_events', 'a', 'b', 'another table''s', datetime('now')), "
        "('cloud_pcs', 'c', 'd', 'long ago', datetime('now', '-31 days'))");
    CHECK(reason() == "-");
    database.execute(
        "INSERT INTO gaps VALUES ('cloud_pcs', '2026-01-02', '2026-01-03', 'recent', "
        "datetime('now', '-29 days'))");
    CHECK(reason() == "a part can no longer be read, see gaps: 2026-01-02 to 2026-01-03");
}
