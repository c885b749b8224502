// Facts: Graph reference (v1.0), pages user-delta and resource user.

#include "schema/catalog/entries.hpp"

namespace cloudpcd::schema::entries {

namespace {

using enum ColumnType;

constexpr Column columns[] = {
    {"accountEnabled", boolean, "Whether the account can sign in."},
    {"assignedLicenses", json, "Licenses of the user: `skuId` and `disabledPlans` of each."},
    {"department", text, "Department in which the user works."},
    {"displayName", text, "Name of the user in the address book."},
    {"jobTitle", text, "Title of the user."},
    {"mail", text_nocase, "Address of the user; NULL without a mailbox."},
    {"usageLocation", text, "Two-letter country that licenses are assigned for."},
    {.property = "userPrincipalName",
     .type = text_nocase,
     .description = "Name the user signs in with; `user_principal_name` in `cloud_pcs`.",
     .indexed = true},
};

constexpr std::string_view permissions[] = {"User.Read.All"};

}  // namespace

constinit const Collection entra_users{
    .table = "entra_users",
    .path = "/users",
    .entity_type = "user",
    .description = "The users of the tenant, with the licenses they have.",
    .documentation = "user-delta",
    .group = Group::entra,
    .strategy = Strategy::delta,
    .version = ApiVersion::v1_0,
    .deletes = DeleteRule::told,
    .select = true,
    .permissions = permissions,
    .columns = columns,
};

}  // namespace cloudpcd::schema::entries
