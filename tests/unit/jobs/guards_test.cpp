// What nobody but the daemon can do to jobs.db, and what not even the daemon can.

#include "sync/jobs/expectations.hpp"
#include "tests/unit/jobs/fixture.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <memory>

using namespace cloudpcd;
using namespace cloudpcd::jobs;
using namespace cloudpcd::jobs::test;

namespace {

Rows tables(Queue& queue)
{
    return queue.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
}

/// What a program prints on both streams.
std::string output_of(const std::string& command)
{
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe{::popen((command + " 2>&1").c_str(), "r"),
                                                     ::pclose};
    REQUIRE(pipe != nullptr);
    std::string text;
    std::array<char, 4096> buffer{};
    while (const auto got = std::fread(buffer.data(), 1, buffer.size(), pipe.get()))
        text.append(buffer.data(), got);
    return text;
}

}  // namespace

TEST_CASE_FIXTURE(Queue, "guards: nobody else's UPDATE or DELETE compiles, of any table")
{
    add_in(State::succeeded);
    add_in(State::queued);
    Stranger stranger{path};
    const auto all = tables(*this);
    CHECK(all.size() == 9);
    for (const auto& table : all) {
        CAPTURE(table);
        const auto column =
            value(fmt::format("SELECT name FROM pragma_table_info('{}')", table) + " LIMIT 1");
        const auto before = rows(fmt::format("SELECT * FROM {}", table));
        const std::vector<std::string> changes{
            fmt::format("UPDATE {0} SET {1} = {1}", table, column),
            fmt::format("UPDATE OR REPLACE {0} SET {1} = 1", table, column),
            fmt::format("UPDATE OR IGNORE {0} SET {1} = 1 WHERE 0", table, column),
            fmt::format("DELETE FROM {0}", table),
        };
        for (const auto& change : changes)
            CHECK(says(stranger.try_to(change), "no such function: cloudpcd_daemon"));
        if (table != "jobs") {
            for (const auto* verb : {"INSERT", "INSERT OR REPLACE", "REPLACE", "INSERT OR IGNORE"})
                CHECK(says(
                    stranger.try_to(fmt::format("{} INTO {} SELECT * FROM {}", verb, table, table)),
                    "no such function: cloudpcd_daemon"));
        }
        CHECK(rows(fmt::format("SELECT * FROM {}", table)) == before);
    }
}

TEST_CASE_FIXTURE(Queue, "guards: the sqlite3 shell inserts, reads, dumps and vacuums")
{
    const auto shell = [&](const std::string& sql) {
        return output_of(fmt::format("sqlite3 -bail '{}' \"PRAGMA trusted_schema=OFF\" \"{}\"",
                                     path.string(), sql));
    };
    CHECK(shell("INSERT INTO jobs (kind, target_id) VALUES ('cloud_pc.reboot', 'a'); "
                "SELECT state FROM jobs WHERE job_id = last_insert_rowid()") == "submitted\n");
    CHECK(says(shell("UPDATE jobs SET target_id = 'b'"), "no such function"));
    CHECK(says(shell("DELETE FROM jobs"), "no such function"));
    CHECK(shell("VACUUM") == "");
    const auto dump = shell(".dump");
    CHECK(says(dump, "INSERT INTO jobs VALUES(1,"));
    CHECK(says(dump, "COMMIT"));
    const auto copy = directory.path() / "copy.db";
    CHECK(output_of(fmt::format("sqlite3 '{}' .dump | sqlite3 '{}'", path.string(),
                                copy.string())) == "");
    CHECK(output_of(fmt::format("sqlite3 '{}' 'SELECT target_id FROM jobs'", copy.string())) ==
          "a\n");
    CHECK(shell("PRAGMA integrity_check") == "ok\n");
    CHECK(output_of(fmt::format("sqlite3 'file:{}?mode=ro' 'SELECT count(*) FROM jobs'",
                                path.string())) == "1\n");
}

TEST_CASE_FIXTURE(Queue, "guards: a connection with trusted_schema off reads every table")
{
    expect_user(database, add(), machine, "ada@contoso.example");
    add_in(State::accepted);
    Stranger stranger{path};
    for (const auto& table : tables(*this))
        CHECK_FALSE(stranger.rows(fmt::format("SELECT * FROM {}", table)).empty());
}

TEST_CASE_FIXTURE(Queue, "guards: the schema has nothing that an old reader cannot parse")
{
    for (const auto& sql : rows("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")) {
        for (const auto* later :
             {"json", "->", "STRICT", "GENERATED", "RETURNING", "NULLS", "OVER (", "ON CONFLICT",
              "TRUE", "FALSE", "subsec", "unixepoch", "iif", "MATERIALIZED"})
            CHECK_MESSAGE(sql.find(later) == std::string::npos, later, " in ", sql);
    }
}

TEST_CASE_FIXTURE(Queue, "guards: not even the daemon edits what was asked for")
{
    const auto id = add();
    for (const auto* column :
         {"job_id", "request_id", "kind", "target_id", "expect", "reason", "requested_by",
          "batch_id", "priority", "dry_run", "allow_duplicate"}) {
        CAPTURE(column);
        CHECK(daemon_tries(fmt::format("UPDATE jobs SET {} = 7", column)) ==
              "a request does not change");
    }
    CHECK(daemon_tries("UPDATE jobs SET params = '{}'") == "params do not change");
    CHECK(daemon_tries("UPDATE jobs SET origin = 'sql', actor_verified = 0") ==
          "where a job came from does not change");
    CHECK(daemon_tries("UPDATE jobs SET created_at = '2020-01-01'") ==
          "where a job came from does not change");
    CHECK(state(id) == State::submitted);
}

TEST_CASE_FIXTURE(Queue, "guards: times are filled and respelled once, and never moved")
{
    Stranger{path}.run(
        "INSERT INTO jobs (kind, not_before, expires_at) VALUES "
        "('x', '2026-12-01T10:00:00+02:00', '2026-12-02')");
    const auto not_before = read_given_time(database, *job(1).not_before);
    const auto expires_at = read_given_time(database, *job(1).expires_at);
    REQUIRE((not_before && expires_at));
    CHECK(daemon_tries("UPDATE jobs SET expires_at = '2026-12-03 00:00:00.000'") ==
          "expires_at does not change");
    CHECK(daemon_tries("UPDATE jobs SET not_before = '2026-12-01 10:00:00.000'") ==
          "not_before does not change");
    fill(database, 1, {.not_before = not_before, .expires_at = expires_at}, start);
    CHECK(job(1).not_before == "2026-12-01 08:00:00.000");
    CHECK(job(1).expires_at == "2026-12-02 00:00:00.000");

    const auto empty = add();
    fill(database, empty, {.not_before = start, .expires_at = start + std::chrono::hours{4}},
         start);
    CHECK(job(empty).expires_at == "2026-01-01 04:00:00.000");
    move(empty, State::queued);
    CHECK(daemon_tries(fmt::format(
              "UPDATE jobs SET expires_at = '2026-12-03 00:00:00.000' WHERE job_id = {}", empty)) ==
          "expires_at does not change");
}

TEST_CASE_FIXTURE(Queue, "guards: an open job is not removed, nor anything that hangs on it")
{
    add_in(State::in_doubt);
    CHECK(daemon_tries("DELETE FROM jobs") == "an open job is not removed");
    CHECK(daemon_tries("DELETE FROM job_attempts") == "what an open job did is not removed");
    CHECK(daemon_tries("DELETE FROM job_events") == "what happened to an open job is not removed");
    CHECK(daemon_tries("DELETE FROM job_targets") ==
          "a job that may have been sent keeps its targets");
    CHECK(daemon_tries("DELETE FROM guard_ledger") == "the debit of an open job is not removed");
    CHECK(daemon_tries("UPDATE job_targets SET open = 0") ==
          "a job that may have been sent keeps its targets");
}

TEST_CASE_FIXTURE(Queue, "guards: a job that has ended does not change")
{
    for (const auto ended : {State::succeeded, State::failed, State::rejected, State::cancelled,
                             State::expired, State::checked}) {
        const auto id = add_in(ended);
        const auto before = rows(fmt::format("SELECT * FROM jobs WHERE job_id = {}", id));
        for (const auto* change :
             {"state = 'queued', finished_at = NULL", "state = 'succeeded', result = 'x'",
              "state_reason = 'x'", "result = 'x'", "http_status = 1", "error_code = 'x'",
              "error_message = 'x'", "graph_request_id = 'x'", "finished_at = '2020'",
              "approved_by = 'x', approved_at = 'x', approval_hash = 'x'", "risk = 0",
              "touches = 9", "target_name = 'x'", "due_at = 'x'", "duplicate_key = 'x'",
              "updated_at = '2020'"}) {
            CAPTURE(change);
            CHECK(daemon_tries(fmt::format("UPDATE jobs SET {} WHERE job_id = {}", change, id)) !=
                  "");
        }
        CHECK(rows(fmt::format("SELECT * FROM jobs WHERE job_id = {}", id)) == before);
    }
}

TEST_CASE_FIXTURE(Queue, "guards: a change of state has an event that says so")
{
    add();
    CHECK(daemon_tries("UPDATE jobs SET state = 'queued'") == "a change of state has its event");
    add_event(database, 1, State::submitted, State::cancelled, "x", "daemon", start);
    CHECK(daemon_tries("UPDATE jobs SET state = 'queued'") == "a change of state has its event");
    CHECK(daemon_tries("INSERT INTO job_events (job_id, at, from_state, to_state, actor) "
                       "VALUES (1, 'x', 'queued', 'sending', 'daemon')") ==
          "an event begins in the state that the job is in");
    CHECK(daemon_tries("UPDATE job_events SET actor = 'bob'") == "an event does not change");
}

TEST_CASE_FIXTURE(Queue, "guards: attempts and debits are written once")
{
    add_in(State::sending);
    for (const auto* column : {"attempt_id", "job_id", "attempt", "client_request_id", "method",
                               "path", "body_sha256", "acted_as", "boot_id", "intent_at"})
        CHECK(daemon_tries(fmt::format("UPDATE job_attempts SET {} = 7", column)) ==
              "an intent does not change");
    record_verdict(database, 1, Verdict::executed, {.evidence = "audit:1"}, start);
    CHECK(daemon_tries("UPDATE job_attempts SET verdict = 'not_executed'") ==
          "a verdict is final, but for one in doubt");
    CHECK(daemon_tries("UPDATE job_attempts SET verdict = NULL, verdict_at = NULL") ==
          "a verdict is final, but for one in doubt");
    CHECK(daemon_tries("UPDATE job_attempts SET evidence = 'audit:2'") ==
          "evidence does not change");
    CHECK(daemon_tries("UPDATE guard_ledger SET refunded_at = 'x'") ==
          "only what was not executed gives its debit back");
    CHECK(daemon_tries("UPDATE guard_ledger SET cloud_pcs = 0") == "a debit does not change");
    CHECK(daemon_tries("INSERT INTO guard_ledger (attempt_id, job_id, debited_at, cloud_pcs) "
                       "VALUES (9, 1, 'x', 1)") == "a debit goes with the intent of its job");
    CHECK(
        daemon_tries("INSERT INTO job_attempts (job_id, attempt, client_request_id, method, path, "
                     "acted_as, boot_id, intent_at) VALUES (1, 2, 'c', 'm', 'p', 'a', 'b', 't')") ==
        "an attempt begins as the next one of a queued job");
}

TEST_CASE_FIXTURE(Queue, "guards: what is sent is settled, and attempts count intents")
{
    for (const auto sent : {State::sending, State::accepted, State::in_doubt}) {
        const auto id = add_in(sent);
        for (const auto* change : {"risk = 0", "touches = 9", "duplicate_key = 'x'"})
            CHECK(daemon_tries(fmt::format("UPDATE jobs SET {} WHERE job_id = {}", change, id)) ==
                  "what is sent is settled");
    }
    add_in(State::queued);
    for (const auto* change : {"attempts = attempts + 1", "attempts = 0"})
        CHECK(daemon_tries(fmt::format("UPDATE jobs SET {}", change)) == "attempts count intents");
}

TEST_CASE_FIXTURE(Queue, "guards: the daemon's own REPLACE takes no row away")
{
    const auto sent = add_in(State::sending);
    const auto next = add_in(State::queued);
    const auto attempt = [&](int attempt_id, std::string_view client_request_id) {
        return daemon_tries(fmt::format(
            "REPLACE INTO job_attempts (attempt_id, job_id, attempt, client_request_id, method, "
            "path, acted_as, boot_id, intent_at) VALUES ({}, {}, 1, '{}', 'm', 'p', 'a', 'b', 't')",
            attempt_id, next, client_request_id));
    };
    const auto before = rows("SELECT * FROM job_attempts");
    CHECK(attempt(1, "fresh") == "there is such an attempt");
    CHECK(attempt(2, last_attempt(database, sent)->client_request_id) ==
          "there is such an attempt");
    CHECK(rows("SELECT * FROM job_attempts") == before);
    CHECK(daemon_tries("REPLACE INTO job_events (event_id, job_id, at, to_state, actor) "
                       "VALUES (1, 2, 'x', 'queued', 'x')") == "there is such an event");
    CHECK(daemon_tries("REPLACE INTO guard_ledger VALUES (1, 1, 'x', 9, NULL)") ==
          "there is such a debit");
    CHECK(daemon_tries(fmt::format("REPLACE INTO job_targets SELECT {}, resource, target_id, 1 "
                                   "FROM job_targets WHERE open = 1",
                                   next)) == "another job is active on this object");
}

TEST_CASE_FIXTURE(Queue, "guards: a target stays the object it is, and an ended job has none open")
{
    const auto id = add_in(State::succeeded);
    for (const auto* change : {"target_id = 'x'", "resource = 'x'", "job_id = 7"})
        CHECK(daemon_tries(fmt::format("UPDATE job_targets SET {}", change)) ==
              "a target does not change");
    CHECK(daemon_tries("UPDATE job_targets SET open = 1") ==
          "a job that has ended touches nothing more");
    CHECK_THROWS(set_targets(database, id, std::vector<Target>{{"cloud_pcs", "x"}}, false));
}

TEST_CASE_FIXTURE(Queue, "guards: the table of transitions is fixed")
{
    for (const auto* change :
         {"UPDATE job_transitions SET needs = ''", "DELETE FROM job_transitions",
          "INSERT INTO job_transitions VALUES ('failed', 'queued', '')"})
        CHECK(daemon_tries(change) == "the changes of state are fixed");
}
