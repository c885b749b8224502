#pragma once
// The entries that catalog.cpp puts in order; one file each.

#include "schema/catalog.hpp"

namespace cloudpcd::schema::entries {

/// Either permission lets an application read the Cloud PC collections.
inline constexpr std::string_view read_permissions[] = {"CloudPC.Read.All",
                                                        "CloudPC.ReadWrite.All"};

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

}  // namespace cloudpcd::schema::entries
