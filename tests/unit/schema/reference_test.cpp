#include "schema/actions.hpp"
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

TEST_CASE("reference: docs/reference/actions.md is what the entries say")
{
    check_fresh("docs/reference/actions.md", action_reference());
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

TEST_CASE("reference: every kind with every parameter is in it, and is explained")
{
    const auto text = action_reference();
    for (const auto& action : actions()) {
        CAPTURE(action.kind);
        CHECK(text.find("\n## " + std::string{action.kind} + "\n") != std::string::npos);
        const auto lines = explain(action);
        CHECK(lines.front() == action.kind);
        std::string joined;
        for (const auto& line : lines) {
            CHECK(line.find('\n') == std::string::npos);
            joined += line + "\n";
        }
        CHECK(joined.find(action.path) != std::string::npos);
        CHECK(joined.find("INSERT INTO jobs") != std::string::npos);
        for (const auto& parameter : action.parameters) {
            CHECK(text.find("| `" + std::string{parameter.name}) != std::string::npos);
            CHECK(joined.find("  " + std::string{parameter.name}) != std::string::npos);
        }
    }
}
