// The mirror compared with the tenant, neither being changed.

#include "sync/mirror/verify.hpp"

#include "tests/unit/mirror/delta_world.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace cloudpcd;
using namespace cloudpcd::mirror;
using namespace cloudpcd::mirror::test;
using Kind = Difference::Kind;

namespace {

graphsim::TenantOptions estate()
{
    return {.cloud_pcs = 40,
            .audit_events = 50,
            .snapshots = 30,
            .users = 60,
            .groups = 12,
            .devices = 25,
            .page_size_default = 10,
            .page_size_max = 10};
}

void fill(DeltaWorld& world)
{
    for (const std::string_view table : {"cloud_pcs", "audit_events", "snapshots"}) {
        world.include(table);
        REQUIRE(world.outcome(table) == "complete");
    }
    world.pull_all();
}

using Lines = std::vector<std::string>;

Lines lines(const VerifyReport& report)
{
    Lines text;
    for (const auto& difference : report.named)
        text.push_back(
            fmt::format("{} {} {}", difference.table, difference.id, to_string(difference.kind)));
    std::ranges::sort(text);
    return text;
}

}  // namespace

TEST_CASE("verify: a mirror that has caught up is equal, and nothing is written")
{
    DeltaWorld world{estate()};
    fill(world);
    const auto before = world.one("SELECT count(*) FROM changes") + "/" +
                        world.one("SELECT count(*) FROM sync_runs") + "/" +
                        world.one("SELECT total(length(value)) FROM sync_state");
    for (const std::string_view table :
         {"cloud_pcs", "audit_events", "snapshots", "entra_users", "entra_groups"}) {
        CAPTURE(table);
        const auto report = world.verify(table);
        CHECK(report.equal());
        CHECK(lines(report) == Lines{});
        CHECK(std::to_string(report.objects) ==
              world.one(fmt::format("SELECT count(*) FROM {}", table)));
    }
    CHECK(world.one("SELECT count(*) FROM changes") + "/" +
              world.one("SELECT count(*) FROM sync_runs") + "/" +
              world.one("SELECT total(length(value)) FROM sync_state") ==
          before);
}

TEST_CASE("verify: names what is new, gone and different")
{
    DeltaWorld world{estate()};
    fill(world);
    const auto objects = world.tenant.objects("cloudPCs");
    world.tenant.remove("cloudPCs", objects[3].id);
    world.tenant.modify("cloudPCs", objects[5].id, R"({"displayName":"other"})");
    const auto added = world.tenant.add("cloudPCs");

    const auto report = world.verify("cloud_pcs");

    CHECK(report.complete);
    CHECK_FALSE(report.equal());
    CHECK(report.differences == 3);
    Lines expected{"cloud_pcs " + objects[3].id + " not in the tenant",
                   "cloud_pcs " + objects[5].id + " differs",
                   "cloud_pcs " + added + " not mirrored"};
    std::ranges::sort(expected);
    CHECK(lines(report) == expected);
    CHECK(world.one("SELECT count(*) FROM cloud_pcs") == "40");
    CHECK(world.outcome("cloud_pcs") == "complete");
    CHECK(world.verify("cloud_pcs").equal());
}

TEST_CASE("verify: a row that somebody changed in the file is found")
{
    DeltaWorld world{estate()};
    fill(world);
    const auto id = world.one("SELECT id FROM entra_users LIMIT 1");
    world.execute(fmt::format("UPDATE entra_users SET _content_hash = 1 WHERE id = '{}'", id));
    CHECK(lines(world.verify("entra_users")) == Lines{"entra_users " + id + " differs"});
}

TEST_CASE("verify: users, groups and memberships by a round from the start")
{
    DeltaWorld world{estate()};
    fill(world);
    const auto group = world.tenant.objects("groups")[1].id;
    const auto users = world.tenant.objects("users");
    const auto member = world.one(fmt::format(
        "SELECT member_id FROM entra_group_members WHERE group_id = '{}' LIMIT 1", group));
    world.tenant.remove_member(group, member);
    world.tenant.modify("users", users[7].id, R"({"jobTitle":"moved"})");
    world.tenant.remove("users", users[8].id);
    const auto link = world.one(
        "SELECT value FROM sync_state WHERE resource = 'entra_groups' AND "
        "key = 'delta_link'");

    CHECK(lines(world.verify("entra_groups")).front() ==
          fmt::format("entra_group_members {}_{} not in the tenant", group, member));
    Lines expected{"entra_users " + users[7].id + " differs",
                   "entra_users " + users[8].id + " not in the tenant"};
    std::ranges::sort(expected);
    CHECK(lines(world.verify("entra_users")) == expected);
    CHECK(world.one("SELECT value FROM sync_state WHERE resource = 'entra_groups' AND key = "
                    "'delta_link'") == link);
    world.pull_all();
    CHECK(world.verify("entra_users").equal());
    CHECK(world.verify("entra_groups").equal());
}

TEST_CASE("verify: audit events that the service no longer has are no difference, lost ones are")
{
    DeltaWorld world{estate()};
    fill(world);
    const auto events = world.tenant.objects("auditEvents");
    world.tenant.remove("auditEvents", events[0].id);
    world.execute(fmt::format("DELETE FROM audit_events WHERE id = '{}'", events[4].id));
    CHECK(lines(world.verify("audit_events")) ==
          Lines{"audit_events " + events[4].id + " not mirrored"});
}

TEST_CASE("verify: a list that breaks off or does not hold still proves nothing")
{
    DeltaWorld world{estate()};
    fill(world);
    auto fault = graphsim::faults::status("skiptoken", 400, "BadRequest");
    fault.times = 0;
    world.tenant.faults().add(fault);
    auto report = world.verify("cloud_pcs");
    CHECK_FALSE(report.complete);
    CHECK(report.error.find("HTTP 400") != std::string::npos);
    CHECK(report.differences == 0);
    world.tenant.faults().clear();

    world.transport.scripted = {R"({"@odata.count":40,"value":[]})"};
    report = world.verify("cloud_pcs");
    CHECK_FALSE(report.complete);
    CHECK(report.error == "the list announced 40 objects and gave 0");
}

TEST_CASE("verify: an id with two contents in one list proves nothing either")
{
    DeltaWorld world{estate()};
    fill(world);
    world.transport.scripted = {R"({"value":[{"id":"a","x":1},{"id":"a","x":2}]})"};
    const auto report = world.verify("cloud_pcs");
    CHECK_FALSE(report.complete);
    CHECK(report.error.find("twice") != std::string::npos);
}

TEST_CASE("verify: leaves out what the service refuses of a request")
{
    auto options = estate();
    options.top_above_max = graphsim::TopAboveMax::reject;
    DeltaWorld world{options};
    fill(world);
    world.execute("DELETE FROM sync_state WHERE key = 'refused'");
    CHECK(world.verify("cloud_pcs").equal());
    CHECK(world.one("SELECT count(*) FROM sync_state WHERE key = 'refused'") == "0");
}

TEST_CASE("verify: an object that cannot be stored is named")
{
    DeltaWorld world{estate()};
    fill(world);
    world.transport.scripted = {R"({"value":[{"id":"twice","x":1,"x":2},{"displayName":"none"}]})"};
    const auto report = world.verify("cloud_pcs");
    const auto named = lines(report);
    CHECK(std::ranges::count(named, "cloud_pcs twice cannot be stored") == 1);
    CHECK(std::ranges::count(named, "cloud_pcs  cannot be stored") == 1);
}

TEST_CASE("verify: what the mirror changes meanwhile is no difference")
{
    DeltaWorld world{estate()};
    fill(world);
    const auto objects = world.tenant.objects("cloudPCs");
    // A pull comes between the first request and the end of the list.
    const auto late = objects[2].id;
    world.transport.before_request = [&world, late, asked = 0](const std::string&) mutable {
        if (++asked == 2)
            world.execute(fmt::format(
                "UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'last_seq';"
                "UPDATE cloud_pcs SET _content_hash = 1, _slice_hash = 1, _seq = (SELECT "
                "CAST(value AS INTEGER) "
                "FROM meta WHERE key = 'last_seq') WHERE id = '{}'",
                late));
    };
    CHECK(lines(world.verify("cloud_pcs")) == Lines{});
}
