-- Cloud PCs whose status is `failed`, why, and since when without a break. The beginning is when
-- the daemon saw it, at most one `interval` late, and goes back as far as `history` does.
--
-- cloud_pc_id TEXT: Id of the Cloud PC: `id` in `cloud_pcs`.
-- display_name TEXT: Name of the machine in the portal.
-- managed_device_name TEXT: Name of the machine in Intune.
-- user_principal_name TEXT: User the machine is assigned to.
-- policy_id TEXT: Provisioning policy: `id` in `provisioning_policies`.
-- policy_name TEXT: Name of the policy.
-- service_plan_name TEXT: Service plan of the machine.
-- status_detail_code TEXT: Error code of the status.
-- status_detail_message TEXT: Text that goes with the code.
-- last_action TEXT: Last remote action on the machine.
-- last_action_state TEXT: How far that action has come.
-- failed_since TIMESTAMP: When the machine began to be failed.
-- failed_since_epoch INTEGER: The same in seconds since 1970.
-- hours_failed REAL: Hours since then.
-- beginning_seen BOOLEAN: 0 when the machine was failed already as far back as is known, so that it may have been failed for longer.
CREATE VIEW v_failed AS
SELECT f.cloud_pc_id,
       f.display_name,
       f.managed_device_name,
       f.user_principal_name,
       f.policy_id,
       f.policy_name,
       f.service_plan_name,
       f.status_detail_code,
       f.status_detail_message,
       f.last_action,
       f.last_action_state,
       f.failed_since,
       CAST(strftime('%s', f.failed_since) AS INTEGER) AS failed_since_epoch,
       CAST(round((julianday('now') - julianday(f.failed_since)) * 24, 1) AS REAL) AS hours_failed,
       CAST(f.broken_off_seq IS NOT NULL AS INTEGER) AS beginning_seen
  FROM (SELECT b.*,
               -- The first version of the streak, which is the present one when history has none.
               CAST(coalesce((SELECT h.valid_from FROM history h
                               WHERE h.resource = 'cloud_pcs' AND h.id = b.cloud_pc_id
                                 AND h.from_seq >= coalesce(b.broken_off_seq, 0)
                               ORDER BY h.from_seq LIMIT 1), b.changed_at) AS TEXT) AS failed_since
          FROM (SELECT c.id AS cloud_pc_id,
                       c.display_name,
                       c.managed_device_name,
                       c.user_principal_name,
                       c.provisioning_policy_id AS policy_id,
                       CAST(coalesce(p.display_name, c.provisioning_policy_name) AS TEXT)
                           AS policy_name,
                       c.service_plan_name,
                       c.status_detail_code,
                       c.status_detail_message,
                       c.last_remote_action_result_action_name AS last_action,
                       c.last_remote_action_result_action_state AS last_action_state,
                       c._changed_at AS changed_at,
                       -- Where the last version ended that was not failed, or was deleted.
                       (SELECT h.to_seq FROM history h
                         WHERE h.resource = 'cloud_pcs' AND h.id = c.id
                           AND (h.ended_by = 'delete'
                                OR NOT EXISTS (SELECT 1 FROM json_each(h.raw) e
                                                WHERE e.key = 'status' AND e.value = 'failed'))
                         ORDER BY h.from_seq DESC LIMIT 1) AS broken_off_seq
                  FROM cloud_pcs c
                  LEFT JOIN provisioning_policies p ON p.id = c.provisioning_policy_id
                 WHERE c.status = 'failed') b) f;
