// The service says when to come back, and who it is: waits are kept, tokens renewed.

#include "tests/simulation/world.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

using namespace cloudpcd::simulation;
using cloudpcd::Duration;
using cloudpcd::UtcTime;
namespace faults = graphsim::faults;

namespace {

bool of_cloud_pcs(const SimTransport::Exchange& exchange)
{
    return exchange.url.find("/cloudPCs?") != std::string::npos;
}

/// Requests of the class, or (for 503) of the same URL, sent between an answer of that status and
/// the end of the wait it asked for.
int too_early(const World& world, int status, Duration wait)
{
    int count = 0;
    const auto& all = world.network().exchanges();
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i].status != status)
            continue;
        for (std::size_t j = 0; j < all.size(); ++j) {
            const bool concerned = status == 429 ? of_cloud_pcs(all[j]) : all[j].url == all[i].url;
            if (concerned && all[j].sent_at > all[i].ended_at &&
                all[j].sent_at < all[i].ended_at + wait)
                ++count;
        }
    }
    return count;
}

std::size_t count_status(const World& world, int status)
{
    return static_cast<std::size_t>(
        std::ranges::count(world.network().exchanges(), status, &SimTransport::Exchange::status));
}

}  // namespace

TEST_CASE("simulation: a storm of 429 is waited out, never early, and others go on")
{
    World world{Seed{30}};
    REQUIRE(world.sync_once() == 0);
    world.tenant().churn({.modified = 0.1, .removed = 0.05, .added = 0.05});
    const auto before = world.network().sent();
    world.faults().add(faults::throttled("cloudPCs?", "37", 7));

    CHECK(world.sync_once() == 0);

    CHECK(count_status(world, 429) == 7);
    CHECK(too_early(world, 429, std::chrono::seconds{37}) == 0);
    const auto& all = world.network().exchanges();
    const auto first = std::ranges::find(all, 429, &SimTransport::Exchange::status);
    const auto others = std::ranges::count_if(
        all.begin() + static_cast<std::ptrdiff_t>(before), all.end(), [&](const auto& exchange) {
            return !of_cloud_pcs(exchange) && exchange.status == 200 &&
                   exchange.ended_at < first->ended_at + std::chrono::seconds{37};
        });
    CHECK(others >= static_cast<std::ptrdiff_t>(world.included().size()) - 1);
    CHECK(world.sync_until_quiet());
    CHECK(world.problems(10) == "");
}

TEST_CASE("simulation: every form of Retry-After is kept")
{
    struct Form {
        std::string text;
        Duration wait;
    };
    const std::vector<Form> forms{{"2.128", Duration{2128}}, {"120", std::chrono::seconds{120}}};
    for (const int status : {429, 503}) {
        for (const auto& [text, wait] : forms) {
            CAPTURE(text);
            World world{Seed{31}};
            world.faults().add(status == 429 ? faults::throttled("cloudPCs?", text, 3)
                                             : faults::unavailable("cloudPCs?", text, 3));
            CHECK(world.sync_once() == 0);
            CHECK(count_status(world, status) == 3);
            CHECK(too_early(world, status, wait) == 0);
        }
        World world{Seed{32}};
        const auto date = graphsim::http_date(world.tenant().now() + std::chrono::minutes{5});
        world.faults().add(status == 429 ? faults::throttled("cloudPCs?", date, 1)
                                         : faults::unavailable("cloudPCs?", date, 1));
        CHECK(world.sync_once() == 0);
        CHECK(too_early(world, status, std::chrono::seconds{295}) == 0);
    }
}

TEST_CASE("simulation: a wait longer than an hour ends the pull, and nothing else")
{
    World world{Seed{33}};
    REQUIRE(world.sync_once() == 0);
    world.faults().add(faults::throttled("cloudPCs?", "7200", 1));

    CHECK(world.sync_once() == 1);

    CHECK(world.last_outcome("cloud_pcs") == "incomplete");
    CHECK(world.number("SELECT count(*) FROM sync_runs WHERE outcome <> 'complete'") == 1);
    CHECK(world.sync_until_quiet());
    CHECK(world.problems(10) == "");
}

TEST_CASE("simulation: within the service's own quota there is no 429 at all")
{
    WorldOptions options;
    options.tenant.cloud_pcs = 60;
    options.tenant.page_size_max = 2;
    World world{Seed{34}, options};
    world.tenant().set_quota(graphsim::Quota{.cloud_pc_list = 90, .cloud_pc_get = 270});

    CHECK(world.sync_once() == 0);
    CHECK(world.sync_once() == 0);

    CHECK(count_status(world, 429) == 0);
    CHECK(world.problems(10) == "");
}

TEST_CASE("simulation: tokens of a minute carry a read of many minutes")
{
    WorldOptions options;
    options.tenant.token_lifetime = std::chrono::seconds{60};
    options.tenant.page_size_max = 1;
    options.sync.resources["snapshots"].enabled = false;
    World world{Seed{35}, options};
    world.faults().add(faults::throttled("cloudPCs?", "50", 3));

    CHECK(world.sync_once() == 0);

    CHECK(world.network().tokens().size() > 3);
    CHECK(world.problems(10) == "");
}

TEST_CASE("simulation: tokens revoked at any request are renewed, and the run is complete")
{
    for (std::uint64_t at = 2; at <= 20; at += 2) {
        CAPTURE(at);
        WorldOptions options;
        options.leave_out_catalog_data();
        World world{Seed{36}, options};
        world.network().at_request(at, [&world] { world.tenant().revoke_tokens(); });
        CHECK(world.sync_once() == 0);
        CHECK(count_status(world, 401) >= 1);
        CHECK(world.network().tokens().size() == 2);
        CHECK(world.problems(10) == "");
    }
}

TEST_CASE("simulation: a credential that is refused harms nothing and is tried without haste")
{
    World world{Seed{37}};
    REQUIRE(world.sync_once() == 0);
    world.tenant().set_client_secret("rotated");
    world.tenant().revoke_tokens();
    const auto before = world.network().sent();

    CHECK(world.run_for(std::chrono::hours{1}));

    const auto& all = world.network().exchanges();
    const auto logins = std::ranges::count_if(all.begin() + static_cast<std::ptrdiff_t>(before),
                                              all.end(), &SimTransport::Exchange::login);
    CHECK(logins <= 65);
    CHECK(logins >= 50);
    CHECK(world.number("SELECT count(*) FROM freshness WHERE last_error IS NULL") == 0);
    CHECK(world.ids("cloud_pcs").size() == 35);
    CHECK(world.sync_once() == 77);
    CHECK(world.broken_invariants() == "");

    world.tenant().set_client_secret("c4n4ry~Secret.Of.The.Application");
    CHECK(world.sync_until_quiet());
    CHECK(world.problems(10) == "");
}

TEST_CASE("simulation: after a retried page with a dead link the reader goes one page back")
{
    WorldOptions options;
    options.tenant.retried_page_link_dies = true;
    World world{Seed{39}, options};
    // The second page is made and lost on its way; its retry says 'next' with a dead link.
    world.faults().add(
        {.path_contains = "cloudPCs?", .nth = 2, .effect = graphsim::Effect::reset_mid_body});

    REQUIRE(world.sync_once() == 0);

    CHECK(count_status(world, 400) == 1);
    const auto firsts = std::ranges::count_if(world.network().exchanges(), [](const auto& sent) {
        return of_cloud_pcs(sent) && sent.url.find("skiptoken") == std::string::npos &&
               sent.url.find("$select") != std::string::npos;
    });
    CHECK(firsts == 1);  // the list did not begin anew
    CHECK(world.number("SELECT requests - pages FROM sync_runs WHERE resource = 'cloud_pcs'") >= 2);
    CHECK(world.problems(1) == "");
}

TEST_CASE("simulation: a page link that is dead without a retry makes the list begin anew, once")
{
    World world{Seed{40}};
    REQUIRE(world.sync_once() == 0);
    auto dead = faults::status("cloudPCs?", 400, "DirectoryPageTokenNotFoundException");
    dead.nth = 3;
    world.faults().add(dead);
    CHECK(world.sync_once() == 0);
    CHECK(count_status(world, 400) == 1);
    CHECK(world.problems(1) == "");
}
