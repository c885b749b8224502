#include "write_client.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace graphsim;
using namespace graphsim::test;

namespace {

constexpr const char* minimal =
    R"({"displayName":"Ring 7","imageId":"some-image","imageDisplayName":"Some",
        "imageType":"gallery"})";

std::string assigned_to(const std::vector<std::string>& groups)
{
    json::array assignments;
    for (const auto& group : groups)
        assignments.push_back(json::object{
            {"target",
             json::object{{"@odata.type", "microsoft.graph.cloudPcManagementGroupAssignmentTarget"},
                          {"groupId", group}}}});
    return json::serialize(json::object{{"assignments", std::move(assignments)}});
}

struct Fixture : WriteClient {
    std::string create(const std::string& body = minimal)
    {
        const auto response = post("provisioningPolicies", body);
        REQUIRE_MESSAGE(response.status == 201, response.body);
        return text(json::parse(response.body).at("id"));
    }
    /// The Cloud PC belongs to the policy, by way of the group.
    std::string member(std::size_t number, const std::string& policy, const std::string& group)
    {
        const auto id = cloud_pc(number);
        tenant.modify(
            "cloudPCs", id,
            json::serialize(json::object{{"provisioningPolicyId", policy},
                                         {"groupDetail", json::object{{"groupId", group}}}}));
        return id;
    }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "policy writes: created, read, updated, deleted")
{
    version = Version::v1_0;
    const auto response = post("provisioningPolicies", minimal, {{"client-request-id", "abc"}});
    CHECK(response.status == 201);
    const auto shown = json::parse(response.body).as_object();
    const auto id = text(shown.at("id"));
    CHECK(text(shown.at("@odata.context")).ends_with("provisioningPolicies/$entity"));
    CHECK(shown.at("displayName") == "Ring 7");
    CHECK(shown.at("provisioningType") == "dedicated");
    CHECK_FALSE(shown.contains("createdDateTime"));  // beta only
    CHECK_FALSE(shown.contains("assignments"));
    CHECK(response.header("Location") == at("provisioningPolicies") + "/" + id);
    CHECK(read("provisioningPolicies/" + id).at("imageId") == "some-image");

    const auto path = "provisioningPolicies/" + id;
    const auto updated = send("PATCH", path, R"({"displayName":"Ring 8","description":null})");
    CHECK(updated.status == 204);
    CHECK(updated.body.empty());
    CHECK(read(path).at("displayName") == "Ring 8");
    CHECK(deleted(path) == "204");
    CHECK(get(path).status == 404);
    CHECK(deleted(path) == "404 ResourceNotFound");
    CHECK(changed(path, R"({"displayName":"x"})") == "404 ResourceNotFound");

    CHECK(log().count("provisioningPolicies/create", id) == 1);
    CHECK(log().count("provisioningPolicies/update", id) == 1);
    CHECK(log().count("provisioningPolicies/delete", id) == 1);
    CHECK(log().total() == 3);
    CHECK(log().with_client_request_id("abc") == 1);
}

TEST_CASE_FIXTURE(Fixture, "policy writes: bodies that the service does not take")
{
    const auto create = [&](const std::string& more) {
        auto body = json::parse(minimal).as_object();
        const auto members = json::parse(more);
        for (const auto& member : members.as_object()) {
            if (member.value() == "(none)")
                body.erase(member.key());
            else
                body[member.key()] = member.value();
        }
        return tried("provisioningPolicies", json::serialize(body));
    };
    CHECK(create(R"({})") == "201");
    CHECK(create(R"({"@odata.type":"#microsoft.graph.cloudPcProvisioningPolicy"})") == "201");
    CHECK(create(R"({"@odata.type":"#microsoft.graph.cloudPcUserSetting"})") == "400 BadRequest");
    for (const auto* name : {"displayName", "imageId", "imageDisplayName", "imageType"}) {
        CAPTURE(name);
        CHECK(create("{\"" + std::string{name} + R"x(":"(none)"})x") == "400 BadRequest");
        CHECK(create("{\"" + std::string{name} + R"(":null})") == "400 BadRequest");
    }
    for (const auto* wrong :
         {R"({"color":"red"})", R"({"displayName":5})", R"({"imageType":"none"})",
          R"({"enableSingleSignOn":"true"})", R"({"id":"x"})", R"({"createdBy":"x"})",
          R"({"assignments":[]})", R"({"gracePeriodInHours":4})",
          R"({"domainJoinConfigurations":{}})", R"({"domainJoinConfigurations":[7]})",
          R"({"domainJoinConfigurations":[{"name":"x"}]})",
          R"({"domainJoinConfigurations":[{"domainJoinType":"hybridAzureADJoin"}]})",
          R"({"windowsSetting":{"locale":5}})", R"({"scopeIds":[null]})"}) {
        CAPTURE(wrong);
        CHECK(create(wrong) == "400 BadRequest");
    }
    CHECK(create(R"({"windowsSetting":{"locale":"de-DE"},"userExperienceType":"cloudApp",
                     "domainJoinConfigurations":[{"domainJoinType":"azureADJoin",
                     "regionName":"automatic","regionGroup":"europe"}]})") == "201");
    version = Version::v1_0;
    CHECK(create(R"({"userExperienceType":"cloudApp"})") == "400 BadRequest");
    CHECK(create(R"({"scopeIds":["1"]})") == "400 BadRequest");
    version = Version::beta;

    const auto path = "provisioningPolicies/" + this->create();
    CHECK(changed(path, R"({"provisioningType":"shared"})") == "400 BadRequest");
    CHECK(changed(path, R"({"userExperienceType":"cloudPc"})") == "400 BadRequest");
    CHECK(changed(path, R"({"imageId":null})") == "400 BadRequest");
    CHECK(changed(path, "{}") == "400 BadRequest");
    CHECK(changed(path, "") == "400 BadRequest");
    CHECK(answer(send("PATCH", "provisioningPolicies", "{}")) == "405 Request_BadRequest");
    CHECK(answer(send("DELETE", "provisioningPolicies")) == "405 Request_BadRequest");
    CHECK(tried(path, minimal) == "405 Request_BadRequest");
}

TEST_CASE_FIXTURE(Fixture, "policy writes: autopatch wants a user")
{
    const std::string body =
        R"({"displayName":"a","imageId":"b","imageDisplayName":"c","imageType":"gallery",
            "autopatch":{"autopatchGroupId":"d"}})";
    CHECK(tried("provisioningPolicies", body) == "403 Forbidden");
    be_user();
    CHECK(tried("provisioningPolicies", body) == "201");
}

TEST_CASE_FIXTURE(Fixture,
                  "policy writes: assign replaces the set, and who falls out has seven days")
{
    const auto id = create();
    const auto path = "provisioningPolicies/" + id;
    const auto first = member(0, id, "group-1");
    const auto second = member(1, id, "group-2");
    CHECK(tried(path + "/assign", assigned_to({"group-1", "group-2"})) == "204");
    const auto assignments = read(path + "?$expand=assignments").at("assignments").as_array();
    REQUIRE(assignments.size() == 2);
    CHECK(text(assignments[0].at("id")) == id + "_group-1");
    CHECK(assignments[0].at("target").at("groupId") == "group-1");
    CHECK(deleted(path) == "400 BadRequest");
    CHECK(log().entries().back().cloud_pcs.empty());

    CHECK(tried(path + "/assign", assigned_to({"group-2"})) == "204");
    CHECK(log().entries().back().cloud_pcs == std::vector{first});
    advance(1s);
    CHECK(status(first) == "inGracePeriod");
    CHECK(truth("cloudPCs", first).at("gracePeriodEndDateTime") == "2026-03-08T00:00:00.1000000Z");
    CHECK(status(second) == "provisioned");

    CHECK(tried(path + "/assign", assigned_to({})) == "204");
    advance(1s);
    CHECK(status(second) == "inGracePeriod");
    advance(24h * 6);
    CHECK(status(first) == "inGracePeriod");
    advance(24h + 2h);
    CHECK_FALSE(tenant.object("cloudPCs", first));
    CHECK_FALSE(tenant.object("cloudPCs", second));
    CHECK(deleted(path) == "204");
}

TEST_CASE_FIXTURE(Fixture, "policy writes: the deletion of a policy starts the grace period")
{
    const auto id = create();
    const auto cloud_pc = member(2, id, "group-1");
    CHECK(deleted("provisioningPolicies/" + id) == "204");
    CHECK(log().entries().back().cloud_pcs == std::vector{cloud_pc});
    advance(1s);
    CHECK(status(cloud_pc) == "inGracePeriod");
}

TEST_CASE_FIXTURE(Fixture, "policy writes: assignments that are none")
{
    const auto path = "provisioningPolicies/" + create() + "/assign";
    for (const auto* wrong :
         {"", "{}", R"({"assignments":null})", R"({"assignments":{}})", R"({"assignments":[{}]})",
          R"({"assignments":[{"target":{"groupId":"x"}}]})",
          R"({"assignments":[{"target":
              {"@odata.type":"#microsoft.graph.cloudPcManagementGroupAssignmentTarget"}}]})",
          R"({"assignments":[{"target":{"@odata.type":"#microsoft.graph.user","groupId":"x"}}]})",
          R"({"assignments":[],"and":1})"}) {
        CAPTURE(wrong);
        CHECK(tried(path, wrong) == "400 BadRequest");
    }
    CHECK(tried(path, assigned_to({"g", "g"})) == "400 BadRequest");
    CHECK(tried("provisioningPolicies/none/assign", assigned_to({})) == "404 ResourceNotFound");
    CHECK(log().count("provisioningPolicies/assign") == 0);
    // The documentation spells the type in two ways.
    CHECK(tried(path, R"({"assignments":[{"id":"a_b","target":
        {"@odata.type":"#microsoft.graph.cloudPCManagementGroupAssignmentTarget",
        "groupId":"x"}}]})") == "204");
}

TEST_CASE_FIXTURE(Fixture, "policy writes: reads lag behind when they are told to")
{
    auto options = quick().writes;
    options.consistency_lag = 2s;
    tenant.set_writes(options);
    const auto id = create();
    const auto path = "provisioningPolicies/" + id;
    CHECK(get(path).status == 404);
    advance(2s);
    CHECK(get(path).status == 200);
    CHECK(tried(path + "/assign", assigned_to({"group-1"})) == "204");
    CHECK(read(path + "?$expand=assignments").at("assignments").as_array().empty());
    advance(2s);
    CHECK(read(path + "?$expand=assignments").at("assignments").as_array().size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "policy writes: apply acts on every Cloud PC of the policy")
{
    const auto id = create();
    const auto path = "provisioningPolicies/" + id;
    const auto first = member(3, id, "g");
    const auto second = member(4, id, "g");
    const auto busy = member(5, id, "g");
    tenant.modify("cloudPCs", busy, R"({"status":"resizing"})");
    tenant.set_next_outcome(second, Outcome::failed);
    CHECK(tried(path + "/apply", R"({"policySettings":"region","reservePercentage":"x"})") ==
          "400 BadRequest");
    CHECK(tried(path + "/apply", R"({"policySettings":"region,singleSignOn"})") == "204");
    CHECK(log().entries().back().cloud_pcs.size() == 3);
    CHECK(read(path + "/retrievePolicyApplyActionResult").at("status") == "processing");
    CHECK(tried(path + "/apply") == "409 Conflict");
    advance(1s);
    CHECK(status(first) == "movingRegion");
    advance(1h);
    CHECK(status(first) == "provisioned");
    CHECK(status(second) == "failed");
    CHECK(status(busy) == "resizing");
    const auto result = read(path + "/retrievePolicyApplyActionResult");
    CHECK(result.at("status") == "failed");
    CHECK(result.at("finishDateTime").is_string());
    CHECK(tried(path + "/apply", R"({"policySettings":"singleSignOn"})") == "204");
    advance(1s);
    CHECK(status(first) == "modifyingSingleSignOn");
    CHECK(log().started("moveRegion", first) == 1);
    version = Version::v1_0;
    CHECK(tried(path + "/apply") == "400 BadRequest");
}

TEST_CASE_FIXTURE(Fixture, "policy writes: retry is for shared policies, and for what failed")
{
    const auto dedicated = create();
    CHECK(tried("provisioningPolicies/" + dedicated + "/retry") == "400 BadRequest");
    auto body = json::parse(minimal).as_object();
    body["provisioningType"] = "sharedByEntraGroup";
    const auto shared = create(json::serialize(body));
    const auto failed = member(6, shared, "g");
    const auto fine = member(7, shared, "g");
    tenant.modify("cloudPCs", failed, R"({"status":"failed"})");
    CHECK(tried("provisioningPolicies/" + shared + "/retry") == "204");
    CHECK(log().entries().back().cloud_pcs == std::vector{failed});
    advance(1h);
    CHECK(status(failed) == "provisioned");
    CHECK(log().started("reprovision", failed) == 1);
    CHECK(log().started("reprovision", fine) == 0);
}
