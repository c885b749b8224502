// The generated tenant, and what changes do to it.

#include "client.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <stdexcept>

using namespace graphsim;
using namespace graphsim::test;

namespace {

TenantOptions sized(std::uint64_t seed, bool odd = true)
{
    const TimePoint now{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1}};
    return {.cloud_pcs = 200,
            .audit_events = 400,
            .snapshots = 150,
            .seed = seed,
            .odd_data = odd,
            .now = [now] { return now; }};
}

std::string everything(const Tenant& tenant)
{
    std::string out;
    for (const auto& set : tenant.collections()) {
        for (const auto& object : tenant.objects(set))
            out += object.text + "\n";
    }
    return out;
}

/// Names of all properties that occur, as Type/name.
void collect(const json::object& object, const Type& type, std::set<std::string>& found)
{
    for (const auto& member : object) {
        const auto* property = type.find(std::string_view{member.key()});
        if (property == nullptr)
            continue;
        found.insert(type.name + "/" + property->name);
        if (property->complex == nullptr)
            continue;
        const auto visit = [&](const json::value& value) {
            if (const auto* nested = value.if_object())
                collect(*nested, *property->complex, found);
        };
        if (const auto* list = member.value().if_array()) {
            for (const auto& element : *list)
                visit(element);
        } else {
            visit(member.value());
        }
    }
}

}  // namespace

TEST_CASE("data: the same seed makes the same tenant, another one another")
{
    const Tenant a{sized(7)};
    const Tenant b{sized(7)};
    const Tenant c{sized(8)};
    CHECK(everything(a) == everything(b));
    CHECK(everything(a) != everything(c));
}

TEST_CASE("data: requests leave the objects alone, and answers replay")
{
    const auto run = [] {
        Client client{sized(7)};
        std::string out;
        for (const auto* what : {"cloudPCs", "cloudPCs?$top=3", "auditEvents", "nothing"})
            out += client.get(what).body;
        client.tenant.churn({.hidden = 1, .audit_events = 3});
        return out + everything(client.tenant);
    };
    CHECK(run() == run());
}

TEST_CASE("data: ground truth is what a full read returns, byte for byte")
{
    Client client{sized(3)};
    for (const auto version : {Version::beta, Version::v1_0}) {
        client.version = version;
        for (const auto& [name, set] : Facts::instance().sets()) {
            if (set.singleton || !set.versions.has(version))
                continue;
            CAPTURE(name);
            std::string query = "?$top=1000&$select=*";
            for (const auto& property : set.type->properties) {
                if (property.returned == Returned::on_expand && property.versions.has(version))
                    query += "&$expand=" + property.name;
            }
            const auto body = client.get(client.at(name) + query, prefer).body;
            std::string expected;
            auto truth = client.tenant.objects(name, version);
            if (name == "auditEvents")
                std::ranges::reverse(truth);
            for (const auto& object : truth)
                expected += (expected.empty() ? "" : ",") + object.text;
            const auto from = body.find("\"value\":[") + 9;
            CHECK((body.substr(from, body.size() - from - 2) == expected));
        }
    }
}

TEST_CASE("data: every property of every type occurs")
{
    const Tenant tenant{sized(1)};
    for (const auto& [name, set] : Facts::instance().sets()) {
        std::set<std::string> found;
        for (const auto& object : tenant.objects(name))
            collect(json::parse(object.text).as_object(), *set.type, found);
        for (const auto& property : set.type->properties) {
            // Of derived types only those that were drawn.
            if (property.returned == Returned::never || property.index >= set.type->own)
                continue;
            CAPTURE(name);
            CHECK_MESSAGE(found.contains(set.type->name + "/" + property.name), property.name);
        }
    }
}

TEST_CASE("data: objects refer to each other")
{
    const Tenant tenant{sized(1, false)};
    const auto known = [&](const char* set) {
        std::set<std::string> list;
        for (const auto& object : tenant.objects(set))
            list.insert(object.id);
        return list;
    };
    const auto cloud_pcs = known("cloudPCs");
    const auto policies = known("provisioningPolicies");
    const auto plans = known("servicePlans");
    CHECK(cloud_pcs.size() == 200);
    std::set<std::string> statuses;
    for (const auto& object : tenant.objects("cloudPCs")) {
        const auto value = json::parse(object.text);
        CHECK(policies.contains(text(value.at("provisioningPolicyId"))));
        CHECK(plans.contains(text(value.at("servicePlanId"))));
        statuses.insert(text(value.at("status")));
    }
    CHECK(statuses.size() > 8);
    for (const auto& object : tenant.objects("snapshots"))
        CHECK(cloud_pcs.contains(text(json::parse(object.text).at("cloudPcId"))));
    std::set<std::string> all;
    for (const auto& set : tenant.collections())
        all.merge(known(set.c_str()));
    for (const auto& object : tenant.objects("auditEvents"))
        CHECK(all.contains(text(json::parse(object.text).at("resources").at(0).at("resourceId"))));
}

TEST_CASE("data: odd values are there, or not at all")
{
    const auto odd = everything(Tenant{sized(1)});
    const auto plain = everything(Tenant{sized(1, false)});
    for (const auto* mark : {"DROP TABLE", "memberOfTomorrow", "propertyOfTomorrow",
                             "2020-11-010T20:00:34Z", "0001-01-01T00:00:00Z", "+08:00", "\u202E",
                             "e\u0301", "a long display name", R"(\"two\")"}) {
        CAPTURE(mark);
        CHECK(odd.find(mark) != std::string::npos);
        CHECK(plain.find(mark) == std::string::npos);
    }
    std::map<std::string, int> folded;
    for (const auto& object : Tenant{sized(1)}.objects("cloudPCs")) {
        auto id = object.id;
        std::ranges::transform(id, id.begin(),
                               [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        ++folded[id];
    }
    CHECK(std::ranges::any_of(folded, [](const auto& entry) { return entry.second == 2; }));
}

TEST_CASE("data: churn reports what it did")
{
    Client client{sized(5)};
    auto& tenant = client.tenant;
    std::map<std::string, std::map<std::string, std::string>> before;
    for (const auto& set : tenant.collections()) {
        for (const auto& object : tenant.objects(set))
            before[set][object.id] = object.text;
    }
    const auto result = tenant.churn(
        {.modified = 0.1, .removed = 0.05, .added = 0.1, .hidden = 2, .audit_events = 4});
    CHECK(result.modified.at("cloudPCs").size() == 20);
    CHECK(result.removed.at("cloudPCs").size() == 10);
    CHECK(result.added.at("cloudPCs").size() == 20);
    CHECK(result.hidden.at("cloudPCs").size() == 2);
    CHECK(result.added.at("auditEvents").size() == 4);
    for (const auto& set : tenant.collections()) {
        CAPTURE(set);
        auto expected = before[set];
        const auto of = [&](const auto& lists) {
            const auto found = lists.find(set);
            return found == lists.end() ? std::vector<std::string>{} : found->second;
        };
        for (const auto& id : of(result.removed))
            CHECK(expected.erase(id) == 1);
        for (const auto& id : of(result.modified)) {
            CHECK(expected.at(id) != tenant.object(set, id).value_or(TruthObject{}).text);
            expected[id] = tenant.object(set, id).value_or(TruthObject{}).text;
        }
        for (const auto& id : of(result.added))
            expected[id] = tenant.object(set, id).value_or(TruthObject{}).text;
        std::map<std::string, std::string> now;
        for (const auto& object : tenant.objects(set))
            now[object.id] = object.text;
        CHECK((now == expected));
    }
    // Snapshots go with their Cloud PC.
    const auto& gone = result.removed.at("cloudPCs");
    for (const auto& object : tenant.objects("snapshots"))
        CHECK_FALSE(std::ranges::binary_search(
            gone, text(json::parse(object.text).as_object()["cloudPcId"].is_string()
                           ? json::parse(object.text).at("cloudPcId")
                           : json::value(""))));
    CHECK(client.list("cloudPCs").size() == 208);
    CHECK(client.list("cloudPCs").size() == 210);
}

TEST_CASE("data: single changes show at once")
{
    Client client{sized(5)};
    auto& tenant = client.tenant;
    const auto id = tenant.add("cloudPCs", R"({"id":"x-1","displayName":"X","status":null})");
    CHECK(id == "x-1");
    CHECK(tenant.modify("cloudPCs", id, R"({"displayName":null,"powerState":"running"})"));
    CHECK(tenant.object("cloudPCs", id)->text ==
          R"({"id":"x-1","displayName":null,"status":null,"powerState":"running"})");
    CHECK(client.read("cloudPCs/x-1").at("displayName").is_null());
    CHECK(tenant.remove("cloudPCs", id));
    CHECK_FALSE(tenant.remove("cloudPCs", id));
    CHECK_FALSE(tenant.modify("cloudPCs", id, "{}"));
    CHECK(client.get("cloudPCs/x-1").status == 404);
    CHECK(tenant.modify("organizationSettings", "", R"({"osVersion":"windows10"})"));
    CHECK(client.read("organizationSettings").at("osVersion") == "windows10");
    CHECK_THROWS_AS(tenant.add("cloudPCs", "[]"), std::invalid_argument);
    CHECK_THROWS_AS(tenant.add("cloudPCs", R"({"id":1})"), std::invalid_argument);
    tenant.add("cloudPCs", R"({"id":"y"})");
    CHECK_THROWS_AS(tenant.add("cloudPCs", R"({"id":"y"})"), std::invalid_argument);
    CHECK_THROWS_AS(tenant.objects("noSuchSet"), std::out_of_range);
    CHECK_FALSE(tenant.objects("getAuditActivityTypes").empty());
    CHECK(tenant.objects("getSourceImages").size() == 3);
}
