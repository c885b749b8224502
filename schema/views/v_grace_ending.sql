-- Machines in their grace period, when it ends and how many hours are left. When it has ended, the
-- machine is deprovisioned and what is on it is lost.
--
-- cloud_pc_id TEXT: Id of the Cloud PC: `id` in `cloud_pcs`.
-- display_name TEXT: Name of the machine in the portal.
-- managed_device_name TEXT: Name of the machine in Intune.
-- user_principal_name TEXT: User the machine is assigned to.
-- user_account_enabled BOOLEAN: Whether the user can sign in; NULL without the group `entra`.
-- policy_id TEXT: Provisioning policy: `id` in `provisioning_policies`.
-- policy_name TEXT: Name of the policy.
-- service_plan_name TEXT: Service plan of the machine.
-- grace_period_end_date_time TIMESTAMP: When the grace period ends.
-- grace_period_end_epoch INTEGER: The same in seconds since 1970.
-- hours_left REAL: Hours until then, negative when that moment has passed.
CREATE VIEW v_grace_ending AS
SELECT c.id AS cloud_pc_id,
       c.display_name,
       c.managed_device_name,
       c.user_principal_name,
       CAST((SELECT u.account_enabled FROM entra_users u
              WHERE u.user_principal_name = c.user_principal_name
              ORDER BY u.id LIMIT 1) AS INTEGER) AS user_account_enabled,
       c.provisioning_policy_id AS policy_id,
       CAST(coalesce(p.display_name, c.provisioning_policy_name) AS TEXT) AS policy_name,
       c.service_plan_name,
       c.grace_period_end_date_time,
       CAST(strftime('%s', c.grace_period_end_date_time) AS INTEGER) AS grace_period_end_epoch,
       CAST(round((julianday(c.grace_period_end_date_time) - julianday('now')) * 24, 1) AS REAL)
           AS hours_left
  FROM cloud_pcs c
  LEFT JOIN provisioning_policies p ON p.id = c.provisioning_policy_id
 WHERE c.status = 'inGracePeriod';
