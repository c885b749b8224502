#pragma once
// Options of `jobs`, `freeze` and `thaw`.

#include "daemon/ctl/jobs_options.hpp"

#include <CLI/App.hpp>

#include <functional>

namespace cloudpcd::ctl {

/// Adds `jobs` with its own commands. `chosen` is called when one of them was given.
CLI::App* add_jobs_command(CLI::App& app, JobsOptions& options,
                           const std::function<void()>& chosen);

}  // namespace cloudpcd::ctl
