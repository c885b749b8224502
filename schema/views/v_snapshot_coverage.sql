-- Restore points per Cloud PC: how many there are, the newest, the oldest, and how old the newest
-- is. A Cloud PC without any has one row with 0.
--
-- cloud_pc_id TEXT: Id of the Cloud PC: `id` in `cloud_pcs`.
-- display_name TEXT: Name of the machine in the portal.
-- managed_device_name TEXT: Name of the machine in Intune.
-- user_principal_name TEXT: User the machine is assigned to.
-- status TEXT: Where the machine is in its life.
-- snapshots INTEGER: Number of restore points.
-- manual_snapshots INTEGER: How many of them were taken by hand.
-- unhealthy_snapshots INTEGER: How many of them were taken of a machine that was not healthy.
-- newest_at TIMESTAMP: When the newest was taken.
-- newest_epoch INTEGER: The same in seconds since 1970.
-- oldest_at TIMESTAMP: When the oldest was taken.
-- oldest_epoch INTEGER: The same in seconds since 1970.
-- newest_age_hours REAL: Hours since the newest was taken.
CREATE VIEW v_snapshot_coverage AS
SELECT c.id AS cloud_pc_id,
       c.display_name,
       c.managed_device_name,
       c.user_principal_name,
       c.status,
       CAST(count(s._key) AS INTEGER) AS snapshots,
       CAST(total(s.snapshot_type = 'manual') AS INTEGER) AS manual_snapshots,
       CAST(total(s.health_check_status = 'unhealthy') AS INTEGER) AS unhealthy_snapshots,
       CAST(max(s.created_date_time) AS TEXT) AS newest_at,
       CAST(strftime('%s', max(s.created_date_time)) AS INTEGER) AS newest_epoch,
       CAST(min(s.created_date_time) AS TEXT) AS oldest_at,
       CAST(strftime('%s', min(s.created_date_time)) AS INTEGER) AS oldest_epoch,
       CAST(round((julianday('now') - julianday(max(s.created_date_time))) * 24, 1) AS REAL)
           AS newest_age_hours
  FROM cloud_pcs c
  LEFT JOIN snapshots s ON s.cloud_pc_id = c.id
 GROUP BY c._key;
