// What the mirror is for: after a read it equals the tenant, whatever the tenant is like.

#include "tests/integration/daemon/installation.hpp"
#include "tests/support/mirror_check.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

using namespace cloudpcd::test;

namespace {

std::string joined(const std::vector<std::string>& lines)
{
    std::string text;
    for (const auto& line : lines)
        text += line + "\n";
    return text;
}

void check_equal(Installation& installation)
{
    const auto found = installation.differences();
    CHECK_MESSAGE(found.empty(), joined(found));
}

void check_replay(Installation& installation)
{
    auto mirror = installation.mirror();
    const auto found = replay_differences(mirror);
    CHECK_MESSAGE(found.empty(), joined(found));
}

void check_once(Installation& installation)
{
    const int status = installation.once();
    REQUIRE_MESSAGE(status == 0, installation.errors());
}

}  // namespace

TEST_CASE("mirror: equals the tenant after a read, and again after changes")
{
    Installation installation{{.cloud_pcs = 2000, .audit_events = 20'000, .snapshots = 1000}};
    check_once(installation);
    check_equal(installation);
    check_replay(installation);

    const auto changed = installation.server().with_tenant([](graphsim::Tenant& tenant) {
        return tenant.churn(
            {.modified = 0.05, .removed = 0.02, .added = 0.02, .hidden = 3, .audit_events = 500});
    });
    REQUIRE(changed.removed.at("cloudPCs").size() > 20);
    REQUIRE(changed.hidden.at("cloudPCs").size() == 3);
    check_once(installation);
    check_once(installation);  // snapshots are gone when a second list lacks them
    check_equal(installation);
    check_replay(installation);

    // What was superseded is in history, and nothing else.
    const auto versions = [&](std::string_view ended_by) {
        return std::stoul(installation.one(fmt::format(
            "SELECT count(*) FROM history WHERE resource = 'cloud_pcs' AND ended_by = '{}'",
            ended_by)));
    };
    CHECK(versions("delete") == changed.removed.at("cloudPCs").size());
    CHECK(versions("update") == changed.modified.at("cloudPCs").size());
    CHECK(installation.one("SELECT count(*) FROM history WHERE resource = 'audit_events'") == "0");
}

TEST_CASE("mirror: a read without changes writes no row of any resource table or of history")
{
    Installation installation{{.cloud_pcs = 300, .audit_events = 2000, .snapshots = 300}};
    check_once(installation);
    auto mirror = installation.mirror();
    const auto before = fingerprint(mirror);
    const auto last_seq = one(mirror, "SELECT value FROM meta WHERE key = 'last_seq'");
    const auto drift = one(mirror, "SELECT sum(count) FROM schema_drift");
    check_once(installation);
    CHECK(fingerprint(mirror) == before);
    CHECK(one(mirror, "SELECT value FROM meta WHERE key = 'last_seq'") == last_seq);
    CHECK(one(mirror, "SELECT sum(count) FROM schema_drift") == drift);
    CHECK(one(mirror, "SELECT count(*) FROM sync_runs WHERE outcome = 'complete'") == "38");
}

TEST_CASE("mirror: memory stays within 64 MiB and does not grow with the tenant")
{
    const auto peak_of_first_read = [](std::size_t factor) {
        Installation installation{
            {.cloud_pcs = 20'000 * factor, .audit_events = 200'000 * factor, .snapshots = 100}};
        check_once(installation);
        CHECK(installation.one("SELECT count(*) FROM audit_events") ==
              std::to_string(200'000 * factor));
        return installation.peak_kib();
    };
    constexpr long mib = 1024;
    const auto small = peak_of_first_read(1);
    const auto large = peak_of_first_read(2);
    MESSAGE("peak resident set: ", small / mib, " MiB, of twice the tenant ", large / mib, " MiB");
    REQUIRE(small > 0);
    CHECK(small < 64 * mib);
    CHECK(large < 64 * mib);
    CHECK(large < small + 6 * mib);
}

TEST_CASE("mirror: a file of an interrupted first read goes on, and killed reads leave it sound")
{
    Installation installation{
        {.cloud_pcs = 1500, .audit_events = 6000, .snapshots = 500, .page_size_max = 100}};
    int killed = 0;
    for (int round = 0; round < 25; ++round) {
        const auto process = installation.start({"--once"});
        // A little later each time, so that the kills fall all over the read.
        const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds{12 * round};
        while (process->running() && std::chrono::steady_clock::now() < until) {
        }
        if (process->running()) {
            process->signal(SIGKILL);
            ++killed;
        }
        process->wait();
        if (std::filesystem::exists(installation.mirror_path())) {
            CHECK(installation.one("PRAGMA integrity_check") == "ok");
            CHECK(installation.one("SELECT count(*) FROM pragma_foreign_key_check") == "0");
        }
        installation.server().with_tenant(
            [](graphsim::Tenant& tenant) { tenant.churn({.audit_events = 5}); });
    }
    CHECK(killed >= 10);
    for (int i = 0; i < 3; ++i)
        check_once(installation);
    check_equal(installation);
    check_replay(installation);
}

TEST_CASE("mirror: secrets and tokens are nowhere in the state directory or the log")
{
    Installation installation{{.token_lifetime = std::chrono::seconds{60}}};
    installation.configure("[log]\nlevel = \"trace\"");
    installation.server().with_tenant([](graphsim::Tenant& tenant) {
        // Graph never sends it back; should it do so one day, it lands nowhere.
        tenant.faults().add(graphsim::faults::effect(
            "onPremisesConnections", graphsim::Effect::insert_item,
            R"({"id":"0-canary","adDomainPassword":"canary~password~4K1","displayName":"x"})"));
        tenant.faults().add(graphsim::faults::status("snapshots", 500, "", 2));
    });
    installation.once();
    const auto log = installation.errors();
    CHECK(installation.one("SELECT raw FROM on_premises_connections WHERE id = '0-canary'") ==
          R"({"id":"0-canary","displayName":"x"})");
    REQUIRE(log.find("client_request_id") != std::string::npos);
    std::vector<std::pair<std::string, std::string>> texts{{"log", log}};
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator{installation.directory() / "state"}) {
        if (entry.is_regular_file())
            texts.emplace_back(entry.path().string(), read_file(entry.path()));
    }
    REQUIRE(texts.size() >= 2);
    for (const auto& [name, text] : texts) {
        CHECK_MESSAGE(text.find(canary_secret) == std::string::npos, name);
        CHECK_MESSAGE(text.find("canary~password~4K1") == std::string::npos, name);
        CHECK_MESSAGE(text.find("eyJ") == std::string::npos, name);  // how every JWT begins
        CHECK_MESSAGE(text.find("Bearer ") == std::string::npos, name);
    }
}
