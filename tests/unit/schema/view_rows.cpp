#include "tests/unit/schema/view_rows.hpp"

#include "schema/views.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

namespace cloudpcd::schema::test {

namespace {

/// A condition that holds of values of `type`.
std::string_view is_of_type(std::string_view type)
{
    if (type == "TEXT")
        return "typeof({0}) = 'text'";
    if (type == "INTEGER")
        return "typeof({0}) = 'integer'";
    if (type == "REAL")
        return "typeof({0}) = 'real'";
    if (type == "BOOLEAN")
        return "typeof({0}) = 'integer' AND {0} IN (0, 1)";
    if (type == "DATE")
        return "{0} LIKE '____-__-__'";
    return "{0} LIKE '____-__-__ __:__:__.___'";
}

}  // namespace

std::vector<std::string> view_rows(MirrorFile& mirror, std::string_view view,
                                   std::string_view columns)
{
    const auto& all = reporting_views();
    const auto described = std::ranges::find(all, view, &ReportingView::name);
    REQUIRE(described != all.end());
    for (const auto& column : described->columns) {
        CAPTURE(column.name);
        const auto holds = fmt::format(fmt::runtime(is_of_type(column.type)), column.name);
        CHECK(mirror
                  .rows(fmt::format("SELECT {0} FROM {1} WHERE {0} IS NOT NULL AND NOT ({2})",
                                    column.name, view, holds))
                  .empty());
    }
    return mirror.rows(fmt::format("SELECT {0} FROM {1} ORDER BY {0}", columns, view));
}

}  // namespace cloudpcd::schema::test
