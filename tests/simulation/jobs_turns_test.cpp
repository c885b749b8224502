// Many jobs at once: what one waits for keeps no other from what it needs.

#include "tests/simulation/jobs_world.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace cloudpcd;
using namespace cloudpcd::simulation;
using namespace std::chrono_literals;
using graphsim::Effect;
namespace faults = graphsim::faults;

namespace {

JobsOptions quick_ends()
{
    JobsOptions options;
    options.writes.pace = 0.004;
    return options;
}

jobs::JobId reboot(JobsWorld& world, std::size_t cloud_pc)
{
    return world.submit({.kind = "cloud_pc.reboot", .target_id = world.cloud_pcs().at(cloud_pc)});
}

void run_until_accepted(JobsWorld& world, jobs::JobId job)
{
    for (int i = 0; i < 1000 && world.state(job) != "accepted"; ++i)
        world.run_for(10ms);
    REQUIRE(world.state(job) == "accepted");
}

}  // namespace

TEST_CASE("jobs simulation: requests without an answer keep nobody from following the others")
{
    JobsWorld world{Seed{1}, quick_ends()};
    const auto followed = reboot(world, 0);
    run_until_accepted(world, followed);
    auto silence = faults::effect("userSettings", Effect::hang);
    silence.method = "POST";
    silence.times = 0;
    world.faults().add(silence);
    for (int i = 0; i < 60; ++i)
        world.submit({.kind = "user_setting.create",
                      .params = fmt::format(R"({{"displayName":"Setting {}"}})", i)});
    const auto dry = world.submit(
        {.kind = "cloud_pc.reboot", .target_id = world.cloud_pcs().at(1), .dry_run = true});
    world.run_for(60s);
    CHECK(world.number("SELECT count(*) FROM jobs WHERE state = 'sending'") > 8);
    CHECK(world.state(followed) == "succeeded");
    CHECK(world.state(dry) == "checked");
}

TEST_CASE("jobs simulation: who waits for a target does not wait for the mirror")
{
    JobsWorld world{Seed{1}, quick_ends()};
    const auto ids = world.cloud_pcs();
    const auto both =
        world.submit({.kind = "cloud_pc.bulk_restart",
                      .params = fmt::format(R"({{"cloudPcIds":["{}","{}"]}})", ids[0], ids[1])});
    run_until_accepted(world, both);
    auto silence = faults::effect("cloudPCs/" + ids[0], Effect::hang);
    silence.method = "GET";
    silence.times = 0;
    world.faults().add(silence);
    const auto next = reboot(world, 1);
    for (int i = 0; i < 60 && world.state(both) == "accepted"; ++i)
        world.run_for(1s);
    REQUIRE(world.state(both) == "succeeded");
    world.run_for(5s);
    CHECK(world.executions(next) == 1);
}

TEST_CASE("jobs simulation: nothing is held by a freeze that has passed, however short it was")
{
    // Frozen and thawed again between two rounds of the daemon, at whatever steps of the job.
    for (std::uint64_t step = 1; step < 30; ++step) {
        for (std::uint64_t length = 1; length < 8; ++length) {
            JobsWorld world{Seed{step}, quick_ends()};
            world.at_step(step, [&] { world.freeze(); });
            world.at_step(step + length, [&] { world.thaw(); });
            const auto job = reboot(world, 0);
            world.run_for(10s);
            CAPTURE(step);
            CAPTURE(length);
            if (!world.frozen())
                CHECK(world.executions(job) == 1);
        }
    }
}

TEST_CASE("jobs simulation: a pause that Graph asks for is said, and ends")
{
    JobsWorld world{Seed{1}, quick_ends()};
    world.faults().add(faults::throttled("/reboot", "600"));
    const auto refused = reboot(world, 0);
    world.run_for(5s);
    const auto other = reboot(world, 1);
    world.run_for(5s);
    CHECK(world.state(other) == "queued");
    CHECK(world.value(fmt::format("SELECT state_reason FROM jobs WHERE job_id = {}", other)) ==
          "Graph asked for a pause in all requests of this sort");
    CHECK(world.number(
              fmt::format("SELECT due_at > updated_at FROM jobs WHERE job_id = {}", other)) == 1);
    world.run_for(10min);
    CHECK(world.executions(refused) == 1);
    CHECK(world.executions(other) == 1);
}

TEST_CASE("jobs simulation: a copy of a queue that has sent nothing yet is known for one")
{
    JobsWorld world{Seed{1}};
    const auto job = world.submit({.kind = "cloud_pc.reprovision",
                                   .target_id = world.cloud_pcs().front(),
                                   .not_before = format_sql_time(world.clock().utc_now() + 48h)});
    world.run_for(10s);
    CHECK(world.state(job) == "held");
    world.move_to_other_machine();
    world.run_for(10s);
    CHECK(world.frozen());
    CHECK(world.value(fmt::format("SELECT held_by FROM jobs WHERE job_id = {}", job)) ==
          "restored");
}

TEST_CASE("jobs simulation: a restored queue whose anchor cannot be written stays frozen")
{
    JobsWorld world{Seed{1}, quick_ends()};
    world.back_up();
    const auto job = reboot(world, 0);
    run_until_accepted(world, job);
    world.break_anchor(true);
    world.restore();
    world.run_for(10s);
    CHECK(world.frozen());
    world.break_anchor(false);
    world.thaw();
    world.run_for(10s);
    const auto next = reboot(world, 1);
    world.run_for(10s);
    CHECK(world.executions(next) == 1);
    CHECK(world.problems() == "");
}
