#pragma once
// A day in the life of a queue, by a number: what people ask for, what they change their minds
// about, and what breaks meanwhile.

#include "tests/simulation/jobs_world.hpp"
#include "tests/simulator/random.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace cloudpcd::simulation {

class JobsScenario {
public:
    explicit JobsScenario(std::uint64_t seed);

    /// Everything, to its rest.
    void play();

    /// What is wrong, a line each; empty when all is well.
    std::string problems();
    std::uint64_t trace_hash() const { return x_world.trace_hash(); }
    /// How the jobs ended, deaths, executions: to see that the seeds have teeth.
    std::map<std::string, std::int64_t> statistics();

private:
    static JobsOptions options_of(graphsim::Random& random);

    void ask();
    jobs::Submission request();
    std::string params_of(std::string_view kind, const std::string& target);
    std::string target_of(std::string_view kind);
    std::string unfound_evidence();
    void add_fault();
    void plan_surprise();
    void plan_accident(std::uint64_t step);
    void intervene();
    void judge_a_doubt();
    void shift_clock();
    Duration some(Duration least, Duration most);
    /// A job of that state, or 0.
    jobs::JobId any_job(std::string_view condition);

    graphsim::Random x_random;
    JobsOptions x_options;
    JobsWorld x_world;
    jobs::Submission x_last{};
    Duration x_shift{0};  ///< of the wall clock
    bool x_clock_was_wrong = false;
};

}  // namespace cloudpcd::simulation
