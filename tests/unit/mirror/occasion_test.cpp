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
