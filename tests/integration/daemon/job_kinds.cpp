#include "tests/integration/daemon/job_kinds.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace cloudpcd::test {

namespace {

constexpr std::string_view group = "64ff06de-9c00-4a5a-98b5-7f5abe26ffff";

/// Deals Cloud PCs out, each once.
class Machines {
public:
    explicit Machines(JobsWorld& world) : x_world{&world} {}
    std::string next() { return x_world->cloud_pc(x_next++); }
    /// One with these properties.
    std::string next(std::string_view patch)
    {
        auto id = next();
        x_world->modify("cloudPCs", id, patch);
        return id;
    }

private:
    JobsWorld* x_world;
    std::size_t x_next = 0;
};

std::string object_at(JobsWorld& world, std::string_view set, std::size_t n)
{
    return world.tenant([&](graphsim::Tenant& of) { return of.objects(set).at(n).id; });
}

std::string column(std::string_view table, std::string_view expression, std::string_view id)
{
    return fmt::format("SELECT {} FROM {} WHERE id = '{}'", expression, table, id);
}

/// The last remote action, and how it stands.
std::string last_action(const std::string& id)
{
    return column("cloud_pcs",
                  "last_remote_action_result_action_name || ' ' || "
                  "last_remote_action_result_action_state",
                  id);
}

std::string add_policy(JobsWorld& world, std::string_view name, std::string_view type,
                       std::string_view assigned_group = "")
{
    const auto assignments =
        assigned_group.empty()
            ? std::string{}
            : fmt::format(R"({{"id":"a-{0}","target":{{"@odata.type":"#microsoft.graph.)"
                          R"(cloudPcManagementGroupAssignmentTarget","groupId":"{0}"}}}})",
                          assigned_group);
    return world.add("provisioningPolicies",
                     fmt::format(R"({{"displayName":"{}","provisioningType":"{}",)"
                                 R"("userExperienceType":"cloudPc","imageId":"i",)"
                                 R"("imageDisplayName":"I","imageType":"gallery",)"
                                 R"("managedBy":"windows365","assignments":[{}]}})",
                                 name, type, assignments));
}

std::string of_policy(const std::string& policy)
{
    return fmt::format(R"({{"provisioningPolicyId":"{}"}})", policy);
}

std::string add_connection(JobsWorld& world, std::string_view name)
{
    return world.add("onPremisesConnections",
                     fmt::format(R"({{"displayName":"{}","connectionType":"hybridAzureADJoin",)"
                                 R"("type":"hybridAzureADJoin","inUse":false,)"
                                 R"("inUseByCloudPc":false,"healthCheckStatus":"passed",)"
                                 R"("healthCheckPaused":false,"managedBy":"windows365"}})",
                                 name));
}

}  // namespace

std::vector<KindCase> policy_cases(JobsWorld& world)
{
    Machines machines{world};
    const auto renamed = add_policy(world, "Old name", "dedicated");
    const auto deleted = add_policy(world, "Deleted", "dedicated");
    const auto assigned = add_policy(world, "Assigned", "dedicated");
    const auto taken_away = add_policy(world, "Taken away", "dedicated", group);
    const auto applied = add_policy(world, "Applied", "dedicated", group);
    const auto retried = add_policy(world, "Retried", "shared", group);
    const auto loser = machines.next(of_policy(taken_away));
    machines.next(of_policy(applied));
    machines.next(of_policy(applied));
    const auto failed = machines.next(of_policy(retried));
    world.modify("cloudPCs", failed, R"({"status":"failed","provisioningType":"shared"})");

    const std::string creation =
        R"({"displayName":"By job","imageId":"i","imageDisplayName":"I","imageType":"gallery",)"
        R"("domainJoinConfigurations":[{"domainJoinType":"azureADJoin",)"
        R"("regionName":"westeurope"}],)"
        R"("windowsSetting":{"locale":"en-US"}})";
    const auto assignment = [](std::string_view type) {
        return fmt::format(R"({{"assignments":[{{"target":{{{}"groupId":"{}"}}}}]}})", type, group);
    };
    constexpr auto annotation =
        R"("@odata.type":"microsoft.graph.cloudPcManagementGroupAssignmentTarget",)";
    constexpr auto table = "provisioning_policies";
    return {
        {.kind = "provisioning_policy.create",
         .params = creation,
         .request = "POST /v1.0/VE/provisioningPolicies",
         .body = creation,
         .effect = column(table, "display_name", "{result}"),
         .value = "By job"},
        {.kind = "provisioning_policy.update",
         .target = renamed,
         .params = R"({"displayName":"New name"})",
         .request = "PATCH /v1.0/VE/provisioningPolicies/{id}",
         .body = R"({"displayName":"New name"})",
         .effect = column(table, "display_name", renamed),
         .value = "New name"},
        {.kind = "provisioning_policy.delete",
         .target = deleted,
         .request = "DELETE /v1.0/VE/provisioningPolicies/{id}",
         .effect = column(table, "count(*)", deleted),
         .value = "0"},
        {.kind = "provisioning_policy.assign",
         .target = assigned,
         .params = assignment(""),
         .request = "POST /v1.0/VE/provisioningPolicies/{id}/assign",
         .body = assignment(annotation),
         .effect = fmt::format("SELECT target_group_id FROM provisioning_policy_assignments a "
                               "JOIN {} p ON a._parent = p._key WHERE p.id = '{}'",
                               table, assigned),
         .value = std::string{group}},
        {.kind = "provisioning_policy.assign",
         .target = taken_away,
         .params = R"({"assignments":[]})",
         .request = "POST /v1.0/VE/provisioningPolicies/{id}/assign",
         .body = R"({"assignments":[]})",
         .effect = column("cloud_pcs", "status", loser),
         .value = "inGracePeriod"},
        {.kind = "provisioning_policy.apply",
         .target = applied,
         .params = R"({"policySettings":"singleSignOn"})",
         .request = "POST /beta/VE/provisioningPolicies/{id}/apply",
         .body = R"({"policySettings":"singleSignOn"})",
         .effect = fmt::format("SELECT sum(connection_setting_enable_single_sign_on) "
                               "FROM cloud_pcs WHERE provisioning_policy_id = '{}'",
                               applied),
         .value = "2"},
        {.kind = "provisioning_policy.retry",
         .target = retried,
         .request = "POST /beta/VE/provisioningPolicies/{id}/retry",
         .effect = column("cloud_pcs", "status", failed),
         .value = "provisioned"},
    };
}

std::vector<KindCase> cloud_pc_cases(JobsWorld& world)
{
    Machines machines{world};
    std::vector<KindCase> cases;
    const auto on = [&](std::string kind, std::string_view version, std::string_view action,
                        std::string id) -> KindCase& {
        auto& made = cases.emplace_back();
        made.kind = "cloud_pc." + std::move(kind);
        made.request = fmt::format("POST /{}/VE/cloudPCs/{{id}}/{}", version, action);
        made.target = std::move(id);
        return made;
    };
    const auto shows = [](KindCase& of, std::string_view expression, std::string value) {
        of.effect = column("cloud_pcs", expression, of.target);
        of.value = std::move(value);
    };
    const auto sends = [](KindCase& of, std::string params) -> KindCase& {
        of.params = params;
        of.body = std::move(params);
        return of;
    };
    const auto acts = [](KindCase& of, std::string value) {
        of.effect = last_action(of.target);
        of.value = std::move(value);
    };
    constexpr std::string_view v1 = "v1.0";
    constexpr std::string_view beta = "beta";
    constexpr auto frontline = R"({"provisioningType":"shared","powerState":"unknown"})";

    auto& reprovision = on("reprovision", v1, "reprovision", machines.next());
    sends(reprovision, R"({"osVersion":"windows11","userAccountType":"administrator"})");
    shows(reprovision, "user_account_type", "administrator");
    auto& grace = on("end_grace_period", v1, "endGracePeriod",
                     machines.next(R"({"status":"inGracePeriod"})"));
    grace.effect = column("cloud_pcs", "count(*)", grace.target) + " AND status = 'inGracePeriod'";
    grace.value = "0";
    const auto plan = object_at(world, "servicePlans", 1);
    auto& resize = on("resize", v1, "resize", machines.next());
    sends(resize, fmt::format(R"({{"targetServicePlanId":"{}"}})", plan));
    shows(resize, "service_plan_id", plan);
    auto& restore = on("restore", v1, "restore", machines.next());
    const std::string snapshot = "A00009UV000_93aff428-61f2-467f-a879-1102af6fd4a8";
    world.add("snapshots", fmt::format(R"({{"id":"{}","cloudPcId":"{}","status":"ready"}})",
                                       snapshot, restore.target));
    acts(sends(restore, fmt::format(R"({{"cloudPcSnapshotId":"{}"}})", snapshot)), "Restore done");
    acts(on("reboot", v1, "reboot", machines.next()), "Reboot done");
    auto& rename = on("rename", v1, "rename", machines.next());
    sends(rename, R"({"displayName":"Ada's \"machine\""})");
    shows(rename, "display_name", "Ada's \"machine\"");
    acts(on("troubleshoot", v1, "troubleshoot", machines.next()), "Troubleshoot done");
    shows(on("start", beta, "start", machines.next(frontline)), "power_state", "running");
    shows(on("stop", beta, "stop", machines.next(frontline)), "power_state", "poweredOff");
    shows(on("power_on", beta, "powerOn", machines.next(frontline)), "power_state", "running");
    shows(on("power_off", beta, "powerOff", machines.next(frontline)), "power_state", "poweredOff");
    auto& account = on("change_user_account_type", beta, "changeUserAccountType",
                       machines.next(R"({"userAccountType":"standardUser"})"));
    sends(account, R"({"userAccountType":"administrator"})");
    shows(account, "user_account_type", "administrator");
    auto& point = on("create_snapshot", beta, "createSnapshot", machines.next());
    point.effect = fmt::format(
        "SELECT count(*) FROM snapshots WHERE cloud_pc_id = '{}' AND "
        "snapshot_type = 'manual' AND status = 'ready'",
        point.target);
    point.value = "1";
    point.sync = "snapshots";
    auto& review = on("set_review_status", beta, "setReviewStatus", machines.next());
    sends(review, R"({"reviewStatus":{"inReview":true,"userAccessLevel":"restricted"}})");
    shows(review, "last_remote_action_result_action_name", "PlaceUnderReview");
    auto& agent = on("retry_partner_agent_installation", beta, "retryPartnerAgentInstallation",
                     machines.next(R"({"partnerAgentInstallResults":[{"isThirdPartyPartner":true,)"
                                   R"("partnerAgentName":"citrix","retriable":true,)"
                                   R"("installStatus":"installFailed"}]})"));
    shows(agent, "partner_agent_install_results LIKE '%\"installStatus\":\"installed\"%'", "1");
    return cases;
}

std::vector<KindCase> bulk_cases(JobsWorld& world)
{
    Machines machines{world};
    std::vector<KindCase> cases;
    const auto bulk = [&](std::string_view verb, std::string_view type, std::string_view more = "",
                          std::string_view patch = "{}") {
        const auto first = machines.next(patch);
        const auto second = machines.next(patch);
        const auto members = fmt::format(R"("displayName":"Friday","cloudPcIds":["{}","{}"]{}{}}})",
                                         first, second, more.empty() ? "" : ",", more);
        cases.push_back(
            {.kind = fmt::format("cloud_pc.bulk_{}", verb),
             .params = "{" + members,
             .request = "POST /beta/VE/bulkActions",
             .body = fmt::format(R"({{"@odata.type":"#microsoft.graph.{}",{})", type, members),
             .effect = column("bulk_actions", "status", "{result}"),
             .value = "succeeded"});
    };
    constexpr auto frontline = R"({"provisioningType":"shared"})";
    const auto plan = object_at(world, "servicePlans", 1);
    bulk("reprovision", "cloudPcBulkReprovision");
    bulk("resize", "cloudPcBulkResize", fmt::format(R"("targetServicePlanId":"{}")", plan));
    bulk("restore", "cloudPcBulkRestore",
         R"("restorePointDateTime":"2026-11-20T06:00:00.000Z","timeRange":"before")");
    bulk("restart", "cloudPcBulkRestart");
    bulk("power_on", "cloudPcBulkPowerOn", "", frontline);
    bulk("power_off", "cloudPcBulkPowerOff", "", frontline);
    bulk("create_snapshot", "cloudPcBulkCreateSnapshot");
    bulk("troubleshoot", "cloudPcBulkTroubleshoot");
    bulk("move", "cloudPcBulkMove");
    bulk("reinstall_agent", "cloudPcBulkReinstallAgent");
    bulk("set_review_status", "cloudPcBulkSetReviewStatus", R"("reviewStatus":{"inReview":true})");
    bulk("modify_disk_encryption_type", "cloudPcBulkModifyDiskEncryptionType",
         R"("diskEncryptionType":"customerManagedKey")");
    bulk("disaster_recovery_failover", "cloudPcBulkDisasterRecoveryFailover");
    bulk("disaster_recovery_failback", "cloudPcBulkDisasterRecoveryFailback");

    const auto failed = machines.next();
    const auto old =
        world.add("bulkActions",
                  fmt::format(R"({{"@odata.type":"#microsoft.graph.cloudPcBulkRestart",)"
                              R"("displayName":"Thursday","cloudPcIds":["{}"],"status":"failed",)"
                              R"("scheduledDuringMaintenanceWindow":false,)"
                              R"("createdDateTime":"2026-11-19T06:00:00Z","actionSummary":{{)"
                              R"("failedCount":1,"inProgressCount":0,"notSupportedCount":0,)"
                              R"("pendingCount":0,"successfulCount":0}}}})",
                              failed));
    const auto these = fmt::format(R"({{"cloudPcIds":["{}"]}})", failed);
    cases.push_back({.kind = "bulk_action.retry",
                     .target = old,
                     .params = these,
                     .request = "POST /beta/VE/bulkActions/{id}/retry",
                     .body = these,
                     .effect = column("bulk_actions", "status", old),
                     .value = "succeeded"});
    return cases;
}

std::vector<KindCase> image_cases(JobsWorld& world)
{
    const auto source = object_at(world, "getSourceImages", 0);
    const auto image = [&](std::string_view name, std::string_view status) {
        return world.add("deviceImages",
                         fmt::format(R"({{"displayName":"{}","version":"1","status":"{}",)"
                                     R"("sourceImageResourceId":"{}"}})",
                                     name, status, source));
    };
    const auto deleted = image("Deleted", "ready");
    const auto retried = image("Retried", "failed");
    const auto creation = fmt::format(
        R"({{"displayName":"By job","version":"1.0.0","sourceImageResourceId":"{}"}})", source);
    constexpr auto table = "device_images";
    return {
        {.kind = "device_image.create",
         .params = creation,
         .request = "POST /v1.0/VE/deviceImages",
         .body = creation,
         .effect = column(table, "display_name || ' ' || status", "{result}"),
         .value = "By job ready"},
        {.kind = "device_image.delete",
         .target = deleted,
         .request = "DELETE /v1.0/VE/deviceImages/{id}",
         .effect = column(table, "count(*)", deleted),
         .value = "0"},
        {.kind = "device_image.retry_upload",
         .target = retried,
         .request = "POST /beta/VE/deviceImages/{id}/retryUpload",
         .effect = column(table, "status", retried),
         .value = "ready"},
    };
}

std::vector<KindCase> connection_cases(JobsWorld& world)
{
    const auto renamed = add_connection(world, "Old name");
    const auto deleted = add_connection(world, "Deleted");
    const auto joined = add_connection(world, "Joined");
    const auto checked = add_connection(world, "Checked");
    world.modify("onPremisesConnections", checked, R"({"healthCheckStatus":"failed"})");
    const auto creation = [](std::string_view password) {
        return fmt::format(
            R"({{"displayName":"By job","connectionType":"hybridAzureADJoin",)"
            R"("subscriptionId":"0ac520ee-14c0-480f-b6c9-0a90c585ffff",)"
            R"("resourceGroupId":"/subscriptions/s/resourceGroups/g","virtualNetworkId":"/s/v",)"
            R"("subnetId":"/s/v/n","adDomainName":"corp.example",)"
            R"("adDomainUsername":"join@corp.example","adDomainPassword":{}}})",
            password);
    };
    constexpr auto named = R"({"credential":"ad-join-password"})";
    constexpr auto table = "on_premises_connections";
    return {
        {.kind = "on_premises_connection.create",
         .params = creation(named),
         .request = "POST /v1.0/VE/onPremisesConnections",
         .body = creation("\"(secret)\""),
         .effect = column(table, "display_name", "{result}"),
         .value = "By job"},
        {.kind = "on_premises_connection.update",
         .target = renamed,
         .params = R"({"displayName":"New name"})",
         .request = "PATCH /v1.0/VE/onPremisesConnections/{id}",
         .body = R"({"displayName":"New name"})",
         .effect = column(table, "display_name", renamed),
         .value = "New name"},
        {.kind = "on_premises_connection.delete",
         .target = deleted,
         .request = "DELETE /v1.0/VE/onPremisesConnections/{id}",
         .effect = column(table, "count(*)", deleted),
         .value = "0"},
        {.kind = "on_premises_connection.update_ad_domain_password",
         .target = joined,
         .params = fmt::format(R"({{"adDomainPassword":{}}})", named),
         .request = "POST /v1.0/VE/onPremisesConnections/{id}/updateAdDomainPassword",
         .body = R"-({"adDomainPassword":"(secret)"})-",
         .effect = column(table, "display_name", joined),
         .value = "Joined"},
        {.kind = "on_premises_connection.run_health_checks",
         .target = checked,
         .request = "POST /v1.0/VE/onPremisesConnections/{id}/runHealthChecks",
         .effect = column(table, "health_check_status", checked),
         .value = "passed"},
    };
}

std::vector<KindCase> other_cases(JobsWorld& world)
{
    const auto setting = [&](std::string_view name) {
        return world.add("userSettings",
                         fmt::format(R"({{"displayName":"{}","localAdminEnabled":false,)"
                                     R"("resetEnabled":false,"assignments":[]}})",
                                     name));
    };
    const auto renamed = setting("Old name");
    const auto deleted = setting("Deleted");
    const auto assigned = setting("Assigned");
    const auto app = [&](std::string_view name, std::string_view status) {
        return world.add("cloudApps",
                         fmt::format(R"({{"displayName":"{0}","discoveredAppName":"Found {0}",)"
                                     R"("appStatus":"{1}"}})",
                                     name, status));
    };
    const auto published = app("Published", "ready");
    const auto unpublished = app("Unpublished", "published");
    const auto reset = app("Reset", "published");
    const auto apps = [](std::string_view id) {
        return fmt::format(R"({{"cloudAppIds":["{}"]}})", id);
    };
    const auto partner =
        world.add("externalPartners", R"({"partnerId":"p","enableConnection":true,)"
                                      R"("connectionStatus":"available"})");
    const auto organization = object_at(world, "organizationSettings", 0);
    world.modify("organizationSettings", organization, R"({"userAccountType":"standardUser"})");

    const auto assignment = [](std::string_view type) {
        return fmt::format(R"({{"assignments":[{{"target":{{{}"groupId":"{}"}}}}]}})", type, group);
    };
    const std::string admin = R"({"userAccountType":"administrator"})";
    const std::string connects = R"({"partnerId":"q","enableConnection":true})";
    return {
        {.kind = "user_setting.create",
         .params = R"({"displayName":"By job","localAdminEnabled":true})",
         .request = "POST /v1.0/VE/userSettings",
         .body = R"({"@odata.type":"#microsoft.graph.cloudPcUserSetting","displayName":"By job",)"
                 R"("localAdminEnabled":true})",
         .effect = column("user_settings", "display_name", "{result}"),
         .value = "By job"},
        {.kind = "user_setting.update",
         .target = renamed,
         .params = R"({"displayName":"New name"})",
         .request = "PATCH /v1.0/VE/userSettings/{id}",
         .body = R"({"@odata.type":"#microsoft.graph.cloudPcUserSetting",)"
                 R"("displayName":"New name"})",
         .effect = column("user_settings", "display_name", renamed),
         .value = "New name"},
        {.kind = "user_setting.delete",
         .target = deleted,
         .request = "DELETE /v1.0/VE/userSettings/{id}",
         .effect = column("user_settings", "count(*)", deleted),
         .value = "0"},
        {.kind = "user_setting.assign",
         .target = assigned,
         .params = assignment(""),
         .request = "POST /v1.0/VE/userSettings/{id}/assign",
         .body = assignment(
             R"("@odata.type":"microsoft.graph.cloudPcManagementGroupAssignmentTarget",)"),
         .effect = fmt::format("SELECT target_group_id FROM user_setting_assignments a "
                               "JOIN user_settings s ON a._parent = s._key WHERE s.id = '{}'",
                               assigned),
         .value = std::string{group}},
        {.kind = "organization_settings.update",
         .params = admin,
         .request = "PATCH /beta/VE/organizationSettings",
         .body = admin,
         .effect = "SELECT user_account_type FROM organization_settings",
         .value = "administrator"},
        {.kind = "cloud_app.publish",
         .params = apps(published),
         .request = "POST /beta/VE/cloudApps/publish",
         .body = apps(published),
         .effect = column("cloud_apps", "app_status", published),
         .value = "published"},
        {.kind = "cloud_app.unpublish",
         .params = apps(unpublished),
         .request = "POST /beta/VE/cloudApps/unpublish",
         .body = apps(unpublished),
         .effect = column("cloud_apps", "app_status", unpublished),
         .value = "ready"},
        {.kind = "cloud_app.reset",
         .params = apps(reset),
         .request = "POST /beta/VE/cloudApps/reset",
         .body = apps(reset),
         .effect = column("cloud_apps", "display_name", reset),
         .value = "Found Reset"},
        {.kind = "external_partner.create",
         .params = connects,
         .request = "POST /beta/VE/externalPartners",
         .body = connects,
         .effect = column("external_partners", "partner_id", "{result}"),
         .value = "q"},
        {.kind = "external_partner.update",
         .target = partner,
         .params = R"({"enableConnection":false})",
         .request = "PATCH /beta/VE/externalPartners/{id}",
         .body = R"({"enableConnection":false})",
         .effect = column("external_partners", "enable_connection", partner),
         .value = "0"},
    };
}

}  // namespace cloudpcd::test
