#include "sync/jobs/targets.hpp"

#include "sync/jobs/queue.hpp"

namespace cloudpcd::jobs {

void set_targets(store::Database& database, JobId job, std::span<const Target> targets, bool open)
{
    in_transaction(database, [&] {
        auto old = database.prepared("DELETE FROM job_targets WHERE job_id = ?");
        old.bind(1, job).run();
        // A target named twice, as in a list given by hand, is one target.
        auto row = database.prepared(
            "INSERT INTO job_targets (job_id, resource, target_id, open) "
            "SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS (SELECT 1 FROM job_targets "
            "WHERE job_id = ?1 AND resource = ?2 AND target_id = ?3)");
        for (const auto& target : targets) {
            row.bind(1, job).bind(2, target.resource).bind(3, target.id).bind(4, open ? 1 : 0);
            row.run();
        }
    });
}

void close_targets(store::Database& database, JobId job)
{
    in_transaction(database, [&] {
        auto row =
            database.prepared("UPDATE job_targets SET open = 0 WHERE job_id = ? AND open = 1");
        row.bind(1, job).run();
    });
}

std::vector<Target> targets_of(store::Database& database, JobId job)
{
    std::vector<Target> targets;
    auto row = database.prepared(
        "SELECT resource, target_id FROM job_targets WHERE job_id = ? "
        "ORDER BY resource, target_id");
    row.bind(1, job);
    while (row.step())
        targets.push_back({.resource = row.string(0), .id = row.string(1)});
    return targets;
}

std::vector<Holder> holders(store::Database& database, JobId job, std::span<const Target> targets)
{
    std::vector<Holder> found;
    auto row = database.prepared(
        "SELECT job_id FROM job_targets "
        "WHERE resource = ? AND target_id = ? AND open = 1 AND job_id <> ?");
    for (const auto& target : targets) {
        row.bind(1, target.resource).bind(2, target.id).bind(3, job);
        if (row.step())
            found.push_back({.job_id = row.integer(0), .target = target});
        row.reset();
    }
    return found;
}

std::vector<JobId> waiting_for(store::Database& database, JobId job, int max)
{
    std::vector<JobId> waiting;
    auto row = database.prepared(
        "SELECT DISTINCT waiting.job_id FROM job_targets mine "
        "JOIN job_targets theirs ON theirs.resource = mine.resource "
        "  AND theirs.target_id = mine.target_id AND theirs.job_id <> mine.job_id "
        "JOIN jobs waiting ON waiting.job_id = theirs.job_id "
        "WHERE mine.job_id = ? AND waiting.state = 'held' AND waiting.held_by = 'target_busy' "
        "ORDER BY waiting.priority, waiting.not_before, waiting.job_id LIMIT ?");
    row.bind(1, job).bind(2, max);
    while (row.step())
        waiting.push_back(row.integer(0));
    return waiting;
}

std::optional<JobId> find_duplicate(store::Database& database, JobId job,
                                    std::string_view duplicate_key, std::span<const Target> targets,
                                    UtcTime since)
{
    const auto bound = format_sql_time(since);
    auto row = database.prepared(
        "SELECT other.job_id FROM job_targets t JOIN jobs other ON other.job_id = t.job_id "
        "WHERE t.resource = ?1 AND t.target_id = ?2 AND other.job_id <> ?3 "
        "  AND other.duplicate_key = ?4 AND other.dry_run = 0 "
        "  AND ((other.state = 'succeeded' AND other.finished_at > ?5) "
        "    OR other.state IN ('sending', 'accepted', 'in_doubt') "
        "    OR (other.finished_at IS NULL AND other.job_id < ?3 "
        "        AND other.held_by IS NOT 'restored')) LIMIT 1");
    for (const auto& target : targets) {
        row.bind(1, target.resource).bind(2, target.id).bind(3, job);
        row.bind(4, duplicate_key).bind(5, bound);
        if (row.step())
            return row.integer(0);
        row.reset();
    }
    return std::nullopt;
}

}  // namespace cloudpcd::jobs
