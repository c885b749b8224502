#include "sync/jobs/carrier.hpp"

#include "sync/core/log.hpp"
#include "sync/jobs/claim.hpp"
#include "sync/jobs/conclude.hpp"
#include "sync/jobs/listing.hpp"
#include "sync/jobs/queue.hpp"
#include "sync/jobs/scope.hpp"

#include <SQLiteCpp/Exception.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <utility>
#include <variant>

namespace cloudpcd::jobs {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

/// Reads of single objects; what takes longer would be too old for a claim.
constexpr Duration read_max = facts_age_max;
/// Reads that need a whole list: a large tenant's takes minutes within the quota.
constexpr Duration list_read_max = 15min;
constexpr Duration unreadable_wait = 30s;
constexpr Duration record_again = 1s;
/// A pause that Graph asks for is worth a word from here on.
constexpr Duration pause_shown = 30s;
constexpr Duration record_again_stopping = 100ms;

bool reads_a_list(const Plan& plan)
{
    switch (plan.action->touches.value) {
        case schema::Touches::nothing:
        case schema::Touches::target:
        case schema::Touches::listed:
            return false;
        case schema::Touches::policy:
        case schema::Touches::bulk_action:
            break;
    }
    return true;
}

asio::awaitable<Result<Facts>> read_all(Estate& estate, Clock& clock, const Plan& plan,
                                        const Job& job)
{
    co_return co_await read_facts(estate, clock, plan, job);
}

void wipe(std::string& secret)
{
    OPENSSL_cleanse(secret.data(), secret.size());
    secret.clear();
}

void log_state(const Job& job, const Attempt& attempt, State state)
{
    log::info("job", {{"job_id", job.job_id},
                      {"kind", job.kind},
                      {"attempt", attempt.attempt},
                      {"client_request_id", attempt.client_request_id},
                      {"state", to_string(state)}});
}

}  // namespace

/// A place in the order of claims, given up with this.
class Carrier::InTurn {
public:
    InTurn(Carrier& carrier, const Job& job)
        : x_carrier{carrier}, x_turn{job.priority, job.not_before.value_or(""), job.job_id}
    {
        x_carrier.x_turns.insert(x_turn);
    }
    ~InTurn()
    {
        x_carrier.x_turns.erase(x_turn);
        x_carrier.x_turn_left.cancel();
    }
    InTurn(const InTurn&) = delete;
    InTurn& operator=(const InTurn&) = delete;

    const Turn& turn() const noexcept { return x_turn; }

private:
    Carrier& x_carrier;
    Turn x_turn;
};

Carrier::Carrier(Running& running, std::function<void()> ended)
    : x_running{running},
      x_ended{std::move(ended)},
      x_turn_left{running.parts().executor, asio::steady_timer::time_point::max()}
{}

asio::awaitable<std::optional<Carrier::Departure>> Carrier::prepare(Job job)
{
    auto& parts = x_running.parts();
    auto planned = make_plan(job, x_running.known_credential());
    if (auto* problem = std::get_if<Unplannable>(&planned)) {
        // It could be planned when it was taken in; the configuration has changed since.
        const Change change{.reason = problem->why, .erase_params = problem->erase_params};
        co_await parts.queue.run([&, now = parts.clock.utc_now()](store::Database& queue) {
            return transition(queue, job.job_id, State::queued, State::rejected, change,
                              daemon_actor, now);
        });
        x_ended();
        co_return std::nullopt;
    }
    auto plan = std::get<Plan>(std::move(planned));
    if (!co_await may_go(job, plan)) {
        x_ended();
        co_return std::nullopt;
    }
    if (co_await wait_for_pause(job))
        co_return std::nullopt;
    auto token = co_await token_for(job, plan);
    if (!token)
        co_return std::nullopt;
    std::optional<InTurn> in_turn;
    if (schema::may_destroy(plan.action->risk) && !reads_a_list(plan))
        in_turn.emplace(*this, job);
    co_await learn_graph_time();
    co_await parts.throttle.acquire(graph::QuotaClass::other, graph::Priority::interactive);
    auto facts = co_await read(plan, job);
    if (in_turn) {
        co_await wait_for_turn(in_turn->turn());
        if (parts.clock.steady_now() - facts.read_at > facts_age_max)
            facts = co_await read(plan, job);
    }
    Departure departure{
        .plan = std::move(plan), .attempt = {}, .token = *std::move(token), .body = {}};
    auto body = wire_body(*departure.plan.action, departure.plan.request,
                          [&](std::string_view name) -> Result<std::string> {
                              auto value = x_running.credential(name);
                              if (value)
                                  departure.secrets.push_back(*value);
                              return value;
                          });
    if (!body) {
        co_await hold(job, Hold::unreadable, body.error().describe(), unreadable_wait);
        co_return std::nullopt;
    }
    departure.body = *std::move(body);
    auto attempt = co_await claim_and_anchor(job, departure.plan, facts);
    if (!attempt) {
        x_ended();
        co_return std::nullopt;
    }
    departure.attempt = *std::move(attempt);
    co_return departure;
}

/// Nothing goes before its time by Graph's clock, too. Until something was read that is not known,
/// and a creation has nothing to read; this is the smallest answer there is.
asio::awaitable<void> Carrier::learn_graph_time()
{
    auto& parts = x_running.parts();
    if (!parts.clock_skew())
        co_await parts.estate.objects("organization_settings", std::nullopt,
                                      [](const auto&) { return std::nullopt; });
}

/// What the mirror and the queue say already costs Graph nothing.
asio::awaitable<bool> Carrier::may_go(Job job, const Plan& plan)
{
    auto& parts = x_running.parts();
    const auto known = x_running.outside();
    co_return co_await parts.queue.run([&](store::Database& queue) {
        const auto circumstances = x_running.complete(known);
        const auto facts = mirrored_facts(parts.mirror.database(), plan, job);
        return queue.transaction([&] {
            const auto now_there = find(queue, job.job_id);
            if (!now_there || now_there->state != State::queued)
                return false;
            const auto ruling = judge(queue, *now_there, plan, facts, circumstances);
            if (ruling.state == State::queued)
                return true;
            settle(queue, *now_there, plan, facts, ruling, known.now);
            return false;
        });
    });
}

/// Has the job come again after a long pause that Graph asked for, rather than wait it out unseen.
asio::awaitable<bool> Carrier::wait_for_pause(const Job& job)
{
    auto& parts = x_running.parts();
    const auto left = parts.throttle.pause_left(graph::QuotaClass::other);
    if (left < pause_shown)
        co_return false;
    const auto now = parts.clock.utc_now();
    const Change change{.reason = "Graph asked for a pause in all requests of this sort",
                        .due_at = now + left};
    co_await parts.queue.run([&](store::Database& queue) {
        return transition(queue, job.job_id, State::queued, State::queued, change, daemon_actor,
                          now);
    });
    co_return true;
}

asio::awaitable<std::optional<graph::AccessToken>> Carrier::token_for(const Job& job,
                                                                      const Plan& plan)
{
    const bool by_user = plan.request.identity == schema::Identity::delegated;
    auto& credentials = credentials_for(plan);
    auto token = co_await credentials.access_token();
    if (const auto refused = x_refused_tokens.find(job.job_id);
        token && refused != x_refused_tokens.end() && refused->second.is(*token)) {
        credentials.refused(*token, refused->second.claims);
        token = co_await credentials.access_token();
        if (token && refused->second.is(*token))
            token = Error{.code = Errc::unauthorized,
                          .message =
                              "Graph refused the one there is, and a new one is asked for "
                              "once a minute"};
    }
    if (token) {
        x_refused_tokens.erase(job.job_id);
        co_return *std::move(token);
    }
    co_await hold(job, by_user ? Hold::login : Hold::unreadable,
                  fmt::format("there is no access token: {}", token.error().describe()),
                  unreadable_wait);
    co_return std::nullopt;
}

graph::Credentials& Carrier::credentials_for(const Plan& plan)
{
    auto& parts = x_running.parts();
    if (plan.request.identity == schema::Identity::delegated)
        return parts.user;
    return parts.application;
}

/// The job is sent once more, with another token: this one has had its answer.
void Carrier::note_refused(JobId job, const Plan& plan, const graph::AccessToken& token,
                           const graph::WriteOutcome& outcome)
{
    auto& credentials = credentials_for(plan);
    const auto claims = outcome.error ? outcome.error->challenge_claims : std::string{};
    credentials.refused(token, claims);
    // Those that wait for no token any more: whoever has ended meanwhile does not come back.
    std::erase_if(x_refused_tokens, [&](const auto& entry) {
        return entry.second.of == &credentials && entry.second.serial < token.serial;
    });
    x_refused_tokens[job] = {.of = &credentials, .serial = token.serial, .claims = claims};
}

asio::awaitable<void> Carrier::hold(const Job& job, Hold by, std::string why, Duration wait)
{
    auto& parts = x_running.parts();
    const auto now = parts.clock.utc_now();
    const Change change{.reason = std::move(why), .held_by = by, .due_at = now + wait};
    co_await parts.queue.run([&](store::Database& queue) {
        return transition(queue, job.job_id, State::queued, State::held, change, daemon_actor, now);
    });
}

asio::awaitable<Facts> Carrier::read(const Plan& plan, const Job& job)
{
    auto& parts = x_running.parts();
    const bool list =
        reads_a_list(plan) || listed_ids(*plan.action, plan.params).size() > facts_gets_max;
    auto facts = co_await with_deadline(parts.clock, read_all(parts.estate, parts.clock, plan, job),
                                        list ? list_read_max : read_max);
    if (facts)
        co_return *std::move(facts);
    Facts none = co_await parts.queue.run(
        [&](store::Database&) { return mirrored_facts(parts.mirror.database(), plan, job); });
    none.fresh = true;  // what could be had of them: nothing
    none.read_at = parts.clock.steady_now();
    none.incomplete = "Graph did not answer in time";
    co_return none;
}

asio::awaitable<void> Carrier::wait_for_turn(const Turn& turn)
{
    const auto asked = co_await asio::this_coro::cancellation_state;
    while (*x_turns.begin() != turn) {
        co_await x_turn_left.async_wait(asio::as_tuple(asio::use_awaitable));
        if (asked.cancelled() != asio::cancellation_type::none)
            throw boost::system::system_error{asio::error::operation_aborted};
    }
}

/// The intent, and the anchor that remembers it outside the queue. What the anchor cannot remember,
/// and what is frozen meanwhile, is taken back before its first byte.
asio::awaitable<std::optional<Attempt>> Carrier::claim_and_anchor(const Job& job, const Plan& plan,
                                                                  const Facts& facts)
{
    auto& parts = x_running.parts();
    const auto known = x_running.outside();
    const bool by_user = plan.request.identity == schema::Identity::delegated;
    const Sender sender{.client_request_id = parts.rng.uuid(),
                        .acted_as = by_user ? known.user.value_or("user") : "application",
                        .boot_id = x_running.options().boot_id};
    graph::WriteOutcome not_sent{.verdict = graph::Verdict::not_sent};
    auto attempt = co_await parts.queue.run([&](store::Database& queue) {
        auto claimed = claim(queue, job.job_id, plan, facts, x_running.complete(known), sender);
        if (!claimed)
            return claimed;
        try {
            parts.anchor.write(queue);
            if (x_running.freeze().is_on())
                not_sent.error = Error{.message = "writes were frozen before it left"};
        } catch (const store::StoreError& problem) {
            log::error("the anchor of the queue cannot be written, nothing is sent",
                       {{"job_id", job.job_id}, {"error", problem.what()}});
            not_sent.error = Error{.message = problem.what()};
            x_anchor_failed = true;
        }
        return claimed;
    });
    if (!attempt || !not_sent.error)
        co_return attempt;
    // The disk that has no room for the anchor may have none for this either.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await record(plan, *attempt, not_sent);
    co_return std::nullopt;
}

asio::awaitable<bool> Carrier::anchor_works()
{
    auto& parts = x_running.parts();
    if (x_anchor_failed)
        x_anchor_failed = co_await parts.queue.run([&](store::Database& queue) {
            try {
                parts.anchor.write(queue);
                return false;
            } catch (const store::StoreError&) {
                return true;  // it was said when it began
            }
        });
    co_return !x_anchor_failed;
}

void Carrier::write_anchor(store::Database& queue)
{
    try {
        x_running.parts().anchor.write(queue);
    } catch (const store::StoreError& problem) {
        log::error("the anchor of the queue cannot be written, nothing is sent",
                   {{"error", problem.what()}});
        x_anchor_failed = true;
    }
}

asio::awaitable<void> Carrier::send(Departure departure)
{
    auto& parts = x_running.parts();
    const auto& request = departure.plan.request;
    const auto& permissions = departure.plan.action->permissions;
    graph::WriteRequest write{
        .method = std::string{schema::to_string(request.method)},
        .url = {.origin = x_running.options().origin, .target = request.path},
        .body = std::exchange(departure.body, {}),
        .context = fmt::format("job {}, {}", departure.attempt.job_id, departure.plan.action->kind),
        .client_request_id = departure.attempt.client_request_id,
        .permissions = {permissions.begin(), permissions.end()},
        .secrets = departure.secrets};
    graph::WriteOutcome outcome{.error =
                                    Error{.message = "the daemon stopped before the answer came"}};
    try {
        outcome = co_await parts.writer.send(departure.token, std::move(write));
    } catch (const boost::system::system_error& ended) {
        if (ended.code() != asio::error::operation_aborted)
            throw;
    }
    // What is known now has to be written down, whoever wants an end.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    for (auto& secret : departure.secrets)
        wipe(secret);
    if (outcome.verdict == graph::Verdict::token_refused)
        note_refused(departure.attempt.job_id, departure.plan, departure.token, outcome);
    co_await record(departure.plan, departure.attempt, outcome);
    x_ended();
}

void Carrier::stop()
{
    x_stopped_at = x_running.parts().clock.steady_now();
}

asio::awaitable<void> Carrier::record(const Plan& plan, const Attempt& attempt,
                                      const graph::WriteOutcome& outcome)
{
    auto& parts = x_running.parts();
    const auto began = parts.clock.steady_now();
    bool complained = false;
    while (true) {
        try {
            co_await parts.queue.run([&](store::Database& queue) {
                const auto job = queue.transaction([&] {
                    const auto now = parts.clock.utc_now();
                    conclude_attempt(queue, plan, attempt, outcome, parts.rng, now);
                    auto there = find(queue, attempt.job_id);
                    CLOUDPCD_ASSERT(there.has_value());
                    if (repeat_if_repeatable(queue, *there, parts.rng, now))
                        there->state = State::queued;
                    return *std::move(there);
                });
                log_state(job, attempt, job.state);
            });
            co_return;
        } catch (const SQLite::Exception& failure) {
            const auto why = passing_trouble(failure);
            if (!why)
                throw;
            if (!std::exchange(complained, x_stopped_at.has_value()))
                log::error("a verdict cannot be recorded yet",
                           {{"job_id", attempt.job_id}, {"why", *why}});
            // Given up, the next start takes it for in doubt.
            if (x_stopped_at &&
                parts.clock.steady_now() >= std::max(began, *x_stopped_at) + record_grace)
                co_return;
        }
        co_await parts.clock.sleep_for(x_stopped_at ? record_again_stopping : record_again);
    }
}

}  // namespace cloudpcd::jobs
