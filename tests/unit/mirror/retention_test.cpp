#include "sync/mirror/retention.hpp"

#include "sync/mirror/records.hpp"
#include "tests/unit/mirror/fixture.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace cloudpcd;
using namespace cloudpcd::mirror;
using namespace cloudpcd::mirror::test;

namespace {

const UtcTime oldest = parse_sql_time("2026-06-01 00:00:00.000").value();

/// A version of a Cloud PC that ended at that time, and an audit event of that time.
void add(Mirror& mirror, int number, std::string_view time)
{
    mirror.database.execute(
        fmt::format("INSERT INTO history VALUES ('cloud_pcs', 'a', {0}, {0} + 1, '2026-01-01', "
                    "'{1}', 'update', "
                    "'{{}}')",
                    number, time));
    mirror.database.execute(fmt::format(
        "INSERT INTO audit_events (id, activity_date_time, _seq, _version_seq, _changed_at, "
        "_first_seen_at, _slice_hash, _content_hash, _version_hash, raw) VALUES ('e-{0}', '{1}', "
        "{0}, {0}, '{1}', '{1}', 0, 0, 0, '{{}}'); INSERT INTO audit_event_resources (_parent, "
        "position) VALUES (last_insert_rowid(), 0)",
        number, time));
}

}  // namespace

TEST_CASE_FIXTURE(Mirror, "retention: versions that ended before go, later ones and edges stay")
{
    add(*this, 1, "2026-05-31 23:59:59.999");
    add(*this, 2, "2026-06-01 00:00:00.000");
    add(*this, 3, "2026-07-01 00:00:00.000");
    CHECK(forget_history(database, oldest) == 1);
    CHECK(rows("SELECT from_seq FROM history ORDER BY 1") == Rows{"2", "3"});
    CHECK(forget_history(database, oldest) == 0);
}

TEST_CASE_FIXTURE(Mirror, "retention: audit events go with what hangs on them, and are no change")
{
    include_resource(database, "audit_events", 300);
    add(*this, 1, "2026-05-31 23:59:59.999");
    add(*this, 2, "2026-06-01 00:00:00.000");
    add_rows(database, "audit_events", 2);
    CHECK(forget_audit_events(database, oldest) == 1);
    CHECK(rows("SELECT id FROM audit_events") == Rows{"e-2"});
    CHECK(value("SELECT count(*) FROM audit_event_resources") == "1");
    CHECK(value("SELECT count(*) FROM history WHERE resource = 'audit_events'") == "0");
    CHECK(value("SELECT row_count FROM freshness WHERE resource = 'audit_events'") == "1");
}

TEST_CASE_FIXTURE(Mirror, "retention: one call removes a bounded number, the oldest first")
{
    database.execute("BEGIN");
    for (int i = 1; i <= forget_rows_max + 5; ++i)
        add(*this, i, "2026-01-02 00:00:00.000");
    database.execute("COMMIT");
    CHECK(forget_history(database, oldest) == forget_rows_max);
    CHECK(value("SELECT min(from_seq) FROM history") == std::to_string(forget_rows_max + 1));
    CHECK(forget_history(database, oldest) == 5);
    CHECK(forget_audit_events(database, oldest) == forget_rows_max);
    CHECK(forget_audit_events(database, oldest) == 5);
}

TEST_CASE_FIXTURE(Mirror, "retention: runs go, and what was quarantined by them")
{
    database.execute(
        "INSERT INTO sync_runs (run_id, resource, started_at, ended_at, outcome) VALUES "
        "(1, 'cloud_pcs', '2026-05-01', '2026-05-01', 'complete'), "
        "(2, 'cloud_pcs', '2026-06-02', '2026-06-02', 'complete'); "
        "INSERT INTO quarantine (resource, id, _hash, reason, raw, run_id, first_seen_at) VALUES "
        "('cloud_pcs', 'a', 1, 'x', x'00', 1, '2026-05-01'), "
        "('cloud_pcs', 'b', 2, 'x', x'00', 2, '2026-05-01')");
    CHECK(forget_records(database, oldest) == 2);
    CHECK(rows("SELECT run_id FROM sync_runs") == Rows{"2"});
    CHECK(rows("SELECT id FROM quarantine") == Rows{"b"});
}
