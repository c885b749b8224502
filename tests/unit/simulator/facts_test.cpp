#include "tests/simulator/facts.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

using namespace graphsim;

TEST_CASE("facts: the embedded description loads")
{
    const auto& facts = Facts::instance();
    const auto* cloud_pcs = facts.set("cloudPCs");
    REQUIRE(cloud_pcs != nullptr);
    CHECK(cloud_pcs->versions.v1_0);
    CHECK(cloud_pcs->versions.beta);
    CHECK_FALSE(facts.set("snapshots")->versions.v1_0);
    CHECK(facts.set("organizationSettings")->singleton);
    CHECK(facts.set("reports") == nullptr);
    CHECK(facts.sets().size() == 22);

    const auto* status = cloud_pcs->type->find("status");
    REQUIRE(status != nullptr);
    CHECK_FALSE(status->versions.v1_0);
    CHECK(status->enumeration != nullptr);
    CHECK(cloud_pcs->type->find("connectivityResult")->returned == Returned::on_select);
    CHECK(facts.set("provisioningPolicies")->type->find("assignments")->returned ==
          Returned::on_expand);
    CHECK(facts.set("onPremisesConnections")->type->find("adDomainPassword")->returned ==
          Returned::never);
}

TEST_CASE("facts: enum members behind the sentinel")
{
    const auto& status = *Facts::instance().enumeration("cloudPcStatus");
    CHECK_FALSE(status.hides("provisioned", Version::beta));
    CHECK(status.hides("preparing", Version::beta));
    CHECK(status.hides("memberOfTomorrow", Version::beta));
    CHECK_FALSE(status.hides("unknownFutureValue", Version::beta));
    const auto& errors = *Facts::instance().enumeration("cloudPcDeviceImageErrorCode");
    CHECK(errors.hides("startMenuAppLimitExceeded", Version::beta));
    CHECK(errors.hides("paidSourceImageNotSupport", Version::v1_0));
}

TEST_CASE("facts: derived types bring their properties to the base")
{
    const auto& facts = Facts::instance();
    const auto* actions = facts.type("cloudPcBulkAction");
    CHECK(actions->derived.size() == 15);
    CHECK(actions->find("targetServicePlanId") != nullptr);
    CHECK(facts.type("cloudPcBulkResize")->find("actionSummary")->complex != nullptr);
    CHECK(facts.set("cloudPcPools")->type->find("scalingPolicy") != nullptr);
}

TEST_CASE("facts: actions, and changes of objects")
{
    const auto& facts = Facts::instance();
    const auto* resize = facts.action("cloudPCs", "resize", true);
    REQUIRE(resize != nullptr);
    CHECK(resize->operation.versions.v1_0);
    CHECK(resize->status == 204);
    CHECK(resize->operation.roles == std::vector<std::string>{"CloudPC.ReadWrite.All"});
    REQUIRE(resize->parameters.size() == 1);
    CHECK(resize->parameters.front().name == "targetServicePlanId");
    CHECK(resize->parameters.front().type == "String");
    const auto* assign = facts.action("userSettings", "assign", true);
    CHECK(assign->parameters.front().collection);
    CHECK(assign->parameters.front().complex == facts.type("cloudPcUserSettingAssignment"));
    CHECK(facts.action("cloudPCs", "resize", false) == nullptr);
    CHECK(facts.action("cloudApps", "publish", false) != nullptr);
    CHECK(facts.action("bulkActions", "retry", true)->status == 202);
    CHECK_FALSE(facts.action("bulkActions", "retry", true)->operation.versions.v1_0);
    CHECK(facts.action("cloudPCs", "retrieveSnapshots", true)->function);
    // Users only.
    CHECK(facts.action("onPremisesConnections", "runHealthChecks", true)->operation.roles.empty());
    CHECK(facts.set("onPremisesConnections")->operations.at("create").roles.empty());
    CHECK_FALSE(facts.set("deviceImages")->operations.contains("update"));
    CHECK(facts.set("organizationSettings")->operations.at("update").roles ==
          std::vector<std::string>{"CloudPC.ReadWrite.All"});
    CHECK_FALSE(facts.set("provisioningPolicies")->type->find("imageId")->nullable);
}
