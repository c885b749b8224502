// Bulk actions: when they end, for how many badly, and which ones those are.

#include "sync/jobs/progress.hpp"
#include "tests/unit/jobs/fake_estate.hpp"
#include "tests/unit/jobs/planned.hpp"

#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>

using namespace cloudpcd;
using namespace cloudpcd::jobs;
using namespace cloudpcd::jobs::test;
using namespace std::chrono_literals;
using Phase = Progress::Phase;

namespace {

const std::string bulk = "bbbbbbbb-0000-4000-8000-00000000000b";

struct Counts {
    int pending = 0;
    int in_progress = 0;
    int good = 0;
    int failed = 0;
    int not_supported = 0;
};

struct BulkWorld : Tenancy {
    explicit BulkWorld(std::size_t cloud_pcs = 3) : ids{numbered_ids(cloud_pcs)} {}

    Planned reprovision() const
    {
        auto of = planned("cloud_pc.bulk_reprovision", {}, cloud_pc_ids(ids));
        of.job.result = fmt::format(R"({{"id":"{}"}})", bulk);
        return of;
    }

    void put(Counts counts, std::string_view status = "pending",
             std::string_view type = "#microsoft.graph.cloudPcBulkReprovision")
    {
        estate.put(
            "bulk_actions",
            fmt::format(R"({{"id":"{}","@odata.type":"{}","status":"{}",)"
                        R"("displayName":"{}","createdDateTime":"{}","actionSummary":)"
                        R"({{"pendingCount":{},"inProgressCount":{},"successfulCount":{},)"
                        R"("failedCount":{},"notSupportedCount":{}}}}})",
                        bulk, type, status, name, after(1s), counts.pending, counts.in_progress,
                        counts.good, counts.failed, counts.not_supported));
    }
    void remote_action(std::size_t number, std::string_view state, std::string_view code = "",
                       Duration started = 5s)
    {
        estate.answer("cloud_pcs", numbered_id(number), "retrieveCloudPCRemoteActionResults",
                      fmt::format("[{}]", result(state, code, started)));
    }
    static std::string result(std::string_view state, std::string_view code, Duration started = 5s)
    {
        return fmt::format(R"({{"actionName":"CloudPcReprovision","actionState":"{}",)"
                           R"("startDateTime":"{}","statusDetail":{{"code":"{}"}}}})",
                           state, after(started), code);
    }

    Progress look(const Planned& of, std::optional<std::vector<std::string>> some = {})
    {
        return await(observe_progress(estate, {.plan = of.plan,
                                               .job = of.job,
                                               .attempt = of.attempt,
                                               .cloud_pcs = some.value_or(ids),
                                               .since = sent}));
    }

    std::vector<std::string> ids;
    std::string name = "x";
};

/// "succeeded, failed(code), unknown"
std::string outcomes(const Progress& progress)
{
    std::string text;
    for (const auto& one : progress.result.at("cloudPcs").as_array()) {
        const auto& of = one.as_object();
        text += text.empty() ? "" : ", ";
        text += of.at("outcome").as_string();
        if (of.at("code").is_string())
            text += fmt::format("({})", std::string_view{of.at("code").get_string()});
    }
    return text;
}

}  // namespace

TEST_CASE("bulk progress: it goes on until every Cloud PC is counted")
{
    BulkWorld world;
    const auto job = world.reprovision();
    CHECK(world.look(job).phase == Phase::going_on);  // not there yet
    world.put({});
    CHECK(world.look(job).phase == Phase::going_on);
    world.put({.pending = 1, .good = 2});
    CHECK(world.look(job).phase == Phase::going_on);
    world.put({.in_progress = 1, .good = 1, .failed = 1});
    CHECK(world.look(job).phase == Phase::going_on);
    CHECK(world.look(job).what == "reprovision: 1 of 3 succeeded, 1 failed");
    world.put({.pending = 1, .good = 1, .failed = 1}, "failed");  // which is said too early
    CHECK(world.look(job).phase == Phase::going_on);
    world.put({.good = 2});  // one is not counted at all
    CHECK(world.look(job).phase == Phase::going_on);
    world.put({.good = 3});
    CHECK(world.look(job).phase == Phase::ended_well);
    world.put({.good = 2}, "succeeded");  // and says that it is over
    CHECK(world.look(job).phase == Phase::ended_well);
}

TEST_CASE("bulk progress: when all went well nothing more is asked for")
{
    BulkWorld world;
    world.put({.good = 3}, "succeeded");
    const auto progress = world.look(world.reprovision());
    CHECK(progress.phase == Phase::ended_well);
    CHECK(outcomes(progress) == "succeeded, succeeded, succeeded");
    CHECK(progress.result.at("id") == bulk.c_str());
    CHECK(progress.result.at("actionSummary").at("successfulCount") == 3);
    CHECK(progress.evidence == "bulk_action:" + bulk);
    CHECK(world.estate.asked == std::vector<std::string>{"GET bulk_actions/" + bulk});
}

TEST_CASE("bulk progress: any part that failed is a failure, and the Cloud PCs say which")
{
    BulkWorld world;
    world.put({.good = 1, .failed = 1, .not_supported = 1}, "failed");
    world.remote_action(1, "done");
    world.remote_action(2, "failed", "internalServerError");
    world.remote_action(3, "notSupported", "operationNotSupported");
    const auto progress = world.look(world.reprovision());
    CHECK(progress.phase == Phase::ended_badly);
    CHECK(progress.error_code == "internalServerError");
    CHECK(outcomes(progress) ==
          "succeeded, failed(internalServerError), notSupported(operationNotSupported)");
}

TEST_CASE("bulk progress: the counts tell what the Cloud PCs do not")
{
    SUBCASE("all failures are known")
    {
        BulkWorld world;
        world.put({.good = 2, .failed = 1}, "failed");
        world.remote_action(2, "failed", "x");
        CHECK(outcomes(world.look(world.reprovision())) == "succeeded, failed(x), succeeded");
    }
    SUBCASE("all successes are known")
    {
        BulkWorld world;
        world.put({.good = 2, .not_supported = 1}, "failed");
        world.remote_action(1, "done");
        world.remote_action(2, "done");
        CHECK(outcomes(world.look(world.reprovision())) == "succeeded, succeeded, notSupported");
    }
    SUBCASE("neither")
    {
        BulkWorld world;
        world.put({.good = 2, .failed = 1}, "failed");
        world.remote_action(1, "failed", "x", -1h);  // of another action, before
        CHECK(outcomes(world.look(world.reprovision())) == "unknown, unknown, unknown");
    }
    SUBCASE("a status may say it")
    {
        BulkWorld world;
        world.put({.good = 2, .failed = 1}, "failed");
        world.estate.put("cloud_pcs", fmt::format(R"({{"id":"{}","status":"failed",)"
                                                  R"("statusDetail":{{"code":"y"}}}})",
                                                  numbered_id(3)));
        CHECK(outcomes(world.look(world.reprovision())) == "succeeded, succeeded, failed(y)");
    }
}

TEST_CASE("bulk progress: of many Cloud PCs one list says which failed")
{
    BulkWorld world{25};
    world.put({.good = 24, .failed = 1}, "failed");
    for (std::size_t number = 1; number <= 25; ++number)
        world.estate.put(
            "cloud_pcs",
            fmt::format(R"({{"id":"{}","lastRemoteActionResult":{}}})", numbered_id(number),
                        BulkWorld::result(number == 7 ? "failed" : "done", "z")));
    const auto progress = world.look(world.reprovision());
    CHECK(progress.error_code == "z");
    CHECK(progress.result.at("cloudPcs").at(6).at("outcome") == "failed");
    CHECK(world.estate.asked ==
          std::vector<std::string>{"GET bulk_actions/" + bulk, "LIST cloud_pcs"});
}

TEST_CASE("bulk progress: of very many Cloud PCs those are named that did not do well")
{
    BulkWorld world{1500};
    world.put({.good = 1498, .failed = 2}, "failed");
    for (std::size_t number = 1; number <= 1500; ++number)
        world.estate.put(
            "cloud_pcs",
            fmt::format(R"({{"id":"{}","lastRemoteActionResult":{}}})", numbered_id(number),
                        BulkWorld::result(number % 700 == 0 ? "failed" : "done", "")));
    const auto progress = world.look(world.reprovision());
    CHECK(outcomes(progress) == "failed, failed");
    CHECK(progress.result.at("cloudPcs").at(1).at("id") == numbered_id(1400).c_str());
    CHECK(progress.result.at("cloudPcsOmitted") == 1498);
}

TEST_CASE("bulk progress: when too many did not do well, those that failed come first")
{
    constexpr std::size_t last = 700;
    BulkWorld world{last};
    const auto job = world.reprovision();
    // The counts fit nobody, so of most nothing is known.
    world.put({.good = 1, .failed = 500, .not_supported = 199});
    for (std::size_t i = 1; i <= last; ++i)
        world.estate.put("cloud_pcs",
                         fmt::format(R"({{"id":"{}","status":"provisioned"}})", numbered_id(i)));
    const auto failed = fmt::format(R"({{"id":"{}","lastRemoteActionResult":{}}})",
                                    numbered_id(last), world.result("failed", "x"));
    world.estate.put("cloud_pcs", failed);
    const auto& result = world.look(job).result;
    const auto& listed = result.at("cloudPcs").as_array();
    CHECK(listed.size() == 400);
    CHECK(listed.at(0).at("id") == numbered_id(last).c_str());
    CHECK(listed.at(0).at("outcome") == "failed");
    CHECK(listed.at(1).at("id") == numbered_id(1).c_str());
    CHECK(listed.at(1).at("outcome") == "unknown");
    CHECK(result.at("cloudPcsOmitted") == 300);
}

TEST_CASE("bulk progress: without its id the bulk action is found by its name")
{
    BulkWorld world;
    auto job = world.reprovision();
    job.job.result.reset();
    world.put({.good = 3});
    CHECK(world.look(job).phase == Phase::going_on);
    world.name = job.plan.request.body->at("displayName").as_string();
    world.put({.good = 3});
    CHECK(world.look(job).phase == Phase::ended_well);
    world.estate.fail("bulk_actions", FakeEstate::no_network());
    CHECK(world.look(job).phase == Phase::unread);
    job.attempt.evidence = "bulk_action:" + bulk;
    CHECK(world.look(job).phase == Phase::ended_well);
}

TEST_CASE("bulk progress: a retry is followed by the bulk action that it repeats")
{
    BulkWorld world;
    world.put({.pending = 1, .good = 2});
    const auto job = planned("bulk_action.retry", bulk);
    CHECK(world.look(job).phase == Phase::going_on);
    world.put({.good = 2, .failed = 1}, "failed");
    world.remote_action(3, "failed", "again");
    const auto progress = world.look(job);
    CHECK(progress.phase == Phase::ended_badly);
    CHECK(outcomes(progress) == "succeeded, succeeded, failed(again)");
    // The bulk action is the evidence of the job that made it.
    CHECK(progress.evidence.empty());
}

TEST_CASE("bulk progress: a retry of some does not fail by those that it left alone")
{
    BulkWorld world;
    world.put({.good = 2, .failed = 1}, "failed");
    world.remote_action(1, "done");
    const auto job = planned("bulk_action.retry", bulk, cloud_pc_ids(numbered_ids(1)));
    CHECK(world.look(job, numbered_ids(1)).phase == Phase::ended_well);
    world.remote_action(1, "failed", "x");
    CHECK(world.look(job, numbered_ids(1)).phase == Phase::ended_badly);
}

TEST_CASE("bulk progress: a summary of other shapes than documented goes on")
{
    for (const auto* summary : {"null", "[]", "7", R"({"successfulCount":"3"})",
                                R"({"successfulCount":-3})", R"({"successfulCount":1e300})"}) {
        CAPTURE(summary);
        BulkWorld world;
        world.estate.put("bulk_actions",
                         fmt::format(R"({{"id":"{}","actionSummary":{}}})", bulk, summary));
        CHECK(world.look(world.reprovision()).phase == Phase::going_on);
    }
}
