#include "write_client.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace graphsim;
using namespace graphsim::test;

TEST_CASE_FIXTURE(WriteClient, "cloud PC actions: every one is carried out once, and ends")
{
    struct Verb {
        std::string name, body;
        bool v1_0;
        std::string type = "dedicated";
        std::string from = "provisioned";
    };
    const auto plan = tenant.objects("servicePlans").at(1).id;
    const auto id = cloud_pc(0);
    const auto snapshot =
        tenant.add("snapshots", R"({"cloudPcId":")" + id + R"(","status":"ready"})");
    const std::vector<Verb> verbs{
        {"reprovision", R"({"userAccountType":"administrator","osVersion":"windows11"})", true},
        {"endGracePeriod", "", true, "dedicated", "inGracePeriod"},
        {"resize", R"({"targetServicePlanId":")" + plan + R"("})", true},
        {"restore", R"({"cloudPcSnapshotId":")" + snapshot + R"("})", true},
        {"reboot", "", true},
        {"rename", R"({"displayName":"another name"})", true},
        {"troubleshoot", "", true},
        {"start", "", false, "sharedByUser"},
        {"stop", "", false, "sharedByUser"},
        {"powerOn", "", false, "sharedByUser"},
        {"powerOff", "", false, "sharedByUser"},
        {"changeUserAccountType", R"({"userAccountType":"standardUser"})", false},
        {"createSnapshot", R"({"accessTier":"hot"})", false},
        {"setReviewStatus", R"({"reviewStatus":{"inReview":true,"userAccessLevel":"restricted"}})",
         false},
        {"retryPartnerAgentInstallation", "", false}};
    for (const auto& verb : verbs) {
        CAPTURE(verb.name);
        cloud_pc(0, verb.from, verb.type);
        const auto path = "cloudPCs/" + id + "/" + verb.name;
        version = Version::v1_0;
        const auto first = tried(path, verb.body);
        CHECK(first == (verb.v1_0 ? "204" : "400 BadRequest"));
        version = Version::beta;
        if (!verb.v1_0) {
            CHECK(tried(path, verb.body) == "204");
        }
        CHECK(state(id) == "pending");
        advance(1s);
        CHECK(state(id) == "active");
        CHECK(log().started(verb.name, id) == 1);
        advance(1h);
        CHECK(state(id) == "done");
        CHECK(log().count("cloudPCs/" + verb.name, id) == 1);
        CHECK(log().entries().back().cloud_pcs == std::vector{id});
        CHECK(log().entries().back().answered());
    }
    CHECK(log().total() == verbs.size());
    CHECK(truth("cloudPCs", id).at("displayName") == "another name");
    CHECK(read("cloudPCs/" + id + "/retrieveReviewStatus").at("inReview") == true);
    // The one that was there, and the one of createSnapshot.
    const auto snapshots = read("cloudPCs/" + id + "/retrieveSnapshots").at("value").as_array();
    CHECK(snapshots.size() >= 2);
    CHECK_FALSE(truth("snapshots", snapshot).at("lastRestoredDateTime").is_null());
}

TEST_CASE_FIXTURE(WriteClient, "cloud PC actions: a reprovision in the course of time")
{
    tenant.set_writes(
        {.durations = {{"cloudPCs/reprovision", always(20min)}}, .start_delay = always(5s)});
    const auto id = cloud_pc(1);
    const auto before = truth("cloudPCs", id);
    REQUIRE(tried("cloudPCs/" + id + "/reprovision", R"({"osVersion":"windows10"})") == "204");
    CHECK(status(id) == "provisioned");
    const auto shown = read("cloudPCs/" + id + "?$select=id,lastRemoteActionResult");
    CHECK(shown.at("lastRemoteActionResult").at("actionState") == "pending");

    advance(5s);
    CHECK(status(id) == "provisioning");
    CHECK(truth("cloudPCs", id).at("managedDeviceId").is_null());
    CHECK(tried("cloudPCs/" + id + "/reprovision") == "409 Conflict");
    CHECK(tried("cloudPCs/" + id + "/reboot") == "409 Conflict");

    advance(19min + 59s);
    CHECK(status(id) == "provisioning");
    advance(1s);
    const auto after = truth("cloudPCs", id);
    CHECK(after.at("status") == "provisioned");
    CHECK(after.at("osVersion") == "windows10");
    CHECK(after.at("managedDeviceId").is_string());
    CHECK(after.at("managedDeviceId") != before.at("managedDeviceId"));
    CHECK(after.at("provisionedDateTime") == "2026-03-01T00:20:05.0000000Z");
    CHECK(after.at("lastModifiedDateTime") == "2026-03-01T00:20:05.0000000Z");
    const auto last = after.at("lastRemoteActionResult").as_object();
    CHECK(last.at("actionName") == "Reprovision");
    CHECK(last.at("actionState") == "done");
    CHECK(last.at("startDateTime") == "2026-03-01T00:00:00.0000000Z");
    CHECK(results(id).at(0).at("actionName") == "CloudPcReprovision");
    CHECK(log().count("cloudPCs/reprovision", id) == 1);
}

TEST_CASE_FIXTURE(WriteClient, "cloud PC actions: the service does not keep two at once apart")
{
    const auto id = cloud_pc(2);
    CHECK(tried("cloudPCs/" + id + "/reprovision") == "204");
    CHECK(tried("cloudPCs/" + id + "/reprovision") == "204");
    advance(1h);
    CHECK(log().count("cloudPCs/reprovision", id) == 2);
    CHECK(log().started("reprovision", id) == 1);
    CHECK(results(id).at(0).at("actionState") == "failed");
    CHECK(results(id).at(1).at("actionState") == "done");
}

TEST_CASE_FIXTURE(WriteClient, "cloud PC actions: the status decides")
{
    struct Case {
        std::string status, verb, body, answer;
    };
    const auto plan = tenant.objects("servicePlans").front().id;
    const auto resize = R"({"targetServicePlanId":")" + plan + R"("})";
    const std::vector<Case> cases{{"provisioned", "endGracePeriod", "", "409 Conflict"},
                                  {"inGracePeriod", "reprovision", "", "409 Conflict"},
                                  {"inGracePeriod", "resize", resize, "409 Conflict"},
                                  {"inGracePeriod", "reboot", "", "204"},
                                  {"failed", "reprovision", "", "204"},
                                  {"failed", "resize", resize, "409 Conflict"},
                                  {"provisioning", "reboot", "", "409 Conflict"},
                                  {"notProvisioned", "reprovision", "", "409 Conflict"},
                                  {"provisionedWithWarnings", "resize", resize, "204"}};
    std::size_t carried_out = 0;
    for (const auto& one : cases) {
        CAPTURE(one.status);
        CAPTURE(one.verb);
        const auto id = cloud_pc(3, one.status);
        CHECK(tried("cloudPCs/" + id + "/" + one.verb, one.body) == one.answer);
        carried_out += one.answer == "204" ? 1U : 0U;
        CHECK(log().total() == carried_out);
        advance(2h);
    }
    const auto id = cloud_pc(3, "provisioning");
    const auto refused = post("cloudPCs/" + id + "/resize", resize);
    CHECK(text(json::parse(refused.body).at("error").at("message")) ==
          "Resize is not allowed for the current Cloud PC state.");
}

TEST_CASE_FIXTURE(WriteClient, "cloud PC actions: what is refused is not carried out")
{
    const auto id = cloud_pc(4);
    const auto path = "cloudPCs/" + id;
    const auto foreign = tenant.add("snapshots", R"({"cloudPcId":"another"})");
    CHECK(tried("cloudPCs/11111111-0000-0000-0000-000000000000/reboot") == "404 ResourceNotFound");
    CHECK(tried(path + "/format") == "400 BadRequest");
    CHECK(tried(path + "/reboot", R"({"force":true})") == "400 BadRequest");
    CHECK(tried(path + "/resize") == "400 BadRequest");
    CHECK(tried(path + "/resize", R"({"targetServicePlanId":null})") == "400 BadRequest");
    CHECK(tried(path + "/resize", R"({"targetServicePlanId":7})") == "400 BadRequest");
    CHECK(tried(path + "/resize", R"({"targetServicePlanId":"none"})") == "400 BadRequest");
    CHECK(tried(path + "/restore", R"({"cloudPcSnapshotId":"none"})") == "404 ResourceNotFound");
    CHECK(tried(path + "/restore", R"({"cloudPcSnapshotId":")" + foreign + R"("})") ==
          "400 BadRequest");
    CHECK(tried(path + "/rename", R"({"displayName":""})") == "400 BadRequest");
    CHECK(tried(path + "/reprovision", R"({"osVersion":"windows95"})") == "400 BadRequest");
    CHECK(tried(path + "/reprovision", R"({"osVersion":"unknownFutureValue"})") ==
          "400 BadRequest");
    CHECK(tried(path + "/setReviewStatus", R"({"reviewStatus":{"in":true}})") == "400 BadRequest");
    CHECK(tried(path + "/rename", "{") == "400 BadRequest");
    CHECK(tried(path + "/rename", "[]") == "400 BadRequest");
    CHECK(answer(post(path + "/rename", R"({"displayName":"x"})",
                      {{"Content-Type", "text/plain"}})) == "415 UnsupportedMediaType");
    CHECK(answer(post(path + "/rename", R"({"displayName":"x"})",
                      {{"Content-Type", "application/json; charset=utf-8"}})) == "204");
    CHECK(answer(send("GET", path + "/reboot")) == "400 BadRequest");
    CHECK(answer(send("PUT", path)) == "405 Request_BadRequest");
    CHECK(deleted(path) == "405 Request_BadRequest");
    CHECK(changed(path, R"({"displayName":"x"})") == "405 Request_BadRequest");
    CHECK(tried(path + "/retrieveSnapshots") == "405 Request_BadRequest");
    CHECK(tried("deviceImages/x/reupload") == "501 NotImplemented");
    CHECK(log().total() == 1);
    CHECK(tenant.requests().count(
              "POST", "/beta/deviceManagement/virtualEndpoint/cloudPCs/{id}/rename") == 5);
}

TEST_CASE_FIXTURE(WriteClient, "cloud PC actions: who may")
{
    const auto id = cloud_pc(5);
    const auto path = "cloudPCs/" + id + "/reboot";
    tenant.set_roles({"CloudPC.Read.All"});
    sign_in();
    CHECK(tried(path) == "403 Forbidden");
    CHECK(get("cloudPCs/" + id).status == 200);
    CHECK(get("cloudPCs/" + id + "/retrieveCloudPCRemoteActionResults").status == 403);
    token = "a.b.c";
    CHECK(tried(path) == "401 InvalidAuthenticationToken");
    token = tenant.user_token("someone@contoso.com", {"CloudPC.Read.All"});
    CHECK(tried(path) == "403 Forbidden");
    CHECK(log().total() == 0);
    be_user();
    CHECK(tried(path) == "204");
    CHECK(log().entries().back().actor == user_name);
    CHECK(log().entries().back().delegated);
    tenant.set_roles({"CloudPC.ReadWrite.All"});
    sign_in();
    CHECK(tried(path) == "204");
    CHECK(log().entries().back().actor == tenant.options().client_id);
    CHECK_FALSE(log().entries().back().delegated);
}

TEST_CASE_FIXTURE(WriteClient, "cloud PC actions: outcomes to order")
{
    SUBCASE("failed")
    {
        const auto id = cloud_pc(6);
        tenant.set_next_outcome(id, Outcome::failed);
        CHECK(tried("cloudPCs/" + id + "/reprovision") == "204");
        advance(1h);
        CHECK(state(id) == "failed");
        CHECK(status(id) == "failed");
        CHECK(truth("cloudPCs", id).at("statusDetail").at("code") == "internalServerError");
        CHECK(results(id).at(0).at("statusDetail").at("code") == "internalServerError");
        CHECK(tried("cloudPCs/" + id + "/reprovision") == "204");
        advance(1h);
        CHECK(status(id) == "provisioned");
    }
    SUBCASE("a failed resize leaves it as it was")
    {
        const auto id = cloud_pc(6);
        const auto plan = truth("cloudPCs", id).at("servicePlanId");
        const auto other = tenant.objects("servicePlans").front().id;
        tenant.set_next_outcome(id, Outcome::failed);
        CHECK(tried("cloudPCs/" + id + "/resize",
                    R"({"targetServicePlanId":")" + other + R"("})") == "204");
        advance(1h);
        CHECK(status(id) == "provisioned");
        CHECK(truth("cloudPCs", id).at("servicePlanId") == plan);
    }
    SUBCASE("with warnings")
    {
        const auto id = cloud_pc(6);
        tenant.set_next_outcome(id, Outcome::warning);
        CHECK(tried("cloudPCs/" + id + "/reprovision") == "204");
        advance(1h);
        CHECK(status(id) == "provisionedWithWarnings");
        CHECK(state(id) == "done");
    }
    SUBCASE("accepted, and then nothing for days")
    {
        const auto id = cloud_pc(6);
        tenant.set_next_outcome(id, Outcome::never_starts);
        CHECK(tried("cloudPCs/" + id + "/reprovision") == "204");
        advance(72h);
        sign_in();
        CHECK(state(id) == "pending");
        CHECK(status(id) == "provisioned");
        CHECK(log().started("reprovision", id) == 0);
        CHECK(log().count("cloudPCs/reprovision", id) == 1);
    }
    SUBCASE("power is for Windows 365 Frontline")
    {
        const auto id = cloud_pc(6);
        CHECK(tried("cloudPCs/" + id + "/powerOn") == "204");
        advance(1h);
        CHECK(state(id) == "notSupported");
        CHECK(log().started("powerOn", id) == 0);
    }
    SUBCASE("rates draw by the seed")
    {
        const auto run = [] {
            auto options = quick(40);
            options.writes.failure_rate = 0.5;
            WriteClient client{options};
            std::string states;
            for (std::size_t i = 0; i < 20; ++i) {
                const auto id = client.cloud_pc(i);
                client.tried("cloudPCs/" + id + "/reboot");
                client.advance(10min);
                states += client.state(id) == "done" ? 'd' : 'f';
            }
            return states;
        };
        const auto states = run();
        CHECK(states == run());
        CHECK(states.find('d') != std::string::npos);
        CHECK(states.find('f') != std::string::npos);
    }
}

TEST_CASE_FIXTURE(WriteClient, "cloud PC actions: a status that flips back for a while")
{
    auto options = quick().writes;
    options.flap_rate = 1;
    options.flap = always(10s);
    options.durations["cloudPCs/reprovision"] = always(10min);
    tenant.set_writes(options);
    const auto id = cloud_pc(7);
    REQUIRE(tried("cloudPCs/" + id + "/reprovision") == "204");
    std::vector<std::string> seen;
    for (int i = 0; i < 130; ++i) {
        if (seen.empty() || seen.back() != status(id))
            seen.push_back(status(id));
        advance(5s);
    }
    CHECK(seen == std::vector<std::string>{"provisioned", "provisioning", "provisioned",
                                           "provisioning", "provisioned", "provisioning",
                                           "provisioned"});
}

TEST_CASE_FIXTURE(WriteClient, "cloud PC actions: only the last change of a status flips back")
{
    auto options = quick().writes;
    options.flap_rate = 1;
    options.flap = always(10s);
    options.durations["cloudPCs/reprovision"] = always(5s);
    tenant.set_writes(options);
    const auto id = cloud_pc(7);
    tenant.set_next_outcome(id, Outcome::failed);
    REQUIRE(tried("cloudPCs/" + id + "/reprovision") == "204");
    std::vector<std::string> seen;
    for (int i = 0; i < 60; ++i) {
        if (seen.empty() || seen.back() != status(id))
            seen.push_back(status(id));
        advance(1s);
    }
    CHECK(seen == std::vector<std::string>{"provisioned", "provisioning", "failed", "provisioning",
                                           "failed"});
}

TEST_CASE_FIXTURE(WriteClient, "cloud PC actions: the end of a grace period")
{
    const auto policy = tenant.objects("provisioningPolicies").front().id;
    const auto kept = cloud_pc(8, "inGracePeriod");
    const auto gone = cloud_pc(9, "inGracePeriod");
    tenant.modify("cloudPCs", kept, R"({"provisioningPolicyId":")" + policy + R"("})");
    tenant.modify("provisioningPolicies", policy, R"({"assignments":[{"id":"a"}]})");
    tenant.modify("cloudPCs", gone, R"({"provisioningPolicyId":"deleted"})");
    CHECK(tried("cloudPCs/" + kept + "/endGracePeriod") == "204");
    CHECK(tried("cloudPCs/" + gone + "/endGracePeriod") == "204");
    advance(1s);
    CHECK(status(kept) == "deprovisioning");
    advance(1h);
    CHECK(status(kept) == "notProvisioned");
    CHECK(truth("cloudPCs", kept).at("gracePeriodEndDateTime").is_null());
    CHECK(truth("cloudPCs", kept).at("managedDeviceId").is_null());
    CHECK_FALSE(tenant.object("cloudPCs", gone));
    sign_in();
    CHECK(tried("cloudPCs/" + gone + "/endGracePeriod") == "404 ResourceNotFound");
}

TEST_CASE_FIXTURE(WriteClient, "cloud PC actions: other success codes")
{
    auto options = quick().writes;
    const auto id = cloud_pc(10);
    options.acknowledgement = Acknowledgement::ok;
    tenant.set_writes(options);
    CHECK(post("cloudPCs/" + id + "/reboot").status == 200);
    options.acknowledgement = Acknowledgement::accepted;
    tenant.set_writes(options);
    const auto accepted = post("cloudPCs/" + id + "/reboot");
    CHECK(accepted.status == 202);
    CHECK(accepted.body.empty());
    CHECK(accepted.header("Location") == at("cloudPCs") + "/" + id + "/reboot");
    CHECK(log().count("cloudPCs/reboot", id) == 2);
}
