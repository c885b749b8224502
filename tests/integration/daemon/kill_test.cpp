// At most once, with the built daemon: it is killed again and again while jobs run, against a
// tenant that executes and then says nothing, or something wrong. Afterwards the tenant's log of
// what it executed is compared with what the queue says.
//
// CLOUDPCD_KILLS=500 kills more often than in tools/test, CLOUDPCD_SEED=7 at other moments:
// tools/kill-jobs.

#include "tests/integration/daemon/jobs_world.hpp"
#include "tests/support/mirror_check.hpp"

#include <SQLiteCpp/Statement.h>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <thread>

using namespace cloudpcd::test;
namespace faults = graphsim::faults;

namespace {

using namespace std::chrono_literals;

/// Room for the doubts that kills leave: a Cloud PC with one takes no other job.
constexpr std::size_t fleet_min = 200;
constexpr std::size_t fleet_per_kill = 4;

std::uint64_t setting(const char* name, std::uint64_t otherwise)
{
    const char* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread by now
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class Dice {
public:
    explicit Dice(std::uint64_t seed) : x_engine{seed} {}
    std::size_t below(std::size_t n) { return x_engine() % n; }

private:
    std::mt19937_64 x_engine;
};

/// Sets the next few writes up for trouble.
void trouble(JobsWorld& world, Dice& dice)
{
    world.tenant([&](graphsim::Tenant& tenant) {
        auto& rules = tenant.faults();
        rules.clear();
        auto add = [&](graphsim::Fault fault) {
            fault.nth = 1 + static_cast<int>(dice.below(4));
            fault.method = "write";
            rules.add(fault);
        };
        switch (dice.below(8)) {
            case 0:
                return add(faults::executed("", graphsim::Effect::reset_before_response));
            case 1:
                return add(faults::executed("", graphsim::Effect::hang));
            case 2:
                return add(faults::executed("", 504));
            case 3:
                return add(faults::lost("", graphsim::Effect::reset_before_response));
            case 4:
                return add(faults::throttled("", "1"));
            case 5:
                return add(faults::unavailable("", ""));
            case 6: {
                auto late = faults::effect("", graphsim::Effect::delay);
                late.delay = 20ms;
                late.times = 0;
                return add(late);
            }
            default:
                return;
        }
    });
}

/// A job on a Cloud PC that has none open; of class 2 each Cloud PC gets one.
class Submitter {
public:
    Submitter(JobsWorld& world, Dice& dice, std::size_t fleet) : x_world{&world}, x_dice{&dice}
    {
        world.tenant([&](graphsim::Tenant& tenant) {
            for (auto& machine : tenant.objects("cloudPCs"))
                x_cloud_pcs.push_back(machine.id);
        });
        REQUIRE(x_cloud_pcs.size() == fleet);
    }
    void submit()
    {
        const auto& machine = x_cloud_pcs[x_dice->below(x_cloud_pcs.size())];
        const auto kind = x_dice->below(4);
        if (kind == 0 && x_reprovisioned < x_cloud_pcs.size() * 3 / 4)
            x_world->insert({.kind = "cloud_pc.reprovision",
                             .target = x_cloud_pcs[x_reprovisioned++],
                             .params = R"({"osVersion":"windows11"})"});
        else if (kind == 1)
            x_world->insert({.kind = "cloud_pc.rename",
                             .target = machine,
                             .params = fmt::format(R"({{"displayName":"N{}"}})", ++x_names)});
        else if (kind == 2)
            x_world->insert(
                {.kind = "cloud_pc.bulk_restart",
                 .params = fmt::format(R"({{"cloudPcIds":["{}","{}"]}})",
                                       x_cloud_pcs[x_pairs % x_cloud_pcs.size()],
                                       x_cloud_pcs[(x_pairs + 1) % x_cloud_pcs.size()])}),
                x_pairs += 2;
        else
            x_world->insert({.kind = "cloud_pc.reboot", .target = machine});
    }

private:
    JobsWorld* x_world;
    Dice* x_dice;
    std::vector<std::string> x_cloud_pcs{};
    std::size_t x_reprovisioned = 0;
    std::size_t x_names = 0;
    std::size_t x_pairs = 0;
};

std::int64_t number(const JobsWorld& world, const std::string& sql)
{
    return std::stoll(world.one(sql));
}

/// Waits for something that is about to happen in the daemon, then a moment, and kills it there.
void kill_somewhere(JobsWorld& world, Dice& dice)
{
    constexpr const char* counts[] = {
        "SELECT count(*) FROM job_attempts",
        "SELECT count(*) FROM job_attempts WHERE verdict IS NOT NULL",
        "SELECT count(*) FROM job_events WHERE to_state = 'accepted'",
        "SELECT count(*) FROM job_events WHERE to_state = 'queued'",
    };
    const auto kind = dice.below(6);
    const auto moment = std::chrono::microseconds{dice.below(12'000)};
    const auto more = static_cast<std::int64_t>(1 + dice.below(3));
    const auto writes = world.writes();
    const auto before = kind < 4 ? number(world, counts[kind]) : 0;
    world.start();
    const auto end = std::chrono::steady_clock::now() + 3s;
    const auto happened = [&] {
        if (std::chrono::steady_clock::now() > end)
            return true;  // nothing of the kind is to come: as good a moment as any
        return kind < 4    ? number(world, counts[kind]) >= before + more
               : kind == 4 ? world.writes() >= writes + static_cast<std::size_t>(more)
                           : true;
    };
    wait_until(happened);
    std::this_thread::sleep_for(moment);
    world.kill();
}

/// Jobs that have neither ended nor wait for a person, nor for one that does.
constexpr auto unsettled =
    "SELECT count(*) FROM jobs WHERE finished_at IS NULL AND state <> 'in_doubt' "
    "AND held_by IS NOT 'target_busy'";
constexpr auto open_jobs =
    "SELECT coalesce(group_concat(state || ' ' || coalesce(held_by, '') || ' ' || "
    "coalesce(state_reason, ''), '; '), '') FROM jobs WHERE finished_at IS NULL";

/// What a person does who can look into the tenant's own log, until nothing is open.
void resolve_doubts(JobsWorld& world)
{
    const auto doubtful = [&] {
        return number(world, "SELECT coalesce(min(job_id), 0) FROM jobs WHERE state = 'in_doubt'");
    };
    const auto settled = [&] {
        return number(world, unsettled) == 0 && (doubtful() > 0 || world.one(open_jobs).empty());
    };
    while (true) {
        REQUIRE_MESSAGE(wait_until(settled), world.one(open_jobs));
        const auto job = doubtful();
        if (job == 0)
            return;
        const auto* verdict = world.executions_of(job).empty() ? "--not-executed" : "--executed";
        const auto resolved = world.ctl({"jobs", "resolve", std::to_string(job), verdict,
                                         "--reason", "seen in the tenant's log"});
        REQUIRE_MESSAGE(resolved.status == 0, resolved.errors);
    }
}

struct Tally {
    std::map<std::string, int> states{};
    int executed = 0;
};

/// What the tenant executed for each job, against what the job says.
Tally compare_with_oracle(JobsWorld& world)
{
    std::map<std::string, std::size_t> executions;
    world.tenant([&](graphsim::Tenant& tenant) {
        for (const auto& one : tenant.executions().entries())
            ++executions[one.client_request_id];
    });
    SQLite::Database queue{world.queue_path().string(), SQLite::OPEN_READONLY, 5000};
    SQLite::Statement row{queue,
                          "SELECT j.job_id, j.state, coalesce(a.client_request_id, ''), "
                          "coalesce(a.verdict, '') FROM jobs j LEFT JOIN job_attempts a "
                          "ON a.job_id = j.job_id ORDER BY j.job_id, a.attempt"};
    std::map<std::int64_t, std::size_t> by_job;
    std::map<std::int64_t, std::string> states;
    Tally tally;
    while (row.executeStep()) {
        const auto job = row.getColumn(0).getInt64();
        CAPTURE(job);
        states[job] = row.getColumn(1).getString();
        const auto of_attempt = executions[row.getColumn(2).getString()];
        by_job[job] += of_attempt;
        executions.erase(row.getColumn(2).getString());
        const auto verdict = row.getColumn(3).getString();
        if (verdict == "executed")
            CHECK(of_attempt == 1);
        if (verdict == "not_executed")
            CHECK(of_attempt == 0);
    }
    for (const auto& [job, state] : states) {
        CAPTURE(job);
        CAPTURE(state);
        ++tally.states[state];
        tally.executed += static_cast<int>(by_job[job]);
        CHECK(by_job[job] <= 1);
        if (state == "succeeded")
            CHECK(by_job[job] == 1);
        if (state == "rejected" || state == "expired" || state == "cancelled")
            CHECK(by_job[job] == 0);
    }
    CHECK(executions.empty());  // nothing was sent that no attempt knows of
    return tally;
}

}  // namespace

TEST_CASE("kills: whatever the moment, no job is executed twice, and the queue stays whole")
{
    const auto kills = setting("CLOUDPCD_KILLS", 50);
    const auto seed = setting("CLOUDPCD_SEED", 1);
    CAPTURE(seed);
    Dice dice{seed};
    const auto fleet = std::max<std::size_t>(fleet_min, kills * fleet_per_kill);
    JobsWorld world{quick_tenant(fleet)};
    Submitter submitter{world, dice, fleet};
    world.start_and_sync();
    CHECK(world.stop() == 0);
    for (std::uint64_t kill = 0; kill < kills; ++kill) {
        CAPTURE(kill);
        for (auto jobs = 2 + dice.below(5); jobs > 0; --jobs)
            submitter.submit();
        trouble(world, dice);
        kill_somewhere(world, dice);
        REQUIRE(world.one("PRAGMA integrity_check") == "ok");
    }
    world.tenant([](graphsim::Tenant& tenant) { tenant.faults().clear(); });
    world.start();
    CHECK_MESSAGE(wait_until([&] { return number(world, unsettled) == 0; }), world.one(open_jobs));
    const auto doubtful = number(world, "SELECT count(*) FROM jobs WHERE state = 'in_doubt'");
    compare_with_oracle(world);
    resolve_doubts(world);
    CHECK(world.stop() == 0);
    const auto tally = compare_with_oracle(world);
    std::string text;
    for (const auto& [state, jobs] : tally.states)
        text += fmt::format(" {} {},", jobs, state);
    MESSAGE(fmt::format("{} kills:{} {} of them in doubt to the end, {} requests executed", kills,
                        text, doubtful, tally.executed));
    CHECK(tally.executed > 0);
    CHECK(world.one("PRAGMA integrity_check") == "ok");
    CHECK(world.one("SELECT count(*) FROM pragma_foreign_key_check") == "0");
    CHECK(world.installation.one("PRAGMA integrity_check") == "ok");
}
