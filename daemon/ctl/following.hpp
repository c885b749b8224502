#pragma once
// The end of a command that followed jobs: what is said, and with which status it ends.

#include "daemon/ctl/jobs_commands.hpp"

#include <functional>

namespace cloudpcd::ctl {

/// Waits, and says each change: on `out`, in JSON on `errors`.
Seen follow(JobSource& source, const WaitFor& wish, const JobsContext& context);

/// `{"jobs": [...]}` of several, the job itself of one.
void write_jobs_json(const Seen& seen, bool alone, Output& output);

/// Errors: Failure when not all are done, with how it stands
void end_with(const Seen& seen);

}  // namespace cloudpcd::ctl
