#pragma once
// What becomes of a job by what was seen of its request: the verdict table, the end of an accepted
// action, and doubt. Each is one transaction.
//
// Source: RFC 9110 section 9.2.2 (what may be repeated), Microsoft Graph "Throttling guidance".

#include "sync/core/rng.hpp"
#include "sync/graph/write.hpp"
#include "sync/jobs/attempts.hpp"
#include "sync/jobs/evidence.hpp"
#include "sync/jobs/job.hpp"
#include "sync/jobs/plan.hpp"
#include "sync/jobs/progress.hpp"
#include "sync/store/database.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace cloudpcd::jobs {

/// Requests of a job that came to nothing without Graph's asking for a wait.
inline constexpr int attempts_max = 5;

/// After the one exchange of an attempt.
///
/// Gives: the state in which the job is now
State conclude_attempt(store::Database& queue, const Plan& plan, const Attempt& attempt,
                       const graph::WriteOutcome& outcome, Rng& rng, UtcTime now);

/// After an observation of an accepted job, or of one in doubt that Graph had accepted.
/// `seen_before`: the same phase was the last one seen too.
State conclude_progress(store::Database& queue, const Plan& plan, const Job& job,
                        const Attempt& attempt, const Progress& progress, bool seen_before,
                        UtcTime now);

/// After a search for evidence.
State conclude_evidence(store::Database& queue, const Plan& plan, const Job& job,
                        const Attempt& attempt, const Proof& proof, const Found& found,
                        UtcTime now);

/// A class 0 job in doubt goes back to the queue, which is what its class means. Gives false for
/// any other, when it was repeated often enough, and when its queue was restored meanwhile.
bool repeat_if_repeatable(store::Database& queue, const Job& job, Rng& rng, UtcTime now);

/// Jobs on their way (accepted, in doubt) whose next look is due, oldest first.
std::vector<Job> due_on_their_way(store::Database& queue, UtcTime now, int max);

}  // namespace cloudpcd::jobs
