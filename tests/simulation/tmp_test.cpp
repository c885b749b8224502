#include "tests/simulation/jobs_world.hpp"
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
using namespace cloudpcd; using namespace cloudpcd::simulation; using namespace std::chrono_literals;
TEST_CASE("tmp")
{
    JobsWorld world{Seed{1}};
    const auto job = world.submit({.kind="cloud_pc.reprovision", .target_id=world.cloud_pcs().front()});
    world.at_step(1, [&]{ world.freeze(); world.later(20min, [&]{ fmt::print("thaw {}\n", world.frozen()); world.thaw(); fmt::print("{}\n", world.frozen()); }); });
    world.run_until_quiet(3h);
    fmt::print("{}\n", fmt::join(world.rows("SELECT * FROM job_events"), "\n"));
    fmt::print("{} {}\n", job, format_sql_time(world.clock().utc_now()));
    fmt::print("{}\n", fmt::join(world.rows("SELECT * FROM jobs"), "\n"));
}
