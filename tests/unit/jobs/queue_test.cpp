// What the API and the runner do to jobs: submit, fill, cancel, approve, resolve, expire, order.

#include "sync/jobs/events.hpp"
#include "sync/jobs/retention.hpp"
#include "tests/unit/jobs/fixture.hpp"

#include <fmt/format.h>

using namespace cloudpcd;
using namespace cloudpcd::jobs;
using namespace cloudpcd::jobs::test;
using namespace std::chrono_literals;
using Outcome = Submitted::Outcome;

namespace {

const std::string request = "0bb0a67a-1c5d-4e2f-9b1a-2f3e4d5c6b7a";

std::vector<JobId> ids(const std::vector<Job>& jobs)
{
    std::vector<JobId> all;
    for (const auto& job : jobs)
        all.push_back(job.job_id);
    return all;
}

using Ids = std::vector<JobId>;

}  // namespace

TEST_CASE_FIXTURE(Queue, "queue: a job of the API is marked as one, with its time and its event")
{
    const auto id = add({.kind = "cloud_pc.reboot",
                         .target_id = machine,
                         .reason = "INC-1",
                         .requested_by = "alice"});
    const auto job = this->job(id);
    CHECK(job.origin == "api");
    CHECK(job.actor_verified);
    CHECK(job.created_at == format_sql_time(start));
    const auto events = events_of(database, id, 10);
    REQUIRE(events.size() == 1);
    CHECK_FALSE(events.front().from.has_value());
    CHECK(events.front().actor == "alice (uid 1000)");
}

TEST_CASE_FIXTURE(Queue, "queue: a request_id submits once")
{
    Submission submission{.request_id = request, .kind = "cloud_pc.reboot", .target_id = machine};
    const auto first = submit(database, submission, "alice", start);
    CHECK(first.outcome == Outcome::added);
    const auto again = submit(database, submission, "bob", start);
    CHECK(again.outcome == Outcome::repeated);
    CHECK(again.job_id == first.job_id);
    submission.target_id = other_machine;
    const auto other = submit(database, submission, "alice", start);
    CHECK(other.outcome == Outcome::conflict);
    CHECK(other.job_id == first.job_id);
    CHECK(value("SELECT count(*) FROM jobs") == "1");
    CHECK(value("SELECT count(*) FROM job_events") == "1");
    // A row that came by SQL is the same job, and stays a claim.
    Stranger{path}.run(
        "INSERT INTO jobs (request_id, kind) VALUES "
        "('1bb0a67a-1c5d-4e2f-9b1a-2f3e4d5c6b7a', 'x')");
    submission = {.request_id = "1bb0a67a-1c5d-4e2f-9b1a-2f3e4d5c6b7a", .kind = "x"};
    CHECK(submit(database, submission, "alice", start).outcome == Outcome::repeated);
    CHECK(job(2).origin == "sql");
}

TEST_CASE_FIXTURE(Queue, "queue: what the table refuses is refused in its words")
{
    const auto bad = submit(database, {.kind = "x", .not_before = "now"}, "alice", start);
    CHECK(bad.outcome == Outcome::refused);
    CHECK(bad.why.find("not_before: give a date") != std::string::npos);
    CHECK(submit(database, {.kind = "x", .priority = 10}, "alice", start).outcome ==
          Outcome::refused);
    CHECK(
        submit(database,
               {.kind = "on_premises_connection.create", .params = "{\"adDomainPassword\":\"x\"}"},
               "alice", start)
            .outcome == Outcome::refused);
    CHECK(value("SELECT count(*) FROM jobs") == "0");
}

TEST_CASE_FIXTURE(Queue, "queue: a change needs the state that was looked at")
{
    const auto id = add();
    CHECK_FALSE(transition(database, id, State::queued, State::sending, {}, "daemon", start));
    CHECK_FALSE(transition(database, 99, State::submitted, State::queued, {}, "daemon", start));
    CHECK(cancel(database, id, "no longer", "alice", start) == CancelOutcome::cancelled);
    CHECK_FALSE(transition(database, id, State::submitted, State::queued, {}, "daemon", start));
    CHECK(state(id) == State::cancelled);
}

TEST_CASE_FIXTURE(Queue, "queue: an event is written when state, reason or hold change")
{
    const auto id = add();
    const auto hold = [&](std::string reason, Hold held_by, UtcTime due) {
        move(id, State::held, {.reason = std::move(reason), .held_by = held_by, .due_at = due});
    };
    hold("20 an hour", Hold::budget, start + 1h);
    hold("20 an hour", Hold::budget, start + 2h);
    CHECK(job(id).due_at == format_sql_time(start + 2h));
    CHECK(events_of(database, id, 10).size() == 2);
    hold("frozen", Hold::freeze, start + 2h);
    CHECK(events_of(database, id, 10).size() == 3);
    move(id, State::queued);
    CHECK_FALSE(job(id).held_by.has_value());
    CHECK_FALSE(job(id).due_at.has_value());
    CHECK(
        value("SELECT group_concat(to_state) FROM (SELECT * FROM job_events ORDER BY event_id)") ==
        "submitted,held,held,queued");
}

TEST_CASE_FIXTURE(Queue, "queue: due times that only a wrong clock can have given are brought back")
{
    const auto due = [&](State state, std::optional<Hold> held_by, Duration ahead) {
        const auto id = add_in(state == State::held ? State::queued : state);
        const Change change{.reason = "x", .held_by = held_by, .due_at = start + ahead};
        move(id, state, change);
        bring_back_due(database, start);
        const auto at = *parse_sql_time(*job(id).due_at);
        // Of one object one job is active.
        if (is_unsent(state))
            move(id, State::cancelled);
        else if (state == State::in_doubt)
            resolve(database, id, false, "seen", "bob", start);
        else
            move(id, State::failed);
        return at - start;
    };
    for (const auto state : {State::accepted, State::in_doubt}) {
        CHECK(due(state, std::nullopt, 1h) == 1h);
        CHECK(due(state, std::nullopt, 87600h) == 0h);
    }
    // Not now: the wait may be one that Graph asked for.
    CHECK(due(State::queued, std::nullopt, 59min) == 59min);
    CHECK(due(State::queued, std::nullopt, 87600h) == 1h);
    CHECK(due(State::held, Hold::unreadable, 2h) == 0h);
    CHECK(due(State::held, Hold::budget, 24h) == 24h);
    CHECK(due(State::held, Hold::budget, 26h) == 0h);
    CHECK(due(State::held, Hold::retry, 87600h) == 87600h);
    CHECK(due(State::held, Hold::not_before, 87600h) == 87600h);
    const auto timed = add();
    fill(database, timed, {.not_before = start + 2h, .expires_at = start + 3h}, start);
    move(timed, State::held,
         {.reason = "x", .held_by = Hold::not_before, .due_at = start + 87600h});
    CHECK(bring_back_due(database, start) == 1);
    CHECK(job(timed).due_at == format_sql_time(start + 2h));
    CHECK(bring_back_due(database, start) == 0);
}

TEST_CASE_FIXTURE(Queue, "queue: cancel wins before sending and comes too late after")
{
    for (const auto unsent :
         {State::submitted, State::awaiting_approval, State::held, State::queued}) {
        const auto id = add_in(unsent);
        CHECK(cancel(database, id, "stop", "alice", start) == CancelOutcome::cancelled);
        CHECK(state(id) == State::cancelled);
        CHECK(record_intent(database, intent(id), start).refusal == IntentRefusal::not_queued);
        CHECK(cancel(database, id, "stop", "alice", start) == CancelOutcome::ended);
    }
    for (const auto sent : {State::sending, State::accepted, State::in_doubt}) {
        const auto id = add_in(sent);
        CHECK(cancel(database, id, "stop", "alice", start) == CancelOutcome::too_late);
        CHECK(state(id) == sent);
        const auto last = events_of(database, id, 1).front();
        CHECK(last.reason == "cancel came too late: stop");
        CHECK(last.actor == "alice");
    }
    CHECK(cancel(database, 99, "stop", "alice", start) == CancelOutcome::unknown);
}

TEST_CASE_FIXTURE(Queue, "queue: what may have been executed does not end as if it had not been")
{
    const auto to_be_repeated = [&](Verdict verdict) {
        const auto id = add();
        fill(database, id, {.risk = 0, .expires_at = start + 1h}, start);
        move(id, State::queued);
        const auto attempt = send(intent(id, 0));
        record_verdict(database, attempt.attempt_id, verdict, {}, start);
        if (verdict == Verdict::executed)  // and its end was not seen in time
            move(id, State::accepted);
        if (verdict != Verdict::not_executed)
            move(id, State::in_doubt);
        move(id, State::queued, {.reason = "sent again later"});
        return id;
    };
    const std::string said = "an earlier attempt may have been executed; it was not repeated: ";
    for (const auto verdict : {Verdict::unknown, Verdict::executed}) {
        const auto id = to_be_repeated(verdict);
        REQUIRE(cancel(database, id, "stop", "alice", start) == CancelOutcome::too_late);
        CHECK(state(id) == State::queued);
        CHECK(events_of(database, id, 1).front().reason == "cancel came too late: stop");
        move(id, State::held, {.held_by = Hold::freeze});
        CHECK(cancel(database, id, "stop", "alice", start) == CancelOutcome::too_late);
        CHECK(expire_due(database, start + 1h, 100) == Ids{id});
        CHECK(job(id).state_reason == said + "not sent before expires_at");
        CHECK(events_of(database, id, 1).front().reason == said + "not sent before expires_at");
    }
    const auto rejected = to_be_repeated(Verdict::unknown);
    move(rejected, State::rejected, {.reason = "precondition_changed: x"});
    CHECK(job(rejected).state_reason == said + "precondition_changed: x");
    // A restored job does not go on, so that it can be cancelled.
    const auto restored = to_be_repeated(Verdict::unknown);
    CHECK(hold_restored(database, start) == 1);
    CHECK(cancel(database, restored, "stop", "alice", start) == CancelOutcome::cancelled);
    CHECK(job(restored).state_reason == said + "stop");

    const auto refused = to_be_repeated(Verdict::not_executed);
    CHECK(cancel(database, refused, "stop", "alice", start) == CancelOutcome::cancelled);
    CHECK(job(refused).state_reason == "stop");
}

TEST_CASE_FIXTURE(Queue, "queue: an approval is somebody else's, of what they saw, for a day")
{
    const auto id =
        add({.kind = "provisioning_policy.apply", .target_id = machine, .requested_by = "alice"});
    fill(database, id, {.risk = 2, .touches = 800}, start);
    move(id, State::awaiting_approval);
    CHECK(approve(database, id, {.approver = "alice"}, start) == ApproveOutcome::own_request);
    CHECK(approve(database, id, {.approver = "bob", .seen_hash = "other"}, start) ==
          ApproveOutcome::changed);
    CHECK(state(id) == State::awaiting_approval);
    const auto seen = content_hash(job(id));
    CHECK(approve(database, id, {.approver = "bob", .seen_hash = seen}, start) ==
          ApproveOutcome::approved);
    CHECK(state(id) == State::queued);
    CHECK(job(id).approved_by == "bob");
    CHECK(is_approved(job(id), start + 24h));
    CHECK_FALSE(is_approved(job(id), start + 24h + 1ms));
    CHECK(approve(database, id, {.approver = "bob"}, start) == ApproveOutcome::not_waiting);
    // The number that was approved is no longer the number.
    fill(database, id, {.touches = 801}, start);
    CHECK_FALSE(is_approved(job(id), start));
    move(id, State::awaiting_approval);
    CHECK_FALSE(job(id).approved_by.has_value());
    CHECK(approve(database, id, {.approver = "alice", .own_allowed = true}, start) ==
          ApproveOutcome::approved);
    CHECK(approve(database, 99, {.approver = "bob"}, start) == ApproveOutcome::unknown);
}

TEST_CASE_FIXTURE(Queue, "queue: an approval lifts a budget, and no other hold")
{
    const auto id = add_in(State::held);
    CHECK(approve(database, id, {.approver = "bob"}, start) == ApproveOutcome::approved);
    for (const auto hold : {Hold::not_before, Hold::target_busy, Hold::freeze, Hold::login,
                            Hold::unreadable, Hold::retry, Hold::restored}) {
        const auto held = add();
        move(held, State::held, {.held_by = hold});
        CHECK(approve(database, held, {.approver = "bob"}, start) == ApproveOutcome::not_waiting);
    }
}

TEST_CASE_FIXTURE(Queue, "queue: a person resolves what is in doubt, and the ledger knows")
{
    const auto executed = add_in(State::in_doubt);
    CHECK(resolve(database, executed, true, "saw it", "bob", start) == ResolveOutcome::resolved);
    CHECK(state(executed) == State::succeeded);
    CHECK(last_attempt(database, executed)->verdict == Verdict::executed);
    CHECK(debited(database, start - 1h) == 1);
    const auto not_executed = add_in(State::in_doubt);
    CHECK(resolve(database, not_executed, false, "nothing", "bob", start) ==
          ResolveOutcome::resolved);
    CHECK(state(not_executed) == State::failed);
    CHECK(debited(database, start - 1h) == 1);
    CHECK(job(not_executed).state_reason == "resolved by bob as not executed: nothing");
    for (const auto other : {State::queued, State::held, State::sending, State::accepted})
        CHECK(resolve(database, add_in(other), true, "x", "bob", start) ==
              ResolveOutcome::not_open);
    CHECK(resolve(database, 99, true, "x", "bob", start) == ResolveOutcome::unknown);
}

TEST_CASE_FIXTURE(Queue, "queue: jobs go by priority, then not_before, then number, once due")
{
    const auto queue = [&](int priority, UtcTime not_before) {
        const auto id = add({.kind = "x", .priority = priority});
        fill(database, id, {.risk = 0, .not_before = not_before}, start);
        move(id, State::queued);
        return id;
    };
    const auto late = queue(5, start + 1min);
    const auto early = queue(5, start);
    const auto same = queue(5, start);
    const auto urgent = queue(0, start + 2min);
    CHECK(ids(next_queued(database, start, 10)) == Ids{early, same});
    CHECK(ids(next_queued(database, start + 2min, 10)) == Ids{urgent, early, same, late});
    CHECK(ids(next_queued(database, start + 2min, 2)) == Ids{urgent, early});
    move(early, State::queued, {.due_at = start + 5min});
    CHECK(ids(next_queued(database, start + 2min, 10)) == Ids{urgent, same, late});
    CHECK(next_due(database) == start + 5min);
}

TEST_CASE_FIXTURE(Queue, "queue: at its expiry every unsent job ends, whatever holds it")
{
    std::vector<JobId> unsent;
    for (const auto state :
         {State::submitted, State::awaiting_approval, State::held, State::queued}) {
        const auto id = add();
        fill(database, id, {.risk = 2, .expires_at = start + 1h}, start);
        Change change;
        if (state == State::held)
            change.held_by = Hold::restored;
        if (state != State::submitted)
            move(id, state, change);
        unsent.push_back(id);
    }
    const auto sent = add();
    fill(database, sent, {.risk = 2, .expires_at = start + 1h}, start);
    move(sent, State::queued);
    send(intent(sent));
    // Not filled yet: a time that does not compare as text.
    Stranger{path}.run("INSERT INTO jobs (kind, expires_at) VALUES ('x', '2020-01-01')");

    CHECK(next_due(database) == start + 1h);
    CHECK(expire_due(database, start + 1h - 1ms, 100).empty());
    CHECK(record_intent(database, intent(unsent.back()), start + 1h).refusal ==
          IntentRefusal::expired);
    CHECK(next_queued(database, start + 1h, 100).empty());
    CHECK(expire_due(database, start + 1h, 3).size() == 3);
    CHECK(expire_due(database, start + 1h, 100).size() == 1);
    for (const auto id : unsent)
        CHECK(state(id) == State::expired);
    CHECK(state(sent) == State::sending);
    CHECK_FALSE(next_due(database).has_value());
}

TEST_CASE_FIXTURE(Queue, "queue: submitted rows are taken in order, page by page")
{
    for (int i = 0; i < 5; ++i)
        add();
    CHECK(ids(take_submitted(database, 0, 3)) == Ids{1, 2, 3});
    CHECK(ids(take_submitted(database, 3, 3)) == Ids{4, 5});
    move(1, State::held, {.held_by = Hold::budget, .due_at = start});
    move(2, State::held, {.held_by = Hold::freeze, .due_at = start + 1h});
    CHECK(ids(due_held(database, start, 10)) == Ids{1});
    CHECK(ids(in_state(database, State::held, Hold::freeze, 0, 10)) == Ids{2});
    CHECK(counts(database).size() == 2);
}

TEST_CASE_FIXTURE(Queue, "queue: a restored queue holds what is unsent until a person decides")
{
    const auto queued = add_in(State::queued);
    set_targets(database, queued, std::vector<Target>{{"cloud_pcs", machine}}, true);
    const auto held = add_in(State::held);
    const auto waiting = add_in(State::awaiting_approval);
    const auto submitted = add_in(State::submitted);
    const auto accepted = add_in(State::accepted);
    const auto dry = add({.kind = "x", .dry_run = true});
    CHECK(hold_restored(database, start) == 3);
    CHECK(hold_restored(database, start) == 0);
    CHECK(state(submitted) == State::submitted);  // intake holds it
    CHECK(is_restored(database, job(submitted)));
    CHECK_FALSE(is_restored(database, job(add())));
    for (const auto id : {queued, held, waiting}) {
        CHECK(job(id).held_by == Hold::restored);
        for (const auto to : {State::queued, State::awaiting_approval})
            CHECK_THROWS((void)transition(database, id, State::held, to, {}, "daemon", start));
        CHECK_THROWS((void)transition(database, id, State::held, State::held,
                                      {.held_by = Hold::budget}, "daemon", start));
    }
    CHECK(state(accepted) == State::accepted);
    CHECK(state(dry) == State::submitted);
    // A new job for the machine does not wait for the old one.
    CHECK(holders(database, 0, std::vector<Target>{{"cloud_pcs", machine}}).empty());
    CHECK(resolve(database, queued, true, "it ran", "bob", start) == ResolveOutcome::resolved);
    CHECK(resolve(database, held, false, "it did not", "bob", start) == ResolveOutcome::resolved);
    CHECK(state(queued) == State::succeeded);
    CHECK(state(held) == State::failed);
    CHECK(cancel(database, waiting, "x", "bob", start) == CancelOutcome::cancelled);
}

TEST_CASE_FIXTURE(Queue, "queue: a list filters by state, kind, batch, target and owner")
{
    const auto first =
        add({.kind = "a", .target_id = "t1", .requested_by = "alice", .batch_id = "b"});
    const auto second = add({.kind = "b", .target_id = "t2", .batch_id = "b"});
    set_targets(database, second, std::vector<Target>{{"cloud_pcs", "t1"}}, false);
    const auto third = add({.kind = "a"});
    move(third, State::queued);
    CHECK(ids(list(database, {})) == Ids{third, second, first});
    CHECK(ids(list(database, {.states = {State::queued, State::failed}})) == Ids{third});
    CHECK(ids(list(database, {.kind = "a"})) == Ids{third, first});
    CHECK(ids(list(database, {.batch_id = "b"})) == Ids{second, first});
    CHECK(ids(list(database, {.target_id = "t1"})) == Ids{second, first});
    CHECK(ids(list(database, {.requested_by = "alice"})) == Ids{first});
    CHECK(ids(list(database, {.before = third, .max = 1})) == Ids{second});
    const auto detail = show(database, third);
    REQUIRE(detail.has_value());
    CHECK(detail->events.size() == 2);
    CHECK_FALSE(show(database, 99).has_value());
    CHECK(find_request(database, job(first).request_id)->job_id == first);
}

TEST_CASE_FIXTURE(Queue, "retention: old ended jobs go, open ones and the newest of all stay")
{
    const auto open = add_in(State::in_doubt);
    const auto old = add_in(State::succeeded);
    const auto cancelled = add_in(State::cancelled);
    const auto last_sent = add_in(State::failed);
    const auto newest = add_in(State::rejected);
    CHECK(forget_jobs(database, start) == 0);
    CHECK(forget_jobs(database, start + 1ms) == 2);
    for (const auto gone : {old, cancelled}) {
        CHECK_FALSE(find(database, gone).has_value());
        for (const auto* table : {"job_attempts", "job_events", "job_targets", "guard_ledger"})
            CHECK(value(fmt::format("SELECT count(*) FROM {} WHERE job_id = {}", table, gone)) ==
                  "0");
    }
    for (const auto kept : {open, last_sent, newest})
        CHECK(find(database, kept).has_value());
    CHECK(daemon_tries("DELETE FROM job_events WHERE job_id = 5; "
                       "DELETE FROM jobs WHERE job_id = 5") ==
          "the newest job is not removed; its number would be given again");
    CHECK(daemon_tries(fmt::format("DELETE FROM guard_ledger WHERE job_id = {0}; "
                                   "DELETE FROM job_attempts WHERE job_id = {0}",
                                   last_sent)) ==
          "the newest attempt is not removed; the anchor knows it");
}
