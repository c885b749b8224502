// Putting a job where its ruling says.

#include "sync/jobs/events.hpp"
#include "sync/jobs/extent.hpp"
#include "sync/jobs/guards.hpp"
#include "sync/jobs/listing.hpp"
#include "sync/jobs/queue.hpp"
#include "sync/jobs/scope.hpp"

#include <algorithm>
#include <tuple>

namespace cloudpcd::jobs {

namespace {

std::optional<std::string> if_known(std::string text)
{
    return text.empty() ? std::nullopt : std::optional{std::move(text)};
}

/// Those in job_targets, each with whether it is open.
using Rows = std::vector<std::tuple<std::string, std::string, bool>>;

Rows rows_there(store::Database& queue, JobId job)
{
    Rows rows;
    auto row = queue.prepared(
        "SELECT resource, target_id, open FROM job_targets WHERE job_id = ? "
        "ORDER BY resource, target_id");
    row.bind(1, job);
    while (row.step())
        rows.emplace_back(row.string(0), row.string(1), row.integer(2) != 0);
    return rows;
}

/// Most jobs that are looked at again touch what they touched before.
void write_targets(store::Database& queue, JobId job, const std::vector<Target>& targets, bool open)
{
    Rows wanted;
    for (const auto& target : targets)
        wanted.emplace_back(target.resource, target.id, open);
    std::ranges::sort(wanted);
    if (rows_there(queue, job) != wanted)
        set_targets(queue, job, targets, open);
}

void write_extent(store::Database& queue, const Job& job, const Plan& plan, const Extent& extent,
                  const std::string& target_name, UtcTime now)
{
    const auto name = if_known(target_name);
    const auto key = duplicate_key(*plan.action, plan.params);
    if (job.risk == extent.risk && job.touches == extent.touches && job.duplicate_key == key &&
        (!name || job.target_name == name))
        return;
    fill(
        queue, job.job_id,
        {.target_name = name, .risk = extent.risk, .touches = extent.touches, .duplicate_key = key},
        now);
}

}  // namespace

Extent extent_of(store::Database& queue, const Job& job, const Facts& facts, UtcTime now)
{
    const bool certain = facts.fresh && !facts.incomplete;
    if (!certain && job.risk && job.touches && is_approved(job, now))
        return {
            .risk = *job.risk, .touches = *job.touches, .targets = targets_of(queue, job.job_id)};
    return {.risk = facts.risk, .touches = facts.touches, .targets = facts.targets};
}

bool is_approved_for(const Job& job, std::int64_t touches, UtcTime now)
{
    auto as_it_is = job;
    as_it_is.touches = touches;
    return is_approved(as_it_is, now);
}

bool settle(store::Database& queue, const Job& job, const Plan& plan, const Facts& facts,
            const Ruling& ruling, UtcTime now)
{
    return in_transaction(queue, [&] {
        const auto there = find(queue, job.job_id);
        if (!there || there->state != job.state || has_ended(job.state))
            return false;
        const auto extent = extent_of(queue, *there, facts, now);
        write_extent(queue, *there, plan, extent, facts.target_name, now);
        write_targets(queue, job.job_id, extent.targets, ruling.occupies);
        return transition(
            queue, job.job_id, job.state, ruling.state,
            {.reason = ruling.reason, .held_by = ruling.held_by, .due_at = ruling.due_at},
            daemon_actor, now);
    });
}

}  // namespace cloudpcd::jobs
