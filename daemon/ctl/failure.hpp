#pragma once
// How a command ends when it cannot give what it was asked for.

#include <stdexcept>
#include <string>

namespace cloudpcd::ctl {

enum class ExitStatus : int {
    done = 0,
    failed = 1,  ///< the thing asked for did not hold: an SQL error, a refused statement
    not_found = 2,
    in_doubt = 3,  ///< whether a job was executed is unknown
    waiting = 4,   ///< still, at --timeout
    usage = 64,
    unavailable = 69,  ///< the daemon is not running
    bug = 70,
    database = 74,  ///< cannot be read, is not SQLite; or the output cannot be written
    not_allowed = 77,
    configuration = 78,
};

/// Ends the command; the message is for people, one line or several, without the program's name.
class Failure : public std::runtime_error {
public:
    Failure(ExitStatus status, const std::string& message)
        : std::runtime_error{message}, x_status{status}
    {}
    ExitStatus status() const noexcept { return x_status; }

private:
    ExitStatus x_status;
};

}  // namespace cloudpcd::ctl
