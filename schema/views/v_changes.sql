-- The view `changes` with the audit event that explains the change: of the events that name the
-- object, the one closest in time, from 30 minutes before the daemon saw the change to 5 minutes
-- after. NULL when there is none. An event is looked up by the object's id alone, so a line costs
-- what the audit log holds about that one object; read it as you read `changes`, from a number on.
--
-- seq INTEGER: Number of the change; read on from it with `WHERE seq > ? ORDER BY seq`.
-- at TIMESTAMP: When the daemon saw the change.
-- at_epoch INTEGER: The same in seconds since 1970.
-- resource TEXT: Table of the object.
-- id TEXT: Id of the object.
-- op TEXT: `insert`, `update` or `delete`.
-- event_id TEXT: Id of the audit event: `id` in `audit_events`.
-- event_activity_type TEXT: Type of its activity, such as `Reprovision CloudPC`.
-- event_actor TEXT: Who acted: the user, else the application, else the user of a partner.
-- before TEXT: The object before, JSON.
-- after TEXT: The object after, JSON.
CREATE VIEW v_changes AS
SELECT c.seq,
       c.at,
       CAST(strftime('%s', c.at) AS INTEGER) AS at_epoch,
       c.resource,
       c.id,
       c.op,
       CAST((SELECT x.value
               FROM (SELECT e.id AS value, e._key,
                            abs(julianday(e.activity_date_time) - julianday(c.at)) AS distance
                       FROM audit_event_resources r
                      CROSS JOIN audit_events e ON e._key = r._parent
                      WHERE r.resource_id = c.id
                        AND e.activity_date_time
                            BETWEEN strftime('%Y-%m-%d %H:%M:%f', c.at, '-30 minutes')
                                AND strftime('%Y-%m-%d %H:%M:%f', c.at, '+5 minutes')) x
              ORDER BY x.distance, x._key LIMIT 1) AS TEXT) AS event_id,
       CAST((SELECT x.value
               FROM (SELECT e.activity_type AS value, e._key,
                            abs(julianday(e.activity_date_time) - julianday(c.at)) AS distance
                       FROM audit_event_resources r
                      CROSS JOIN audit_events e ON e._key = r._parent
                      WHERE r.resource_id = c.id
                        AND e.activity_date_time
                            BETWEEN strftime('%Y-%m-%d %H:%M:%f', c.at, '-30 minutes')
                                AND strftime('%Y-%m-%d %H:%M:%f', c.at, '+5 minutes')) x
              ORDER BY x.distance, x._key LIMIT 1) AS TEXT) AS event_activity_type,
       CAST((SELECT x.value
               FROM (SELECT coalesce(e.actor_user_principal_name,
                                     e.actor_application_display_name,
                                     e.actor_service_principal_name, e.actor_remote_user_id,
                                     e.actor_user_id, e.actor_application_id) AS value, e._key,
                            abs(julianday(e.activity_date_time) - julianday(c.at)) AS distance
                       FROM audit_event_resources r
                      CROSS JOIN audit_events e ON e._key = r._parent
                      WHERE r.resource_id = c.id
                        AND e.activity_date_time
                            BETWEEN strftime('%Y-%m-%d %H:%M:%f', c.at, '-30 minutes')
                                AND strftime('%Y-%m-%d %H:%M:%f', c.at, '+5 minutes')) x
              ORDER BY x.distance, x._key LIMIT 1) AS TEXT) AS event_actor,
       c.before,
       c.after
  FROM changes c;
