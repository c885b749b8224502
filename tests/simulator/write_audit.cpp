#include "tests/simulator/write_audit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace graphsim {

namespace {

namespace json = boost::json;

constexpr std::pair<std::string_view, std::string_view> nouns[] = {
    {"bulkActions", "BulkAction"},
    {"cloudApps", "CloudApp"},
    {"cloudPCs", "CloudPC"},
    {"deviceImages", "DeviceImage"},
    {"externalPartners", "ExternalPartner"},
    {"onPremisesConnections", "OnPremisesConnection"},
    {"organizationSettings", "OrganizationSettings"},
    {"provisioningPolicies", "ProvisioningPolicy"},
    {"userSettings", "UserSetting"}};

std::string_view noun_of(std::string_view set)
{
    return std::ranges::find(nouns, set, &std::pair<std::string_view, std::string_view>::first)
        ->second;
}

std::string capitalized(std::string text)
{
    text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
    return text;
}

/// "Reprovision CloudPC", "Patch UserSetting", "CloudPcBulkReprovision BulkAction".
std::string activity_type(std::string_view set, std::string_view name)
{
    return fmt::format("{} {}", name == "update" ? "Patch" : capitalized(std::string{name}),
                       noun_of(set));
}

json::object actor_of(const Caller& caller)
{
    json::object actor{{"type", caller.delegated ? "itPro" : "application"},
                       {"applicationId", caller.application_id},
                       {"applicationDisplayName", "graph-sim client"},
                       {"ipAddress", "203.0.113.1"},
                       {"remoteTenantId", nullptr},
                       {"remoteUserId", nullptr},
                       {"servicePrincipalName", nullptr},
                       {"userId", nullptr},
                       {"userPrincipalName", nullptr},
                       {"userPermissions", json::array{"*"}},
                       {"userRoleScopeTags", json::array{json::object{{"displayName", "Default"},
                                                                      {"roleScopeTagId", "0"}}}}};
    if (caller.delegated) {
        actor["userId"] = caller.user_id;
        actor["userPrincipalName"] = caller.user_principal_name;
    } else {
        actor["servicePrincipalName"] = caller.application_id;
    }
    return actor;
}

json::array modified_properties(const std::string& body)
{
    json::array list;
    if (body.empty())
        return list;
    const auto members = json::parse(body);
    for (const auto& member : members.as_object()) {
        const auto* text = member.value().if_string();
        list.push_back(json::object{
            {"displayName", member.key()},
            {"oldValue", nullptr},
            {"newValue", text != nullptr ? *text : json::string{json::serialize(member.value())}}});
    }
    return list;
}

json::array resources_of(WriteContext& context, const Execution& execution, std::string_view set,
                         const std::string& name)
{
    const auto resource = [&](std::string_view id, std::string_view type, std::string_view called) {
        return json::object{{"displayName", called},
                            {"resourceId", id},
                            {"resourceType", type},
                            {"modifiedProperties", modified_properties(execution.body)}};
    };
    json::array list;
    if (!execution.ids.empty())
        list.push_back(resource(execution.ids.front(), set, name));
    if (set != "bulkActions")
        return list;
    for (const auto& id : execution.cloud_pcs) {
        const auto cloud_pc = context.find("cloudPCs", id, execution.time);
        list.push_back(
            resource(id, "cloudPCs", cloud_pc ? text_of(*cloud_pc, "displayName") : std::string{}));
    }
    return list;
}

}  // namespace

void record_audit(WriteContext& context, const Execution& execution, const Caller& caller,
                  const std::string& name)
{
    auto& random = context.random;
    const auto& options = context.options;
    const bool missing = random.chance(options.audit_missing_rate);
    const bool late = random.chance(options.audit_late_rate);
    const auto delay = context.pick(late ? options.audit_late : options.audit_delay);
    const bool correlated =
        random.chance(options.correlation_rate) && !execution.client_request_id.empty();
    const auto id = random.guid();
    const auto other = random.guid();
    if (missing)
        return;
    const auto slash = execution.verb.find('/');
    const auto set = std::string_view{execution.verb}.substr(0, slash);
    const auto change = std::string_view{execution.verb}.substr(slash + 1);
    const auto type = activity_type(set, change);
    const bool creates = change == "create" || set == "bulkActions";
    const json::object event{{"id", id},
                             {"displayName", type},
                             {"componentName", "CloudPC"},
                             {"activity", type},
                             {"activityDateTime", stamp(execution.time)},
                             {"activityType", type},
                             {"activityOperationType", change == "delete" ? "delete"
                                                       : creates          ? "create"
                                                                          : "patch"},
                             {"activityResult", "success"},
                             {"correlationId", correlated ? execution.client_request_id : other},
                             {"category", "cloudPC"},
                             {"actor", actor_of(caller)},
                             {"resources", resources_of(context, execution, set, name)}};
    context.set("auditEvents").add(id, json::serialize(event), execution.time + delay);
}

}  // namespace graphsim
