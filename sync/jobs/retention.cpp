#include "sync/jobs/retention.hpp"

#include "sync/jobs/queue.hpp"

#include <array>
#include <vector>

namespace cloudpcd::jobs {

std::int64_t forget_jobs(store::Database& database, UtcTime oldest)
{
    return in_transaction(database, [&] {
        const auto bound = format_sql_time(oldest);
        std::vector<JobId> old;
        auto row = database.prepared(
            "SELECT job_id FROM jobs WHERE finished_at < ?1 "
            "AND job_id <> (SELECT max(job_id) FROM jobs) "
            "AND job_id NOT IN (SELECT job_id FROM job_attempts "
            "                   ORDER BY attempt_id DESC LIMIT 1) "
            "ORDER BY finished_at LIMIT ?2");
        row.bind(1, bound).bind(2, forget_jobs_max);
        while (row.step())
            old.push_back(row.integer(0));
        row.reset();

        constexpr std::array removals{
            "DELETE FROM guard_ledger WHERE job_id = ?",
            "DELETE FROM job_expectations WHERE job_id = ?",
            "DELETE FROM job_targets WHERE job_id = ?",
            "DELETE FROM job_events WHERE job_id = ?",
            "DELETE FROM job_attempts WHERE job_id = ?",
            "DELETE FROM jobs WHERE job_id = ?",
        };
        for (const auto job : old) {
            for (const auto* sql : removals)
                database.prepared(sql).bind(1, job).run();
        }
        return static_cast<std::int64_t>(old.size());
    });
}

}  // namespace cloudpcd::jobs
