#include "schema/ddl.hpp"
#include "schema/views.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <string>

using namespace cloudpcd::schema;

namespace {

void check_fresh(const std::string& file, const std::string& text)
{
    std::ifstream in{CLOUDPCD_SOURCE_DIR "/" + file};
    REQUIRE_MESSAGE(in.is_open(), file, " is missing: run tools/regen");
    const std::string shipped{std::istreambuf_iterator<char>{in}, {}};
    const bool fresh = shipped == text;  // CHECK would print both
    CHECK_MESSAGE(fresh, file, " is stale: run tools/regen");
}

}  // namespace

TEST_CASE("reference: docs/reference/tables.md is what the catalog says")
{
    check_fresh("docs/reference/tables.md", table_reference());
}

TEST_CASE("reference: docs/reference/views.md is what the views' files say")
{
    check_fresh("docs/reference/views.md", view_reference());
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
