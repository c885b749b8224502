// Intents, verdicts, the ledger, and the objects that jobs hold meanwhile.

#include "sync/jobs/events.hpp"
#include "tests/unit/jobs/fixture.hpp"

#include <fmt/format.h>

using namespace cloudpcd;
using namespace cloudpcd::jobs;
using namespace cloudpcd::jobs::test;
using namespace std::chrono_literals;

namespace {

Target pc(std::string id)
{
    return {.resource = "cloud_pcs", .id = std::move(id)};
}

}  // namespace

TEST_CASE_FIXTURE(Queue, "attempts: an intent is attempt, state, targets and debit at once")
{
    const auto id = add_in(State::queued);
    auto what = intent(id);
    what.targets = {pc("a"), pc("b"), pc("a")};
    what.debit = 2;
    const auto attempt = send(what);
    CHECK(attempt.attempt == 1);
    CHECK(attempt.client_request_id == what.client_request_id);
    CHECK_FALSE(attempt.verdict.has_value());
    CHECK(state(id) == State::sending);
    CHECK(job(id).attempts == 1);
    CHECK(targets_of(database, id) == std::vector<Target>{pc("a"), pc("b")});
    CHECK(debited(database, start - 1h) == 2);
    CHECK(highest_attempt(database) == attempt.attempt_id);
}

TEST_CASE_FIXTURE(Queue, "attempts: an intent that is refused leaves nothing")
{
    const auto check_refused = [&](const Intent& what, UtcTime now, IntentRefusal refusal) {
        const auto before = rows("SELECT job_id, state, attempts FROM jobs");
        const auto intended = record_intent(database, what, now);
        CHECK_FALSE(intended.attempt.has_value());
        CHECK(intended.refusal == refusal);
        CHECK(rows("SELECT job_id, state, attempts FROM jobs") == before);
        CHECK(debited(database, start - 1h) == 0);
    };
    check_refused(intent(99), start, IntentRefusal::not_queued);
    check_refused(intent(add_in(State::held)), start, IntentRefusal::not_queued);
    const auto timed = add();
    fill(database, timed, {.not_before = start + 1h, .expires_at = start + 2h}, start);
    move(timed, State::queued);
    check_refused(intent(timed), start + 1h - 1ms, IntentRefusal::not_due);
    check_refused(intent(timed), start + 2h, IntentRefusal::expired);
    const auto holder = add_in(State::queued);
    set_targets(database, holder, std::vector{pc("a")}, true);
    auto busy = intent(add_in(State::queued));
    busy.targets = {pc("b"), pc("a")};
    check_refused(busy, start, IntentRefusal::target_busy);
}

TEST_CASE_FIXTURE(Queue, "attempts: an intent that cannot be written whole is not written at all")
{
    const auto first = intent(add_in(State::queued));
    send(first);
    const auto second = add_in(State::queued);
    auto again = intent(second);
    again.client_request_id = first.client_request_id;
    CHECK_THROWS(record_intent(database, again, start));
    CHECK(state(second) == State::queued);
    CHECK(targets_of(database, second).empty());
    CHECK(value("SELECT count(*) FROM job_attempts") == "1");
}

TEST_CASE_FIXTURE(Queue, "attempts: only a proof that nothing ran gives the debit back")
{
    for (const auto verdict : {Verdict::executed, Verdict::unknown, Verdict::not_executed}) {
        const auto attempt = send(intent(add_in(State::queued)));
        const auto before = debited(database, start - 1h);
        record_verdict(database, attempt.attempt_id, verdict, {.http_status = 503}, start);
        CHECK(debited(database, start - 1h) == before - (verdict == Verdict::not_executed ? 1 : 0));
    }
    CHECK(debits(database, start - 1h).size() == 2);
}

TEST_CASE_FIXTURE(Queue, "attempts: what was not executed is sent again, as another attempt")
{
    const auto id = add_in(State::queued);
    const auto first = send(intent(id));
    record_verdict(database, first.attempt_id, Verdict::not_executed, {.http_status = 429}, start);
    move(id, State::queued, {.reason = "throttled", .due_at = start + 1min});
    const auto second = send(intent(id), start + 1min);
    CHECK(second.attempt == 2);
    CHECK(second.attempt_id > first.attempt_id);
    CHECK(second.client_request_id != first.client_request_id);
    const auto attempts = attempts_of(database, id);
    REQUIRE(attempts.size() == 2);
    CHECK(attempts.front().verdict == Verdict::not_executed);
    CHECK(attempts.front().http_status == 429);
}

TEST_CASE_FIXTURE(Queue, "attempts: windows of the ledger are open at their beginning")
{
    send(intent(add_in(State::queued)), start);
    send(intent(add_in(State::queued)), start + 30min);
    CHECK(debited(database, start - 1ms) == 2);
    CHECK(debited(database, start) == 1);
    CHECK(debited(database, start + 30min) == 0);
    const auto all = debits(database, start - 1ms);
    REQUIRE(all.size() == 2);
    CHECK(all.front().at == start);
}

TEST_CASE_FIXTURE(Queue, "attempts: what a stop cut off is in doubt at the next start, and debited")
{
    const auto cut = add_in(State::sending);
    const auto known = add_in(State::accepted);
    reopen();
    CHECK(attempts_without_verdict(database).size() == 1);
    CHECK(doubt_unfinished(database, start) == 1);
    CHECK(state(cut) == State::in_doubt);
    CHECK(state(known) == State::accepted);
    CHECK(last_attempt(database, cut)->verdict == Verdict::unknown);
    CHECK(debited(database, start - 1h) == 2);
    CHECK(doubt_unfinished(database, start) == 0);
}

TEST_CASE_FIXTURE(Queue, "attempts: a piece of evidence explains one attempt")
{
    const auto first = add_in(State::in_doubt);
    const auto second = add_in(State::in_doubt);
    record_verdict(database, last_attempt(database, first)->attempt_id, Verdict::executed,
                   {.evidence = "audit:1"}, start);
    CHECK(find_evidence(database, "audit:1")->job_id == first);
    CHECK_FALSE(find_evidence(database, "audit:2").has_value());
    CHECK_THROWS(record_verdict(database, last_attempt(database, second)->attempt_id,
                                Verdict::executed, {.evidence = "audit:1"}, start));
}

TEST_CASE_FIXTURE(Queue, "attempts: claim and cancel of one job, in either order, never both")
{
    for (int round = 0; round < 50; ++round) {
        const auto id = add_in(State::queued);
        const bool cancel_first = rng.next() % 2 == 0;
        if (cancel_first)
            CHECK(cancel(database, id, "x", "alice", start) == CancelOutcome::cancelled);
        const auto intended = record_intent(database, intent(id), start);
        CHECK(intended.attempt.has_value() != cancel_first);
        if (!cancel_first)
            CHECK(cancel(database, id, "x", "alice", start) == CancelOutcome::too_late);
    }
}

TEST_CASE_FIXTURE(Queue, "targets: one job is active on an object, and a doubt keeps it")
{
    const auto first = add_in(State::in_doubt);
    const auto held_object = targets_of(database, first);
    const auto second = add_in(State::queued);
    const auto found = holders(database, second, held_object);
    REQUIRE(found.size() == 1);
    CHECK(found.front().job_id == first);
    CHECK_THROWS(set_targets(database, second, held_object, true));
    set_targets(database, second, held_object, false);
    CHECK_THROWS(close_targets(database, first));
    CHECK(daemon_tries(fmt::format("UPDATE job_targets SET open = 1 WHERE job_id = {}", second)) ==
          "another job is active on this object");

    move(second, State::held, {.reason = "busy", .held_by = Hold::target_busy});
    CHECK(waiting_for(database, first, 10) == std::vector<JobId>{second});
    CHECK(resolve(database, first, true, "x", "bob", start) == ResolveOutcome::resolved);
    CHECK(holders(database, second, held_object).empty());
    CHECK(waiting_for(database, first, 10) == std::vector<JobId>{second});
    set_targets(database, second, held_object, true);
    CHECK(holders(database, first, held_object).front().job_id == second);
    close_targets(database, second);
    CHECK(holders(database, first, held_object).empty());
}

TEST_CASE_FIXTURE(Queue,
                  "targets: the same deed on one Cloud PC is found, dry runs and failures not")
{
    const std::vector targets{pc("a")};
    const auto mine = add_in(State::submitted);
    const auto find_it = [&](UtcTime since) {
        return find_duplicate(database, mine, "reprovision", targets, since);
    };
    CHECK_FALSE(find_it(start - 24h).has_value());
    // Later ones that wait are the duplicates of this one, not the other way round.
    const auto later = add_in(State::queued);
    fill(database, later, {.duplicate_key = "reprovision"}, start);
    set_targets(database, later, targets, false);
    CHECK_FALSE(find_it(start - 24h).has_value());
    auto what = intent(later);
    what.targets = targets;
    const auto attempt = send(what);
    CHECK(find_it(start - 24h) == later);
    CHECK_FALSE(find_duplicate(database, mine, "restore", targets, start - 24h).has_value());
    CHECK_FALSE(
        find_duplicate(database, mine, "reprovision", std::vector{pc("b")}, start).has_value());
    record_verdict(database, attempt.attempt_id, Verdict::executed, {}, start);
    move(later, State::succeeded);
    CHECK(find_it(start - 24h) == later);
    CHECK_FALSE(find_it(start).has_value());
}
