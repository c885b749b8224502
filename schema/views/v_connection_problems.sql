-- Health checks of Azure network connections that failed or warn, with what to do and how many
-- policies and Cloud PCs use the connection, one row per check. The Cloud PCs themselves are those
-- whose `on_premises_connection_name` is `connection_name`.
--
-- connection_id TEXT: Id of the connection: `id` in `on_premises_connections`.
-- connection_name TEXT: Name of the connection.
-- connection_type TEXT: How machines in it join the directory.
-- connection_status TEXT: Result of the last round of checks as a whole.
-- check_name TEXT: Name of the check.
-- check_status TEXT: Result of the check: `failed`, `warning` or what else is not passed.
-- error_type TEXT: What kind of error the check found.
-- recommended_action TEXT: What Microsoft recommends against the error.
-- additional_detail TEXT: More about the result.
-- correlation_id TEXT: Id of the check for a support ticket.
-- checked_at TIMESTAMP: End of the check.
-- checked_epoch INTEGER: The same in seconds since 1970.
-- policies INTEGER: Number of provisioning policies that use the connection.
-- cloud_pcs INTEGER: Number of Cloud PCs that were provisioned with it.
-- cloud_pcs_unavailable INTEGER: How many of them cannot be connected to.
CREATE VIEW v_connection_problems AS
SELECT o.id AS connection_id,
       o.display_name AS connection_name,
       o.connection_type,
       o.health_check_status AS connection_status,
       h.display_name AS check_name,
       h.status AS check_status,
       h.error_type,
       h.recommended_action,
       h.additional_detail,
       h.correlation_id,
       h.end_date_time AS checked_at,
       CAST(strftime('%s', h.end_date_time) AS INTEGER) AS checked_epoch,
       CAST(coalesce(p.policies, 0) AS INTEGER) AS policies,
       CAST(coalesce(c.cloud_pcs, 0) AS INTEGER) AS cloud_pcs,
       CAST(coalesce(c.unavailable, 0) AS INTEGER) AS cloud_pcs_unavailable
  FROM on_premises_connections o
  JOIN on_premises_connection_health_checks h ON h._parent = o._key
  LEFT JOIN (SELECT t.value AS connection_id, count(DISTINCT q._key) AS policies
               FROM provisioning_policies q, json_tree(q.domain_join_configurations) t
              WHERE t.key = 'onPremisesConnectionId'
              GROUP BY t.value) p ON p.connection_id = o.id
  LEFT JOIN (SELECT m.on_premises_connection_name, count(*) AS cloud_pcs,
                    total(m.connectivity_result_status = 'unavailable') AS unavailable
               FROM cloud_pcs m
              GROUP BY m.on_premises_connection_name) c
         ON c.on_premises_connection_name = o.display_name
 WHERE h.status NOT IN ('passed', 'pending', 'running', 'informational');
