// What pieces of evidence prove.

#include "sync/jobs/evidence.hpp"
#include "tests/unit/jobs/fixture.hpp"
#include "tests/unit/jobs/kinds.hpp"

#include <fmt/format.h>

#include <array>

using namespace cloudpcd;
using namespace cloudpcd::jobs;
using namespace cloudpcd::jobs::test;
using namespace std::chrono_literals;
using Kind = Piece::Kind;
using Outcome = Proof::Outcome;

namespace cloudpcd::jobs {

doctest::String toString(Proof::Outcome outcome)
{
    constexpr std::array names{"none", "ambiguous", "executed", "ended", "refused"};
    return names.at(static_cast<std::size_t>(outcome));
}

}  // namespace cloudpcd::jobs

namespace {

Piece piece(Kind kind, std::string key)
{
    return {.kind = kind, .key = key, .what = key};
}

Piece dated(Kind kind, std::string key, Duration after)
{
    auto of = piece(kind, std::move(key));
    of.at = start + after;
    return of;
}

Piece refusal(Kind kind, std::string key)
{
    auto of = piece(kind, std::move(key));
    of.refused = true;
    return of;
}

Piece event(std::string key, std::string correlation)
{
    auto of = piece(Kind::audit_event, std::move(key));
    of.correlation_id = std::move(correlation);
    return of;
}

struct Scales : Queue {
    /// A job in doubt and its attempt.
    Attempt in_doubt(std::string kind = "cloud_pc.reboot", std::string path = "/reboot",
                     std::optional<std::string> params = {})
    {
        return sent_job(std::move(kind), std::move(path), std::move(params), Verdict::unknown,
                        State::in_doubt, start);
    }
    Attempt sent_job(std::string kind, std::string path, std::optional<std::string> params,
                     Verdict verdict, State state, UtcTime at)
    {
        const bool creation = params.has_value();
        const auto id = add({.kind = std::move(kind),
                             .target_id = creation ? std::nullopt : std::optional{machine},
                             .params = std::move(params)});
        fill(database, id, {.risk = 1, .touches = 1}, start);
        move(id, State::queued);
        auto of = intent(id, 1);
        of.path = std::move(path);
        const auto attempt = send(of, at);
        record_verdict(database, attempt.attempt_id, verdict, {}, at);
        move(id, state);
        return *last_attempt(database, id);
    }
    void explain(const Attempt& attempt, std::string evidence)
    {
        record_verdict(database, attempt.attempt_id, Verdict::executed,
                       {.evidence = std::move(evidence)}, start);
    }

    Proof weigh_for(const Attempt& attempt, std::vector<Piece> pieces)
    {
        return weigh(database, attempt, {.pieces = std::move(pieces)});
    }
    Outcome outcome(const Attempt& attempt, std::vector<Piece> pieces)
    {
        return weigh_for(attempt, std::move(pieces)).outcome;
    }
};

}  // namespace

TEST_CASE("weigh: silence proves nothing")
{
    Scales scales;
    CHECK(scales.outcome(scales.in_doubt(), {}) == Outcome::none);
}

TEST_CASE("weigh: one candidate of each kind is one execution")
{
    Scales scales;
    const auto attempt = scales.in_doubt();
    for (const auto kind :
         {Kind::audit_event, Kind::remote_action, Kind::status, Kind::bulk_action, Kind::created}) {
        const auto proof = scales.weigh_for(attempt, {piece(kind, "k")});
        CHECK(proof.outcome == Outcome::executed);
        CHECK(proof.evidence == "k");
    }
    const auto proof =
        scales.weigh_for(attempt, {piece(Kind::status, "s"), dated(Kind::audit_event, "a", 3s),
                                   dated(Kind::remote_action, "r", 5s)});
    CHECK(proof.outcome == Outcome::executed);
    CHECK(proof.evidence == "r");
}

TEST_CASE("weigh: two candidates of one kind decide nothing")
{
    Scales scales;
    const auto attempt = scales.in_doubt();
    for (const auto kind :
         {Kind::audit_event, Kind::remote_action, Kind::bulk_action, Kind::created}) {
        const auto proof = scales.weigh_for(
            attempt, {piece(kind, "one"), piece(Kind::status, "s"), piece(kind, "two")});
        CHECK(proof.outcome == Outcome::ambiguous);
        CHECK(contains(proof.why, "one"));
        CHECK(contains(proof.why, "two"));
    }
    // Several events of one request are one candidate, the same piece twice is one as well.
    CHECK(scales.outcome(attempt, {event("one", "c"), event("two", "c")}) == Outcome::executed);
    CHECK(scales.outcome(attempt, {event("one", "c"), event("two", "d")}) == Outcome::ambiguous);
    CHECK(scales.outcome(attempt, {piece(Kind::created, "k"), piece(Kind::created, "k")}) ==
          Outcome::executed);
}

TEST_CASE("weigh: pieces too far apart are not of one execution")
{
    Scales scales;
    const auto attempt = scales.in_doubt();
    CHECK(scales.outcome(attempt, {dated(Kind::audit_event, "a", 0s),
                                   dated(Kind::remote_action, "r", 4min)}) == Outcome::executed);
    CHECK(scales.outcome(attempt, {dated(Kind::audit_event, "a", 0s),
                                   dated(Kind::remote_action, "r", 6min)}) == Outcome::ambiguous);
}

TEST_CASE("weigh: the own id decides alone")
{
    Scales scales;
    const auto attempt = scales.in_doubt();
    const auto proof =
        scales.weigh_for(attempt, {piece(Kind::remote_action, "r1"),
                                   piece(Kind::remote_action, "r2"), piece(Kind::own_id, "own")});
    CHECK(proof.outcome == Outcome::executed);
    CHECK(proof.evidence == "own");
    CHECK(scales.outcome(attempt, {refusal(Kind::own_id, "own"),
                                   piece(Kind::remote_action, "r")}) == Outcome::refused);
    CHECK(scales.outcome(attempt, {refusal(Kind::audit_event, "a"), piece(Kind::own_id, "own")}) ==
          Outcome::executed);
}

TEST_CASE("weigh: what was made is told with the own id, when there is one such object")
{
    Scales scales;
    const auto attempt = scales.in_doubt();
    auto made = piece(Kind::created, "created:x");
    made.result = {{"id", "x"}};
    auto proof = scales.weigh_for(attempt, {made, piece(Kind::own_id, "own")});
    CHECK(proof.result.at("id") == "x");
    CHECK(proof.evidence == "own");
    proof = scales.weigh_for(attempt,
                             {made, piece(Kind::created, "created:y"), piece(Kind::own_id, "own")});
    CHECK(proof.outcome == Outcome::executed);
    CHECK(proof.result.empty());
}

TEST_CASE("weigh: a target that is gone has come to its end")
{
    Scales scales;
    const auto attempt = scales.in_doubt();
    CHECK(scales.outcome(attempt, {piece(Kind::gone, "g")}) == Outcome::ended);
    const auto proof =
        scales.weigh_for(attempt, {piece(Kind::gone, "g"), piece(Kind::own_id, "own")});
    CHECK(proof.outcome == Outcome::ended);
    CHECK(proof.evidence == "own");
}

TEST_CASE("weigh: a refusal counts when nothing speaks against it")
{
    Scales scales;
    const auto attempt = scales.in_doubt();
    CHECK(scales.outcome(attempt, {refusal(Kind::audit_event, "a")}) == Outcome::refused);
    CHECK(scales.outcome(attempt, {refusal(Kind::audit_event, "a"),
                                   piece(Kind::remote_action, "r")}) == Outcome::ambiguous);
}

TEST_CASE("weigh: a piece explains one attempt only, ended ones included")
{
    Scales scales;
    const auto other = scales.sent_job("cloud_pc.reboot", "/other", {}, Verdict::executed,
                                       State::succeeded, start);
    scales.explain(other, "r1");
    const auto attempt = scales.in_doubt();
    auto proof = scales.weigh_for(attempt, {piece(Kind::remote_action, "r1")});
    CHECK(proof.outcome == Outcome::none);
    CHECK(contains(proof.why, fmt::format("job {}", other.job_id)));
    // What is left decides.
    proof = scales.weigh_for(attempt,
                             {piece(Kind::remote_action, "r1"), piece(Kind::remote_action, "r2")});
    CHECK(proof.outcome == Outcome::executed);
    CHECK(proof.evidence == "r2");
    // Its own evidence is no obstacle.
    scales.explain(attempt, "r3");
    CHECK(scales.outcome(attempt, {piece(Kind::remote_action, "r3")}) == Outcome::executed);
}

TEST_CASE("weigh: an event with the id of another request is that one's")
{
    Scales scales;
    const auto other = scales.sent_job("cloud_pc.reboot", "/other", {}, Verdict::executed,
                                       State::succeeded, start);
    const auto attempt = scales.in_doubt();
    CHECK(scales.outcome(attempt, {event("a", other.client_request_id)}) == Outcome::none);
    CHECK(scales.outcome(attempt, {event("a", attempt.client_request_id)}) == Outcome::executed);
}

TEST_CASE("weigh: what an earlier request for the same may have caused is not ours")
{
    Scales scales;
    const auto other = scales.sent_job("cloud_pc.reboot", "/reboot", {}, Verdict::executed,
                                       State::succeeded, start);
    const auto attempt = scales.in_doubt();
    CHECK(scales.outcome(attempt, {dated(Kind::audit_event, "a", 10min)}) == Outcome::none);
    CHECK(scales.outcome(attempt, {dated(Kind::remote_action, "remote_action:r", 10min)}) ==
          Outcome::none);
    CHECK(scales.outcome(attempt, {dated(Kind::audit_event, "a", 30min)}) == Outcome::executed);
    // Once it is known what it caused, another remote action is not of it; which of two events is
    // its one stays unknown.
    scales.explain(other, "remote_action:of the other");
    CHECK(scales.outcome(attempt, {dated(Kind::remote_action, "remote_action:r", 10min)}) ==
          Outcome::executed);
    CHECK(scales.outcome(attempt, {dated(Kind::audit_event, "a", 10min)}) == Outcome::none);
}

TEST_CASE("weigh: a request that was not executed caused nothing")
{
    Scales scales;
    scales.sent_job("cloud_pc.reboot", "/reboot", {}, Verdict::not_executed, State::failed, start);
    const auto attempt = scales.in_doubt();
    CHECK(scales.outcome(attempt, {dated(Kind::audit_event, "a", 1s)}) == Outcome::executed);
}

TEST_CASE("weigh: two jobs in doubt that claim one object are both for a person")
{
    Scales scales;
    constexpr auto params = R"({"displayName":"Sales","localAdminEnabled":false})";
    const auto one = scales.in_doubt("user_setting.create", "/userSettings", params);
    CHECK(scales.outcome(one, {piece(Kind::created, "created:x")}) == Outcome::executed);
    const auto two = scales.in_doubt("user_setting.create", "/userSettings", params);
    CHECK(scales.outcome(one, {piece(Kind::created, "created:x")}) == Outcome::ambiguous);
    CHECK(scales.outcome(two, {piece(Kind::created, "created:x")}) == Outcome::ambiguous);
    CHECK(scales.outcome(two, {piece(Kind::created, "created:x"), event("a", "c")}) ==
          Outcome::ambiguous);
    // Each knows its own id.
    CHECK(scales.outcome(two, {piece(Kind::created, "created:x"), piece(Kind::own_id, "own")}) ==
          Outcome::executed);
}

TEST_CASE("weigh: creations of other names, or that have ended, claim nothing")
{
    Scales scales;
    scales.in_doubt("user_setting.create", "/userSettings",
                    R"({"displayName":"Other","localAdminEnabled":false})");
    constexpr auto params = R"({"displayName":"Sales","localAdminEnabled":false})";
    scales.sent_job("user_setting.create", "/userSettings", params, Verdict::not_executed,
                    State::failed, start);
    const auto attempt = scales.in_doubt("user_setting.create", "/userSettings", params);
    CHECK(scales.outcome(attempt, {piece(Kind::created, "created:x")}) == Outcome::executed);
}

TEST_CASE("weigh: what a creation made that was carried out unseen may be any object of its name")
{
    Scales scales;
    constexpr auto params = R"({"displayName":"Sales","localAdminEnabled":false})";
    scales.sent_job("user_setting.create", "/userSettings", params, Verdict::executed,
                    State::succeeded, start);
    const auto lost = scales.in_doubt("user_setting.create", "/userSettings", params);
    CHECK(scales.outcome(lost, {piece(Kind::created, "created:x")}) == Outcome::ambiguous);

    Scales known;
    const auto other = known.sent_job("user_setting.create", "/userSettings", params,
                                      Verdict::executed, State::succeeded, start);
    known.explain(other, "created:y");
    const auto mine = known.in_doubt("user_setting.create", "/userSettings", params);
    CHECK(known.outcome(mine, {piece(Kind::created, "created:x")}) == Outcome::executed);
    CHECK(known.outcome(mine, {piece(Kind::created, "created:y")}) == Outcome::none);
}
