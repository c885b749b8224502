// The groups `intune` and `entra`, read by the built daemon over TLS.

#include "tests/integration/daemon/installation.hpp"
#include "tests/support/mirror_check.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>

using namespace cloudpcd::test;
namespace faults = graphsim::faults;

namespace {

constexpr std::string_view all_groups = "[sync]\ninclude = [\"cloudpc\", \"intune\", \"entra\"]\n";

void check_equal(Installation& installation)
{
    std::string text;
    for (const auto& line : installation.differences())
        text += line + "\n";
    auto mirror = installation.mirror();
    for (const auto& line : replay_differences(mirror))
        text += line + "\n";
    CHECK_MESSAGE(text.empty(), text);
}

void check_once(Installation& installation)
{
    const int status = installation.once();
    REQUIRE_MESSAGE(status == 0, installation.errors());
}

graphsim::ChurnOptions churn()
{
    return {.modified = 0.1,
            .removed = 0.02,
            .added = 0.05,
            .sets = {"users", "groups", "devices", "managedDevices"}};
}

}  // namespace

TEST_CASE("directory: all groups equal the tenant, after changes and after a resync too")
{
    Installation installation{{.cloud_pcs = 200,
                               .audit_events = 100,
                               .snapshots = 50,
                               .users = 500,
                               .groups = 40,
                               .devices = 300,
                               .delta = {.members_per_item = 50, .removed_in_initial = true}}};
    installation.configure(std::string{all_groups});
    check_once(installation);
    check_equal(installation);
    CHECK(installation.one("SELECT count(*) FROM freshness WHERE resource LIKE 'entra_%' OR "
                           "resource LIKE 'intune_%'") == "5");
    // Cloud PCs, devices and users find one another.
    CHECK(std::stoi(installation.one(
              "SELECT count(*) FROM cloud_pcs c JOIN intune_managed_devices m ON m.id = "
              "c.managed_device_id JOIN entra_devices d ON d.device_id = c.aad_device_id JOIN "
              "entra_users u ON u.user_principal_name = c.user_principal_name")) > 50);

    for (int round = 0; round < 2; ++round) {
        installation.server().with_tenant([](graphsim::Tenant& tenant) {
            tenant.churn(churn());
            tenant.clear_requests();
        });
        check_once(installation);
        check_equal(installation);
        installation.server().with_tenant([](graphsim::Tenant& tenant) {
            for (const auto& request : tenant.requests().entries())
                CHECK(request.target.find("/delta?$select") == std::string::npos);
        });
    }

    installation.server().with_tenant([](graphsim::Tenant& tenant) {
        tenant.churn({.modified = 0.1,
                      .removed = 0.01,
                      .added = 0.05,
                      .sets = {"users", "groups", "devices", "managedDevices"}});
        tenant.expire_delta_tokens();
    });
    check_once(installation);
    check_equal(installation);
    CHECK(installation.errors().find("token=") == std::string::npos);
}

TEST_CASE("directory: a killed daemon goes on with its first fill, and with its links")
{
    Installation installation{{.cloud_pcs = 5,
                               .audit_events = 0,
                               .snapshots = 0,
                               .users = 600,
                               .groups = 60,
                               .devices = 300,
                               .page_size_default = 20}};
    installation.configure(std::string{all_groups});
    int killed = 0;
    for (int round = 0; round < 12; ++round) {
        const auto process = installation.start({"--once"});
        const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds{60 * round};
        while (process->running() && std::chrono::steady_clock::now() < until) {
        }
        if (process->running()) {
            process->signal(SIGKILL);
            ++killed;
        }
        process->wait();
        installation.server().with_tenant([](graphsim::Tenant& tenant) { tenant.churn(churn()); });
    }
    CHECK(killed > 0);
    check_once(installation);
    check_once(installation);  // a full list that went on at a link saw older pages before
    check_equal(installation);
}

TEST_CASE("directory: memory does not grow with the size of groups and tenant")
{
    const auto peak = [](std::size_t factor) {
        Installation installation{{.cloud_pcs = 5,
                                   .audit_events = 0,
                                   .snapshots = 0,
                                   .users = 10'000 * factor,
                                   .groups = 20,
                                   .devices = 1000}};
        installation.configure(std::string{all_groups});
        check_once(installation);
        installation.server().with_tenant(
            [](graphsim::Tenant& tenant) { tenant.expire_delta_tokens(); });
        check_once(installation);  // all of it staged before one transaction
        CHECK(installation.one("SELECT count(*) FROM entra_users") ==
              std::to_string(10'000 * factor));
        return installation.peak_kib();
    };
    constexpr long mib = 1024;
    const auto small = peak(1);
    const auto large = peak(2);
    MESSAGE("peak resident set: ", small / mib, " MiB, of twice the tenant ", large / mib, " MiB");
    CHECK(large < 64 * mib);
    CHECK(large < small + 6 * mib);
}

TEST_CASE("directory: each table wants its own permission, and skips alone")
{
    Installation installation{{.cloud_pcs = 5, .audit_events = 0, .snapshots = 0}};
    installation.configure(std::string{all_groups});
    installation.server().with_tenant(
        [](graphsim::Tenant& tenant) { tenant.set_roles({"CloudPC.Read.All", "User.Read.All"}); });
    check_once(installation);
    CHECK(installation.one("SELECT group_concat(resource) FROM (SELECT resource FROM freshness "
                           "WHERE degraded_reason IS NOT NULL ORDER BY resource)") ==
          "entra_devices,entra_groups,entra_subscribed_skus,intune_managed_devices");
    CHECK(installation.one("SELECT count(*) FROM entra_users") == "20");
}

TEST_CASE("directory: nothing of it is read unless it is included")
{
    Installation installation{{.cloud_pcs = 5, .audit_events = 0, .snapshots = 0}};
    check_once(installation);
    CHECK(installation.one("SELECT count(*) FROM entra_users") == "0");
    CHECK(installation.one("SELECT count(*) FROM entra_group_members") == "0");
    CHECK(installation.one("SELECT count(*) FROM sync_runs WHERE resource LIKE 'entra_%'") == "0");
    installation.server().with_tenant([](graphsim::Tenant& tenant) {
        for (const auto& request : tenant.requests().entries())
            CHECK(request.target.find("/users") == std::string::npos);
    });
}
