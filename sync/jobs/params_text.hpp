#pragma once
// The text of params before anything is known of its members: bounds, well-formedness, members
// given twice, and whether it may hold a literal secret.

#include "sync/jobs/parameters.hpp"

#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace cloudpcd::jobs {

struct ParamsText {
    boost::json::object object{};
    std::optional<Problem> problem{};
    bool may_hold_secret = false;
};

/// Empty text is an empty object.
ParamsText parse_params(const schema::Action& action, std::string_view text);

/// Path of a member that is given twice, anywhere in well-formed text of bounded depth: parsers
/// keep one of the two, and nobody knows which was meant.
std::optional<std::string> find_duplicate(std::string_view text);

/// The name in {"credential": NAME}, or null.
const boost::json::string* credential_of(const boost::json::value& value) noexcept;

/// "a string", "an object", …: what a value is, without showing it.
std::string_view type_of(const boost::json::value& value) noexcept;

/// A member name as it may be shown: bounded, printable.
std::string shown_name(std::string_view name);

/// "path.name", or the name alone.
std::string join_path(std::string_view path, std::string_view name);

}  // namespace cloudpcd::jobs
