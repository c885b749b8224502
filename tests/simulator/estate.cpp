#include "tests/simulator/estate.hpp"

#include "tests/simulator/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace graphsim {

namespace {

namespace json = boost::json;

constexpr std::array first_names{"Adele",     "Alex",  "Allan",   "Aminata", "Bianca",   "Cameron",
                                 "Chen",      "Debra", "Diego",   "Emily",   "Fatima",   "Grady",
                                 "Henrietta", "Irvin", "Isaiah",  "Johanna", "Kenji",    "Lee",
                                 "Lidia",     "Lynne", "Megan",   "Miriam",  "Nestor",   "Patti",
                                 "Pradeep",   "Raul",  "Siobhan", "Tomás",   "Veronica", "Zoë"};
constexpr std::array last_names{
    "Vance", "Wilber",   "Deyoung", "Diallo",  "Pisani",  "White",  "Berger",    "Siciliani",
    "Braun", "Haddad",   "Archie",  "Mueller", "Sayers",  "Langer", "Lorenz",    "Watanabe",
    "Gu",    "Holloway", "Robbins", "Bowen",   "Graham",  "Wilke",  "Fernandez", "Gupta",
    "Patel", "O'Brien",  "García",  "Nowak",   "Ivanova", "Öztürk"};
constexpr std::array departments{"Finance", "Sales",       "Engineering", "Support",  "Legal",
                                 "HR",      "Contractors", "Design",      "Research", "Warehouse"};
constexpr std::array regions{
    "eastus2",       "westus3",   "northeurope",   "westeurope", "uksouth", "germanywestcentral",
    "swedencentral", "japaneast", "australiaeast", "brazilsouth"};

struct Plan {
    int cpus, ram, disk;
};
constexpr std::array plans{Plan{2, 4, 64},   Plan{2, 4, 128},   Plan{2, 8, 128},
                           Plan{4, 16, 128}, Plan{4, 16, 256},  Plan{8, 32, 256},
                           Plan{8, 32, 512}, Plan{16, 64, 1024}};

struct Image {
    std::string_view sku, name;
};
constexpr std::array gallery{
    Image{"win11-25h2-ent-cpc-m365", "Windows 11 Enterprise + Microsoft 365 Apps 25H2"},
    Image{"win11-24h2-ent-cpc-m365", "Windows 11 Enterprise + Microsoft 365 Apps 24H2"},
    Image{"win11-24h2-ent-cpc", "Windows 11 Enterprise 24H2"},
    Image{"win11-23h2-ent-cpc-m365", "Windows 11 Enterprise + Microsoft 365 Apps 23H2"},
    Image{"win10-22h2-ent-cpc-m365", "Windows 10 Enterprise + Microsoft 365 Apps 22H2"}};

constexpr std::string_view null_until_provisioned[] = {
    "aadDeviceId",         "managedDeviceId",    "managedDeviceName",
    "provisionedDateTime", "osVersion",          "connectivityResult",
    "lastLoginResult",     "lastLogoffDateTime", "lastRemoteActionResult"};

std::string ascii(std::string_view name)
{
    std::string out;
    for (const char c : name) {
        if (std::isalpha(static_cast<unsigned char>(c)) != 0)
            out += c;
    }
    return out;
}

std::string resource_id(std::string_view subscription, std::string_view kind, std::string_view name)
{
    return fmt::format("/subscriptions/{}/resourcegroups/rg-cloudpc/providers/microsoft.{}/{}",
                       subscription, kind, name);
}

}  // namespace

Estate::Estate(const Facts& facts, std::uint64_t seed, TimePoint now)
    : x_facts{&facts}, x_seed{seed}, x_random{seed}
{
    for (const auto* department : departments)
        x_groups.push_back({x_random.guid(), fmt::format("Cloud PC {}", department), department});
    for (int i = 0; i < 3; ++i) {
        Filler filler{x_random, now};
        auto image = filler.object(*facts.type("cloudPcSourceDeviceImage"));
        const auto subscription = x_random.guid();
        const auto name = fmt::format("golden-image-{}", i + 1);
        const auto id = resource_id(subscription, "compute", "images/" + name);
        image["id"] = id;
        image["resourceId"] = id;
        image["displayName"] = name;
        image["subscriptionId"] = subscription;
        image["subscriptionDisplayName"] = fmt::format("Contoso IT {}", i + 1);
        x_source_images.push_back({id, json::serialize(image)});
    }
}

Person Estate::person(std::size_t number) const
{
    Random random{x_seed ^ (0x5851F42D4C957F2DU * (number + 1))};
    const std::string first = first_names[random.below(first_names.size())];
    const std::string last = last_names[random.below(last_names.size())];
    auto principal = fmt::format("{}.{}{}@contoso.com", ascii(first), ascii(last), number);
    std::ranges::transform(principal, principal.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return {random.guid(), first + " " + last, std::move(principal)};
}

json::object Estate::base(std::string_view set, TimePoint now)
{
    Filler filler{x_random, now};
    json::object made{{"id", x_random.guid()}};
    for (auto& member : filler.object(*x_facts->set(set)->type))
        made[member.key()] = std::move(member.value());
    return made;
}

json::array Estate::assignments(const std::string& owner, std::size_t count, TimePoint now)
{
    Filler filler{x_random, now};
    json::array list;
    for (std::size_t i = 0; i < count; ++i) {
        const auto& group = x_groups[(x_random.below(x_groups.size()) + i) % x_groups.size()];
        auto target = filler.object(*x_facts->type("cloudPcManagementAssignmentTarget"));
        // The documentation spells the type both ways.
        target["@odata.type"] = i % 2 == 0
                                    ? "#microsoft.graph.cloudPcManagementGroupAssignmentTarget"
                                    : "microsoft.graph.cloudPCManagementGroupAssignmentTarget";
        target["groupId"] = group.id;
        list.push_back(json::object{{"id", owner + "_" + group.id},
                                    {"createdDateTime", filler.past(300)},
                                    {"target", std::move(target)}});
    }
    return list;
}

void Estate::set_lifecycle(json::object& made, Filler& filler)
{
    const auto& statuses = *x_facts->enumeration("cloudPcStatus");
    const std::string status =
        x_random.chance(0.8) ? "provisioned" : x_random.pick(statuses.members);
    made["status"] = status;
    if (status != "inGracePeriod")
        made["gracePeriodEndDateTime"] = nullptr;
    else
        made["gracePeriodEndDateTime"] = filler.future(7);
    if (status != "failed") {
        made["statusDetail"] = nullptr;
        made["statusDetails"] = nullptr;
    }
    if (status == "notProvisioned" || status == "provisioning" || status == "pendingProvision" ||
        status == "preparing") {
        for (const auto name : null_until_provisioned)
            made[name] = nullptr;
    }
}

json::object Estate::cloud_pc(std::size_t number, TimePoint now)
{
    auto made = base("cloudPCs", now);
    Filler filler{x_random, now};
    const std::string id{std::string_view{made["id"].as_string()}};
    const auto user = person(number);
    const auto& policy = x_random.pick(x_policies);
    const auto& plan = x_random.pick(x_plans);
    const auto& image = x_random.pick(x_images);
    const auto& group = x_random.pick(x_groups);
    const bool hosted = x_random.chance(0.6);
    made["displayName"] = fmt::format("{} - {}", policy.name, user.display_name);
    made["userPrincipalName"] = user.principal_name;
    made["userDetail"] = json::object{{"userId", user.id}, {"userDisplayName", user.display_name}};
    made["groupDetail"] = json::object{{"groupId", group.id}, {"groupDisplayName", group.name}};
    made["provisioningPolicyId"] = policy.id;
    made["provisioningPolicyName"] = policy.name;
    made["provisioningType"] = policy.detail;
    made["servicePlanId"] = plan.id;
    made["servicePlanName"] = plan.name;
    made["servicePlanType"] = "enterprise";
    made["imageDisplayName"] = image.name;
    made["onPremisesConnectionName"] = hosted ? "" : x_random.pick(x_connections).name;
    made["deviceRegionName"] = x_random.pick(regions);
    made["managedDeviceName"] =
        fmt::format("CPC-{:.5}-{:05}", ascii(user.principal_name), number % 100'000);
    made["osVersion"] = "windows11";
    made["scopeIds"] = json::array{"0"};
    made["lastModifiedDateTime"] = filler.past(60);
    if (auto* action = made["lastRemoteActionResult"].if_object()) {
        (*action)["actionName"] = x_random.chance(0.5) ? "Reboot" : "Reprovision";
        (*action)["cloudPcId"] = id;
        (*action)["managedDeviceId"] = made["managedDeviceId"];
    }
    if (policy.detail == "dedicated")
        made["sharedDeviceDetail"] = nullptr;
    set_lifecycle(made, filler);
    return made;
}

json::object Estate::policy(std::size_t number, TimePoint now)
{
    auto made = base("provisioningPolicies", now);
    const std::string id{std::string_view{made["id"].as_string()}};
    const auto& image = x_random.pick(x_images);
    const bool custom = x_random.chance(0.2);
    const auto name =
        fmt::format("{} {}", departments[number % departments.size()],
                    number < departments.size() ? "Standard" : fmt::format("Ring {}", number));
    made["displayName"] = name;
    made["description"] = fmt::format("Cloud PCs of {}", name);
    made["imageId"] = image.id;
    made["imageDisplayName"] = image.name;
    made["imageType"] = custom ? "custom" : "gallery";
    const auto& types = x_facts->enumeration("cloudPcProvisioningType")->members;
    const std::string type = number % 3 != 2 ? "dedicated" : x_random.pick(types);
    made["provisioningType"] = type;
    made["cloudPcNamingTemplate"] = "CPC-%USERNAME:5%-%RAND:5%";
    made["managedBy"] = "windows365";
    made["scopeIds"] = json::array{"0"};
    made["windowsSetting"] = json::object{{"locale", "en-US"}};
    made["windowsSettings"] = json::object{{"language", "en-US"}};
    auto join = Filler{x_random, now}.object(*x_facts->type("cloudPcDomainJoinConfiguration"));
    join["domainJoinType"] = x_random.chance(0.5) ? "azureADJoin" : "hybridAzureADJoin";
    join["type"] = join["domainJoinType"];
    join["onPremisesConnectionId"] = json::value(nullptr);
    if (join["domainJoinType"] == "hybridAzureADJoin")
        join["onPremisesConnectionId"] = x_random.pick(x_connections).id;
    made["domainJoinConfigurations"] = json::array{std::move(join)};
    // Every fourth one is assigned to nobody.
    made["assignments"] = assignments(id, number % 4 == 3 ? 0 : 1 + x_random.below(3), now);
    x_policies.push_back({id, name, type});
    return made;
}

json::object Estate::user_setting(std::size_t number, TimePoint now)
{
    auto made = base("userSettings", now);
    const std::string id{std::string_view{made["id"].as_string()}};
    made["displayName"] = fmt::format("{} users", departments[number % departments.size()]);
    made["assignments"] = assignments(id, number % 3, now);
    return made;
}

json::object Estate::connection(std::size_t number, TimePoint now)
{
    auto made = base("onPremisesConnections", now);
    const auto subscription = x_random.guid();
    const auto region = regions[number % regions.size()];
    const auto network =
        resource_id(subscription, "network", fmt::format("virtualnetworks/vnet-{}", region));
    const auto name = fmt::format("{} {}", region, number + 1);
    made["displayName"] = name;
    made["subscriptionId"] = subscription;
    made["subscriptionName"] = "Contoso Production";
    made["virtualNetworkId"] = network;
    made["subnetId"] = network + "/subnets/cloudpcs";
    made["resourceGroupId"] =
        fmt::format("/subscriptions/{}/resourcegroups/rg-cloudpc", subscription);
    made["virtualNetworkLocation"] = region;
    made["type"] = made["connectionType"];
    made["adDomainName"] = "corp.contoso.com";
    made["adDomainUsername"] = "svc-cloudpc-join@corp.contoso.com";
    made["organizationalUnit"] = "OU=CloudPC,DC=corp,DC=contoso,DC=com";
    Filler filler{x_random, now};
    json::array checks;
    for (int i = 0; i < 4; ++i)
        checks.push_back(filler.object(*x_facts->type("cloudPcOnPremisesConnectionHealthCheck")));
    for (const auto* detail : {"healthCheckStatusDetail", "healthCheckStatusDetails"})
        made[detail].as_object()["healthChecks"] = checks;
    x_connections.push_back({std::string{std::string_view{made["id"].as_string()}}, name, region});
    return made;
}

json::object Estate::snapshot(const Store& store, TimePoint now)
{
    auto made = base("snapshots", now);
    const auto& cloud_pcs = store.find("cloudPCs")->second;
    // The documentation shows ids of this form.
    made["id"] = fmt::format("A{:05}UV000_{}", x_random.below(100'000), x_random.guid());
    if (cloud_pcs.size() > 0)
        made["cloudPcId"] = cloud_pcs.at(x_random.below(cloud_pcs.size())).id;
    if (x_random.chance(0.7))
        made["lastRestoredDateTime"] = nullptr;
    made["expirationDateTime"] = Filler{x_random, now}.future(28);
    return made;
}

json::object Estate::bulk_action(const Store& store, TimePoint now)
{
    auto made = base("bulkActions", now);
    const auto& cloud_pcs = store.find("cloudPCs")->second;
    json::array ids;
    for (std::size_t i = 0; i < std::min<std::size_t>(5, cloud_pcs.size()); ++i)
        ids.emplace_back(cloud_pcs.at(x_random.below(cloud_pcs.size())).id);
    made["actionSummary"].as_object()["successfulCount"] = ids.size();
    made["cloudPcIds"] = std::move(ids);
    made["initiatedByUserPrincipalName"] = person(x_random.below(20)).principal_name;
    return made;
}

json::object Estate::service_plan(std::size_t number, TimePoint now)
{
    auto made = base("servicePlans", now);
    const auto& plan = plans[number % plans.size()];
    const auto name =
        fmt::format("Cloud PC Enterprise {}vCPU/{}GB/{}GB", plan.cpus, plan.ram, plan.disk);
    made["displayName"] = name;
    made["vCpuCount"] = plan.cpus;
    made["ramInGB"] = plan.ram;
    made["storageInGB"] = plan.disk;
    made["supportedSolution"] = "windows365";
    x_plans.push_back({std::string{std::string_view{made["id"].as_string()}}, name, ""});
    return made;
}

json::object Estate::gallery_image(std::size_t number, TimePoint now)
{
    auto made = base("galleryImages", now);
    const auto& image = gallery[number % gallery.size()];
    const auto id = fmt::format("microsoftwindowsdesktop_windows-ent-cpc_{}{}", image.sku,
                                number < gallery.size() ? "" : fmt::format("-{}", number));
    made["id"] = id;
    made["displayName"] = image.name;
    for (const auto* name : {"publisher", "publisherName"})
        made[name] = "microsoftwindowsdesktop";
    for (const auto* name : {"offer", "offerName"})
        made[name] = "windows-ent-cpc";
    for (const auto* name : {"sku", "skuName"})
        made[name] = image.sku;
    made["sizeInGB"] = 64;
    x_images.push_back({id, std::string{image.name}, ""});
    return made;
}

json::object Estate::device_image(std::size_t number, TimePoint now)
{
    auto made = base("deviceImages", now);
    made["displayName"] = fmt::format("Contoso image {}", number + 1);
    made["operatingSystem"] = "Windows 11 Enterprise";
    made["osBuildNumber"] = "24H2";
    made["version"] = fmt::format("1.0.{}", number);
    made["sourceImageResourceId"] = x_random.pick(x_source_images).id;
    if (made["status"] != "failed") {
        made["errorCode"] = nullptr;
        made["statusDetails"] = nullptr;
    }
    return made;
}

json::object Estate::region(std::size_t number, TimePoint now)
{
    auto made = base("supportedRegions", now);
    made["displayName"] = regions[number % regions.size()];
    made["supportedSolution"] = "windows365";
    return made;
}

json::object Estate::pool(std::size_t number, TimePoint now)
{
    auto made = base("cloudPcPools", now);
    made["displayName"] = fmt::format("Agent pool {}", number + 1);
    json::array assigned;
    for (std::size_t i = 0; i < number % 3; ++i)
        assigned.push_back(
            json::object{{"@odata.type", "#microsoft.graph.cloudPcAgentPoolUserAssignment"},
                         {"id", x_random.guid()},
                         {"userPrincipalId", person(i).id}});
    made["assignments"] = std::move(assigned);
    return made;
}

json::object Estate::make(std::string_view set, std::size_t number, const Store& store,
                          TimePoint now)
{
    if (set == "cloudPCs")
        return cloud_pc(number, now);
    if (set == "provisioningPolicies")
        return policy(number, now);
    if (set == "userSettings")
        return user_setting(number, now);
    if (set == "onPremisesConnections")
        return connection(number, now);
    if (set == "snapshots")
        return snapshot(store, now);
    if (set == "bulkActions")
        return bulk_action(store, now);
    if (set == "servicePlans")
        return service_plan(number, now);
    if (set == "galleryImages")
        return gallery_image(number, now);
    if (set == "deviceImages")
        return device_image(number, now);
    if (set == "supportedRegions")
        return region(number, now);
    if (set == "cloudPcPools")
        return pool(number, now);
    if (set == "users")
        return user(number, now);
    if (set == "groups")
        return group(number, store, now);
    if (set == "devices")
        return device(number, store, now);
    if (set == "managedDevices")
        return managed_device(number, store, now);
    if (set == "subscribedSkus")
        return sku(number, now);
    return base(set, now);
}

}  // namespace graphsim
