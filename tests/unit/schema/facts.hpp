#pragma once
// tests/facts/graph.json, which was transcribed from Graph's metadata independently of the catalog,
// brought into the catalog's terms: flattened properties of a collection with their types.

#include "schema/catalog.hpp"

#include <boost/json/object.hpp>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::schema::facts {

struct Property {
    ColumnType type{};
    std::string enumeration;  ///< name of the enum, empty for other types

    bool operator==(const Property&) const = default;
};

struct Flattened {
    std::map<std::string, Property> properties;
    /// Collections that were asked for by path: element type.
    std::map<std::string, std::string> collections;
};

struct EnumFacts {
    std::set<std::string> members;
    bool flags = false;
};

/// Paths whose members are wanted as a table of their own instead of as one JSON column.
using Paths = std::set<std::string>;

const boost::json::object& document();

/// The entity set with this path, or null.
const boost::json::object* entity_set(std::string_view path);
/// The function with this path, or null.
const boost::json::object* function(std::string_view path);

/// Everything an entity or complex type can carry in `version` ("v1.0", "beta"), derived types
/// included; `id` where it is an entity.
Flattened flatten(std::string_view type, std::string_view version, const Paths& tables = {});

/// Members that `version` knows.
EnumFacts enumeration(std::string_view name, std::string_view version);

/// Strings of an array member; empty when it is missing, null or no array.
std::vector<std::string> strings(const boost::json::object& object, std::string_view member);

}  // namespace cloudpcd::schema::facts
