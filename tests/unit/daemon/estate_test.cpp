// The tenant as jobs read it, over the wire of the simulated one.

#include "tests/unit/daemon/estate_world.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace cloudpcd;
using namespace cloudpcd::daemon::test;
using namespace std::chrono_literals;

namespace bj = boost::json;

TEST_CASE("estate: an object comes with all that the mirror asks for of it")
{
    EstateWorld world;
    const auto id = world.first("provisioningPolicies");
    const auto policy = world.object("provisioning_policies", id);
    REQUIRE(policy.has_value());
    REQUIRE(policy->has_value());
    CHECK((*policy)->at("id") == id.c_str());
    CHECK((*policy)->at("assignments").is_array());
    CHECK(world.asked("$expand=assignments") == 1);
    const auto cloud_pc = world.object("cloud_pcs", world.first("cloudPCs"));
    REQUIRE(cloud_pc.has_value());
    CHECK((*cloud_pc)->contains("lastRemoteActionResult"));
}

TEST_CASE("estate: there is no such object only where Graph itself says so")
{
    EstateWorld world;
    const auto none = world.object("cloud_pcs", "662009bc-0000-4000-8000-000000000001");
    REQUIRE(none.has_value());
    CHECK_FALSE(none->has_value());

    const auto id = world.first("cloudPCs");
    world.tenant.faults().add(graphsim::faults::bare_status("cloudPCs/", 404));
    const auto proxy = world.object("cloud_pcs", id);
    REQUIRE_FALSE(proxy.has_value());
    CHECK(proxy.error().code == Errc::not_found);

    world.tenant.faults().add(graphsim::faults::status("cloudPCs/", 403));
    CHECK(world.object("cloud_pcs", id).error().code == Errc::forbidden);
}

TEST_CASE("estate: what the tenant refuses of a request is left out")
{
    EstateWorld world;
    const auto id = world.first("provisioningPolicies");
    SUBCASE("as a pull has learned")
    {
        mirror::write_refusals(world.store.database(), "provisioning_policies",
                               {.names = {"assignments"}}, world.clock.utc_now());
    }
    SUBCASE("as the answer says")
    {
        auto refused = graphsim::faults::status("$expand=assignments", 400, "BadRequest");
        refused.message = "Could not find a property named 'assignments' to expand.";
        world.tenant.faults().add(refused);
    }
    const auto policy = world.object("provisioning_policies", id);
    REQUIRE(policy.has_value());
    REQUIRE(policy->has_value());
    CHECK_FALSE((*policy)->contains("assignments"));
}

TEST_CASE("estate: a request that stays refused is an error")
{
    EstateWorld world;
    world.tenant.faults().add(graphsim::faults::status("cloudPCs/", 400, "BadRequest", 0));
    const auto refused = world.object("cloud_pcs", world.first("cloudPCs"));
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == Errc::rejected);
    CHECK(world.asked("cloudPCs/") == 1);
}

TEST_CASE("estate: a list is read to its end, and only what is kept comes")
{
    EstateWorld world;
    const auto all = world.list("cloud_pcs");
    REQUIRE(all.has_value());
    CHECK(all->size() == 70);
    CHECK(world.asked("cloudPCs") == 4);
    const auto id = world.first("cloudPCs");
    const auto one = world.await(world.estate->objects(
        "cloud_pcs", std::nullopt, [&](const bj::object& object) -> std::optional<bj::object> {
            if (object.at("id") != id.c_str())
                return std::nullopt;
            return bj::object{{"id", id}};
        }));
    REQUIRE(one.has_value());
    CHECK(one->size() == 1);
}

TEST_CASE("estate: the audit log is narrowed to what is not older, other lists are not")
{
    EstateWorld world;
    world.tenant.add("auditEvents", fmt::format(R"({{"displayName":"x","activityDateTime":"{}"}})",
                                                format_rfc3339(world.clock.utc_now())));
    const auto since = world.clock.utc_now() - 1s;
    const auto events = world.list("audit_events", since);
    REQUIRE(events.has_value());
    CHECK(events->size() == 1);
    CHECK(world.asked("activityDateTime%20ge%20") == 1);
    const auto all = world.list("cloud_pcs", since);
    REQUIRE(all.has_value());
    CHECK(all->size() == 70);
    CHECK(world.asked("lastModifiedDateTime%20ge%20") == 0);
}

TEST_CASE("estate: a refused filter is given up, not the list")
{
    EstateWorld world;
    auto refused = graphsim::faults::status("$filter", 400, "BadRequest", 0);
    refused.message = "The query option $filter is not supported: filter";
    world.tenant.faults().add(refused);
    const auto events = world.list("audit_events", world.clock.utc_now());
    REQUIRE(events.has_value());
    CHECK(events->size() == 30);
}

TEST_CASE("estate: a list with an object that cannot be read is none")
{
    EstateWorld world;
    world.tenant.faults().add(graphsim::faults::effect("cloudPCs", graphsim::Effect::insert_item,
                                                       R"({"id":"a","id":"b"})"));
    const auto list = world.list("cloud_pcs");
    REQUIRE_FALSE(list.has_value());
    CHECK(list.error().code == Errc::malformed);
}

TEST_CASE("estate: a function gives the array of all its pages, or its object")
{
    EstateWorld world;
    const auto id = world.first("cloudPCs");
    auto results = world.function("cloud_pcs", id, "retrieveCloudPCRemoteActionResults");
    REQUIRE(results.has_value());
    CHECK(results->is_array());
    CHECK(world.asked(fmt::format("/beta/deviceManagement/virtualEndpoint/cloudPCs/{}/"
                                  "retrieveCloudPCRemoteActionResults",
                                  id)) == 1);

    const auto base =
        fmt::format("{{base}}/beta/deviceManagement/virtualEndpoint/cloudPCs/{}/", id);
    world.transport.scripted = {
        fmt::format(R"({{"value":[1],"@odata.nextLink":"{}f?$skiptoken=2"}})", base),
        R"({"value":[2,3]})"};
    results = world.function("cloud_pcs", id, "f");
    REQUIRE(results.has_value());
    CHECK(*results == bj::array{1, 2, 3});

    world.transport.scripted = {R"({"@odata.context":"c","status":"processing"})"};
    results = world.function("provisioning_policies", id, "g");
    REQUIRE(results.has_value());
    CHECK(results->at("status") == "processing");
    world.transport.scripted = {R"({"value":{"status":"failed"}})"};
    CHECK(world.function("provisioning_policies", id, "g")->at("status") == "failed");
}

TEST_CASE("estate: a function that is not there, or leads elsewhere, is an error")
{
    EstateWorld world;
    const auto id = world.first("cloudPCs");
    CHECK(world
              .function("cloud_pcs", "662009bc-0000-4000-8000-000000000001",
                        "retrieveCloudPCRemoteActionResults")
              .error()
              .code == Errc::not_found);
    for (const auto* link : {"https://elsewhere.example/beta/x",
                             "{base}/beta/deviceManagement/virtualEndpoint/cloudPCs"}) {
        world.transport.scripted = {fmt::format(R"({{"value":[],"@odata.nextLink":"{}"}})", link)};
        const auto before = world.transport.targets.size();
        CHECK(world.function("cloud_pcs", id, "f").error().code == Errc::foreign_origin);
        CHECK(world.transport.targets.size() == before + 1);
    }
    for (const auto* body : {"", "<html>", "[]", "7"}) {
        world.transport.scripted = {body};
        CHECK(world.function("cloud_pcs", id, "f").error().code == Errc::malformed);
    }
}

TEST_CASE("estate: jobs are served before what is read in the background")
{
    EstateWorld world{60};
    const auto start = world.clock.steady_now();
    const auto setting = world.first("userSettings");
    while (world.clock.steady_now() == start) {
        const auto path =
            fmt::format("/beta/deviceManagement/virtualEndpoint/userSettings/{}", setting);
        REQUIRE(
            world
                .await(world.client.get({.url = graph::url_at(world.client.options().origin, path),
                                         .context = "x",
                                         .permissions = {}}))
                .has_value());
    }
    const auto exhausted = world.clock.steady_now();
    SUBCASE("objects")
    {
        CHECK(world.object("user_settings", setting).has_value());
    }
    SUBCASE("lists")
    {
        CHECK(world.list("user_settings").has_value());
    }
    CHECK(world.clock.steady_now() == exhausted);
}

TEST_CASE("estate: rows are refreshed some at a time, where that can be")
{
    EstateWorld world;
    std::vector<std::string> ids;
    for (const auto& cloud_pc : world.tenant.objects("cloudPCs"))
        ids.push_back(cloud_pc.id);
    ids.resize(60);
    ids.push_back(ids.front());
    world.refresh("cloud_pcs", ids);
    CHECK(world.one("SELECT count(*) FROM cloud_pcs") == "60");
    CHECK(world.one("SELECT count(*) FROM sync_runs WHERE kind = 'refresh'") == "2");
    CHECK(world.asked("cloudPCs/") == 60);

    // What is gone goes.
    REQUIRE(world.tenant.remove("cloudPCs", ids.front()));
    world.refresh("cloud_pcs", {ids.front()});
    CHECK(world.one("SELECT count(*) FROM cloud_pcs") == "59");
}

TEST_CASE("estate: rows that are not mirrored, too many, or not to be had by id are left alone")
{
    EstateWorld world;
    world.refresh("device_images", {world.first("deviceImages")});
    world.refresh("snapshots", {world.first("snapshots")});
    std::vector<std::string> many;
    for (std::size_t number = 0; number <= daemon::refreshed_by_jobs_max; ++number)
        many.push_back(fmt::format("662009bc-0000-4000-8000-{:012}", number));
    world.refresh("cloud_pcs", many);
    world.refresh("cloud_pcs", {});
    CHECK(world.transport.targets.empty());
}
