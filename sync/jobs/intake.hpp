#pragma once
// The first look at rows that somebody inserted, and every later look at those that wait.

#include "sync/jobs/guards.hpp"
#include "sync/jobs/job.hpp"
#include "sync/jobs/parameters.hpp"
#include "sync/store/database.hpp"

#include <cstdint>
#include <vector>

namespace cloudpcd::jobs {

/// Rows taken in one call (one commit): a bound on how long anybody else waits.
inline constexpr int intake_max = 100;

/// Dry runs that take_in() found well-formed: they stay `submitted` until check_dry_run().
struct Taken {
    JobId last = 0;              ///< the highest job_id looked at; 0: there was none
    int jobs = 0;                ///< looked at
    bool secret_erased = false;  ///< then Database::checkpoint_truncate() has to follow
    std::vector<JobId> dry_runs{};
};

/// Takes in submitted jobs above `after`: fills times, class, targets and what each destructive one
/// expects untold (the userPrincipalName that the mirror had of each of its Cloud PCs at
/// created_at), and puts them where they belong: those of a restored queue are held. What cannot be
/// is `rejected` with all reasons.
/// With `[jobs] enabled = false` only fills the times and leaves them submitted.
Taken take_in(store::Database& queue, store::Database& mirror, const Circumstances& circumstances,
              const KnownCredential& known_credential, JobId after);

/// Looks again at held jobs: those whose due time has come, those over a budget for which there is
/// room now (each at most once in budget_relook), those of `holds`, and those that wait for an
/// object which nobody holds any more; and at what a wrong clock queued before its time. In one
/// transaction. Gives how many it dealt with, which may be `max`: then there may be more.
struct Relook {
    bool due = true;
    std::vector<Hold> holds{};  ///< what has just changed: freeze, login, clock, budget
    bool targets = false;       ///< some job has let go of its objects
};
std::int64_t look_again(store::Database& queue, store::Database& mirror,
                        const Circumstances& circumstances, const KnownCredential& known_credential,
                        const Relook& relook, int max);

inline constexpr Duration budget_relook = std::chrono::seconds{30};

/// Ends a dry run as `checked`, with the request and every guard's answer in `result`.
void check_dry_run(store::Database& queue, JobId job, const Plan& plan, const Facts& facts,
                   const Circumstances& circumstances);

}  // namespace cloudpcd::jobs
