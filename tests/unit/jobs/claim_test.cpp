// From "may go" to "is on its way": all or nothing, and by what Graph says now.

#include "tests/unit/jobs/world.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <atomic>
#include <thread>

using namespace cloudpcd;
using namespace cloudpcd::jobs;
using namespace cloudpcd::jobs::test;
using namespace std::chrono_literals;

namespace {

const std::string policy = "7c82a3e3-9459-44e4-94d9-b92f93bf78dd";
const std::string group = "30d0e128-de93-41dc-89ec-33d84bb662a0";

struct Claimed : World {
    Claimed()
    {
        have_cloud_pcs(5);
        sync();
    }
    JobId reboot(const std::string& id = machine)
    {
        const auto job = submit_now({.kind = "cloud_pc.reboot", .target_id = id});
        take_in();
        return job;
    }
    /// As after intake, but sooner.
    JobId queued_reboot(const std::string& id)
    {
        const auto job = submit_now({.kind = "cloud_pc.reboot", .target_id = id});
        fill(database, job, {.risk = 1, .touches = 1, .not_before = now, .expires_at = now + 24h},
             now);
        REQUIRE(transition(database, job, State::submitted, State::queued, {}, "daemon", now));
        return job;
    }
    std::string attempts() { return value("SELECT count(*) FROM job_attempts"); }
};

}  // namespace

TEST_CASE_FIXTURE(Claimed, "claim: writes down what is about to be sent")
{
    const auto id = destroy({.target_id = machine, .params = R"({"osVersion":"windows11"})"});
    take_in();
    const auto attempt = claim(id);
    REQUIRE(attempt.has_value());
    CHECK(attempt->job_id == id);
    CHECK(attempt->attempt == 1);
    CHECK(attempt->method == "POST");
    CHECK(attempt->path == fmt::format("/v1.0/deviceManagement/virtualEndpoint/cloudPCs/{}/"
                                       "reprovision",
                                       machine));
    // Of {"osVersion":"windows11"}.
    CHECK(attempt->body_sha256 ==
          "2196dbe9f60c2cc649b11ff79a171328c38fbd4f3133b379ad4bee139d8b4859");
    CHECK(attempt->acted_as == "application");
    CHECK(attempt->boot_id == "boot");
    CHECK(state(id) == State::sending);
    CHECK(job(id).attempts == 1);
    CHECK(open_on(machine) == std::vector<JobId>{id});
    CHECK(debited(database, now - 1h) == 1);
    CHECK_FALSE(claim(id).has_value());
    CHECK(attempts() == "1");

    const auto without_body = claim(reboot(id_of(2)));
    REQUIRE(without_body.has_value());
    CHECK_FALSE(without_body->body_sha256.has_value());
    CHECK(debited(database, now - 1h) == 1);
}

TEST_CASE_FIXTURE(Claimed, "claim: the class and the count are those of the facts it goes by")
{
    have("provisioning_policies", policy, R"("displayName":"Sales","assignments":[])");
    const auto id = submit_now({.kind = "provisioning_policy.delete", .target_id = policy});
    take_in();
    CHECK(job(id).touches == 0);
    have_cloud_pcs(3, fmt::format(R"("provisioningPolicyId":"{}")", policy));
    REQUIRE(claim(id).has_value());
    CHECK(job(id).touches == 3);
    CHECK(job(id).target_name == "Sales");
    CHECK(debited(database, now - 1h) == 3);
    for (int i = 1; i <= 3; ++i)
        CHECK(open_on(id_of(i)) == std::vector<JobId>{id});
}

TEST_CASE_FIXTURE(Claimed, "claim: nothing is written for what may not go")
{
    const auto id = reprovision();
    take_in();
    const auto goes_to = [&](State wanted, std::optional<Hold> hold = {}) {
        CHECK_FALSE(claim(id).has_value());
        CHECK(attempts() == "0");
        CHECK(debited(database, now - 24h) == 0);
        CHECK(state(id) == wanted);
        CHECK(job(id).held_by == hold);
    };
    frozen_because = "x";
    goes_to(State::held, Hold::freeze);
    goes_to(State::held, Hold::freeze);  // no longer queued: not even looked at
    frozen_because.clear();
    CHECK(look_again({.holds = {Hold::freeze}}) == 1);
    settings.destructive_per_hour = 0;
    goes_to(State::awaiting_approval);
    settings.destructive_per_hour = 20;
    REQUIRE(approve(database, id, {.approver = "bob", .own_allowed = true}, now) ==
            ApproveOutcome::approved);
    have_cloud_pc(machine, "bob@contoso.example");
    goes_to(State::rejected);
    CHECK(says(reason(id), "precondition_changed"));
    CHECK(open_on(machine).empty());
}

TEST_CASE_FIXTURE(Claimed, "claim: what has expired while its facts were read is not sent")
{
    const auto id = reboot();
    const auto facts = fresh(id);
    now += 24h;
    CHECK_FALSE(claim(id, facts).has_value());
    CHECK(state(id) == State::expired);
    CHECK(attempts() == "0");
}

TEST_CASE_FIXTURE(Claimed, "claim: the delete of what is gone has succeeded without a request")
{
    have("user_settings", policy, "");
    const auto id = submit_now({.kind = "user_setting.delete", .target_id = policy});
    take_in();
    lose("user_settings", policy);
    CHECK_FALSE(claim(id).has_value());
    CHECK(state(id) == State::succeeded);
    CHECK(reason(id) == "already gone");
    CHECK(attempts() == "0");
}

TEST_CASE_FIXTURE(Claimed,
                  "claim: a Cloud PC that came under the policy since may be another job's")
{
    have("provisioning_policies", policy, R"("assignments":[])");
    have_cloud_pc(id_of(1), "user1@contoso.example",
                  fmt::format(R"("provisioningPolicyId":"{}")", policy));
    sync();
    const auto id = submit_now({.kind = "provisioning_policy.delete", .target_id = policy});
    const auto other = reboot(id_of(2));
    have_cloud_pc(id_of(2), "user2@contoso.example",
                  fmt::format(R"("provisioningPolicyId":"{}")", policy));
    CHECK(open_on(id_of(1)) == std::vector<JobId>{id});
    CHECK_FALSE(claim(id).has_value());
    CHECK(job(id).held_by == Hold::target_busy);
    CHECK(open_on(id_of(1)).empty());  // it waits, and is in nobody's way
    CHECK(open_on(id_of(2)) == std::vector<JobId>{other});
    CHECK(job(id).touches == 2);

    REQUIRE(claim(other).has_value());
    succeed(other);
    sync();
    CHECK(look_again({.targets = true}) == 1);
    CHECK(claim(id).has_value());
}

TEST_CASE_FIXTURE(Claimed,
                  "claim: what may have run once is not repeated when it has become destructive")
{
    const auto groups = fmt::format(R"([{{"target":{{"groupId":"{}"}}}}])", group);
    have("provisioning_policies", policy, R"("assignments":[])");
    sync();
    const auto id = submit_now({.kind = "provisioning_policy.assign",
                                .target_id = policy,
                                .params = fmt::format(R"({{"assignments":{}}})", groups)});
    take_in();
    const auto first = claim(id);
    REQUIRE(first.has_value());
    record_verdict(database, first->attempt_id, Verdict::unknown, {}, now);
    REQUIRE(transition(database, id, State::sending, State::in_doubt, {}, "daemon", now));
    REQUIRE(transition(database, id, State::in_doubt, State::queued, {}, "daemon", now));
    CHECK(claim(id).has_value());  // repeatable: again

    const auto second = last_attempt(database, id);
    record_verdict(database, second->attempt_id, Verdict::unknown, {}, now);
    REQUIRE(transition(database, id, State::sending, State::in_doubt, {}, "daemon", now));
    REQUIRE(transition(database, id, State::in_doubt, State::queued, {}, "daemon", now));
    have("provisioning_policies", policy,
         R"("assignments":[{"target":{"groupId":"7c82a3e3-9459-44e4-94d9-b92f93bf78dd"}}])");
    CHECK_FALSE(claim(id).has_value());
    CHECK(state(id) == State::rejected);
    CHECK(reason(id) ==
          "an earlier attempt may have been executed; it was not repeated: by now the same "
          "request would be destructive: look at the policy, and submit it anew");
    CHECK(attempts() == "2");
}

TEST_CASE_FIXTURE(Claimed, "claim: an end of the transaction by an error leaves the job as it was")
{
    const auto id = reprovision();
    take_in();
    const auto facts = fresh(id);
    const auto before = rows("SELECT * FROM jobs");
    // Its own id was used before: the intent cannot be written.
    const Sender sender{.client_request_id = "x", .acted_as = "application", .boot_id = "boot"};
    const auto other = reboot(id_of(2));
    REQUIRE(jobs::claim(database, other, plan(other), fresh(other), known(), sender).has_value());
    CHECK_THROWS(jobs::claim(database, id, plan(id), facts, known(), sender));
    CHECK(state(id) == State::queued);
    CHECK(rows(fmt::format("SELECT * FROM jobs WHERE job_id = {}", id)) == before);
    CHECK(debited(database, now - 1h) == 0);
}

TEST_CASE_FIXTURE(Claimed, "claim: cancel comes first or too late, in ten thousand orders")
{
    constexpr int rounds = 10'000;
    constexpr int machines = 1'000;  // few jobs of each: what it had before is looked through
    have_cloud_pcs(machines);
    int cancelled = 0;
    int sent = 0;
    database.transaction([&] {
        for (int round = 0; round < rounds; ++round) {
            const auto id = queued_reboot(id_of(1 + round % machines));
            const auto when = rng.next() % 3;  // before the facts are read, before the claim, after
            auto outcome = CancelOutcome::unknown;
            const auto cancel_if = [&](std::uint64_t moment) {
                if (moment == when)
                    outcome = cancel(database, id, "no", "alice", now);
            };
            cancel_if(0);
            const auto facts = fresh(id);
            cancel_if(1);
            const auto attempt = claim(id, facts);
            cancel_if(2);
            const bool ok =
                attempt ? outcome == CancelOutcome::too_late : outcome == CancelOutcome::cancelled;
            REQUIRE(ok);
            REQUIRE(state(id) == (attempt ? State::sending : State::cancelled));
            if (attempt)
                succeed(id);
            (attempt ? sent : cancelled) += 1;
        }
    });
    CHECK(cancelled + sent == rounds);
    CHECK(sent > rounds / 4);
    CHECK(attempts() == std::to_string(sent));
    CHECK(value("SELECT count(*) FROM jobs WHERE state = 'cancelled' AND attempts = 0") ==
          std::to_string(cancelled));
}

TEST_CASE_FIXTURE(Claimed, "claim: cancel by another connection at the same moment")
{
    constexpr int rounds = 200;
    std::vector<JobId> ids;
    have_cloud_pcs(rounds);
    for (int i = 1; i <= rounds; ++i)
        ids.push_back(queued_reboot(id_of(i)));
    std::vector<CancelOutcome> outcomes(rounds, CancelOutcome::unknown);
    std::atomic<int> round{-1};
    std::thread other{[&] {
        auto theirs = open();
        for (std::size_t i = 0; i < rounds; ++i) {
            round.wait(static_cast<int>(i) - 1);
            outcomes[i] = cancel(theirs, ids[i], "no", "alice", now);
            round.notify_all();
        }
    }};
    std::vector<bool> sent;
    for (std::size_t i = 0; i < rounds; ++i) {
        const auto facts = fresh(ids[i]);
        const auto the_plan = plan(ids[i]);
        const Sender sender{
            .client_request_id = rng.uuid(), .acted_as = "application", .boot_id = "boot"};
        round = static_cast<int>(i);
        round.notify_all();
        sent.push_back(jobs::claim(database, ids[i], the_plan, facts, known(), sender).has_value());
    }
    other.join();
    for (std::size_t i = 0; i < rounds; ++i) {
        CHECK(outcomes[i] == (sent[i] ? CancelOutcome::too_late : CancelOutcome::cancelled));
        CHECK(state(ids[i]) == (sent[i] ? State::sending : State::cancelled));
    }
}
