// An operator accepts what a refused run held back, by the run's number.

#include "sync/mirror/refused_deletes.hpp"
#include "tests/unit/mirror/delta_world.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace cloudpcd;
using namespace cloudpcd::mirror;
using namespace cloudpcd::mirror::test;

namespace {

graphsim::TenantOptions estate()
{
    return {.cloud_pcs = 40,
            .audit_events = 0,
            .snapshots = 30,
            .users = 60,
            .groups = 12,
            .devices = 25,
            .page_size_default = 10,
            .page_size_max = 10};
}

RunSummary fill(DeltaWorld& world)
{
    world.include("cloud_pcs");
    world.pull_all();
    auto run = world.pull("cloud_pcs");
    REQUIRE(run.outcome == Outcome::complete);
    return run;
}

void remove(DeltaWorld& world, std::string_view set, std::size_t first, std::size_t count)
{
    const auto objects = world.tenant.objects(set);
    for (std::size_t i = first; i < first + count; ++i)
        world.tenant.remove(set, objects[i].id);
}

std::string rows(DeltaWorld& world, std::string_view table)
{
    return world.one(fmt::format("SELECT count(*) FROM {}", table));
}

std::string held_back(DeltaWorld& world, RunId run)
{
    return world.one(
        fmt::format("SELECT count(*) FROM refused_deletes WHERE from_run <= {0} AND "
                    "(to_run IS NULL OR to_run >= {0})",
                    run));
}

std::size_t asked_by_id(DeltaWorld& world)
{
    return static_cast<std::size_t>(std::ranges::count_if(
        world.asked(),
        [](const std::string& target) { return target.find("cloudPCs/") != std::string::npos; }));
}

RunSummary accept(DeltaWorld& world, std::string_view table, RunId run)
{
    return world.pull(table, {.accept_deletes = run});
}

}  // namespace

TEST_CASE("accepted deletes: what was missing then and is missing now goes, and nothing else")
{
    DeltaWorld world{estate()};
    fill(world);
    const auto objects = world.tenant.objects("cloudPCs");
    remove(world, "cloudPCs", 0, 12);
    const auto refused = world.pull("cloud_pcs");
    REQUIRE(refused.outcome == Outcome::refused);
    CHECK(held_back(world, refused.run_id) == "12");
    CHECK(world.was_refused("cloud_pcs", refused.run_id));

    // One of them comes back, another one leaves: it has to be confirmed as always.
    world.tenant.add("cloudPCs", fmt::format(R"({{"id":"{}"}})", objects[0].id));
    world.tenant.remove("cloudPCs", objects[20].id);
    world.asked();
    const auto accepted = accept(world, "cloud_pcs", refused.run_id);

    CHECK(accepted.outcome == Outcome::complete);
    CHECK(accepted.counts.deleted == 12);
    CHECK(rows(world, "cloud_pcs") == "28");
    CHECK(asked_by_id(world) == 1);
    CHECK(world.one("SELECT count(*) FROM refused_deletes WHERE to_run IS NULL") == "0");
    CHECK(world.outcome("cloud_pcs") == "complete");
    CHECK(world.differences() == "");
}

TEST_CASE("accepted deletes: a run speaks for its own rows only")
{
    DeltaWorld world{estate()};
    fill(world);
    remove(world, "cloudPCs", 0, 11);
    const auto first = world.pull("cloud_pcs");
    REQUIRE(first.outcome == Outcome::refused);
    remove(world, "cloudPCs", 0, 11);

    // Eleven more than the operator looked at: the brake counts them alone.
    const auto second = accept(world, "cloud_pcs", first.run_id);

    CHECK(second.outcome == Outcome::refused);
    CHECK(second.counts.deleted == 0);
    CHECK(second.refused == 22);
    CHECK(rows(world, "cloud_pcs") == "40");
    CHECK(held_back(world, first.run_id) == "11");
    CHECK(held_back(world, second.run_id) == "22");

    CHECK(accept(world, "cloud_pcs", second.run_id).counts.deleted == 22);
    CHECK(world.differences() == "");
}

TEST_CASE("accepted deletes: of refusals in a row each run has its own ids")
{
    for (const bool later : {false, true}) {
        CAPTURE(later);
        DeltaWorld world{estate()};
        fill(world);
        const auto objects = world.tenant.objects("cloudPCs");
        remove(world, "cloudPCs", 0, 11);
        const auto first = world.pull("cloud_pcs").run_id;
        for (std::size_t i = 0; i < 3; ++i)
            world.tenant.add("cloudPCs", fmt::format(R"({{"id":"{}"}})", objects[i].id));
        for (std::size_t i = 20; i < 30; ++i)
            world.tenant.remove("cloudPCs", objects[i].id);
        const auto second = world.pull("cloud_pcs").run_id;
        CHECK(held_back(world, first) == "11");
        CHECK(held_back(world, second) == "18");
        world.tenant.remove("cloudPCs", objects[0].id);
        world.asked();

        // What the run did not hold back is asked for by id.
        const auto run = accept(world, "cloud_pcs", later ? second : first);

        CHECK(run.counts.deleted == 19);
        CHECK(asked_by_id(world) == (later ? 1 : 10));
        CHECK(world.differences() == "");
    }
}

TEST_CASE("accepted deletes: a run that was not refused, or of another table, accepts nothing")
{
    DeltaWorld world{estate()};
    const auto filled = fill(world);
    remove(world, "cloudPCs", 0, 11);
    const auto refused = world.pull("cloud_pcs");
    REQUIRE(refused.outcome == Outcome::refused);

    CHECK_FALSE(world.was_refused("cloud_pcs", filled.run_id));
    CHECK_FALSE(world.was_refused("snapshots", refused.run_id));
    CHECK_FALSE(world.was_refused("cloud_pcs", refused.run_id + 1));
    CHECK(accept(world, "cloud_pcs", filled.run_id).outcome == Outcome::refused);
    CHECK(accept(world, "cloud_pcs", refused.run_id + 100).outcome == Outcome::refused);
    CHECK(rows(world, "cloud_pcs") == "40");
}

TEST_CASE("accepted deletes: an empty list and one that breaks its own count can be accepted too")
{
    for (const bool counted : {false, true}) {
        CAPTURE(counted);
        DeltaWorld world{estate()};
        fill(world);
        const auto cut_off = [&] {
            if (counted)
                world.transport.scripted = {R"({"@odata.count":40,"value":[]})",
                                            R"({"@odata.count":40,"value":[]})"};
            else
                for (const auto& object : world.tenant.objects("cloudPCs"))
                    world.tenant.hide_from_list("cloudPCs", object.id);
        };
        cut_off();
        const auto refused = world.pull("cloud_pcs");
        REQUIRE(refused.outcome == Outcome::refused);
        cut_off();
        CHECK(accept(world, "cloud_pcs", refused.run_id).counts.deleted == 40);
        CHECK(rows(world, "cloud_pcs") == "0");
        CHECK(world.outcome("cloud_pcs") == "complete");
        CHECK(world.differences() == "");
    }
}

TEST_CASE("accepted deletes: accepted rows do not go with a list that broke off")
{
    DeltaWorld world{estate()};
    fill(world);
    remove(world, "cloudPCs", 0, 11);
    const auto refused = world.pull("cloud_pcs");
    REQUIRE(refused.outcome == Outcome::refused);
    auto fault = graphsim::faults::status("cloudPCs?", 400, "BadRequest");
    fault.path_contains = "skiptoken";
    fault.times = 0;
    world.tenant.faults().add(fault);

    CHECK(accept(world, "cloud_pcs", refused.run_id).outcome == Outcome::incomplete);

    CHECK(rows(world, "cloud_pcs") == "40");
    CHECK(held_back(world, refused.run_id) == "11");
}

TEST_CASE("accepted deletes: while a refusal stays the same nothing is written about it")
{
    DeltaWorld world{estate()};
    fill(world);
    remove(world, "cloudPCs", 0, 11);
    const auto first = world.pull("cloud_pcs").run_id;
    for (int i = 0; i < 3; ++i)
        CHECK(world.outcome("cloud_pcs") == "refused");
    CHECK(world.one("SELECT count(*) FROM refused_deletes") == "11");
    CHECK(world.one(fmt::format("SELECT count(*) FROM refused_deletes WHERE from_run = {} AND "
                                "to_run IS NULL",
                                first)) == "11");
}

TEST_CASE("accepted deletes: the sweep of a resync, memberships too")
{
    DeltaWorld world{estate()};
    fill(world);
    world.tenant.expire_delta_tokens();
    remove(world, "users", 0, 11);
    const auto group = world.tenant.objects("groups")[0].id;
    for (const auto& user : world.tenant.objects("users"))
        world.tenant.remove_member(group, user.id);
    const auto users = world.pull("entra_users");
    const auto groups = world.pull("entra_groups");
    REQUIRE(users.outcome == Outcome::refused);
    REQUIRE(groups.outcome == Outcome::refused);
    CHECK(world.one("SELECT count(*) FROM refused_deletes WHERE resource = 'entra_users'") == "11");

    // No refused run of this table: it speaks for nothing.
    CHECK(accept(world, "entra_users", groups.run_id).outcome == Outcome::refused);
    CHECK(accept(world, "entra_users", groups.run_id + 100).outcome == Outcome::refused);

    remove(world, "users", 0, 1);  // one more than was accepted
    const auto accepted = accept(world, "entra_users", users.run_id);
    CHECK(accepted.outcome == Outcome::complete);
    CHECK(accepted.counts.deleted == 12);
    CHECK(accept(world, "entra_groups", groups.run_id).outcome == Outcome::complete);

    world.pull_all();
    CHECK(world.differences() == "");
    CHECK(world.one("SELECT count(*) FROM refused_deletes WHERE to_run IS NULL") == "0");
}

TEST_CASE("accepted deletes: they are forgotten with the runs they belong to")
{
    DeltaWorld world{estate()};
    fill(world);
    remove(world, "cloudPCs", 0, 11);
    const auto refused = world.pull("cloud_pcs").run_id;
    CHECK(accept(world, "cloud_pcs", refused).outcome == Outcome::complete);
    world.execute(fmt::format("DELETE FROM sync_runs WHERE run_id <= {}", refused));
    CHECK(world.forget_refused_deletes(8) == 8);
    CHECK(world.forget_refused_deletes(8) == 3);
    CHECK(world.one("SELECT count(*) FROM refused_deletes") == "0");
}
