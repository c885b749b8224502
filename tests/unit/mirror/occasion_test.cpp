// What is read depends on why.

#include "sync/mirror/puller.hpp"
#include "tests/unit/mirror/delta_world.hpp"

#include <doctest/doctest.h>

using namespace cloudpcd;
using namespace cloudpcd::mirror;
using namespace cloudpcd::mirror::test;

TEST_CASE("occasions: of the audit log a part, but all of it for an operator who asks")
{
    DeltaWorld world{{.cloud_pcs = 5, .audit_events = 40, .page_size_default = 10}};
    world.include("audit_events");
    REQUIRE(world.outcome("audit_events") == "complete");
    const auto filtered = [&](Occasion occasion) {
        world.asked();
        CHECK(world.pull("audit_events", {.occasion = occasion}).outcome == Outcome::complete);
        return world.transport.targets.front().find("$filter") != std::string::npos;
    };
    CHECK(filtered(Occasion::scheduled));
    CHECK(filtered(Occasion::once));
    CHECK_FALSE(filtered(Occasion::full));
}

TEST_CASE("occasions: users by their saved link, but from the start for an operator who asks")
{
    DeltaWorld world{{.cloud_pcs = 5, .audit_events = 0, .users = 60, .page_size_default = 10}};
    world.pull_all();
    const auto first_request = [&](Occasion occasion) {
        world.asked();
        CHECK(world.pull("entra_users", {.occasion = occasion}).outcome == Outcome::complete);
        return world.asked().front();
    };
    CHECK(first_request(Occasion::scheduled) == "users/delta?$deltatoken");
    CHECK(first_request(Occasion::once) == "users/delta?$deltatoken");
    CHECK(first_request(Occasion::full) == "users/delta?$select");
}
