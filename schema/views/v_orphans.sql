-- Cloud PCs that lack what they belong to, one row per problem. Devices are looked up only when the
-- group `intune` was read completely after the Cloud PC changed last, users likewise in `entra`;
-- where a group is not included, it has no problems.
--
-- problem TEXT: `no_device`: provisioned, but without an Intune device; `device_missing`: its device is not in Intune; `user_disabled`: its user cannot sign in; `user_missing`: its user is not in Entra ID.
-- cloud_pc_id TEXT: Id of the Cloud PC: `id` in `cloud_pcs`.
-- display_name TEXT: Name of the machine in the portal.
-- status TEXT: Where the machine is in its life.
-- product_type TEXT: Windows 365 product of the machine.
-- service_plan_name TEXT: Service plan of the machine.
-- user_principal_name TEXT: User the machine is assigned to.
-- managed_device_id TEXT: Intune device id that the Cloud PC names.
-- managed_device_name TEXT: Intune device name that the Cloud PC names.
-- last_login_time TIMESTAMP: Last sign-in to the machine.
-- last_login_epoch INTEGER: The same in seconds since 1970.
CREATE VIEW v_orphans AS
SELECT o.problem,
       c.id AS cloud_pc_id,
       c.display_name,
       c.status,
       c.product_type,
       c.service_plan_name,
       c.user_principal_name,
       c.managed_device_id,
       c.managed_device_name,
       c.last_login_result_time AS last_login_time,
       CAST(strftime('%s', c.last_login_result_time) AS INTEGER) AS last_login_epoch
  FROM (-- Intune does not know the machines of Windows 365 Business.
        SELECT CAST('no_device' AS TEXT) AS problem, n._key AS cloud_pc_key
          FROM cloud_pcs n
         WHERE n.status IN ('provisioned', 'provisionedWithWarnings', 'inGracePeriod')
           AND coalesce(n.managed_device_id, '') = ''
           AND coalesce(n.service_plan_type, '') <> 'business'
           AND coalesce(n.product_type, '') <> 'business'
        UNION ALL
        SELECT CAST('device_missing' AS TEXT), n._key
          FROM cloud_pcs n
         WHERE n.status IN ('provisioned', 'provisionedWithWarnings', 'inGracePeriod')
           AND n.managed_device_id <> ''
           AND n._changed_at < (SELECT f.last_complete_at FROM freshness f
                                 WHERE f.resource = 'intune_managed_devices')
           AND NOT EXISTS (SELECT 1 FROM intune_managed_devices d WHERE d.id = n.managed_device_id)
        UNION ALL
        SELECT CAST('user_disabled' AS TEXT), n._key
          FROM cloud_pcs n
         WHERE EXISTS (SELECT 1 FROM entra_users u
                        WHERE u.user_principal_name = n.user_principal_name
                          AND u.account_enabled = 0)
        UNION ALL
        SELECT CAST('user_missing' AS TEXT), n._key
          FROM cloud_pcs n
         WHERE n.user_principal_name <> ''
           AND n._changed_at < (SELECT f.last_complete_at FROM freshness f
                                 WHERE f.resource = 'entra_users')
           AND NOT EXISTS (SELECT 1 FROM entra_users u
                            WHERE u.user_principal_name = n.user_principal_name)) o
  JOIN cloud_pcs c ON c._key = o.cloud_pc_key;
