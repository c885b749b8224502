#pragma once
// Assignments of policies and of user settings: the body of `assign` is the complete set.

#include "tests/simulator/write_context.hpp"

#include <boost/json.hpp>

#include <set>
#include <string>
#include <string_view>
#include <variant>

namespace graphsim {

/// As the object will show them.
std::variant<boost::json::array, Refusal> assignments_of(const WriteCall& call);

/// Ids of the groups that the object is assigned to.
std::set<std::string> groups_of(const boost::json::object& object);

/// Reads show them after the lag.
void set_assignments(WriteContext& context, std::string_view set, const WriteCall& call,
                     boost::json::array assignments);

}  // namespace graphsim
