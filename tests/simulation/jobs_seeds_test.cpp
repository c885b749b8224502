// Days in the life of a queue, by the number. Whatever people ask for and whatever breaks, nothing
// is carried out twice, nor what must not be.
//
// A failing seed is run alone by CLOUDPCD_SEED=N, with the daemon's log by
// CLOUDPCD_SIMULATION_LOG=1; CLOUDPCD_SEEDS=N runs that many in place of the usual ones, from
// CLOUDPCD_FIRST_SEED on; CLOUDPCD_STATISTICS=1 says what they had in them. See tools/simulate.

#include "tests/simulation/jobs_scenario.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>

using namespace cloudpcd::simulation;

namespace {

using Statistics = std::map<std::string, std::int64_t>;

std::uint64_t run_seed(std::uint64_t seed, Statistics& statistics)
{
    JobsScenario scenario{seed};
    scenario.play();
    CHECK(scenario.problems() == "");
    for (const auto& [what, count] : scenario.statistics())
        statistics[what] += count;
    return scenario.trace_hash();
}

void run_checked(std::uint64_t seed, bool twice, Statistics& statistics)
{
    INFO("replay: CLOUDPCD_SEED=", seed, " build/debug/bin/jobs_simulation -tc='*seeds*'");
    try {
        const auto trace = run_seed(seed, statistics);
        if (twice)
            CHECK(run_seed(seed, statistics) == trace);
    } catch (const std::exception& failure) {
        FAIL_CHECK(failure.what());
    }
}

void run_seeds(std::uint64_t first, std::uint64_t last)
{
    constexpr std::uint64_t again_every = 50;
    Statistics statistics;
    for (auto seed = first; seed <= last; ++seed)
        run_checked(seed, seed % again_every == 0, statistics);
    if (!direction("CLOUDPCD_STATISTICS"))
        return;
    for (const auto& [what, count] : statistics)
        fmt::print("{}: {}\n", what, count);
}

/// The seeds `first` to `last`, unless the environment names others.
void run_usual_seeds(std::uint64_t first, std::uint64_t last)
{
    if (!direction("CLOUDPCD_SEED") && !direction("CLOUDPCD_SEEDS"))
        run_seeds(first, last);
}

}  // namespace

TEST_CASE("jobs simulation: nothing is carried out twice, seeds 1 to 250")
{
    run_usual_seeds(1, 250);
}

TEST_CASE("jobs simulation: nothing is carried out twice, seeds 251 to 500")
{
    run_usual_seeds(251, 500);
}

TEST_CASE("jobs simulation: nothing is carried out twice, seeds 501 to 750")
{
    run_usual_seeds(501, 750);
}

TEST_CASE("jobs simulation: nothing is carried out twice, seeds 751 to 1000")
{
    run_usual_seeds(751, 1000);
}

TEST_CASE("jobs simulation: nothing is carried out twice, other seeds when asked for")
{
    if (const auto one = direction("CLOUDPCD_SEED")) {
        Statistics statistics;
        run_checked(std::stoull(*one), true, statistics);
    } else if (const auto many = direction("CLOUDPCD_SEEDS")) {
        const auto first = std::stoull(direction("CLOUDPCD_FIRST_SEED").value_or("1"));
        run_seeds(first, first + std::stoull(*many) - 1);
    }
}
