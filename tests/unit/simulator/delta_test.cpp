// The delta functions of users, groups and devices.

#include "client.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

using namespace graphsim;
using namespace graphsim::test;

namespace {

struct Round {
    std::vector<json::object> items;
    std::string delta_link;
    int pages = 0;
};

TenantOptions small()
{
    return {.cloud_pcs = 5, .users = 12, .groups = 4, .devices = 6, .page_size_default = 5};
}

std::string delta(Client& client, std::string_view set, std::string_view query = "")
{
    return fmt::format("{}/v1.0/{}/delta{}", client.tenant.options().base_url, set, query);
}

Round read_round(Client& client, std::string what, const Headers& headers = {})
{
    Round round;
    while (true) {
        const auto page = client.read(what, headers);
        ++round.pages;
        for (const auto& item : page.at("value").as_array())
            round.items.push_back(item.as_object());
        const auto* next = page.if_contains("@odata.nextLink");
        const auto* last = page.if_contains("@odata.deltaLink");
        REQUIRE((next == nullptr) != (last == nullptr));
        if (last != nullptr) {
            round.delta_link = text(*last);
            return round;
        }
        what = text(*next);
    }
}

const json::object& item_of(const Round& round, std::string_view id)
{
    const auto found = std::ranges::find_if(
        round.items, [&](const json::object& item) { return item.at("id").as_string() == id; });
    REQUIRE(found != round.items.end());
    return *found;
}

std::string removed_reason(const json::object& item)
{
    return item.contains("@removed") ? text(item.at("@removed").at("reason")) : "";
}

std::size_t members_of(const Round& round, std::string_view id)
{
    std::size_t count = 0;
    for (const auto& item : round.items) {
        if (item.at("id").as_string() == id && item.contains("members@delta"))
            count += item.at("members@delta").as_array().size();
    }
    return count;
}

}  // namespace

TEST_CASE("delta: a first round says everything, the next what has changed")
{
    Client client{small()};
    const auto first = read_round(client, delta(client, "users", "?$select=displayName,mail"));
    CHECK(first.pages == 3);
    CHECK(first.items.size() == 12);
    CHECK(names(first.items[0]) == std::vector<std::string>{"id", "displayName", "mail"});

    const auto changed = text(first.items[1].at("id"));
    const auto gone = text(first.items[2].at("id"));
    const auto gone_for_good = text(first.items[3].at("id"));
    const auto elsewhere = text(first.items[4].at("id"));
    client.tenant.modify("users", changed, R"({"mail":null})");
    client.tenant.modify("users", elsewhere, R"({"jobTitle":"not selected"})");
    client.tenant.remove("users", gone);
    client.tenant.remove("users", gone_for_good, true);
    const auto added = client.tenant.add("users");

    const auto second = read_round(client, first.delta_link);
    CHECK(second.items.size() == 4);
    CHECK(item_of(second, changed).at("mail").is_null());
    CHECK(item_of(second, changed).contains("displayName"));
    CHECK(removed_reason(item_of(second, gone)) == "changed");
    CHECK(removed_reason(item_of(second, gone_for_good)) == "deleted");
    CHECK(item_of(second, added).contains("displayName"));
    CHECK(read_round(client, second.delta_link).items.empty());
    // The older link still says the same.
    CHECK(read_round(client, first.delta_link).items == second.items);

    REQUIRE(client.tenant.restore("users", gone));
    CHECK_FALSE(client.tenant.restore("users", gone_for_good));
    const auto third = read_round(client, second.delta_link);
    REQUIRE(third.items.size() == 1);
    CHECK(third.items[0] == first.items[2]);  // as new: all of it
}

TEST_CASE("delta: with return=minimal a round has changed properties alone")
{
    Client client{small()};
    const auto first = read_round(client, delta(client, "users"));
    const auto id = text(first.items[0].at("id"));
    client.tenant.modify("users", id, R"({"mail":"new@contoso.com"})");
    const auto minimal = read_round(client, first.delta_link, {{"Prefer", "return=minimal"}});
    REQUIRE(minimal.items.size() == 1);
    CHECK(names(minimal.items[0]) == std::vector<std::string>{"id", "mail"});
    CHECK(read_round(client, first.delta_link).items[0].size() > 5);
}

TEST_CASE("delta: members come in several items, and end without their user being removed")
{
    Client client{small()};
    client.tenant.set_delta({.members_per_item = 5});
    const auto group = client.tenant.objects("groups")[0].id;
    const auto first = read_round(client, delta(client, "groups", "?$select=displayName,members"));
    CHECK(members_of(first, group) == 12);
    CHECK(std::ranges::count_if(first.items, [&](const json::object& item) {
              return item.at("id").as_string() == group;
          }) == 3);
    for (const auto& item : read_round(client, delta(client, "groups")).items)
        CHECK_FALSE(item.contains("members@delta"));  // select-only

    const auto user = client.tenant.objects("users")[0].id;
    REQUIRE(client.tenant.remove_member(group, user));
    CHECK_FALSE(client.tenant.remove_member(group, user));
    const auto second = read_round(client, first.delta_link);
    REQUIRE(second.items.size() == 1);
    const auto& member = item_of(second, group).at("members@delta").as_array().at(0).as_object();
    CHECK(text(member.at("id")) == user);
    CHECK(removed_reason(member) == "deleted");
    REQUIRE(client.tenant.add_member(group, user));
    CHECK(members_of(read_round(client, second.delta_link), group) == 1);

    // Who is deleted leaves the groups.
    client.tenant.remove("users", client.tenant.objects("users")[1].id);
    CHECK(members_of(read_round(client, second.delta_link), group) == 2);
}

TEST_CASE("delta: what the documentation allows, on command")
{
    Client client{small()};
    const auto plain = read_round(client, delta(client, "users"));
    client.tenant.set_delta({.split_objects = true, .qualified_links = true});
    const auto split = read_round(client, delta(client, "users"));
    CHECK(split.items.size() == 24);
    CHECK(split.delta_link.find("/users/delta()?$DeltaToken=") != std::string::npos);
    client.tenant.set_delta({.repeat_objects = true});
    CHECK(read_round(client, delta(client, "users")).items.size() == 24);

    client.tenant.remove("users", text(plain.items[0].at("id")));
    client.tenant.set_delta({});
    CHECK(read_round(client, delta(client, "users")).items.size() == 11);
    client.tenant.set_delta({.removed_in_initial = true});
    CHECK(read_round(client, delta(client, "users")).items.size() == 12);

    client.tenant.replay_delta("users");
    CHECK(read_round(client, plain.delta_link).items.size() == 12);
    CHECK(read_round(client, plain.delta_link).items.size() == 1);

    const auto latest = read_round(client, delta(client, "users", "?$deltatoken=latest"));
    CHECK(latest.items.empty());
    client.tenant.add("users");
    CHECK(read_round(client, latest.delta_link).items.size() == 1);
}

TEST_CASE("delta: tokens live seven days, and say where to start anew")
{
    Client client{small()};
    const auto first = read_round(client, delta(client, "devices", "?$select=displayName"));
    client.advance(std::chrono::hours{24 * 7} - std::chrono::seconds{1});
    client.sign_in();
    CHECK(client.get(first.delta_link).status == 200);
    client.advance(std::chrono::seconds{1});
    client.sign_in();
    const auto gone = client.get(first.delta_link);
    CHECK(gone.status == 410);
    CHECK(client.error_code(first.delta_link) == "410 SyncStateNotFound");
    const std::string location{gone.header("Location").value_or("")};
    CHECK(location == delta(client, "devices", "?$deltatoken=&$select=displayName"));
    CHECK(read_round(client, location).items.size() == 6);

    const auto page = client.read(delta(client, "users"));
    client.tenant.set_delta({.expired_code = "resyncRequired", .location = false});
    client.tenant.expire_delta_tokens();
    const auto link = text(page.at("@odata.nextLink"));
    CHECK(client.error_code(link) == "410 resyncRequired");
    CHECK_FALSE(client.get(link).header("Location"));
}

TEST_CASE("delta: options belong to the first request, and not all of them")
{
    Client client{small()};
    for (const auto* option : {"?$top=5", "?$orderby=displayName", "?$expand=members"})
        CHECK(client.get(delta(client, "users", option)).status == 400);
    CHECK(client.get(delta(client, "users", "?$select=nothing")).status == 400);
    const auto round = read_round(client, delta(client, "users"));
    CHECK(client.get(round.delta_link + "&$select=mail").status == 400);
    CHECK(client.get(delta(client, "subscribedSkus")).status == 404);
}

TEST_CASE("delta: each collection wants its permission")
{
    const std::map<std::string, std::string> role_of{
        {"users", "User.Read.All"},
        {"groups", "GroupMember.Read.All"},
        {"devices", "Device.Read.All"},
        {"subscribedSkus", "LicenseAssignment.Read.All"},
        {"managedDevices", "DeviceManagementManagedDevices.Read.All"}};
    Client client{small()};
    client.version = Version::v1_0;
    for (const auto& [set, role] : role_of) {
        client.tenant.set_roles({role});
        client.sign_in();
        for (const auto& [other, wanted] : role_of) {
            CAPTURE(set);
            CAPTURE(other);
            const bool has_delta = !Facts::instance().set(other)->delta_roles.empty();
            const auto response = client.get(client.at(other) + (has_delta ? "/delta" : ""));
            CHECK(response.status == (other == set ? 200 : 403));
            if (other != set)
                CHECK(response.body.find(wanted) != std::string::npos);
        }
    }
    // The basic permission lists users, but does not follow them.
    client.tenant.set_roles({"User.ReadBasic.All"});
    client.sign_in();
    CHECK(client.get(client.at("users")).status == 200);
    CHECK(client.get(client.at("users") + "/delta").status == 403);
}

TEST_CASE("delta: churn of the directory keeps what refers to each other")
{
    Client client{small()};
    const auto first = read_round(client, delta(client, "groups", "?$select=members"));
    client.tenant.churn({.modified = 0.3,
                         .removed = 0.2,
                         .added = 0.2,
                         .sets = {"users", "groups", "devices", "managedDevices"}});
    std::set<std::string> present;
    for (const auto* set : {"users", "devices", "groups"}) {
        for (const auto& object : client.tenant.objects(set))
            present.insert(object.id);
    }
    for (const auto& group : client.tenant.objects("groups")) {
        const auto object = json::parse(group.text);  // a range-for would let a temporary go
        for (const auto& member : object.at("members").as_array())
            CHECK(present.contains(text(member.at("id"))));
    }
    CHECK_FALSE(read_round(client, first.delta_link).items.empty());
}
