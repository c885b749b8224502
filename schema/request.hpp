#pragma once
// What a request for a collection says, as it follows from the catalog.

#include "schema/catalog.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::schema {

/// Names for $select: `id` first, then every top-level property that a column or a child table is
/// read from, and links. Without what $expand brings, `@odata.type` (never selectable) and secrets.
std::vector<std::string> select_properties(const Collection& collection);

/// Path below the version that the entry is read at: that of the collection, or of its delta
/// function.
std::string read_path(const Collection& collection);

/// First segment of the path: "v1.0" or "beta".
std::string version_segment(ApiVersion version);

}  // namespace cloudpcd::schema
