// The service, left alone for a day.

#include "schema/catalog.hpp"
#include "tests/simulation/world.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace cloudpcd::simulation;
using namespace std::chrono_literals;

namespace {

/// Longest time between two starts of a resource in seconds, the time before the first and behind
/// the last one included.
double longest_gap(const World& world, std::string_view resource, const std::string& from,
                   const std::string& to)
{
    return std::stod(world.value(fmt::format(
        "WITH starts(at) AS (SELECT started_at FROM sync_runs WHERE resource = '{0}' AND "
        "started_at >= '{1}' UNION ALL SELECT '{1}' UNION ALL SELECT '{2}'), "
        "numbered(at, n) AS (SELECT at, row_number() OVER (ORDER BY at) FROM starts) "
        "SELECT max((julianday(b.at) - julianday(a.at)) * 86400) FROM numbered a JOIN numbered b "
        "ON b.n = a.n + 1",
        resource, from, to)));
}

std::string sql_time(const World& world)
{
    auto text = graphsim::rfc3339(world.tenant().now(), 3);
    text[10] = ' ';
    text.resize(23);
    return text;
}

}  // namespace

TEST_CASE(
    "simulation: in a day every resource is read at its interval, and quiet cycles write no row")
{
    WorldOptions options;
    options.tenant.cloud_pcs = 12;
    options.tenant.audit_events = 12;
    options.tenant.snapshots = 8;
    options.tenant.page_size_max = 100;
    options.tenant.page_size_default = 100;
    options.sync.interval = 1h;
    options.sync.resources["cloud_pcs"].interval = 10min;
    options.sync.resources["audit_events"].interval = 15min;
    World world{Seed{70}, options};
    const auto begin = sql_time(world);

    CHECK(world.run_for(24h));

    for (const auto* collection : world.included()) {
        CAPTURE(collection->table);
        const auto interval =
            static_cast<double>(std::chrono::duration_cast<std::chrono::seconds>(
                                    world.configuration().sync.interval_of(collection->table))
                                    .count());
        CHECK(longest_gap(world, collection->table, begin, sql_time(world)) <= interval * 1.02);
        const auto runs = world.number(
            fmt::format("SELECT count(*) FROM sync_runs WHERE resource = '{}'", collection->table));
        // The jitter shortens by a tenth at most.
        CHECK(static_cast<double>(runs) <= 86400 / (interval * 0.9) + 1);
        CHECK(world.number(fmt::format("SELECT total(inserted + updated + deleted) FROM sync_runs "
                                       "WHERE resource = '{0}' AND run_id > (SELECT min(run_id) "
                                       "FROM sync_runs WHERE resource = '{0}')",
                                       collection->table)) == 0);
    }
    CHECK(world.number("SELECT count(*) FROM sync_runs WHERE outcome <> 'complete'") == 0);
    CHECK(world.number("SELECT count(*) FROM history") == 0);
    CHECK(world.problems() == "");
}

TEST_CASE("simulation: a resource that fails for ever starves no other")
{
    WorldOptions options;
    options.tenant.cloud_pcs = 12;
    options.tenant.audit_events = 12;
    options.sync.interval = 10min;
    World world{Seed{71}, options};
    REQUIRE(world.sync_once() == 0);
    world.faults().add(
        {.path_contains = "cloudPCs?", .times = 0, .effect = graphsim::Effect::hang});
    world.faults().add(graphsim::faults::throttled("bulkActions", "55", 0));
    const auto begin = sql_time(world);

    CHECK(world.run_for(3h));

    for (const auto* collection : world.included()) {
        CAPTURE(collection->table);
        if (collection->table != "bulk_actions")  // told to wait by the service, again and again
            CHECK(longest_gap(world, collection->table, begin, sql_time(world)) <= 3 * 600);
    }
    CHECK(world.number("SELECT consecutive_failures FROM freshness WHERE resource = "
                       "'cloud_pcs'") > 3);
    CHECK(world.broken_invariants() == "");
    world.faults().clear();
    CHECK(world.run_for(1h));
    CHECK(world.number("SELECT count(*) FROM freshness WHERE consecutive_failures > 0") == 0);
    CHECK(world.problems(5) == "");
}

TEST_CASE("simulation: a service that is restarted reads again when the interval has passed")
{
    WorldOptions options;
    options.sync.interval = 30min;
    World world{Seed{72}, options};
    CHECK(world.run_for(2min));
    const auto runs = world.number("SELECT count(*) FROM sync_runs");
    world.crash_and_restart();
    CHECK(world.run_for(10min));
    CHECK(world.number("SELECT count(*) FROM sync_runs") == runs);
    CHECK(world.run_for(20min));
    CHECK(world.number("SELECT count(*) FROM sync_runs") == 2 * runs);
}

TEST_CASE("simulation: changes during a day of the service are all in its history")
{
    WorldOptions options;
    options.tenant.token_lifetime = 10min;
    options.sync.interval = 1h;
    World world{Seed{73}, options};
    for (int hours = 0; hours < 24; hours += 4) {
        CHECK(world.run_for(4h));
        world.tenant().churn({.modified = 0.1, .removed = 0.03, .added = 0.03, .audit_events = 3});
        CHECK(world.broken_invariants() == "");
    }
    CHECK(world.sync_until_quiet());
    CHECK(world.number("SELECT count(*) FROM history") > 20);
    CHECK(world.problems() == "");
}
