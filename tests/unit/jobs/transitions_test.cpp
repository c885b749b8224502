// The graph of states: the one in the code, the one in the database, and what no path through it
// does.

#include "tests/unit/jobs/fixture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

using namespace cloudpcd;
using namespace cloudpcd::jobs;
using namespace cloudpcd::jobs::test;

namespace {

std::vector<State> all_states()
{
    std::vector<State> all;
    for (std::size_t i = 0; i < state_count; ++i)
        all.push_back(static_cast<State>(i));
    return all;
}

struct Edge {
    State from{};
    State to{};
    std::string needs{};
};

std::vector<Edge> edges_of(Queue& queue)
{
    std::vector<Edge> edges;
    auto row = queue.database.prepared("SELECT from_state, to_state, needs FROM job_transitions");
    while (row.step())
        edges.push_back(
            {parse_state(row.text(0)).value(), parse_state(row.text(1)).value(), row.string(2)});
    return edges;
}

std::set<State> reachable(State from, const std::vector<Edge>& edges)
{
    std::set<State> seen;
    std::vector<State> next{from};
    while (!next.empty()) {
        const auto state = next.back();
        next.pop_back();
        for (const auto& edge : edges) {
            if (edge.from == state && seen.insert(edge.to).second)
                next.push_back(edge.to);
        }
    }
    return seen;
}

}  // namespace

TEST_CASE("transitions: names and values are one to one")
{
    for (const auto state : all_states())
        CHECK(parse_state(to_string(state)) == state);
    CHECK_FALSE(parse_state("Queued").has_value());
    CHECK_FALSE(parse_state("").has_value());
    for (const auto hold : {Hold::not_before, Hold::target_busy, Hold::budget, Hold::freeze,
                            Hold::login, Hold::unreadable, Hold::retry, Hold::restored})
        CHECK(parse_hold(to_string(hold)) == hold);
    for (const auto verdict : {Verdict::executed, Verdict::not_executed, Verdict::unknown})
        CHECK(parse_verdict(to_string(verdict)) == verdict);
}

TEST_CASE_FIXTURE(Queue, "transitions: code and database have the same table")
{
    const auto edges = edges_of(*this);
    for (const auto from : all_states()) {
        for (const auto to : all_states()) {
            const bool there = std::ranges::any_of(
                edges, [&](const Edge& edge) { return edge.from == from && edge.to == to; });
            CHECK_MESSAGE(may_follow(from, to) == there, to_string(from), " to ", to_string(to));
        }
    }
}

TEST_CASE_FIXTURE(Queue, "transitions: of classes 1 and 2 nothing is sent after it may have run")
{
    auto edges = edges_of(*this);
    std::erase_if(edges, [](const Edge& edge) { return edge.needs == "class_0"; });
    for (const auto from : {State::accepted, State::in_doubt})
        CHECK_FALSE(reachable(from, edges).contains(State::sending));
    // From `sending` itself only by a proof that nothing was executed.
    std::erase_if(edges, [](const Edge& edge) { return edge.needs == "not_executed"; });
    CHECK_FALSE(reachable(State::sending, edges).contains(State::sending));
}

TEST_CASE_FIXTURE(Queue, "transitions: every state ends, and an end is one")
{
    const auto edges = edges_of(*this);
    for (const auto state : all_states()) {
        CAPTURE(state);
        const auto later = reachable(state, edges);
        CHECK(later.empty() == has_ended(state));
        if (!has_ended(state))
            CHECK(std::ranges::any_of(later, has_ended));
    }
}

TEST_CASE_FIXTURE(Queue, "transitions: the database refuses every other change, in both classes")
{
    for (const int risk : {0, 2}) {
        for (const auto from : all_states()) {
            for (const auto to : all_states()) {
                if (from == to || may_follow(from, to))
                    continue;
                const auto id = add_in(from, risk);
                CAPTURE(from);
                CAPTURE(to);
                // With all that a change needs: only the table stands against it.
                add_event(database, id, from, to, "", "daemon", start);
                CHECK(daemon_tries(fmt::format(
                          "UPDATE jobs SET state = '{}', finished_at = {}, held_by = {}, "
                          "approved_by = 'x', approved_at = 'x', approval_hash = 'x', "
                          "attempts = attempts + {} WHERE job_id = {}",
                          to_string(to), has_ended(to) ? "'x'" : "NULL",
                          to == State::held ? "'budget'" : "NULL",
                          from == State::queued && to == State::sending ? 1 : 0, id)) != "");
                CHECK(state(id) == from);
            }
        }
    }
}

TEST_CASE_FIXTURE(Queue, "transitions: conditions hold besides the table")
{
    const auto refused = [&](JobId id, State to, Change change = {}) {
        CHECK_THROWS((void)transition(database, id, state(id), to, change, "daemon", start));
    };
    refused(add_in(State::submitted), State::checked);
    refused(add_in(State::awaiting_approval), State::queued);
    refused(add_in(State::queued), State::sending);
    refused(add_in(State::queued), State::succeeded);  // no DELETE
    refused(add_in(State::held), State::succeeded);    // not restored
    refused(add_in(State::held), State::failed);
    for (const auto to :
         {State::accepted, State::succeeded, State::failed, State::in_doubt, State::queued})
        refused(add_in(State::sending), to);  // no verdict
    refused(add_in(State::in_doubt, 1), State::queued);
    refused(add_in(State::in_doubt, 2), State::queued);
    for (const auto to : {State::accepted, State::succeeded, State::failed})
        refused(add_in(State::in_doubt), to);  // still unknown
    move(add_in(State::in_doubt, 0), State::queued);

    const auto executed = add_in(State::sending);
    record_verdict(database, last_attempt(database, executed)->attempt_id, Verdict::executed, {},
                   start);
    refused(executed, State::queued);
    refused(executed, State::in_doubt);
    const auto unknown = add_in(State::sending);
    record_verdict(database, last_attempt(database, unknown)->attempt_id, Verdict::unknown, {},
                   start);
    refused(unknown, State::queued);
    refused(unknown, State::accepted);
}

TEST_CASE_FIXTURE(Queue, "transitions: a dry run never comes near the wire")
{
    for (const auto to : {State::queued, State::held, State::awaiting_approval}) {
        const auto id = add({.kind = "cloud_pc.reboot", .target_id = machine, .dry_run = true});
        Change change;
        if (to == State::held)
            change.held_by = Hold::budget;
        CHECK_THROWS((void)transition(database, id, State::submitted, to, change, "daemon", start));
    }
}

TEST_CASE_FIXTURE(Queue, "transitions: a class 0 job in doubt does not become one that destroys")
{
    const auto id = add_in(State::in_doubt, 0);
    move(id, State::queued);
    fill(database, id, {.risk = 2}, start);
    CHECK(record_intent(database, intent(id, 2), start).refusal == IntentRefusal::sent_before);
    // And should the code forget, the database does not.
    add_event(database, id, State::queued, State::sending, "", "daemon", start);
    CHECK(
        daemon_tries(fmt::format(
            "INSERT INTO job_attempts (job_id, attempt, client_request_id, method, path, acted_as, "
            "boot_id, intent_at) VALUES ({0}, 2, 'c', 'm', 'p', 'a', 'b', 't'); "
            "UPDATE jobs SET state = 'sending', attempts = 2 WHERE job_id = {0}",
            id)) == "there is no such change of state");
}
