#pragma once
// Old jobs leave the queue, with everything that hangs on them.

#include "sync/core/time.hpp"
#include "sync/store/database.hpp"

#include <chrono>
#include <cstdint>

namespace cloudpcd::jobs {

inline constexpr std::chrono::hours jobs_retention{400 * 24};
inline constexpr int forget_jobs_max = 1000;  ///< per call, so that no commit takes long

/// Removes up to forget_jobs_max jobs that ended before `oldest`. Never open ones, the newest (its
/// number would be given again), or the one with the newest attempt (the anchor knows it).
/// Returns how many.
std::int64_t forget_jobs(store::Database& database, UtcTime oldest);

}  // namespace cloudpcd::jobs
