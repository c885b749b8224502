-- Why:  how late audit events come is measured, so that the overlap of reads can follow; a gap shows
--       in freshness for a month after it was found.
-- Cost: one new empty table, a column, a view made anew.
-- Undo: none needed; older versions ignore both.
CREATE TABLE audit_lateness (
    day         DATE    NOT NULL,  -- on which the events were found
    layer       TEXT    NOT NULL,  -- of the read that found them: cycle, hourly, daily, weekly
    events      INTEGER NOT NULL,  -- that were older than the watermark
    seconds_max INTEGER NOT NULL,  -- how far before the watermark the oldest of them lay
    PRIMARY KEY (day, layer)
) WITHOUT ROWID;

ALTER TABLE gaps ADD COLUMN recorded_at TIMESTAMP;

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
       row_count
  FROM resource_status
 WHERE included = 1;
