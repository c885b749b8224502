// --set NAME=VALUE becomes JSON of the type that the action asks for.

#include "sync/jobs/setting.hpp"

#include "tests/unit/jobs/kinds.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <initializer_list>
#include <optional>
#include <string>

using namespace cloudpcd;
using namespace cloudpcd::jobs;

namespace {

std::string set(std::string_view name, std::initializer_list<std::string_view> settings)
{
    boost::json::object params;
    for (const auto setting : settings) {
        const auto problem = apply_setting(kind(name), setting, params);
        CHECK_MESSAGE(!problem, setting);
    }
    return boost::json::serialize(params);
}

/// What is wrong with the last one.
std::string refused(std::string_view name, std::initializer_list<std::string_view> settings)
{
    boost::json::object params;
    std::optional<Problem> problem;
    for (const auto setting : settings)
        problem = apply_setting(kind(name), setting, params);
    REQUIRE(problem);
    return problem->describe();
}

}  // namespace

TEST_CASE("setting: values are typed by the action")
{
    CHECK(set("cloud_pc.rename", {"displayName=5"}) == R"({"displayName":"5"})");
    CHECK(set("cloud_pc.rename", {"displayName=a=b"}) == R"({"displayName":"a=b"})");
    CHECK(set("provisioning_policy.apply",
              {"policySettings=region,singleSignOn", "reservePercentage=20",
               "isForceUserLogoffEnabled=true"}) ==
          R"({"policySettings":"region,singleSignOn","reservePercentage":20,)"
          R"("isForceUserLogoffEnabled":true})");
    CHECK(contains(refused("provisioning_policy.apply", {"reservePercentage=a lot"}),
                   "is no whole number"));
    CHECK(contains(refused("provisioning_policy.apply", {"isForceUserLogoffEnabled=yes"}),
                   "accepted: true or false"));
}

TEST_CASE("setting: members of members")
{
    CHECK(set("cloud_pc.set_review_status",
              {"reviewStatus.inReview=true", "reviewStatus.userAccessLevel=restricted"}) ==
          R"({"reviewStatus":{"inReview":true,"userAccessLevel":"restricted"}})");
    CHECK(
        set("user_setting.update",
            {"crossRegionDisasterRecoverySetting.disasterRecoveryNetworkSetting.@odata.type=x"}) ==
        R"({"crossRegionDisasterRecoverySetting":{"disasterRecoveryNetworkSetting":)"
        R"({"@odata.type":"x"}}})");
    CHECK(set("user_setting.update", {R"(restorePointSetting={"userRestoreEnabled":true})"}) ==
          R"({"restorePointSetting":{"userRestoreEnabled":true}})");
    CHECK(contains(refused("user_setting.update", {"restorePointSetting.x=1"}),
                   "params.restorePointSetting.x is not known here; accepted: frequencyType"));
    CHECK(contains(refused("cloud_pc.rename", {"displayName.x=1"}), "has no members"));
}

TEST_CASE("setting: lists by comma, by repetition, by index and as JSON")
{
    CHECK(set("cloud_pc.bulk_restart", {"cloudPcIds=a,b", "cloudPcIds=c"}) ==
          R"({"cloudPcIds":["a","b","c"]})");
    CHECK(set("cloud_pc.bulk_restart", {R"(cloudPcIds=["a"])"}) == R"({"cloudPcIds":["a"]})");
    CHECK(set("provisioning_policy.assign", {"assignments=[]"}) == R"({"assignments":[]})");
    CHECK(set("provisioning_policy.assign",
              {"assignments[0].target.groupId=g", "assignments[1].target.groupId=h",
               "assignments[0].target.servicePlanId=s"}) ==
          R"({"assignments":[{"target":{"groupId":"g","servicePlanId":"s"}},)"
          R"({"target":{"groupId":"h"}}]})");
    for (const std::string_view bad :
         {"assignments[1].target.groupId=g", "assignments[-1].target.groupId=g",
          "assignments[x].target.groupId=g", "assignments[0.target.groupId=g",
          "assignments[99999999999999999999].target.groupId=g", "assignments.target.groupId=g"})
        CHECK_MESSAGE(contains(refused("provisioning_policy.assign", {bad}), "no such element"),
                      bad);
}

TEST_CASE("setting: what the action does not have is named, with what it has")
{
    CHECK(refused("cloud_pc.rename", {"displayname=a"}) ==
          "params.displayname is not known here; accepted: displayName");
    CHECK(contains(refused("cloud_pc.reboot", {"force=1"}), "accepted: none"));
    CHECK(contains(refused("cloud_pc.rename", {"displayName"}), "are set by NAME=VALUE"));
    CHECK(contains(refused("cloud_pc.rename", {"=x"}), "are set by NAME=VALUE"));
    CHECK(contains(refused("cloud_pc.rename", {"displayName=a", "displayName=b"}), "is set twice"));
    CHECK(contains(refused("cloud_pc.set_review_status",
                           {R"(reviewStatus={"inReview":true})", "reviewStatus=1"}),
                   "is set twice"));
}

TEST_CASE("setting: a secret is named, and a literal one is not repeated")
{
    CHECK(set("on_premises_connection.update", {"adDomainPassword.credential=ad-join"}) ==
          R"({"adDomainPassword":{"credential":"ad-join"}})");
    for (const std::string_view bad : {"adDomainPassword=hunter2", "adDomainPassword.x=hunter2"}) {
        const auto text = refused("on_premises_connection.update", {bad});
        CHECK_FALSE(contains(text, "hunter2"));
        CHECK(contains(text, "adDomainPassword.credential=NAME"));
    }
}

TEST_CASE("setting: what is set is what params are")
{
    boost::json::object params;
    for (const std::string_view setting :
         {"displayName=Sales", "imageId=i", "imageDisplayName=I", "imageType=gallery",
          "domainJoinConfigurations[0].domainJoinType=azureADJoin",
          "domainJoinConfigurations[0].regionName=westeurope", "enableSingleSignOn=false"})
        CHECK_FALSE(apply_setting(kind("provisioning_policy.create"), setting, params));
    CHECK(read_parameters(kind("provisioning_policy.create"), boost::json::serialize(params))
              .valid());
}
