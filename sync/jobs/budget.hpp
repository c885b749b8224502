#pragma once
// How many Cloud PCs destructive jobs may touch in an hour and in a day, what of that is taken, and
// when more fits. Taken is what the ledger says, and what queued jobs are about to take.

#include "config/config.hpp"
#include "sync/core/time.hpp"
#include "sync/jobs/job.hpp"

#include <cstdint>
#include <optional>

namespace cloudpcd::jobs {

/// In Cloud PCs.
struct Budgets {
    std::int64_t per_hour = 0;
    std::int64_t per_day = 0;

    /// What is more than this fits into no window: a person has to approve it.
    std::int64_t smaller() const noexcept { return per_hour < per_day ? per_hour : per_day; }
};

/// `fleet`: rows of cloud_pcs.
Budgets budgets_of(const config::Jobs& settings, std::int64_t fleet) noexcept;

/// Whether a job fits, by the debits and the jobs before it in the order in which jobs are sent.
struct Fit {
    bool fits = false;
    /// Otherwise: when it will, should all before it that wait for a budget go first. Absent:
    /// never.
    std::optional<UtcTime> earliest{};
};

/// `touches`  Cloud PCs that the job would take
/// A dry run is behind those of its batch that were checked before it, and so is counted as they
/// would be.
Fit fit(store::Database& queue, const Job& job, std::int64_t touches, const Budgets& budgets,
        UtcTime now);

/// Cloud PCs that a job behind all queued ones could still take.
std::int64_t room(store::Database& queue, const Budgets& budgets, UtcTime now);

}  // namespace cloudpcd::jobs
