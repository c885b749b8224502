#include "tests/simulator/machine_actions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

namespace graphsim {

namespace {

namespace json = boost::json;
using std::chrono::minutes;
using std::chrono::seconds;

void copy(Effect& effect, std::string_view parameter, std::string_view property)
{
    const auto* value = effect.parameters.if_contains(parameter);
    if (value != nullptr && !value->is_null())
        effect.changes[property] = *value;
}

void reprovision(Effect& effect)
{
    auto& changes = effect.changes;
    auto& random = effect.context.random;
    changes["managedDeviceId"] = random.guid();
    changes["aadDeviceId"] = random.guid();
    changes["managedDeviceName"] = fmt::format("CPC-{:05}", random.below(100'000));
    changes["provisionedDateTime"] = stamp(effect.now);
    changes["powerState"] = "running";
    copy(effect, "userAccountType", "userAccountType");
    copy(effect, "osVersion", "osVersion");
}

void resize(Effect& effect)
{
    copy(effect, "targetServicePlanId", "servicePlanId");
    copy(effect, "targetServicePlanName", "servicePlanName");
}

void restore(Effect& effect)
{
    effect.context.patch("snapshots", text_of(effect.parameters, "cloudPcSnapshotId"),
                         {{"lastRestoredDateTime", stamp(effect.now)}});
}

void create_snapshot(Effect& effect)
{
    constexpr auto kept = std::chrono::days{28};
    effect.context.add("snapshots",
                       {{"cloudPcId", effect.id},
                        {"status", "ready"},
                        {"snapshotType", "manual"},
                        {"healthCheckStatus", "healthy"},
                        {"createdDateTime", stamp(effect.now)},
                        {"lastRestoredDateTime", nullptr},
                        {"expirationDateTime", stamp(effect.now + kept)}},
                       effect.now);
}

void set_review(Effect& effect)
{
    const auto* status = effect.parameters.if_contains("reviewStatus");
    effect.review = status != nullptr && status->is_object() ? status->as_object() : json::object{};
    effect.review.erase("@odata.type");
    effect.review["reviewStartDateTime"] = stamp(effect.now);
}

void rename(Effect& effect)
{
    copy(effect, "displayName", "displayName");
}

void change_account(Effect& effect)
{
    copy(effect, "userAccountType", "userAccountType");
}

void power_on(Effect& effect)
{
    effect.changes["powerState"] = "running";
}

void power_off(Effect& effect)
{
    effect.changes["powerState"] = "poweredOff";
}

void install_agents(Effect& effect)
{
    const auto* results = effect.cloud_pc.if_contains("partnerAgentInstallResults");
    if (results == nullptr || !results->is_array())
        return;
    auto agents = results->as_array();
    for (auto& agent : agents)
        agent.as_object()["installStatus"] = "installed";
    effect.changes["partnerAgentInstallResults"] = std::move(agents);
}

void encrypt(Effect& effect)
{
    const auto* type = effect.parameters.if_contains("diskEncryptionType");
    if (type != nullptr && *type == "customerManagedKey")
        effect.changes["diskEncryptionState"] = "encryptedUsingCustomerManagedKey";
    else
        effect.changes["diskEncryptionState"] = "encryptedUsingPlatformManagedKey";
}

void sign_on_once(Effect& effect)
{
    effect.changes["connectionSetting"] = json::object{{"enableSingleSignOn", true}};
}

constexpr Span short_time{seconds{30}, minutes{3}};
constexpr Span some_time{minutes{5}, minutes{15}};
constexpr Span long_time{minutes{10}, minutes{30}};

const std::array actions{MachineAction{.name = "reprovision",
                                       .last_name = "Reprovision",
                                       .result_name = "CloudPcReprovision",
                                       .duration = long_time,
                                       .during = "provisioning",
                                       .failed = "failed",
                                       .when_failed = true,
                                       .effect = reprovision},
                         MachineAction{.name = "endGracePeriod",
                                       .last_name = "EndGracePeriod",
                                       .result_name = "CloudPcEndGracePeriod",
                                       .duration = some_time,
                                       .during = "deprovisioning",
                                       .after = "",
                                       .failed = "failed",
                                       .only_grace = true},
                         MachineAction{.name = "resize",
                                       .last_name = "Resize",
                                       .result_name = "CloudPcResize",
                                       .duration = long_time,
                                       .during = "resizing",
                                       .effect = resize},
                         MachineAction{.name = "restore",
                                       .last_name = "Restore",
                                       .result_name = "CloudPcRestore",
                                       .duration = long_time,
                                       .during = "restoring",
                                       .failed = "failed",
                                       .when_failed = true,
                                       .effect = restore},
                         MachineAction{.name = "reboot",
                                       .last_name = "Reboot",
                                       .result_name = "CloudPcRestart",
                                       .duration = short_time,
                                       .when_failed = true},
                         MachineAction{.name = "rename",
                                       .last_name = "Rename",
                                       .result_name = "CloudPcRename",
                                       .duration = short_time,
                                       .when_failed = true,
                                       .effect = rename},
                         MachineAction{.name = "troubleshoot",
                                       .last_name = "Troubleshoot",
                                       .result_name = "CloudPcTroubleshoot",
                                       .duration = short_time,
                                       .when_failed = true},
                         MachineAction{.name = "start",
                                       .last_name = "Start",
                                       .result_name = "CloudPcStart",
                                       .duration = short_time,
                                       .frontline = true,
                                       .effect = power_on},
                         MachineAction{.name = "stop",
                                       .last_name = "Stop",
                                       .result_name = "CloudPcStop",
                                       .duration = short_time,
                                       .frontline = true,
                                       .effect = power_off},
                         MachineAction{.name = "powerOn",
                                       .last_name = "PowerOn",
                                       .result_name = "CloudPcPowerOn",
                                       .duration = short_time,
                                       .frontline = true,
                                       .effect = power_on},
                         MachineAction{.name = "powerOff",
                                       .last_name = "PowerOff",
                                       .result_name = "CloudPcPowerOff",
                                       .duration = short_time,
                                       .frontline = true,
                                       .effect = power_off},
                         MachineAction{.name = "changeUserAccountType",
                                       .last_name = "ChangeUserAccountType",
                                       .result_name = "CloudPcChangeUserAccountType",
                                       .duration = short_time,
                                       .effect = change_account},
                         MachineAction{.name = "createSnapshot",
                                       .last_name = "CreateSnapshot",
                                       .result_name = "CloudPcCreateSnapshot",
                                       .duration = some_time,
                                       .when_failed = true,
                                       .effect = create_snapshot},
                         MachineAction{.name = "setReviewStatus",
                                       .last_name = "PlaceUnderReview",
                                       .result_name = "CloudPcPlaceUnderReview",
                                       .duration = short_time,
                                       .when_failed = true,
                                       .effect = set_review},
                         MachineAction{.name = "retryPartnerAgentInstallation",
                                       .last_name = "RetryPartnerAgentInstallation",
                                       .result_name = "CloudPcRetryPartnerAgentInstallation",
                                       .duration = some_time,
                                       .effect = install_agents},
                         // What only bulk actions and policies do.
                         MachineAction{.name = "moveRegion",
                                       .last_name = "MoveRegion",
                                       .result_name = "CloudPcMoveRegion",
                                       .duration = long_time,
                                       .during = "movingRegion",
                                       .failed = "failed"},
                         MachineAction{.name = "reinstallAgent",
                                       .last_name = "ReinstallAgent",
                                       .result_name = "CloudPcReinstallAgent",
                                       .duration = some_time},
                         MachineAction{.name = "modifyDiskEncryptionType",
                                       .last_name = "ModifyDiskEncryptionType",
                                       .result_name = "CloudPcModifyDiskEncryptionType",
                                       .duration = some_time,
                                       .effect = encrypt},
                         MachineAction{.name = "disasterRecovery",
                                       .last_name = "DisasterRecovery",
                                       .result_name = "CloudPcDisasterRecovery",
                                       .duration = some_time},
                         MachineAction{.name = "disasterRecoveryFailover",
                                       .last_name = "DisasterRecoveryFailover",
                                       .result_name = "CloudPcDisasterRecoveryFailover",
                                       .duration = long_time,
                                       .during = "failoverInProgress"},
                         MachineAction{.name = "disasterRecoveryFailback",
                                       .last_name = "DisasterRecoveryFailback",
                                       .result_name = "CloudPcDisasterRecoveryFailback",
                                       .duration = long_time,
                                       .during = "failbackInProgress"},
                         MachineAction{.name = "modifySingleSignOn",
                                       .last_name = "ModifySingleSignOn",
                                       .result_name = "CloudPcModifySingleSignOn",
                                       .duration = some_time,
                                       .during = "modifyingSingleSignOn",
                                       .effect = sign_on_once}};

}  // namespace

const MachineAction* machine_action(std::string_view name)
{
    const auto found = std::ranges::find(actions, name, &MachineAction::name);
    return found == actions.end() ? nullptr : found;
}

}  // namespace graphsim
