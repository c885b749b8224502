// Too much at once is not believed: mass disappearance, empty lists, second lists.

#include "tests/simulation/world.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace cloudpcd::simulation;
using graphsim::Effect;

namespace {

void remove_first(World& world, std::string_view set, std::size_t count)
{
    const auto objects = world.tenant().objects(set);
    for (std::size_t i = 0; i < count; ++i)
        world.tenant().remove(set, objects[i].id);
}

}  // namespace

TEST_CASE("simulation: an empty list over a filled table is refused")
{
    for (const std::string set : {"cloudPCs", "snapshots", "bulkActions", "servicePlans"}) {
        CAPTURE(set);
        World world{Seed{50}};
        REQUIRE(world.sync_once() == 0);
        const auto rows = world.number("SELECT count(*) FROM changes");
        world.faults().add({.path_contains = set + "?", .times = 0, .effect = Effect::empty_value});
        world.faults().add({.path_contains = set, .times = 0, .effect = Effect::empty_value});

        for (int cycle = 0; cycle < 3; ++cycle)
            CHECK(world.sync_once() == 1);

        CHECK(world.number("SELECT count(*) FROM changes") == rows);
        CHECK(world.number("SELECT count(*) FROM sync_runs WHERE outcome = 'refused'") == 3);
        CHECK(world.number("SELECT count(*) FROM freshness WHERE degraded_reason IS NOT NULL") ==
              1);
        CHECK(world.broken_invariants() == "");
        world.faults().clear();
        CHECK(world.sync_until_quiet());
        CHECK(world.number("SELECT count(*) FROM freshness WHERE degraded_reason IS NOT NULL") ==
              0);
        CHECK(world.problems(10) == "");
    }
}

TEST_CASE("simulation: a small table may turn empty when each row is confirmed to be gone")
{
    World world{Seed{51}};
    REQUIRE(world.sync_once() == 0);
    remove_first(world, "userSettings", 6);

    CHECK(world.sync_once() == 0);

    CHECK(world.ids("user_settings").empty());
    CHECK(world.problems(10) == "");
}

TEST_CASE("simulation: one of them that is still there makes the empty list a refused one")
{
    World world{Seed{52}};
    REQUIRE(world.sync_once() == 0);
    const auto objects = world.tenant().objects("userSettings");
    for (std::size_t i = 1; i < objects.size(); ++i)
        world.tenant().remove("userSettings", objects[i].id);
    world.tenant().hide_from_list("userSettings", objects[0].id);

    CHECK(world.sync_once() == 1);

    CHECK(world.last_outcome("user_settings") == "refused");
    CHECK(world.ids("user_settings").size() == objects.size());
    CHECK(world.broken_invariants() == "");
    CHECK(world.sync_once() == 0);
    CHECK(world.problems(10) == "");
}

TEST_CASE("simulation: a mass disappearance is refused, changes of the same list are applied")
{
    World world{Seed{53}};
    REQUIRE(world.sync_once() == 0);
    remove_first(world, "cloudPCs", 11);
    const auto kept = world.tenant().objects("cloudPCs").front().id;
    world.tenant().modify("cloudPCs", kept, R"({"displayName":"still here"})");
    world.tenant().clear_requests();

    CHECK(world.sync_once() == 1);

    CHECK(world.last_outcome("cloud_pcs") == "refused");
    CHECK(world.ids("cloud_pcs").size() == 35);
    CHECK(world.number("SELECT refused FROM sync_runs WHERE outcome = 'refused'") == 11);
    CHECK(world.number("SELECT count(*) FROM cloud_pcs WHERE display_name = 'still here'") == 1);
    // Counted before anything was asked for by id.
    CHECK(world.tenant().requests().count(
              "GET", "/beta/deviceManagement/virtualEndpoint/cloudPCs/{id}") == 0);
    CHECK(world.sync_once() == 1);
    CHECK(world.ids("cloud_pcs").size() == 35);
    CHECK(world.broken_invariants() == "");
}

TEST_CASE("simulation: the brake of a larger table is a tenth of it")
{
    WorldOptions options;
    options.tenant.cloud_pcs = 150;
    options.tenant.page_size_max = 50;
    World world{Seed{54}, options};
    REQUIRE(world.sync_once() == 0);

    remove_first(world, "cloudPCs", 16);
    CHECK(world.sync_once() == 1);
    CHECK(world.ids("cloud_pcs").size() == 150);

    world.tenant().add("cloudPCs");
    for (const auto& id : world.ids("cloud_pcs")) {
        if (!world.tenant_ids("cloudPCs").contains(id)) {
            world.tenant().add("cloudPCs", fmt::format(R"({{"id":"{}"}})", id));
            break;
        }
    }
    CHECK(world.sync_once() == 0);  // 15 of 151
    CHECK(world.problems(20) == "");
}

TEST_CASE("simulation: a configured fraction of 1 lets everything go that is confirmed")
{
    WorldOptions options;
    options.sync.resources["cloud_pcs"].max_delete_fraction = 1;
    World world{Seed{55}, options};
    REQUIRE(world.sync_once() == 0);
    remove_first(world, "cloudPCs", 30);

    CHECK(world.sync_once() == 0);

    CHECK(world.ids("cloud_pcs").size() == 5);
    CHECK(world.sync_until_quiet());
    CHECK(world.problems(5) == "");
}

TEST_CASE("simulation: snapshots go with the second list that lacks them, by the dozen")
{
    World world{Seed{56}};
    REQUIRE(world.sync_once() == 0);
    const auto hidden = world.tenant().objects("snapshots").back().id;
    remove_first(world, "snapshots", 20);
    world.tenant().hide_from_list("snapshots", hidden);

    CHECK(world.sync_once() == 0);
    CHECK(world.ids("snapshots").size() == 25);
    CHECK(world.number("SELECT json_array_length(value) FROM sync_state "
                       "WHERE key = 'missing_ids'") == 21);

    // An incomplete list between the two counts for nothing.
    world.faults().add(
        {.path_contains = "snapshots", .nth = 1, .times = 0, .effect = Effect::malformed_json});
    CHECK(world.sync_once() == 1);
    CHECK(world.ids("snapshots").size() == 25);
    world.faults().clear();

    CHECK(world.sync_once() == 0);
    CHECK(world.ids("snapshots").size() == 5);
    CHECK(world.ids("snapshots").contains(hidden));
    CHECK(world.number("SELECT count(*) FROM sync_state WHERE key = 'missing_ids'") == 0);
    CHECK(world.problems(5) == "");
}

TEST_CASE("simulation: a snapshot that lists lack now and then stays")
{
    World world{Seed{58}};
    REQUIRE(world.sync_once() == 0);
    const auto shy = world.tenant().objects("snapshots").front().id;
    for (int day = 0; day < 3; ++day) {
        world.tenant().hide_from_list("snapshots", shy);
        CHECK(world.sync_once() == 0);
        CHECK(world.ids("snapshots").contains(shy));
        CHECK(world.sync_once() == 0);
    }
    CHECK(world.ids("snapshots").contains(shy));
    CHECK(world.number("SELECT total(deleted) FROM sync_runs") == 0);
    CHECK(world.problems(5) == "");
}

TEST_CASE("simulation: a list that gives fewer objects than it announced deletes nothing")
{
    for (const int announced : {36, 35, 31}) {
        CAPTURE(announced);
        World world{Seed{59}};
        REQUIRE(world.sync_once() == 0);
        const auto before = world.ids("cloud_pcs");
        remove_first(world, "cloudPCs", 1);
        for (const int reading : {1, 5}) {
            world.faults().add({.path_contains = "cloudPCs?",
                                .nth = reading,
                                .effect = Effect::wrong_count,
                                .number = announced});
            world.faults().add(
                {.path_contains = "cloudPCs?", .nth = reading + 3, .effect = Effect::empty_value});
        }

        CHECK(world.sync_once() == 1);

        CHECK(world.ids("cloud_pcs") == before);
        CHECK(world.last_outcome("cloud_pcs") == (announced > 33 ? "refused" : "incomplete"));
        CHECK(world.broken_invariants() == "");
        world.faults().clear();
        CHECK(world.sync_once() == 0);
        CHECK(world.problems(5) == "");
    }
}

TEST_CASE("simulation: of a large table many missing ids wait for the second list")
{
    WorldOptions options;
    options.tenant.cloud_pcs = 1050;
    options.tenant.page_size_max = 500;
    options.tenant.odd_data = false;
    options.sync.resources["cloud_pcs"].max_delete_fraction = 0.5;
    World world{Seed{57}, options};
    REQUIRE(world.sync_once() == 0);
    remove_first(world, "cloudPCs", 201);
    world.tenant().clear_requests();

    CHECK(world.sync_once() == 0);
    CHECK(world.ids("cloud_pcs").size() == 1050);
    CHECK(world.sync_once() == 0);
    CHECK(world.ids("cloud_pcs").size() == 849);
    CHECK(world.tenant().requests().count(
              "GET", "/beta/deviceManagement/virtualEndpoint/cloudPCs/{id}") == 0);
    CHECK(world.broken_invariants() == "");
}
