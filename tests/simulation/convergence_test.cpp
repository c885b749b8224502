// Whatever happens to the tenant, one complete cycle later the mirror equals it.

#include "tests/simulation/world.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

using namespace cloudpcd::simulation;
using graphsim::Effect;

namespace {

/// Sets whose objects are deleted once a GET by id says 404.
const std::vector<std::string> confirmed_sets{"bulkActions",          "cloudPCs",
                                              "deviceImages",         "onPremisesConnections",
                                              "provisioningPolicies", "userSettings"};
constexpr std::string_view one_cloud_pc = "/beta/deviceManagement/virtualEndpoint/cloudPCs/{id}";

std::size_t asked_for_one(World& world)
{
    return world.tenant().requests().count("GET", std::string{one_cloud_pc});
}

std::string name_of(World& world, const std::string& id)
{
    return world.value(fmt::format("SELECT display_name FROM cloud_pcs WHERE id = '{}'", id));
}

}  // namespace

TEST_CASE("simulation: the first fill equals the tenant, odd objects included")
{
    World world{Seed{1}, {.log_debug = true}};

    CHECK(world.sync_once() == 0);

    CHECK(world.problems() == "");
    CHECK(world.number("SELECT count(*) FROM history") == 0);
    CHECK(world.ids("cloud_pcs").size() == 35);
    CHECK(world.network().in_flight_max() <= 8);
}

TEST_CASE("simulation: what is newer than the catalog is noted, where $select hides it too")
{
    WorldOptions options;
    options.tenant.page_size_max = 100;
    World world{Seed{1}, options};

    CHECK(world.sync_once() == 0);

    const auto noted = [&](std::string_view resource) {
        return world.number(
            fmt::format("SELECT count(*) FROM schema_drift WHERE resource = '{}' "
                        "AND path = 'propertyOfTomorrow'",
                        resource));
    };
    CHECK(noted("cloud_pcs") == 1);
    CHECK(noted("snapshots") == 1);
    CHECK(world.problems() == "");
}

TEST_CASE("simulation: a cycle without changes writes no row of a resource")
{
    World world{Seed{2}};
    REQUIRE(world.sync_once() == 0);
    const auto seq = world.value("SELECT value FROM meta WHERE key = 'last_seq'");
    const auto runs = world.number("SELECT max(run_id) FROM sync_runs");
    world.wait(std::chrono::minutes{5});

    CHECK(world.sync_once() == 0);

    CHECK(world.value("SELECT value FROM meta WHERE key = 'last_seq'") == seq);
    CHECK(world.number(fmt::format("SELECT total(inserted + updated + deleted) FROM sync_runs "
                                   "WHERE run_id > {}",
                                   runs)) == 0);
    CHECK(world.problems(5) == "");
}

TEST_CASE("simulation: changes, removals, additions and hidden objects arrive in one cycle")
{
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        CAPTURE(seed);
        World world{Seed{seed}};
        REQUIRE(world.sync_once() == 0);
        for (int day = 0; day < 2; ++day) {
            world.wait(std::chrono::hours{1});
            const auto hidden = world.tenant().churn(
                {.modified = 0, .removed = 0, .added = 0, .hidden = 2, .sets = confirmed_sets});
            // What a list leaves out may have changed at the same time.
            for (const auto& id : hidden.hidden.at("cloudPCs"))
                world.tenant().modify("cloudPCs", id, R"({"displayName":"changed while hidden"})");
            world.tenant().churn({.modified = 0.2,
                                  .removed = 0.08,
                                  .added = 0.1,
                                  .audit_events = 7,
                                  .sets = confirmed_sets});

            CHECK(world.sync_once() == 0);

            CHECK(world.problems() == "");
        }
        CHECK(world.number("SELECT total(deleted) FROM sync_runs") > 0);
    }
}

TEST_CASE("simulation: a row is deleted once a GET by id says 404, what a list hides stays")
{
    World world{Seed{4}};
    REQUIRE(world.sync_once() == 0);
    const auto ids = world.ids("cloud_pcs");
    const auto gone = *ids.begin();
    const auto hidden = *std::next(ids.begin());
    world.tenant().remove("cloudPCs", gone);
    world.tenant().hide_from_list("cloudPCs", hidden);
    world.tenant().modify("cloudPCs", hidden, R"({"displayName":"behind the curtain"})");
    world.tenant().clear_requests();

    CHECK(world.sync_once() == 0);

    CHECK_FALSE(world.ids("cloud_pcs").contains(gone));
    CHECK(world.ids("cloud_pcs").contains(hidden));
    CHECK(name_of(world, hidden) == "behind the curtain");
    CHECK(asked_for_one(world) == 2);
    CHECK(world.value(fmt::format("SELECT ended_by FROM history WHERE id = '{}'", gone)) ==
          "delete");
    CHECK(world.problems() == "");
}

TEST_CASE("simulation: what cannot be confirmed to be gone stays, and the run is incomplete")
{
    struct Case {
        std::string name;
        graphsim::Fault fault;
    };
    std::vector<Case> cases{
        {"forbidden", graphsim::faults::status("cloudPCs/", 403, "", 0)},
        {"server error", graphsim::faults::status("cloudPCs/", 500, "", 0)},
        {"a proxy's 404", graphsim::faults::bare_status("cloudPCs/", 404, 0)},
        {"a web page", graphsim::faults::effect("cloudPCs/", Effect::html_page)},
        {"nothing", graphsim::faults::effect("cloudPCs/", Effect::hang)},
        {"no content", graphsim::faults::effect("cloudPCs/", Effect::no_content)}};
    for (auto& [name, fault] : cases) {
        CAPTURE(name);
        WorldOptions options;
        options.leave_out_catalog_data();
        World world{Seed{5}, options};
        REQUIRE(world.sync_once() == 0);
        const auto before = world.ids("cloud_pcs");
        world.tenant().remove("cloudPCs", *before.begin());
        world.tenant().remove("cloudPCs", *std::next(before.begin()));
        fault.times = 0;
        world.faults().add(fault);

        CHECK(world.sync_once() == 1);

        CHECK(world.ids("cloud_pcs") == before);
        CHECK(world.last_outcome("cloud_pcs") == "incomplete");
        CHECK(world.last_outcome("user_settings") == "complete");
        CHECK(world.broken_invariants() == "");
        world.faults().clear();
        CHECK(world.sync_until_quiet());
        CHECK(world.problems(5) == "");
    }
}

TEST_CASE("simulation: a tenant that moves while its lists are read does no harm")
{
    for (const auto cursors : {graphsim::CursorKind::live, graphsim::CursorKind::snapshot}) {
        for (std::uint64_t seed = 10; seed < 13; ++seed) {
            CAPTURE(seed);
            WorldOptions options;
            options.tenant.cursors = cursors;
            options.leave_out_catalog_data();
            World world{Seed{seed}, options};
            REQUIRE(world.sync_once() == 0);
            std::set<std::string> ever = world.ids("cloud_pcs");
            for (std::uint64_t i = 1; i <= 8; ++i)
                world.network().at_request(world.network().sent() + 3 * i, [&world] {
                    world.tenant().churn({.modified = 0.05, .removed = 0.03, .added = 0.03});
                });

            world.sync_once();

            // Rows that went are gone from the tenant too: none was lost by slipping past.
            const auto there = world.tenant_ids("cloudPCs");
            const auto mirrored = world.ids("cloud_pcs");
            for (const auto& id : ever)
                CHECK((mirrored.contains(id) || !there.contains(id)));
            CHECK(world.sync_until_quiet());
            CHECK(world.problems(5) == "");
        }
    }
}

TEST_CASE("simulation: an id that comes twice with different content is read once more")
{
    World world{Seed{6}};
    REQUIRE(world.sync_once() == 0);
    const auto victim = *world.ids("cloud_pcs").begin();
    world.tenant().remove("cloudPCs", victim);
    world.faults().add(
        {.path_contains = "cloudPCs?", .nth = 2, .effect = Effect::duplicate_changed_item});

    CHECK(world.sync_once() == 0);

    CHECK(world.value("SELECT pages FROM sync_runs WHERE resource = 'cloud_pcs' "
                      "ORDER BY run_id DESC LIMIT 1") == "8");
    CHECK(world.problems(5) == "");

    // It does not settle: what came is applied, and nothing is deleted.
    const auto next = *world.ids("cloud_pcs").begin();
    world.tenant().remove("cloudPCs", next);
    for (const int page : {2, 6})
        world.faults().add(
            {.path_contains = "cloudPCs?", .nth = page, .effect = Effect::duplicate_changed_item});
    CHECK(world.sync_once() == 1);
    CHECK(world.ids("cloud_pcs").contains(next));
    CHECK(world.last_outcome("cloud_pcs") == "incomplete");
    CHECK(world.broken_invariants() == "");
    CHECK(world.sync_until_quiet());
    CHECK(world.problems(5) == "");
}

TEST_CASE("simulation: rows of child tables follow their object")
{
    World world{Seed{3}};
    REQUIRE(world.sync_once() == 0);
    const auto count = [&](std::string_view table) {
        return world.number(fmt::format("SELECT count(*) FROM {}", table));
    };
    const auto policies = world.rows(
        "SELECT p.id FROM provisioning_policies p JOIN provisioning_policy_assignments a "
        "ON a._parent = p._key GROUP BY p._key ORDER BY p.id");
    REQUIRE(policies.size() >= 2);
    const auto event = world.tenant().add_audit_events(1).front();
    REQUIRE(world.sync_once() == 0);
    const auto assignments = count("provisioning_policy_assignments");
    const auto properties = count("audit_event_modified_properties");
    world.tenant().modify("provisioningPolicies", policies[0], R"({"assignments":[]})");
    world.tenant().modify("provisioningPolicies", policies[1],
                          R"({"assignments":[{"id":"a"},{"id":"b"},{"id":"c"}]})");
    world.tenant().modify(
        "auditEvents", event,
        R"({"resources":[{"resourceId":"x","modifiedProperties":[]},{"modifiedProperties":)"
        R"([{"displayName":"p","oldValue":null,"newValue":"1"},{"displayName":"q"},{},{}]}]})");

    CHECK(world.sync_once() == 0);

    CHECK(count("provisioning_policy_assignments") != assignments);
    CHECK(count("audit_event_modified_properties") != properties);
    CHECK(world.problems() == "");

    world.tenant().remove("provisioningPolicies", policies[1]);
    CHECK(world.sync_once() == 0);
    CHECK(world.number("SELECT count(*) FROM provisioning_policy_assignments WHERE id IN "
                       "('a', 'b', 'c')") == 0);
    CHECK(world.problems() == "");
}

TEST_CASE("simulation: write-only secrets reach neither file nor log")
{
    World world{Seed{7}, {.log_debug = true}};
    constexpr std::string_view secret = "hunter2-of-the-domain";
    world.faults().add({.path_contains = "onPremisesConnections?",
                        .times = 2,
                        .effect = Effect::insert_item,
                        .text = fmt::format(R"({{"id":"a","adDomainPassword":"{0}",)"
                                            R"("displayName":"first"}})",
                                            secret)});
    world.faults().add(
        {.path_contains = "onPremisesConnections?",
         .times = 2,
         .effect = Effect::insert_item,
         .text = fmt::format(R"({{"adDomain\u0050assword":"{0}","id":7}})", secret)});

    world.sync_once();

    CHECK(world.ids("on_premises_connections").contains("a"));
    CHECK(world.number("SELECT count(*) FROM quarantine") == 1);
    CHECK_FALSE(world.says(secret));
    CHECK(world.broken_invariants() == "");
}

TEST_CASE("simulation: the same seed makes the same run")
{
    const auto trace = [](std::uint64_t seed) {
        World world{Seed{seed}};
        world.sync_once();
        world.tenant().churn({.modified = 0.1, .hidden = 1, .audit_events = 3});
        world.run_for(std::chrono::minutes{12});
        return world.trace_hash();
    };
    CHECK(trace(8) == trace(8));
    CHECK(trace(8) != trace(9));
}
