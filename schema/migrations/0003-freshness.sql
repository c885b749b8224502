-- Why:  between full lists only what has changed is read: runs say of which kind they were, and the
--       times that decide about the next one are kept where every run writes anyway.
-- Cost: columns that older rows have empty; a view made anew. The first read afterwards is a full list.
-- Undo: none needed; older versions ignore them.
ALTER TABLE sync_runs ADD COLUMN kind TEXT;  -- full, incremental, window, delta, refresh

-- Of the last read to its end, incremental or not, deletes held back or not.
ALTER TABLE resource_status ADD COLUMN last_read_at TIMESTAMP;  -- its end
ALTER TABLE resource_status ADD COLUMN read_as_of TIMESTAMP;    -- its start by Graph's clock; NULL after one that broke off
-- Of the last full list that was read to its end.
ALTER TABLE resource_status ADD COLUMN list_started_at TIMESTAMP;
ALTER TABLE resource_status ADD COLUMN list_ended_at TIMESTAMP;
ALTER TABLE resource_status ADD COLUMN list_as_of TIMESTAMP;    -- its start by Graph's clock

UPDATE resource_status SET last_read_at = last_complete_at;

DROP VIEW freshness;
CREATE VIEW freshness AS
SELECT resource,
       last_complete_at,
       CAST((julianday('now') - julianday(last_complete_at)) * 86400 AS INTEGER) AS age_seconds,
       interval_seconds,
       consecutive_failures,
       last_error,
       coalesce(degraded_reason,
                (SELECT 'a part can no longer be read, see gaps: ' || g.from_time || ' to '
                        || g.to_time
                   FROM gaps g
                  WHERE g.resource = resource_status.resource
                    AND g.recorded_at > datetime('now', '-30 days')
                  ORDER BY g.to_time DESC
                  LIMIT 1)) AS degraded_reason,
       row_count,
       last_read_at
  FROM resource_status
 WHERE included = 1;
