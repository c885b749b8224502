#include "sync/jobs/claim.hpp"

#include "sync/core/error.hpp"
#include "sync/jobs/events.hpp"
#include "sync/jobs/listing.hpp"
#include "sync/jobs/queue.hpp"

#include <fmt/format.h>

#include <utility>

namespace cloudpcd::jobs {

namespace {

std::optional<std::string> body_sha256(const Request& request)
{
    if (!request.body)
        return std::nullopt;
    return sha256_hex(request.shown_body());
}

Intent intent_of(JobId job, const Plan& plan, const Facts& facts, const Ruling& ruling,
                 const Sender& sender)
{
    return {
        .job_id = job,
        .client_request_id = sender.client_request_id,
        .method = std::string{schema::to_string(plan.request.method)},
        .path = plan.request.path,
        .body_sha256 = body_sha256(plan.request),
        .acted_as = sender.acted_as,
        .boot_id = sender.boot_id,
        .risk = facts.risk,
        .targets = facts.targets,
        .debit = ruling.debit,
    };
}

/// An earlier request of a job that could be repeated may have been executed, and now that a group
/// would lose its policy it can no longer be.
Ruling no_longer_repeatable()
{
    return {.state = State::rejected,
            .reason =
                "by now the same request would be destructive: look at the policy, and submit it "
                "anew"};
}

}  // namespace

std::optional<Attempt> claim(store::Database& queue, JobId id, const Plan& plan, const Facts& facts,
                             const Circumstances& circumstances, const Sender& sender)
{
    CLOUDPCD_ASSERT(facts.fresh);
    const auto now = circumstances.now;
    return in_transaction(queue, [&]() -> std::optional<Attempt> {
        const auto job = find(queue, id);
        if (!job || job->state != State::queued)
            return std::nullopt;
        const auto ruling = judge(queue, *job, plan, facts, circumstances);
        // Also when it goes: what it touches and its class are as they are now.
        const bool settled = settle(queue, *job, plan, facts, ruling, now);
        CLOUDPCD_ASSERT(settled);
        if (ruling.state != State::queued)
            return std::nullopt;
        auto intended = record_intent(queue, intent_of(id, plan, facts, ruling, sender), now);
        if (intended.attempt)
            return std::move(intended.attempt);
        // All else that it could refuse was judged a moment ago.
        CLOUDPCD_ASSERT(intended.refusal == IntentRefusal::sent_before);
        const bool rejected = settle(queue, *job, plan, facts, no_longer_repeatable(), now);
        CLOUDPCD_ASSERT(rejected);
        return std::nullopt;
    });
}

}  // namespace cloudpcd::jobs
