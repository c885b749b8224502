#include "write_client.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace graphsim;
using namespace graphsim::test;

namespace {

struct Fixture : WriteClient {
    static std::string body(std::string_view type, const std::vector<std::string>& ids,
                            const json::object& more = {})
    {
        json::object made{{"@odata.type", fmt::format("#microsoft.graph.{}", type)},
                          {"displayName", "a bulk action"},
                          {"cloudPcIds", json::value_from(ids)}};
        for (const auto& member : more)
            made[member.key()] = member.value();
        return json::serialize(made);
    }
    json::object create(std::string_view type, const std::vector<std::string>& ids,
                        const json::object& more = {})
    {
        const auto response = post("bulkActions", body(type, ids, more));
        REQUIRE_MESSAGE(response.status == 201, response.body);
        return json::parse(response.body).as_object();
    }
    /// pending, in progress, successful, failed, not supported
    std::string summary(const std::string& id)
    {
        const auto of = read("bulkActions/" + id).at("actionSummary").as_object();
        return fmt::format("{} {} {} {} {}", of.at("pendingCount").as_int64(),
                           of.at("inProgressCount").as_int64(), of.at("successfulCount").as_int64(),
                           of.at("failedCount").as_int64(), of.at("notSupportedCount").as_int64());
    }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "bulk actions: a summary that fills up")
{
    const auto fine = cloud_pc(0);
    const auto fails = cloud_pc(1);
    const auto busy = cloud_pc(2, "provisioning");
    const std::string missing = "11111111-0000-0000-0000-000000000000";
    tenant.set_next_outcome(fails, Outcome::failed);
    const auto shown = create("cloudPcBulkReprovision", {fine, fails, busy, missing});
    const auto id = text(shown.at("id"));
    CHECK(shown.at("@odata.type") == "#microsoft.graph.cloudPcBulkReprovision");
    CHECK(shown.at("status") == "pending");
    CHECK(shown.at("createdDateTime") == "2026-03-01T00:00:00.0000000Z");
    CHECK(summary(id) == "4 0 0 0 0");
    advance(150ms);
    CHECK(summary(id) == "0 2 0 1 1");
    CHECK(status(fine) == "provisioned");
    advance(1s);
    CHECK(status(fine) == "provisioning");
    CHECK(read("bulkActions/" + id).at("status") == "pending");
    advance(1h);
    CHECK(summary(id) == "0 0 1 2 1");
    CHECK(read("bulkActions/" + id).at("status") == "failed");
    CHECK(results(fine).at(0).at("actionName") == "CloudPcReprovision");
    CHECK(results(fails).at(0).at("actionState") == "failed");

    CHECK(log().count("bulkActions/cloudPcBulkReprovision", id) == 1);
    CHECK(log().count("bulkActions/cloudPcBulkReprovision", fine) == 1);
    CHECK(log().started("reprovision", fine) == 1);
    CHECK(log().started("reprovision", busy) == 0);

    // The one that failed, again.
    CHECK(tried("bulkActions/" + id + "/retry", R"({"cloudPcIds":[")" + fine + R"("]})") ==
          "400 BadRequest");
    CHECK(tried("bulkActions/" + id + "/retry", R"({"cloudPcIds":[")" + fails + R"("]})") == "202");
    CHECK(tried("bulkActions/" + id + "/retry") == "409 Conflict");
    advance(1h);
    CHECK(summary(id) == "0 0 2 1 1");
    CHECK(log().started("reprovision", fails) == 2);
    CHECK(tried("bulkActions/" + id + "/retry") == "202");
    CHECK(log().entries().back().cloud_pcs == std::vector{missing});
    CHECK(tried("bulkActions/none/retry") == "404 ResourceNotFound");
}

TEST_CASE_FIXTURE(Fixture, "bulk actions: every type does its action")
{
    struct Kind {
        std::string type, action;
        json::object more{};
    };
    const auto plan = tenant.objects("servicePlans").front().id;
    const std::vector<Kind> kinds{
        {"cloudPcBulkCreateSnapshot", "createSnapshot", {{"accessTier", "hot"}}},
        {"cloudPcBulkDisasterRecovery",
         "disasterRecovery",
         {{"capabilityType", "failover"}, {"licenseType", "standard"}}},
        {"cloudPcBulkDisasterRecoveryFailback", "disasterRecoveryFailback"},
        {"cloudPcBulkDisasterRecoveryFailover", "disasterRecoveryFailover"},
        {"cloudPcBulkModifyDiskEncryptionType",
         "modifyDiskEncryptionType",
         {{"diskEncryptionType", "customerManagedKey"}}},
        {"cloudPcBulkMove", "moveRegion"},
        {"cloudPcBulkPowerOff", "powerOff"},
        {"cloudPcBulkPowerOn", "powerOn"},
        {"cloudPcBulkReinstallAgent", "reinstallAgent"},
        {"cloudPcBulkReprovision", "reprovision"},
        {"cloudPcBulkResize", "resize", {{"targetServicePlanId", plan}}},
        {"cloudPcBulkRestart", "reboot"},
        {"cloudPcBulkRestore",
         "restore",
         {{"restorePointDateTime", "2026-02-01T00:00:00Z"},
          {"timeRange", "before"},
          {"ignoreUnhealthySnapshots", true}}},
        {"cloudPcBulkSetReviewStatus",
         "setReviewStatus",
         {{"reviewStatus", json::object{{"inReview", true}}}}},
        {"cloudPcBulkTroubleshoot", "troubleshoot"}};
    const auto id = cloud_pc(3, "provisioned", "sharedByUser");
    for (const auto& kind : kinds) {
        CAPTURE(kind.type);
        const auto bulk = text(create(kind.type, {id}, kind.more).at("id"));
        advance(2h);
        CHECK(read("bulkActions/" + bulk).at("status") == "succeeded");
        CHECK(log().started(kind.action, id) == 1);
        CHECK(log().count("bulkActions/" + kind.type, id) == 1);
        for (const auto& member : kind.more) {
            CAPTURE(std::string{std::string_view{member.key()}});
            CHECK(read("bulkActions/" + bulk).at(member.key()) == member.value());
        }
    }
    CHECK(text(truth("cloudPCs", id).at("servicePlanId")) == plan);
    CHECK(truth("cloudPCs", id).at("diskEncryptionState") == "encryptedUsingCustomerManagedKey");
}

TEST_CASE_FIXTURE(Fixture, "bulk actions: bodies that the service does not take")
{
    const auto id = cloud_pc(4);
    const auto refused = [&](const std::string& text) { return tried("bulkActions", text); };
    CHECK(refused(body("cloudPcBulkReprovision", {})) == "400 BadRequest");
    CHECK(refused(body("cloudPcBulkReprovision", {id, id})) == "400 BadRequest");
    CHECK(refused(body("cloudPcBulkAction", {id})) == "400 BadRequest");
    CHECK(refused(body("cloudPcBulkFormat", {id})) == "400 BadRequest");
    CHECK(refused(R"({"cloudPcIds":["x"]})") == "400 BadRequest");
    CHECK(refused(R"({"@odata.type":"#microsoft.graph.cloudPcBulkRestart"})") == "400 BadRequest");
    CHECK(refused(body("cloudPcBulkResize", {id})) == "400 BadRequest");
    CHECK(refused(body("cloudPcBulkResize", {id}, {{"targetServicePlanId", "none"}})) ==
          "400 BadRequest");
    CHECK(refused(body("cloudPcBulkRestart", {id}, {{"targetServicePlanId", "x"}})) ==
          "400 BadRequest");
    CHECK(refused(body("cloudPcBulkRestart", {id}, {{"status", "failed"}})) == "400 BadRequest");
    CHECK(refused(body("cloudPcBulkRestart", {id}, {{"id", "x"}})) == "400 BadRequest");
    version = Version::v1_0;
    CHECK(refused(body("cloudPcBulkRestart", {id})) == "400 BadRequest");
    version = Version::beta;
    CHECK(deleted("bulkActions/" + tenant.objects("bulkActions").front().id) ==
          "405 Request_BadRequest");
    CHECK(log().total() == 0);
}

TEST_CASE_FIXTURE(Fixture, "bulk actions: who began it, and when")
{
    const auto id = cloud_pc(5);
    CHECK(create("cloudPcBulkRestart", {id}).at("initiatedByUserPrincipalName").is_null());
    be_user();
    const auto bulk =
        create("cloudPcBulkTroubleshoot", {id}, {{"scheduledDuringMaintenanceWindow", true}});
    CHECK(text(bulk.at("initiatedByUserPrincipalName")) == user_name);
    advance(5h);
    CHECK(log().started("troubleshoot", id) == 0);
    advance(2h);
    CHECK(log().started("troubleshoot", id) == 1);
}
