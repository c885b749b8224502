#include "sync/jobs/budget.hpp"

#include "sync/jobs/attempts.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace cloudpcd::jobs {

namespace {

using std::chrono::hours;

constexpr std::int64_t least_per_day = 3;

std::int64_t number(store::Statement row)
{
    row.step();
    return row.integer(0);
}

/// A queued job whose next try is not due is not about to take anything.
std::int64_t about_to_be_taken(store::Database& queue, UtcTime now)
{
    const auto at = format_sql_time(now);
    auto row = queue.prepared(
        "SELECT coalesce(sum(touches), 0) FROM jobs WHERE state = 'queued' AND risk = 2 "
        "AND coalesce(due_at, '') <= ?");
    row.bind(1, at);
    return number(std::move(row));
}

/// The same of jobs before this one only.
std::int64_t queued_before(store::Database& queue, const Job& job, UtcTime now)
{
    const auto at = format_sql_time(now);
    auto row = queue.prepared(
        "SELECT coalesce(sum(touches), 0) FROM jobs WHERE state = 'queued' AND risk = 2 "
        "AND (priority, not_before, job_id) < (?, ?, ?) AND coalesce(due_at, '') <= ?");
    row.bind(1, job.priority).bind(2, job.not_before).bind(3, job.job_id).bind(4, at);
    return number(std::move(row));
}

/// Of so many at most: ten thousand may be held, and each is asked.
constexpr int held_before_max = 200;

std::int64_t held_before(store::Database& queue, const Job& job)
{
    auto row = queue.prepared(
        "SELECT coalesce(sum(touches), 0) FROM (SELECT touches FROM jobs WHERE held_by = 'budget' "
        "AND (priority, not_before, job_id) < (?, ?, ?) "
        "ORDER BY priority, not_before, job_id LIMIT ?)");
    row.bind(1, job.priority).bind(2, job.not_before).bind(3, job.job_id);
    row.bind(4, held_before_max);
    return number(std::move(row));
}

std::int64_t checked_before(store::Database& queue, const Job& job)
{
    if (!job.dry_run || !job.batch_id)
        return 0;
    auto row = queue.prepared(
        "SELECT coalesce(sum(touches), 0) FROM jobs WHERE batch_id = ? AND dry_run = 1 "
        "AND state = 'checked' AND risk = 2 AND job_id < ?");
    row.bind(1, *job.batch_id).bind(2, job.job_id);
    return number(std::move(row));
}

/// When `wanted` more fit into a window of this length. Debits leave it one after the other; what
/// is more than a whole budget takes as many windows.
std::optional<UtcTime> when_it_fits(const std::vector<Debit>& debits, hours window,
                                    std::int64_t budget, std::int64_t wanted, UtcTime now)
{
    if (wanted <= 0)
        return now;
    if (budget <= 0)
        return std::nullopt;
    const auto whole_windows = (wanted - 1) / budget;
    const auto rest = wanted - whole_windows * budget;
    std::int64_t taken = 0;
    for (const auto& debit : debits) {
        if (debit.at > now - window)
            taken += debit.cloud_pcs;
    }
    auto at = now;
    for (const auto& debit : debits) {
        if (taken + rest <= budget)
            break;
        if (debit.at <= now - window)
            continue;
        taken -= debit.cloud_pcs;
        at = std::max(at, debit.at + window);
    }
    return at + whole_windows * window;
}

std::optional<UtcTime> when_both_fit(const std::vector<Debit>& debits, const Budgets& budgets,
                                     std::int64_t wanted, UtcTime now)
{
    const auto hour = when_it_fits(debits, hours{1}, budgets.per_hour, wanted, now);
    const auto day = when_it_fits(debits, hours{24}, budgets.per_day, wanted, now);
    if (!hour || !day)
        return std::nullopt;
    return std::max(*hour, *day);
}

}  // namespace

Budgets budgets_of(const config::Jobs& settings, std::int64_t fleet) noexcept
{
    // A fraction such as 0.29 is a little less than it says, and 100 of it must be 29.
    constexpr double tolerance = 1e-9;
    const double share = settings.destructive_fraction_per_day * static_cast<double>(fleet);
    return {.per_hour = settings.destructive_per_hour,
            .per_day =
                std::max(least_per_day, static_cast<std::int64_t>(std::floor(share + tolerance)))};
}

Fit fit(store::Database& queue, const Job& job, std::int64_t touches, const Budgets& budgets,
        UtcTime now)
{
    const auto all = debits(queue, now - hours{24});
    const auto first = queued_before(queue, job, now) + checked_before(queue, job);
    const bool fits = when_both_fit(all, budgets, first + touches, now) == now;
    if (fits || touches > budgets.smaller())
        return {.fits = fits};
    const auto wanted = first + held_before(queue, job) + touches;
    return {.fits = false, .earliest = when_both_fit(all, budgets, wanted, now)};
}

std::int64_t room(store::Database& queue, const Budgets& budgets, UtcTime now)
{
    const auto hour = budgets.per_hour - debited(queue, now - hours{1});
    const auto day = budgets.per_day - debited(queue, now - hours{24});
    return std::min(hour, day) - about_to_be_taken(queue, now);
}

}  // namespace cloudpcd::jobs
