#pragma once
// The commands that the running daemon carries out.

#include "daemon/ctl/client.hpp"
#include "daemon/ctl/output.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cloudpcd::ctl {

struct SyncOptions {
    std::vector<std::string> tables{};  ///< empty: all that are read
    bool full = false;
    bool wait = false;                             ///< to the end of the pulls
    std::optional<std::int64_t> accept_deletes{};  ///< a refused run; the pull is waited for
};

/// `cloudpcctl sync`: one line for each pull that was waited for.
///
/// Errors: Failure failed when one of them is incomplete or refused, or a table that was named is
///         skipped
void sync(const ControlClient& client, const SyncOptions& options, bool as_json, Output& output);

/// `cloudpcctl verify`: every difference that the daemon names, and one line for each table.
///
/// Errors: Failure failed when one differs, or could not be compared to the end
void verify(const ControlClient& client, const std::vector<std::string>& tables, bool as_json,
            Output& output);

}  // namespace cloudpcd::ctl
