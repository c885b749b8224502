#include "daemon/ctl/job_json.hpp"

#include "daemon/ctl/text.hpp"
#include "sync/jobs/parameters.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <concepts>
#include <iterator>
#include <string>
#include <utility>

namespace cloudpcd::ctl {

namespace json = boost::json;

namespace {

// With parentheses throughout: braces would make an array of one.
json::value or_null(const std::optional<std::string>& text)
{
    return text ? json::value(*text) : json::value();
}

template <std::integral Number>
json::value or_null(std::optional<Number> number)
{
    return number ? json::value(*number) : json::value();
}

json::value time_or_null(const std::optional<std::string>& time)
{
    return time ? json::value(rfc3339(*time)) : json::value();
}

/// What a row holds as JSON; text that is none as a string.
json::value parsed_or_null(const std::optional<std::string>& text)
{
    if (!text)
        return nullptr;
    boost::system::error_code failure;
    auto value = json::parse(*text, failure);
    return failure ? json::value(*text) : std::move(value);
}

/// Until the daemon has looked at a row that came by SQL, it may hold anything.
bool may_hold_secret(const jobs::Job& job)
{
    if (job.state != jobs::State::submitted || job.origin != "sql" || !job.params)
        return false;
    const auto* action = schema::find_action(job.kind);
    return action == nullptr || jobs::read_parameters(*action, *job.params).may_hold_secret;
}

json::object attempt_json(const jobs::Attempt& attempt)
{
    return {{"attempt_id", attempt.attempt_id},
            {"attempt", attempt.attempt},
            {"client_request_id", attempt.client_request_id},
            {"method", attempt.method},
            {"path", attempt.path},
            {"body_sha256", or_null(attempt.body_sha256)},
            {"acted_as", attempt.acted_as},
            {"intent_at", rfc3339(attempt.intent_at)},
            {"verdict",
             attempt.verdict ? json::value(jobs::to_string(*attempt.verdict)) : json::value()},
            {"verdict_at", time_or_null(attempt.verdict_at)},
            {"http_status", or_null(attempt.http_status)},
            {"error_code", or_null(attempt.error_code)},
            {"error_message", or_null(attempt.error_message)},
            {"graph_request_id", or_null(attempt.graph_request_id)},
            {"evidence", or_null(attempt.evidence)}};
}

json::object event_json(const jobs::Event& event)
{
    return {{"at", rfc3339(event.at)},
            {"from_state", event.from ? json::value(jobs::to_string(*event.from)) : json::value()},
            {"to_state", jobs::to_string(event.to)},
            {"reason", or_null(event.reason)},
            {"actor", event.actor}};
}

/// A catalog text, or null when the entry has none.
json::value text_or_null(std::string_view text)
{
    return text.empty() ? json::value() : json::value(text);
}

json::object kind_head(const schema::Action& action)
{
    json::array permissions;
    for (const auto permission : action.permissions)
        permissions.emplace_back(permission);
    return {{"kind", action.kind},
            {"title", action.title},
            {"description", action.description},
            {"target", text_or_null(action.target)},
            {"listed_by", text_or_null(action.listed_by)},
            {"risk", or_null(schema::risk_class(action.risk))},
            {"may_destroy", schema::may_destroy(action.risk)},
            {"delegated", action.identity.value == schema::Identity::delegated},
            {"permissions", std::move(permissions)}};
}

json::object parameter_json(const schema::Parameter& parameter)
{
    return {{"name", parameter.name},
            {"required", parameter.required},
            {"accepted", jobs::accepted_values(parameter)},
            {"description", parameter.description}};
}

}  // namespace

json::object summary_json(const jobs::Job& job)
{
    return {{"job_id", job.job_id},
            {"request_id", job.request_id},
            {"kind", job.kind},
            {"target_id", or_null(job.target_id)},
            {"target_name", or_null(job.target_name)},
            {"state", jobs::to_string(job.state)},
            {"state_reason", or_null(job.state_reason)},
            {"held_by", job.held_by ? json::value(jobs::to_string(*job.held_by)) : json::value()},
            {"due_at", time_or_null(job.due_at)},
            {"reason", or_null(job.reason)},
            {"requested_by", or_null(job.requested_by)},
            {"actor_verified", job.actor_verified},
            {"origin", job.origin},
            {"batch_id", or_null(job.batch_id)},
            {"priority", job.priority},
            {"not_before", time_or_null(job.not_before)},
            {"expires_at", time_or_null(job.expires_at)},
            {"dry_run", job.dry_run},
            {"allow_duplicate", job.allow_duplicate},
            {"risk", or_null(job.risk)},
            {"touches", or_null(job.touches)},
            {"approved_by", or_null(job.approved_by)},
            {"approved_at", time_or_null(job.approved_at)},
            {"http_status", or_null(job.http_status)},
            {"error_code", or_null(job.error_code)},
            {"error_message", or_null(job.error_message)},
            {"graph_request_id", or_null(job.graph_request_id)},
            {"attempts", job.attempts},
            {"created_at", rfc3339(job.created_at)},
            {"updated_at", time_or_null(job.updated_at)},
            {"finished_at", time_or_null(job.finished_at)},
            {"content_hash", jobs::content_hash(job)}};
}

json::object job_json(const jobs::Job& job)
{
    auto object = summary_json(job);
    object["params"] = may_hold_secret(job) ? json::value() : parsed_or_null(job.params);
    object["expect"] = parsed_or_null(job.expect);
    object["result"] = parsed_or_null(job.result);
    return object;
}

json::object detail_json(const jobs::Detail& detail)
{
    auto object = job_json(detail.job);
    json::array attempts;
    json::array events;
    json::array targets;
    std::ranges::transform(detail.attempts, std::back_inserter(attempts), attempt_json);
    std::ranges::transform(detail.events, std::back_inserter(events), event_json);
    for (const auto& target : detail.targets)
        targets.push_back(json::object{{"resource", target.resource}, {"target_id", target.id}});
    object["job_attempts"] = std::move(attempts);
    object["job_events"] = std::move(events);
    object["job_targets"] = std::move(targets);
    return object;
}

json::object list_json(const std::vector<jobs::Job>& jobs, int max)
{
    json::array all;
    std::ranges::transform(jobs, std::back_inserter(all), summary_json);
    const bool full = std::cmp_equal(jobs.size(), max);
    return {{"jobs", std::move(all)},
            {"next", full && max > 0 ? json::value(jobs.back().job_id) : json::value()}};
}

json::object kinds_json()
{
    json::array kinds;
    std::ranges::transform(schema::actions(), std::back_inserter(kinds), kind_head);
    return {{"kinds", std::move(kinds)}};
}

json::object kind_json(const schema::Action& action)
{
    auto object = kind_head(action);
    json::array parameters;
    std::ranges::transform(action.parameters, std::back_inserter(parameters), parameter_json);
    object["parameters"] = std::move(parameters);
    object["documentation"] = action.documentation;
    return object;
}

}  // namespace cloudpcd::ctl
