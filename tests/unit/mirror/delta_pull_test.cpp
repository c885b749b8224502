// Delta rounds against the simulated directory, in virtual time.

#include "sync/mirror/delta_pull.hpp"

#include "tests/unit/mirror/delta_world.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

using namespace cloudpcd;
using namespace cloudpcd::mirror;
using namespace cloudpcd::mirror::test;
using graphsim::Effect;
namespace faults = graphsim::faults;

namespace {

using Texts = std::vector<std::string>;

graphsim::TenantOptions directory(graphsim::DeltaBehaviour behaviour = {})
{
    return {.cloud_pcs = 5,
            .audit_events = 0,
            .users = 60,
            .groups = 12,
            .devices = 25,
            .page_size_default = 10,
            .delta = std::move(behaviour)};
}

graphsim::ChurnOptions churn()
{
    return {.modified = 0.2, .removed = 0.1, .added = 0.1, .sets = {"users", "groups", "devices"}};
}

void check_equal(DeltaWorld& world)
{
    const auto found = world.differences();
    CHECK_MESSAGE(found.empty(), found);
}

/// A 410 as `nth` request to the delta function of users.
graphsim::Fault gone(int nth, std::string code, std::string location = "")
{
    auto fault = faults::status("users/delta", 410, std::move(code));
    fault.nth = nth;
    if (!location.empty())
        fault.headers = {{"Location", std::move(location)}};
    return fault;
}

std::size_t firsts(const Texts& asked)
{
    return static_cast<std::size_t>(std::ranges::count_if(
        asked, [](const std::string& target) { return target.ends_with("delta?$select"); }));
}

std::string page(std::string_view items, std::string_view link)
{
    return fmt::format(
        R"({{"@odata.context":"{{base}}/v1.0/$metadata#users","value":[{}],"@odata.{}"}})", items,
        link);
}

const std::string last = R"(deltaLink":"{base}/v1.0/users/delta?$deltatoken=t)";
const std::string more = R"(nextLink":"{base}/v1.0/users/delta?$skiptoken=s)";

std::string raw_of(DeltaWorld& world, std::string_view id)
{
    return world.one(fmt::format("SELECT raw FROM entra_users WHERE id = '{}'", id));
}

}  // namespace

TEST_CASE("delta pull: a first round, and what changes after it, however Graph tells it")
{
    const std::vector<graphsim::DeltaBehaviour> behaviours{
        {},
        {.members_per_item = 3},
        {.minimal = true},
        {.split_objects = true},
        {.minimal = true, .split_objects = true, .repeat_objects = true},
        {.members_per_item = 1, .removed_in_initial = true, .qualified_links = true}};
    for (std::size_t i = 0; i < behaviours.size(); ++i) {
        CAPTURE(i);
        DeltaWorld world{directory(behaviours[i])};
        world.tenant.remove("users", world.tenant.objects("users")[3].id);
        world.pull_all();
        check_equal(world);
        CHECK(std::stoi(world.one("SELECT count(*) FROM entra_group_members")) > 60);
        for (int round = 0; round < 4; ++round) {
            world.tenant.churn(churn());
            world.pull_all();
            check_equal(world);
        }
    }
}

TEST_CASE(
    "delta pull: later rounds go on from the saved link, and say nothing of the first's query")
{
    DeltaWorld world{directory()};
    world.pull("entra_devices");
    auto asked = world.asked();
    REQUIRE(asked.size() == 3);
    CHECK(asked ==
          Texts{"devices/delta?$select", "devices/delta?$skiptoken", "devices/delta?$skiptoken"});
    CHECK(world.pull("entra_devices").counts.inserted == 0);
    CHECK(world.asked() == Texts{"devices/delta?$deltatoken"});
    world.restart();
    world.pull("entra_devices");
    CHECK(world.asked() == Texts{"devices/delta?$deltatoken"});
}

TEST_CASE("delta pull: a round without changes writes no row, and a replayed one neither")
{
    DeltaWorld world{directory()};
    world.pull_all();
    const auto seq = world.one("SELECT value FROM meta WHERE key = 'last_seq'");
    world.pull_all();
    for (const auto* set : {"users", "groups", "devices"})
        world.tenant.replay_delta(set);
    for (const auto* table : {"entra_users", "entra_groups", "entra_devices"}) {
        const auto run = world.pull(table);
        CHECK(run.outcome == Outcome::complete);
        CHECK(run.pages > 1);
        CHECK(run.counts.inserted + run.counts.updated + run.counts.deleted == 0);
    }
    CHECK(world.one("SELECT value FROM meta WHERE key = 'last_seq'") == seq);
    check_equal(world);
}

TEST_CASE("delta pull: both kinds of removal delete the row, and a restored object is new")
{
    DeltaWorld world{directory()};
    world.pull_all();
    const auto users = world.tenant.objects("users");
    world.tenant.remove("users", users[0].id);
    world.tenant.remove("users", users[1].id, true);
    CHECK(world.pull("entra_users").counts.deleted == 2);
    world.pull_all();
    check_equal(world);
    world.tenant.restore("users", users[0].id);
    const auto run = world.pull("entra_users");
    CHECK(run.counts.inserted == 1);
    check_equal(world);
    CHECK(world.one(fmt::format("SELECT group_concat(op) FROM (SELECT op FROM changes WHERE id = "
                                "'{}' AND resource = 'entra_users' ORDER BY seq)",
                                users[0].id)) == "insert,delete,insert");
    // Removed and restored between two rounds: nothing has happened.
    world.tenant.remove("users", users[2].id);
    world.tenant.restore("users", users[2].id);
    CHECK(world.pull("entra_users").counts.deleted == 0);
    world.pull_all();
    check_equal(world);
}

TEST_CASE("delta pull: more than the brake allows may be removed when Graph says so")
{
    DeltaWorld world{directory()};
    world.pull_all();
    const auto users = world.tenant.objects("users");
    for (std::size_t i = 0; i < 50; ++i)
        world.tenant.remove("users", users[i].id);
    CHECK(world.pull("entra_users").counts.deleted == 50);
    world.pull_all();
    check_equal(world);
}

TEST_CASE("delta pull: a group takes its memberships with it, and has history for them")
{
    DeltaWorld world{directory({.members_per_item = 7})};
    world.pull_all();
    const auto group = world.tenant.objects("groups")[0].id;
    const auto members = std::stoi(world.one(
        fmt::format("SELECT count(*) FROM entra_group_members WHERE group_id = '{}'", group)));
    REQUIRE(members == 60);
    world.tenant.remove("groups", group);
    const auto run = world.pull("entra_groups");
    CHECK(run.counts.deleted == members + 1);
    check_equal(world);
    CHECK(world.one("SELECT count(*) FROM history WHERE resource = 'entra_group_members' AND "
                    "ended_by = 'delete'") == "60");
    CHECK(world.one("SELECT count(*) FROM freshness WHERE resource = 'entra_group_members'") ==
          "0");
    world.tenant.restore("groups", group);
    world.pull_all();
    check_equal(world);
}

TEST_CASE("delta pull: items merge in the order they come, within a page and over pages")
{
    DeltaWorld world{directory()};
    world.transport.scripted = {
        page(R"({"id":"a","mail":"m1","jobTitle":"j"},{"id":"gone","@removed":{"reason":"x"}})",
             more + "1"),
        page(R"({"id":"a","mail":null},{"id":"b","mail":"b1"},)"
             R"({"id":"b","@removed":{"reason":"changed"}},{"id":"b","jobTitle":"again"})",
             last + "1")};
    CHECK(world.outcome("entra_users") == "complete");
    CHECK(raw_of(world, "a") == R"({"id":"a","mail":null,"jobTitle":"j"})");
    CHECK(raw_of(world, "b") == R"({"id":"b","jobTitle":"again"})");  // nothing of its past
    CHECK(world.one("SELECT count(*) FROM entra_users") == "2");

    world.transport.scripted = {
        page(R"({"id":"a","jobTitle":"k"},{"id":"b","@removed":{"reason":"deleted"}})", more + "2"),
        page(R"({"id":"a","department":"d"},{"id":"b","@removed":{"reason":"deleted"}})",
             last + "2")};
    CHECK(world.outcome("entra_users") == "complete");
    CHECK(raw_of(world, "a") == R"({"id":"a","mail":null,"jobTitle":"k","department":"d"})");
    CHECK(world.one("SELECT job_title || department FROM entra_users WHERE id = 'a'") == "kd");
    CHECK(world.one("SELECT count(*) FROM entra_users") == "1");
    world.transport.scripted = {page(
        R"({"id":"a","@removed":{"reason":"changed"}},{"id":"a","jobTitle":"new"})", last + "3")};
    CHECK(world.outcome("entra_users") == "complete");
    CHECK(raw_of(world, "a") == R"({"id":"a","jobTitle":"new"})");
    // A first fill commits page by page, later rounds at their end.
    CHECK(world.one("SELECT count(*) FROM changes WHERE id = 'a'") == "4");
}

TEST_CASE("delta pull: chunks of members add up, and end one by one")
{
    DeltaWorld world{directory()};
    const auto group_page = [](std::string_view members, std::string_view link) {
        auto text = page(fmt::format(R"({{"id":"g",{}}})", members), link);
        for (auto at = text.find("users"); at != std::string::npos; at = text.find("users"))
            text.replace(at, 5, "groups");
        return text;
    };
    const auto present = [&] {
        return world.one(
            "SELECT group_concat(member_id || ':' || coalesce(member_type, '')) FROM "
            "(SELECT * FROM entra_group_members ORDER BY id)");
    };
    world.transport.scripted = {
        group_page(R"("members@delta":[{"id":"u1","@odata.type":"#microsoft.graph.user"}])",
                   more + "1"),
        group_page(R"("displayName":"G","members@delta":[{"id":"u2"},{"id":"u3"}])", last + "1")};
    CHECK(world.outcome("entra_groups") == "complete");
    CHECK(present() == "u1:user,u2:,u3:");
    CHECK(world.one("SELECT raw FROM entra_groups") == R"({"id":"g","displayName":"G"})");

    world.transport.scripted = {
        group_page(R"("members@delta":[{"id":"u2","@removed":{"reason":"deleted"}},{"id":"u1"},)"
                   R"({"id":"u4"},{"id":"u5"}])",
                   more + "2"),
        group_page(R"("members@delta":[{"id":"u4","@removed":{"reason":"deleted"}},)"
                   R"({"id":"u3","@removed":{"reason":"deleted"}},{"id":"u3"}])",
                   last + "2")};
    CHECK(world.outcome("entra_groups") == "complete");
    CHECK(present() == "u1:user,u3:,u5:");
    CHECK(world.one("SELECT row_count FROM freshness WHERE resource = 'entra_groups'") == "1");

    // What came before a removal is over, though the group is back.
    world.transport.scripted = {
        group_page(R"("members@delta":[{"id":"u9"}]},{"id":"g","@removed":{"reason":"changed"})",
                   more + "3"),
        group_page(R"("members@delta":[{"id":"u1"}])", last + "3")};
    CHECK(world.outcome("entra_groups") == "complete");
    CHECK(present() == "u1:user");
}

TEST_CASE("delta pull: an item in quarantine keeps the link where it was")
{
    DeltaWorld world{directory()};
    world.pull_all();
    const auto users = world.tenant.objects("users");
    world.tenant.modify("users", users[0].id, R"({"mail":"changed@contoso.com"})");
    world.tenant.remove("users", users[1].id);
    world.tenant.faults().add(
        faults::effect("users/delta", Effect::insert_item, R"({"id":"x","mail":"1","mail":"2"})"));
    const auto link = world.one(
        "SELECT value FROM sync_state WHERE key = 'delta_link' AND "
        "resource = 'entra_users'");
    const auto run = world.pull("entra_users");
    CHECK(run.outcome == Outcome::incomplete);
    CHECK(run.counts.updated >= 1);
    CHECK(run.counts.deleted == 0);
    CHECK(world.one("SELECT value FROM sync_state WHERE key = 'delta_link' AND resource = "
                    "'entra_users'") == link);
    CHECK(world.one(fmt::format("SELECT count(*) FROM entra_users WHERE id = '{}'", users[1].id)) ==
          "1");
    CHECK(world.one("SELECT reason FROM quarantine WHERE id = 'x'") == "duplicate keys");
    world.pull_all();  // the same changes again, without the broken item
    check_equal(world);
}

TEST_CASE("delta pull: a quarantined item of a first fill is asked for again, after a restart too")
{
    for (const bool killed : {false, true}) {
        CAPTURE(killed);
        DeltaWorld world{directory()};
        auto fault = faults::effect("users/delta", Effect::insert_item, R"({"id":1})");
        fault.nth = 2;
        world.tenant.faults().add(fault);
        if (killed)
            world.transport.stops_after = 4;
        CHECK(world.outcome("entra_users") == "incomplete");
        world.transport.stops_after.reset();
        world.restart();
        world.asked();
        world.pull_all();
        const auto asked = world.asked();
        CHECK(firsts(asked) == (killed ? 2 : 3));  // groups, devices, and users
        const auto pages = std::ranges::count_if(
            asked, [](const std::string& target) { return target.starts_with("users/"); });
        CHECK(pages == (killed ? 5 : 6));  // from the page of the broken item on
        check_equal(world);
    }
}

TEST_CASE("delta pull: a link that is refused means everything anew, at any page and in any words")
{
    const Texts codes{"SyncStateNotFound", "syncStateNotFound", "SYNCSTATENOTFOUND",
                      "resyncRequired", "ResyncRequired"};
    const auto own = "https://graph.microsoft.com/v1.0/users/delta?$deltatoken=";
    const Texts locations{"", own, "https://evil.example/v1.0/users/delta?$deltatoken=",
                          "https://graph.microsoft.com/v1.0/groups/delta?$deltatoken=",
                          "https://graph.microsoft.com/v1.0/users/delta?$select=id&$deltatoken="};
    int number = 0;
    for (const auto& code : codes) {
        for (const int at : {1, 2, 4}) {
            const auto& location = locations[static_cast<std::size_t>(number++) % locations.size()];
            CAPTURE(code);
            CAPTURE(at);
            CAPTURE(location);
            DeltaWorld world{directory()};
            world.pull_all();
            for (const auto& user : world.tenant.objects("users")) {
                if (user.id < "9")
                    world.tenant.modify("users", user.id, R"({"jobTitle":"moved"})");
            }
            // Seven go, and the round that would say so is lost.
            const auto users = world.tenant.objects("users");
            for (std::size_t i = 0; i < 7; ++i)
                world.tenant.remove("users", users[i].id);
            world.asked();
            world.tenant.faults().add(gone(at, code, location));
            const auto run = world.pull("entra_users");
            CHECK(run.outcome == Outcome::complete);
            CHECK(run.counts.deleted == 7);
            const auto asked = world.asked();
            CHECK(asked.front() == "users/delta?$deltatoken");
            CHECK(firsts(asked) == (location == own ? 0 : 1));
            CHECK(world.one("SELECT count(*) FROM sync_runs WHERE outcome <> 'complete'") == "0");
            world.pull_all();
            check_equal(world);
        }
    }
}

TEST_CASE("delta pull: the tenant's own refusal, with and without Location")
{
    for (const bool location : {true, false}) {
        CAPTURE(location);
        DeltaWorld world{directory({.location = location})};
        world.pull_all();
        world.tenant.churn({.modified = 0.2,
                            .removed = 0.05,
                            .added = 0.1,
                            .sets = {"users", "groups", "devices"}});
        world.tenant.expire_delta_tokens();
        world.pull_all();
        check_equal(world);
        world.pull_all();
        check_equal(world);
    }
}

TEST_CASE("delta pull: old rows can be read until a resync has ended")
{
    DeltaWorld world{directory()};
    world.pull_all();
    world.tenant.expire_delta_tokens();
    const auto before = world.one("SELECT group_concat(id) FROM entra_users");
    world.tenant.remove("users", world.tenant.objects("users")[0].id);
    // The resync breaks off on its way: everything is still there, and the next one starts anew.
    auto broken = faults::status("users/delta", 400, "BadRequest", 1);
    broken.nth = 4;
    world.tenant.faults().add(broken);
    CHECK(world.outcome("entra_users") == "incomplete");
    CHECK(world.one("SELECT group_concat(id) FROM entra_users") == before);
    world.asked();
    CHECK(world.pull("entra_users").counts.deleted == 1);
    CHECK(firsts(world.asked()) == 1);
    world.pull_all();
    check_equal(world);
}

TEST_CASE("delta pull: a resync that is refused again gives up until the next time")
{
    DeltaWorld world{directory()};
    world.pull_all();
    auto fault = gone(1, "resyncRequired");
    fault.times = 0;
    world.tenant.faults().add(fault);
    world.asked();
    CHECK(world.outcome("entra_users") == "incomplete");
    CHECK(world.asked().size() == 3);
    world.tenant.faults().clear();
    world.pull_all();
    check_equal(world);
}

TEST_CASE("delta pull: the sweep of a resync has the brake, and what it holds stays")
{
    DeltaWorld world{directory()};
    world.pull_all();
    const auto users = world.tenant.objects("users");
    for (std::size_t i = 0; i < 11; ++i)
        world.tenant.remove("users", users[i].id);
    world.tenant.modify("users", users[20].id, R"({"jobTitle":"moved"})");
    CHECK(world.outcome("entra_groups") == "complete");
    world.tenant.expire_delta_tokens();
    for (int time = 0; time < 2; ++time) {
        const auto run = world.pull("entra_users");
        CHECK(run.outcome == Outcome::refused);
        CHECK(run.refused == 11);
        CHECK(run.counts.deleted == 0);
        CHECK(run.counts.updated == (time == 0 ? 1 : 0));
        CHECK(world.one("SELECT count(*) FROM entra_users") == "60");
        CHECK(world.one("SELECT degraded_reason LIKE '11 of 60 rows are missing%' FROM freshness "
                        "WHERE resource = 'entra_users'") == "1");
    }
    // One comes back: ten may go.
    world.tenant.restore("users", users[0].id);
    CHECK(world.pull("entra_users").counts.deleted == 10);
    world.pull_all();
    check_equal(world);
}

TEST_CASE("delta pull: a resync that comes empty is refused, memberships have a brake of their own")
{
    DeltaWorld world{directory()};
    world.pull_all();
    world.tenant.expire_delta_tokens();
    const auto few = world.tenant.objects("devices");
    for (const auto& device : few)
        world.tenant.remove("devices", device.id);
    const auto run = world.pull("entra_devices");
    CHECK(run.outcome == Outcome::refused);
    CHECK(run.error.find("empty") != std::string::npos);
    CHECK(world.one("SELECT count(*) FROM entra_devices") == "25");

    const auto group = world.tenant.objects("groups")[0].id;
    for (const auto& user : world.tenant.objects("users"))
        world.tenant.remove_member(group, user.id);
    const auto groups = world.pull("entra_groups");
    CHECK(groups.outcome == Outcome::refused);
    CHECK(groups.error.find("entra_group_members") != std::string::npos);
    CHECK(world.one(fmt::format("SELECT count(*) FROM entra_group_members WHERE group_id = '{}'",
                                group)) == "60");
}

TEST_CASE("delta pull: a link of six days is used, an older one is not")
{
    for (const bool old : {false, true}) {
        CAPTURE(old);
        DeltaWorld world{directory()};
        world.pull_all();
        world.tenant.churn({.modified = 0.1,
                            .removed = 0.05,
                            .added = 0.1,
                            .sets = {"users", "groups", "devices"}});
        world.pass(delta_link_age_max + (old ? Duration{1} : Duration{-60'000}));
        world.asked();
        world.pull_all();
        CHECK(firsts(world.asked()) == (old ? 3 : 0));
        check_equal(world);
    }
}

TEST_CASE("delta pull: a first fill goes on where it was cut off, at any page")
{
    for (std::size_t pages = 1; pages < 7; ++pages) {
        CAPTURE(pages);
        DeltaWorld world{directory({.split_objects = true})};
        world.transport.stops_after = pages;
        CHECK(world.outcome("entra_users") == "incomplete");
        CHECK(world.one("SELECT row_count > 0 FROM freshness WHERE resource = 'entra_users'") ==
              "1");
        world.transport.stops_after.reset();
        world.restart();
        world.asked();
        world.tenant.remove("users", world.tenant.objects("users")[0].id);
        CHECK(world.outcome("entra_users") == "complete");
        CHECK(firsts(world.asked()) == 0);
        world.pull_all();
        check_equal(world);
    }
}

TEST_CASE("delta pull: a first fill whose link has died starts anew and leaves nothing behind")
{
    DeltaWorld world{directory()};
    world.transport.stops_after = 4;
    CHECK(world.outcome("entra_users") == "incomplete");
    world.transport.stops_after.reset();
    world.tenant.remove("users", world.tenant.objects("users")[0].id);
    world.tenant.expire_delta_tokens();
    world.restart();
    world.pull_all();
    check_equal(world);
}

TEST_CASE("delta pull: a first fill that began twice and was cut off twice is swept in the end")
{
    DeltaWorld world{directory()};
    const auto users = world.tenant.objects("users");
    world.transport.stops_after = 3;
    CHECK(world.outcome("entra_users") == "incomplete");
    world.transport.stops_after.reset();
    world.tenant.remove("users", users[0].id);
    world.tenant.expire_delta_tokens();
    world.asked();
    world.transport.stops_after = 4;
    CHECK(world.outcome("entra_users") == "incomplete");
    world.transport.stops_after.reset();
    world.restart();

    CHECK(world.outcome("entra_users") == "complete");

    CHECK(world.one(fmt::format("SELECT count(*) FROM entra_users WHERE id = '{}'", users[0].id)) ==
          "0");
    world.pull_all();
    check_equal(world);
    world.asked();
    world.pull_all();
    CHECK(firsts(world.asked()) == 0);  // swept once
}

TEST_CASE("delta pull: a link leads nowhere but to the delta function it came from")
{
    for (const std::string_view link :
         {"https://evil.example/v1.0/users/delta?$deltatoken=x",
          "https://graph.microsoft.com/v1.0/groups/delta?$deltatoken=x",
          "https://graph.microsoft.com/beta/users/delta?$deltatoken=x",
          "https://graph.microsoft.com/v1.0/users?$deltatoken=x", "nonsense"}) {
        CAPTURE(link);
        DeltaWorld world{directory()};
        world.pull_all();
        const auto saved = world.one("SELECT group_concat(value) FROM sync_state");
        world.tenant.faults().add(
            faults::effect("users/delta", Effect::delta_link, std::string{link}));
        CHECK(world.outcome("entra_users") == "incomplete");
        CHECK(world.one("SELECT group_concat(value) FROM sync_state") == saved);
        world.pull_all();
        check_equal(world);
    }
}

TEST_CASE("delta pull: a page with both links or with none is no page")
{
    for (const auto& link : {more + R"(","@odata.deltaLink":"{base}/v1.0/users/delta?$deltatoken=)",
                             std::string{R"(other":"x)"}}) {
        CAPTURE(link);
        DeltaWorld world{directory()};
        world.pull_all();
        for (int i = 0; i < 5; ++i)
            world.transport.scripted.push_back(page("", link));
        CHECK(world.outcome("entra_users") == "incomplete");
        world.transport.scripted.clear();
        world.pull_all();
        check_equal(world);
    }
}

TEST_CASE("delta pull: a saved link that asks for less than this version is not used")
{
    DeltaWorld world{directory()};
    world.pull_all();
    world.execute(
        "UPDATE sync_state SET value = '/v1.0/users/delta?$select=id' WHERE resource = "
        "'entra_users' AND key = 'delta_query'");
    world.asked();
    world.pull_all();
    CHECK(firsts(world.asked()) == 1);
    check_equal(world);
}

TEST_CASE("delta pull: without permission the table is skipped, and the others go on")
{
    DeltaWorld world{directory()};
    world.tenant.set_roles({"Device.Read.All", "User.Read.All"});
    const auto run = world.pull("entra_groups");
    CHECK(run.outcome == Outcome::skipped);
    CHECK(run.error.find("GroupMember.Read.All") != std::string::npos);
    CHECK(world.outcome("entra_users") == "complete");
}
