// Whoever follows the mirror asks for what came after a number, again and again. That must cost the
// lines it returns and not the size of the mirror: SQLite merges the arms' indexes only while the
// arms agree in the affinity of every column.

#include "schema/catalog.hpp"
#include "tests/unit/schema/mirror_file.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace cloudpcd::schema;
using namespace cloudpcd::schema::test;

namespace {

std::vector<std::string> plan(const std::string& sql)
{
    MirrorFile mirror;
    std::vector<std::string> steps;
    for (const auto& row : mirror.rows("EXPLAIN QUERY PLAN " + sql))
        steps.push_back(row.substr(row.rfind('|') + 1));
    return steps;
}

auto count_containing(const std::vector<std::string>& steps, std::string_view text)
{
    return static_cast<std::size_t>(std::ranges::count_if(
        steps, [&](const auto& step) { return step.find(text) != std::string::npos; }));
}

void check_merges(const std::string& sql)
{
    const auto steps = plan(sql);
    std::string text;
    for (const auto& step : steps)
        text += step + "\n";
    INFO(text);
    CHECK(count_containing(steps, "MERGE (UNION ALL)") > 0);
    CHECK(count_containing(steps, "TEMP B-TREE") == 0);
    CHECK(count_containing(steps, "SCAN") == 0);
    // One range per table and two of history; every other search is a predecessor's.
    CHECK(count_containing(steps, "(_version_seq>?)") == catalog().size());
    CHECK(count_containing(steps, "history_from_seq (from_seq>?)") == 1);
    CHECK(count_containing(steps, "history_to_seq (to_seq>?)") == 1);
    const auto searches = count_containing(steps, "SEARCH ");
    CHECK(count_containing(steps, "(to_seq=? AND ended_by=?)") == searches - catalog().size() - 2);
}

}  // namespace

TEST_CASE("changes: reading on from a number merges the indexes")
{
    check_merges("SELECT * FROM changes WHERE seq > 100 ORDER BY seq LIMIT 1000");
    check_merges(
        "SELECT seq, at, resource, id, op FROM changes WHERE seq > 100 ORDER BY seq LIMIT 1000");
}

TEST_CASE("changes: every column of every arm has the affinity of the view's")
{
    MirrorFile mirror;
    mirror.version("cloud_pcs", "a", 1, 3, "update", "1");
    mirror.version("cloud_pcs", "a", 3, 5, "delete", "2");
    mirror.row("cloud_pcs", "a", 7, "3");
    CHECK(mirror.rows("SELECT DISTINCT typeof(seq), typeof(at), typeof(resource), typeof(id), "
                      "typeof(op), typeof(coalesce(before, '')), typeof(coalesce(after, '')) "
                      "FROM changes") ==
          std::vector<std::string>{"integer|text|text|text|text|text|text"});
}
