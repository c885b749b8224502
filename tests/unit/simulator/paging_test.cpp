#include "client.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace graphsim;
using namespace graphsim::test;

namespace {

TenantOptions small_pages()
{
    return {.cloud_pcs = 50, .odd_data = false, .page_size_default = 10};
}

std::string next_link(const json::object& page)
{
    const auto* link = page.if_contains("@odata.nextLink");
    return link == nullptr ? "" : text(*link);
}

bool contains(const std::vector<std::string>& list, const std::string& wanted)
{
    return std::ranges::find(list, wanted) != list.end();
}

}  // namespace

TEST_CASE("paging: every object once, the query repeated in an opaque link")
{
    Client client{small_pages()};
    const auto first = client.read("cloudPCs?$select=status");
    const auto link = next_link(first);
    CHECK(link.find("$select=status&$skiptoken=") != std::string::npos);
    const auto second = client.read(link);
    CHECK_FALSE(second.at("value").at(0).as_object().contains("displayName"));
    const auto found = ids(client.list("cloudPCs"));
    CHECK(found.size() == 50);
    CHECK(std::set<std::string>{found.begin(), found.end()}.size() == 50);
}

TEST_CASE("paging: Prefer is not carried by the link")
{
    Client client{small_pages()};
    const auto id = client.tenant.add("cloudPCs", R"({"status":"preparing"})");
    auto page = client.read("cloudPCs?$top=50", prefer);
    page = client.read(next_link(page));
    CHECK(text(page.at("value").at(0).at("id")) == id);
    CHECK(page.at("value").at(0).at("status") == "unknownFutureValue");
}

TEST_CASE("paging: unknown, expired and foreign tokens are refused")
{
    Client client{small_pages()};
    CHECK(client.error_code("cloudPCs?$skiptoken=7d4e1527-fe5a-4d86-81eb-2c532ac567ce") ==
          "400 BadRequest");
    const auto link = next_link(client.read("cloudPCs"));
    const auto token = link.substr(link.find("$skiptoken="));
    CHECK(client.error_code("snapshots?" + token) == "400 BadRequest");
    CHECK(client.get(link).status == 200);
    client.advance(std::chrono::hours{2});
    client.sign_in();
    CHECK(client.get(link).status == 400);
    const auto other = next_link(client.read("cloudPCs"));
    client.tenant.expire_cursors();
    CHECK(client.get(other).status == 400);
}

TEST_CASE("paging: the link out of a retried page can be dead")
{
    auto options = small_pages();
    options.retried_page_link_dies = true;
    Client client{options};
    const auto link = next_link(client.read("cloudPCs"));
    const auto good = next_link(client.read(link));
    const auto bad = next_link(client.read(link));
    CHECK(client.get(bad).status == 400);
    CHECK(client.get(good).status == 200);
    CHECK(client.get(next_link(client.read(link))).status == 200);
}

TEST_CASE("paging: live cursors lose an object when an earlier one goes")
{
    Client client{small_pages()};
    const auto all = ids(client.list("cloudPCs"));
    const auto first = client.read("cloudPCs");
    client.tenant.remove("cloudPCs", all[3]);
    const auto rest = ids(client.list(next_link(first)));
    CHECK(rest.size() == 39);
    CHECK_FALSE(contains(rest, all[10]));
    CHECK(client.get("cloudPCs/" + all[10]).status == 200);
}

TEST_CASE("paging: snapshot cursors show the list as it was")
{
    auto options = small_pages();
    options.cursors = CursorKind::snapshot;
    Client client{options};
    const auto all = ids(client.list("cloudPCs"));
    const auto first = client.read("cloudPCs");
    client.tenant.remove("cloudPCs", all[3]);
    client.tenant.remove("cloudPCs", all[30]);
    client.tenant.modify("cloudPCs", all[40], R"({"displayName":"later"})");
    const auto rest = client.list(next_link(first));
    CHECK(ids(rest) == std::vector<std::string>{all.begin() + 10, all.end()});
    CHECK(rest[30].at("displayName") != "later");
}

TEST_CASE("paging: a hidden object is missing from one list, and there by its id")
{
    Client client{small_pages()};
    const auto id = client.tenant.objects("cloudPCs")[25].id;
    CHECK(client.tenant.hide_from_list("cloudPCs", id, 2));
    for (int i = 0; i < 2; ++i) {
        const auto found = ids(client.list("cloudPCs"));
        CHECK(found.size() == 49);
        CHECK_FALSE(contains(found, id));
        CHECK(client.get("cloudPCs/" + id).status == 200);
    }
    CHECK(contains(ids(client.list("cloudPCs")), id));
    CHECK(client.tenant.size("cloudPCs") == 50);
    CHECK_FALSE(client.tenant.hide_from_list("cloudPCs", "none"));
}

TEST_CASE("paging: audit events come newest first, late ones when they are visible")
{
    Client client{{.cloud_pcs = 5, .audit_events = 30, .page_size_default = 10}};
    const auto now = client.tenant.now();
    const auto late = client.tenant.add_late_audit_event(now - std::chrono::hours{6},
                                                         now + std::chrono::minutes{10});
    CHECK(ids(client.list("auditEvents")).size() == 30);
    CHECK(client.get("auditEvents/" + late).status == 404);
    CHECK(client.tenant.size("auditEvents") == 30);
    CHECK_FALSE(client.tenant.object("auditEvents", late));
    client.advance(std::chrono::minutes{10});
    CHECK(ids(client.list("auditEvents")).front() == late);
    const auto since = client.list("auditEvents?$filter=activityDateTime%20ge%20" +
                                   rfc3339(now - std::chrono::hours{7}));
    CHECK(contains(ids(since), late));
    const auto added = client.tenant.add_audit_events(3);
    CHECK(added.size() == 3);
    CHECK(ids(client.list("auditEvents")).front() == added.back());
}
