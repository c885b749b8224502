#include "write_client.hpp"

#include <doctest/doctest.h>

#include <map>
#include <optional>

using namespace graphsim;
using namespace graphsim::test;

namespace {

struct Fixture : WriteClient {
    Fixture()
        : WriteClient{[] {
              auto options = quick();
              options.audit_events = 0;
              return options;
          }()}
    {}
    void set(WriteOptions options) { tenant.set_writes(std::move(options)); }
    std::vector<json::object> events() { return list("auditEvents"); }
    std::string reboot(std::size_t number, const std::string& request = "attempt-1")
    {
        const auto id = cloud_pc(number);
        REQUIRE(post("cloudPCs/" + id + "/reboot", "", {{"client-request-id", request}}).status ==
                204);
        return id;
    }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "audit of writes: who, what, on what, by which request, and late")
{
    const auto id = reboot(0);
    CHECK(events().empty());
    advance(30s - 1ms);
    CHECK(events().empty());
    advance(1ms);
    const auto list = events();
    REQUIRE(list.size() == 1);
    const auto& event = list[0];
    CHECK(event.at("activityType") == "Reboot CloudPC");
    CHECK(event.at("activityDateTime") == "2026-03-01T00:00:00.0000000Z");
    CHECK(event.at("activityOperationType") == "patch");
    CHECK(event.at("activityResult") == "success");
    CHECK(event.at("correlationId") == "attempt-1");
    CHECK(event.at("actor").at("type") == "application");
    CHECK(text(event.at("actor").at("applicationId")) == tenant.options().client_id);
    CHECK(event.at("actor").at("userPrincipalName").is_null());
    CHECK(text(event.at("resources").at(0).at("resourceId")) == id);
    CHECK(event.at("resources").at(0).at("resourceType") == "cloudPCs");
    CHECK(event.at("resources").at(0).at("displayName") == truth("cloudPCs", id).at("displayName"));
}

TEST_CASE_FIXTURE(Fixture, "audit of writes: a user, a creation, a deletion")
{
    be_user();
    const auto made = post("userSettings", R"({"displayName":"Admins"})");
    const auto id = text(json::parse(made.body).at("id"));
    CHECK(deleted("userSettings/" + id) == "204");
    advance(1min);
    const auto list = events();
    REQUIRE(list.size() == 2);
    CHECK(list[1].at("activityOperationType") == "create");
    CHECK(list[0].at("activityOperationType") == "delete");
    CHECK(list[0].at("activityType") == "Delete UserSetting");
    CHECK(list[1].at("actor").at("type") == "itPro");
    CHECK(text(list[1].at("actor").at("userPrincipalName")) == user_name);
    const auto changed = list[1].at("resources").at(0).at("modifiedProperties").as_array();
    CHECK(changed.at(0).at("displayName") == "displayName");
    CHECK(changed.at(0).at("newValue") == "Admins");
    CHECK(text(list[1].at("resources").at(0).at("resourceId")) == id);
}

TEST_CASE_FIXTURE(Fixture, "audit of writes: a bulk action names its Cloud PCs")
{
    const auto first = cloud_pc(1);
    const auto second = cloud_pc(2);
    CHECK(tried("bulkActions", R"({"@odata.type":"#microsoft.graph.cloudPcBulkRestart",
        "displayName":"night","cloudPcIds":[")" +
                                   first + R"(",")" + second + R"("]})") == "201");
    advance(1min);
    const auto event = events().at(0);
    const auto& resources = event.at("resources").as_array();
    REQUIRE(resources.size() == 3);
    CHECK(resources[0].at("resourceType") == "bulkActions");
    CHECK(text(resources[1].at("resourceId")) == first);
    CHECK(text(resources[2].at("resourceId")) == second);
}

TEST_CASE_FIXTURE(Fixture, "audit of writes: refused ones leave none")
{
    const auto id = cloud_pc(3, "resizing");
    CHECK(tried("cloudPCs/" + id + "/reboot") == "409 Conflict");
    advance(24h);
    CHECK(events().empty());
}

TEST_CASE_FIXTURE(Fixture, "audit of writes: correlated never, or now and then")
{
    auto options = quick().writes;
    options.correlation_rate = 0;
    set(options);
    reboot(0);
    advance(1min);
    CHECK(events().at(0).at("correlationId") != "attempt-1");
    options.correlation_rate = 0.5;
    set(options);
    for (std::size_t i = 1; i < 12; ++i)
        reboot(i);
    advance(1min);
    std::size_t correlated = 0;
    for (const auto& event : events())
        correlated += event.at("correlationId") == "attempt-1" ? 1U : 0U;
    CHECK(correlated > 0);
    CHECK(correlated < 11);
}

TEST_CASE_FIXTURE(Fixture, "audit of writes: hours late, or missing")
{
    auto options = quick().writes;
    options.audit_late_rate = 1;
    options.audit_late = always(6h);
    set(options);
    reboot(0);
    advance(6h - 1ms);
    CHECK(events().empty());
    advance(1ms);
    CHECK(events().size() == 1);
    options.audit_missing_rate = 1;
    set(options);
    reboot(1);
    advance(48h);
    CHECK(events().size() == 1);
    CHECK(log().total() == 2);
}
