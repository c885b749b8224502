-- Every Cloud PC and for how many days nobody has used it: since the later of the last sign-in and
-- the last log-off, or, where there was neither, since it was provisioned. Ask for the limit that
-- you mean: `WHERE days_unused > 30`.
--
-- cloud_pc_id TEXT: Id of the Cloud PC: `id` in `cloud_pcs`.
-- display_name TEXT: Name of the machine in the portal.
-- managed_device_name TEXT: Name of the machine in Intune.
-- user_principal_name TEXT: User the machine is assigned to; NULL for shared machines.
-- status TEXT: Where the machine is in its life.
-- product_type TEXT: Windows 365 product of the machine.
-- provisioning_type TEXT: Whether the machine is dedicated or shared.
-- service_plan_id TEXT: Service plan of the machine, whose license would become free.
-- service_plan_name TEXT: Name of the plan.
-- policy_id TEXT: Provisioning policy: `id` in `provisioning_policies`.
-- provisioned_date_time TIMESTAMP: When the machine was last provisioned.
-- provisioned_epoch INTEGER: The same in seconds since 1970.
-- last_used_at TIMESTAMP: The later of last sign-in and last log-off; NULL when there was neither.
-- last_used_epoch INTEGER: The same in seconds since 1970.
-- never_used BOOLEAN: Whether nobody has signed in yet, as far as Graph says.
-- session_open BOOLEAN: Whether somebody is signed in: in use, or signed in and not off again.
-- days_unused INTEGER: Whole days; 0 while a session is open, NULL when the machine was never provisioned.
CREATE VIEW v_unused AS
SELECT b.cloud_pc_id,
       b.display_name,
       b.managed_device_name,
       b.user_principal_name,
       b.status,
       b.product_type,
       b.provisioning_type,
       b.service_plan_id,
       b.service_plan_name,
       b.policy_id,
       b.provisioned_date_time,
       CAST(strftime('%s', b.provisioned_date_time) AS INTEGER) AS provisioned_epoch,
       b.last_used_at,
       CAST(strftime('%s', b.last_used_at) AS INTEGER) AS last_used_epoch,
       CAST(b.last_used_at IS NULL AND NOT b.session_open AS INTEGER) AS never_used,
       b.session_open,
       CAST(CASE WHEN b.session_open THEN 0
                 ELSE max(julianday('now')
                          - julianday(coalesce(b.last_used_at, b.provisioned_date_time)), 0)
            END AS INTEGER) AS days_unused
  FROM (SELECT c.id AS cloud_pc_id,
               c.display_name,
               c.managed_device_name,
               c.user_principal_name,
               c.status,
               c.product_type,
               c.provisioning_type,
               c.service_plan_id,
               c.service_plan_name,
               c.provisioning_policy_id AS policy_id,
               c.provisioned_date_time,
               CAST(coalesce(max(c.last_login_result_time, c.last_logoff_date_time),
                             c.last_login_result_time, c.last_logoff_date_time) AS TEXT)
                   AS last_used_at,
               CAST(coalesce(c.connectivity_result_status = 'inUse', 0)
                    OR (c.last_login_result_time IS NOT NULL AND c.last_logoff_date_time IS NULL)
                    AS INTEGER) AS session_open
          FROM cloud_pcs c) b;
