// What becomes of a job by the answer to its request, by its progress and by evidence.

#include "sync/jobs/conclude.hpp"

#include "tests/unit/jobs/fixture.hpp"

#include <fmt/format.h>

using namespace cloudpcd;
using namespace cloudpcd::jobs;
using namespace cloudpcd::jobs::test;
using namespace std::chrono_literals;

namespace {

struct Conclusions : Queue {
    Plan plan_of(std::string_view kind) const
    {
        Plan plan;
        plan.action = schema::find_action(kind);
        REQUIRE(plan.action != nullptr);
        return plan;
    }

    /// A job of that class whose request has just left.
    Attempt sent(int risk = 2, JobId job = 0, std::string on = machine)
    {
        if (job == 0)
            job = add_in(State::queued, risk);
        auto what = intent(job, risk);
        what.targets = {{.resource = "cloud_pcs", .id = std::move(on)}};
        what.debit = risk == 2 ? 1 : 0;
        return send(what);
    }

    State conclude(const Attempt& attempt, const graph::WriteOutcome& outcome,
                   std::string_view kind = "cloud_pc.reprovision", UtcTime now = start)
    {
        return conclude_attempt(database, plan_of(kind), attempt, outcome, rng, now);
    }

    Job after(const graph::WriteOutcome& outcome, int risk = 2,
              std::string_view kind = "cloud_pc.reprovision")
    {
        const auto attempt = sent(risk);
        conclude(attempt, outcome, kind);
        return job(attempt.job_id);
    }

    State progress(const Job& job, Progress seen, bool before, UtcTime now,
                   std::string_view kind = "cloud_pc.reprovision")
    {
        const auto attempt = last_attempt(database, job.job_id);
        REQUIRE(attempt.has_value());
        return conclude_progress(database, plan_of(kind), job, *attempt, seen, before, now);
    }

    /// A job that Graph has accepted.
    Job accepted(int risk = 2)
    {
        const auto attempt = sent(risk);
        REQUIRE(conclude(attempt, answer(graph::Verdict::executed, 204)) == State::accepted);
        return job(attempt.job_id);
    }
    /// A job whose request got no answer.
    Job doubted(std::string on = machine)
    {
        const auto attempt = sent(2, 0, std::move(on));
        REQUIRE(conclude(attempt, answer(graph::Verdict::unknown, 504)) == State::in_doubt);
        return job(attempt.job_id);
    }

    static graph::WriteOutcome answer(graph::Verdict verdict, int status, std::string body = {})
    {
        graph::WriteOutcome outcome{.verdict = verdict, .status = status, .body = std::move(body)};
        outcome.request_id = "graph-1";
        if (verdict != graph::Verdict::executed)
            outcome.error = Error{.code = Errc::rejected,
                                  .message = "said no",
                                  .http_status = status,
                                  .graph_code = "Conflict"};
        return outcome;
    }

    std::string due(JobId id) { return job(id).due_at.value_or("-"); }
};

std::string at(UtcTime time)
{
    return format_sql_time(time);
}

}  // namespace

TEST_CASE_FIXTURE(Conclusions, "conclude: what Graph accepted is followed, and keeps its answer")
{
    const auto job =
        after(answer(graph::Verdict::executed, 201,
                     R"({"@odata.context":"x","id":"b1","adDomainPassword":"secret"})"),
              2, "cloud_pc.bulk_reprovision");
    CHECK(job.state == State::accepted);
    CHECK(job.http_status == 201);
    CHECK(job.result == R"({"id":"b1"})");
    CHECK(job.graph_request_id == "graph-1");
    CHECK(job.due_at == at(start));
    CHECK(last_attempt(database, job.job_id)->verdict == Verdict::executed);
    CHECK(debited(database, start - 1h) == 1);
}

TEST_CASE_FIXTURE(Conclusions, "conclude: where the answer is the end, the job has succeeded")
{
    const auto job = after(answer(graph::Verdict::executed, 201, R"({"id":"p1"})"), 1,
                           "provisioning_policy.create");
    CHECK(job.state == State::succeeded);
    CHECK(job.result == R"({"id":"p1"})");
    // So that no other request, of which nothing is known, takes the object for its own.
    CHECK(find_evidence(database, "created:p1")->job_id == job.job_id);
}

TEST_CASE_FIXTURE(Conclusions, "conclude: an answer that is no JSON object leaves no result")
{
    for (const auto* body : {"", "[1]", "{\"id\":", "<html>", "\"text\""}) {
        CAPTURE(body);
        const auto attempt = sent(1);
        conclude(attempt, answer(graph::Verdict::executed, 200, body), "cloud_pc.reboot");
        CHECK_FALSE(job(attempt.job_id).result.has_value());
        move(attempt.job_id, State::succeeded);
    }
}

TEST_CASE_FIXTURE(Conclusions, "conclude: a refusal fails, and gives the debit back")
{
    const auto job = after(answer(graph::Verdict::refused, 409));
    CHECK(job.state == State::failed);
    CHECK(job.http_status == 409);
    CHECK(job.error_code == "Conflict");
    CHECK(job.error_message == "said no");
    CHECK(last_attempt(database, job.job_id)->verdict == Verdict::not_executed);
    CHECK(debited(database, start - 1h) == 0);
}

TEST_CASE_FIXTURE(Conclusions, "conclude: a conflict of class 0 is sent once more")
{
    auto attempt = sent(0);
    const auto id = attempt.job_id;
    CHECK(conclude(attempt, answer(graph::Verdict::refused, 409), "provisioning_policy.update") ==
          State::queued);
    CHECK(due(id) > at(start));
    attempt = sent(0, id);
    CHECK(conclude(attempt, answer(graph::Verdict::refused, 409), "provisioning_policy.update") ==
          State::failed);
}

TEST_CASE_FIXTURE(Conclusions,
                  "conclude: what was not sent is sent again later, five times at most")
{
    JobId id = 0;
    for (int number = 1; number <= attempts_max; ++number) {
        CAPTURE(number);
        const auto attempt = sent(2, id);
        id = attempt.job_id;
        const auto state = conclude(attempt, answer(graph::Verdict::not_sent, 0));
        CHECK(state == (number < attempts_max ? State::queued : State::failed));
        CHECK(debited(database, start - 1h) == 0);
        if (number < attempts_max) {
            CHECK(due(id) > at(start));
            CHECK(due(id) <= at(start + 15min));
        }
    }
    CHECK(job(id).attempts == attempts_max);
}

TEST_CASE_FIXTURE(Conclusions, "conclude: a wait that Graph asks for counts for no attempt")
{
    JobId id = 0;
    for (int number = 1; number <= attempts_max + 2; ++number) {
        const auto attempt = sent(2, id);
        id = attempt.job_id;
        auto outcome = answer(graph::Verdict::throttled, 429);
        outcome.retry_after = 10min;
        CHECK(conclude(attempt, outcome) == State::queued);
        CHECK(due(id) == at(start + 10min));
    }
    const auto attempt = sent(2, id);
    auto outcome = answer(graph::Verdict::throttled, 429);
    outcome.retry_after = 61min;
    CHECK(conclude(attempt, outcome) == State::held);
    CHECK(job(id).held_by == Hold::retry);
    CHECK(due(id) == at(start + 61min));
    CHECK(debited(database, start - 1h) == 0);
}

TEST_CASE_FIXTURE(Conclusions, "conclude: a job says nothing of the answer to an earlier attempt")
{
    const auto throttled = [&] {
        const auto attempt = sent();
        REQUIRE(conclude(attempt, answer(graph::Verdict::throttled, 429)) == State::queued);
        const auto job = this->job(attempt.job_id);
        CHECK(job.http_status == 429);
        CHECK(job.error_code == "Conflict");
        return attempt.job_id;
    };
    const auto done = throttled();
    auto accepted = answer(graph::Verdict::executed, 204);
    accepted.request_id = "graph-2";
    const auto again = sent(2, done);
    CHECK_FALSE(job(done).http_status.has_value());
    conclude(again, accepted);
    auto job = this->job(done);
    CHECK(job.http_status == 204);
    CHECK(job.graph_request_id == "graph-2");
    CHECK_FALSE(job.error_code.has_value());
    CHECK_FALSE(job.error_message.has_value());
    CHECK(attempts_of(database, done).front().error_code == "Conflict");
    move(done, State::succeeded);

    // A request that got no answer may have been executed: 429 would say that it was not.
    const auto doubted = throttled();
    conclude(sent(2, doubted), {.error = Error{.message = "connection reset"}});
    job = this->job(doubted);
    CHECK(job.state == State::in_doubt);
    CHECK_FALSE(job.http_status.has_value());
    CHECK_FALSE(job.error_code.has_value());
    CHECK_FALSE(job.graph_request_id.has_value());
    CHECK(job.error_message == "connection reset");
    CHECK(attempts_of(database, doubted).front().http_status == 429);
}

TEST_CASE_FIXTURE(Conclusions, "conclude: a refused token is renewed once")
{
    auto attempt = sent();
    const auto id = attempt.job_id;
    CHECK(conclude(attempt, answer(graph::Verdict::token_refused, 401)) == State::queued);
    CHECK(due(id) == at(start));
    attempt = sent(2, id);
    CHECK(conclude(attempt, answer(graph::Verdict::token_refused, 401)) == State::failed);
}

TEST_CASE_FIXTURE(Conclusions, "conclude: what may have been executed is in doubt, with its debit")
{
    const auto job = after(answer(graph::Verdict::unknown, 504));
    CHECK(job.state == State::in_doubt);
    CHECK(job.due_at == at(start));
    CHECK(last_attempt(database, job.job_id)->verdict == Verdict::unknown);
    CHECK(debited(database, start - 1h) == 1);
    CHECK(holders(database, 0, std::vector<Target>{{.resource = "cloud_pcs", .id = machine}})
              .size() == 1);
}

TEST_CASE_FIXTURE(Conclusions, "conclude: only class 0 in doubt goes back to the queue")
{
    for (const int risk : {1, 2}) {
        const auto attempt = sent(risk);
        conclude(attempt, answer(graph::Verdict::unknown, 0));
        CHECK_FALSE(repeat_if_repeatable(database, job(attempt.job_id), rng, start));
        CHECK(state(attempt.job_id) == State::in_doubt);
        CHECK(resolve(database, attempt.job_id, false, "seen", "bob", start) ==
              ResolveOutcome::resolved);
    }
    auto attempt = sent(0);
    const auto id = attempt.job_id;
    for (int number = 1; number < 10; ++number) {
        conclude(attempt, answer(graph::Verdict::unknown, 0), "provisioning_policy.update");
        REQUIRE(repeat_if_repeatable(database, job(id), rng, start));
        CHECK(due(id) > at(start));
        attempt = sent(0, id);
    }
    conclude(attempt, answer(graph::Verdict::unknown, 0), "provisioning_policy.update");
    CHECK_FALSE(repeat_if_repeatable(database, job(id), rng, start));
}

TEST_CASE_FIXTURE(Conclusions, "conclude: what a restored queue had sent is not repeated")
{
    const auto cut_off = sent(0).job_id;
    const auto doubted = sent(0, 0, other_machine);
    conclude(doubted, answer(graph::Verdict::unknown, 0), "provisioning_policy.update");
    CHECK(hold_restored(database, start) == 0);
    CHECK(doubt_unfinished(database, start) == 1);
    reopen();
    for (const auto id : {cut_off, doubted.job_id}) {
        CHECK_FALSE(repeat_if_repeatable(database, job(id), rng, start));
        CHECK(state(id) == State::in_doubt);
        CHECK(resolve(database, id, false, "seen", "bob", start) == ResolveOutcome::resolved);
    }
    // One that was sent since is.
    const auto since = sent(0);
    conclude(since, answer(graph::Verdict::unknown, 0), "provisioning_policy.update");
    CHECK(repeat_if_repeatable(database, job(since.job_id), rng, start));
}

TEST_CASE_FIXTURE(Conclusions, "conclude: a target that is gone already is the end of a DELETE")
{
    const auto job = after(answer(graph::Verdict::already_gone, 404), 1, "user_setting.delete");
    CHECK(job.state == State::succeeded);
    CHECK(job.state_reason == "already gone");
}

TEST_CASE_FIXTURE(Conclusions, "progress: going on is looked at again, until the deadline")
{
    const auto job = accepted();
    CHECK(progress(job, {.what = "reprovision: active"}, false, start + 5s) == State::accepted);
    CHECK(this->job(job.job_id).state_reason == "reprovision: active");
    CHECK(due(job.job_id) == at(start + 6s));
    CHECK(progress(this->job(job.job_id), {.phase = Progress::Phase::unread}, false,
                   start + 5h + 59min) == State::accepted);
    CHECK(progress(this->job(job.job_id), {}, false, start + 6h) == State::in_doubt);
    // Graph had accepted it: a late end still counts, and nothing is sent again.
    const auto late = this->job(job.job_id);
    CHECK_FALSE(repeat_if_repeatable(database, late, rng, start + 6h));
    CHECK(progress(late, {.phase = Progress::Phase::ended_well}, true, start + 7h) ==
          State::succeeded);
}

TEST_CASE_FIXTURE(Conclusions, "progress: an end that may flip back is wanted twice")
{
    const auto kind = "cloud_pc.end_grace_period";
    REQUIRE(needs_second_look(schema::find_action(kind)->ending.value.seen_by));
    const auto job = accepted();
    const Progress ended{.phase = Progress::Phase::ended_well};
    CHECK(progress(job, ended, false, start + 1min, kind) == State::accepted);
    CHECK(due(job.job_id) == at(start + 1min + 5s));
    CHECK(progress(this->job(job.job_id), ended, true, start + 2min, kind) == State::succeeded);
}

TEST_CASE_FIXTURE(Conclusions, "progress: the end says what Graph says, and what it was seen by")
{
    const auto job = accepted();
    CHECK(progress(job,
                   {.phase = Progress::Phase::ended_badly,
                    .what = "reprovision: failed",
                    .error_code = "internalServerError",
                    .error_message = "It broke\n",
                    .result = {{"actionState", "failed"}},
                    .evidence = "remote_action:x"},
                   true, start + 1min) == State::failed);
    const auto ended = this->job(job.job_id);
    CHECK(ended.state_reason == "reprovision: failed");
    CHECK(ended.error_code == "internalServerError");
    CHECK(ended.error_message == "It broke\\n");
    CHECK(ended.result == R"({"actionState":"failed"})");
    CHECK(last_attempt(database, job.job_id)->evidence == "remote_action:x");
    // Another job that saw the same ends too, without the piece that explains the first.
    const auto other = accepted();
    CHECK(progress(other, {.phase = Progress::Phase::ended_well, .evidence = "remote_action:x"},
                   true, start + 2min) == State::succeeded);
    CHECK_FALSE(last_attempt(database, other.job_id)->evidence.has_value());
}

TEST_CASE_FIXTURE(Conclusions, "evidence: proof of execution makes it accepted, and is used up")
{
    const auto job = doubted();
    const auto attempt = *last_attempt(database, job.job_id);
    const Proof proof{.outcome = Proof::Outcome::executed,
                      .evidence = "audit:e1",
                      .why = "an audit event has its id"};
    CHECK(conclude_evidence(database, plan_of("cloud_pc.reprovision"), job, attempt, proof, {},
                            start + 1min) == State::accepted);
    const auto proved = *last_attempt(database, job.job_id);
    CHECK(proved.verdict == Verdict::executed);
    CHECK(proved.evidence == "audit:e1");
    CHECK(due(job.job_id) == at(start + 1min));
}

TEST_CASE_FIXTURE(Conclusions, "evidence: what Graph refused has failed, and costs no budget")
{
    const auto job = doubted();
    CHECK(conclude_evidence(database, plan_of("cloud_pc.reprovision"), job,
                            *last_attempt(database, job.job_id),
                            {.outcome = Proof::Outcome::refused, .evidence = "audit:e2"}, {},
                            start) == State::failed);
    CHECK(debited(database, start - 1h) == 0);
}

TEST_CASE_FIXTURE(Conclusions, "conclude: a person who decides while Graph is asked has decided")
{
    const auto plan = plan_of("cloud_pc.reprovision");
    for (const bool executed : {false, true}) {
        CAPTURE(executed);
        const auto doubt = doubted(fmt::format("662009bc-0000-4000-8000-{:012}", executed ? 1 : 2));
        const auto attempt = *last_attempt(database, doubt.job_id);
        CHECK(resolve(database, doubt.job_id, executed, "seen", "bob", start) ==
              ResolveOutcome::resolved);
        const auto decided = job(doubt.job_id);
        const Proof otherwise{
            .outcome = executed ? Proof::Outcome::refused : Proof::Outcome::executed,
            .evidence = fmt::format("audit_event:{}", executed)};
        CHECK(conclude_evidence(database, plan, doubt, attempt, otherwise, {}, start + 1s) ==
              decided.state);
        CHECK(progress(doubt, {.phase = Progress::Phase::ended_well}, true, start + 1s) ==
              decided.state);
        CHECK(job(doubt.job_id).state_reason == decided.state_reason);
        CHECK(last_attempt(database, doubt.job_id)->verdict ==
              (executed ? Verdict::executed : Verdict::not_executed));
    }
}

TEST_CASE_FIXTURE(Conclusions,
                  "evidence: silence proves nothing, and after a day it is for a person")
{
    const auto plan = plan_of("cloud_pc.reprovision");
    auto job = doubted();
    const auto attempt = *last_attempt(database, job.job_id);
    CHECK(conclude_evidence(database, plan, job, attempt, {}, {}, start + 10s) == State::in_doubt);
    CHECK(due(job.job_id) == at(start + 13s));
    CHECK(conclude_evidence(database, plan, this->job(job.job_id), attempt, {}, {}, start + 23h) ==
          State::in_doubt);
    CHECK(due(job.job_id) == at(start + 23h + 10min));
    CHECK(conclude_evidence(database, plan, this->job(job.job_id), attempt, {}, {},
                            start + 24h + 1s) == State::in_doubt);
    CHECK(due(job.job_id) == "-");
    CHECK(this->job(job.job_id).state_reason->starts_with("waiting for a person"));
    CHECK(due_on_their_way(database, start + 48h, 10).empty());
}

TEST_CASE_FIXTURE(Conclusions, "jobs on their way are looked at when they are due")
{
    const auto first = accepted();
    const auto second = doubted(other_machine);
    CHECK(progress(first, {}, false, start + 9s) == State::accepted);  // due at +10 s
    const auto due_ids = [&](UtcTime now) {
        std::vector<JobId> ids;
        for (const auto& one : due_on_their_way(database, now, 10))
            ids.push_back(one.job_id);
        return ids;
    };
    CHECK(due_ids(start + 9s) == std::vector<JobId>{second.job_id});
    CHECK(due_ids(start + 10s) == std::vector<JobId>{second.job_id, first.job_id});
}
