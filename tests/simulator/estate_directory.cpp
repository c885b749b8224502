// The directory and Intune of the made-up company, as far as Cloud PCs refer to them.

#include "tests/simulator/estate.hpp"
#include "tests/simulator/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace graphsim {

namespace {

namespace json = boost::json;

constexpr std::array skus{"CPC_E_2C_8GB_128GB", "CPC_E_4C_16GB_256GB", "SPE_E5", "EMS"};

/// What the Cloud PC of that number says of itself; empty where it says nothing.
std::string of_cloud_pc(const Store& store, std::size_t number, std::string_view property)
{
    const auto& cloud_pcs = store.find("cloudPCs")->second;
    return number < cloud_pcs.size() ? string_of(member(*cloud_pcs.at(number).text, property)) : "";
}

}  // namespace

json::object Estate::user(std::size_t number, TimePoint now)
{
    auto made = base("users", now);
    const auto who = person(number);
    made["id"] = who.id;
    made["displayName"] = who.display_name;
    made["userPrincipalName"] = who.principal_name;
    if (number % 4 == 3)
        made["mail"] = nullptr;
    else
        made["mail"] = who.principal_name;
    made["usageLocation"] = number % 3 == 0 ? "DE" : "US";
    return made;
}

json::object Estate::group(std::size_t number, const Store& store, TimePoint now)
{
    auto made = base("groups", now);
    const auto name =
        number < x_groups.size() ? x_groups[number].name : fmt::format("Project {}", number);
    if (number < x_groups.size())
        made["id"] = x_groups[number].id;
    made["displayName"] = name;
    made["mail"] = nullptr;
    made["securityEnabled"] = true;
    const bool dynamic = number % 5 == 4;
    made["groupTypes"] = dynamic ? json::array{"DynamicMembership"} : json::array{};
    if (dynamic)
        made["membershipRule"] = "(user.department -eq \"Sales\")";
    else
        made.erase("membershipRule");
    // The first one has everybody, every third one a device, some have nobody.
    json::array members;
    const auto& users = store.find("users")->second;
    const auto& devices = store.find("devices")->second;
    for (std::size_t i = 0; i < users.size(); ++i) {
        if (number == 0 || (i + number) % 7 == 1)
            members.push_back(
                json::object{{"@odata.type", "#microsoft.graph.user"}, {"id", users.at(i).id}});
    }
    if (number % 3 == 1 && devices.size() > 0)
        members.push_back(json::object{{"@odata.type", "#microsoft.graph.device"},
                                       {"id", devices.at(x_random.below(devices.size())).id}});
    made["members"] = std::move(members);
    return made;
}

json::object Estate::device(std::size_t number, const Store& store, TimePoint now)
{
    auto made = base("devices", now);
    if (auto id = of_cloud_pc(store, number, "aadDeviceId"); !id.empty())
        made["deviceId"] = id;
    made["displayName"] = fmt::format("CPC-{:05}", number % 100'000);
    made["operatingSystem"] = "Windows";
    made["operatingSystemVersion"] = "10.0.26100.2033";
    made["trustType"] = number % 4 == 0 ? "ServerAd" : "AzureAd";
    return made;
}

json::object Estate::managed_device(std::size_t number, const Store& store, TimePoint now)
{
    auto made = base("managedDevices", now);
    const auto id = of_cloud_pc(store, number, "managedDeviceId");
    const auto& known = store.find("managedDevices")->second;
    if (!id.empty() && known.find(id) == nullptr)
        made["id"] = id;
    if (auto device = of_cloud_pc(store, number, "aadDeviceId"); !device.empty())
        made["azureADDeviceId"] = device;
    const auto who = person(number);
    made["userId"] = who.id;
    made["userPrincipalName"] = who.principal_name;
    made["userDisplayName"] = who.display_name;
    made["emailAddress"] = who.principal_name;
    made["deviceName"] = fmt::format("CPC-{:05}", number % 100'000);
    made["model"] = "Cloud PC Enterprise 2vCPU/8GB/128GB";
    made["manufacturer"] = "Microsoft Corporation";
    made["complianceState"] = number % 5 == 0 ? "noncompliant" : "compliant";
    made["totalStorageSpaceInBytes"] = 137'438'953'472;
    return made;
}

json::object Estate::sku(std::size_t number, TimePoint now)
{
    auto made = base("subscribedSkus", now);
    made["skuPartNumber"] = skus[number % skus.size()];
    made["id"] = fmt::format("{}_{}", x_random.guid(), std::string_view{made["skuId"].as_string()});
    made["appliesTo"] = "User";
    made["capabilityStatus"] = "Enabled";
    return made;
}

}  // namespace graphsim
