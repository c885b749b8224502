#include "sync/mirror/requests.hpp"

#include <doctest/doctest.h>

using namespace cloudpcd;
using namespace cloudpcd::mirror;

namespace {

const schema::Collection& collection(std::string_view table)
{
    const auto* found = schema::find_collection(table);
    REQUIRE(found != nullptr);
    return *found;
}

Error refusal(std::string message, int status = 400)
{
    return {.code = Errc::rejected, .message = std::move(message), .http_status = status};
}

bool contains(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE("requests: a list names version, path and what Graph gives only to who asks")
{
    const auto cloud_pcs = list_target(collection("cloud_pcs"), {});
    CHECK(cloud_pcs.starts_with("/beta/deviceManagement/virtualEndpoint/cloudPCs?$select=id,"));
    CHECK(contains(cloud_pcs, ",lastLoginResult,"));
    CHECK(contains(cloud_pcs, "&$top=1000"));
    CHECK(contains(list_target(collection("provisioning_policies"), {}), "$expand=assignments"));
    CHECK(list_target(collection("managed_licenses"), {}) ==
          "/beta/deviceManagement/virtualEndpoint/managedLicenses");
}

TEST_CASE("requests: a window begins at the time itself, encoded")
{
    const auto since = parse_sql_time("2026-11-27 10:00:00.250");
    CHECK(list_target(collection("audit_events"), {}, since) ==
          "/beta/deviceManagement/virtualEndpoint/auditEvents?$filter=activityDateTime%20ge%20"
          "2026-11-27T10%3A00%3A00.250Z&$top=1000");
    CHECK_FALSE(
        contains(list_target(collection("audit_events"), {.filter = true}, since), "$filter"));
}

TEST_CASE("requests: one object is asked for as the list is, its id encoded")
{
    const auto target = object_target(collection("user_settings"), {}, "a/b?c");
    CHECK(target ==
          "/beta/deviceManagement/virtualEndpoint/userSettings/a%2Fb%3Fc?$expand=assignments");
    CHECK(list_quota(collection("cloud_pcs")) == graph::QuotaClass::cloud_pc_list);
    CHECK(object_quota(collection("cloud_pcs")) == graph::QuotaClass::cloud_pc_get);
    CHECK(object_quota(collection("user_settings")) == graph::QuotaClass::other);
}

TEST_CASE("requests: the probe asks for everything that comes without $select")
{
    CHECK(probe_target(collection("cloud_pcs")) ==
          "/beta/deviceManagement/virtualEndpoint/cloudPCs?$top=20");
}

TEST_CASE("requests: a name that Graph refuses is left out, the others stay")
{
    const auto& cloud_pcs = collection("cloud_pcs");
    Refusals refusals;
    REQUIRE(learn_refusal(cloud_pcs,
                          refusal("Could not find a property named 'allotmentDisplayName' on type "
                                  "'microsoft.graph.cloudPC'."),
                          false, refusals));
    CHECK(refusals.names == std::vector<std::string>{"allotmentDisplayName"});
    const auto target = list_target(cloud_pcs, refusals);
    CHECK_FALSE(contains(target, "allotmentDisplayName"));
    CHECK(contains(target, "lastLoginResult"));
    CHECK(contains(target, "$top"));
    CHECK_FALSE(contains(object_target(cloud_pcs, refusals, "x"), "allotmentDisplayName"));
}

TEST_CASE("requests: an ordinary word of the message is no name of a property")
{
    const auto& cloud_pcs = collection("cloud_pcs");
    Refusals refusals;
    REQUIRE(learn_refusal(cloud_pcs, refusal("The status of the request id is invalid."), false,
                          refusals));
    CHECK(refusals.names.empty());
    CHECK(refusals.top == 500);
    Refusals quoted;
    REQUIRE(learn_refusal(cloud_pcs, refusal("Unknown property \"status\""), false, quoted));
    CHECK(quoted.names == std::vector<std::string>{"status"});
}

TEST_CASE("requests: a smaller $top is tried down to none, and then nothing more is left out")
{
    const auto& cloud_pcs = collection("cloud_pcs");
    Refusals refusals;
    for (const auto* smaller : {"&$top=500", "&$top=200", "&$top=100"}) {
        CHECK(learn_refusal(cloud_pcs, refusal("Invalid page size."), false, refusals));
        CHECK(list_target(cloud_pcs, refusals).ends_with(smaller));
    }
    CHECK(learn_refusal(cloud_pcs, refusal("Invalid page size."), false, refusals));
    CHECK_FALSE(contains(list_target(cloud_pcs, refusals), "$top"));
    CHECK_FALSE(learn_refusal(cloud_pcs, refusal("Invalid page size."), false, refusals));
    Refusals none;
    CHECK_FALSE(learn_refusal(collection("managed_licenses"), refusal("?"), false, none));
    CHECK_FALSE(learn_refusal(cloud_pcs, refusal("Forbidden", 403), false, none));
    CHECK(none.empty());
}

TEST_CASE("requests: a filter that Graph refuses is left out before or after $top")
{
    const auto& events = collection("audit_events");
    Refusals named;
    CHECK(learn_refusal(events, refusal("The $filter is not supported."), true, named));
    CHECK(named.filter);
    CHECK_FALSE(named.top);
    Refusals unnamed;
    int tries = 0;
    while (learn_refusal(events, refusal("Not implemented", 501), true, unnamed))
        ++tries;
    CHECK(tries == 5);
    CHECK(unnamed.filter);
    CHECK(unnamed.top == 0);
}

TEST_CASE("requests: refusals are remembered for this version only")
{
    const Refusals refusals{.names = {"a", "b"}, .top = 200, .filter = true};
    const auto state = to_state(refusals);
    CHECK(refusals_of_state(state) == refusals);
    auto other = state;
    other.replace(other.find("\"version\":\"") + 11, 1, "x");
    CHECK(refusals_of_state(other).empty());
    CHECK(refusals_of_state("no JSON").empty());
    CHECK(refusals_of_state("[]").empty());
}
