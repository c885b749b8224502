// What must hold of every entry, whatever Graph says.

#include "schema/catalog.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

using namespace cloudpcd::schema;

namespace {

void check_names(std::span<const Column> columns, std::set<std::string> names)
{
    for (const auto& column : columns) {
        const auto name = column_name(column.property);
        CAPTURE(column.property);
        CHECK(names.insert(name).second);
        CHECK_FALSE(name.empty());
        CHECK_FALSE(name.starts_with('_'));
    }
}

void check_sentence(std::string_view text)
{
    CAPTURE(text);
    CHECK(text.size() > 10);
    CHECK(text.ends_with('.'));
    CHECK(text.find('|') == std::string_view::npos);  // would end a cell of the reference
    CHECK(text.find('\n') == std::string_view::npos);
}

std::set<std::string> tables()
{
    std::set<std::string> names;
    for (const auto& entry : catalog()) {
        names.emplace(entry.table);
        for (const auto& child : entry.children)
            names.emplace(child.table);
    }
    return names;
}

}  // namespace

TEST_CASE("catalog: the tables that the interface promises")
{
    CHECK(tables() == std::set<std::string>{"audit_activity_types",
                                            "audit_event_modified_properties",
                                            "audit_event_resources",
                                            "audit_events",
                                            "bulk_actions",
                                            "cloud_apps",
                                            "cloud_pc_pools",
                                            "cloud_pcs",
                                            "device_images",
                                            "entra_devices",
                                            "entra_group_members",
                                            "entra_groups",
                                            "entra_subscribed_skus",
                                            "entra_users",
                                            "external_partners",
                                            "front_line_service_plans",
                                            "gallery_images",
                                            "intune_managed_devices",
                                            "managed_licenses",
                                            "on_premises_connection_health_checks",
                                            "on_premises_connections",
                                            "organization_settings",
                                            "provisioning_policies",
                                            "provisioning_policy_assignments",
                                            "service_plans",
                                            "snapshots",
                                            "source_device_images",
                                            "supported_regions",
                                            "user_setting_assignments",
                                            "user_settings"});
}

TEST_CASE("catalog: an entry is found by its table")
{
    for (const auto& entry : catalog())
        CHECK(find_collection(entry.table) == &entry);
    CHECK(find_collection("cloud_pc") == nullptr);
    CHECK(find_collection("audit_event_resources") == nullptr);
    CHECK(find_collection("") == nullptr);
}

TEST_CASE("catalog: column names are unique within a table and none begins with an underscore")
{
    for (const auto& entry : catalog()) {
        CAPTURE(entry.table);
        check_names(entry.columns, {"id", "raw"});
        for (const auto& child : entry.children)
            check_names(child.columns, {"position", "resource_position"});
    }
}

TEST_CASE("catalog: every table and column is described in one line")
{
    for (const auto& entry : catalog()) {
        check_sentence(entry.description);
        for (const auto& column : entry.columns)
            check_sentence(column.description);
        for (const auto& child : entry.children) {
            check_sentence(child.description);
            for (const auto& column : child.columns)
                check_sentence(column.description);
        }
        CHECK_FALSE(entry.documentation.empty());
        CHECK_FALSE(entry.permissions.empty());
    }
}

TEST_CASE("catalog: the lookups that are indexed, and no other")
{
    std::map<std::string, std::set<std::string>> indexed;
    for (const auto& entry : catalog()) {
        for (const auto& column : entry.columns) {
            if (column.indexed)
                indexed[std::string{entry.table}].insert(column_name(column.property));
        }
        for (const auto& child : entry.children) {
            for (const auto& column : child.columns) {
                if (column.indexed)
                    indexed[std::string{child.table}].insert(column_name(column.property));
            }
        }
    }
    CHECK(indexed ==
          std::map<std::string, std::set<std::string>>{
              {"cloud_pcs",
               {"managed_device_id", "provisioning_policy_id", "status", "user_principal_name"}},
              {"audit_events", {"activity_date_time", "correlation_id"}},
              {"audit_event_resources", {"resource_id"}},
              {"snapshots", {"cloud_pc_id"}},
              {"entra_users", {"user_principal_name"}},
              {"entra_group_members", {"group_id"}}});
}

TEST_CASE("catalog: what sets single entries apart")
{
    for (const auto& entry : catalog()) {
        CAPTURE(entry.table);
        const bool is_audit = entry.table == "audit_events";
        CHECK((entry.strategy == Strategy::window) == is_audit);
        CHECK(entry.watermark_property == (is_audit ? "activityDateTime" : ""));
        const bool is_cloud_pcs = entry.table == "cloud_pcs";
        CHECK((entry.quota == QuotaClass::cloud_pc_list) == is_cloud_pcs);
        // Where a full list is one or two requests there is nothing to be saved.
        CHECK(entry.changed_property == (is_cloud_pcs ? "lastModifiedDateTime" : ""));
        CHECK(entry.named_by_audit_events == is_cloud_pcs);
        CHECK(entry.max_delete_fraction == (entry.table == "snapshots" ? 1 : 0));
        CHECK(entry.id_property == (entry.table == "source_device_images" ? "resourceId" : "id"));
        CHECK((entry.shape == Shape::strings) == (entry.table == "audit_activity_types"));
        CHECK((entry.shape == Shape::singleton) == (entry.table == "organization_settings"));
        const auto group = entry.table.starts_with("intune_")  ? Group::intune
                           : entry.table.starts_with("entra_") ? Group::entra
                                                               : Group::cloudpc;
        CHECK(entry.group == group);
    }
}

TEST_CASE("catalog: a secret has no column")
{
    const auto* connections = find_collection("on_premises_connections");
    REQUIRE(connections != nullptr);
    CHECK(std::ranges::count(connections->write_only, "adDomainPassword") == 1);
    for (const auto& entry : catalog()) {
        for (const auto& column : entry.columns)
            CHECK(column.property.find("assword") == std::string_view::npos);
    }
}

TEST_CASE("catalog: a child table knows whether it lies inside another's members")
{
    const auto* events = find_collection("audit_events");
    REQUIRE(events != nullptr);
    REQUIRE(events->children.size() == 2);
    CHECK(outer_table(*events, events->children[0]) == nullptr);
    CHECK(outer_table(*events, events->children[1]) == &events->children[0]);

    // "healthCheckStatusDetail" is a complex value, not another table.
    const auto* connections = find_collection("on_premises_connections");
    REQUIRE(connections->children.size() == 1);
    CHECK(outer_table(*connections, connections->children[0]) == nullptr);
}

TEST_CASE("catalog: times of observation make no version")
{
    const auto properties = volatile_properties();
    const std::set<std::string_view> names{properties.begin(), properties.end()};
    CHECK(names == std::set<std::string_view>{"lastModifiedDateTime",
                                              "connectivityResult.updatedDateTime",
                                              "connectivityResult.lastModifiedDateTime",
                                              "lastLoginResult.time", "lastLogoffDateTime"});
    for (const auto name : names)
        CHECK(std::ranges::count(find_collection("cloud_pcs")->columns, name, &Column::property) ==
              1);
}
