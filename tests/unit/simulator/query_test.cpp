#include "client.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace graphsim;
using namespace graphsim::test;

namespace {

TenantOptions plain()
{
    return {.cloud_pcs = 120, .odd_data = false};
}

}  // namespace

TEST_CASE("query: without options a list shows what is returned by default")
{
    Client client{plain()};
    const auto page = client.read("cloudPCs");
    CHECK(text(page.at("@odata.context")) ==
          "https://graph.microsoft.com/beta/$metadata#deviceManagement/virtualEndpoint/cloudPCs");
    CHECK_FALSE(page.contains("@odata.count"));
    const auto& item = page.at("value").as_array().front().as_object();
    CHECK(item.contains("status"));
    CHECK_FALSE(item.contains("connectivityResult"));
    CHECK_FALSE(item.contains("lastRemoteActionResult"));
}

TEST_CASE("query: v1.0 shows its own properties only, at every depth")
{
    Client client{plain()};
    client.version = Version::v1_0;
    const auto item = client.list("cloudPCs").front();
    CHECK(item.size() == 15);
    CHECK_FALSE(item.contains("status"));
    const auto event = client.list("auditEvents?$top=500").front();
    CHECK_FALSE(event.at("actor").as_object().contains("type"));
    CHECK_FALSE(event.at("resources").as_array().front().as_object().contains("resourceType"));
    CHECK(client.error_code("cloudPCs?$select=status") == "400 BadRequest");
    CHECK(client.error_code("snapshots") == "400 BadRequest");
    CHECK(client.get("snapshots").body.find("'snapshots'") != std::string::npos);
}

TEST_CASE("query: select gives what it names and the id")
{
    Client client{plain()};
    const auto page = client.read("cloudPCs?$select=status,connectivityResult");
    CHECK(text(page.at("@odata.context")).ends_with("cloudPCs(status,connectivityResult)"));
    const auto found = names(page.at("value").as_array().front().as_object());
    CHECK(std::set<std::string>{found.begin(), found.end()} ==
          std::set<std::string>{"id", "status", "connectivityResult"});
    const auto refused = client.get("cloudPCs?$select=id,noSuchThing");
    CHECK(refused.status == 400);
    CHECK(refused.body.find("'noSuchThing'") != std::string::npos);
    const auto all = client.list("cloudPCs?$select=*").front();
    CHECK(all.contains("productType"));
    CHECK(all.contains("displayName"));
}

TEST_CASE("query: assignments come with expand and never without")
{
    Client client{plain()};
    for (const auto* set : {"provisioningPolicies", "userSettings"}) {
        CAPTURE(set);
        const std::string name = set;
        CHECK_FALSE(client.list(name).front().contains("assignments"));
        CHECK_FALSE(
            client.list(name + "?$select=displayName,assignments").front().contains("assignments"));
        bool empty = false;
        bool filled = false;
        for (const auto& item : client.list(name + "?$expand=assignments")) {
            const auto& assignments = item.at("assignments").as_array();
            (assignments.empty() ? empty : filled) = true;
        }
        CHECK(empty);
        CHECK(filled);
    }
    CHECK(client.error_code("cloudPCs?$expand=assignments") == "400 BadRequest");
    CHECK(client.error_code("provisioningPolicies?$expand=displayName") == "400 BadRequest");
}

TEST_CASE("query: passwords of connections are never returned")
{
    Client client{plain()};
    for (const auto& item : client.list("onPremisesConnections?$select=adDomainPassword"))
        CHECK(names(item) == std::vector<std::string>{"id"});
    for (const auto& object : client.tenant.objects("onPremisesConnections"))
        CHECK(object.text.find("adDomainPassword") == std::string::npos);
}

TEST_CASE("query: new enum members are hidden from who does not ask for them")
{
    Client client{plain()};
    const auto id = client.tenant.add("cloudPCs", R"({"status": "preparing", "provisioningType":
        "reserve", "powerState": "running", "statusDetail": null})");
    CHECK(client.read("cloudPCs/" + id).at("status") == "unknownFutureValue");
    CHECK(client.read("cloudPCs/" + id).at("provisioningType") == "unknownFutureValue");
    CHECK(client.read("cloudPCs/" + id).at("powerState") == "running");
    CHECK(client.read("cloudPCs/" + id, prefer).at("status") == "preparing");
    const auto listed = client.list("cloudPCs?$top=1000");
    CHECK(listed.back().at("status") == "unknownFutureValue");
    CHECK(client.list("cloudPCs?$top=1000", prefer).back().at("status") == "preparing");

    // Within nested objects too, and member by member of flags.
    const auto policy = client.tenant.add("provisioningPolicies", R"({"managedBy":
        "windows365,rpaBox", "domainJoinConfigurations": [{"regionGroup": "kenya"}]})");
    const auto seen = client.read("provisioningPolicies/" + policy);
    CHECK(seen.at("managedBy") == "windows365,unknownFutureValue");
    CHECK(seen.at("domainJoinConfigurations").at(0).at("regionGroup") == "unknownFutureValue");
}

TEST_CASE("query: top is the size of a page")
{
    Client client{plain()};
    CHECK(client.read("cloudPCs").at("value").as_array().size() == 100);
    CHECK(client.read("cloudPCs?$top=7").at("value").as_array().size() == 7);
    CHECK(client.list("cloudPCs?$top=7").size() == 120);
    CHECK(client.error_code("cloudPCs?$top=0") == "400 BadRequest");
    CHECK(client.error_code("cloudPCs?$top=many") == "400 BadRequest");
}

TEST_CASE("query: top above the maximum, in the three ways of Graph")
{
    auto options = plain();
    options.page_size_max = 110;
    options.page_size_default = 50;
    const auto first_page = [&](TopAboveMax how) {
        options.top_above_max = how;
        Client client{options};
        const auto response = client.get("cloudPCs?$top=999");
        return response.status != 200 ? static_cast<std::size_t>(0)
                                      : json::parse(response.body).at("value").as_array().size();
    };
    CHECK(first_page(TopAboveMax::clamp) == 110);
    CHECK(first_page(TopAboveMax::ignore) == 50);
    CHECK(first_page(TopAboveMax::reject) == 0);
}

TEST_CASE("query: count comes on the first page")
{
    Client client{plain()};
    const auto page = client.read("cloudPCs?$count=true&$top=50");
    CHECK(page.at("@odata.count") == 120);
    CHECK_FALSE(client.read(text(page.at("@odata.nextLink"))).contains("@odata.count"));
    CHECK(client.read("cloudPCs?$count=true&$filter=id%20eq%20'x'").at("@odata.count") == 0);
}

TEST_CASE("query: order is offered where the documentation does")
{
    Client client{plain()};
    CHECK(client.error_code("cloudPCs?$orderby=displayName") == "400 Request_UnsupportedQuery");
    CHECK(client.error_code("cloudPCs?$skip=10") == "400 Request_UnsupportedQuery");
    std::vector<std::string> times;
    for (const auto& item : client.list("bulkActions?$orderby=displayName%20desc&$top=4"))
        times.push_back(text(item.at("displayName")));
    CHECK(times.size() == 15);
    CHECK(std::ranges::is_sorted(times, std::greater{}));
    CHECK(client.list("frontLineServicePlans?$skip=3").size() == 1);
}

TEST_CASE("query: undocumented options can be refused")
{
    auto options = plain();
    options.reject_undocumented_query = true;
    Client client{options};
    CHECK(client.error_code("auditEvents?$select=id") == "400 Request_UnsupportedQuery");
    CHECK(client.error_code("cloudPCs?$select=id").empty());
    CHECK(client.error_code("snapshots?$top=5") == "400 Request_UnsupportedQuery");
}

TEST_CASE("query: one object by its id")
{
    Client client{plain()};
    const auto id = client.tenant.objects("cloudPCs").front().id;
    const auto item = client.read("cloudPCs/" + id);
    CHECK(text(item.at("@odata.context"))
              .ends_with("#deviceManagement/virtualEndpoint/cloudPCs/$entity"));
    CHECK(text(item.at("id")) == id);
    CHECK(client.error_code("cloudPCs/none") == "404 ResourceNotFound");
    CHECK(client.error_code("cloudPCs/" + id + "?$top=1") == "400 BadRequest");
    CHECK(client.error_code("cloudPCs/" + id + "/nothing") == "400 BadRequest");
}

TEST_CASE("query: functions and the singleton")
{
    Client client{plain()};
    CHECK(client.read("deviceImages/getSourceImages").at("value").as_array().size() == 3);
    CHECK(client.read("deviceImages/microsoft.graph.getSourceImages()")
              .at("value")
              .at(0)
              .as_object()
              .contains("id"));
    const auto types = client.read("auditEvents/getAuditActivityTypes");
    CHECK(types.at("value").at(0).is_string());
    CHECK(client.read("organizationSettings").contains("osVersion"));
    CHECK_FALSE(client.read("organizationSettings").contains("value"));
    client.version = Version::v1_0;
    CHECK_FALSE(
        client.read("deviceImages/getSourceImages").at("value").at(0).as_object().contains("id"));
    CHECK(client.error_code("organizationSettings") == "400 BadRequest");
}

TEST_CASE("query: what is no read is refused in Graph's words")
{
    Client client{plain()};
    const auto response =
        client.tenant.handle({.method = "POST",
                              .target = "/beta/deviceManagement/virtualEndpoint/cloudPCs",
                              .headers = {{"Authorization", "Bearer " + client.token}}});
    CHECK(response.status == 405);
    CHECK(client.error_code("noSuchSet") == "400 BadRequest");
}
