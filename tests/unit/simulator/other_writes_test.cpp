#include "write_client.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace graphsim;
using namespace graphsim::test;

namespace {

constexpr const char* group_target =
    R"({"assignments":[{"target":{"@odata.type":)"
    R"("#microsoft.graph.cloudPcManagementGroupAssignmentTarget","groupId":"group-1"}}]})";

constexpr const char* connection =
    R"({"displayName":"West","connectionType":"hybridAzureADJoin","subscriptionId":"s",
        "resourceGroupId":"r","virtualNetworkId":"v","subnetId":"n",
        "adDomainName":"corp.contoso.com","adDomainUsername":"join@corp.contoso.com",
        "adDomainPassword":"hunter2-secret"})";

struct Fixture : WriteClient {
    std::string created(const std::string& set, const std::string& body)
    {
        const auto response = post(set, body);
        REQUIRE_MESSAGE(response.status == 201, response.body);
        return text(json::parse(response.body).at("id"));
    }
    std::string health(const std::string& id)
    {
        return text(read("onPremisesConnections/" + id).at("healthCheckStatus"));
    }
    std::string image_status(const std::string& id)
    {
        return text(read("deviceImages/" + id).at("status"));
    }
    std::string image(const std::string& source)
    {
        return created(
            "deviceImages",
            json::serialize(json::object{
                {"displayName", "Gold"}, {"version", "1.0.0"}, {"sourceImageResourceId", source}}));
    }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "device images: uploaded, failed, tried again, deleted")
{
    const auto source = read("deviceImages/getSourceImages").at("value").at(0).at("resourceId");
    const auto id = image(text(source));
    CHECK(image_status(id) == "pending");
    CHECK(truth("deviceImages", id).at("osBuildNumber").is_null());
    CHECK(tried("deviceImages/" + id + "/retryUpload") == "400 BadRequest");
    advance(1h);
    CHECK(image_status(id) == "ready");
    CHECK(truth("deviceImages", id).at("osBuildNumber").is_string());
    CHECK(tried("deviceImages/" + id + "/retryUpload") == "400 BadRequest");

    const auto unknown =
        image("/subscriptions/a/resourceGroups/b/providers/Microsoft.Compute/images/c");
    advance(1h);
    CHECK(image_status(unknown) == "failed");
    CHECK(truth("deviceImages", unknown).at("errorCode") == "sourceImageNotFound");
    version = Version::v1_0;
    CHECK(tried("deviceImages/" + unknown + "/retryUpload") == "400 BadRequest");
    version = Version::beta;
    CHECK(tried("deviceImages/" + unknown + "/retryUpload") == "204");
    CHECK(image_status(unknown) == "pending");
    advance(1h);
    CHECK(image_status(unknown) == "failed");
    CHECK(log().count("deviceImages/retryUpload", unknown) == 1);

    tenant.set_next_outcome(unknown, Outcome::never_starts);
    CHECK(tried("deviceImages/" + unknown + "/retryUpload") == "204");
    advance(48h);
    CHECK(image_status(unknown) == "pending");
    CHECK(deleted("deviceImages/" + unknown) == "204");
    CHECK(deleted("deviceImages/" + unknown) == "404 ResourceNotFound");
    CHECK(get("deviceImages/" + unknown).status == 404);
}

TEST_CASE_FIXTURE(Fixture, "device images: bodies that the service does not take")
{
    for (const auto* wrong :
         {R"({"displayName":"a","version":"1"})",
          R"({"displayName":"a","version":"1","sourceImageResourceId":"x"})",
          R"({"displayName":"a","version":"1","status":"ready","sourceImageResourceId":
              "/subscriptions/a/resourceGroups/b/providers/Microsoft.Compute/images/c"})",
          R"({"displayName":"a","version":1,"sourceImageResourceId":
              "/subscriptions/a/resourceGroups/b/providers/Microsoft.Compute/images/c"})"}) {
        CAPTURE(wrong);
        CHECK(tried("deviceImages", wrong) == "400 BadRequest");
    }
    CHECK(changed("deviceImages/" + tenant.objects("deviceImages").front().id,
                  R"({"displayName":"x"})") == "405 Request_BadRequest");
    CHECK(log().total() == 0);
}

TEST_CASE_FIXTURE(Fixture, "connections: only users create, change, delete and check them")
{
    const auto old = tenant.objects("onPremisesConnections").front().id;
    const auto path = "onPremisesConnections/" + old;
    tenant.modify("onPremisesConnections", old, R"({"connectionType":"hybridAzureADJoin"})");
    CHECK(tried("onPremisesConnections", connection) == "403 Forbidden");
    CHECK(changed(path, R"({"displayName":"x"})") == "403 Forbidden");
    CHECK(deleted(path) == "403 Forbidden");
    CHECK(tried(path + "/runHealthChecks") == "403 Forbidden");
    const auto refused = post("onPremisesConnections", connection);
    CHECK(text(json::parse(refused.body).at("error").at("message")).find("user's token") !=
          std::string::npos);
    CHECK(log().total() == 0);
    CHECK(tried(path + "/updateAdDomainPassword", R"({"adDomainPassword":"new-secret"})") == "204");
    CHECK(tenant.ad_domain_password(old) == "new-secret");
    CHECK(log().entries().back().body == R"x({"adDomainPassword":"(secret)"})x");
}

TEST_CASE_FIXTURE(Fixture, "connections: a life with health checks, and a secret that nobody reads")
{
    be_user();
    const auto response = post("onPremisesConnections", connection);
    REQUIRE(response.status == 201);
    const auto id = text(json::parse(response.body).at("id"));
    const auto path = "onPremisesConnections/" + id;
    CHECK(tenant.ad_domain_password(id) == "hunter2-secret");
    CHECK(health(id) == "pending");
    advance(1s);
    CHECK(health(id) == "running");
    advance(1h);
    CHECK(health(id) == "passed");
    const auto detail =
        read(path + "?$select=healthCheckStatusDetail").at("healthCheckStatusDetail");
    CHECK(detail.at("startDateTime").is_string());
    CHECK(detail.at("endDateTime").is_string());

    const auto updated = send("PATCH", path, R"({"displayName":"East","adDomainPassword":"s3"})");
    CHECK(updated.status == 200);
    CHECK(json::parse(updated.body).at("displayName") == "East");
    CHECK(tenant.ad_domain_password(id) == "s3");
    advance(1h);
    tenant.set_next_outcome(id, Outcome::failed);
    CHECK(tried(path + "/runHealthChecks") == "204");
    CHECK(health(id) == "pending");
    advance(1h);
    CHECK(health(id) == "failed");
    tenant.set_next_outcome(id, Outcome::warning);
    CHECK(tried(path + "/runHealthChecks") == "204");
    advance(1h);
    CHECK(health(id) == "warning");

    for (const auto& place : {response.body, updated.body, get(path + "?$select=*").body,
                              tenant.object("onPremisesConnections", id)->text}) {
        CHECK(place.find("hunter2") == std::string::npos);
        CHECK(place.find("adDomainPassword") == std::string::npos);
    }
    advance(1h);
    for (const auto& event : tenant.objects("auditEvents"))
        CHECK(event.text.find("hunter2") == std::string::npos);
    for (const auto& entry : log().entries())
        CHECK(entry.body.find("hunter2") == std::string::npos);

    CHECK(deleted(path) == "204");
    CHECK(get(path).status == 404);
    CHECK_FALSE(tenant.ad_domain_password(id));
}

TEST_CASE_FIXTURE(Fixture,
                  "connections: what is in use stays, and what is no hybrid has no password")
{
    be_user();
    const auto id = created("onPremisesConnections", connection);
    const auto path = "onPremisesConnections/" + id;
    const auto policy =
        created("provisioningPolicies",
                R"({"displayName":"a","imageId":"b","imageDisplayName":"c","imageType":"gallery",
            "domainJoinConfigurations":[{"domainJoinType":"hybridAzureADJoin",
            "onPremisesConnectionId":")" +
                    id + R"("}]})");
    CHECK(deleted(path) == "409 Conflict");
    CHECK(deleted("provisioningPolicies/" + policy) == "204");
    tenant.modify("onPremisesConnections", id, R"({"inUse":true})");
    CHECK(deleted(path) == "409 Conflict");
    tenant.modify("onPremisesConnections", id, R"({"inUse":false,"connectionType":"azureADJoin"})");
    CHECK(tried(path + "/updateAdDomainPassword", R"({"adDomainPassword":"x"})") ==
          "400 BadRequest");
    CHECK(tried(path + "/updateAdDomainPassword", R"({"adDomainPassword":""})") ==
          "400 BadRequest");
    CHECK(tried(path + "/updateAdDomainPassword") == "400 BadRequest");
    CHECK(answer(send("PATCH", path + "/updateAdDomainPassword", R"({"adDomainPassword":"x"})")) ==
          "405 Request_BadRequest");
    for (const auto* wrong : {R"({"healthCheckStatus":"passed"})", R"({"subscriptionName":"x"})",
                              R"({"type":"azureADJoin"})", R"({"subnetId":null})", "{}"}) {
        CAPTURE(wrong);
        CHECK(changed(path, wrong) == "400 BadRequest");
    }
    CHECK(deleted(path) == "204");
}

TEST_CASE_FIXTURE(Fixture, "connections: after runHealthChecks a read may show the checks before")
{
    be_user();
    const auto id = created("onPremisesConnections", connection);
    advance(1h);
    REQUIRE(health(id) == "passed");
    auto options = quick().writes;
    options.consistency_lag = 3s;
    tenant.set_writes(options);
    CHECK(tried("onPremisesConnections/" + id + "/runHealthChecks") == "204");
    CHECK(health(id) == "passed");
    advance(3s);
    CHECK(health(id) != "passed");
    advance(1h);
    CHECK(health(id) == "passed");
}

TEST_CASE_FIXTURE(Fixture, "user settings: created, updated, assigned, deleted")
{
    version = Version::v1_0;
    const auto id = created("userSettings",
                            R"({"@odata.type":"#microsoft.graph.cloudPcUserSetting",
        "displayName":"Admins","localAdminEnabled":true,
        "restorePointSetting":{"frequencyType":"sixteenHours","userRestoreEnabled":true}})");
    const auto path = "userSettings/" + id;
    CHECK(read(path).at("resetEnabled") == false);
    const auto updated = send("PATCH", path, R"({"resetEnabled":true})");
    CHECK(updated.status == 200);
    CHECK(json::parse(updated.body).at("resetEnabled") == true);
    CHECK(tried(path + "/assign", group_target) == "204");
    CHECK(text(read(path + "?$expand=assignments").at("assignments").at(0).at("id")) ==
          id + "_group-1");
    CHECK(tried("userSettings", R"({"localAdminEnabled":true})") == "400 BadRequest");
    CHECK(tried("userSettings", R"({"displayName":"a","provisioningSourceType":"image"})") ==
          "400 BadRequest");
    CHECK(changed(path, R"({"createdDateTime":"2026-01-01T00:00:00Z"})") == "400 BadRequest");
    CHECK(changed(path, R"({"restorePointSetting":{"frequencyType":"never"}})") ==
          "400 BadRequest");
    CHECK(changed("userSettings/none", R"({"displayName":"x"})") == "404 ResourceNotFound");
    CHECK(tried("userSettings/none/assign", group_target) == "404 ResourceNotFound");
    CHECK(deleted(path) == "204");
    CHECK(deleted(path) == "404 ResourceNotFound");
    for (const auto* verb : {"create", "update", "assign", "delete"})
        CHECK(log().count("userSettings/" + std::string{verb}, id) == 1);
    CHECK(log().total() == 4);
}

TEST_CASE_FIXTURE(Fixture, "organization settings, partners and apps")
{
    CHECK(changed("organizationSettings", R"({"enableMEMAutoEnroll":true})") == "200");
    CHECK(read("organizationSettings").at("enableMEMAutoEnroll") == true);
    CHECK(changed("organizationSettings", R"({"enableMEMAutoEnroll":1})") == "400 BadRequest");
    CHECK(deleted("organizationSettings") == "405 Request_BadRequest");
    version = Version::v1_0;
    CHECK(changed("organizationSettings", R"({"enableMEMAutoEnroll":true})") == "400 BadRequest");
    version = Version::beta;

    const auto partner = created("externalPartners", R"({"enableConnection":true})");
    CHECK(changed("externalPartners/" + partner, R"({"enableConnection":false})") == "200");
    CHECK(read("externalPartners/" + partner).at("enableConnection") == false);
    CHECK(changed("externalPartners/" + partner, R"({"partnerId":"x"})") == "400 BadRequest");
    CHECK(tried("externalPartners", R"({"partnerId":"x"})") == "400 BadRequest");
    CHECK(deleted("externalPartners/" + partner) == "405 Request_BadRequest");

    const auto app = tenant.objects("cloudApps").front().id;
    const auto body = R"({"cloudAppIds":[")" + app + R"("]})";
    const auto app_status = [&] { return text(read("cloudApps/" + app).at("appStatus")); };
    tenant.modify("cloudApps", app, R"({"appStatus":"ready","discoveredAppName":"Word"})");
    CHECK(tried("cloudApps/unpublish", body) == "409 Conflict");
    CHECK(tried("cloudApps/publish", body) == "204");
    CHECK(app_status() == "publishing");
    advance(10min);
    CHECK(app_status() == "published");
    CHECK(tried("cloudApps/reset", body) == "204");
    CHECK(read("cloudApps/" + app).at("displayName") == "Word");
    tenant.set_next_outcome(app, Outcome::failed);
    CHECK(tried("cloudApps/unpublish", body) == "204");
    CHECK(app_status() == "unpublishing");
    advance(10min);
    CHECK(app_status() == "failed");
    CHECK(tried("cloudApps/publish", R"({"cloudAppIds":[]})") == "400 BadRequest");
    CHECK(tried("cloudApps/publish", R"({"cloudAppIds":["none"]})") == "404 ResourceNotFound");
    CHECK(tried("cloudApps/publish", R"({"ids":["none"]})") == "400 BadRequest");
    CHECK(log().count("cloudApps/publish", app) == 1);
}
