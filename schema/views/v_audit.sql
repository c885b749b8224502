-- Who did what to what: the audit log flattened, one row per event, resource and modified property.
-- An event without resources, or a resource without modified properties, has one row with NULL in
-- those columns. Bound the time: `WHERE activity_date_time > datetime('now', '-1 day')`.
--
-- event_id TEXT: Id of the event: `id` in `audit_events`.
-- activity_date_time TIMESTAMP: When it took place.
-- activity_epoch INTEGER: The same in seconds since 1970.
-- activity_type TEXT: Type of the activity, such as `Reprovision CloudPC`.
-- operation TEXT: Whether something was made, changed or deleted.
-- result TEXT: How the activity ended.
-- category TEXT: Category of the event.
-- actor TEXT: Who acted: the user, else the application, else the user of a partner.
-- actor_type TEXT: Kind of actor.
-- actor_user_principal_name TEXT: User who acted; NULL for applications.
-- actor_application TEXT: Application that acted.
-- actor_ip_address TEXT: Address from which the request came.
-- resource_id TEXT: Id of the resource, of a Cloud PC its `id` in `cloud_pcs`.
-- resource_type TEXT: Kind of resource.
-- resource_name TEXT: Name of the resource.
-- property TEXT: Name of the property that was changed.
-- old_value TEXT: Its value before.
-- new_value TEXT: Its value after.
-- correlation_id TEXT: Client request id of the request that caused the event.
CREATE VIEW v_audit AS
SELECT e.id AS event_id,
       e.activity_date_time,
       CAST(strftime('%s', e.activity_date_time) AS INTEGER) AS activity_epoch,
       e.activity_type,
       e.activity_operation_type AS operation,
       e.activity_result AS result,
       e.category,
       CAST(coalesce(e.actor_user_principal_name, e.actor_application_display_name,
                     e.actor_service_principal_name, e.actor_remote_user_id,
                     e.actor_user_id, e.actor_application_id) AS TEXT) AS actor,
       e.actor_type,
       e.actor_user_principal_name,
       CAST(coalesce(e.actor_application_display_name, e.actor_service_principal_name,
                     e.actor_application_id) AS TEXT) AS actor_application,
       e.actor_ip_address,
       r.resource_id,
       CAST(coalesce(r.resource_type, r.type) AS TEXT) AS resource_type,
       r.display_name AS resource_name,
       m.display_name AS property,
       m.old_value,
       m.new_value,
       e.correlation_id
  FROM audit_events e
  LEFT JOIN audit_event_resources r ON r._parent = e._key
  LEFT JOIN audit_event_modified_properties m
         ON m._parent = r._parent AND m.resource_position = r.position;
