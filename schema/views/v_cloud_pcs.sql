-- Every Cloud PC beside its Intune device, its Entra user and its provisioning policy, one row per
-- Cloud PC. Columns of the device (`device_…`) and the user (`user_…`) are NULL where the group
-- `intune` or `entra` is not included, or nothing there has the id or name.
--
-- cloud_pc_id TEXT: Id of the Cloud PC: `id` in `cloud_pcs`.
-- display_name TEXT: Name of the machine in the portal.
-- managed_device_name TEXT: Name of the machine in Intune.
-- status TEXT: Where the machine is in its life.
-- status_detail_code TEXT: Error or warning code of the status.
-- connectivity TEXT: Whether the machine can be connected to.
-- power_state TEXT: Power state; known for frontline machines only.
-- product_type TEXT: Windows 365 product of the machine.
-- provisioning_type TEXT: Whether the machine is dedicated or shared.
-- service_plan_name TEXT: Service plan, with vCPU, memory and disk size.
-- image_display_name TEXT: Image that the machine was made from.
-- os_version TEXT: Windows version that the machine was provisioned with.
-- region TEXT: Azure region in which the machine runs.
-- on_premises_connection_name TEXT: Network connection; empty for a network that Microsoft hosts.
-- disk_encryption_state TEXT: Whether the disk is encrypted, and by whose key.
-- provisioned_date_time TIMESTAMP: When the machine was last provisioned.
-- provisioned_epoch INTEGER: The same in seconds since 1970.
-- last_login_time TIMESTAMP: Last sign-in to the machine.
-- last_login_epoch INTEGER: The same in seconds since 1970.
-- grace_period_end_date_time TIMESTAMP: When the grace period ends.
-- grace_period_end_epoch INTEGER: The same in seconds since 1970.
-- policy_id TEXT: Provisioning policy: `id` in `provisioning_policies`.
-- policy_name TEXT: Present name of the policy, else the one when the machine was provisioned.
-- user_principal_name TEXT: User the machine is assigned to; NULL for shared machines.
-- user_id TEXT: Entra id of the user.
-- user_display_name TEXT: Name of the user in the address book.
-- user_mail TEXT: Address of the user.
-- user_department TEXT: Department of the user.
-- user_job_title TEXT: Title of the user.
-- user_account_enabled BOOLEAN: Whether the user can sign in.
-- device_id TEXT: Intune device: `id` in `intune_managed_devices`.
-- device_entra_id TEXT: Entra id of the device.
-- device_serial_number TEXT: Serial number of the device.
-- device_compliance_state TEXT: Whether the device meets the compliance policies.
-- device_os_version TEXT: Present version of the operating system.
-- device_last_sync_date_time TIMESTAMP: When the device last reported to Intune.
-- device_last_sync_epoch INTEGER: The same in seconds since 1970.
-- device_total_storage_bytes INTEGER: Size of the disk.
-- device_free_storage_bytes INTEGER: Free space on the disk.
CREATE VIEW v_cloud_pcs AS
SELECT c.id AS cloud_pc_id,
       c.display_name,
       c.managed_device_name,
       c.status,
       c.status_detail_code,
       c.connectivity_result_status AS connectivity,
       c.power_state,
       c.product_type,
       c.provisioning_type,
       c.service_plan_name,
       c.image_display_name,
       c.os_version,
       c.device_region_name AS region,
       c.on_premises_connection_name,
       c.disk_encryption_state,
       c.provisioned_date_time,
       CAST(strftime('%s', c.provisioned_date_time) AS INTEGER) AS provisioned_epoch,
       c.last_login_result_time AS last_login_time,
       CAST(strftime('%s', c.last_login_result_time) AS INTEGER) AS last_login_epoch,
       c.grace_period_end_date_time,
       CAST(strftime('%s', c.grace_period_end_date_time) AS INTEGER) AS grace_period_end_epoch,
       c.provisioning_policy_id AS policy_id,
       CAST(coalesce(p.display_name, c.provisioning_policy_name) AS TEXT) AS policy_name,
       c.user_principal_name,
       u.id AS user_id,
       u.display_name AS user_display_name,
       u.mail AS user_mail,
       u.department AS user_department,
       u.job_title AS user_job_title,
       u.account_enabled AS user_account_enabled,
       d.id AS device_id,
       d.azure_ad_device_id AS device_entra_id,
       d.serial_number AS device_serial_number,
       d.compliance_state AS device_compliance_state,
       d.os_version AS device_os_version,
       d.last_sync_date_time AS device_last_sync_date_time,
       CAST(strftime('%s', d.last_sync_date_time) AS INTEGER) AS device_last_sync_epoch,
       d.total_storage_space_in_bytes AS device_total_storage_bytes,
       d.free_storage_space_in_bytes AS device_free_storage_bytes
  FROM cloud_pcs c
  LEFT JOIN provisioning_policies p ON p.id = c.provisioning_policy_id
  LEFT JOIN intune_managed_devices d ON d.id = c.managed_device_id
  -- By the smallest id, so that a name that two users have for a moment makes no second row.
  LEFT JOIN entra_users u
         ON u.id = (SELECT min(n.id) FROM entra_users n
                     WHERE n.user_principal_name = c.user_principal_name);
