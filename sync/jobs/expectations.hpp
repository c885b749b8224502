#pragma once
// What a destructive job expects untold of each of its Cloud PCs: the user whom the mirror had when
// the job was submitted. Written once, when it is taken in.

#include "sync/jobs/job.hpp"

#include <map>
#include <string>
#include <string_view>

namespace cloudpcd::jobs {

/// Of a job that is still submitted. An empty name: the mirror had the Cloud PC without a user.
/// Of a Cloud PC that it did not know nothing is expected.
void expect_user(store::Database& database, JobId job, std::string_view cloud_pc,
                 std::string_view user_principal_name);

/// By Cloud PC; empty for what is not destructive.
std::map<std::string, std::string> expected_users(store::Database& database, JobId job);

}  // namespace cloudpcd::jobs
