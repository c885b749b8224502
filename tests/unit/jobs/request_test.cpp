// The right single request for every kind: method, path, version, body.

#include "sync/jobs/request.hpp"

#include "tests/unit/jobs/kinds.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

using namespace cloudpcd;
using namespace cloudpcd::jobs;

namespace {

std::optional<std::string_view> target_of(const schema::Action& action)
{
    return action.target.empty() ? std::nullopt : std::optional{some_id};
}

Request build(std::string_view name, std::string_view params = "")
{
    const auto& action = kind(name);
    const auto request =
        build_request(action, target_of(action), read(name, params), "cloudpcd job 17");
    REQUIRE_MESSAGE(request.has_value(), name);
    return *request;
}

/// "METHOD path body", with VE and ID short.
std::string line(std::string_view name, std::string_view params = "")
{
    const auto request = build(name, params);
    auto text = fmt::format("{} {}{}{}", to_string(request.method), request.path,
                            request.body ? " " : "", request.shown_body());
    const auto shorten = [&](std::string_view from, std::string_view to) {
        for (auto at = text.find(from); at != std::string::npos;
             at = text.find(from, at + to.size()))
            text.replace(at, from.size(), to);
    };
    shorten("/deviceManagement/virtualEndpoint", "/VE");
    shorten(some_id, "ID");
    shorten(other_id, "OTHER");
    return text;
}

constexpr std::string_view group = R"({"assignments":[{"target":{"groupId":")"
                                   R"(7c82a3e3-9459-44e4-94d9-b92f93bf78dd"}}]})";
constexpr std::string_view ids = R"({"cloudPcIds":["7c82a3e3-9459-44e4-94d9-b92f93bf78dd"]})";

}  // namespace

TEST_CASE("request: provisioning policies")
{
    CHECK(line("provisioning_policy.create",
               R"({"imageType":"gallery","imageId":"i","imageDisplayName":"I","displayName":"P",)"
               R"("domainJoinConfigurations":[{"regionName":"r","domainJoinType":"azureADJoin"}],)"
               R"("windowsSetting":{"locale":"en-US"}})") ==
          R"(POST /v1.0/VE/provisioningPolicies {"displayName":"P","imageId":"i",)"
          R"("imageDisplayName":"I","imageType":"gallery","domainJoinConfigurations":)"
          R"([{"domainJoinType":"azureADJoin","regionName":"r"}],)"
          R"("windowsSetting":{"locale":"en-US"}})");
    CHECK(line("provisioning_policy.update", R"({"displayName":"Q"})") ==
          R"(PATCH /v1.0/VE/provisioningPolicies/ID {"displayName":"Q"})");
    CHECK(line("provisioning_policy.delete") == "DELETE /v1.0/VE/provisioningPolicies/ID");
    CHECK(line("provisioning_policy.assign", group) ==
          R"(POST /v1.0/VE/provisioningPolicies/ID/assign {"assignments":[{"target":)"
          R"({"@odata.type":"microsoft.graph.cloudPcManagementGroupAssignmentTarget",)"
          R"("groupId":"OTHER"}}]})");
    CHECK(line("provisioning_policy.assign", R"({"assignments":[]})") ==
          R"(POST /v1.0/VE/provisioningPolicies/ID/assign {"assignments":[]})");
    CHECK(line("provisioning_policy.apply", R"({"policySettings":"region"})") ==
          R"(POST /beta/VE/provisioningPolicies/ID/apply {"policySettings":"region"})");
    CHECK(line("provisioning_policy.retry") == "POST /beta/VE/provisioningPolicies/ID/retry");
}

TEST_CASE("request: one Cloud PC")
{
    CHECK(line("cloud_pc.reprovision", R"({"osVersion":"windows11"})") ==
          R"(POST /v1.0/VE/cloudPCs/ID/reprovision {"osVersion":"windows11"})");
    CHECK(line("cloud_pc.reprovision") == "POST /v1.0/VE/cloudPCs/ID/reprovision {}");
    CHECK(line("cloud_pc.end_grace_period") == "POST /v1.0/VE/cloudPCs/ID/endGracePeriod");
    CHECK(line("cloud_pc.resize", fmt::format(R"({{"targetServicePlanId":"{}"}})", other_id)) ==
          R"(POST /v1.0/VE/cloudPCs/ID/resize {"targetServicePlanId":"OTHER"})");
    CHECK(line("cloud_pc.restore", R"({"cloudPcSnapshotId":"A0_1"})") ==
          R"(POST /v1.0/VE/cloudPCs/ID/restore {"cloudPcSnapshotId":"A0_1"})");
    CHECK(line("cloud_pc.reboot") == "POST /v1.0/VE/cloudPCs/ID/reboot");
    CHECK(line("cloud_pc.rename", R"({"displayName":"A \"B\""})") ==
          R"(POST /v1.0/VE/cloudPCs/ID/rename {"displayName":"A \"B\""})");
    CHECK(line("cloud_pc.troubleshoot") == "POST /v1.0/VE/cloudPCs/ID/troubleshoot");
    CHECK(line("cloud_pc.start") == "POST /beta/VE/cloudPCs/ID/start");
    CHECK(line("cloud_pc.stop") == "POST /beta/VE/cloudPCs/ID/stop");
    CHECK(line("cloud_pc.power_on") == "POST /beta/VE/cloudPCs/ID/powerOn");
    CHECK(line("cloud_pc.power_off") == "POST /beta/VE/cloudPCs/ID/powerOff");
    CHECK(line("cloud_pc.change_user_account_type", R"({"userAccountType":"administrator"})") ==
          R"(POST /beta/VE/cloudPCs/ID/changeUserAccountType {"userAccountType":"administrator"})");
    CHECK(line("cloud_pc.create_snapshot") == "POST /beta/VE/cloudPCs/ID/createSnapshot {}");
    CHECK(line("cloud_pc.set_review_status", R"({"reviewStatus":{"inReview":false}})") ==
          R"(POST /beta/VE/cloudPCs/ID/setReviewStatus {"reviewStatus":{"inReview":false}})");
    CHECK(line("cloud_pc.retry_partner_agent_installation") ==
          "POST /beta/VE/cloudPCs/ID/retryPartnerAgentInstallation");
}

TEST_CASE("request: many Cloud PCs are one bulk action, named after the job")
{
    CHECK(line("cloud_pc.bulk_reprovision", ids) ==
          R"(POST /beta/VE/bulkActions {"@odata.type":"#microsoft.graph.cloudPcBulkReprovision",)"
          R"-("displayName":"Reprovision (cloudpcd job 17)","cloudPcIds":["OTHER"]})-");
    CHECK(
        line("cloud_pc.bulk_restart", fmt::format(R"({{"displayName":"Friday","cloudPcIds":["{}"],)"
                                                  R"("scheduledDuringMaintenanceWindow":true}})",
                                                  other_id)) ==
        R"(POST /beta/VE/bulkActions {"@odata.type":"#microsoft.graph.cloudPcBulkRestart",)"
        R"("displayName":"Friday","cloudPcIds":["OTHER"],)"
        R"("scheduledDuringMaintenanceWindow":true})");
    CHECK(line("cloud_pc.bulk_restore",
               fmt::format(R"({{"cloudPcIds":["{}"],"timeRange":"before",)"
                           R"("restorePointDateTime":"2026-11-20 06:00:00"}})",
                           other_id)) ==
          R"(POST /beta/VE/bulkActions {"@odata.type":"#microsoft.graph.cloudPcBulkRestore",)"
          R"-("displayName":"Restore (cloudpcd job 17)","cloudPcIds":["OTHER"],)-"
          R"("restorePointDateTime":"2026-11-20T06:00:00.000Z","timeRange":"before"})");
    CHECK(line("bulk_action.retry", ids) ==
          R"(POST /beta/VE/bulkActions/ID/retry {"cloudPcIds":["OTHER"]})");
    CHECK(line("bulk_action.retry") == "POST /beta/VE/bulkActions/ID/retry {}");
}

TEST_CASE("request: every bulk kind sends its own type")
{
    for (const auto& action : schema::actions()) {
        if (!action.kind.starts_with("cloud_pc.bulk_"))
            continue;
        CAPTURE(action.kind);
        const auto request = build(action.kind, action.example);
        CHECK(request.path == "/beta/deviceManagement/virtualEndpoint/bulkActions");
        REQUIRE(request.body);
        CHECK(request.body->at("@odata.type").as_string() == action.annotation);
        CHECK(request.body->at("displayName").as_string() ==
              fmt::format("{} (cloudpcd job 17)", action.title));
    }
}

TEST_CASE("request: images, connections, settings, apps, partners")
{
    CHECK(line("device_image.create",
               R"({"sourceImageResourceId":"/s","version":"1","displayName":"I"})") ==
          R"(POST /v1.0/VE/deviceImages {"displayName":"I","version":"1",)"
          R"("sourceImageResourceId":"/s"})");
    CHECK(line("device_image.delete") == "DELETE /v1.0/VE/deviceImages/ID");
    CHECK(line("device_image.reupload") == "POST /beta/VE/deviceImages/ID/retryUpload");
    CHECK(line("on_premises_connection.update", R"({"displayName":"N"})") ==
          R"(PATCH /v1.0/VE/onPremisesConnections/ID {"displayName":"N"})");
    CHECK(line("on_premises_connection.delete") == "DELETE /v1.0/VE/onPremisesConnections/ID");
    CHECK(line("on_premises_connection.update_ad_domain_password",
               R"({"adDomainPassword":{"credential":"a"}})") ==
          R"(POST /v1.0/VE/onPremisesConnections/ID/updateAdDomainPassword )"
          R"({"adDomainPassword":{"credential":"a"}})");
    CHECK(line("on_premises_connection.run_health_checks") ==
          "POST /v1.0/VE/onPremisesConnections/ID/runHealthChecks");
    CHECK(line("user_setting.create", R"({"displayName":"S","localAdminEnabled":true})") ==
          R"(POST /v1.0/VE/userSettings {"@odata.type":"#microsoft.graph.cloudPcUserSetting",)"
          R"("displayName":"S","localAdminEnabled":true})");
    CHECK(line("user_setting.delete") == "DELETE /v1.0/VE/userSettings/ID");
    CHECK(line("user_setting.assign", group) ==
          R"(POST /v1.0/VE/userSettings/ID/assign {"assignments":[{"target":)"
          R"({"@odata.type":"microsoft.graph.cloudPcManagementGroupAssignmentTarget",)"
          R"("groupId":"OTHER"}}]})");
    CHECK(line("organization_settings.update", R"({"windowsSettings":{"language":"de-DE"}})") ==
          R"(PATCH /beta/VE/organizationSettings {"windowsSettings":{"language":"de-DE"}})");
    CHECK(line("cloud_app.publish", fmt::format(R"({{"cloudAppIds":["{}"]}})", other_id)) ==
          R"(POST /beta/VE/cloudApps/publish {"cloudAppIds":["OTHER"]})");
    CHECK(line("external_partner.create", R"({"enableConnection":true,"partnerId":"p"})") ==
          R"(POST /beta/VE/externalPartners {"partnerId":"p","enableConnection":true})");
    CHECK(line("external_partner.update", R"({"enableConnection":false})") ==
          R"(PATCH /beta/VE/externalPartners/ID {"enableConnection":false})");
}

TEST_CASE("request: what only beta knows goes to beta, and nothing else does")
{
    const auto version = [](std::string_view name, std::string_view params) {
        return build(name, params).path.substr(0, 6);
    };
    CHECK(version("provisioning_policy.update", R"({"displayName":"x"})") == "/v1.0/");
    CHECK(version("provisioning_policy.update", R"({"scopeIds":["0"]})") == "/beta/");
    CHECK(version("provisioning_policy.update", R"({"userSettingsPersistenceConfiguration":{}})") ==
          "/beta/");
    CHECK(version("provisioning_policy.update",
                  R"({"domainJoinConfigurations":[{"domainJoinType":"azureADJoin"},)"
                  R"({"domainJoinType":"azureADJoin","regionGroup":"norway"}]})") == "/v1.0/");
    CHECK(version("provisioning_policy.update",
                  R"({"domainJoinConfigurations":[{"domainJoinType":"azureADJoin"},)"
                  R"({"domainJoinType":"azureADJoin","regionGroup":"europe"}]})") == "/beta/");
    CHECK(version("user_setting.update", R"({"provisioningSourceType":"image"})") == "/beta/");
    CHECK(version("provisioning_policy.assign",
                  fmt::format(R"({{"assignments":[{{"target":{{"groupId":"{}",)"
                              R"("allotmentDisplayName":"a"}}}}]}})",
                              some_id)) == "/beta/");
    auto shared = boost::json::parse(kind("provisioning_policy.create").example).as_object();
    shared["provisioningType"] = "shared";
    CHECK(version("provisioning_policy.create", boost::json::serialize(shared)) == "/v1.0/");
    shared["provisioningType"] = "sharedByUser";
    CHECK(version("provisioning_policy.create", boost::json::serialize(shared)) == "/beta/");
}

TEST_CASE("request: who has to ask")
{
    using enum schema::Identity;
    CHECK(build("on_premises_connection.delete").identity == delegated);
    CHECK(build("on_premises_connection.run_health_checks").identity == delegated);
    CHECK(build("cloud_pc.reboot").identity == application);
    CHECK(build("provisioning_policy.update", R"({"displayName":"x"})").identity == application);
    // Windows Autopatch is an Intune administrator's business.
    CHECK(
        build("provisioning_policy.update", R"({"autopatch":{"autopatchGroupId":"g"}})").identity ==
        delegated);
}

TEST_CASE("request: the example of every kind builds a request that is all ASCII in its path")
{
    for (const auto& action : schema::actions()) {
        CAPTURE(action.kind);
        const auto request = build(action.kind, action.example);
        CHECK(request.path.find('{') == std::string::npos);
        CHECK(request.path.find('?') == std::string::npos);
        CHECK(request.path.find("..") == std::string::npos);
        CHECK(std::ranges::all_of(request.path, [](char c) { return c > ' ' && c <= '~'; }));
        CHECK((request.method == schema::Method::remove) <= !request.body);
    }
}

TEST_CASE("request: no hostile id ever becomes a path")
{
    const std::string with_nul = std::string{some_id} + std::string(1, '\0');
    const std::string long_id(5000, 'a');
    const std::vector<std::string_view> hostile{"",
                                                "..",
                                                "../../users/x",
                                                "a/b?$select=",
                                                "x#y",
                                                "%2e%2e",
                                                "a\r\nHost: b",
                                                long_id,
                                                with_nul,
                                                "ü",
                                                "{id}",
                                                "a b",
                                                ".",
                                                "//evil.example/x",
                                                "{662009bc-7732-4f6f-8726-25883518b33e}"};
    for (const auto& action : schema::actions()) {
        if (action.target.empty())
            continue;
        const auto params = read_parameters(action, action.example).values;
        for (const auto id : hostile) {
            const auto request = build_request(action, id, params, "job");
            CHECK_MESSAGE(request.has_error(), action.kind);
            if (!request)
                CHECK(request.error().code == Errc::rejected);
        }
        CHECK(build_request(action, std::nullopt, params, "job").has_error());
    }
    const auto& restart = kind("cloud_pc.bulk_restart");
    CHECK(build_request(restart, some_id, read(restart.kind, ids), "job").has_error());
}
