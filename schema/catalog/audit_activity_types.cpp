// Facts: Graph reference (v1.0), page cloudpcauditevent-getauditactivitytypes.

#include "schema/catalog/entries.hpp"

namespace cloudpcd::schema::entries {

constinit const Collection audit_activity_types{
    .table = "audit_activity_types",
    .path = "/deviceManagement/virtualEndpoint/auditEvents/getAuditActivityTypes",
    .entity_type = "String",
    .description =
        "Types of activity that occur in the audit events of the tenant. `id` is the type itself.",
    .documentation = "cloudpcauditevent-getauditactivitytypes",
    .version = ApiVersion::v1_0,
    .shape = Shape::strings,
    .deletes = DeleteRule::second_list,
    .permissions = read_permissions,
    .columns = {},
};

}  // namespace cloudpcd::schema::entries
