// One job, and every step from its row to its record: whatever happens there, it is carried out at
// most once, and ends where it belongs.

#include "tests/simulation/jobs_world.hpp"

#include <SQLiteCpp/Database.h>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <functional>

using namespace cloudpcd;
using namespace cloudpcd::simulation;
using namespace std::chrono_literals;
using graphsim::Effect;
using graphsim::Fault;
namespace faults = graphsim::faults;

namespace {

constexpr std::string_view reprovision_path = "/reprovision";

jobs::JobId submit_reprovision(JobsWorld& world)
{
    const auto job =
        world.submit({.kind = "cloud_pc.reprovision", .target_id = world.cloud_pcs().front()});
    REQUIRE(job > 0);
    return job;
}

using Submit = std::function<jobs::JobId(JobsWorld&)>;
using Happening = std::function<void(JobsWorld&)>;

jobs::JobId submit_policy(JobsWorld& world)
{
    return world.submit(
        {.kind = "provisioning_policy.create",
         .params = R"({"displayName":"Sweep",)"
                   R"("imageId":"microsoftwindowsdesktop_windows-ent-cpc_win11-24h2-ent-cpc",)"
                   R"("imageDisplayName":"Windows 11","imageType":"gallery",)"
                   R"("provisioningType":"dedicated",)"
                   R"("domainJoinConfigurations":[{"domainJoinType":"azureADJoin",)"
                   R"("regionName":"westeurope"}]})"});
}

jobs::JobId submit_bulk(JobsWorld& world)
{
    const auto ids = world.cloud_pcs();
    return world.submit({.kind = "cloud_pc.bulk_reprovision",
                         .params = fmt::format(R"({{"cloudPcIds":["{}","{}"]}})", ids[0], ids[1])});
}

jobs::JobId submit_delete(JobsWorld& world)
{
    return world.submit({.kind = "user_setting.delete", .target_id = world.any_id("userSettings")});
}

/// Actions end within some looks, so that there are no more steps than differ.
JobsOptions short_actions()
{
    JobsOptions options;
    options.writes.pace = 0.004;
    return options;
}

/// Has `happening` take place at each step in turn, from the row on until the job is at its end
/// before; then calls `check`.
void sweep(const Submit& submit, const Happening& happening,
           const std::function<void(JobsWorld&, jobs::JobId)>& check, Duration longest = 3h)
{
    for (std::uint64_t step = 1;; ++step) {
        JobsWorld world{Seed{step}, short_actions()};
        const auto job = submit(world);
        REQUIRE(job > 0);
        bool happened = false;
        world.at_step(step, [&] {
            happened = true;
            happening(world);
        });
        world.run_until_quiet(longest);
        if (!happened)
            return;
        CAPTURE(step);
        CAPTURE(world.value(fmt::format(
            "SELECT state || ': ' || coalesce(state_reason, '') FROM jobs WHERE job_id = {}",
            job)));
        check(world, job);
        CHECK(world.problems() == "");
    }
}

/// At its end after one execution, or in doubt after none.
void check_at_most_once(JobsWorld& world, jobs::JobId job)
{
    const auto state = world.state(job);
    if (world.executions(job) == 0)
        CHECK(state == "in_doubt");
    else
        CHECK(state == "succeeded");
}

void check_done(JobsWorld& world, jobs::JobId job)
{
    CHECK(world.state(job) == "succeeded");
    CHECK(world.executions(job) == 1);
}

}  // namespace

TEST_CASE("jobs simulation: kill -9 at any step of a reprovision")
{
    sweep(submit_reprovision, [](JobsWorld& world) { world.kill(); }, check_at_most_once);
}

TEST_CASE("jobs simulation: a power cut at any step of a reprovision")
{
    sweep(
        submit_reprovision, [](JobsWorld& world) { world.kill(Death::power_cut); },
        check_at_most_once);
}

TEST_CASE(
    "jobs simulation: kill -9 at any step, and what was on the wire arrives after the restart")
{
    sweep(
        submit_reprovision,
        [](JobsWorld& world) {
            world.set_late_arrival(45s);
            world.kill();
        },
        check_at_most_once);
}

TEST_CASE("jobs simulation: kill -9 at any step of creations, bulk actions and deletes")
{
    for (const auto& submit : {submit_policy, submit_bulk, submit_delete})
        sweep(submit, [](JobsWorld& world) { world.kill(); }, check_at_most_once);
}

TEST_CASE("jobs simulation: killed again at the next start, whatever the step")
{
    sweep(
        submit_reprovision,
        [](JobsWorld& world) {
            for (const std::uint64_t next : {2U, 5U, 9U, 14U})
                world.at_step(next, [&world] { world.kill(); });
            world.kill();
        },
        check_at_most_once);
}

TEST_CASE("jobs simulation: SIGTERM at any step")
{
    sweep(submit_reprovision, [](JobsWorld& world) { world.terminate(); }, check_done);
}

TEST_CASE("jobs simulation: the disk is full from any step on, for two minutes")
{
    sweep(
        submit_reprovision,
        [](JobsWorld& world) {
            world.fill_disk(true);
            world.later(2min, [&world] { world.fill_disk(false); });
        },
        check_at_most_once);
}

TEST_CASE("jobs simulation: the anchor cannot be written from any step on, for some seconds")
{
    sweep(
        submit_reprovision,
        [](JobsWorld& world) {
            world.break_anchor(true);
            world.later(3s, [&world] { world.break_anchor(false); });
        },
        check_done);
}

TEST_CASE("jobs simulation: frozen at any step it is not sent, or was sent before")
{
    sweep(
        submit_reprovision,
        [](JobsWorld& world) {
            world.freeze();
            world.later(20min, [&world] {
                const bool left = world.executions(1) == 1;
                CHECK((left || world.state(1) == "held" || world.state(1) == "queued"));
                world.thaw();
            });
        },
        check_done);
}

TEST_CASE("jobs simulation: a thaw that meets a full disk is not forgotten")
{
    JobsWorld world{Seed{12}};
    world.freeze();
    const auto job = submit_reprovision(world);
    world.run_for(1min);
    REQUIRE(world.state(job) == "held");
    world.fill_disk(true);
    world.thaw();
    world.run_for(10s);
    CHECK(world.state(job) == "held");
    world.fill_disk(false);
    world.run_for(10s);
    CHECK(world.executions(job) == 1);
    world.run_until_quiet(1h);
    check_done(world, job);
    CHECK(world.problems() == "");
}

TEST_CASE("jobs simulation: a secret that was erased leaves the log once no reader needs it")
{
    JobsWorld world{Seed{13}};
    world.run_for(1s);
    const auto is_there = [&] {
        const auto said =
            file_contents(world.file()) + file_contents(world.file().string() + "-wal");
        return said.find(canary_password) != std::string::npos;
    };
    SQLite::Database reader{world.file().string(), SQLite::OPEN_READONLY};
    reader.exec("BEGIN");
    reader.execAndGet("SELECT count(*) FROM jobs");
    const auto job = world.insert(
        {.kind = "cloud_pc.rename",
         .target_id = world.cloud_pcs().front(),
         .params = fmt::format(R"({{"displayName":"x","localPassword":"{}"}})", canary_password)});
    REQUIRE(job > 0);
    world.run_for(5min);
    CHECK(world.state(job) == "rejected");
    REQUIRE(is_there());
    reader.exec("COMMIT");
    world.run_for(1min);
    CHECK_FALSE(is_there());
    CHECK(world.problems() == "");
}

TEST_CASE("jobs simulation: cancelled at any step it is not carried out, or it is too late")
{
    sweep(
        submit_reprovision,
        [](JobsWorld& world) { world.later(0s, [&world] { world.cancel(1); }); },
        [](JobsWorld& world, jobs::JobId job) {
            if (world.state(job) == "cancelled")
                CHECK(world.executions(job) == 0);
            else
                check_done(world, job);
        });
}

TEST_CASE("jobs simulation: whatever becomes of any one request, it is carried out at most once")
{
    // The job may wait for its read, or for a token, until it expires.
    const auto check = [](JobsWorld& world, jobs::JobId job) {
        if (world.executions(job) == 0)
            CHECK((world.state(job) == "in_doubt" || world.state(job) == "expired"));
        else
            CHECK(world.state(job) == "succeeded");
    };
    for (const auto& fault :
         {Fault{.effect = Effect::reset_before_response},
          Fault{.effect = Effect::reset_before_response, .lost = true},
          Fault{.effect = Effect::hang}, Fault{.effect = Effect::hang, .lost = true},
          Fault{.effect = Effect::status, .status = 503},
          Fault{.effect = Effect::status, .status = 504, .execute = true},
          Fault{.effect = Effect::status, .status = 429, .headers = {{"Retry-After", "2.128"}}},
          Fault{.effect = Effect::status, .status = 401}, Fault{.effect = Effect::html_page},
          Fault{.effect = Effect::truncate_body}}) {
        for (int request = 1;; ++request) {
            JobsWorld world{Seed{7}, short_actions()};
            const auto job = submit_reprovision(world);
            auto one = fault;
            one.nth = request;
            world.faults().add(one);
            world.run_until_quiet(5h);
            if (world.faults().hits() == 0)
                break;
            CAPTURE(graphsim::to_string(fault.effect));
            CAPTURE(fault.status);
            CAPTURE(request);
            CAPTURE(world.value("SELECT coalesce(state_reason, '') FROM jobs"));
            check(world, job);
            CHECK(world.problems() == "");
        }
    }
}

TEST_CASE("jobs simulation: what becomes of the write decides what becomes of the job")
{
    struct Case {
        Fault fault;
        std::string_view state;
        std::size_t executions;
        int attempts;
    };
    const std::string path{reprovision_path};
    const auto refused = [&](int status, std::string code) {
        auto fault = faults::status(path, status, std::move(code));
        fault.method = "write";
        return fault;
    };
    const auto answered = [&](Effect effect, int status) {
        return Fault{.path_contains = path, .method = "write", .effect = effect, .status = status};
    };
    auto redirect = answered(Effect::redirect, 307);
    redirect.text = "https://graph.microsoft.com/beta/elsewhere";
    for (const auto& [fault, state, executions, attempts] : {
             Case{faults::executed(path, Effect::reset_before_response), "succeeded", 1, 1},
             Case{faults::executed(path, Effect::close_before_response), "succeeded", 1, 1},
             Case{faults::executed(path, Effect::hang), "succeeded", 1, 1},
             Case{faults::executed(path, 408), "succeeded", 1, 1},
             Case{faults::executed(path, 500), "succeeded", 1, 1},
             Case{faults::executed(path, 503), "succeeded", 1, 1},
             Case{faults::executed(path, 504), "succeeded", 1, 1},
             Case{faults::lost(path, Effect::reset_before_response), "in_doubt", 0, 1},
             Case{faults::lost(path, Effect::hang), "in_doubt", 0, 1},
             Case{refused(500, ""), "in_doubt", 0, 1},
             Case{refused(503, ""), "in_doubt", 0, 1},
             Case{redirect, "in_doubt", 0, 1},
             Case{answered(Effect::html_page, 200), "in_doubt", 0, 1},
             Case{refused(400, "BadRequest"), "failed", 0, 1},
             Case{refused(403, "Forbidden"), "failed", 0, 1},
             Case{refused(409, "Conflict"), "failed", 0, 1},
             Case{refused(401, "InvalidAuthenticationToken"), "succeeded", 1, 2},
             Case{refused(423, "Locked"), "succeeded", 1, 2},
             Case{refused(429, "TooManyRequests"), "succeeded", 1, 2},
         }) {
        JobsWorld world{Seed{8}};
        world.faults().add(fault);
        const auto job = submit_reprovision(world);
        world.run_until_quiet(3h);
        CAPTURE(graphsim::to_string(fault.effect));
        CAPTURE(fault.status);
        CAPTURE(fault.lost);
        CAPTURE(world.value("SELECT coalesce(state_reason, '') FROM jobs"));
        CHECK(world.state(job) == state);
        CHECK(world.executions(job) == executions);
        CHECK(world.number("SELECT attempts FROM jobs") == attempts);
        CHECK(world.problems() == "");
    }
}

TEST_CASE("jobs simulation: what a token was refused for is sent again with another one")
{
    JobsWorld world{Seed{8}};
    auto fault = faults::status(std::string{reprovision_path}, 401, "InvalidAuthenticationToken");
    fault.method = "write";
    fault.times = 3;
    world.faults().add(fault);
    const auto first = submit_reprovision(world);
    world.run_for(10s);
    CHECK(world.state(first) == "failed");  // with a new token too
    const auto second = world.submit(
        {.kind = "cloud_pc.reprovision", .target_id = world.cloud_pcs()[1], .reason = "test"});
    world.run_for(2min);
    // A new token is asked for once a minute, and the first job has had one.
    CHECK(world.state(second) != "failed");
    const auto sent = world.rows("SELECT intent_at FROM job_attempts ORDER BY attempt_id");
    REQUIRE(sent.size() == 4);
    CHECK(*parse_sql_time(sent[2]) - *parse_sql_time(sent[0]) < 20s);
    CHECK(*parse_sql_time(sent[3]) - *parse_sql_time(sent[0]) >= 60s);
    world.run_until_quiet(3h);
    CHECK(world.state(second) == "succeeded");
    CHECK(world.problems() == "");
}

TEST_CASE("jobs simulation: dry runs of a batch count those before them")
{
    JobsWorld world{Seed{8}};
    const auto ids = world.cloud_pcs();
    REQUIRE(ids.size() >= 8);
    for (std::size_t i = 0; i < 4; ++i)  // the first ones are answered last
        world.faults().add({.path_contains = ids[i],
                            .effect = Effect::delay,
                            .delay = std::chrono::seconds{10 - 2 * static_cast<int>(i)}});
    for (std::size_t i = 0; i < 6; ++i)
        world.submit({.kind = "cloud_pc.reprovision",
                      .target_id = ids[i],
                      .batch_id = "friday",
                      .dry_run = true});
    const auto single =
        world.submit({.kind = "cloud_pc.reprovision", .target_id = ids[6], .dry_run = true});
    const auto other = world.submit({.kind = "cloud_pc.reprovision",
                                     .target_id = ids[7],
                                     .batch_id = "monday",
                                     .dry_run = true});
    world.run_for(3s);
    // Another batch, and what belongs to none, wait for nobody.
    CHECK(world.state(single) == "checked");
    CHECK(world.state(other) == "checked");
    world.run_for(1min);
    CHECK(world.rows("SELECT state || json_type(result, '$.earliest') FROM jobs "
                     "WHERE batch_id = 'friday' ORDER BY job_id") ==
          Rows{"checkednull", "checkednull", "checkednull", "checkedtext", "checkedtext",
               "checkedtext"});
    CHECK(world.problems() == "");
}

TEST_CASE("jobs simulation: however many expire at once, all do at their time")
{
    constexpr int jobs = 500;
    JobsWorld world{Seed{8}};
    world.freeze();
    const auto at = format_sql_time(world.clock().utc_now() + 1h);
    for (int i = 0; i < jobs; ++i)
        world.insert({.kind = "user_setting.create",
                      .params = R"({"displayName":"Sweep","localAdminEnabled":true})",
                      .expires_at = at});
    world.run_for(1h + 10s);
    CHECK(world.number("SELECT count(*) FROM jobs WHERE state = 'expired'") == jobs);
    CHECK(world.value("SELECT max(finished_at) FROM jobs") == at);
}

TEST_CASE("jobs simulation: a write is never sent again before its Retry-After")
{
    struct Case {
        std::string_view asked;
        Duration least;
        std::string_view state;
    };
    for (const auto& [asked, least, state] :
         {Case{"2.128", 2128ms, "succeeded"}, Case{"", 1s, "succeeded"},
          Case{"-5", 0s, "succeeded"}, Case{"soon", 0s, "succeeded"},
          Case{"Thu, 01 Jan 2026 01:20:00 GMT", 19min, "succeeded"},
          Case{"7000", 7000s, "succeeded"}, Case{"1000000000", 4h, "expired"}}) {
        JobsWorld world{Seed{9}};
        auto fault = faults::throttled(std::string{reprovision_path}, std::string{asked});
        fault.method = "write";
        world.faults().add(fault);
        const auto job = submit_reprovision(world);
        world.run_for(5h);
        CAPTURE(asked);
        CHECK(world.state(job) == state);
        const auto sent = world.rows("SELECT intent_at FROM job_attempts ORDER BY attempt_id");
        if (state == "succeeded") {
            REQUIRE(sent.size() == 2);
            CHECK(*parse_sql_time(sent[1]) - *parse_sql_time(sent[0]) >= least);
        } else {
            CHECK(sent.size() == 1);
        }
        CHECK(world.problems() == "");
    }
}

TEST_CASE("jobs simulation: a success that is not the documented one is accepted")
{
    for (const auto how : {graphsim::Acknowledgement::ok, graphsim::Acknowledgement::accepted}) {
        JobsOptions options;
        options.writes.acknowledgement = how;
        JobsWorld world{Seed{10}, options};
        const auto job = submit_reprovision(world);
        world.run_until_quiet(1h);
        check_done(world, job);
        CHECK(world.problems() == "");
    }
}

TEST_CASE("jobs simulation: an answer that comes after SIGTERM is recorded, silence is doubt")
{
    for (const auto delay : {Duration{5s}, Duration{60s}}) {
        JobsWorld world{Seed{11}};
        Fault fault{.path_contains = std::string{reprovision_path},
                    .method = "write",
                    .effect = Effect::delay,
                    .delay = delay};
        world.faults().add(fault);
        const auto job = submit_reprovision(world);
        world.run_for(2s);
        REQUIRE(world.state(job) == "sending");
        const auto before = world.clock().steady_now();
        world.stop_and_start();
        CHECK(world.clock().steady_now() - before < 15s);
        CHECK(world.state(job) == (delay == 5s ? "accepted" : "in_doubt"));
        world.run_until_quiet(1h);
        check_done(world, job);
        CHECK(world.problems() == "");
    }
}

TEST_CASE("jobs simulation: at the end a verdict is tried to be recorded for a while")
{
    for (const auto full_for : {Duration{1500ms}, Duration{60s}}) {
        JobsWorld world{Seed{11}};
        Fault fault{.path_contains = std::string{reprovision_path},
                    .method = "write",
                    .effect = Effect::delay,
                    .delay = 3s};
        world.faults().add(fault);
        const auto job = submit_reprovision(world);
        world.run_for(2s);
        REQUIRE(world.state(job) == "sending");
        world.later(1ms, [&world] { world.terminate(); });
        world.later(1s, [&world] { world.fill_disk(true); });  // before the answer
        world.later(1s + full_for, [&world] { world.fill_disk(false); });
        world.run_for(1s + 1400ms);
        CHECK(world.state(job) == "sending");
        world.run_for(2min);
        world.run_until_quiet(1h);
        CHECK(world.number("SELECT count(*) FROM job_events WHERE to_state = 'in_doubt'") ==
              (full_for == 60s ? 1 : 0));
        check_done(world, job);
        CHECK(world.problems() == "");
    }
}
