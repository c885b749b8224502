#pragma once
// Every kind of job once: what is inserted, the one request that it has to come to, and what the
// mirror shows afterwards.

#include "tests/integration/daemon/jobs_world.hpp"

#include <string>
#include <vector>

namespace cloudpcd::test {

struct KindCase {
    std::string kind{};
    std::string target{};   ///< empty: none
    std::string params{};   ///< empty: none
    std::string request{};  ///< "POST /beta/VE/cloudPCs/{id}/start", VE and {id} for the long forms
    std::string body{};     ///< JSON; empty: none
    std::string effect{};   ///< a query on the mirror; {result} is the id in the job's result
    std::string value{};    ///< and what it gives in the end
    std::string sync{};     ///< table that a person has to sync to see it; empty: none
};

/// Each prepares the tenant for its cases: to be called before the daemon reads it.
std::vector<KindCase> policy_cases(JobsWorld& world);
std::vector<KindCase> cloud_pc_cases(JobsWorld& world);
std::vector<KindCase> bulk_cases(JobsWorld& world);
std::vector<KindCase> image_cases(JobsWorld& world);
std::vector<KindCase> connection_cases(JobsWorld& world);
std::vector<KindCase> other_cases(JobsWorld& world);

}  // namespace cloudpcd::test
