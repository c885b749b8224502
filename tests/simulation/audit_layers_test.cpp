// The layers of the audit window: what comes later than the overlap is found by the daily and the
// weekly read, measured, and followed by a wider overlap; what is lost for good is said.

#include "schema/catalog.hpp"
#include "tests/simulation/world.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>

using namespace cloudpcd::simulation;
using namespace std::chrono_literals;

namespace {

/// Audit events alone, read every half an hour.
WorldOptions audit_events_only()
{
    WorldOptions options;
    options.tenant.cloud_pcs = 5;
    options.sync.interval = 30min;
    for (const auto& collection : cloudpcd::schema::catalog())
        options.sync.resources[std::string{collection.table}].enabled =
            collection.table == "audit_events";
    return options;
}

bool has(const World& world, const std::string& id)
{
    return world.ids("audit_events").contains(id);
}

}  // namespace

TEST_CASE("simulation: an event later than the overlap is found within a day, and raises it")
{
    World world{Seed{70}, audit_events_only()};
    REQUIRE(world.sync_once() == 0);
    const auto now = world.tenant().now();
    // Two days late: no read but the verify pass reaches so far back.
    const auto id = world.tenant().add_late_audit_event(now + 1h, now + 49h);
    for (int i = 1; i < 60; ++i)  // life goes on meanwhile, and the watermark with it
        world.tenant().add_late_audit_event(now + i * 1h, now + i * 1h);
    CHECK(world.run_for(48h));
    CHECK_FALSE(has(world, id));

    CHECK(world.run_for(26h));

    CHECK(has(world, id));
    CHECK(world.number("SELECT max(seconds_max) FROM audit_lateness WHERE layer = 'daily'") >=
          47 * 3600);
    const auto overlap =
        world.number("SELECT value FROM sync_state WHERE key = 'audit_overlap_seconds'");
    CHECK(overlap >= 2 * 47 * 3600);
    CHECK(world.log().find("the overlap reaches; it is raised") != std::string::npos);

    // From now on the hourly read reaches that far.
    const auto later = world.tenant().now();
    const auto second = world.tenant().add_late_audit_event(later - 47h, later + 10min);
    CHECK(world.run_for(2h));
    CHECK(has(world, second));
    CHECK(world.problems(10) == "");
}

TEST_CASE("simulation: an event later than a week is found within a week")
{
    World world{Seed{71}, audit_events_only()};
    REQUIRE(world.sync_once() == 0);
    const auto now = world.tenant().now();
    const auto id = world.tenant().add_late_audit_event(now - 240h, now + 1h);
    CHECK(world.run_for(24h * 7 + 2h));
    CHECK(has(world, id));
    CHECK(world.number("SELECT count(*) FROM audit_lateness WHERE layer = 'weekly'") == 1);
    CHECK(world.problems(10) == "");
}

TEST_CASE("simulation: most reads of the log reach back an hour and no further")
{
    World world{Seed{72}, audit_events_only()};
    REQUIRE(world.sync_once() == 0);
    const auto before = world.network().sent();
    CHECK(world.run_for(24h));
    std::size_t reads = 0;
    const auto& all = world.network().exchanges();
    for (std::size_t i = before; i < all.size(); ++i)
        reads += all[i].url.find("/auditEvents?") != std::string::npos ? 1 : 0;
    CHECK(reads >= 48);
    CHECK(reads <= 70);  // small windows: a page or two each
}

TEST_CASE("simulation: a log that no longer reaches back leaves a gap with both its edges")
{
    World world{Seed{73}, audit_events_only()};
    REQUIRE(world.sync_once() == 0);
    const auto last = world.value("SELECT max(activity_date_time) FROM audit_events");
    const auto ids = world.tenant_ids("auditEvents");
    SUBCASE("away for long, and what was read last is gone")
    {
        world.wait(24h * 40);
        for (const auto& id : ids)
            world.tenant().remove("auditEvents", id);
        world.tenant().add_audit_events(5, 1h);
        CHECK(world.sync_once() == 0);
        REQUIRE(world.number("SELECT count(*) FROM gaps") == 1);
        CHECK(world.value("SELECT from_time FROM gaps") == last);
        CHECK(world.value("SELECT to_time FROM gaps") ==
              world.value("SELECT min(activity_date_time) FROM audit_events "
                          "WHERE activity_date_time > (SELECT from_time FROM gaps)"));
        CHECK(world.value("SELECT recorded_at FROM gaps") ==
              world.value("SELECT max(ended_at) FROM sync_runs"));
        // Once is enough, and what was read before stays.
        CHECK(world.sync_once() == 0);
        CHECK(world.number("SELECT count(*) FROM gaps") == 1);
        CHECK(world.ids("audit_events").size() == ids.size() + 5);
    }
    SUBCASE("away for long, and the log still has it")
    {
        world.wait(24h * 40);
        world.tenant().add_audit_events(5, 1h);
        CHECK(world.sync_once() == 0);
        CHECK(world.number("SELECT count(*) FROM gaps") == 0);
    }
    SUBCASE("an empty answer soon after is no gap")
    {
        world.wait(1h);
        world.faults().add(graphsim::faults::effect("auditEvents?", graphsim::Effect::empty_value));
        CHECK(world.sync_once() == 0);
        CHECK(world.number("SELECT count(*) FROM gaps") == 0);
    }
}
