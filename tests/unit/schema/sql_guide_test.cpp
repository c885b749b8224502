// What the SQL guide shows has to run.

#include "tests/unit/schema/mirror_file.hpp"
#include "tests/unit/schema/sql_blocks.hpp"

#include <SQLiteCpp/Exception.h>
#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace cloudpcd::schema::test;

TEST_CASE("guide: every SQL block of the guides runs against an empty mirror")
{
    std::vector<SqlBlock> blocks;
    for (const std::string name : {"sql.md", "operations.md"}) {
        for (auto& block : sql_blocks(name))
            blocks.push_back(std::move(block));
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
