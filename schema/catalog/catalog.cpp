#include "schema/catalog.hpp"

#include "schema/catalog/entries.hpp"

#include <algorithm>
#include <array>

namespace cloudpcd::schema {

std::span<const Collection> catalog() noexcept
{
    static const std::array all{
        entries::cloud_pcs,
        entries::provisioning_policies,
        entries::device_images,
        entries::gallery_images,
        entries::on_premises_connections,
        entries::audit_events,
        entries::user_settings,
        entries::service_plans,
        entries::front_line_service_plans,
        entries::managed_licenses,
        entries::snapshots,
        entries::supported_regions,
        entries::bulk_actions,
        entries::cloud_apps,
        entries::cloud_pc_pools,
        entries::external_partners,
        entries::organization_settings,
        entries::source_device_images,
        entries::audit_activity_types,
        entries::intune_managed_devices,
        entries::entra_users,
        entries::entra_groups,
        entries::entra_group_members,
        entries::entra_devices,
        entries::entra_subscribed_skus,
    };
    return all;
}

const Collection* find_collection(std::string_view table) noexcept
{
    const auto all = catalog();
    const auto found = std::ranges::find(all, table, &Collection::table);
    return found == all.end() ? nullptr : &*found;
}

const Collection* links_of(const Collection& collection) noexcept
{
    const auto all = catalog();
    const auto found = std::ranges::find_if(
        all, [&](const Collection& other) { return other.links.owner == collection.table; });
    return found == all.end() ? nullptr : &*found;
}

const ChildTable* outer_table(const Collection& collection, const ChildTable& child) noexcept
{
    const auto holds = [&](const ChildTable& other) {
        return child.property.size() > other.property.size() &&
               child.property.starts_with(other.property) &&
               child.property[other.property.size()] == '.';
    };
    const auto found = std::ranges::find_if(collection.children, holds);
    return found == collection.children.end() ? nullptr : &*found;
}

std::string_view group_name(Group group) noexcept
{
    switch (group) {
        case Group::cloudpc:
            return "cloudpc";
        case Group::intune:
            return "intune";
        case Group::entra:
            return "entra";
    }
    return "";
}

std::span<const std::string_view> volatile_properties() noexcept
{
    static constexpr std::string_view properties[] = {
        "lastModifiedDateTime", "connectivityResult.updatedDateTime",
        "connectivityResult.lastModifiedDateTime", "lastLoginResult.time", "lastLogoffDateTime"};
    return properties;
}

}  // namespace cloudpcd::schema
