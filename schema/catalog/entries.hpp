#pragma once
// The entries that catalog.cpp puts in order; one file each.

#include "schema/catalog.hpp"

namespace cloudpcd::schema::entries {

/// Either permission lets an application read the Cloud PC collections.
inline constexpr std::string_view read_permissions[] = {"CloudPC.Read.All",
                                                        "CloudPC.ReadWrite.All"};

/// Of groups with their members; the rows of both tables come with one read.
inline constexpr std::string_view group_permissions[] = {"GroupMember.Read.All", "Group.Read.All"};

extern const Collection cloud_pcs;
extern const Collection provisioning_policies;
extern const Collection device_images;
extern const Collection gallery_images;
extern const Collection on_premises_connections;
extern const Collection audit_events;
extern const Collection user_settings;
extern const Collection service_plans;
extern const Collection front_line_service_plans;
extern const Collection managed_licenses;
extern const Collection snapshots;
extern const Collection supported_regions;
extern const Collection bulk_actions;
extern const Collection cloud_apps;
extern const Collection cloud_pc_pools;
extern const Collection external_partners;
extern const Collection organization_settings;
extern const Collection source_device_images;
extern const Collection audit_activity_types;
extern const Collection intune_managed_devices;
extern const Collection entra_users;
extern const Collection entra_groups;
extern const Collection entra_group_members;
extern const Collection entra_devices;
extern const Collection entra_subscribed_skus;

}  // namespace cloudpcd::schema::entries
