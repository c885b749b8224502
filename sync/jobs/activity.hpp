#pragma once
// Whether an audit event tells of a deed. Graph documents no names of activities; seen are
// "Reboot CloudPC", "Patch UserSetting" and the like. What is spelled in another way is not
// recognized, which only leaves a doubt.

#include "schema/actions.hpp"

#include <boost/json/object.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::jobs {

/// Words in lower case: "PowerOn CloudPC" is power, on, cloud, pc.
std::vector<std::string> words_of(std::string_view text);

/// True when the names in the event have the words of the action, one behind the other.
bool tells_of(const boost::json::object& event, const schema::Action& action);

}  // namespace cloudpcd::jobs
