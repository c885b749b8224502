#pragma once
// Following jobs until they have come far enough: `jobs wait`, and `jobs submit --wait`.

#include "daemon/ctl/failure.hpp"
#include "daemon/ctl/job_source.hpp"

#include <boost/json/object.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cloudpcd::ctl {

/// Time as commands see it; tests give their own.
struct Pace {
    std::function<std::chrono::steady_clock::time_point()> now;
    std::function<void(std::chrono::milliseconds)> pause;
    static Pace real();
};

/// How far a job has to come.
enum class Until {
    settled,   ///< ended, or in doubt
    taken_in,  ///< looked at: no longer submitted
};

struct WaitFor {
    std::vector<jobs::JobId> ids{};
    std::optional<std::string> batch{};  ///< all of it; with ids those of it
    Until until = Until::settled;
    std::optional<std::chrono::milliseconds> timeout{};  ///< absent: as long as it takes
};

/// The jobs as they were last seen.
using Seen = std::map<jobs::JobId, boost::json::object>;

/// Looks at the jobs again and again. `changed` is called when one is seen for the first time, and
/// when its state or the reason for it is another.
///
/// Gives:  all of them, also when the time is over
/// Errors: Failure not_found; unavailable when the daemon is stopped for a while: nothing goes on
Seen wait_for(JobSource& source, const WaitFor& wish, const Pace& pace,
              const std::function<void(const boost::json::object& job)>& changed);

/// What a state means for the exit status: done, failed, in_doubt or waiting.
ExitStatus outcome_of(const boost::json::object& job);
/// Of several: failed before in_doubt before waiting.
ExitStatus outcome_of(const Seen& seen);

}  // namespace cloudpcd::ctl
