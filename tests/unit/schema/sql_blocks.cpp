#include "tests/unit/schema/sql_blocks.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <sstream>

namespace cloudpcd::schema::test {

std::string guide(const std::string& file)
{
    std::ifstream in{CLOUDPCD_SOURCE_DIR "/docs/" + file};
    REQUIRE(in.is_open());
    return {std::istreambuf_iterator<char>{in}, {}};
}

std::vector<SqlBlock> sql_blocks(const std::string& file)
{
    std::istringstream in{guide(file)};
    std::vector<SqlBlock> blocks;
    bool inside = false;
    int number = 0;
    for (std::string line; std::getline(in, line);) {
        ++number;
        const auto begin = std::min(line.find_first_not_of(' '), line.size());
        const auto text = std::string_view{line}.substr(begin);
        if (inside && text == "```") {
            inside = false;
        } else if (inside) {
            blocks.back().sql += line + "\n";
        } else if (text == "```sql") {
            inside = true;
            blocks.push_back({.file = file, .line = number + 1});
        }
    }
    return blocks;
}

}  // namespace cloudpcd::schema::test
