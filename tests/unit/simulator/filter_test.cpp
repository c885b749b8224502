#include "client.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <set>
#include <utility>

using namespace graphsim;
using namespace graphsim::test;

namespace {

/// Four Cloud PCs, a to d, and nothing else in the set.
struct Fixture {
    Client client{{.cloud_pcs = 0, .audit_events = 0, .snapshots = 0}};

    Fixture()
    {
        auto& tenant = client.tenant;
        tenant.add("cloudPCs", R"({"id":"a","displayName":"O'Brien","status":"failed",
            "isDisasterRecoveryActive":true,"lastModifiedDateTime":"2026-01-01T00:00:00Z",
            "userDetail":{"userId":"u1"}})");
        tenant.add("cloudPCs", R"({"id":"b","displayName":"Berta","status":"provisioned",
            "isDisasterRecoveryActive":false,"lastModifiedDateTime":"2026-01-01T08:00:00+08:00"})");
        tenant.add("cloudPCs", R"({"id":"c","displayName":null,"status":"provisioned",
            "lastModifiedDateTime":"2026-01-01T00:00:00.0000001Z","userDetail":null})");
        tenant.add("cloudPCs", R"({"id":"d","displayName":"Dora","status":"resizing",
            "lastModifiedDateTime":"no date","userDetail":{"userId":"u2"}})");
        tenant.add("servicePlans", R"({"id":"small","ramInGB":1})");
    }

    std::string find(const std::string& filter, const std::string& set = "cloudPCs")
    {
        std::string found;
        for (const auto& id : ids(client.list(set + "?$filter=" + percent_encode(filter))))
            found += id;
        return found;
    }

    std::string refusal(const std::string& filter)
    {
        return client.error_code("cloudPCs?$filter=" + percent_encode(filter));
    }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "filter: comparisons by type")
{
    CHECK(find("status eq 'provisioned'") == "bc");
    CHECK(find("status ne 'provisioned'") == "ad");
    CHECK(find("displayName eq 'O''Brien'") == "a");
    CHECK(find("displayName gt 'C'") == "ad");
    CHECK(find("displayName eq null") == "c");
    CHECK(find("displayName ne null") == "abd");
    CHECK(find("isDisasterRecoveryActive eq true") == "a");
    CHECK(find("isDisasterRecoveryActive eq false") == "b");
    CHECK(find("id eq 'd'") == "d");
    CHECK(find("ramInGB lt 2", "servicePlans") == "small");
    CHECK(find("ramInGB ge 1 and id eq 'small'", "servicePlans") == "small");
}

TEST_CASE_FIXTURE(Fixture, "filter: instants are compared whatever their spelling")
{
    CHECK(find("lastModifiedDateTime eq 2026-01-01T00:00:00Z") == "ab");
    CHECK(find("lastModifiedDateTime ge 2026-01-01T01:00:00+01:00") == "abc");
    CHECK(find("lastModifiedDateTime gt 2026-01-01T00:00:00.0Z") == "c");
    CHECK(find("lastModifiedDateTime le 2026-01-01") == "ab");
    CHECK(find("lastModifiedDateTime lt 2027-01-01T00:00:00Z") == "abc");
}

TEST_CASE_FIXTURE(Fixture, "filter: and binds before or, not before both")
{
    CHECK(find("id eq 'a' or id eq 'b' and status eq 'failed'") == "a");
    CHECK(find("(id eq 'a' or id eq 'b') and status eq 'provisioned'") == "b");
    CHECK(find("not (status eq 'provisioned')") == "ad");
    CHECK(find("not status eq 'provisioned' and not (id eq 'd')") == "a");
    CHECK(find("id in ('a', 'd','x')") == "ad");
    CHECK(find("userDetail/userId eq 'u2'") == "d");
    CHECK(find("userDetail/userId eq null") == "bc");
}

TEST_CASE_FIXTURE(Fixture, "filter: what is not understood is refused")
{
    for (const auto* filter :
         {"", "status", "status eq", "status eq 'a", "status eq provisioned", "(id eq 'a'",
          "id eq 'a' id eq 'b'", "noSuchThing eq 1", "userDetail/none eq 'a'", "status/none eq 'a'",
          "lastModifiedDateTime ge '2026-01-01T00:00:00Z'", "displayName eq 7",
          "isDisasterRecoveryActive eq 'true'", "id in 'a'"}) {
        CAPTURE(filter);
        CHECK(refusal(filter) == "400 BadRequest");
    }
    for (const auto* filter : {"startswith(displayName,'a')", "status has 'a'", "scopeIds eq 'a'",
                               "partnerAgentInstallResults/any(x:x eq 1)"}) {
        CAPTURE(filter);
        CHECK(refusal(filter).starts_with("400"));
    }
    CHECK(refusal(std::string(5000, '(')) == "400 BadRequest");
}
