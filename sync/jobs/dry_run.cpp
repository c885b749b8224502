// What a job would do, without doing it.

#include "sync/jobs/events.hpp"
#include "sync/jobs/intake.hpp"
#include "sync/jobs/listing.hpp"
#include "sync/jobs/queue.hpp"
#include "sync/jobs/scope.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <utility>

namespace cloudpcd::jobs {

namespace bj = boost::json;

namespace {

bj::object request_of(const Request& request, const std::string& endpoint)
{
    bj::object shown;
    shown["method"] = schema::to_string(request.method);
    shown["url"] = endpoint + request.path;
    shown["body"] = request.body ? bj::value(*request.body) : bj::value(nullptr);
    return shown;
}

std::string result_of(const Plan& plan, const Facts& facts, const Ruling& ruling,
                      const std::string& endpoint)
{
    bj::array guards;
    for (const auto& guard : ruling.guards) {
        bj::object shown;
        shown["name"] = guard.name;
        shown["passes"] = guard.passes;
        shown["why"] = guard.why;
        guards.push_back(std::move(shown));
    }
    bj::object result;
    result["request"] = request_of(plan.request, endpoint);
    result["guards"] = std::move(guards);
    result["touches"] = facts.touches;
    result["earliest"] =
        ruling.earliest ? bj::value(format_rfc3339(*ruling.earliest)) : bj::value(nullptr);
    return bj::serialize(result);
}

std::string reason_of(const Ruling& ruling)
{
    if (ruling.state == State::queued)
        return "it would be sent";
    const auto where = to_string(ruling.state);
    if (!ruling.held_by)
        return fmt::format("it would be {}: {}", where, ruling.reason);
    return fmt::format("it would be {} ({}): {}", where, to_string(*ruling.held_by), ruling.reason);
}

}  // namespace

void check_dry_run(store::Database& queue, JobId id, const Plan& plan, const Facts& facts,
                   const Circumstances& circumstances)
{
    in_transaction(queue, [&] {
        const auto job = find(queue, id);
        if (!job || job->state != State::submitted || !job->dry_run)
            return;
        const auto now = circumstances.now;
        const auto ruling = judge(queue, *job, plan, facts, circumstances);
        const bool expired = ruling.state == State::expired;
        fill(queue, id,
             {.target_name =
                  facts.target_name.empty() ? std::nullopt : std::optional{facts.target_name},
              .risk = facts.risk,
              .touches = facts.touches,
              .duplicate_key = duplicate_key(*plan.action, plan.params)},
             now);
        set_targets(queue, id, facts.targets, /*open=*/false);
        Change change{.reason = expired ? ruling.reason : reason_of(ruling)};
        if (!expired)
            change.result = result_of(plan, facts, ruling, circumstances.graph_endpoint);
        const bool moved =
            transition(queue, id, State::submitted, expired ? State::expired : State::checked,
                       change, daemon_actor, now);
        CLOUDPCD_ASSERT(moved);
    });
}

}  // namespace cloudpcd::jobs
