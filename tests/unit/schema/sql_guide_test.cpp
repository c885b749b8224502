// What the SQL guide shows has to run.

#include "tests/unit/schema/mirror_file.hpp"

#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>
#include <doctest/doctest.h>

#include <fstream>
#include <string>
#include <vector>

using namespace cloudpcd::schema::test;

namespace {

struct Block {
    std::string file{};
    int line = 0;  ///< of its first line
    std::string sql;
};

/// The blocks between ```sql and ```.
std::vector<Block> sql_blocks(std::istream& in)
{
    std::vector<Block> blocks;
    bool inside = false;
    int number = 0;
    for (std::string line; std::getline(in, line);) {
        ++number;
        if (inside && line == "```") {
            inside = false;
        } else if (inside) {
            blocks.back().sql += line + "\n";
        } else if (line == "```sql") {
            inside = true;
            blocks.push_back({.line = number + 1, .sql = {}});
        }
    }
    return blocks;
}

}  // namespace

TEST_CASE("guide: every SQL block of the guides runs against an empty mirror")
{
    std::vector<Block> blocks;
    for (const std::string name : {"sql.md", "operations.md"}) {
        std::ifstream in{CLOUDPCD_SOURCE_DIR "/docs/" + name};
        REQUIRE(in.is_open());
        for (auto& block : sql_blocks(in))
            blocks.push_back({.file = name, .line = block.line, .sql = std::move(block.sql)});
    }
    CHECK(blocks.size() > 9);
    MirrorFile mirror;
    mirror.database().exec("PRAGMA trusted_schema = OFF");
    for (const auto& block : blocks) {
        CAPTURE(block.file);
        CAPTURE(block.line);
        std::string error;
        try {
            // Several statements of one block each run; a guide of readers writes nothing.
            mirror.database().exec("PRAGMA query_only = ON");
            mirror.database().exec(block.sql);
        } catch (const SQLite::Exception& failure) {
            error = failure.what();
        }
        CHECK(error == "");
    }
}
