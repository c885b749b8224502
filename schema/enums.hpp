#pragma once
// Known members of the enums that occur in mirrored collections and write actions, those that Graph
// sends only to clients that ask with `Prefer: include-unknown-enum-members` included. Graph adds
// members at any time: a value that is missing here is stored all the same. Facts: Graph metadata,
// v1.0 of 2026-08-20 and beta of 2026-07-23.

#include "schema/catalog.hpp"

namespace cloudpcd::schema::enums {

extern const Enumeration action_state;
extern const Enumeration cloud_pc_agent_pool_billing_type;
extern const Enumeration cloud_pc_audit_activity_operation_type;
extern const Enumeration cloud_pc_audit_activity_result;
extern const Enumeration cloud_pc_audit_actor_type;
extern const Enumeration cloud_pc_audit_category;
extern const Enumeration cloud_pc_blob_access_tier;
extern const Enumeration cloud_pc_bulk_action_status;
extern const Enumeration cloud_pc_cloud_app_action_failed_error_code;
extern const Enumeration cloud_pc_cloud_app_status;
extern const Enumeration cloud_pc_connectivity_status;
extern const Enumeration cloud_pc_device_image_error_code;
extern const Enumeration cloud_pc_device_image_os_status;
extern const Enumeration cloud_pc_device_image_status;
extern const Enumeration cloud_pc_device_image_status_details;
extern const Enumeration cloud_pc_disaster_recovery_capability_type;
extern const Enumeration cloud_pc_disaster_recovery_license_type;
extern const Enumeration cloud_pc_disaster_recovery_type;
extern const Enumeration cloud_pc_disk_encryption_state;
extern const Enumeration cloud_pc_disk_encryption_type;
extern const Enumeration cloud_pc_domain_join_type;
extern const Enumeration cloud_pc_external_partner_status;
extern const Enumeration cloud_pc_gallery_image_status;
extern const Enumeration cloud_pc_geographic_location_type;
extern const Enumeration cloud_pc_managed_license_status;
extern const Enumeration cloud_pc_managed_license_type;
extern const Enumeration cloud_pc_management_service;
extern const Enumeration cloud_pc_on_premises_connection_health_check_error_type;
extern const Enumeration cloud_pc_on_premises_connection_status;
extern const Enumeration cloud_pc_on_premises_connection_type;
extern const Enumeration cloud_pc_operating_system;
extern const Enumeration cloud_pc_policy_setting_type;
extern const Enumeration cloud_pc_power_state;
extern const Enumeration cloud_pc_product_type;
extern const Enumeration cloud_pc_provisioning_policy_image_type;
extern const Enumeration cloud_pc_provisioning_source_type;
extern const Enumeration cloud_pc_provisioning_type;
extern const Enumeration cloud_pc_region_group;
extern const Enumeration cloud_pc_restore_point_frequency_type;
extern const Enumeration cloud_pc_service_plan_type;
extern const Enumeration cloud_pc_snapshot_health_check_status;
extern const Enumeration cloud_pc_snapshot_reset_mode;
extern const Enumeration cloud_pc_snapshot_status;
extern const Enumeration cloud_pc_snapshot_type;
extern const Enumeration cloud_pc_source_image_category;
extern const Enumeration cloud_pc_status;
extern const Enumeration cloud_pc_supported_region_status;
extern const Enumeration cloud_pc_user_access_level;
extern const Enumeration cloud_pc_user_account_type;
extern const Enumeration cloud_pc_user_experience_type;
extern const Enumeration cloud_pc_user_settings_persistence_storage_size_category;
extern const Enumeration frontline_cloud_pc_availability;
extern const Enumeration microsoft_managed_desktop_type;
extern const Enumeration restore_time_range;

}  // namespace cloudpcd::schema::enums
