// A report over a fleet must cost the fleet, not its square: within a loop, every table is looked
// up by an index, be it one that SQLite makes for the query.

#include "schema/views.hpp"
#include "tests/unit/schema/mirror_file.hpp"

#include <SQLiteCpp/Statement.h>
#include <doctest/doctest.h>

#include <map>
#include <optional>

using namespace cloudpcd::schema;
using namespace cloudpcd::schema::test;

namespace {

struct Step {
    int parent = 0;
    std::string text;
    bool in_loop = false;  ///< runs once per row of something
};

bool is_scan(const std::string& text)
{
    // json_each reads the one value it is given.
    return text.starts_with("SCAN ") && text.find("VIRTUAL TABLE") == std::string::npos &&
           text.find("CONSTANT ROW") == std::string::npos;
}

/// The first scan inside of a loop in the plan of `sql`.
std::optional<std::string> quadratic_step(MirrorFile& mirror, const std::string& sql)
{
    std::map<int, Step> steps;
    std::map<int, bool> has_loop;  // by parent: a table of this FROM was met already
    SQLite::Statement plan{mirror.database(), "EXPLAIN QUERY PLAN " + sql};
    while (plan.executeStep()) {
        Step step{.parent = plan.getColumn(1).getInt(), .text = plan.getColumn(3).getString()};
        const auto above = steps.find(step.parent);
        step.in_loop =
            (above != steps.end() && above->second.in_loop) || step.text.starts_with("CORRELATED ");
        const bool is_search = step.text.starts_with("SEARCH ");
        if (is_scan(step.text) && (step.in_loop || has_loop[step.parent]))
            return step.text;
        has_loop[step.parent] |= is_search || step.text.starts_with("SCAN ");
        steps[plan.getColumn(0).getInt()] = step;
    }
    return std::nullopt;
}

}  // namespace

TEST_CASE("view plans: a scan inside of a loop is found")
{
    MirrorFile mirror;
    const auto quadratic = [&](const std::string& sql) {
        return quadratic_step(mirror, sql).has_value();
    };
    CHECK(quadratic("SELECT * FROM cloud_pcs a JOIN cloud_pcs b ON a.raw < b.raw"));
    CHECK(
        quadratic("SELECT (SELECT count(*) FROM snapshots s WHERE s.status = c.status) "
                  "FROM cloud_pcs c"));
    CHECK(
        quadratic("SELECT * FROM cloud_pcs c WHERE EXISTS (SELECT 1 FROM entra_users u "
                  "WHERE u.department = c.display_name)"));
    CHECK_FALSE(quadratic("SELECT * FROM cloud_pcs a JOIN cloud_pcs b ON a.id = b.id"));
    CHECK_FALSE(quadratic("SELECT * FROM cloud_pcs UNION ALL SELECT * FROM cloud_pcs"));
    CHECK_FALSE(quadratic("SELECT * FROM cloud_pcs c, json_each(c.raw)"));
}

TEST_CASE("view plans: no view scans a table inside of a loop")
{
    MirrorFile mirror;
    for (const auto& view : reporting_views()) {
        const auto step = quadratic_step(mirror, "SELECT * FROM " + view.name);
        CHECK_MESSAGE(!step, view.name, ": ", step.value_or(""));
    }
}

TEST_CASE("view plans: reports on one machine look it up")
{
    MirrorFile mirror;
    for (const auto* sql : {"SELECT * FROM v_cloud_pcs WHERE user_principal_name = 'a@b'",
                            "SELECT * FROM v_cloud_pcs WHERE cloud_pc_id = 'a'",
                            "SELECT * FROM v_audit WHERE resource_id = 'a'",
                            "SELECT * FROM v_unused WHERE user_principal_name = 'a@b'"}) {
        CAPTURE(sql);
        for (const auto& row : mirror.rows(std::string{"EXPLAIN QUERY PLAN "} + sql))
            CHECK_MESSAGE(row.find("|SCAN ") == std::string::npos, row);
    }
}

TEST_CASE("view plans: reading on in v_changes merges the indexes as changes does")
{
    MirrorFile mirror;
    bool merges = false;
    for (const auto& row : mirror.rows("EXPLAIN QUERY PLAN SELECT * FROM v_changes "
                                       "WHERE seq > 100 ORDER BY seq LIMIT 1000")) {
        merges |= row.find("MERGE (UNION ALL)") != std::string::npos;
        CHECK_MESSAGE(row.find("|SCAN ") == std::string::npos, row);
        if (row.find(" e ") != std::string::npos || row.find(" r ") != std::string::npos)
            CHECK_MESSAGE((row.find("audit_event_resources_resource_id (resource_id=?)") !=
                               std::string::npos ||
                           row.find("e USING INTEGER PRIMARY KEY") != std::string::npos),
                          row);
    }
    CHECK(merges);
}
