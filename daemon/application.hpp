#pragma once
// The daemon from its configuration to its exit status.

#include "config/config.hpp"
#include "daemon/command_line.hpp"

#include <optional>

namespace cloudpcd::daemon {

/// A configuration with its credential files checked, or nothing, and every complaint on stderr.
std::optional<config::Config> load_checked(const std::filesystem::path& file,
                                           const config::Environment& environment);

/// Does what the command line says. The first failure decides: configuration and credential files,
/// the lock, the database and its identity, and only then the network.
///
/// Gives: an ExitStatus
int run(const CommandLine& line);

}  // namespace cloudpcd::daemon
