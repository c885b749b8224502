// INSERT INTO jobs, as anybody who may write the file does it: it asks, and nothing else.

#include "tests/unit/jobs/fixture.hpp"

#include <fmt/format.h>

#include <array>
#include <set>

using namespace cloudpcd;
using namespace cloudpcd::jobs;
using namespace cloudpcd::jobs::test;

namespace {

struct Script : Queue {
    Stranger stranger{path};

    /// What is said against a row with these columns beside its kind.
    std::string insert(std::string_view columns, std::string_view values)
    {
        return stranger.try_to(fmt::format(
            "INSERT INTO jobs (kind, target_id, {}) VALUES ('cloud_pc.reboot', 'x', {})", columns,
            values));
    }
    std::string count() { return value("SELECT count(*) FROM jobs"); }
};

bool names(std::string_view message, std::string_view what)
{
    return message.find(what) != std::string_view::npos;
}

constexpr std::string_view uuid = "0bb0a67a-1c5d-4e2f-9b1a-2f3e4d5c6b7a";

}  // namespace

TEST_CASE_FIXTURE(Script, "insert: a plain row is a job that was submitted by SQL")
{
    stranger.run(
        "INSERT INTO jobs (kind, target_id, params, reason, requested_by) VALUES "
        "('cloud_pc.reprovision', 'a', '{\"osVersion\":\"windows11\"}', 'INC-1', 'bob')");
    const auto job = this->job(1);
    CHECK(job.kind == "cloud_pc.reprovision");
    CHECK(job.params == "{\"osVersion\":\"windows11\"}");
    CHECK(job.requested_by == "bob");
    CHECK(job.state == State::submitted);
    CHECK(job.origin == "sql");
    CHECK_FALSE(job.actor_verified);
    CHECK(job.priority == 5);
    CHECK(job.attempts == 0);
    CHECK(parse_sql_time(job.created_at).has_value());
    CHECK(job.created_at.size() == 23);
}

TEST_CASE_FIXTURE(Script, "insert: the default request_id is a UUID of version 4, each another")
{
    stranger.run(
        "INSERT INTO jobs (kind) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
        "FROM n WHERE i < 300) SELECT 'cloud_pc.reboot' FROM n");
    const auto ids = rows("SELECT request_id FROM jobs");
    CHECK(std::set<std::string>(ids.begin(), ids.end()).size() == 300);
    for (const auto& id : ids) {
        CHECK(id.size() == 36);
        CHECK(id.at(14) == '4');
        CHECK(std::string_view{"89ab"}.find(id.at(19)) != std::string_view::npos);
        CHECK(id.find_first_not_of("0123456789abcdef-") == std::string::npos);
    }
}

TEST_CASE_FIXTURE(Script, "insert: what the daemon fills cannot be set, and the message names it")
{
    const std::vector<std::pair<std::string_view, std::string_view>> filled{
        {"state", "'queued'"},
        {"state_reason", "'x'"},
        {"held_by", "'budget'"},
        {"due_at", "'2026-01-01'"},
        {"target_name", "'x'"},
        {"risk", "0"},
        {"touches", "1"},
        {"duplicate_key", "'x'"},
        {"origin", "'api'"},
        {"actor_verified", "1"},
        {"approved_by", "'root'"},
        {"approved_at", "'2026-01-01'"},
        {"approval_hash", "'x'"},
        {"http_status", "204"},
        {"error_code", "'x'"},
        {"error_message", "'x'"},
        {"result", "'{}'"},
        {"graph_request_id", "'x'"},
        {"attempts", "1"},
        {"updated_at", "'2026-01-01'"},
        {"finished_at", "'2026-01-01'"},
        {"created_at", "'2026-01-01 00:00:00.000'"},
    };
    for (const auto& [column, given] : filled) {
        CAPTURE(column);
        CHECK(names(insert(column, given), fmt::format("{} is filled by the da", column)));
    }
    CHECK(count() == "0");
    // Every column is either asked for or filled: a new one belongs into one of the lists.
    const std::set<std::string> request{"job_id",   "request_id",     "kind",       "target_id",
                                        "params",   "expect",         "reason",     "requested_by",
                                        "batch_id", "priority",       "not_before", "expires_at",
                                        "dry_run",  "allow_duplicate"};
    for (const auto& column : rows("SELECT name FROM pragma_table_info('jobs')")) {
        const bool known =
            std::ranges::any_of(filled, [&](const auto& entry) { return entry.first == column; });
        CHECK_MESSAGE((known || request.contains(column)), column);
    }
}

TEST_CASE_FIXTURE(Script, "insert: the same request again is the same job")
{
    const auto same = fmt::format(
        "INSERT INTO jobs (request_id, kind, target_id, params, expect) VALUES "
        "('{}', 'cloud_pc.reboot', 'a', '{{}}', '{{\"x\":1}}')",
        uuid);
    stranger.run(same);
    stranger.run(same);
    stranger.run(
        "INSERT INTO jobs (request_id, kind, target_id, params, expect, reason, priority) "
        "VALUES (upper('" +
        std::string{uuid} + "'), 'cloud_pc.reboot', 'a', '{}', '{\"x\":1}', 'other', 1)");
    CHECK(count() == "1");
    CHECK(value("SELECT coalesce(reason, 'none') || priority FROM jobs") == "none5");
}

TEST_CASE_FIXTURE(Script, "insert: the same request_id with other content fails, however it is put")
{
    stranger.run(
        fmt::format("INSERT INTO jobs (request_id, kind, target_id) VALUES ('{}', "
                    "'cloud_pc.reboot', 'a')",
                    uuid));
    const auto before = rows("SELECT * FROM jobs");
    for (const auto* verb : {"INSERT", "INSERT OR REPLACE", "REPLACE", "INSERT OR IGNORE",
                             "INSERT OR FAIL", "INSERT OR ROLLBACK"}) {
        for (const auto* row :
             {"'cloud_pc.reboot', 'b', NULL, NULL, 0", "'cloud_pc.rename', 'a', NULL, NULL, 0",
              "'cloud_pc.reboot', 'a', '{}', NULL, 0", "'cloud_pc.reboot', 'a', NULL, '{}', 0",
              "'cloud_pc.reboot', 'a', NULL, NULL, 1"}) {
            CAPTURE(verb);
            CAPTURE(row);
            CHECK(names(stranger.try_to(fmt::format("{} INTO jobs (request_id, kind, target_id, "
                                                    "params, expect, dry_run) VALUES ('{}', {})",
                                                    verb, uuid, row)),
                        "request_id: a job with other content has it"));
        }
    }
    CHECK(rows("SELECT * FROM jobs") == before);
}

TEST_CASE_FIXTURE(Script, "insert: no spelling of INSERT changes a row that is there")
{
    stranger.run("INSERT INTO jobs (kind, target_id) VALUES ('cloud_pc.reboot', 'a')");
    const auto before = rows("SELECT * FROM jobs");
    for (const auto* verb : {"INSERT", "INSERT OR REPLACE", "REPLACE", "INSERT OR IGNORE"})
        CHECK(names(stranger.try_to(fmt::format("{} INTO jobs (job_id, kind, target_id) VALUES "
                                                "(1, 'cloud_pc.reboot', 'b')",
                                                verb)),
                    "job_id: there is such a job"));
    CHECK(names(stranger.try_to("INSERT INTO jobs (job_id, kind) VALUES (1, 'x') "
                                "ON CONFLICT (job_id) DO UPDATE SET kind = 'y'"),
                "no such function"));
    CHECK(rows("SELECT * FROM jobs") == before);
}

TEST_CASE_FIXTURE(Script, "insert: numbers of jobs have no gap at their end, so that none is lost")
{
    CHECK(names(insert("job_id", "9223372036854775807"), "job_id: leave it out"));
    CHECK(names(insert("job_id", "7"), "job_id: leave it out"));
    CHECK(names(insert("job_id", "-1"), "job_id_positive"));
    CHECK(names(insert("job_id", "0"), "job_id"));
    CHECK(count() == "0");
    stranger.run("INSERT INTO jobs (kind) VALUES ('a'), ('b')");
    CHECK(rows("SELECT job_id FROM jobs ORDER BY job_id") == Rows{"1", "2"});
}

TEST_CASE_FIXTURE(Script, "insert: times are dates that exist")
{
    for (const auto* column : {"not_before", "expires_at"}) {
        CAPTURE(column);
        for (const auto* bad : {"'12:00'",
                                "'12:00:00.000'",
                                "'now'",
                                "2461000.5",
                                "'2461000.5'",
                                "1767225600",
                                "'2026-02-30'",
                                "'2026-02-29 10:00'",
                                "'2026-04-31T10:00:00Z'",
                                "'2026-13-01'",
                                "'2026-00-10'",
                                "'2026-01-00'",
                                "'tomorrow'",
                                "''",
                                "' 2026-01-01'",
                                "'2026-01-01 25:00'",
                                "'2026-01-01 10:61'",
                                "'20260101'",
                                "'2026-1-1'",
                                "x'323032362d30312d3031'",
                                "'2026-01-01; drop table jobs'",
                                "'-2026-01-01'"}) {
            CAPTURE(bad);
            CHECK(names(insert(column, bad), fmt::format("{}: give a date", column)));
        }
        for (const auto* good :
             {"'2026-12-01'", "'2028-02-29'", "'2026-12-01 10:00'", "'2026-12-01T10:00:00'",
              "'2026-12-01 10:00:00.123'", "'2026-12-01T10:00:00Z'", "'9999-12-31 23:59'",
              "'2026-12-01 10:00:00+02:00'", "datetime('now', '+1 hour')", "date('now')", "NULL"}) {
            CAPTURE(good);
            CHECK(insert(column, good) == "");
        }
    }
}

TEST_CASE_FIXTURE(Script, "insert: types and ranges are checked, and the rule has a name")
{
    const std::vector<std::array<std::string_view, 3>> cases{
        {"priority", "10", "priority_0_to_9"},
        {"priority", "-1", "priority_0_to_9"},
        {"priority", "1.5", "priority_0_to_9"},
        {"priority", "'high'", "priority_0_to_9"},
        {"dry_run", "2", "dry_run_0_or_1"},
        {"dry_run", "'yes'", "dry_run_0_or_1"},
        {"allow_duplicate", "-1", "allow_duplicate_0_or_1"},
        {"params", "x'7b7d'", "texts_are_text"},
        {"expect", "x'7b7d'", "texts_are_text"},
        {"reason", "x'00'", "texts_are_text"},
        {"requested_by", "x'00'", "texts_are_text"},
        {"batch_id", "x'00'", "texts_are_text"},
        {"params", "hex(zeroblob(40000))", "request_at_most_64_kb"},
        {"reason", "hex(zeroblob(40000))", "request_at_most_64_kb"},
        {"request_id", "'1'", "request_id_is_a_uuid"},
        {"request_id", "'{0bb0a67a-1c5d-4e2f-9b1a-2f3e4d5c6b}'", "request_id_is_a_uuid"},
        {"request_id", "'0bb0a67a-1c5d-4e2f-9b1a-2f3e4d5c6bzz'", "request_id_is_a_uuid"},
        {"request_id", "'0bb0a67a01c5d04e2f09b1a02f3e4d5c6b7a'", "request_id_is_a_uuid"},
        {"request_id", "'0bb0a67a-1c5d-4e2f-9b1a-2f3e4d5--b7a'", "request_id_is_a_uuid"},
    };
    for (const auto& [column, given, rule] : cases) {
        CAPTURE(column);
        CAPTURE(given);
        CHECK(names(insert(column, given), rule));
    }
    CHECK(names(stranger.try_to("INSERT INTO jobs (target_id) VALUES ('a')"), "jobs.kind"));
    CHECK(names(stranger.try_to("INSERT INTO jobs (kind) VALUES (x'61')"), "texts_are_text"));
    CHECK(count() == "0");
}

TEST_CASE_FIXTURE(Script, "insert: one bad row of many leaves none")
{
    CHECK(stranger.try_to("INSERT INTO jobs (kind, priority) VALUES ('a', 1), ('b', 99)") != "");
    CHECK(count() == "0");
}

TEST_CASE_FIXTURE(Script, "insert: a hostile text is stored as it is, and judged by validation")
{
    stranger.run(
        "INSERT INTO jobs (kind, target_id, params) VALUES "
        "('cloud_pc.r\u0435boot', '../../users/x', 'no json'), "
        "('cloud_pc.reboot ', char(0), '[[[[')");
    CHECK(count() == "2");
}
