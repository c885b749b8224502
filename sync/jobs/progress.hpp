#pragma once
// How far Graph has come with an action that it accepted: reads what the entry's Completion names.

#include "sync/core/time.hpp"
#include "sync/jobs/attempts.hpp"
#include "sync/jobs/estate.hpp"
#include "sync/jobs/job.hpp"
#include "sync/jobs/plan.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <vector>

namespace cloudpcd::jobs {

struct Progress {
    enum class Phase {
        going_on,
        ended_well,
        ended_badly,
        unread,  ///< what it is seen by could not be read: nothing is known
    };
    Phase phase = Phase::going_on;
    std::string what{};            ///< for state_reason: "restart: active"
    std::string error_code{};      ///< of ended_badly: what Graph names as the reason
    std::string error_message{};   ///< of ended_badly, as sent
    boost::json::object result{};  ///< merged into `result` of the job at its end
    /// What was seen, by which it is known again; explains one attempt and no other.
    /// "remote_action:<cloud pc>:<name>:<start time>", "bulk_action:<id>". Empty: nothing unique.
    std::string evidence{};
};

struct Accepted {
    const Plan& plan;
    const Job& job;
    const Attempt& attempt;
    std::vector<std::string> cloud_pcs{};  ///< of job_targets
    /// By Graph's clock: nothing older belongs to the attempt.
    UtcTime since{};
    /// Whether a piece of evidence already explains another attempt.
    std::vector<std::string> explained{};
};

/// One observation; nothing is remembered. A final answer that may flip back (statuses do for a
/// while) is given each time it is seen: whoever asks wants it twice.
boost::asio::awaitable<Progress> observe_progress(Estate& estate, const Accepted& accepted);

/// True when one observation of the end is not enough.
bool needs_second_look(schema::Completion seen_by) noexcept;

}  // namespace cloudpcd::jobs
