// The first look at rows that somebody inserted.

#include "sync/jobs/expectations.hpp"
#include "tests/unit/jobs/world.hpp"

#include <fmt/format.h>

using namespace cloudpcd;
using namespace cloudpcd::jobs;
using namespace cloudpcd::jobs::test;
using namespace std::chrono_literals;

namespace {

struct Submitted : World {
    Submitted()
    {
        have_cloud_pcs(3);
        sync();
    }
    JobId reboot(std::optional<std::string> not_before, std::optional<std::string> expires_at)
    {
        const auto job = submit_now({.kind = "cloud_pc.reboot",
                                     .target_id = machine,
                                     .not_before = std::move(not_before),
                                     .expires_at = std::move(expires_at)});
        take_in();
        return job;
    }
    std::string in(Duration duration) const { return format_sql_time(now + duration); }
};

constexpr auto year = std::chrono::days{366};
constexpr auto week = std::chrono::days{7};

}  // namespace

TEST_CASE_FIXTURE(Submitted, "intake: fills what people and guards look at")
{
    const auto id = destroy({.target_id = machine, .params = R"({"osVersion":"windows11"})"});
    const auto taken_in = take_in();
    CHECK(taken_in.last == id);
    CHECK(taken_in.jobs == 1);
    CHECK_FALSE(taken_in.secret_erased);
    const auto taken_job = job(id);
    CHECK(taken_job.state == State::queued);
    CHECK(taken_job.target_name == "CPC 0001");
    CHECK(taken_job.risk == 2);
    CHECK(taken_job.touches == 1);
    CHECK(taken_job.duplicate_key == "reprovision");
    CHECK(taken_job.not_before == format_sql_time(now));
    CHECK(taken_job.expires_at == in(4h));
    CHECK(open_on(machine) == std::vector<JobId>{id});
    CHECK(take_in().jobs == 0);
}

TEST_CASE_FIXTURE(Submitted, "intake: times are filled, respelled, and bounded")
{
    CHECK(job(reboot({}, {})).expires_at == in(24h));
    CHECK(job(reboot(in(48h), {})).expires_at == in(72h));
    const auto spelled = reboot("2026-01-01T05:00:00+02:00", "2026-01-02");
    CHECK(job(spelled).not_before == "2026-01-01 03:00:00.000");
    CHECK(job(spelled).expires_at == "2026-01-02 00:00:00.000");

    const auto refusal = [&](std::optional<std::string> not_before,
                             std::optional<std::string> expires_at) {
        const auto id = reboot(std::move(not_before), std::move(expires_at));
        return state(id) == State::rejected ? reason(id) : std::string{};
    };
    CHECK(refusal(in(year), {}) == "");
    CHECK(says(refusal(in(year + 1ms), {}), "more than a year ahead"));
    CHECK(says(refusal("9999-12-31", {}), "more than a year ahead"));
    CHECK(refusal({}, in(week)) == "");
    CHECK(says(refusal({}, in(week + 1ms)), "more than 7 days"));
    CHECK(refusal(in(48h), in(48h + week)) == "");
    CHECK(says(refusal(in(48h), in(48h + week + 1ms)), "more than 7 days"));
    CHECK(says(refusal(in(48h), in(48h)), "expires_at is not after"));
    CHECK(refusal(in(48h), in(48h + 1ms)) == "");
    CHECK(says(refusal({}, in(0ms)), "expires_at is not after"));
    CHECK(says(refusal(in(-10h), in(-1h)), "expires_at is not after"));
    CHECK(refusal(in(-10h), {}) == "");
}

TEST_CASE_FIXTURE(Submitted, "intake: what was inserted while the clock was ahead need not wait")
{
    skew = std::chrono::hours{24 * 3652};
    now += *skew;
    const auto id = submit_now({.kind = "cloud_pc.reboot", .target_id = machine});
    take_in();
    now -= *skew;
    CHECK(job(id).not_before == format_sql_time(now));
    CHECK(state(id) == State::queued);
}

TEST_CASE_FIXTURE(Submitted, "intake: what was expired when it came in is expired")
{
    const auto id = submit_now({.kind = "cloud_pc.reboot", .target_id = machine});
    now += 24h;
    take_in();
    CHECK(state(id) == State::expired);
}

TEST_CASE_FIXTURE(Submitted, "intake: disabled, rows get their expiry and stay as they are")
{
    settings.enabled = false;
    const auto id = reprovision();
    const auto wrong = submit_now({.kind = "no.such.kind"});
    take_in();
    CHECK(state(id) == State::submitted);
    CHECK(state(wrong) == State::submitted);
    CHECK(job(id).expires_at == in(4h));
    CHECK_FALSE(job(id).risk.has_value());
    CHECK(open_on(machine).empty());
    CHECK(expire_due(database, now + 24h, 10).size() == 2);

    const auto later = reprovision();
    take_in();
    settings.enabled = true;
    taken = 0;  // as the next start
    take_in();
    CHECK(state(later) == State::queued);
}

TEST_CASE_FIXTURE(Submitted,
                  "intake: what a restored queue has not looked at is looked at, and held")
{
    const auto good = reprovision();
    const auto dry = destroy({.target_id = machine, .dry_run = true});
    const auto secret = submit_now({.kind = "cloud_pc.rename",
                                    .target_id = machine,
                                    .params = R"({"displayName":"x","localPassword":"hunter2"})"});
    CHECK(hold_restored(database, now) == 0);
    // Killed here, the next start does not find that it was restored.
    reopen();
    const auto after = submit_now({.kind = "cloud_pc.reboot", .target_id = id_of(2)});
    settings.enabled = false;
    take_in();
    settings.enabled = true;
    taken = 0;
    const auto seen = take_in();
    CHECK(job(good).held_by == Hold::restored);
    CHECK(reason(good) == restored_reason);
    CHECK(job(good).expires_at == in(4h));
    CHECK(job(good).risk == 2);
    CHECK(open_on(machine).empty());
    CHECK(seen.dry_runs == std::vector<JobId>{dry});
    CHECK(state(secret) == State::rejected);
    CHECK(job(secret).params == R"({"erased":true})");
    CHECK(seen.secret_erased);
    CHECK(state(after) == State::queued);
    CHECK(look_again({.holds = {Hold::restored}, .targets = true}) == 0);
    now += 4h;
    CHECK(expire_due(database, now, 10) == std::vector<JobId>{good, dry});
}

TEST_CASE_FIXTURE(Submitted, "intake: rows by SQL are rejected where they are not accepted")
{
    const auto by_api = reprovision();
    take_in();
    settings.sql_submit = false;
    const auto id = insert("kind, target_id, requested_by",
                           "'cloud_pc.reboot', '" + id_of(2) + "', 'root (uid 0)'");
    take_in();
    CHECK(state(by_api) == State::queued);
    CHECK(state(id) == State::rejected);
    CHECK(says(reason(id), "sql_submit = false"));
    settings.sql_submit = true;
    const auto accepted = insert("kind, target_id", "'cloud_pc.reboot', '" + id_of(2) + "'");
    take_in();
    CHECK(state(accepted) == State::queued);
}

TEST_CASE_FIXTURE(Submitted, "intake: whom a row names as its author gives it no right")
{
    settings.approval = config::Approval::destructive;
    const auto id = insert("kind, target_id, requested_by",
                           "'cloud_pc.reprovision', '" + machine + "', 'root (uid 0)'");
    take_in();
    CHECK(state(id) == State::awaiting_approval);
    CHECK(job(id).requested_by == "root (uid 0)");
    CHECK_FALSE(job(id).actor_verified);
    CHECK(job(id).origin == "sql");
}

TEST_CASE_FIXTURE(Submitted, "intake: what cannot be is rejected with all reasons")
{
    const auto id = submit_now({.kind = "cloud_pc.rename",
                                .target_id = "x",
                                .params = "[]",
                                .expect = "[]",
                                .not_before = "9999-01-01"});
    take_in();
    CHECK(state(id) == State::rejected);
    for (const auto* part :
         {"year ahead", "target_id", "params are an array", "expect is an array"})
        CHECK_MESSAGE(says(reason(id), part), reason(id));
    CHECK(targets_of(database, id).empty());
}

TEST_CASE_FIXTURE(Submitted, "intake: a literal secret is erased with the rejection")
{
    // The trigger sees through none of this: the kind takes no secret.
    const auto id = submit_now({.kind = "cloud_pc.rename",
                                .target_id = machine,
                                .params = R"({"displayName":"x","localPassword":"hunter2"})"});
    CHECK(take_in().secret_erased);
    CHECK(state(id) == State::rejected);
    CHECK(job(id).params == R"({"erased":true})");
    CHECK_FALSE(says(reason(id), "hunter2"));
    REQUIRE(database.checkpoint_truncate());
    CHECK_FALSE(says(store::test::read_file(path), "hunter2"));
}

TEST_CASE_FIXTURE(Submitted,
                  "intake: a destructive job expects the users whom the mirror had when it came")
{
    now = mirror.clock.utc_now();
    const auto id = destroy({.kind = "cloud_pc.bulk_reprovision",
                             .params = fmt::format(R"({{"cloudPcIds":["{}","{}","{}"]}})", id_of(1),
                                                   id_of(2), id_of(99))});
    const auto reboot = submit_now({.kind = "cloud_pc.reboot", .target_id = id_of(3)});
    // Between the INSERT and the first look at it, the machine is given to somebody else.
    have_cloud_pc(id_of(1), "bob@contoso.example");
    sync();
    now += 10min;
    take_in();
    CHECK(expected_users(database, id) ==
          ExpectedUsers{{id_of(1), "user1@contoso.example"}, {id_of(2), "user2@contoso.example"}});
    CHECK(expected_users(database, reboot).empty());
    lose("cloud_pcs", id_of(99));
    have_cloud_pc(id_of(99), "new@contoso.example");
    const auto ruling = judge_fresh(id);
    CHECK(ruling.state == State::rejected);
    CHECK(says(ruling.reason, "precondition_changed"));
    CHECK(says(ruling.reason, "bob@contoso.example"));
    CHECK_FALSE(says(ruling.reason, "new@contoso.example"));
}

TEST_CASE_FIXTURE(Submitted, "intake: dry runs that are well-formed are left for their check")
{
    const auto id = destroy({.target_id = machine, .dry_run = true});
    const auto wrong =
        submit_now({.kind = "cloud_pc.rename", .target_id = machine, .dry_run = true});
    const auto both = take_in();
    CHECK(both.dry_runs == std::vector<JobId>{id});
    CHECK(state(id) == State::submitted);
    CHECK(job(id).expires_at == in(4h));
    CHECK(open_on(machine).empty());
    CHECK(state(wrong) == State::rejected);
}

TEST_CASE_FIXTURE(Submitted, "intake: before its time a job occupies nothing")
{
    const auto later = submit_now(
        {.kind = "cloud_pc.reboot", .target_id = machine, .not_before = format_sql_time(now + 1h)});
    const auto soon = submit_now({.kind = "cloud_pc.troubleshoot", .target_id = machine});
    take_in();
    CHECK(job(later).held_by == Hold::not_before);
    CHECK(state(soon) == State::queued);
    CHECK(open_on(machine) == std::vector<JobId>{soon});
    CHECK(next_due(database) == now + 1h);
}

TEST_CASE_FIXTURE(Submitted, "intake: takes a bounded number at a time, in their order")
{
    for (int i = 0; i < intake_max + 1; ++i)
        submit_now({.kind = "cloud_pc.reboot", .target_id = machine});
    CHECK(take_in().jobs == intake_max);
    CHECK(take_in().jobs == 1);
    CHECK(take_in().jobs == 0);
    CHECK(value("SELECT count(*) FROM jobs WHERE state = 'queued'") == "1");
    CHECK(open_on(machine) == std::vector<JobId>{1});
}

TEST_CASE_FIXTURE(Submitted, "intake: ten thousand rows of a statement without WHERE")
{
    constexpr int count = 10'000;
    fleet = count;
    mirror.database.execute(fmt::format(
        "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) "
        "INSERT OR IGNORE INTO cloud_pcs (id, _seq, _version_seq, _changed_at, _first_seen_at, "
        "_slice_hash, _content_hash, _version_hash, raw) "
        "SELECT printf('662009bc-0000-4000-8000-%012x', i), 1000000 + i, 1000000 + i, "
        "'2026-01-01', '2026-01-01', 0, 0, 0, '{{}}' FROM n",
        count));
    database.execute(
        fmt::format("WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) "
                    "INSERT INTO jobs (kind, target_id) SELECT 'cloud_pc.reprovision', "
                    "printf('662009bc-0000-4000-8000-%012x', i) FROM n",
                    count));
    now = *parse_sql_time(job(1).created_at);
    while (take_in().jobs == intake_max) {
    }
    // What the budget of an hour has room for, and not one more.
    CHECK(value("SELECT count(*) FROM jobs WHERE state = 'queued'") == "20");
    CHECK(value("SELECT count(*) FROM jobs WHERE held_by = 'budget'") ==
          std::to_string(count - 20));
    int sent = 0;
    for (const auto& due : next_queued(database, now, count)) {
        tenant_objects.try_emplace({"cloud_pcs", *due.target_id},
                                   boost::json::object{{"id", *due.target_id}});
        sent += claim(due.job_id).has_value() ? 1 : 0;
    }
    CHECK(sent == 20);
    CHECK(debited(database, now - 1h) == 20);
    // Each is told when its turn may come, so that they are not all looked at again at once.
    const auto twenty_first = *parse_sql_time(*job(21).due_at);
    CHECK(twenty_first == now + 1h);
    const auto last = *parse_sql_time(*job(count).due_at);
    CHECK(last >= now + 10h);

    now = twenty_first;
    look_again({}, 200);
    CHECK(value("SELECT count(*) FROM jobs WHERE state = 'queued'") == "20");
    CHECK(state(21) == State::queued);
    CHECK(state(40) == State::queued);
    CHECK(job(41).held_by == Hold::budget);
}

TEST_CASE_FIXTURE(Submitted,
                  "intake: one bulk action on everything waits for approval of its number")
{
    have_cloud_pcs(200);
    sync();
    std::string ids;
    for (int i = 1; i <= 200; ++i)
        ids += fmt::format("{}\"{}\"", i == 1 ? "" : ",", id_of(i));
    const auto id = destroy({.kind = "cloud_pc.bulk_reprovision",
                             .params = fmt::format(R"({{"cloudPcIds":[{}]}})", ids)});
    take_in();
    CHECK(state(id) == State::awaiting_approval);
    CHECK(job(id).touches == 200);
    CHECK(says(reason(id), "200 Cloud PCs"));
    CHECK(open_on(machine).empty());
}
