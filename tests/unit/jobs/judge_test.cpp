// Every guard by itself, and which of them decides when several do not pass.

#include "tests/unit/jobs/world.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

using namespace cloudpcd;
using namespace cloudpcd::jobs;
using namespace cloudpcd::jobs::test;
using namespace std::chrono_literals;

namespace {

const std::string policy = "7c82a3e3-9459-44e4-94d9-b92f93bf78dd";
const std::string group = "30d0e128-de93-41dc-89ec-33d84bb662a0";

std::string bulk_of(int count, int first = 1)
{
    std::vector<std::string> ids;
    for (int i = first; i < first + count; ++i)
        ids.push_back(fmt::format("\"{}\"", id_of(i)));
    return fmt::format(R"({{"cloudPcIds":[{}]}})", fmt::join(ids, ","));
}

struct Judged : World {
    Judged()
    {
        have_cloud_pcs(40);
        sync();
    }

    /// Takes the job in, and judges it by what Graph says now.
    Ruling rule(JobId job)
    {
        take_in();
        REQUIRE(state(job) != State::rejected);
        return judge_fresh(job);
    }
    JobId bulk(int count, int first = 1)
    {
        return destroy({.kind = "cloud_pc.bulk_reprovision", .params = bulk_of(count, first)});
    }
    JobId policy_job(std::string kind, int cloud_pcs, const std::string& more = "")
    {
        have("provisioning_policies", policy, more);
        have_cloud_pcs(cloud_pcs, fmt::format(R"("provisioningPolicyId":"{}")", policy), 1000);
        sync();
        return submit_now({.kind = std::move(kind), .target_id = policy});
    }
    void approve(JobId job)
    {
        REQUIRE(jobs::approve(database, job,
                              {.approver = "bob", .actor = "bob (uid 1001)", .own_allowed = true},
                              now) == ApproveOutcome::approved);
    }
};

}  // namespace

TEST_CASE_FIXTURE(Judged, "judge: what nothing stands against may go")
{
    const auto ruling = rule(reprovision());
    CHECK(ruling.state == State::queued);
    CHECK(ruling.occupies);
    CHECK(ruling.debit == 1);
    CHECK_FALSE(ruling.earliest.has_value());
    std::vector<std::string_view> names;
    for (const auto& one : ruling.guards) {
        CHECK_MESSAGE(one.passes, one.name);
        names.push_back(one.name);
    }
    CHECK(names == std::vector<std::string_view>{"expired", "not_before", "target", "expect",
                                                 "precondition", "approval", "freeze", "clock",
                                                 "login", "target_busy", "duplicate", "budget"});
    CHECK(rule(submit_now({.kind = "cloud_pc.reboot", .target_id = id_of(2)})).debit == 0);
}

TEST_CASE_FIXTURE(Judged,
                  "judge: expired only when both clocks say so, sent only when neither does")
{
    const auto job = submit_now({.kind = "cloud_pc.reboot", .target_id = machine});
    take_in();
    now += 24h - 1ms;
    CHECK(judge_fresh(job).state == State::queued);
    now += 1ms;
    CHECK(judge_fresh(job).state == State::expired);

    for (const Duration wrong : {Duration{-6min}, Duration{6min}}) {
        CAPTURE(wrong.count());
        // Graph's clock reads `now - skew`; the later of both has passed the end, the earlier not.
        skew = wrong;
        now = *parse_sql_time(*this->job(job).expires_at) + (wrong > 0ms ? 1min : -1min);
        const auto between = judge_fresh(job);
        CHECK(between.state == State::held);
        CHECK(between.held_by == Hold::clock);
        CHECK(between.due_at.has_value());
        now += 6min;
        CHECK(judge_fresh(job).state == State::expired);
    }
}

TEST_CASE_FIXTURE(Judged, "judge: a clock ten years ahead expires nothing, and sends nothing early")
{
    const auto job = submit_now({.kind = "cloud_pc.reboot", .target_id = machine});
    const auto later = submit_now({.kind = "cloud_pc.reboot",
                                   .target_id = id_of(2),
                                   .not_before = format_sql_time(now + 2h)});
    take_in();
    const auto jump = std::chrono::hours{24 * 3652};
    now += jump;
    skew = jump;
    CHECK(judge_fresh(job).held_by == Hold::clock);
    CHECK(judge_fresh(later).held_by != std::nullopt);
    now -= jump;
    skew.reset();
    CHECK(judge_fresh(job).state == State::queued);
    CHECK(judge_fresh(later).held_by == Hold::not_before);
}

TEST_CASE_FIXTURE(Judged, "judge: nothing goes before both clocks have reached not_before")
{
    const auto at = now + 2h;
    const auto job = submit_now(
        {.kind = "cloud_pc.reboot", .target_id = machine, .not_before = format_sql_time(at)});
    const auto early = rule(job);
    CHECK(early.state == State::held);
    CHECK(early.held_by == Hold::not_before);
    CHECK(early.due_at == at);
    CHECK_FALSE(early.occupies);

    now = at - 1ms;
    CHECK(judge_fresh(job).held_by == Hold::not_before);
    now = at;
    CHECK(judge_fresh(job).state == State::queued);

    skew = 6min;  // Graph's clock is behind
    const auto ahead = judge_fresh(job);
    CHECK(ahead.held_by == Hold::not_before);
    REQUIRE(ahead.due_at.has_value());
    CHECK(*ahead.due_at > now);  // or it would be looked at again and again
    now = at + 6min;
    CHECK(judge_fresh(job).state == State::queued);
    skew = -6min;  // ours is
    now = at - 1ms;
    CHECK(judge_fresh(job).held_by == Hold::not_before);
}

TEST_CASE_FIXTURE(Judged, "judge: what cannot be read is held, and keeps its target")
{
    const auto job = reprovision();
    take_in();
    auto facts = fresh(job);
    facts.incomplete = "GET cloudPCs: 503";
    const auto ruling = judge(database, this->job(job), plan(job), facts, known());
    CHECK(ruling.state == State::held);
    CHECK(ruling.held_by == Hold::unreadable);
    CHECK(says(ruling.reason, "503"));
    CHECK(ruling.due_at == now + 30s);
    CHECK(ruling.occupies);
}

TEST_CASE_FIXTURE(Judged, "judge: facts of the mirror reject nothing, however old they are")
{
    const auto gone = reprovision(id_of(1));
    const auto changed = destroy({.target_id = id_of(2), .expect = R"({"status":"failed"})"});
    const auto used = submit_now({.kind = "provisioning_policy.delete", .target_id = policy});
    lose("cloud_pcs", id_of(1));
    have("provisioning_policies", policy, R"("assignments":[{"id":"a"}])");
    sync();
    take_in();
    for (const auto job : {gone, changed, used}) {
        CAPTURE(job);
        CHECK(state(job) == State::queued);
        CHECK(judge(database, this->job(job), plan(job), mirrored(job), known()).state ==
              State::queued);
        CHECK(judge_fresh(job).state == State::rejected);
    }
}

TEST_CASE_FIXTURE(Judged, "judge: a target that is gone")
{
    have("user_settings", policy, "");
    const auto remove = submit_now({.kind = "user_setting.delete", .target_id = policy});
    const auto update = submit_now(
        {.kind = "user_setting.update", .target_id = policy, .params = R"({"displayName":"x"})"});
    take_in();
    lose("user_settings", policy);
    const auto gone = judge_fresh(remove);
    CHECK(gone.state == State::succeeded);
    CHECK(gone.reason == "already gone");
    CHECK_FALSE(guard(gone, "target").passes);
    CHECK(judge_fresh(update).state == State::rejected);
    CHECK(says(judge_fresh(update).reason, "gone"));
}

TEST_CASE_FIXTURE(Judged, "judge: a Cloud PC of a bulk action that is gone is named")
{
    const auto job = bulk(3);
    take_in();
    lose("cloud_pcs", id_of(2));
    const auto ruling = judge_fresh(job);
    CHECK(ruling.state == State::rejected);
    CHECK(says(ruling.reason, id_of(2)));
    CHECK_FALSE(says(ruling.reason, id_of(1)));

    // What is repeated may have lost some since, unless the job names them.
    have("bulk_actions", policy,
         fmt::format(R"("@odata.type":"cloudPcBulkRestart","cloudPcIds":["{}","{}"])", id_of(2),
                     id_of(9)));
    sync();
    const auto all = submit_now({.kind = "bulk_action.retry", .target_id = policy});
    CHECK(guard(rule(all), "target").passes);
    const auto named =
        submit_now({.kind = "bulk_action.retry", .target_id = policy, .params = bulk_of(1, 2)});
    CHECK(rule(named).state == State::rejected);
}

TEST_CASE_FIXTURE(Judged, "judge: an id in another case is not the machine that everybody knows")
{
    const std::string lower = "aabbccdd-0000-4000-8000-000000000001";
    const std::string upper = "AABBCCDD-0000-4000-8000-000000000001";
    have_cloud_pc(lower);
    sync();
    const auto first = reprovision(lower);
    const auto again = reprovision(upper);
    const auto many = destroy({.kind = "cloud_pc.bulk_reprovision",
                               .params = fmt::format(R"({{"cloudPcIds":["{}"]}})", upper)});
    take_in();
    CHECK(judge_fresh(first).state == State::queued);
    for (const auto job : {again, many}) {
        // Graph finds it all the same.
        tenant_objects[{"cloud_pcs", upper}] = tenant_objects[{"cloud_pcs", lower}];
        const auto ruling = judge_fresh(job);
        CHECK(ruling.state == State::rejected);
        CHECK(says(ruling.reason, fmt::format("{} is {}", upper, lower)));
    }
}

TEST_CASE_FIXTURE(Judged, "judge: what is being reprovisioned already is not reprovisioned")
{
    const auto job = reprovision();
    take_in();
    for (const auto* status : {"provisioning", "Provisioning", "pendingProvision"}) {
        tenant_objects[{"cloud_pcs", machine}]["status"] = status;
        const auto ruling = judge_fresh(job);
        CHECK(ruling.state == State::rejected);
        CHECK(says(ruling.reason, "running already"));
    }
    tenant_objects[{"cloud_pcs", machine}]["status"] = "inGracePeriod";
    CHECK(judge_fresh(job).state == State::queued);
}

TEST_CASE_FIXTURE(Judged, "judge: expect that does not hold is said with both values")
{
    const auto job = destroy(
        {.target_id = machine, .expect = R"({"status":"provisioned","statusDetail.code":null})"});
    CHECK(rule(job).state == State::queued);
    auto& cloud_pc = tenant_objects[{"cloud_pcs", machine}];
    cloud_pc["status"] = "failed";
    cloud_pc["statusDetail"] = {{"code", "internalServerError"}};
    const auto ruling = judge_fresh(job);
    CHECK(ruling.state == State::rejected);
    CHECK(ruling.reason.starts_with("precondition_changed: "));
    for (const auto* part : {"status of \"CPC 0001\"", "\"failed\"", "\"provisioned\"",
                             "\"internalServerError\"", "null"})
        CHECK_MESSAGE(says(ruling.reason, part), ruling.reason);
}

TEST_CASE_FIXTURE(Judged, "judge: expect compares as Graph does")
{
    tenant_objects[{"cloud_pcs", machine}] = boost::json::parse(
                                                 R"({"id":"662009bc-0000-4000-8000-000000000001",
                "userPrincipalName":"Ada@Contoso.example","status":"provisioned",
                "provisioningPolicyId":"7C82A3E3-9459-44E4-94D9-B92F93BF78DD",
                "provisionedDateTime":"2026-01-02T03:04:05Z",
                "connectionSetting":{"enableSingleSignOn":true}})")
                                                 .get_object();
    sync();
    const auto holds = [&](const std::string& expect) {
        const auto job =
            submit_now({.kind = "cloud_pc.reboot", .target_id = machine, .expect = expect});
        take_in();
        REQUIRE(state(job) != State::rejected);
        return guard(judge_fresh(job), "expect").passes;
    };
    CHECK(holds(R"({"userPrincipalName":"ada@contoso.EXAMPLE"})"));
    CHECK(holds(R"({"provisioningPolicyId":"7c82a3e3-9459-44e4-94d9-b92f93bf78dd"})"));
    CHECK(holds(R"({"provisionedDateTime":"2026-01-02 03:04:05"})"));
    CHECK(holds(R"({"connectionSetting.enableSingleSignOn":true})"));
    CHECK(holds(R"({"gracePeriodEndDateTime":null})"));
    CHECK_FALSE(holds(R"({"userPrincipalName":"bob@contoso.example"})"));
    CHECK_FALSE(holds(R"({"status":"Provisioned"})"));
    CHECK_FALSE(holds(R"({"provisionedDateTime":"2026-01-02 03:04:06"})"));
    CHECK_FALSE(holds(R"({"connectionSetting.enableSingleSignOn":"true"})"));
    CHECK_FALSE(holds(R"({"status":null})"));
}

TEST_CASE_FIXTURE(Judged, "judge: a machine that was given to another user is not wiped")
{
    const auto job = reprovision();
    const auto many = bulk(3, 2);
    const auto reboot = submit_now({.kind = "cloud_pc.reboot", .target_id = id_of(9)});
    take_in();
    have_cloud_pc(machine, "USER1@contoso.example");
    CHECK(judge_fresh(job).state == State::queued);
    have_cloud_pc(machine, "bob@contoso.example");
    const auto ruling = judge_fresh(job);
    CHECK(ruling.state == State::rejected);
    CHECK(ruling.reason.starts_with("precondition_changed: userPrincipalName"));
    CHECK(says(ruling.reason, "user1@contoso.example"));
    CHECK(says(ruling.reason, "bob@contoso.example"));

    have("cloud_pcs", id_of(3), R"("displayName":"nobody's")");
    CHECK(says(judge_fresh(many).reason, "is nobody"));
    have_cloud_pc(id_of(9), "bob@contoso.example");
    CHECK(judge_fresh(reboot).state == State::queued);
}

TEST_CASE_FIXTURE(Judged, "judge: preconditions of Graph's own")
{
    const auto job = policy_job("provisioning_policy.delete", 0, R"("assignments":[])");
    CHECK(rule(job).state == State::queued);
    have("provisioning_policies", policy, R"("assignments":[{"id":"a"}])");
    CHECK(judge_fresh(job).state == State::rejected);
    CHECK(judge_fresh(job).reason == schema::refusal(schema::Precondition::unassigned));

    have("on_premises_connections", policy, R"("inUse":true)");
    const auto connection =
        submit_now({.kind = "on_premises_connection.delete", .target_id = policy});
    take_in();
    CHECK(judge_fresh(connection).reason == schema::refusal(schema::Precondition::unused));
    have("on_premises_connections", policy, R"("inUse":false)");
    CHECK(guard(judge_fresh(connection), "precondition").passes);
}

TEST_CASE_FIXTURE(Judged, "judge: who has to approve what")
{
    const auto needs = [&](config::Approval mode, const std::string& kind) {
        settings.approval = mode;
        const auto job = submit_now({.kind = kind, .target_id = machine, .allow_duplicate = true});
        take_in();
        const bool waits = state(job) == State::awaiting_approval;
        CHECK(open_on(machine).size() == (waits ? 0 : 1));
        CHECK(cancel(database, job, "", "alice", now) == CancelOutcome::cancelled);
        return waits;
    };
    CHECK_FALSE(needs(config::Approval::none, "cloud_pc.reprovision"));
    CHECK_FALSE(needs(config::Approval::destructive, "cloud_pc.reboot"));
    CHECK(needs(config::Approval::destructive, "cloud_pc.reprovision"));
    CHECK(needs(config::Approval::all, "cloud_pc.reboot"));
    CHECK(needs(config::Approval::all, "cloud_pc.reprovision"));
}

TEST_CASE_FIXTURE(Judged, "judge: a policy that touches 800 machines waits for the approval of 800")
{
    fleet = 10'000;
    for (const auto* kind : {"provisioning_policy.delete", "provisioning_policy.apply"}) {
        CAPTURE(kind);
        auto submission = Submission{.kind = kind, .target_id = policy};
        if (submission.kind == "provisioning_policy.apply")
            submission.params = schema::find_action(kind)->example;
        policy_job("provisioning_policy.retry", 800);
        const auto job = submit_now(submission);
        take_in();
        CHECK(state(job) == State::awaiting_approval);
        CHECK(this->job(job).touches == 800);
        CHECK(says(reason(job), "800 Cloud PCs"));
        approve(job);
        CHECK(judge_fresh(job).state != State::awaiting_approval);

        // Another one would be touched: 800 was approved, not 801.
        have_cloud_pc(id_of(5000), "x@y", fmt::format(R"("provisioningPolicyId":"{}")", policy));
        CHECK(judge_fresh(job).state == State::awaiting_approval);
        CHECK(says(judge_fresh(job).reason, "801"));
        lose("cloud_pcs", id_of(5000));
        CHECK(cancel(database, job, "", "alice", now) == CancelOutcome::cancelled);
    }
}

TEST_CASE_FIXTURE(Judged, "judge: what was approved is not voided by a mirror that lags behind")
{
    const auto job = policy_job("provisioning_policy.delete", 30, R"("assignments":[])");
    take_in();
    have_cloud_pc(id_of(5000), "x@y", fmt::format(R"("provisioningPolicyId":"{}")", policy));
    approve(job);
    CHECK_FALSE(claim(job).has_value());
    CHECK(state(job) == State::awaiting_approval);
    CHECK(this->job(job).touches == 31);
    approve(job);
    // As the mirror has it, the job touches 30.
    CHECK(mirrored(job).touches == 30);
    const auto ruling = judge(database, this->job(job), plan(job), mirrored(job), known());
    CHECK(ruling.state == State::queued);
    CHECK(ruling.debit == 31);
    REQUIRE(settle(database, this->job(job), plan(job), mirrored(job), ruling, now));
    CHECK(this->job(job).touches == 31);
    CHECK(targets_of(database, job).size() == 32);
    CHECK(claim(job).has_value());
}

TEST_CASE_FIXTURE(Judged, "judge: an approval counts for a day, and lifts the budgets only")
{
    fleet = 10'000;
    const auto job = destroy({.kind = "cloud_pc.bulk_reprovision",
                              .params = bulk_of(25),
                              .expires_at = format_sql_time(now + std::chrono::days{3})});
    take_in();
    CHECK(state(job) == State::awaiting_approval);
    approve(job);
    const auto ruling = judge_fresh(job);
    CHECK(ruling.state == State::queued);
    CHECK(ruling.debit == 25);
    frozen_because = "change freeze";
    CHECK(judge_fresh(job).held_by == Hold::freeze);
    frozen_because.clear();
    now += 24h;
    CHECK(judge_fresh(job).state == State::queued);
    now += 1ms;
    CHECK(judge_fresh(job).state == State::awaiting_approval);
}

TEST_CASE_FIXTURE(Judged, "judge: freeze holds every class")
{
    frozen_because = "INC-4711";
    for (const auto* kind : {"cloud_pc.reprovision", "cloud_pc.reboot"}) {
        const auto job = submit_now({.kind = kind, .target_id = machine});
        const auto ruling = rule(job);
        CHECK(ruling.held_by == Hold::freeze);
        CHECK(says(ruling.reason, "INC-4711"));
        CHECK(ruling.occupies);
        CHECK(cancel(database, job, "", "alice", now) == CancelOutcome::cancelled);
    }
}

TEST_CASE_FIXTURE(Judged, "judge: a clock that is off holds what is destructive")
{
    const auto job = reprovision(id_of(1));
    const auto reboot = submit_now({.kind = "cloud_pc.reboot", .target_id = id_of(2)});
    take_in();
    skew = 6min;
    now += 6min;  // past its not_before by both clocks
    CHECK(judge_fresh(job).held_by == Hold::clock);
    CHECK(judge_fresh(reboot).state == State::queued);
}

TEST_CASE_FIXTURE(Judged, "judge: what Graph takes from users only waits for one")
{
    have("on_premises_connections", policy, "");
    const auto job =
        submit_now({.kind = "on_premises_connection.run_health_checks", .target_id = policy});
    CHECK(rule(job).state == State::queued);
    user.reset();
    login_error = "the sign-in was revoked";
    const auto ruling = judge_fresh(job);
    CHECK(ruling.held_by == Hold::login);
    CHECK(says(ruling.reason, "cloudpcctl login"));
    CHECK(says(ruling.reason, "revoked"));
    CHECK(ruling.occupies);
    CHECK(rule(reprovision()).state == State::queued);
}

TEST_CASE_FIXTURE(Judged, "judge: one active job per Cloud PC, single or bulk, in their order")
{
    const auto first = submit_now({.kind = "cloud_pc.reboot", .target_id = id_of(1)});
    const auto both = submit_now({.kind = "cloud_pc.bulk_restart", .params = bulk_of(2)});
    const auto other = submit_now({.kind = "cloud_pc.reboot", .target_id = id_of(2)});
    take_in();
    CHECK(state(first) == State::queued);
    CHECK(job(both).held_by == Hold::target_busy);
    CHECK(says(reason(both), fmt::format("job {} is active", first)));
    // Nobody is active on the second Cloud PC, but the bulk action was there before.
    CHECK(job(other).held_by == Hold::target_busy);
    CHECK(says(reason(other), fmt::format("job {} waits", both)));
    CHECK(open_on(id_of(2)).empty());
    // The first is no obstacle to itself, nor to one that comes before those that wait.
    CHECK(judge_fresh(first).state == State::queued);
    const auto urgent =
        submit_now({.kind = "cloud_pc.reboot", .target_id = id_of(2), .priority = 0});
    CHECK(rule(urgent).state == State::queued);
}

TEST_CASE_FIXTURE(Judged,
                  "judge: who waits for a target waits for nothing else, and is not overtaken")
{
    const auto first = submit_now({.kind = "cloud_pc.reboot", .target_id = machine});
    take_in();
    frozen_because = "x";
    const auto second = submit_now({.kind = "cloud_pc.reboot", .target_id = machine});
    const auto third = submit_now({.kind = "cloud_pc.reboot", .target_id = machine});
    take_in();
    for (const auto job : {second, third}) {
        CHECK(this->job(job).held_by == Hold::target_busy);
        CHECK_FALSE(guard(judge_fresh(job), "freeze").passes);
    }
    CHECK(open_on(machine) == std::vector<JobId>{first});
}

TEST_CASE_FIXTURE(Judged, "judge: a destructive job that is there already is a duplicate")
{
    const auto first = reprovision();
    take_in();
    const auto second = destroy({.target_id = machine, .params = R"({"osVersion":"windows11"})"});
    const auto many = bulk(2);
    const auto meant = destroy({.target_id = machine, .allow_duplicate = true});
    const auto resize =
        submit_now({.kind = "cloud_pc.resize",
                    .target_id = machine,
                    .params = R"({"targetServicePlanId":"30d0e128-de93-41dc-89ec-33d84bb662a0"})"});
    take_in();
    // Its turn has not come.
    for (const auto job : {second, many, meant, resize})
        CHECK(this->job(job).held_by == Hold::target_busy);
    REQUIRE(claim(first).has_value());
    succeed(first);
    for (const auto job : {second, many}) {
        const auto ruling = judge_fresh(job);
        CAPTURE(job);
        CHECK_FALSE(guard(ruling, "duplicate").passes);
        CHECK(says(guard(ruling, "duplicate").why, fmt::format("job {}", first)));
    }
    CHECK(judge_fresh(second).state == State::rejected);
    for (const auto job : {meant, resize})
        CHECK(guard(judge_fresh(job), "duplicate").passes);
    now += 24h;
    CHECK(guard(judge_fresh(second), "duplicate").passes);
    // Not destructive: as often as one likes.
    const auto reboot = submit_now({.kind = "cloud_pc.reboot", .target_id = id_of(5)});
    const auto again = submit_now({.kind = "cloud_pc.reboot", .target_id = id_of(5)});
    take_in();
    CHECK(state(reboot) == State::queued);
    CHECK(guard(judge_fresh(again), "duplicate").passes);
}

TEST_CASE_FIXTURE(Judged, "judge: a new job is no duplicate of a restored one")
{
    const auto before = reprovision();
    const auto sent = reprovision(id_of(2));
    take_in();
    REQUIRE(claim(sent).has_value());
    hold_restored(database, now);
    const auto instead = reprovision();
    const auto again = reprovision(id_of(2));
    take_in();
    CHECK(job(before).held_by == Hold::restored);
    CHECK(state(instead) == State::queued);
    CHECK(claim(instead).has_value());
    // What was sent is not held, and is looked at: it counts.
    CHECK(job(again).held_by == Hold::target_busy);
    CHECK_FALSE(guard(judge_fresh(again), "duplicate").passes);
    // So does one that a person said was done.
    CHECK(resolve(database, before, true, "seen", "bob", now) == ResolveOutcome::resolved);
    CHECK_FALSE(guard(judge_fresh(instead), "duplicate").passes);
}

TEST_CASE_FIXTURE(Judged, "settle: what somebody else moved meanwhile is left as it is")
{
    const auto id = policy_job("provisioning_policy.delete", 2, R"("assignments":[])");
    take_in();
    const auto seen = job(id);
    have_cloud_pcs(3, fmt::format(R"("provisioningPolicyId":"{}")", policy), 1000);
    const auto facts = fresh(id);
    const auto ruling = judge_fresh(id);
    CHECK(ruling.state == State::queued);
    CHECK(facts.touches == 3);
    REQUIRE(transition(database, id, State::queued, State::held, {.held_by = Hold::restored},
                       "daemon", now));
    close_targets(database, id);
    const auto before = rows("SELECT * FROM jobs");
    CHECK_FALSE(settle(database, seen, plan(id), facts, ruling, now));
    CHECK(rows("SELECT * FROM jobs") == before);
    CHECK(open_on(id_of(1000)).empty());
    CHECK(targets_of(database, id).size() == 3);
}

TEST_CASE_FIXTURE(Judged, "judge: an assign that only adds is not destructive")
{
    have("provisioning_policies", policy,
         fmt::format(R"("assignments":[{{"target":{{"groupId":"{}"}}}}])", group));
    sync();
    settings.approval = config::Approval::destructive;
    const auto assign = [&](std::string_view groups) {
        return submit_now({.kind = "provisioning_policy.assign",
                           .target_id = policy,
                           .params = fmt::format(R"({{"assignments":[{}]}})", groups)});
    };
    const auto same = assign(fmt::format(R"({{"target":{{"groupId":"{}"}}}})", group));
    CHECK(rule(same).state == State::queued);
    CHECK(cancel(database, same, "", "alice", now) == CancelOutcome::cancelled);
    CHECK(rule(assign("")).state == State::awaiting_approval);

    // A policy that the mirror does not know: the claim finds out.
    lose("provisioning_policies", policy);
    sync();
    const auto unknown = assign("");
    take_in();
    CHECK(state(unknown) == State::queued);
}
