#pragma once
// Reading what the daemon answers: members that are not there, or of another type, are empty.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cloudpcd::ctl {

/// Errors: Failure failed when it is no JSON object
boost::json::object object_of(const std::string& answer);
/// The array of that name in an answer. Errors: as above, also when there is no such array
boost::json::array array_of(const std::string& answer, std::string_view name);

/// A text member, printable; empty when there is none.
std::string text_of(const boost::json::object& object, std::string_view name);
std::int64_t number_of(const boost::json::object& object, std::string_view name);
std::optional<std::int64_t> optional_number_of(const boost::json::object& object,
                                               std::string_view name);
bool flag_of(const boost::json::object& object, std::string_view name);
const boost::json::array* array_of(const boost::json::object& object, std::string_view name);

}  // namespace cloudpcd::ctl
