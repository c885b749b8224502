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

TEST_CASE("guide: every SQL block of docs/sql.md runs against an empty mirror")
{
    std::ifstream in{CLOUDPCD_SOURCE_DIR "/docs/sql.md"};
    REQUIRE(in.is_open());
    const auto blocks = sql_blocks(in);
    CHECK(blocks.size() > 7);
    MirrorFile mirror;
    mirror.database().exec("PRAGMA trusted_schema = OFF");
    for (const auto& block : blocks) {
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
