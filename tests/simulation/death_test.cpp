// The process may die anywhere. What it leaves behind is whole, and the next one goes on.

#include "tests/simulation/world.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

using namespace cloudpcd::simulation;
using graphsim::Effect;

namespace {

/// One collection of each kind: many pages, window, second list, confirmed, secrets, one object.
WorldOptions few_resources()
{
    WorldOptions options;
    options.tenant.cloud_pcs = 14;
    options.tenant.audit_events = 12;
    options.tenant.snapshots = 7;
    options.tenant.page_size_default = 6;
    options.tenant.page_size_max = 6;
    options.leave_out_catalog_data();
    for (const auto* table : {"device_images", "bulk_actions", "provisioning_policies"})
        options.sync.resources[table].enabled = false;
    return options;
}

void change(World& world)
{
    world.wait(std::chrono::minutes{10});
    world.tenant().churn({.modified = 0.3,
                          .removed = 0.1,
                          .added = 0.15,
                          .hidden = 1,
                          .audit_events = 8,
                          .sets = {"cloudPCs", "userSettings", "snapshots"}});
}

void check_recovers(World& world)
{
    CHECK(world.broken_invariants() == "");
    CHECK(world.sync_until_quiet());
    CHECK(world.problems(4) == "");
}

int count_requests(World& world, std::uint64_t from, std::string_view part)
{
    const auto& all = world.network().exchanges();
    return static_cast<int>(std::count_if(
        all.begin() + static_cast<std::ptrdiff_t>(from), all.end(),
        [&](const auto& exchange) { return exchange.url.find(part) != std::string::npos; }));
}

}  // namespace

TEST_CASE("simulation: a first fill that dies at any page goes on from the saved link")
{
    for (const bool link_dies : {false, true}) {
        for (std::uint64_t step = 1;; ++step) {
            CAPTURE(link_dies);
            CAPTURE(step);
            World world{Seed{40}, few_resources()};
            world.kill_at_request(step);
            if (world.sync_once())
                break;  // all of the fill's requests were tried
            world.crash_and_restart();
            const auto read = world.ids("cloud_pcs");
            const auto links = world.rows(
                "SELECT value FROM sync_state WHERE resource = "
                "'cloud_pcs' AND key = 'next_link'");
            const auto sent = world.network().sent();
            const bool over = world.last_outcome("cloud_pcs") != "-";
            if (link_dies)
                world.tenant().expire_cursors();

            CHECK(world.sync_once() == 0);

            // Page and link are one commit.
            CHECK((over || read.empty() == links.empty()));
            if (!links.empty()) {
                // The last page has no link behind it: it may be read again.
                const auto rest = std::max<std::size_t>((14 - read.size() + 5) / 6, 1);
                const auto again = link_dies ? 1 + 3 : rest;
                CHECK(count_requests(world, sent, "/cloudPCs?") ==
                      static_cast<int>(again) + 1);  // and a look for new properties
            }
            check_recovers(world);
        }
    }
}

TEST_CASE("simulation: converges after one request of a cycle failed, whichever")
{
    struct Way {
        Effect effect;
        int times;
    };
    for (const auto& [effect, times] : {Way{Effect::malformed_json, 1}, Way{Effect::status, 9}}) {
        for (int step = 1;; ++step) {
            CAPTURE(step);
            CAPTURE(times);
            World world{Seed{41}, few_resources()};
            REQUIRE(world.sync_once() == 0);
            change(world);
            world.faults().add({.nth = step, .times = times, .effect = effect});

            world.sync_once();

            const bool fired = world.faults().hits() > 0;
            world.faults().clear();
            check_recovers(world);
            if (!fired)
                break;  // the cycle has fewer requests than `step`
        }
    }
}

TEST_CASE("simulation: converges after a death before any commit of a first fill")
{
    for (const bool newest_first : {true, false}) {
        for (std::uint64_t step = 1;; ++step) {
            CAPTURE(newest_first);
            CAPTURE(step);
            auto options = few_resources();
            // Read from the oldest on, an event that was skipped is not met again.
            options.tenant.audit_newest_first = newest_first;
            World world{Seed{42}, options};
            world.kill_at_commit(step);
            if (world.sync_once())
                break;
            world.crash_and_restart();
            check_recovers(world);
        }
    }
}

TEST_CASE("simulation: converges after a death before any commit of a cycle")
{
    for (std::uint64_t step = 1;; ++step) {
        CAPTURE(step);
        World world{Seed{43}, few_resources()};
        REQUIRE(world.sync_once() == 0);
        change(world);
        world.kill_at_commit(step);
        if (world.sync_once())
            break;
        world.crash_and_restart();
        check_recovers(world);
    }
}

TEST_CASE("simulation: a death before any request of a cycle leaves each table old or new")
{
    for (std::uint64_t step = 1;; ++step) {
        CAPTURE(step);
        World world{Seed{44}, few_resources()};
        REQUIRE(world.sync_once() == 0);
        change(world);
        const auto before = world.rows("SELECT id, raw FROM cloud_pcs ORDER BY id");
        world.kill_at_request(step);
        const bool ended = world.sync_once().has_value();
        if (!ended)
            world.crash_and_restart();
        const bool applied = world.number(
                                 "SELECT count(*) FROM sync_runs WHERE resource = "
                                 "'cloud_pcs'") == 2;
        CHECK((world.rows("SELECT id, raw FROM cloud_pcs ORDER BY id") == before) != applied);
        check_recovers(world);
        if (ended)
            break;
    }
}

TEST_CASE("simulation: a service that is killed again and again gets there")
{
    World world{Seed{45}, few_resources()};
    for (int life = 0; life < 25; ++life) {
        world.run_for_and_kill(std::chrono::milliseconds{400 + 170 * life});
        CHECK(world.broken_invariants() == "");
        if (life > 10)
            world.tenant().churn({.modified = 0.1, .removed = 0, .added = 0.02});
    }
    check_recovers(world);
}
