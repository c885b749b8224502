// How far Graph has come with what it accepted.

#include "sync/jobs/progress.hpp"

#include "sync/jobs/remote_actions.hpp"
#include "tests/unit/jobs/fake_estate.hpp"
#include "tests/unit/jobs/planned.hpp"

#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>

using namespace cloudpcd;
using namespace cloudpcd::jobs;
using namespace cloudpcd::jobs::test;
using namespace std::chrono_literals;
using Phase = Progress::Phase;

namespace cloudpcd::jobs {

doctest::String toString(Progress::Phase phase)
{
    constexpr std::array names{"going_on", "ended_well", "ended_badly", "unread"};
    return names.at(static_cast<std::size_t>(phase));
}

}  // namespace cloudpcd::jobs

namespace {

const std::string machine = numbered_id(1);
const std::string object = "cccccccc-0000-4000-8000-00000000000c";

struct ProgressWorld : Tenancy {
    Progress look(const Planned& of, std::vector<std::string> cloud_pcs = {})
    {
        return await(observe_progress(estate, {.plan = of.plan,
                                               .job = of.job,
                                               .attempt = of.attempt,
                                               .cloud_pcs = std::move(cloud_pcs),
                                               .since = sent,
                                               .explained = explained}));
    }
    Phase phase(const Planned& of) { return look(of).phase; }

    void remote_actions(std::string_view results)
    {
        estate.answer("cloud_pcs", machine, "retrieveCloudPCRemoteActionResults", results);
    }
    void cloud_pc(std::string_view members, const std::string& id = machine)
    {
        estate.put("cloud_pcs", fmt::format(R"({{"id":"{}",{}}})", id, members));
    }

    std::vector<std::string> explained{};
};

std::string result_of(std::string_view name, std::string_view state, Duration started,
                      std::string_view more = "")
{
    return fmt::format(R"({{"actionName":"{}","actionState":"{}","startDateTime":"{}"{}}})", name,
                       state, after(started), more);
}

std::string key_of(std::string_view name, Duration started)
{
    return fmt::format("remote_action:{}:{}:{}", machine, name, after(started));
}

}  // namespace

// --- remote actions ------------------------------------------------------------------------------

TEST_CASE("progress: a remote action is known by any of its names and spellings")
{
    for (const auto* name : {"CloudPcRestart", "Reboot", "restart", "REBOOT", "cloudpcreboot"}) {
        CAPTURE(name);
        ProgressWorld world;
        world.remote_actions(fmt::format("[{}]", result_of(name, "Done", 3s)));
        const auto progress = world.look(planned("cloud_pc.reboot", machine));
        CHECK(progress.phase == Phase::ended_well);
        CHECK(progress.evidence == key_of("restart", 3s));
    }
    ProgressWorld world;
    world.remote_actions(fmt::format("[{}]", result_of("CloudPcRename", "done", 3s)));
    CHECK(world.phase(planned("cloud_pc.reboot", machine)) == Phase::going_on);
}

TEST_CASE("progress: states of a remote action")
{
    const auto phase = [](std::string_view state) {
        ProgressWorld world;
        world.remote_actions(fmt::format("[{}]", result_of("CloudPcRestart", state, 3s)));
        return world.phase(planned("cloud_pc.reboot", machine));
    };
    CHECK(phase("done") == Phase::ended_well);
    for (const auto* bad : {"failed", "canceled", "notSupported", "NotSupported"})
        CHECK_MESSAGE(phase(bad) == Phase::ended_badly, bad);
    for (const auto* on : {"pending", "active", "none", "", "somethingNew"})
        CHECK_MESSAGE(phase(on) == Phase::going_on, on);
}

TEST_CASE("progress: a failed remote action says why")
{
    ProgressWorld world;
    world.remote_actions(fmt::format(
        "[{}]",
        result_of("CloudPcRestart", "failed", 3s,
                  R"(,"statusDetail":{"code":"internalServerError","message":"It broke"})")));
    const auto progress = world.look(planned("cloud_pc.reboot", machine));
    CHECK(progress.error_code == "internalServerError");
    CHECK(progress.error_message == "It broke");
    CHECK(progress.what == "restart: failed");
    CHECK(
        boost::json::serialize(progress.result.at("cloudPcs")) ==
        fmt::format(R"([{{"id":"{}","outcome":"failed","code":"internalServerError"}}])", machine));
}

TEST_CASE("progress: what began before, or explains another job, is not ours")
{
    ProgressWorld world;
    const auto job = planned("cloud_pc.reboot", machine);
    world.remote_actions(fmt::format("[{}]", result_of("Reboot", "done", -1h)));
    CHECK(world.phase(job) == Phase::going_on);

    world.remote_actions(fmt::format("[{},{}]", result_of("Reboot", "active", 20s),
                                     result_of("CloudPcRestart", "done", 2s)));
    CHECK(world.phase(job) == Phase::ended_well);
    world.explained = {key_of("restart", 2s)};
    CHECK(world.phase(job) == Phase::going_on);
}

TEST_CASE("progress: Graph may cut the time of the begin to the second")
{
    ProgressWorld world;
    auto job = planned("cloud_pc.reboot", machine);
    world.remote_actions(fmt::format("[{}]", result_of("Reboot", "done", 0s)));
    const Accepted accepted{
        .plan = job.plan, .job = job.job, .attempt = job.attempt, .since = sent + 800ms};
    CHECK(world.await(observe_progress(world.estate, accepted)).phase == Phase::ended_well);
}

TEST_CASE("progress: the result that proved the request is the one that is followed")
{
    ProgressWorld world;
    auto job = planned("cloud_pc.reboot", machine);
    job.attempt.evidence = key_of("restart", 30s);
    world.remote_actions(fmt::format("[{},{}]", result_of("Reboot", "done", 2s),
                                     result_of("CloudPcRestart", "active", 30s)));
    CHECK(world.phase(job) == Phase::going_on);
}

TEST_CASE("progress: where the function is refused, the last result of the Cloud PC counts")
{
    for (const int status : {400, 403, 404}) {
        CAPTURE(status);
        ProgressWorld world;
        world.estate.fail(fmt::format("cloud_pcs/{}/retrieveCloudPCRemoteActionResults", machine),
                          FakeEstate::refused(status));
        world.cloud_pc(
            fmt::format(R"("lastRemoteActionResult":{})", result_of("Reboot", "done", 3s)));
        const auto progress = world.look(planned("cloud_pc.reboot", machine));
        CHECK(progress.phase == Phase::ended_well);
        CHECK(progress.evidence == key_of("restart", 3s));
    }
}

TEST_CASE("progress: what cannot be read is not known")
{
    ProgressWorld world;
    world.estate.fail(fmt::format("cloud_pcs/{}/retrieveCloudPCRemoteActionResults", machine),
                      FakeEstate::no_network());
    const auto progress = world.look(planned("cloud_pc.reboot", machine));
    CHECK(progress.phase == Phase::unread);
    CHECK(progress.what.find("no network") != std::string::npos);
}

TEST_CASE("progress: as long as the status is one of the action it has not ended")
{
    ProgressWorld world;
    const auto job = planned("cloud_pc.reprovision", machine);
    world.remote_actions(fmt::format("[{}]", result_of("CloudPcReprovision", "done", 3s)));
    world.cloud_pc(R"("status":"Provisioning")");
    CHECK(world.phase(job) == Phase::going_on);
    world.cloud_pc(R"("status":"provisioned")");
    CHECK(world.phase(job) == Phase::ended_well);
    world.estate.fail("cloud_pcs/" + machine, FakeEstate::no_network());
    CHECK(world.phase(job) == Phase::unread);
}

TEST_CASE("progress: answers of other shapes than documented go on")
{
    for (const auto* answer : {"null", "{}", "[]", "[null]", R"(["x"])", R"([{"actionName":7}])",
                               R"([{"actionName":"Reboot","actionState":"done"}])",
                               R"([{"actionName":"Reboot","actionState":null,)"
                               R"("startDateTime":"2026-01-01T00:00:05Z"}])"}) {
        CAPTURE(answer);
        ProgressWorld world;
        world.remote_actions(answer);
        CHECK(world.phase(planned("cloud_pc.reboot", machine)) == Phase::going_on);
    }
}

// --- status --------------------------------------------------------------------------------------

TEST_CASE("progress: the end of a grace period is a status, or that there is no Cloud PC")
{
    ProgressWorld world;
    const auto job = planned("cloud_pc.end_grace_period", machine);
    CHECK(world.phase(job) == Phase::ended_well);
    world.cloud_pc(R"("status":"inGracePeriod")");
    CHECK(world.phase(job) == Phase::going_on);
    world.cloud_pc(
        fmt::format(R"("status":"inGracePeriod","lastModifiedDateTime":"{}")", after(-1h)));
    CHECK(world.phase(job) == Phase::going_on);
    world.cloud_pc(R"("status":"deprovisioning")");
    CHECK(world.phase(job) == Phase::ended_well);
    CHECK(needs_second_look(schema::Completion::status));
    CHECK_FALSE(needs_second_look(schema::Completion::remote_action));
}

TEST_CASE("progress: Cloud PCs of a policy that had failed before have not failed again")
{
    ProgressWorld world;
    const auto job = planned("provisioning_policy.retry", object);
    const auto ids = numbered_ids(3);
    const auto put = [&](std::size_t number, std::string_view status, Duration modified) {
        world.cloud_pc(
            fmt::format(R"("status":"{}","lastModifiedDateTime":"{}")", status, after(modified)),
            numbered_id(number));
    };
    put(1, "provisioned", 1min);
    put(2, "failed", -1h);
    put(3, "inGracePeriod", -1h);  // none of its business
    CHECK(world.look(job, ids).phase == Phase::going_on);
    put(2, "provisioning", 1min);
    CHECK(world.look(job, ids).phase == Phase::going_on);
    put(2, "provisionedWithWarnings", 20min);
    CHECK(world.look(job, ids).phase == Phase::ended_well);
    put(2, "failed", 20min);
    const auto progress = world.look(job, ids);
    CHECK(progress.phase == Phase::ended_badly);
    CHECK(progress.what == "retry: 2 of 3 succeeded, 1 failed");
}

TEST_CASE("progress: many Cloud PCs are looked at by one list")
{
    ProgressWorld world;
    const auto ids = numbered_ids(30);
    for (const auto& id : ids)
        world.cloud_pc(R"("status":"provisioned")", id);
    CHECK(world.look(planned("provisioning_policy.retry", object), ids).phase == Phase::ended_well);
    CHECK(world.estate.asked == std::vector<std::string>{"LIST cloud_pcs"});
    world.estate.fail("cloud_pcs", FakeEstate::no_network());
    CHECK(world.look(planned("provisioning_policy.retry", object), ids).phase == Phase::unread);
}

// --- other ends ----------------------------------------------------------------------------------

TEST_CASE("progress: a snapshot made since ends its creation, unless its result says otherwise")
{
    ProgressWorld world;
    const auto job = planned("cloud_pc.create_snapshot", machine);
    const auto snapshots = [&](std::string_view type, std::string_view status, Duration created) {
        world.estate.answer("cloud_pcs", machine, "retrieveSnapshots",
                            fmt::format(R"([{{"id":"s","snapshotType":"{}","status":"{}",)"
                                        R"("createdDateTime":"{}"}}])",
                                        type, status, after(created)));
        return world.phase(job);
    };
    world.remote_actions("[]");
    CHECK(world.phase(job) == Phase::going_on);
    CHECK(snapshots("manual", "ready", -1h) == Phase::going_on);
    CHECK(snapshots("automatic", "ready", 1min) == Phase::going_on);
    CHECK(snapshots("manual", "creating", 1min) == Phase::going_on);
    CHECK(snapshots("manual", "ready", 1min) == Phase::ended_well);
    world.remote_actions(fmt::format("[{}]", result_of("CreateSnapshot", "failed", 5s)));
    CHECK(world.phase(job) == Phase::ended_badly);
}

TEST_CASE("progress: health checks end well however they end, but not by those of before")
{
    ProgressWorld world;
    const auto job = planned("on_premises_connection.run_health_checks", object);
    const auto phase = [&](std::string_view status, Duration started) {
        world.estate.put("on_premises_connections",
                         fmt::format(R"({{"id":"{}","healthCheckStatus":"{}",)"
                                     R"("healthCheckStatusDetail":{{"startDateTime":"{}"}}}})",
                                     object, status, after(started)));
        return world.phase(job);
    };
    CHECK(phase("passed", -1h) == Phase::going_on);
    CHECK(phase("running", 5s) == Phase::going_on);
    for (const auto* final : {"passed", "failed", "warning", "informational"})
        CHECK_MESSAGE(phase(final, 5s) == Phase::ended_well, final);
    const auto progress = world.look(job);
    CHECK(progress.result.at("healthCheckStatus") == "informational");
    CHECK(progress.result.at("healthCheckStatusDetail").is_object());
    world.estate.put("on_premises_connections",
                     fmt::format(R"({{"id":"{}","healthCheckStatus":"failed"}})", object));
    CHECK(world.phase(job) == Phase::ended_well);
}

TEST_CASE("progress: an image is the target, or the one that the answer or the evidence names")
{
    ProgressWorld world;
    world.estate.put("device_images", fmt::format(R"({{"id":"{}","status":"ready"}})", object));
    CHECK(world.phase(planned("device_image.retry_upload", object)) == Phase::ended_well);
    constexpr std::string_view params =
        R"({"displayName":"x","version":"1.0.0","sourceImageResourceId":)"
        R"("/subscriptions/662009bc-0000-4000-8000-000000000001/resourceGroups/g/providers/)"
        R"(Microsoft.Compute/images/i"})";
    auto job = planned("device_image.create", {}, params);
    CHECK(world.phase(job) == Phase::going_on);
    job.job.result = fmt::format(R"({{"id":"{}"}})", object);
    CHECK(world.phase(job) == Phase::ended_well);
    job.job.result.reset();
    job.attempt.evidence = "created:" + object;
    CHECK(world.phase(job) == Phase::ended_well);
}

TEST_CASE("progress: an upload that had failed before has not failed again")
{
    ProgressWorld world;
    const auto job = planned("device_image.retry_upload", object);
    const auto put = [&](Duration modified) {
        world.estate.put("device_images",
                         fmt::format(R"({{"id":"{}","status":"failed","errorCode":"imageNotFound",)"
                                     R"("lastModifiedDateTime":"{}"}})",
                                     object, after(modified)));
        return world.look(job);
    };
    CHECK(put(-1h).phase == Phase::going_on);
    CHECK(put(1h).phase == Phase::ended_badly);
    CHECK(put(1h).error_code == "imageNotFound");
}

TEST_CASE("progress: every app of the list has to come to its end")
{
    ProgressWorld world;
    const auto job =
        planned("cloud_app.publish", {},
                fmt::format(R"({{"cloudAppIds":["{}","{}"]}})", numbered_id(1), numbered_id(2)));
    const auto put = [&](std::size_t number, std::string_view status) {
        world.estate.put("cloud_apps", fmt::format(R"({{"id":"{}","appStatus":"{}",)"
                                                   R"("actionFailedErrorCode":"c"}})",
                                                   numbered_id(number), status));
    };
    put(1, "published");
    put(2, "publishing");
    CHECK(world.phase(job) == Phase::going_on);
    put(2, "failed");
    const auto progress = world.look(job);
    CHECK(progress.phase == Phase::ended_badly);
    CHECK(progress.error_code == "c");
    CHECK(progress.result.at("cloudApps").as_array().size() == 2);
    put(2, "published");
    CHECK(world.phase(job) == Phase::ended_well);
}

TEST_CASE("progress: the application of a policy, not the one before")
{
    ProgressWorld world;
    const auto job = planned("provisioning_policy.apply", object, R"({"policySettings":"region"})");
    const auto phase = [&](std::string_view status, Duration started) {
        world.estate.answer(
            "provisioning_policies", object, "retrievePolicyApplyActionResult",
            fmt::format(R"({{"status":"{}","startDateTime":"{}"}})", status, after(started)));
        return world.phase(job);
    };
    CHECK(world.phase(job) == Phase::unread);
    CHECK(phase("succeeded", -1h) == Phase::going_on);
    CHECK(phase("processing", 5s) == Phase::going_on);
    CHECK(phase("succeeded", 5s) == Phase::ended_well);
    CHECK(phase("failed", 5s) == Phase::ended_badly);
}

TEST_CASE("progress: all agents of partners have to be installed")
{
    ProgressWorld world;
    const auto job = planned("cloud_pc.retry_partner_agent_installation", machine);
    const auto phase = [&](std::string_view agents, Duration modified = 1min) {
        world.cloud_pc(fmt::format(R"("lastModifiedDateTime":"{}","partnerAgentInstallResults":{})",
                                   after(modified), agents));
        return world.phase(job);
    };
    CHECK(phase("null") == Phase::going_on);
    CHECK(phase(R"([{"installStatus":"installed"},{"installStatus":"installing"}])") ==
          Phase::going_on);
    CHECK(phase(R"([{"installStatus":"installed"},{"installStatus":"licensed"}])") ==
          Phase::ended_well);
    constexpr auto failed = R"([{"installStatus":"installed"},{"installStatus":"installFailed"}])";
    CHECK(phase(failed) == Phase::ended_badly);
    CHECK(phase(failed, -1h) == Phase::going_on);
}

TEST_CASE("progress: a delete has ended when its target is gone, other answers at once")
{
    ProgressWorld world;
    const auto job = planned("user_setting.delete", object);
    world.estate.put("user_settings", fmt::format(R"({{"id":"{}"}})", object));
    CHECK(world.phase(job) == Phase::going_on);
    world.estate.take("user_settings", object);
    CHECK(world.phase(job) == Phase::ended_well);
    world.estate.fail("user_settings/" + object, FakeEstate::no_network());
    CHECK(world.phase(job) == Phase::unread);
    CHECK(world.phase(planned("user_setting.update", object, R"({"displayName":"x"})")) ==
          Phase::ended_well);
}
