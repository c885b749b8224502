#include "sync/jobs/expectations.hpp"

namespace cloudpcd::jobs {

void expect_user(store::Database& database, JobId job, std::string_view cloud_pc,
                 std::string_view user_principal_name)
{
    auto row = database.prepared(
        "INSERT INTO job_expectations (job_id, cloud_pc_id, user_principal_name) VALUES (?, ?, ?)");
    row.bind(1, job).bind(2, cloud_pc).bind(3, user_principal_name).run();
}

std::map<std::string, std::string> expected_users(store::Database& database, JobId job)
{
    std::map<std::string, std::string> users;
    auto row = database.prepared(
        "SELECT cloud_pc_id, user_principal_name FROM job_expectations WHERE job_id = ?");
    row.bind(1, job);
    while (row.step())
        users.emplace(row.string(0), row.string(1));
    return users;
}

}  // namespace cloudpcd::jobs
