// One job, and every step from its row to its record: whatever happens there, it is carried out at
// most once, and ends where it belongs.

#include "tests/simulation/jobs_world.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace cloudpcd;
using namespace cloudpcd::simulation;
using namespace std::chrono_literals;

TEST_CASE("jobs simulation: a reprovision is carried out and followed to its end")
{
    JobsWorld world{Seed{1}};
    const auto job =
        world.submit({.kind = "cloud_pc.reprovision", .target_id = world.cloud_pcs().front()});
    REQUIRE(job > 0);
    world.run_until_quiet(1h);
    CHECK(world.state(job) == "succeeded");
    CHECK(world.executions(job) == 1);
    CHECK(world.problems() == "");
    MESSAGE("steps: ", world.steps(), " log:\n", world.log());
}
