// How many Cloud PCs destructive jobs touch in an hour and a day, and who has to wait.

#include "tests/unit/jobs/world.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

using namespace cloudpcd;
using namespace cloudpcd::jobs;
using namespace cloudpcd::jobs::test;
using namespace std::chrono_literals;

namespace {

struct Spending : World {
    Spending()
    {
        have_cloud_pcs(40);
        sync();
    }

    /// Takes the job in, and judges it by what Graph says now.
    Ruling rule(JobId job)
    {
        take_in();
        REQUIRE(state(job) != State::rejected);
        return judge_fresh(job);
    }
    JobId bulk(int count, int first = 1)
    {
        std::vector<std::string> ids;
        for (int i = first; i < first + count; ++i)
            ids.push_back(fmt::format("\"{}\"", id_of(i)));
        return destroy({.kind = "cloud_pc.bulk_reprovision",
                        .params = fmt::format(R"({{"cloudPcIds":[{}]}})", fmt::join(ids, ","))});
    }
    void approve(JobId job)
    {
        REQUIRE(jobs::approve(database, job,
                              {.approver = "bob", .actor = "bob (uid 1001)", .own_allowed = true},
                              now) == ApproveOutcome::approved);
    }
    /// A destructive job that goes, and takes so many Cloud PCs from the budgets.
    JobId spend(int count, int first = 1)
    {
        const auto job = bulk(count, first);
        take_in();
        REQUIRE(claim(job).has_value());
        return job;
    }
};

}  // namespace

TEST_CASE_FIXTURE(Spending, "budget: more than a whole budget needs approval of that number")
{
    settings.destructive_per_hour = 20;
    settings.destructive_fraction_per_day = 0.10;
    const auto limit = [&](std::int64_t cloud_pcs) {
        fleet = cloud_pcs;
        int fits = 0;
        for (int count = 1; count <= 25; ++count) {
            const auto job = bulk(count);
            if (guard(rule(job), "approval").passes)
                fits = count;
            CHECK(cancel(database, job, "", "alice", now) == CancelOutcome::cancelled);
        }
        return fits;
    };
    CHECK(limit(0) == 3);
    CHECK(limit(39) == 3);
    CHECK(limit(49) == 4);
    CHECK(limit(50) == 5);
    CHECK(limit(10'000) == 20);
}

TEST_CASE_FIXTURE(Spending, "budget: the budget of an hour says when there is room again")
{
    settings.destructive_per_hour = 5;
    fleet = 1000;
    spend(3);
    now += 10min;
    spend(2, 10);
    const auto job = bulk(2, 20);
    const auto ruling = rule(job);
    CHECK(ruling.state == State::held);
    CHECK(ruling.held_by == Hold::budget);
    CHECK(ruling.occupies);
    CHECK(ruling.earliest == now - 10min + 1h);
    CHECK(ruling.due_at == ruling.earliest);
    CHECK(says(ruling.reason, format_sql_time(*ruling.earliest)));
    CHECK(guard(judge_fresh(job), "approval").passes);

    now = *ruling.earliest - 1ms;
    CHECK(judge_fresh(job).held_by == Hold::budget);
    CHECK(*judge_fresh(job).due_at >= now + 30s);  // not looked at every moment
    now += 1ms;
    CHECK(judge_fresh(job).state == State::queued);
}

TEST_CASE_FIXTURE(Spending, "budget: the budget of a day is a fraction of the fleet")
{
    settings.destructive_per_hour = 5;
    fleet = 60;
    spend(5);
    now += 2h;
    const auto two = bulk(2, 10);
    const auto one = reprovision(id_of(20));
    const auto ruling = rule(two);
    CHECK(ruling.held_by == Hold::budget);
    CHECK(ruling.earliest == now - 2h + 24h);
    // It does not stand in the way of what fits.
    CHECK(rule(one).state == State::queued);
    REQUIRE(claim(one).has_value());
    CHECK(rule(reprovision(id_of(21))).held_by == Hold::budget);
    CHECK(rule(submit_now({.kind = "cloud_pc.reboot", .target_id = id_of(22)})).state ==
          State::queued);
}

TEST_CASE_FIXTURE(Spending,
                  "budget: a debit that was given back makes room, what may have run does not")
{
    settings.destructive_per_hour = 3;
    fleet = 1000;
    const auto first = spend(3);
    const auto job = reprovision(id_of(20));
    CHECK(rule(job).held_by == Hold::budget);
    const auto attempt = last_attempt(database, first)->attempt_id;
    record_verdict(database, attempt, Verdict::unknown, {}, now);
    CHECK(judge_fresh(job).held_by == Hold::budget);
    record_verdict(database, attempt, Verdict::not_executed, {}, now);
    CHECK(judge_fresh(job).state == State::queued);
}

TEST_CASE_FIXTURE(Spending, "budget: what is approved debits the budgets of the others")
{
    settings.destructive_per_hour = 5;
    fleet = 1000;
    const auto big = bulk(10);
    take_in();
    approve(big);
    REQUIRE(claim(big).has_value());
    const auto ruling = rule(reprovision(id_of(20)));
    CHECK(ruling.held_by == Hold::budget);
    CHECK(ruling.earliest == now + 1h);
}
