// How soon a change shows, and what it costs, where the service filters by the time of change and
// where it does not.

#include "tests/simulation/world.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

using namespace cloudpcd;
using namespace cloudpcd::simulation;
using namespace std::chrono_literals;

namespace {

/// Cloud PCs alone, in full lists of a hundred pages, under the documented quota.
WorldOptions hundred_pages(std::size_t cloud_pcs)
{
    WorldOptions options;
    options.tenant.cloud_pcs = cloud_pcs;
    options.tenant.audit_events = 10;
    options.tenant.snapshots = 0;
    options.tenant.page_size_default = cloud_pcs / 100;
    options.tenant.page_size_max = cloud_pcs / 100;
    options.tenant.quota = graphsim::Quota::documented();
    for (const auto& collection : schema::catalog())
        options.sync.resources[std::string{collection.table}].enabled =
            collection.table == "cloud_pcs";
    options.sync.resources["cloud_pcs"].interval = 1min;
    options.sync.resources["cloud_pcs"].full_interval = 30min;
    return options;
}

std::size_t requests(const World& world, std::string_view part, std::size_t from = 0)
{
    const auto& all = world.network().exchanges();
    return static_cast<std::size_t>(std::count_if(
        all.begin() + static_cast<std::ptrdiff_t>(from), all.end(),
        [&](const auto& exchange) { return exchange.url.find(part) != std::string::npos; }));
}

std::size_t refused(const World& world)
{
    return static_cast<std::size_t>(
        std::ranges::count(world.network().exchanges(), 429, &SimTransport::Exchange::status));
}

constexpr std::string_view filter = "$filter=lastModifiedDateTime";

/// Changes Cloud PCs now and then, and measures when each change shows.
class Watch {
public:
    explicit Watch(World& world) : x_world{world}
    {
        world.each(20s, [this] { change(); });
        world.each(1s, [this] { look(); });
    }

    /// Of the changes that were made so far, the oldest first, the time until they showed; those
    /// that do not show yet are as old as they are.
    std::vector<Duration> delays() const
    {
        auto all = x_delays;
        for (const auto& [id, since] : x_pending)
            all.push_back(x_world.clock().steady_now() - since.begin()->second);
        std::ranges::sort(all);
        return all;
    }

private:
    void change()
    {
        const auto changed = x_world.tenant().churn(
            {.modified = 1.0 / static_cast<double>(x_world.tenant().size("cloudPCs")),
             .removed = 0,
             .added = 0,
             .sets = {"cloudPCs"}});
        for (const auto& id : changed.modified.at("cloudPCs"))
            x_pending[id].emplace(sql_time(), x_world.clock().steady_now());
    }

    void look()
    {
        for (auto entry = x_pending.begin(); entry != x_pending.end();) {
            auto& [id, changes] = *entry;
            const auto row = x_world.rows(
                fmt::format("SELECT last_modified_date_time FROM cloud_pcs WHERE id = '{}'", id));
            const auto shown = row.empty() ? std::string{} : row.front();
            while (!changes.empty() && changes.begin()->first <= shown) {
                x_delays.push_back(x_world.clock().steady_now() - changes.begin()->second);
                changes.erase(changes.begin());
            }
            entry = changes.empty() ? x_pending.erase(entry) : std::next(entry);
        }
    }

    std::string sql_time() const { return format_sql_time(x_world.tenant().now()); }

    World& x_world;
    /// By id, then by time as the mirror writes it.
    std::map<std::string, std::map<std::string, SteadyTime>> x_pending;
    std::vector<Duration> x_delays;
};

Duration p95(const std::vector<Duration>& sorted)
{
    REQUIRE(sorted.size() >= 20);
    return sorted[sorted.size() * 95 / 100];
}

/// The longest full list so far.
Duration longest_list(const World& world)
{
    return std::chrono::milliseconds{world.number(
        "SELECT CAST(max(julianday(ended_at) - julianday(started_at)) * 86400000 AS INTEGER) "
        "FROM sync_runs WHERE kind = 'full'")};
}

}  // namespace

TEST_CASE("simulation: 10,000 Cloud PCs are fresh within 90 seconds, and the quota is never met")
{
    World world{Seed{90}, hundred_pages(10'000)};
    REQUIRE(world.sync_once() == 0);
    CHECK(requests(world, "/cloudPCs") <= 102);
    REQUIRE(world.number("SELECT count(*) FROM cloud_pcs") == 10'000);

    CHECK(world.run_for(4min));  // a list after which the filter is known to work
    Watch watch{world};
    CHECK(world.run_for(35min));

    const auto delays = watch.delays();
    CHECK(delays.size() >= 100);
    CHECK(p95(delays) <= 90s);
    CHECK(refused(world) == 0);
    CHECK(world.number("SELECT count(*) FROM sync_runs WHERE outcome <> 'complete'") == 0);
    CHECK(world.number("SELECT count(*) FROM sync_runs WHERE kind = 'full'") == 3);
}

TEST_CASE("simulation: the quota holds for hours, with Cloud PCs that come and go")
{
    World world{Seed{92}, hundred_pages(200)};
    REQUIRE(world.sync_once() == 0);
    Watch watch{world};
    world.each(30min, [&] {
        world.tenant().churn({.modified = 0, .removed = 0, .added = 0.005, .sets = {"cloudPCs"}});
    });
    CHECK(world.run_for(6h));

    const auto delays = watch.delays();
    CHECK(p95(delays) <= 90s);
    CHECK(delays.back() <= 2 * longest_list(world) + 1min);
    CHECK(refused(world) == 0);
    CHECK(world.number("SELECT count(*) FROM sync_runs WHERE outcome <> 'complete'") == 0);
    world.let_rest();
    world.tenant().churn({.modified = 0, .removed = 0.05, .added = 0, .sets = {"cloudPCs"}});
    CHECK(world.run_for(35min));  // at the latest with the next full list
    CHECK(world.ids("cloud_pcs") == world.tenant_ids("cloudPCs"));
    CHECK(world.sync_once() == 0);
    CHECK(world.problems(10) == "");
}

TEST_CASE("simulation: where the filter does not work, a change shows within two full lists")
{
    auto options = hundred_pages(200);
    std::string_view what_is_found;
    SUBCASE("it is refused")
    {
        what_is_found = "400";
    }
    SUBCASE("it is ignored")
    {
        options.tenant.unfiltered = {"cloudPCs"};
        what_is_found = "older than asked for";
    }
    World world{Seed{91}, options};
    REQUIRE(world.sync_once() == 0);
    if (what_is_found == "400")
        world.faults().add({.path_contains = std::string{filter},
                            .times = 0,
                            .effect = graphsim::Effect::status,
                            .status = 400,
                            .code = "BadRequest"});
    Watch watch{world};
    CHECK(world.run_for(30min));

    const auto delays = watch.delays();
    CHECK(delays.size() >= 80);
    CHECK(delays.back() <= 2 * longest_list(world) + 1s);
    CHECK(refused(world) == 0);
    CHECK(world.number("SELECT count(*) FROM sync_runs WHERE kind <> 'full'") == 0);
    CHECK(requests(world, filter) == 1);  // asked once, and remembered
    CHECK(world.log().find("does not filter by the time of change") != std::string::npos);
    CHECK(world.log().find(what_is_found) != std::string::npos);
    CHECK(world.number("SELECT count(*) FROM schema_drift WHERE path = '$filter' AND "
                       "kind = 'refused'") == 1);
    world.let_rest();
    CHECK(world.sync_once() == 0);
    CHECK(world.problems(10) == "");
}
