-- Licenses for Cloud PCs: owned, assigned and free. Graph tells of them in three places, which
-- overlap; `source` says which one a row is from, and a sum is right within one source only.
-- Licenses per user are in `entra_subscribed_skus` (group `entra`), Frontline and Reserve in
-- `managed_licenses`, Frontline plans in `front_line_service_plans`.
--
-- source TEXT: Table that the row is from.
-- license_id TEXT: `id` in that table.
-- name TEXT: Name of the license or plan.
-- license_type TEXT: `user` for licenses of users; else `frontline`, `reserve` or what Graph says.
-- status TEXT: Whether the license is in force, in the words of the source.
-- service_plan_id TEXT: Service plan that it grants: `service_plan_id` in `cloud_pcs`.
-- owned INTEGER: Number of licenses that can be assigned.
-- assigned INTEGER: Number of those that are assigned or in use.
-- free INTEGER: The difference, negative when more are assigned than owned.
-- allotted INTEGER: Number set aside in allotments; NULL where the source does not say.
-- expires_at TIMESTAMP: When the license expires; NULL where the source does not say.
-- expires_epoch INTEGER: The same in seconds since 1970.
-- cloud_pcs INTEGER: Number of Cloud PCs of that service plan.
CREATE VIEW v_licenses AS
SELECT l.source,
       l.license_id,
       l.name,
       l.license_type,
       l.status,
       l.service_plan_id,
       l.owned,
       l.assigned,
       CAST(l.owned - l.assigned AS INTEGER) AS free,
       l.allotted,
       l.expires_at,
       CAST(strftime('%s', l.expires_at) AS INTEGER) AS expires_epoch,
       CAST(coalesce(n.cloud_pcs, 0) AS INTEGER) AS cloud_pcs
  FROM (SELECT CAST('entra_subscribed_skus' AS TEXT) AS source,
               s.id AS license_id,
               s.sku_part_number AS name,
               CAST('user' AS TEXT) AS license_type,
               s.capability_status AS status,
               p.id AS service_plan_id,
               s.prepaid_units_enabled AS owned,
               s.consumed_units AS assigned,
               CAST(NULL AS INTEGER) AS allotted,
               CAST(NULL AS TEXT) AS expires_at
          FROM entra_subscribed_skus s, json_tree(s.service_plans) t
          JOIN service_plans p ON p.id = t.value
         WHERE t.key = 'servicePlanId'
        UNION ALL
        SELECT CAST('front_line_service_plans' AS TEXT), f.id, f.display_name,
               CAST('frontline' AS TEXT), CAST(NULL AS TEXT), f.id, f.total_count, f.used_count,
               f.allotment_licenses_count, CAST(NULL AS TEXT)
          FROM front_line_service_plans f
        UNION ALL
        -- Last, since the last one's declared types are what drivers see.
        SELECT CAST('managed_licenses' AS TEXT), m.id, m.display_name, m.license_type, m.status,
               m.service_plan_id, m.licenses_count, m.assigned_count, m.allotment_licenses_count,
               m.expiration_date_time
          FROM managed_licenses m) l
  LEFT JOIN (SELECT c.service_plan_id, count(*) AS cloud_pcs
               FROM cloud_pcs c
              GROUP BY c.service_plan_id) n ON n.service_plan_id = l.service_plan_id;
