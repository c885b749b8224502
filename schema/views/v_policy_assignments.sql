-- Provisioning policies and the groups they are assigned to, one row per assignment; a policy
-- without any has one row, whose group is NULL. Names and members of groups need the group `entra`.
--
-- policy_id TEXT: Id of the policy: `id` in `provisioning_policies`.
-- policy_name TEXT: Name of the policy.
-- provisioning_type TEXT: Whether machines of the policy are dedicated or shared.
-- image_display_name TEXT: Image of the policy.
-- assignment_id TEXT: Id of the assignment; NULL when the policy has none.
-- group_id TEXT: Entra group whose members get machines of the policy.
-- group_name TEXT: Name of the group.
-- group_users INTEGER: Number of users who are direct members of the group.
-- service_plan_id TEXT: Service plan of shared machines; NULL for dedicated ones.
-- allotment_display_name TEXT: Allotment of licenses that the assignment draws from.
-- allotment_licenses INTEGER: Number of licenses in that allotment.
-- policy_cloud_pcs INTEGER: Number of Cloud PCs of the policy, of all its groups.
CREATE VIEW v_policy_assignments AS
SELECT p.id AS policy_id,
       p.display_name AS policy_name,
       p.provisioning_type,
       p.image_display_name,
       a.id AS assignment_id,
       a.target_group_id AS group_id,
       g.display_name AS group_name,
       CAST(CASE WHEN g.id IS NOT NULL
                 THEN (SELECT count(*) FROM entra_group_members m
                        WHERE m.group_id = g.id AND m.member_type = 'user')
            END AS INTEGER) AS group_users,
       a.target_service_plan_id AS service_plan_id,
       a.target_allotment_display_name AS allotment_display_name,
       a.target_allotment_licenses_count AS allotment_licenses,
       CAST((SELECT count(*) FROM cloud_pcs c WHERE c.provisioning_policy_id = p.id) AS INTEGER)
           AS policy_cloud_pcs
  FROM provisioning_policies p
  LEFT JOIN provisioning_policy_assignments a ON a._parent = p._key
  LEFT JOIN entra_groups g ON g.id = a.target_group_id;
