#pragma once
// How much a job is, for judging and settling it. Internal to the guards.

#include "sync/jobs/facts.hpp"
#include "sync/jobs/job.hpp"
#include "sync/jobs/targets.hpp"

#include <cstdint>
#include <vector>

namespace cloudpcd::jobs {

struct Extent {
    int risk = 0;
    std::int64_t touches = 0;
    std::vector<Target> targets{};
};

/// As the facts say; of a job with an approval that counts, as it was approved unless the facts are
/// fresh and whole.
Extent extent_of(store::Database& queue, const Job& job, const Facts& facts, UtcTime now);

/// Whether the approval of the job is for this many Cloud PCs, and still counts.
bool is_approved_for(const Job& job, std::int64_t touches, UtcTime now);

}  // namespace cloudpcd::jobs
