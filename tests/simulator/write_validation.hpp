#pragma once
// Whether a body is one that the operation takes: JSON, members that the type has in that version,
// with values of their types. Words are those of the OData library that Graph answers with.

#include "tests/simulator/facts.hpp"
#include "tests/simulator/http.hpp"
#include "tests/simulator/write_route.hpp"
#include "tests/simulator/write_rules.hpp"

#include <boost/json.hpp>

#include <optional>
#include <variant>

namespace graphsim {

/// The body as an object, empty when the request has none.
std::variant<boost::json::object, Refusal> parse_body(const Request& request);

/// Name of the type in `@odata.type`, without `#microsoft.graph.`; empty: there is none.
std::string odata_type(const boost::json::object& object);

/// Takes: `type` is what is created or changed
std::optional<Refusal> check_entity(const boost::json::object& body, const Type& type,
                                    Version version, const WriteRule& rule);

std::optional<Refusal> check_parameters(const boost::json::object& body, const Action& action,
                                        Version version, const WriteRule& rule);

/// `body` with `(secret)` in place of what no read shows.
std::string without_secrets(boost::json::object body, const WriteRule& rule);

}  // namespace graphsim
