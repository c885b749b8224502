// Facts: Graph reference (v1.0), page group-delta: what comes as members@delta.

#include "schema/catalog/entries.hpp"

namespace cloudpcd::schema::entries {

namespace {

using enum ColumnType;

constexpr Column columns[] = {
    {.property = "groupId",
     .type = text,
     .description = "The group: `id` in `entra_groups`.",
     .indexed = true},
    {"memberId", text, "The member: `id` in `entra_users`, `entra_devices` or `entra_groups`."},
    {"memberType", text,
     "What the member is: `user`, `device`, `group`, `servicePrincipal` and others."},
};

}  // namespace

constinit const Collection entra_group_members{
    .table = "entra_group_members",
    .path = "/groups",
    .entity_type = "directoryObject",
    .description =
        "Direct members of groups, one row each. `id` is `group_id`, `_` and `member_id`; "
        "`raw` is made of the columns. Runs and freshness are those of `entra_groups`.",
    .documentation = "group-delta",
    .group = Group::entra,
    .strategy = Strategy::delta,
    .version = ApiVersion::v1_0,
    .deletes = DeleteRule::told,
    .permissions = group_permissions,
    .columns = columns,
    .links = {.owner = "entra_groups",
              .property = "members",
              .owner_id = "groupId",
              .linked_id = "memberId",
              .linked_type = "memberType"},
};

}  // namespace cloudpcd::schema::entries
