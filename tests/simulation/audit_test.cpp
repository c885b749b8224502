// No audit event is lost: late, equal, unordered, future-dated, with deaths in between.

#include "schema/catalog.hpp"
#include "tests/simulation/world.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

using namespace cloudpcd::simulation;
using namespace std::chrono_literals;

namespace {

WorldOptions audit_events_only()
{
    WorldOptions options;
    options.tenant.cloud_pcs = 5;
    for (const auto& collection : cloudpcd::schema::catalog())
        options.sync.resources[std::string{collection.table}].enabled =
            collection.table == "audit_events";
    return options;
}

std::string watermark(const World& world)
{
    const auto found = world.rows("SELECT value FROM sync_state WHERE key = 'watermark'");
    return found.empty() ? "" : found.front();
}

std::string sql_now(const World& world)
{
    auto text = graphsim::rfc3339(world.tenant().now(), 3);
    text[10] = ' ';
    text.resize(23);
    return text;
}

/// Events of the tenant that the mirror lacks.
std::size_t lacking(const World& world)
{
    const auto there = world.tenant_ids("auditEvents");
    const auto mirrored = world.ids("audit_events");
    return static_cast<std::size_t>(std::ranges::count_if(
        there, [&](const std::string& id) { return !mirrored.contains(id); }));
}

}  // namespace

TEST_CASE("simulation: after the first fill only a window of audit events is read")
{
    World world{Seed{60}};
    REQUIRE(world.sync_once() == 0);
    CHECK(watermark(world) == world.value("SELECT max(activity_date_time) FROM audit_events"));
    world.wait(1h);
    world.tenant().add_audit_events(5, 30min);
    const auto sent = world.network().sent();

    CHECK(world.sync_once() == 0);

    const auto& all = world.network().exchanges();
    const auto list = std::find_if(
        all.begin() + static_cast<std::ptrdiff_t>(sent), all.end(), [](const auto& exchange) {
            return exchange.url.find("/auditEvents?") != std::string::npos;
        });
    REQUIRE(list != all.end());
    CHECK(list->url.find("$filter=activityDateTime%20ge%20") != std::string::npos);
    CHECK(lacking(world) == 0);
    CHECK(world.problems() == "");
}

TEST_CASE("simulation: late events within the overlap are stored, and those at its edge")
{
    for (const bool newest_first : {true, false}) {
        auto options = audit_events_only();
        options.tenant.audit_newest_first = newest_first;
        options.sync.interval = 30min;
        World world{Seed{61}, options};
        REQUIRE(world.sync_once() == 0);
        const auto now = world.tenant().now();
        // Visible six hours, and almost a day, after they happened.
        for (int i = 1; i <= 12; ++i)
            world.tenant().add_late_audit_event(now + i * 20min, now + i * 20min + 6h);
        world.tenant().add_late_audit_event(now - 30min, now + 23h);
        CHECK(world.run_for(27h));
        CHECK(lacking(world) == 0);
        CHECK(world.problems(10) == "");
    }
}

TEST_CASE("simulation: equal timestamps over page and window edges are stored once each")
{
    WorldOptions options;
    options.sync.audit_overlap = 0h;
    World world{Seed{62}, options};
    REQUIRE(world.sync_once() == 0);
    world.wait(1h);
    world.tenant().add_audit_events(27);
    world.wait(10s);  // the service's Date has whole seconds; the watermark stays behind it
    CHECK(world.sync_once() == 0);
    CHECK(lacking(world) == 0);
    const auto instant = watermark(world);
    // More of the very same instant, which the window still has to include.
    const auto at_instant = [&] {
        return world.number(fmt::format(
            "SELECT count(*) FROM audit_events WHERE activity_date_time = '{}'", instant));
    };
    const auto first = at_instant();
    CHECK(first > 20);  // the others are written in whole seconds
    for (int i = 0; i < 13; ++i)
        world.tenant().add("auditEvents",
                           fmt::format(R"({{"id":"same-{}","activityDateTime":"{}Z"}})", i,
                                       std::string{instant}.replace(10, 1, "T")));
    CHECK(world.sync_once() == 0);
    CHECK(at_instant() == first + 13);
    CHECK(watermark(world) == instant);
    CHECK(world.problems(10) == "");
}

TEST_CASE("simulation: an event dated in the future does not drag the watermark along")
{
    World world{Seed{63}};
    const auto now = world.tenant().now();
    world.tenant().add_late_audit_event(now + 240h, now);
    REQUIRE(world.sync_once() == 0);
    CHECK(watermark(world) <= sql_now(world));
    const auto before = watermark(world);

    for (int day = 0; day < 3; ++day) {
        world.wait(30h);
        world.tenant().add_audit_events(4, 20h);
        CHECK(world.sync_once() == 0);
        CHECK(watermark(world) <= sql_now(world));
        CHECK(lacking(world) == 0);
    }

    CHECK(watermark(world) > before);
    CHECK(world.problems(10) == "");
}

TEST_CASE("simulation: a wrong local clock neither loses events nor moves the watermark")
{
    for (const auto shift : {std::chrono::hours{24 * 365}, -std::chrono::hours{24 * 365}}) {
        World world{Seed{64}};
        REQUIRE(world.sync_once() == 0);
        world.clock().shift_wall(shift);
        world.tenant().add_late_audit_event(world.tenant().now() + 48h, world.tenant().now());
        for (int day = 0; day < 3; ++day) {
            world.wait(20h);
            world.tenant().add_audit_events(6, 18h);
            CHECK(world.sync_once() == 0);
            CHECK(watermark(world) <= sql_now(world));
            CHECK(lacking(world) == 0);
        }
    }
}

TEST_CASE("simulation: a death between the pages of a window does not move the watermark")
{
    for (std::uint64_t page = 1; page <= 5; ++page) {
        CAPTURE(page);
        auto options = audit_events_only();
        options.sync.audit_overlap = 1h;
        World world{Seed{65}, options};
        REQUIRE(world.sync_once() == 0);
        const auto before = watermark(world);
        world.wait(20h);
        world.tenant().add_audit_events(45, 19h);
        world.kill_at_request(1 + page);  // a token first

        CHECK_FALSE(world.sync_once());

        world.crash_and_restart();
        CHECK(watermark(world) == before);
        world.wait(20h);
        CHECK(world.sync_once() == 0);
        CHECK(watermark(world) > before);
        CHECK(lacking(world) == 0);
        CHECK(world.problems(10) == "");
    }
}

TEST_CASE("simulation: a window that broke off does not move the watermark")
{
    WorldOptions options;
    options.sync.audit_overlap = 1h;
    World world{Seed{66}, options};
    REQUIRE(world.sync_once() == 0);
    const auto before = watermark(world);
    world.wait(50h);
    world.tenant().add_audit_events(45, 49h);
    world.faults().add({.path_contains = "auditEvents?",
                        .nth = 3,
                        .times = 0,
                        .effect = graphsim::Effect::malformed_json});

    CHECK(world.sync_once() == 1);

    CHECK(watermark(world) == before);
    CHECK(lacking(world) > 0);
    world.faults().clear();
    CHECK(world.sync_once() == 0);
    CHECK(lacking(world) == 0);
    CHECK(world.problems(10) == "");
}

TEST_CASE("simulation: what happens during a first fill that dies and takes long is not lost")
{
    for (const bool newest_first : {true, false}) {
        for (std::uint64_t page = 2; page <= 4; ++page) {
            CAPTURE(newest_first);
            CAPTURE(page);
            auto options = audit_events_only();
            options.tenant.audit_newest_first = newest_first;
            options.tenant.cursor_lifetime = 200h;
            options.sync.audit_overlap = 1h;
            World world{Seed{67}, options};
            world.kill_at_request(1 + page);
            CHECK_FALSE(world.sync_once());
            world.crash_and_restart();
            world.wait(60h);
            world.tenant().add_audit_events(15, 59h);

            CHECK(world.sync_once() == 0);

            CHECK(lacking(world) == 0);
            CHECK(world.problems(10) == "");
        }
    }
}

TEST_CASE("simulation: events change, and vanish, and stay")
{
    World world{Seed{68}};
    REQUIRE(world.sync_once() == 0);
    const auto changing = world.tenant().add_audit_events(2, 1h);
    CHECK(world.sync_once() == 0);
    world.tenant().modify("auditEvents", changing[0], R"({"activity":"changed afterwards"})");
    world.tenant().remove("auditEvents", changing[1]);

    CHECK(world.sync_once() == 0);

    CHECK(world.value(fmt::format("SELECT activity FROM audit_events WHERE id = '{}'",
                                  changing[0])) == "changed afterwards");
    CHECK(world.ids("audit_events").contains(changing[1]));
    CHECK(world.number("SELECT count(*) FROM history WHERE resource = 'audit_events'") == 1);
    CHECK(world.problems() == "");
}

TEST_CASE("simulation: a filter that is refused costs a full list, not events")
{
    World world{Seed{69}};
    REQUIRE(world.sync_once() == 0);
    world.wait(30h);
    world.tenant().add_audit_events(12, 29h);
    world.faults().add({.path_contains = "$filter",
                        .times = 0,
                        .status = 400,
                        .code = "BadRequest",
                        .message = "Invalid filter clause."});

    CHECK(world.sync_once() == 0);

    CHECK(lacking(world) == 0);
    CHECK(world.problems(10) == "");
}
