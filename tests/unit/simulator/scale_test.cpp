#include "client.hpp"

#include <doctest/doctest.h>

using namespace graphsim;
using namespace graphsim::test;

TEST_CASE("scale: five thousand Cloud PCs in pages of a thousand")
{
    Client client{{.cloud_pcs = 5000, .audit_events = 5000, .snapshots = 1000}};
    CHECK(client.list("cloudPCs?$top=1000").size() == 5000);
    CHECK(client.tenant.requests().count("GET",
                                         "/beta/deviceManagement/virtualEndpoint/cloudPCs") == 5);
    const auto recent = client.list("auditEvents?$top=1000&$filter=activityDateTime%20ge%20" +
                                    rfc3339(client.tenant.now() - std::chrono::hours{24}));
    CHECK(recent.size() > 40);
    CHECK(recent.size() < 80);
}
