// A service that misbehaves, over real sockets: nothing is deleted, nothing is half applied, the
// tables that are not concerned go on, and `freshness` says what happened.

#include "tests/integration/daemon/installation.hpp"
#include "tests/support/mirror_check.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace cloudpcd::test;
using graphsim::Effect;
namespace faults = graphsim::faults;

namespace {

/// A tenant of several pages that has been read, then has lost and changed objects.
class Changed {
public:
    Changed() : x_installation{{.cloud_pcs = 450, .audit_events = 300, .page_size_max = 100}}
    {
        REQUIRE(x_installation.once() == 0);
        auto mirror = x_installation.mirror();
        x_ids = one(mirror, "SELECT group_concat(id) FROM (SELECT id FROM cloud_pcs ORDER BY id)");
        x_installation.server().with_tenant([](graphsim::Tenant& tenant) {
            tenant.churn({.modified = 0.05, .removed = 0.01, .added = 0, .sets = {"cloudPCs"}});
            tenant.churn({.modified = 0.05, .removed = 0, .added = 0, .sets = {"snapshots"}});
        });
    }

    void fault(const graphsim::Fault& fault)
    {
        x_installation.server().with_tenant(
            [&](graphsim::Tenant& tenant) { tenant.faults().add(fault); });
    }

    /// The read fails for cloud_pcs alone; nothing is deleted.
    void check_broken(std::string_view outcome = "incomplete")
    {
        CHECK(x_installation.once() == 1);
        INFO(x_installation.errors());
        CHECK(x_installation.errors().find("cloudpcd: cloud_pcs: ") != std::string::npos);
        CHECK(last_outcome("cloud_pcs") == outcome);
        CHECK(last_outcome("snapshots") == "complete");
        CHECK(last_outcome("provisioning_policies") == "complete");
        auto mirror = x_installation.mirror();
        CHECK(one(mirror, "SELECT group_concat(id) FROM (SELECT id FROM cloud_pcs ORDER BY id)") ==
              x_ids);
        CHECK(one(mirror,
                  "SELECT consecutive_failures || ':' || (last_error <> '') FROM freshness "
                  "WHERE resource = 'cloud_pcs'") == "1:1");
        CHECK(one(mirror,
                  "SELECT sum(consecutive_failures) FROM freshness "
                  "WHERE resource <> 'cloud_pcs'") == "0");
    }

    /// Without faults the mirror comes to equal the tenant.
    void check_recovers()
    {
        x_installation.server().with_tenant(
            [](graphsim::Tenant& tenant) { tenant.faults().clear(); });
        CHECK(x_installation.once() == 0);
        const auto found = x_installation.differences();
        CHECK_MESSAGE(found.empty(), (found.empty() ? "" : found.front()));
    }

    Installation& installation() { return x_installation; }

private:
    std::string last_outcome(std::string_view table)
    {
        return x_installation.one(fmt::format(
            "SELECT outcome FROM sync_runs WHERE resource = '{}' ORDER BY run_id DESC LIMIT 1",
            table));
    }

    Installation x_installation;
    std::string x_ids;
};

graphsim::Fault on_page(int page, Effect effect, int times = 1, std::string text = "")
{
    auto fault =
        faults::effect("beta/deviceManagement/virtualEndpoint/cloudPCs?", effect, std::move(text));
    fault.nth = page;
    fault.times = times;
    return fault;
}

}  // namespace

TEST_CASE("faults: a nextLink to another host is not followed, and that host sees no request")
{
    Installation foreign{{.cloud_pcs = 1}, false};
    Changed changed;
    const auto link = foreign.server().endpoint() +
                      "/beta/deviceManagement/virtualEndpoint/cloudPCs?$skiptoken=x";
    changed.fault(on_page(2, Effect::next_link, 1, link));
    changed.check_broken();
    CHECK(foreign.server().connections_accepted() == 0);
    changed.check_recovers();
}

TEST_CASE("faults: what is no page of the list, for as long as it is tried")
{
    for (const auto effect :
         {Effect::truncate_body, Effect::reset_mid_body, Effect::close_without_last_chunk,
          Effect::html_page, Effect::empty_body, Effect::no_content, Effect::malformed_json,
          Effect::value_missing, Effect::value_null, Effect::value_string, Effect::next_link_self,
          Effect::redirect}) {
        CAPTURE(graphsim::to_string(effect));
        Changed changed;
        auto fault = on_page(3, effect, 0);
        fault.status = effect == Effect::redirect ? 302 : fault.status;
        fault.text = effect == Effect::redirect ? changed.installation().server().endpoint() : "";
        changed.fault(fault);
        changed.check_broken();
        changed.check_recovers();
    }
}

TEST_CASE("faults: a list that comes empty is refused")
{
    Changed changed;
    changed.fault(on_page(1, Effect::empty_value, 0));
    changed.check_broken("refused");
    CHECK(changed.installation().one("SELECT degraded_reason LIKE '%empty%' FROM freshness "
                                     "WHERE resource = 'cloud_pcs'") == "1");
    changed.check_recovers();
}

TEST_CASE("faults: a page that fails once is asked for again")
{
    for (const auto effect :
         {Effect::truncate_body, Effect::reset_before_response, Effect::close_without_last_chunk}) {
        CAPTURE(graphsim::to_string(effect));
        Changed changed;
        changed.fault(on_page(2, effect));
        changed.check_recovers();
    }
}

TEST_CASE("faults: storms of 429 and 503 are waited out")
{
    Changed changed;
    changed.fault(faults::throttled("cloudPCs?", "0.3", 4));
    changed.fault(faults::unavailable("snapshots", "1", 3));
    CHECK(changed.installation().once() == 0);
    changed.check_recovers();
}

TEST_CASE("faults: a missing permission skips one table and fails nothing")
{
    Changed changed;
    changed.fault(faults::status("managedLicenses", 403, "Forbidden", 0));
    CHECK(changed.installation().once() == 0);
    CHECK(changed.installation().errors().find("managed_licenses: skipped") != std::string::npos);
    CHECK(changed.installation().one("SELECT degraded_reason LIKE '%CloudPC.Read.All%' "
                                     "FROM freshness WHERE resource = 'managed_licenses'") == "1");
}

TEST_CASE("faults: tokens of a minute, and tokens that are revoked meanwhile")
{
    Installation installation{{.token_lifetime = std::chrono::seconds{60},
                               .cloud_pcs = 450,
                               .audit_events = 500,
                               .page_size_max = 50}};
    auto delayed = faults::effect("auditEvents?", Effect::delay);
    delayed.delay = std::chrono::milliseconds{50};
    delayed.times = 0;
    installation.server().with_tenant([&](graphsim::Tenant& tenant) {
        tenant.faults().add(delayed);
        tenant.faults().add(faults::claims_challenge(
            "skiptoken", R"({"access_token":{"nbf":{"essential":true,"value":"1"}}})"));
    });
    CHECK(installation.once() == 0);
    const auto found = installation.differences();
    CHECK_MESSAGE(found.empty(), (found.empty() ? "" : found.front()));
}
