#include "tests/simulator/audit_generator.hpp"

#include "tests/simulator/json_text.hpp"

#include <fmt/format.h>

#include <array>
#include <iterator>

namespace graphsim {

namespace {

struct Activity {
    std::string_view set, type, name, operation, property;
};

constexpr std::array activities{
    Activity{"cloudPCs", "Reboot CloudPC", "Reboot", "patch", "status"},
    Activity{"cloudPCs", "Reprovision CloudPC", "Reprovision", "patch", "status"},
    Activity{"cloudPCs", "Resize CloudPC", "Resize", "patch", "servicePlanId"},
    Activity{"cloudPCs", "Rename CloudPC", "Rename", "patch", "displayName"},
    Activity{"cloudPCs", "EndGracePeriod CloudPC", "End grace period", "patch", "status"},
    Activity{"provisioningPolicies", "Create ProvisioningPolicy", "Create policy", "create",
             "displayName"},
    Activity{"provisioningPolicies", "Patch ProvisioningPolicy", "Update policy", "patch",
             "imageId"},
    Activity{"provisioningPolicies", "Assign ProvisioningPolicy", "Assign policy", "patch",
             "assignments"},
    Activity{"userSettings", "Patch UserSetting", "Update user setting", "patch",
             "localAdminEnabled"},
    Activity{"deviceImages", "Create DeviceImage", "Create image", "create", "displayName"},
    Activity{"onPremisesConnections", "Patch OnPremisesConnection", "Update connection", "patch",
             "adDomainUsername"},
    Activity{"deviceImages", "Delete DeviceImage", "Delete image", "delete", "displayName"}};

constexpr std::array results{"success", "success", "success",     "success", "success",
                             "success", "success", "clientError", "failure", "timeout"};

std::string time_text(TimePoint time, Random& random, bool odd)
{
    if (odd && random.chance(0.1))
        return rfc3339_with_offset(time, std::chrono::hours{8});
    constexpr std::array digits{0, 3, 6, 7, 7, 7, 7};
    return rfc3339(time, odd ? static_cast<int>(random.below(8)) : random.pick(digits),
                   static_cast<unsigned>(random.below(10'000)));
}

/// Who did it: a person of IT, or an application.
void append_actor(std::string& out, Estate& estate, Random& random)
{
    const auto out_at = std::back_inserter(out);
    const auto number = random.below(20);
    const bool application = number % 7 == 6;
    const auto person = estate.person(number);
    fmt::format_to(out_at,
                   R"("actor":{{"type":"{}","applicationId":"{}","applicationDisplayName":{},)"
                   R"("ipAddress":"203.0.113.{}","remoteTenantId":null,"remoteUserId":null,)",
                   application ? "application" : "itPro", person.id,
                   application ? "\"Contoso automation\"" : "\"Microsoft Intune portal extension\"",
                   number);
    if (application)
        fmt::format_to(out_at,
                       R"("servicePrincipalName":"{}","userId":null,"userPrincipalName":null,)",
                       person.id);
    else
        fmt::format_to(out_at,
                       R"("servicePrincipalName":null,"userId":"{}","userPrincipalName":"{}",)",
                       person.id, person.principal_name);
    fmt::format_to(out_at, R"("userPermissions":["*"],"userRoleScopeTags":[)"
                           R"({{"displayName":"Default","roleScopeTagId":"0"}}]}})");
}

}  // namespace

AuditGenerator::AuditGenerator()
{
    for (const auto& activity : activities)
        x_activity_types.emplace_back(activity.type);
}

Made AuditGenerator::make(Estate& estate, const Store& store, TimePoint time, bool odd)
{
    auto& random = estate.random();
    const auto& activity = random.pick(activities);
    const auto& set = store.find(activity.set)->second;
    std::string resource_id;
    std::string resource_name = "\"\"";
    if (set.size() > 0) {
        const auto& object = set.at(random.below(set.size()));
        resource_id = quote(object.id);
        const auto name = member(*object.text, "displayName");
        if (!name.empty() && name.size() < 300)
            resource_name = name;
    } else {
        resource_id = quote(random.guid());
    }

    Made made{.id = random.guid(), .text = {}};
    made.text.reserve(1100);
    const auto out_at = std::back_inserter(made.text);
    fmt::format_to(out_at,
                   R"({{"id":"{}","displayName":"{}","componentName":"CloudPC","activity":"{}",)"
                   R"("activityDateTime":"{}","activityType":"{}","activityOperationType":"{}",)"
                   R"("activityResult":"{}","correlationId":"{}","category":"cloudPC",)",
                   made.id, activity.type, activity.name, time_text(time, random, odd),
                   activity.type, activity.operation, random.pick(results), random.guid());
    append_actor(made.text, estate, random);
    fmt::format_to(
        out_at,
        R"(,"resources":[{{"displayName":{},"resourceId":{},"resourceType":"{}",)"
        R"("modifiedProperties":[{{"displayName":"{}","oldValue":{},"newValue":"{}"}}]}}]}})",
        resource_name, resource_id, activity.set, activity.property,
        activity.operation == "create" ? "null" : "\"before\"", random.below(1'000'000));
    return made;
}

}  // namespace graphsim
