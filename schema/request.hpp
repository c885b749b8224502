#pragma once
// What a request for a collection says, as it follows from the catalog.

#include "schema/catalog.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::schema {

/// Names for $select: `id` first, then every top-level property that a column or a child table is
/// read from. Without what $expand brings, `@odata.type` (never selectable) and secrets.
std::vector<std::string> select_properties(const Collection& collection);

/// First segment of the path: "v1.0" or "beta".
std::string version_segment(ApiVersion version);

}  // namespace cloudpcd::schema
