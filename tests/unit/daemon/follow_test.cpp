// Requests that the simulated tenant executes, followed to their end as the runner would, and the
// evidence that they leave behind.

#include "sync/graph/url.hpp"
#include "sync/jobs/evidence.hpp"
#include "sync/jobs/facts.hpp"
#include "sync/jobs/progress.hpp"
#include "tests/unit/daemon/estate_world.hpp"
#include "tests/unit/jobs/planned.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace cloudpcd;
using namespace cloudpcd::daemon::test;
using namespace cloudpcd::jobs;
using namespace cloudpcd::jobs::test;
using namespace std::chrono_literals;
using Phase = Progress::Phase;

namespace {

struct FollowWorld : EstateWorld {
    /// Sends the request of a job and keeps what the runner would.
    Planned execute(std::string_view kind, std::optional<std::string> target,
                    std::string_view params = "")
    {
        clock.run_for(io, 1h);
        auto of = planned(kind, std::move(target), params);
        const auto facts = await(read_facts(*estate, clock, of.plan, of.job));
        REQUIRE_FALSE(facts.incomplete);
        cloud_pcs.clear();
        for (const auto& cloud_pc : facts.cloud_pcs)
            cloud_pcs.push_back(cloud_pc.id);
        since = clock.utc_now() - 2s;
        graphsim::Request request{.method = of.attempt.method, .target = of.plan.request.path};
        request.headers = {{"Authorization", "Bearer " + token(of.plan)},
                           {"client-request-id", of.attempt.client_request_id}};
        if (of.plan.request.body) {
            request.headers.emplace_back("Content-Type", "application/json");
            request.body = bj::serialize(*of.plan.request.body);
        }
        const auto answer = tenant.handle(request);
        REQUIRE_MESSAGE(answer.status / 100 == 2, answer.body);
        if (!answer.body.empty())
            of.job.result = answer.body;
        return of;
    }
    std::string token(const Plan& plan)
    {
        if (plan.request.identity == schema::Identity::application)
            return await(credentials.access_token())->value;
        const auto user = bj::parse(tenant.objects("users").front().text);
        return tenant.user_token(std::string{user.at("userPrincipalName").as_string()},
                                 {"CloudPC.ReadWrite.All"});
    }

    Progress look(const Planned& of)
    {
        return await(observe_progress(*estate, {.plan = of.plan,
                                                .job = of.job,
                                                .attempt = of.attempt,
                                                .cloud_pcs = cloud_pcs,
                                                .since = since}));
    }
    /// What is seen last; at once it must not be the end.
    Progress follow(const Planned& of)
    {
        auto progress = look(of);
        CHECK_MESSAGE(progress.phase == Phase::going_on, progress.what);
        for (int looks = 0; looks < 1000 && progress.phase == Phase::going_on; ++looks) {
            clock.run_for(io, 30s);
            progress = look(of);
        }
        INFO(progress.what);
        return progress;
    }
    Phase end(std::string_view kind, std::optional<std::string> target,
              std::string_view params = "")
    {
        return follow(execute(kind, std::move(target), params)).phase;
    }
    Found evidence(const Planned& of)
    {
        return await(search_evidence(*estate, {.plan = of.plan,
                                               .job = of.job,
                                               .attempt = of.attempt,
                                               .cloud_pcs = cloud_pcs,
                                               .from = since,
                                               .to = since + 15min,
                                               .application_id = tenant.options().client_id}));
    }

    /// The `number`th Cloud PC, in that state.
    std::string cloud_pc(std::size_t number, std::string_view status = "provisioned",
                         std::string_view more = "")
    {
        auto id = tenant.objects("cloudPCs").at(number).id;
        REQUIRE(tenant.modify("cloudPCs", id, fmt::format(R"({{"status":"{}"{}}})", status, more)));
        return id;
    }

    std::vector<std::string> cloud_pcs{};
    UtcTime since{};
};

bool has(const Found& found, Piece::Kind kind)
{
    return std::ranges::count(found.pieces, kind, &Piece::kind) == 1;
}

}  // namespace

TEST_CASE("follow: actions on one Cloud PC come to their end")
{
    FollowWorld world;
    const auto machine = world.cloud_pc(0);
    CHECK(world.end("cloud_pc.reboot", machine) == Phase::ended_well);
    CHECK(world.end("cloud_pc.rename", machine, R"({"displayName":"New"})") == Phase::ended_well);
    CHECK(world.end("cloud_pc.troubleshoot", machine) == Phase::ended_well);
    CHECK(world.end("cloud_pc.reprovision", machine) == Phase::ended_well);
    CHECK(world.end("cloud_pc.resize", machine,
                    fmt::format(R"({{"targetServicePlanId":"{}"}})",
                                world.first("servicePlans"))) == Phase::ended_well);
    CHECK(world.end("cloud_pc.change_user_account_type", machine,
                    R"({"userAccountType":"administrator"})") == Phase::ended_well);
    CHECK(world.end("cloud_pc.create_snapshot", machine) == Phase::ended_well);
    // Of a machine that is nobody's alone only.
    CHECK(world.end("cloud_pc.power_off", machine) == Phase::ended_badly);
    CHECK(world.end("cloud_pc.end_grace_period", world.cloud_pc(1, "inGracePeriod")) ==
          Phase::ended_well);
    CHECK(world.end("cloud_pc.retry_partner_agent_installation",
                    world.cloud_pc(2, "provisioned",
                                   R"(,"partnerAgentInstallResults":[{"installStatus":)"
                                   R"("installFailed"}],"lastModifiedDateTime":)"
                                   R"("2025-01-01T00:00:00Z")")) == Phase::ended_well);
}

TEST_CASE("follow: a bulk action and its outcomes, however many Cloud PCs")
{
    for (const std::size_t count : {3UL, 25UL}) {
        CAPTURE(count);
        FollowWorld world;
        std::vector<std::string> ids;
        ids.reserve(count);
        for (std::size_t number = 0; number < count; ++number)
            ids.push_back(world.cloud_pc(number));
        auto progress =
            world.follow(world.execute("cloud_pc.bulk_reprovision", {}, cloud_pc_ids(ids)));
        CHECK(progress.phase == Phase::ended_well);
        world.cloud_pc(1, "inGracePeriod");
        const auto job = world.execute("cloud_pc.bulk_reprovision", {}, cloud_pc_ids(ids));
        CHECK(has(world.evidence(job), Piece::Kind::bulk_action));
        world.clock.run_for(world.io, 1h);
        progress = world.look(job);
        CHECK(progress.phase == Phase::ended_badly);
        std::map<std::string, int> outcomes;
        for (const auto& one : progress.result.at("cloudPcs").as_array())
            ++outcomes[std::string{one.at("outcome").as_string()}];
        CHECK(outcomes == std::map<std::string, int>{{"notSupported", 1},
                                                     {"succeeded", static_cast<int>(count) - 1}});
    }
}

TEST_CASE("follow: other objects come to their end")
{
    FollowWorld world;
    CHECK(world.end("on_premises_connection.run_health_checks",
                    world.first("onPremisesConnections")) == Phase::ended_well);
    const auto source = bj::parse(world.tenant.objects("getSourceImages").front().text);
    CHECK(world.end("device_image.create", {},
                    bj::serialize(bj::object{
                        {"displayName", "Image"},
                        {"version", "1.0.0"},
                        {"sourceImageResourceId", source.at("resourceId")}})) == Phase::ended_well);
    CHECK(world.end("provisioning_policy.apply", world.first("provisioningPolicies"),
                    R"({"policySettings":"region"})") == Phase::ended_well);
    const auto gone = world.execute("user_setting.delete", world.first("userSettings"));
    CHECK(world.look(gone).phase == Phase::ended_well);
}

TEST_CASE("follow: what is left behind by a request whose answer was lost")
{
    FollowWorld world;
    const auto machine = world.cloud_pc(0);
    auto job = world.execute("cloud_pc.reprovision", machine);
    CHECK(has(world.evidence(job), Piece::Kind::remote_action));
    CHECK_FALSE(has(world.evidence(job), Piece::Kind::status));
    world.clock.run_for(world.io, 5s);
    CHECK(has(world.evidence(job), Piece::Kind::status));
    world.clock.run_for(world.io, 10min);
    CHECK(has(world.evidence(job), Piece::Kind::own_id));
    // Without its id in the event.
    job.attempt.client_request_id = "aaaaaaaa-0000-4000-8000-000000000006";
    CHECK(has(world.evidence(job), Piece::Kind::audit_event));
    CHECK(has(world.evidence(job), Piece::Kind::remote_action));

    const auto made = world.execute("user_setting.create", {},
                                    R"({"displayName":"Made","localAdminEnabled":false})");
    const auto found = world.evidence(made);
    CHECK(has(found, Piece::Kind::created));
    CHECK(found.pieces.front().result.at("id") == bj::parse(*made.job.result).at("id"));
}
