#pragma once
// What a job expects of the objects that it meets: told, in `expect`; and untold, of each Cloud PC
// of a destructive one, the user whom the mirror had when the job was submitted.

#include "sync/jobs/facts.hpp"
#include "sync/jobs/job.hpp"
#include "sync/jobs/plan.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::jobs {

/// Of a job that is still submitted, once. An empty name: the mirror had the Cloud PC without a
/// user. Of a Cloud PC that it did not know nothing is expected.
void expect_user(store::Database& database, JobId job, std::string_view cloud_pc,
                 std::string_view user_principal_name);

/// By Cloud PC; empty for what is not destructive.
using ExpectedUsers = std::map<std::string, std::string>;
ExpectedUsers expected_users(store::Database& database, JobId job);

/// What no longer holds, each with both values, for people; empty: all holds. The facts are fresh.
///
/// Compared without case: user principal names and GUIDs. Times are compared as times. Null is what
/// is absent.
std::vector<std::string> broken_expectations(const Plan& plan, const Facts& facts,
                                             const ExpectedUsers& users);

}  // namespace cloudpcd::jobs
