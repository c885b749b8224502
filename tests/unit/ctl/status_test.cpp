#include "daemon/ctl/status.hpp"

#include "daemon/ctl/failure.hpp"
#include "sync/jobs/freeze.hpp"
#include "tests/unit/ctl/mirror_file.hpp"
#include "tests/unit/jobs/fixture.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace cloudpcd::ctl;
using cloudpcd::ctl::test::MirrorFile;

namespace {

constexpr auto resources = R"sql(
    INSERT INTO resource_status
        (resource, interval_seconds, last_complete_at, consecutive_failures, last_error,
         degraded_reason, row_count, included)
    VALUES ('a_fresh', 300, strftime('%Y-%m-%d %H:%M:%f', 'now', '-800 seconds'), 0, NULL,
            NULL, 7, 1),
           ('b_stale', 300, '2026-01-02 03:04:05.678', 2, 'timed out', NULL, 1, 1),
           ('c_never', 300, NULL, 0, NULL, NULL, 0, 1),
           ('d_degraded', 300, strftime('%Y-%m-%d %H:%M:%f', 'now'), 0, 'HTTP 403',
            'needs CloudPC.Read.All', 2, 1),
           ('e_failing', 300, strftime('%Y-%m-%d %H:%M:%f', 'now'), 1, 'cut off' || char(27),
            NULL, 3, 1),
           ('f_left_out', 300, NULL, 0, NULL, NULL, 0, 0);
    INSERT INTO sync_runs (resource, started_at, ended_at, outcome)
    VALUES ('a_fresh', '2026-01-01', '2026-01-01', 'refused'),
           ('a_fresh', '2026-01-02', '2026-01-02', 'complete'),
           ('b_stale', '2026-01-02', '2026-01-02', 'refused'),
           ('d_degraded', '2026-01-02', '2026-01-02', 'skipped'),
           ('e_failing', '2026-01-02', '2026-01-02', 'incomplete');
    INSERT INTO schema_drift (resource, path, kind, first_seen_at)
    VALUES ('a_fresh', 'newProperty', 'property', '2026-01-01 00:00:00.000'),
           ('a_fresh', 'status', 'enum', '2026-01-01 00:00:00.000');
    INSERT INTO quarantine (resource, id, reason, raw, run_id, first_seen_at, _hash)
    VALUES ('a_fresh', 'x', 'no id', x'00', 1, '2026-01-01 00:00:00.000', 1);
)sql";

}  // namespace

TEST_CASE("status: each resource is what its row in freshness says")
{
    const MirrorFile mirror;
    mirror.execute(resources);
    auto database = mirror.open();
    const auto status = read_status(database);

    CHECK(status.tenant_id == "11111111-2222-3333-4444-555555555555");
    REQUIRE(status.resources.size() == 5);  // what is not included is not reported
    const auto state = [&](std::size_t i) { return status.resources[i].state(); };
    CHECK(state(0) == Freshness::fresh);
    CHECK(state(1) == Freshness::stale);
    CHECK(state(2) == Freshness::never);
    CHECK(state(3) == Freshness::degraded);
    CHECK(state(4) == Freshness::failing);
    CHECK(status.resources[0].rows == 7);
    CHECK(status.quarantined == 1);
    CHECK(status.drift == 2);
    CHECK(status.gaps == 0);
}

TEST_CASE("status: stale begins behind three intervals")
{
    ResourceStatus resource;
    resource.interval_seconds = 60;
    resource.age_seconds = 180;
    CHECK(resource.state() == Freshness::fresh);
    resource.age_seconds = 181;
    CHECK(resource.state() == Freshness::stale);
}

TEST_CASE("status: of the runs of a resource only the last one counts")
{
    const MirrorFile mirror;
    mirror.execute(resources);
    auto database = mirror.open();
    const auto status = read_status(database);
    CHECK(status.last_runs("complete") == 1);
    CHECK(status.last_runs("refused") == 1);
    CHECK(status.last_runs("incomplete") == 1);
    CHECK(status.last_runs("skipped") == 1);
}

TEST_CASE("status: the report for people says what is wrong, safely")
{
    const MirrorFile mirror;
    mirror.execute(resources);
    const auto ending = mirror.run({"status"});
    CHECK(ending.status == 0);
    CHECK(ending.errors.empty());
    for (const auto* text :
         {"11111111-2222-3333-4444-555555555555", "not enabled", "1 refused", "1 incomplete",
          "needs CloudPC.Read.All", "timed out", "cut off\\x1b", "degraded"})
        CHECK_MESSAGE(ending.out.find(text) != std::string::npos, text, " in ", ending.out);
    CHECK(ending.out.find(mirror.path().string()) != std::string::npos);
    CHECK(ending.out.find('\x1b') == std::string::npos);
}

TEST_CASE("status: the report for programs has times in RFC 3339")
{
    const MirrorFile mirror;
    mirror.execute(resources);
    for (const auto& arguments : {std::vector<std::string>{"--json", "status"},
                                  std::vector<std::string>{"status", "--json"}}) {
        const auto ending = mirror.run(arguments);
        CHECK(ending.status == 0);
        CHECK(ending.out.find(R"("last_complete_at":"2026-01-02T03:04:05.678Z")") !=
              std::string::npos);
        CHECK(ending.out.find(R"("resource":"c_never","state":"never","rows":0,)"
                              R"("last_complete_at":null,"age_seconds":null)") !=
              std::string::npos);
        CHECK(ending.out.find(R"("jobs":{"enabled":false)") != std::string::npos);
    }
}

TEST_CASE("status: what came over the socket is what was sent")
{
    const MirrorFile mirror;
    mirror.execute(resources);
    auto database = mirror.open();
    const StatusContext context{.path = "/m",
                                .jobs_enabled = true,
                                .daemon = DaemonStatus{.pid = 7,
                                                       .version = "1.2",
                                                       .commit = "abc",
                                                       .started_at = "2026-01-02T03:04:05.678Z",
                                                       .uptime_seconds = 90}};
    const auto sent = read_status(database);
    const auto came = parse_status(status_json(sent, context));
    CHECK(came.mirror.resources.size() == sent.resources.size());
    TextOutput before;
    TextOutput after;
    write_status(sent, context, /*as_json=*/false, before, {});
    write_status(came.mirror, came.context, /*as_json=*/false, after, {});
    // Times stand in neither report's table.
    CHECK(before.text() == after.text());
    CHECK(before.text().find("runs for 1m 30s (since 2026-01-02T03:04:05.678Z), pid 7, "
                             "version 1.2 (abc)") != std::string::npos);

    // Of another version, or of nobody we know.
    CHECK(parse_status("{}").mirror.resources.empty());
    CHECK(parse_status(R"({"resources":[1,{"rows":"x"}],"daemon":1})").mirror.resources.size() ==
          1);
    CHECK_THROWS_AS(parse_status("[]"), Failure);
    CHECK_THROWS_AS(parse_status("{"), Failure);
}

TEST_CASE("status: a mirror that asks for a newer reader is not misread")
{
    const MirrorFile mirror;
    mirror.execute("INSERT INTO meta VALUES ('min_reader_version', '1')");
    CHECK(mirror.run({"status"}).status == 0);
    mirror.execute("UPDATE meta SET value = '999' WHERE key = 'min_reader_version'");
    const auto ending = mirror.run({"status"});
    CHECK(ending.status == 78);
    CHECK(ending.errors.find("999") != std::string::npos);
}

TEST_CASE("status: the queue is counted by state, and a switch that is thrown is told")
{
    MirrorFile mirror;
    CHECK(mirror.run({"status"}).out.find("queue       none yet\n") != std::string::npos);
    cloudpcd::jobs::test::Queue queue;
    mirror.use_jobs(queue.path);
    const std::string enabled = "enabled = true\n";
    CHECK(mirror.run({"status"}, enabled)
              .out.find("jobs        enabled\n"
                        "queue       empty\n") != std::string::npos);
    queue.add_in(cloudpcd::jobs::State::in_doubt);
    queue.add();
    const cloudpcd::jobs::Freeze freeze{queue.path};
    freeze.turn_on("INC-7");
    const auto text = mirror.run({"status"}, enabled).out;
    CHECK(text.find("jobs        frozen, nothing is sent: INC-7\n"
                    "queue       1 submitted, 1 in_doubt\n") != std::string::npos);
    const auto json = mirror.run({"status", "--json"}, enabled).out;
    CHECK(json.find(R"("jobs":{"enabled":true,"acting":false,"frozen":true,)"
                    R"("freeze_reason":"INC-7","in_doubt":1,"held_restored":0,)"
                    R"("states":{"submitted":1,"awaiting_approval":0,)") != std::string::npos);
    // What a daemon sends reads the same.
    auto database = mirror.open();
    const StatusContext context{
        .path = "/m", .jobs_enabled = true, .queue = read_queue_status(queue.database, freeze)};
    const auto came = parse_status(status_json(read_status(database), context));
    REQUIRE(came.context.queue);
    CHECK(describe(*came.context.queue) == "1 submitted, 1 in_doubt");
    CHECK(came.context.queue->freeze_reason == "INC-7");
    // A restored queue asks for people.
    queue.add_in(cloudpcd::jobs::State::queued);
    cloudpcd::jobs::hold_restored(queue.database, cloudpcd::jobs::test::start);
    CHECK(mirror.run({"status"}).out.find("restored    1 jobs of a restored queue") !=
          std::string::npos);
}

TEST_CASE("status: a mirror without a tenant, a file that is no mirror, one that is not there")
{
    const MirrorFile mirror;
    mirror.execute("DELETE FROM meta");
    CHECK(mirror.run({"status"}).out.find("not known yet") != std::string::npos);

    mirror.execute("DROP VIEW freshness");
    auto ending = mirror.run({"status"});
    CHECK(ending.status == 74);
    CHECK(ending.errors.find("no mirror") != std::string::npos);

    std::filesystem::remove(mirror.path());
    ending = mirror.run({"status"});
    CHECK(ending.status == 2);
    CHECK(ending.errors.find("has not run") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(mirror.path()));  // looking does not make one
}
