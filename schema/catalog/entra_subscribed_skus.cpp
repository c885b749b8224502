// Facts: Graph reference (v1.0), pages subscribedsku-list and resource subscribedSku.

#include "schema/catalog/entries.hpp"

namespace cloudpcd::schema::entries {

namespace {

using enum ColumnType;

constexpr Column columns[] = {
    {"accountId", text, "Account that the subscription belongs to."},
    {"accountName", text, "Name of that account."},
    {"appliesTo", text, "Whether the license is for a `User` or the `Company`."},
    {"capabilityStatus", text, "`Enabled`, `Warning`, `Suspended`, `Deleted` or `LockedOut`."},
    {"consumedUnits", integer, "Licenses that are assigned."},
    {"prepaidUnits.enabled", integer, "Licenses that can be assigned."},
    {"prepaidUnits.lockedOut", integer,
     "Licenses that were locked because the subscription ended."},
    {"prepaidUnits.suspended", integer, "Licenses that are suspended and cannot be assigned."},
    {"prepaidUnits.warning", integer,
     "Licenses whose subscription has expired, in its grace period."},
    {"servicePlans", json, "Service plans of the license; `servicePlanId` is that of `cloud_pcs`."},
    {"skuId", text, "Id of the license: `skuId` in the licenses of users."},
    {"skuPartNumber", text, "Short name of the license."},
    {"subscriptionIds", json, "Subscriptions that the license was bought with."},
};

constexpr std::string_view permissions[] = {"LicenseAssignment.Read.All", "Organization.Read.All",
                                            "Directory.Read.All"};

}  // namespace

constinit const Collection entra_subscribed_skus{
    .table = "entra_subscribed_skus",
    .path = "/subscribedSkus",
    .entity_type = "subscribedSku",
    .description = "The licenses that the tenant has bought, and how many of them are assigned.",
    .documentation = "subscribedsku-list",
    .group = Group::entra,
    .version = ApiVersion::v1_0,
    .permissions = permissions,
    .columns = columns,
};

}  // namespace cloudpcd::schema::entries
