#pragma once
// What a column has to hold for a value of Graph, by the rule of docs/sql.md. Written for the tests
// alone and from the rule, so that it can contradict the production code.

#include "schema/catalog.hpp"

#include <boost/json/value.hpp>

#include <optional>
#include <string>

namespace cloudpcd::test {

/// Text of the value as `typeof(x) || ':' || x` gives it, "null:" for NULL. `value` may be null:
/// the property is absent.
std::string expected_value(const schema::Column& column, const boost::json::value* value);

/// The member at a dotted path, or null.
const boost::json::value* value_at(const boost::json::value& object, std::string_view path);

}  // namespace cloudpcd::test
