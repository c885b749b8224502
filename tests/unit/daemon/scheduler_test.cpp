#include "daemon/scheduler.hpp"

#include "daemon/engine.hpp"
#include "sync/mirror/mirror_database.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace cloudpcd;
using namespace cloudpcd::daemon;
using mirror::Outcome;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

struct Range {
    Duration least = Duration::max();
    Duration most = Duration::min();
};

/// Of many seeds.
Range waits(Outcome outcome, int failures, Duration interval,
            std::optional<Errc> errc = std::nullopt)
{
    mirror::RunSummary run;
    run.outcome = outcome;
    run.errc = errc;
    Range range;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        SeededRng rng{seed};
        const auto wait = next_wait(run, failures, interval, rng);
        range.least = std::min(range.least, wait);
        range.most = std::max(range.most, wait);
    }
    return range;
}

}  // namespace

TEST_CASE("scheduler: the next pull comes an interval later, a little less so that timers spread")
{
    const auto range = waits(Outcome::complete, 0, minutes{5});
    CHECK(range.most <= minutes{5});
    CHECK(range.least >= minutes{5} * 9 / 10);
    CHECK(range.most - range.least > seconds{10});
    CHECK(waits(Outcome::refused, 0, hours{24}).least > hours{21});
}

TEST_CASE("scheduler: a pull that broke off is tried again soon, then less and less often")
{
    CHECK(waits(Outcome::incomplete, 1, minutes{5}).most <= seconds{15});
    CHECK(waits(Outcome::incomplete, 2, minutes{5}).least > seconds{15});
    CHECK(waits(Outcome::incomplete, 30, minutes{5}).most <= minutes{5});
    CHECK(waits(Outcome::incomplete, 30, hours{24}).most <= minutes{15});
    CHECK(waits(Outcome::incomplete, 30, hours{24}).least > minutes{13});
    CHECK(waits(Outcome::incomplete, 1, seconds{2}).most <= seconds{2});
}

TEST_CASE("scheduler: a refused credential is tried at least once a minute")
{
    CHECK(waits(Outcome::incomplete, 50, hours{24}, Errc::unauthorized).most < minutes{1});
}

TEST_CASE("scheduler: a missing permission is looked for again no sooner than in minutes")
{
    CHECK(waits(Outcome::skipped, 0, minutes{1}).least >= minutes{9});
    CHECK(waits(Outcome::skipped, 0, hours{1}).least >= minutes{54});
}

TEST_CASE("engine: what the configuration leaves out is not read")
{
    const auto tables = mirror::make_tables();
    config::Sync sync;
    constexpr std::size_t cloudpc_tables = 19;
    CHECK(included_tables(tables, sync).size() == cloudpc_tables);
    sync.resources["cloud_apps"].enabled = false;
    const auto some = included_tables(tables, sync);
    CHECK(some.size() == cloudpc_tables - 1);
    CHECK(std::ranges::none_of(some, [](const mirror::Table* table) {
        return table->collection().table == "cloud_apps";
    }));
    // Memberships come with their groups.
    sync.include = {"entra"};
    CHECK(included_tables(tables, sync).size() == 4);
    sync.include = {"reports"};
    CHECK(included_tables(tables, sync).empty());
}
