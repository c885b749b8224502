// Reads between full lists: when, of what, and what becomes of a service that does not filter.

#include "sync/mirror/incremental.hpp"

#include "sync/mirror/refresh.hpp"
#include "tests/unit/mirror/fixture.hpp"
#include "tests/unit/mirror/fresh_world.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>

using namespace cloudpcd;
using namespace cloudpcd::mirror;
using namespace cloudpcd::mirror::test;
using namespace std::chrono_literals;

namespace {

constexpr auto filter = "$filter=lastModifiedDateTime";

/// Cloud PCs with incremental reads between lists that are half an hour apart.
struct World : FreshWorld {
    World() : FreshWorld{{.interval = 1min, .full_interval = 30min}} {}

    /// The kind of the next pull, a minute later; it has to be complete.
    std::string next()
    {
        pass(1min);
        const auto run = pull("cloud_pcs");
        CHECK_MESSAGE(run.outcome == Outcome::complete, run.error);
        return std::string{to_string(run.kind)};
    }
};

config::Sync settings(std::optional<Duration> full_interval)
{
    config::Sync sync;
    sync.resources["cloud_pcs"] = {.interval = 1min, .full_interval = full_interval};
    return sync;
}

}  // namespace

TEST_CASE("incremental: a full list is due when its interval has passed, or something went wrong")
{
    const auto& cloud_pcs = collection("cloud_pcs");
    const UtcTime start{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};
    const ReadTimes good{.list_started = start,
                         .list_ended = start + 100s,
                         .list_as_of = start + 1h,
                         .read_as_of = start + 1h + 10min,
                         .last_read = start + 10min};
    const auto since = [&](const ReadTimes& times, Duration age,
                           std::optional<Duration> full_interval = 30min) {
        return changed_since(cloud_pcs, settings(full_interval), times, start + age);
    };
    // Graph's clock, not ours, which is an hour behind it here.
    CHECK(since(good, 11min) == start + 1h + 10min - change_overlap);
    CHECK(since(good, 29min).has_value());
    CHECK_FALSE(since(good, 30min));
    CHECK_FALSE(since(good, -1s));  // our clock was set back
    // Without full_interval: a quarter of the time.
    CHECK(since(good, 399s, std::nullopt).has_value());
    CHECK_FALSE(since(good, 400s, std::nullopt));

    auto times = good;
    times.read_as_of.reset();
    CHECK_FALSE(since(times, 11min));
    CHECK_FALSE(since({}, 11min));
    CHECK_FALSE(changed_since(collection("snapshots"), settings(30min), good, start + 11min));
}

TEST_CASE("incremental: without full_interval only lists that take long are worth it")
{
    CHECK(wants_incremental(collection("cloud_pcs"), settings(30min), 1s));
    CHECK_FALSE(wants_incremental(collection("cloud_pcs"), settings(std::nullopt), 15s));
    CHECK(wants_incremental(collection("cloud_pcs"), settings(std::nullopt), 16s));
    CHECK_FALSE(wants_incremental(collection("snapshots"), settings(30min), 1h));
}

TEST_CASE("incremental: objects that are older than asked for are told by their time")
{
    const auto since = *parse_sql_time("2026-01-01 12:00:00.000");
    const auto older = [&](const std::string& item) {
        return older_objects(page_of({item}), collection("cloud_pcs"), since);
    };
    CHECK(older(R"({"id":"a","lastModifiedDateTime":"2026-01-01T11:59:59.9999999Z"})") == 1);
    CHECK(older(R"({"id":"a","lastModifiedDateTime":"2026-01-01T19:59:59+08:00"})") == 1);
    CHECK(older(R"({"id":"a","lastModifiedDateTime":"2026-01-01T12:00:00Z"})") == 0);
    for (const auto* unknown :
         {R"({"id":"a"})", R"({"id":"a","lastModifiedDateTime":null})",
          R"({"id":"a","lastModifiedDateTime":"yesterday"})",
          R"({"id":"a","x":{"lastModifiedDateTime":"2020-01-01T00:00:00Z"}})"}) {
        CAPTURE(unknown);
        CHECK(older(unknown) == 0);
    }
}

TEST_CASE_FIXTURE(World, "incremental: between full lists only what has changed is asked for")
{
    REQUIRE(pull("cloud_pcs").kind == RunKind::full);
    CHECK(asked(filter).size() == 1);  // the probe
    const auto began = clock.utc_now() + 1min;
    CHECK(next() == "incremental");
    pass(20s);
    const auto changed = cloud_pc(1);
    rename(changed, "changed");
    asked("");
    const auto added = tenant.add("cloudPCs");
    CHECK(next() == "incremental");
    CHECK(name_of(changed) == "changed");
    CHECK(name_of(added) != "-");
    // From the start of the read before, by the service's clock (which writes whole seconds).
    const auto requests = asked("cloudPCs?");
    REQUIRE(requests.size() == 1);
    const auto whole_second = std::chrono::floor<std::chrono::seconds>(began);
    CHECK(requests[0].find(graph::percent_encode(
              "ge " + format_rfc3339(whole_second - change_overlap))) != std::string::npos);

    // Nothing is deleted and nothing is known about what is missing until the next full list.
    const auto gone = cloud_pc(2);
    tenant.remove("cloudPCs", gone);
    execute("INSERT INTO sync_state VALUES ('cloud_pcs', 'missing_ids', '[\"x\"]', '2026')");
    const auto complete =
        one("SELECT last_complete_at FROM freshness WHERE resource = 'cloud_pcs'");
    CHECK(next() == "incremental");
    CHECK(name_of(gone) != "-");
    CHECK(one("SELECT value FROM sync_state WHERE key = 'missing_ids'") == "[\"x\"]");
    CHECK(one("SELECT last_complete_at FROM freshness WHERE resource = 'cloud_pcs'") == complete);
    CHECK(one("SELECT last_read_at > last_complete_at FROM freshness "
              "WHERE resource = 'cloud_pcs'") == "1");
    pass(30min);
    CHECK(next() == "full");
    CHECK(name_of(gone) == "-");
    CHECK(next() == "incremental");
}

TEST_CASE_FIXTURE(World, "incremental: a quiet read writes nothing but its run")
{
    REQUIRE(pull("cloud_pcs").kind == RunKind::full);
    REQUIRE(next() == "incremental");
    const auto state = one("SELECT group_concat(key || value || updated_at) FROM sync_state");
    const auto seq = one("SELECT value FROM meta WHERE key = 'last_seq'");
    REQUIRE(next() == "incremental");
    CHECK(one("SELECT group_concat(key || value || updated_at) FROM sync_state") == state);
    CHECK(one("SELECT value FROM meta WHERE key = 'last_seq'") == seq);
}

TEST_CASE_FIXTURE(World, "incremental: who asks for everything gets a full list and no probe")
{
    REQUIRE(pull("cloud_pcs", {.occasion = Occasion::once}).kind == RunKind::full);
    CHECK(asked(filter).empty());
    REQUIRE(next() == "full");
    REQUIRE(next() == "incremental");
    CHECK(pull("cloud_pcs", {.occasion = Occasion::once}).kind == RunKind::full);
}

TEST_CASE_FIXTURE(World, "incremental: after a read that was not complete comes a full list")
{
    REQUIRE(pull("cloud_pcs").kind == RunKind::full);
    REQUIRE(next() == "incremental");
    tenant.faults().add({.path_contains = "cloudPCs?",
                         .times = 5,
                         .effect = graphsim::Effect::status,
                         .status = 500});
    pass(1min);
    CHECK(pull("cloud_pcs").outcome == Outcome::incomplete);
    CHECK(next() == "full");
    CHECK(next() == "incremental");
}

TEST_CASE_FIXTURE(World, "incremental: held back deletes hold back no changes, and stay to be seen")
{
    REQUIRE(pull("cloud_pcs").kind == RunKind::full);
    const auto changed = cloud_pc(0);
    for (const auto& object : tenant.objects("cloudPCs"))
        tenant.hide_from_list("cloudPCs", object.id, 1);
    while (tenant.size("cloudPCs") > 1)
        tenant.remove("cloudPCs", cloud_pc(1));
    pass(30min);
    REQUIRE(pull("cloud_pcs").outcome == Outcome::refused);
    constexpr auto trouble =
        "SELECT consecutive_failures, last_error, degraded_reason FROM freshness "
        "WHERE resource = 'cloud_pcs'";
    const auto before = one(trouble);
    rename(changed, "changed");
    CHECK(next() == "incremental");
    CHECK(name_of(changed) == "changed");
    CHECK(one(trouble) == before);
}

TEST_CASE_FIXTURE(World, "incremental: a filter that is refused or ignored is not used for a day")
{
    SUBCASE("refused")
    {
        tenant.faults().add({.path_contains = filter,
                             .times = 1,
                             .effect = graphsim::Effect::status,
                             .status = 501,
                             .code = "NotImplemented"});
    }
    SUBCASE("ignored")
    {
        tenant.set_unfiltered({"cloudPCs"});
    }
    REQUIRE(pull("cloud_pcs").kind == RunKind::full);
    CHECK(asked(filter).size() == 1);
    CHECK(next() == "full");
    tenant.set_unfiltered({});
    CHECK(next() == "full");
    CHECK(asked(filter).empty());
    pass(24h);
    CHECK(next() == "full");
    CHECK(asked(filter).size() == 1);
    CHECK(next() == "incremental");
}

TEST_CASE_FIXTURE(World, "incremental: a probe that fails is repeated, one of another version too")
{
    tenant.faults().add(
        {.path_contains = filter, .times = 5, .effect = graphsim::Effect::status, .status = 500});
    REQUIRE(pull("cloud_pcs").outcome == Outcome::complete);
    CHECK(next() == "full");
    CHECK(next() == "incremental");
    execute("UPDATE sync_state SET value = '0.0.1' WHERE key = 'filter_honoured'");
    asked("");
    CHECK(next() == "full");
    CHECK(asked(filter).size() == 1);
    CHECK(next() == "incremental");
}

TEST_CASE_FIXTURE(World,
                  "incremental: a service that ceases to filter is noticed, and read in full")
{
    REQUIRE(pull("cloud_pcs").kind == RunKind::full);
    REQUIRE(next() == "incremental");
    const auto gone = cloud_pc(2);
    tenant.remove("cloudPCs", gone);
    const auto changed = cloud_pc(0);
    rename(changed, "changed");
    SUBCASE("it gives everything")
    {
        tenant.set_unfiltered({"cloudPCs"});
    }
    SUBCASE("it refuses")
    {
        tenant.faults().add({.path_contains = filter,
                             .times = 0,
                             .effect = graphsim::Effect::status,
                             .status = 400,
                             .code = "BadRequest"});
    }
    CHECK(next() == "full");  // the same pull, asked anew
    CHECK(name_of(changed) == "changed");
    CHECK(name_of(gone) == "-");
    asked("");
    CHECK(next() == "full");
    CHECK(asked(filter).empty());
    CHECK(one("SELECT count(*) FROM schema_drift WHERE path = '$filter'") == "1");
}

// --- what audit events name ----------------------------------------------------------------------

TEST_CASE_FIXTURE(World, "audit: what new events name is read at once")
{
    REQUIRE(pull("audit_events").outcome == Outcome::complete);
    REQUIRE(pull("cloud_pcs").outcome == Outcome::complete);
    pass(1min);
    const auto named = cloud_pc(0);
    const auto another = cloud_pc(1);
    rename(named, "changed");
    rename(another, "changed too");
    const auto added = tenant.add("cloudPCs");
    report(named);
    report(named);
    report(added, 0s, "cloudPC");
    report("a policy", 0s, "CloudPcProvisioningPolicy");
    asked("");
    const auto before = one("SELECT max(run_id) FROM sync_runs");
    REQUIRE(pull("audit_events").outcome == Outcome::complete);
    CHECK(asked("cloudPCs/").size() == 2);
    CHECK(name_of(named) == "changed");
    CHECK(name_of(added) != "-");
    CHECK(name_of(another) != "changed too");
    CHECK(one("SELECT group_concat(kind) FROM sync_runs WHERE run_id > " + before) ==
          "window,refresh");
    // Events come again in the overlap of the next read: they are no longer new.
    REQUIRE(pull("audit_events").outcome == Outcome::complete);
    CHECK(asked("cloudPCs/").empty());
}

TEST_CASE_FIXTURE(World, "audit: a full list knows already what is older, and a first one comes")
{
    auto occasion = Occasion::scheduled;
    SUBCASE("no list yet")
    {
        REQUIRE(pull("audit_events").outcome == Outcome::complete);
        report(cloud_pc(0));
    }
    SUBCASE("events of a first fill")
    {
        REQUIRE(pull("cloud_pcs").outcome == Outcome::complete);
        pass(1min);
        report(cloud_pc(0));
    }
    SUBCASE("events of before the list")
    {
        REQUIRE(pull("audit_events").outcome == Outcome::complete);
        pass(10min);
        REQUIRE(pull("cloud_pcs").outcome == Outcome::complete);
        pass(1min);
        report(cloud_pc(0), 2min);
    }
    SUBCASE("somebody asked for everything once")
    {
        REQUIRE(pull("audit_events").outcome == Outcome::complete);
        REQUIRE(pull("cloud_pcs").outcome == Outcome::complete);
        pass(1min);
        report(cloud_pc(0));
        occasion = Occasion::once;
    }
    REQUIRE(pull("audit_events", {.occasion = occasion}).outcome == Outcome::complete);
    CHECK(asked("cloudPCs/").empty());
}

TEST_CASE("audit: more than fifty are a full list instead")
{
    auto options = FreshWorld::small_tenant();
    options.cloud_pcs = 60;
    FreshWorld world{{.interval = 1min, .full_interval = 30min}, options};
    REQUIRE(world.pull("audit_events").outcome == Outcome::complete);
    REQUIRE(world.pull("cloud_pcs").outcome == Outcome::complete);
    world.pass(1min);
    for (std::size_t i = 0; i < refreshed_ids_max + 1; ++i)
        world.report(world.cloud_pc(i));
    world.asked("");
    REQUIRE(world.pull("audit_events").outcome == Outcome::complete);
    CHECK(world.asked("cloudPCs/").empty());
    CHECK(world.pull("cloud_pcs").kind == RunKind::full);
    world.pass(1min);
    CHECK(world.pull("cloud_pcs").kind == RunKind::incremental);

    world.pass(1min);
    for (std::size_t i = 0; i < refreshed_ids_max; ++i)
        world.report(world.cloud_pc(i));
    REQUIRE(world.pull("audit_events").outcome == Outcome::complete);
    CHECK(world.asked("cloudPCs/").size() == refreshed_ids_max);
}

TEST_CASE_FIXTURE(World,
                  "incremental: held-back deletes stay so until a full list, as accepting is")
{
    for (int i = 0; i < 20; ++i)
        tenant.add("cloudPCs");
    REQUIRE(pull("cloud_pcs").kind == RunKind::full);
    CHECK(next() == "incremental");
    for (int i = 0; i < 11; ++i)
        tenant.remove("cloudPCs", cloud_pc(0));
    pass(30min);
    const auto refused = pull("cloud_pcs");
    REQUIRE(refused.outcome == Outcome::refused);
    pass(1min);
    CHECK(pull("cloud_pcs").kind == RunKind::incremental);
    CHECK(one("SELECT count(*) FROM refused_deletes WHERE to_run IS NULL") == "11");
    pass(1min);

    const auto accepted = pull("cloud_pcs", {.accept_deletes = refused.run_id});

    CHECK(accepted.kind == RunKind::full);
    CHECK(accepted.counts.deleted == 11);
}
