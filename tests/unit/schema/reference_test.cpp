#include "schema/ddl.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <string>

using namespace cloudpcd::schema;

TEST_CASE("reference: docs/reference/tables.md is what the catalog says")
{
    std::ifstream in{CLOUDPCD_SOURCE_DIR "/docs/reference/tables.md"};
    REQUIRE_MESSAGE(in.is_open(), "docs/reference/tables.md is missing: run tools/regen");
    const std::string shipped{std::istreambuf_iterator<char>{in}, {}};
    const bool fresh = shipped == table_reference();  // CHECK would print both
    CHECK_MESSAGE(fresh, "docs/reference/tables.md is stale: run tools/regen");
}

TEST_CASE("reference: every table and every column is in it")
{
    const auto text = table_reference();
    for (const auto& entry : catalog()) {
        CAPTURE(entry.table);
        CHECK(text.find("\n## " + std::string{entry.table} + "\n") != std::string::npos);
        for (const auto& column : entry.columns)
            CHECK(text.find("| `" + column_name(column.property) + "` | ") != std::string::npos);
        for (const auto& child : entry.children)
            CHECK(text.find("\n### " + std::string{child.table} + "\n") != std::string::npos);
    }
}
