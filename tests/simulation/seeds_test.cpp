// Weather by the number: churn, faults and deaths in any order. Once it is quiet, the mirror equals
// the tenant.
//
// A failing seed is run alone by CLOUDPCD_SEED=N, with the daemon's log by
// CLOUDPCD_SIMULATION_LOG=1; CLOUDPCD_SEEDS=N runs that many more.

#include "tests/simulation/world.hpp"
#include "tests/simulator/random.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>

using namespace cloudpcd::simulation;
using graphsim::Effect;
using graphsim::Random;

namespace {

constexpr std::array any_list{"cloudPCs",     "auditEvents",          "snapshots",
                              "userSettings", "provisioningPolicies", "onPremisesConnections",
                              "bulkActions",  "organizationSettings", "deviceImages",
                              "users/delta",  "groups/delta",         "managedDevices"};

/// What breaks an exchange, of whatever kind.
constexpr std::array breaks{
    Effect::status,        Effect::html_page,      Effect::empty_body,
    Effect::no_content,    Effect::redirect,       Effect::malformed_json,
    Effect::truncate_body, Effect::reset_mid_body, Effect::reset_before_response,
    Effect::hang,          Effect::drip,           Effect::close_without_last_chunk,
    Effect::delay};
constexpr std::array lies_about_the_list{
    Effect::value_missing, Effect::value_null,     Effect::value_object, Effect::value_string,
    Effect::next_link,     Effect::next_link_self, Effect::empty_page,   Effect::next_link_loop,
    Effect::wrong_context, Effect::duplicate_item};
/// Of lists that are read as a whole; what a window or a delta round skips is not looked for again.
constexpr std::array lies_about_objects{Effect::empty_value, Effect::drop_item, Effect::wrong_count,
                                        Effect::duplicate_changed_item, Effect::insert_item};
constexpr std::array statuses{400, 401, 403, 404, 408, 409, 410, 429, 429, 500, 502, 503, 503, 504};
constexpr std::array waits{"", "1", "17", "2.5", "400", "5000"};

WorldOptions options_of(Random& random)
{
    WorldOptions options;
    auto& tenant = options.tenant;
    tenant.cloud_pcs = random.below(30) + 20;
    tenant.audit_events = random.below(40);
    tenant.snapshots = random.below(20) + 12;
    tenant.page_size_max = random.below(20) + 7;
    tenant.page_size_default = random.below(20) + 5;
    tenant.cursors =
        random.chance(0.5) ? graphsim::CursorKind::live : graphsim::CursorKind::snapshot;
    tenant.top_above_max =
        random.pick(std::array{graphsim::TopAboveMax::clamp, graphsim::TopAboveMax::ignore,
                               graphsim::TopAboveMax::reject});
    tenant.retried_page_link_dies = random.chance(0.3);
    tenant.audit_newest_first = random.chance(0.5);
    if (random.chance(0.3))
        tenant.token_lifetime = std::chrono::seconds{60};
    if (random.chance(0.8))
        options.leave_out_catalog_data();
    if (random.chance(0.25))
        options.sync.include = {"cloudpc", "intune", "entra"};
    return options;
}

graphsim::Fault fault_of(Random& random)
{
    graphsim::Fault fault{.path_contains = random.pick(any_list),
                          .nth = static_cast<int>(random.below(6)) + 1,
                          .times = static_cast<int>(random.below(7)) + 1};
    const auto kind = random.below(10);
    if (kind < 6)
        fault.effect = random.pick(breaks);
    else if (kind < 8 || fault.path_contains == "auditEvents" ||
             fault.path_contains.ends_with("/delta"))
        fault.effect = random.pick(lies_about_the_list);
    else
        fault.effect = random.pick(lies_about_objects);
    if (random.chance(0.15))
        fault.path_contains = random.chance(0.5) ? "oauth2" : "";
    // What lies about everything lies about audit events, too.
    if (fault.path_contains.empty() && kind >= 6)
        fault.effect = Effect::malformed_json;
    fault.status = fault.effect == Effect::redirect ? 302 : random.pick(statuses);
    if (fault.status == 429 || fault.status == 503)
        fault.headers = {{"Retry-After", random.pick(waits)}};
    fault.text = fault.effect == Effect::insert_item
                     ? random.pick(std::array{R"({"id":"x","id":"y"})", R"({"id":7})", "null",
                                              R"({"id":"made-up","displayName":"nobody"})"})
                 : fault.effect == Effect::status ? ""
                                                  : "https://graph.microsoft.com.evil.example/beta";
    fault.number = static_cast<std::int64_t>(random.below(9));
    fault.delay = std::chrono::seconds{random.below(90)};
    return fault;
}

void churn(World& world, Random& random)
{
    world.tenant().churn({.modified = 0.15,
                          .removed = random.chance(0.7) ? 0.04 : 0,
                          .added = 0.05,
                          .hidden = random.below(2),
                          .audit_events = random.below(6)});
    if (random.chance(0.5))
        world.tenant().churn({.modified = 0.2,
                              .removed = 0.05,
                              .added = 0.05,
                              .sets = {std::begin(graphsim::directory_churn_sets),
                                       std::end(graphsim::directory_churn_sets)}});
    if (random.chance(0.3)) {
        const auto now = world.tenant().now();
        world.tenant().add_late_audit_event(now - std::chrono::minutes{random.below(600)},
                                            now + std::chrono::minutes{random.below(120)});
    }
    if (random.chance(0.3))
        world.tenant().modify("organizationSettings", "",
                              fmt::format(R"({{"osVersion":"windows{}"}})", random.below(100)));
}

/// Something that happens while the daemon is at work.
void plan_surprise(World& world, Random& random)
{
    const auto at = random.below(50) + 1;
    switch (random.below(6)) {
        case 0:
            world.kill_at_request(at);
            break;
        case 1:
        case 2:
            world.kill_at_commit(random.below(40) + 1);
            break;
        case 3:
            world.network().at_request(world.network().sent() + at,
                                       [&world] { world.tenant().revoke_tokens(); });
            break;
        case 4:
            world.network().at_request(world.network().sent() + at,
                                       [&world] { world.tenant().expire_cursors(); });
            break;
        default:
            world.network().at_request(world.network().sent() + at, [&world] {
                world.tenant().churn({.modified = 0.1, .removed = 0.02, .added = 0.04});
            });
            break;
    }
}

std::uint64_t run_seed(std::uint64_t seed)
{
    Random random{seed};
    World world{Seed{seed}, options_of(random)};
    for (int round = 0; round < 3; ++round) {
        if (round > 0)
            churn(world, random);
        for (auto faults = random.below(4); faults > 0; --faults)
            world.faults().add(fault_of(random));
        if (random.chance(0.6))
            plan_surprise(world, random);
        const auto kind = random.below(4);
        if (kind < 2)
            world.sync_once();
        else if (kind == 2)
            world.run_for(std::chrono::minutes{random.below(12) + 1});
        else
            world.run_for_and_kill(std::chrono::milliseconds{random.below(20'000)});
        if (world.dead())
            world.crash_and_restart();
        CHECK(world.broken_invariants() == "");
        world.faults().clear();
        world.wait(std::chrono::minutes{random.below(30)});
    }
    CHECK(world.sync_until_quiet());
    CHECK(world.problems(7) == "");
    return world.trace_hash();
}

void run_checked(std::uint64_t seed, bool twice)
{
    INFO("replay: CLOUDPCD_SEED=", seed, " build/debug/bin/simulation -tc='*seeds*'");
    try {
        const auto trace = run_seed(seed);
        if (twice)
            CHECK(run_seed(seed) == trace);
    } catch (const std::exception& failure) {
        FAIL_CHECK(failure.what());
    }
}

/// The seeds `first` to `last`, or the one that the environment names.
void run_seeds(std::uint64_t first, std::uint64_t last)
{
    constexpr std::uint64_t again_every = 10;
    if (const auto one = direction("CLOUDPCD_SEED")) {
        const auto seed = std::stoull(*one);
        if (seed >= first && seed <= last)
            run_checked(seed, true);
        return;
    }
    for (auto seed = first; seed <= last; ++seed)
        run_checked(seed, seed % again_every == 0);
}

}  // namespace

TEST_CASE("simulation: after any weather the mirror equals the tenant, seeds 1 to 50")
{
    run_seeds(1, 50);
}

TEST_CASE("simulation: after any weather the mirror equals the tenant, seeds 51 to 100")
{
    run_seeds(51, 100);
}

TEST_CASE("simulation: after any weather the mirror equals the tenant, seeds 101 to 150")
{
    run_seeds(101, 150);
}

TEST_CASE("simulation: after any weather the mirror equals the tenant, seeds 151 to 200")
{
    run_seeds(151, 200);
}

TEST_CASE("simulation: after any weather the mirror equals the tenant, more seeds when asked for")
{
    constexpr std::uint64_t regular = 200;
    if (const auto one = direction("CLOUDPCD_SEED")) {
        const auto seed = std::stoull(*one);
        if (seed > regular)
            run_checked(seed, true);
    } else if (const auto more = direction("CLOUDPCD_SEEDS")) {
        run_seeds(regular + 1, regular + std::stoull(*more));
    }
}
