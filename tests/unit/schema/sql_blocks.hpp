#pragma once
// The SQL that a guide shows.

#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::schema::test {

struct SqlBlock {
    std::string file{};  ///< below docs/
    int line = 0;        ///< of its first line
    std::string sql{};
};

/// The blocks between ```sql and ``` of a file in docs/, indented ones too.
std::vector<SqlBlock> sql_blocks(const std::string& file);

/// The whole file.
std::string guide(const std::string& file);

}  // namespace cloudpcd::schema::test
