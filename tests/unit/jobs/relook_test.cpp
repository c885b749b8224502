// Every later look at jobs that wait: who goes when what held it is gone, and in which order.

#include "tests/unit/jobs/world.hpp"

#include <fmt/format.h>

using namespace cloudpcd;
using namespace cloudpcd::jobs;
using namespace cloudpcd::jobs::test;
using namespace std::chrono_literals;

namespace {

const std::string connection = "7c82a3e3-9459-44e4-94d9-b92f93bf78dd";

struct Waiting : World {
    Waiting()
    {
        have_cloud_pcs(40);
        sync();
    }
    JobId reboot(const std::string& id, int priority = 5)
    {
        const auto job =
            submit_now({.kind = "cloud_pc.reboot", .target_id = id, .priority = priority});
        take_in();
        return job;
    }
    void stop(JobId job)
    {
        CHECK(cancel(database, job, "no", "alice", now) == CancelOutcome::cancelled);
    }
    std::string events(JobId job)
    {
        return value(fmt::format("SELECT count(*) FROM job_events WHERE job_id = {}", job));
    }
};

}  // namespace

TEST_CASE_FIXTURE(Waiting, "relook: nothing is looked at without a cause")
{
    frozen_because = "x";
    const auto frozen = reboot(id_of(1));
    frozen_because.clear();
    CHECK(look_again() == 0);
    CHECK(look_again({.targets = true}) == 0);
    CHECK(look_again({.holds = {Hold::login, Hold::clock}}) == 0);
    CHECK(job(frozen).held_by == Hold::freeze);
    CHECK(look_again({.holds = {Hold::freeze}}) == 1);
    CHECK(state(frozen) == State::queued);
}

TEST_CASE_FIXTURE(Waiting, "relook: at its time")
{
    const auto id = submit_now(
        {.kind = "cloud_pc.reboot", .target_id = machine, .not_before = format_sql_time(now + 1h)});
    take_in();
    now += 1h - 1ms;
    CHECK(look_again() == 0);
    now += 1ms;
    CHECK(look_again() == 1);
    CHECK(state(id) == State::queued);
    CHECK(open_on(machine) == std::vector<JobId>{id});
}

TEST_CASE_FIXTURE(Waiting, "relook: what a wrong clock queued says that it waits")
{
    now += 10h;
    const auto job_id = reboot(id_of(1));
    REQUIRE(state(job_id) == State::queued);
    now -= 10h;
    CHECK(look_again() == 1);
    CHECK(job(job_id).held_by == Hold::not_before);
    CHECK(says(*job(job_id).state_reason, "waits for"));
    CHECK(job(job_id).due_at == job(job_id).not_before);
    now += 10h;
    CHECK(look_again() == 1);
    CHECK(state(job_id) == State::queued);
}

TEST_CASE_FIXTURE(Waiting, "relook: a sign-in lets go of those that waited for it")
{
    have("on_premises_connections", connection, "");
    user.reset();
    const auto id =
        submit_now({.kind = "on_premises_connection.run_health_checks", .target_id = connection});
    take_in();
    CHECK(job(id).held_by == Hold::login);
    CHECK(look_again({.holds = {Hold::login}}) == 0);
    CHECK(events(id) == "2");  // submitted, held: looking again is no event
    user = "operator@contoso.example";
    CHECK(look_again({.holds = {Hold::login}}) == 1);
    CHECK(state(id) == State::queued);
}

TEST_CASE_FIXTURE(Waiting, "relook: those that wait for a target go one by one, in their order")
{
    const auto active = reboot(machine);
    const auto second = reboot(machine, 7);
    const auto first = reboot(machine, 3);
    const auto third = reboot(machine, 7);
    REQUIRE(claim(active).has_value());
    CHECK(look_again({.targets = true}) == 0);
    succeed(active);
    for (const auto next : {first, second, third}) {
        CHECK(look_again({.targets = true}) == 1);
        CHECK(state(next) == State::queued);
        CHECK(open_on(machine) == std::vector<JobId>{next});
        REQUIRE(claim(next).has_value());
        succeed(next);
    }
    CHECK(value("SELECT count(*) FROM jobs WHERE held_by IS NOT NULL") == "0");
}

TEST_CASE_FIXTURE(Waiting, "relook: of two reprovisions of one machine the second is a duplicate")
{
    const auto first = reprovision();
    take_in();
    const auto second = reprovision();
    const auto restore = submit_now({.kind = "cloud_pc.restore",
                                     .target_id = machine,
                                     .params = R"({"cloudPcSnapshotId":"s"})"});
    take_in();
    CHECK(job(second).held_by == Hold::target_busy);
    CHECK(job(restore).held_by == Hold::target_busy);
    REQUIRE(claim(first).has_value());
    succeed(first);
    look_again({.targets = true});
    CHECK(state(second) == State::rejected);
    CHECK(says(reason(second), fmt::format("duplicate of job {}", first)));
    look_again({.targets = true});
    CHECK(state(restore) == State::queued);
}

TEST_CASE_FIXTURE(Waiting, "relook: one that failed is no reason to reject the next")
{
    const auto first = reprovision();
    take_in();
    const auto second = reprovision();
    take_in();
    const auto attempt = claim(first);
    REQUIRE(attempt.has_value());
    record_verdict(database, attempt->attempt_id, Verdict::not_executed, {}, now);
    REQUIRE(transition(database, first, State::sending, State::failed, {}, "daemon", now));
    look_again({.targets = true});
    CHECK(state(second) == State::queued);
}

TEST_CASE_FIXTURE(Waiting, "relook: a doubtful job keeps its targets")
{
    const auto first = reboot(machine);
    const auto second = reboot(machine);
    const auto attempt = claim(first);
    REQUIRE(attempt.has_value());
    record_verdict(database, attempt->attempt_id, Verdict::unknown, {}, now);
    REQUIRE(transition(database, first, State::sending, State::in_doubt, {}, "daemon", now));
    CHECK(look_again({.targets = true}) == 0);
    CHECK(job(second).held_by == Hold::target_busy);
    CHECK(resolve(database, first, true, "seen", "bob", now) == ResolveOutcome::resolved);
    CHECK(look_again({.targets = true}) == 1);
    CHECK(state(second) == State::queued);
}

TEST_CASE_FIXTURE(Waiting, "relook: an end of one that only waited frees those behind it")
{
    const auto active = reboot(id_of(1));
    const auto both =
        submit_now({.kind = "cloud_pc.bulk_restart",
                    .params = fmt::format(R"({{"cloudPcIds":["{}","{}"]}})", id_of(1), id_of(2))});
    take_in();
    const auto behind = reboot(id_of(2));
    CHECK(job(behind).held_by == Hold::target_busy);
    stop(both);
    CHECK(look_again({.targets = true}) == 1);
    CHECK(state(behind) == State::queued);
    CHECK(state(active) == State::queued);
}

TEST_CASE_FIXTURE(Waiting, "relook: a restored job is let go by a person only")
{
    frozen_because = "x";
    const auto id = reboot(machine);
    hold_restored(database, now);
    frozen_because.clear();
    CHECK(look_again({.holds = {Hold::freeze, Hold::restored}, .targets = true}) == 0);
    CHECK(job(id).held_by == Hold::restored);
    now += 48h;
    CHECK(look_again({.holds = {Hold::restored}}) == 0);
}

TEST_CASE_FIXTURE(Waiting, "relook: a credential that was taken away")
{
    have("on_premises_connections", connection, "");
    frozen_because = "x";
    const auto id = submit_now({.kind = "on_premises_connection.update_ad_domain_password",
                                .target_id = connection,
                                .params = R"({"adDomainPassword":{"credential":"ad-join"}})"});
    take_in();
    frozen_because.clear();
    credentials = [](std::string_view) { return false; };
    CHECK(look_again({.holds = {Hold::freeze}}) == 1);
    CHECK(state(id) == State::rejected);
    CHECK(says(reason(id), "[jobs.secrets]"));
}

TEST_CASE_FIXTURE(Waiting, "relook: room in the budgets goes to those that come first and fit")
{
    settings.destructive_per_hour = 4;
    fleet = 1000;
    const auto bulk = [&](int count, int first) {
        std::string ids;
        for (int i = first; i < first + count; ++i)
            ids += fmt::format("{}\"{}\"", i == first ? "" : ",", id_of(i));
        const auto job = destroy({.kind = "cloud_pc.bulk_reprovision",
                                  .params = fmt::format(R"({{"cloudPcIds":[{}]}})", ids)});
        take_in();
        return job;
    };
    const auto spent = bulk(4, 1);
    const auto attempt = claim(spent);
    REQUIRE(attempt.has_value());
    const auto big = bulk(3, 10);
    const auto small = bulk(2, 20);
    const auto last = bulk(1, 30);
    for (const auto job : {big, small, last})
        CHECK(this->job(job).held_by == Hold::budget);
    // The request came to nothing: its debit is given back.
    record_verdict(database, attempt->attempt_id, Verdict::not_executed, {}, now);
    now += 29s;
    CHECK(look_again() == 0);  // looked at less than 30 s ago
    now += 1s;
    CHECK(look_again() == 2);
    CHECK(state(big) == State::queued);
    CHECK(job(small).held_by == Hold::budget);  // what is queued is as good as taken
    CHECK(state(last) == State::queued);
    now += 30s;
    CHECK(look_again() == 0);  // no room, so nobody is even asked
    REQUIRE(claim(big).has_value());
    REQUIRE(claim(last).has_value());
    now += 1h;
    CHECK(look_again() == 1);
    CHECK(state(small) == State::queued);
}

TEST_CASE_FIXTURE(Waiting, "relook: at most so many at once, and the rest when asked again")
{
    frozen_because = "x";
    for (int i = 1; i <= 25; ++i)
        reboot(id_of(i));
    CHECK(look_again({.holds = {Hold::freeze}}, 10) == 0);
    frozen_because.clear();
    CHECK(look_again({.holds = {Hold::freeze}}, 10) == 10);
    CHECK(look_again({.holds = {Hold::freeze}}, 10) == 10);
    CHECK(look_again({.holds = {Hold::freeze}}, 10) == 5);
    CHECK(value("SELECT count(*) FROM jobs WHERE state = 'queued'") == "25");
}

TEST_CASE_FIXTURE(Waiting,
                  "relook: thousands behind one machine do not hide the one behind another")
{
    constexpr int count = 2'000;
    const auto active = reboot(id_of(1));
    const auto elsewhere = reboot(id_of(2));
    database.transaction([&] {
        for (int i = 0; i < count; ++i)
            submit_now({.kind = "cloud_pc.reboot", .target_id = id_of(1)});
    });
    const auto behind = submit_now({.kind = "cloud_pc.reboot", .target_id = id_of(2)});
    while (take_in().jobs > 0) {
    }
    CHECK(value("SELECT count(*) FROM jobs WHERE held_by = 'target_busy'") ==
          std::to_string(count + 1));
    for (const auto id : {active, elsewhere}) {
        REQUIRE(claim(id).has_value());
        succeed(id);
    }
    now += 1min;
    CHECK(look_again({.targets = true}, 200) == 2);
    CHECK(state(elsewhere + 1) == State::queued);
    CHECK(state(behind) == State::queued);
    // Those behind the one that goes now were not even judged.
    CHECK(value(fmt::format("SELECT count(*) FROM jobs WHERE updated_at = '{}'",
                            format_sql_time(now))) == "2");
    // As much work for all the others as there is to do: none.
    const auto before = value("SELECT total_changes()");
    CHECK(look_again({.targets = true}, 200) == 0);
    CHECK(value("SELECT total_changes()") == before);
}

TEST_CASE_FIXTURE(Waiting, "relook: what a job of the queue has just created is not gone")
{
    const auto creation =
        submit_now({.kind = "user_setting.create",
                    .params = R"({"displayName":"x","localAdminEnabled":false})"});
    take_in();
    REQUIRE(claim(creation).has_value());
    record_verdict(database, last_attempt(database, creation)->attempt_id, Verdict::executed,
                   {.evidence = "created:" + connection}, now);
    const auto job = submit_now({.kind = "user_setting.delete", .target_id = connection});
    take_in();
    auto ruling = judge_fresh(job);
    CHECK(ruling.held_by == Hold::unreadable);
    CHECK(ruling.state == State::held);
    now += 10min;
    ruling = judge_fresh(job);
    CHECK(ruling.state == State::succeeded);
    CHECK(ruling.reason == "already gone");
}

TEST_CASE_FIXTURE(Waiting, "relook: changes of the tenant's one settings object keep their order")
{
    const auto change = [&](const char* params) {
        return submit_now({.kind = "organization_settings.update", .params = params});
    };
    const auto first = change(R"({"enableSingleSignOn":true})");
    const auto second = change(R"({"enableSingleSignOn":false})");
    take_in();
    CHECK(state(first) == State::queued);
    CHECK(job(second).held_by == Hold::target_busy);
}
