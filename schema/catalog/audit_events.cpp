// Facts: Graph reference (beta), page virtualendpoint-list-auditevents and resource
// cloudPcAuditEvent.

#include "schema/catalog/entries.hpp"
#include "schema/enums.hpp"

namespace cloudpcd::schema::entries {

namespace {

using enum ColumnType;

constexpr Column columns[] = {
    {"activity", text, "Readable name of the activity; may be NULL."},
    {.property = "activityDateTime",
     .type = timestamp,
     .description = "When the activity took place; the time by which the table is read.",
     .indexed = true},
    {"activityOperationType", text, "Whether something was made, changed or deleted.",
     &enums::cloud_pc_audit_activity_operation_type},
    {"activityResult", text, "How the activity ended.", &enums::cloud_pc_audit_activity_result},
    {"activityType", text,
     "Type of the activity, such as `Reprovision CloudPC`; `audit_activity_types` lists them."},
    {"actor.applicationDisplayName", text, "Name of the application that acted."},
    {"actor.applicationId", text, "Entra id of the application that acted."},
    {"actor.ipAddress", text, "Address from which the request came."},
    {"actor.remoteTenantId", text, "Tenant of a delegated partner who acted."},
    {"actor.remoteUserId", text, "User of a delegated partner who acted."},
    {"actor.servicePrincipalName", text, "Service principal that acted."},
    {"actor.type", text, "Kind of actor: an administrator, an application or a partner.",
     &enums::cloud_pc_audit_actor_type},
    {"actor.userId", text, "Entra id of the user who acted."},
    {"actor.userPermissions", json, "Permissions that the actor had at that time."},
    {"actor.userPrincipalName", text_nocase, "User who acted; NULL for applications."},
    {"actor.userRoleScopeTags", json, "Scope tags of the role of the actor, with id and name."},
    {"category", text, "Category of the event.", &enums::cloud_pc_audit_category},
    {"componentName", text, "Component of the service that recorded the event."},
    {.property = "correlationId",
     .type = text,
     .description = "Client request id of the request that caused the event.",
     .indexed = true},
    {"displayName", text, "Name of the event."},
};

constexpr Column resource_columns[] = {
    {"displayName", text, "Name of the resource."},
    {.property = "resourceId",
     .type = text,
     .description = "Id of the resource, of a Cloud PC its `id` in `cloud_pcs`.",
     .indexed = true},
    {"resourceType", text, "Kind of resource."},
    {"type", text, "Kind of resource where Graph sends it by this older name."},
};

constexpr Column modified_property_columns[] = {
    {"displayName", text, "Name of the property."},
    {"newValue", text, "Value after the activity."},
    {"oldValue", text, "Value before the activity; NULL when there was none."},
};

constexpr ChildTable children[] = {
    {.table = "audit_event_resources",
     .property = "resources",
     .description = "Resources that an event concerns, one row each.",
     .columns = resource_columns},
    {.table = "audit_event_modified_properties",
     .property = "resources.modifiedProperties",
     .description = "Properties that an event changed, one row each; `resource_position` is the "
                    "`position` of the resource in `audit_event_resources`.",
     .columns = modified_property_columns},
};

}  // namespace

constinit const Collection audit_events{
    .table = "audit_events",
    .path = "/deviceManagement/virtualEndpoint/auditEvents",
    .entity_type = "cloudPcAuditEvent",
    .description =
        "What was done in the Cloud PC service, by whom, and to what. Events stay when Graph no "
        "longer has them, until `audit_retention`.",
    .documentation = "virtualendpoint-list-auditevents",
    .strategy = Strategy::window,
    .version = ApiVersion::beta,
    .deletes = DeleteRule::never,
    .watermark_property = "activityDateTime",
    .page_size = 1000,
    .permissions = read_permissions,
    .columns = columns,
    .children = children,
};

}  // namespace cloudpcd::schema::entries
