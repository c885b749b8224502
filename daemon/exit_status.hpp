#pragma once
// The exit statuses of cloudpcd, as docs/operations.md lists them; values of sysexits.h where one
// fits.

namespace cloudpcd::daemon {

enum ExitStatus : int {
    exit_done = 0,
    exit_incomplete = 1,
    exit_usage = 64,
    exit_bug = 70,
    exit_database = 74,
    exit_in_use = 75,
    exit_credential = 77,
    exit_configuration = 78,
};

}  // namespace cloudpcd::daemon
