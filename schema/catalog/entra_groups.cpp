// Facts: Graph reference (v1.0), pages group-delta and resource group.

#include "schema/catalog/entries.hpp"

namespace cloudpcd::schema::entries {

namespace {

using enum ColumnType;

constexpr Column columns[] = {
    {"description", text, "What the group is for."},
    {"displayName", text, "Name of the group."},
    {"groupTypes", json, "`DynamicMembership`, `Unified` or neither."},
    {"mail", text_nocase, "Address of the group; NULL without one."},
    {"membershipRule", text, "Rule by which a dynamic group takes its members; NULL for others."},
    {"securityEnabled", boolean, "Whether the group is a security group."},
};

}  // namespace

constinit const Collection entra_groups{
    .table = "entra_groups",
    .path = "/groups",
    .entity_type = "group",
    .description = "The groups of the tenant; `entra_group_members` has their members.",
    .documentation = "group-delta",
    .group = Group::entra,
    .strategy = Strategy::delta,
    .version = ApiVersion::v1_0,
    .deletes = DeleteRule::told,
    .select = true,
    .permissions = group_permissions,
    .columns = columns,
};

}  // namespace cloudpcd::schema::entries
