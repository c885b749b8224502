#pragma once
// The actions on a Cloud PC as data: from which status, through which, how long, and what they
// leave behind.

#include "tests/simulator/write_context.hpp"

#include <boost/json.hpp>

#include <string>
#include <string_view>

namespace graphsim {

/// What a finished action changes.
struct Effect {
    WriteContext& context;
    const std::string& id;
    const boost::json::object& cloud_pc;    ///< as it is
    const boost::json::object& parameters;  ///< of the action
    TimePoint now;
    boost::json::object& review;    ///< what retrieveReviewStatus shows
    boost::json::object changes{};  ///< of the Cloud PC
};

struct MachineAction {
    /// As in the path of the action; of what only bulk actions and policies do, its own.
    std::string_view name;
    /// In lastRemoteActionResult. Graph's examples show "Reboot" there, and "CloudPcPowerOn" among
    /// the results of retrieveCloudPCRemoteActionResults.
    std::string_view last_name;
    std::string_view result_name;
    Span duration;
    std::string_view during{};  ///< the status meanwhile; empty: it stays
    std::string_view after = during.empty() ? "" : "provisioned";
    std::string_view failed{};  ///< the status of a Cloud PC that it went wrong with; empty: before
    bool when_failed = false;   ///< allowed on a failed Cloud PC
    bool only_grace = false;    ///< allowed on one in its grace period, and on no other
    bool frontline = false;     ///< for Windows 365 Frontline, not for dedicated Cloud PCs
    void (*effect)(Effect&) = nullptr;
};

/// Null: there is no such action.
const MachineAction* machine_action(std::string_view name);

}  // namespace graphsim
