#include "schema/request.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

using namespace cloudpcd::schema;

namespace {

std::vector<std::string> selected(std::string_view table)
{
    const auto* entry = find_collection(table);
    REQUIRE(entry != nullptr);
    return select_properties(*entry);
}

bool has(const std::vector<std::string>& names, std::string_view name)
{
    return std::ranges::count(names, name) > 0;
}

}  // namespace

TEST_CASE("request: $select names whole properties, the id first, each once")
{
    for (const auto& entry : catalog()) {
        CAPTURE(entry.table);
        const auto names = select_properties(entry);
        CHECK(names.front() == "id");
        CHECK(std::set<std::string>{names.begin(), names.end()}.size() == names.size());
        for (const auto& name : names)
            CHECK(name.find_first_of(".@") == std::string::npos);
    }
    const auto names = selected("cloud_pcs");
    CHECK(names.size() == 42);  // 41 properties and the id
    for (const auto* name : {"lastRemoteActionResult", "connectivityResult", "lastLoginResult",
                             "productType", "allotmentDisplayName", "status", "userPrincipalName"})
        CHECK(has(names, name));
}

TEST_CASE("request: $select leaves out what is expanded, what has no name, and secrets")
{
    CHECK_FALSE(has(selected("provisioning_policies"), "assignments"));
    CHECK_FALSE(has(selected("bulk_actions"), "@odata.type"));
    const auto names = selected("on_premises_connections");
    CHECK_FALSE(has(names, "adDomainPassword"));
    // The detail has columns and a child table; the second comes with the first.
    CHECK(has(names, "healthCheckStatusDetail"));
    CHECK(has(selected("audit_events"), "resources"));
}

TEST_CASE("request: a delta function is asked for what its tables have, members included")
{
    CHECK(selected("entra_users") ==
          std::vector<std::string>{"id", "accountEnabled", "assignedLicenses", "department",
                                   "displayName", "jobTitle", "mail", "usageLocation",
                                   "userPrincipalName"});
    CHECK(selected("entra_groups") ==
          std::vector<std::string>{"id", "description", "displayName", "groupTypes", "mail",
                                   "membershipRule", "securityEnabled", "members"});
    CHECK(selected("entra_devices") ==
          std::vector<std::string>{"id", "accountEnabled", "approximateLastSignInDateTime",
                                   "deviceId", "displayName", "isCompliant", "isManaged",
                                   "operatingSystem", "operatingSystemVersion", "trustType"});
    CHECK(read_path(*find_collection("entra_users")) == "/users/delta");
    CHECK(read_path(*find_collection("entra_subscribed_skus")) == "/subscribedSkus");
}

TEST_CASE("request: the version is the first segment of the path")
{
    CHECK(version_segment(ApiVersion::v1_0) == "v1.0");
    CHECK(version_segment(ApiVersion::beta) == "beta");
}
