#pragma once
// Remote action results of Cloud PCs: what the service says became of an action, by its name and
// the time at which it began.
// Source: Microsoft Graph, cloudPC: retrieveCloudPCRemoteActionResults (beta) and the property
// lastRemoteActionResult. Names come as "CloudPcRestart", "Reboot", "restart".

#include "schema/actions.hpp"
#include "sync/core/time.hpp"
#include "sync/jobs/estate.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::jobs {

struct RemoteAction {
    std::string name{};   ///< as the catalog of actions names it: "restart"
    std::string state{};  ///< in lower case: "done"
    std::string code{};   ///< of statusDetail; may be empty
    std::string message{};
    UtcTime started{};

    /// What it is known by: "remote_action:<cloud pc>:<name>:<start>".
    std::string evidence(std::string_view cloud_pc) const;
};

/// "restart" for "CloudPcRestart" and for "Reboot"; a name that no action has, in lower case.
std::string remote_action_name(std::string_view name);

/// Those of the results whose name is one of `names` and that say when they began, oldest first.
std::vector<RemoteAction> remote_actions_of(const boost::json::value& results,
                                            std::span<const std::string_view> names);

/// What the Cloud PC says of its remote actions.
struct RemoteActionRead {
    std::vector<RemoteAction> actions{};  ///< oldest first
    /// Read on the way, where the function was refused and the last result only is known.
    std::optional<boost::json::object> cloud_pc{};
    bool gone = false;  ///< the Cloud PC
};

/// By the function, or, where that is refused, by the last result in the Cloud PC itself.
boost::asio::awaitable<Result<RemoteActionRead>> read_remote_actions(
    Estate& estate, const std::string& cloud_pc, std::span<const std::string_view> names);

}  // namespace cloudpcd::jobs
