#pragma once
// `cloudpcctl jobs …`, `freeze` and `thaw`.

#include "config/config.hpp"
#include "daemon/ctl/jobs_options.hpp"
#include "daemon/ctl/output.hpp"
#include "daemon/ctl/row_writer.hpp"
#include "daemon/ctl/waiting.hpp"

#include <string>

namespace cloudpcd::ctl {

/// What the commands need besides their options.
struct JobsContext {
    const config::Config& settings;
    Output& out;
    Output& errors;  ///< notes, and in JSON the progress
    TableLimits limits{};
    bool json = false;
    Pace pace{};
};

/// Errors: Failure; its status is that of the command
void run_jobs(const JobsOptions& options, const JobsContext& context);

void freeze(const std::string& reason, const JobsContext& context);
void thaw(const JobsContext& context);

/// Those two need neither configuration nor daemon.
void write_kinds(bool as_json, Output& output, const TableLimits& limits);
void explain_kind(const std::string& kind, bool as_json, Output& output);

}  // namespace cloudpcd::ctl
