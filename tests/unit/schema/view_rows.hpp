#pragma once
// What a reporting view says of known data.

#include "tests/unit/schema/mirror_file.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::schema::test {

/// `columns` of all rows of a view, in order of those columns, joined by '|', NULL as "-". Checks
/// of every value of every column that it is what the view's file promises.
std::vector<std::string> view_rows(MirrorFile& mirror, std::string_view view,
                                   std::string_view columns);

}  // namespace cloudpcd::schema::test
