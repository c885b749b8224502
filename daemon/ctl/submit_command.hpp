#pragma once
// `cloudpcctl jobs submit`.

#include "daemon/ctl/jobs_commands.hpp"

namespace cloudpcd::ctl {

/// Submits one job, or one for each row of `--targets-from`, and follows them as far as was asked
/// for.
///
/// Errors: Failure failed when one is refused, or what was waited for did not hold; in_doubt,
///         waiting; not_found and failed for a target that is not exactly one; unavailable
void submit_jobs(const JobsOptions& options, const JobsContext& context);

}  // namespace cloudpcd::ctl
