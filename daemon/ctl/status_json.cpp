// A status that came over the control socket, back from its JSON.

#include "daemon/ctl/failure.hpp"
#include "daemon/ctl/status.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace cloudpcd::ctl {

namespace json = boost::json;

namespace {

std::optional<std::string> text_of(const json::object& object, std::string_view name)
{
    const auto* member = object.if_contains(name);
    if (member == nullptr || !member->is_string())
        return std::nullopt;
    return std::string{member->get_string()};
}

std::optional<std::int64_t> number_of(const json::object& object, std::string_view name)
{
    const auto* member = object.if_contains(name);
    if (member == nullptr || !member->is_int64())
        return std::nullopt;
    return member->get_int64();
}

const json::object* object_of(const json::object& object, std::string_view name)
{
    const auto* member = object.if_contains(name);
    return member == nullptr ? nullptr : member->if_object();
}

ResourceStatus resource_of(const json::object& object)
{
    return {.resource = text_of(object, "resource").value_or(""),
            .rows = number_of(object, "rows").value_or(0),
            .last_complete_at = text_of(object, "last_complete_at"),
            .age_seconds = number_of(object, "age_seconds"),
            .interval_seconds = number_of(object, "interval_seconds").value_or(0),
            .consecutive_failures = number_of(object, "consecutive_failures").value_or(0),
            .last_error = text_of(object, "last_error"),
            .degraded_reason = text_of(object, "degraded_reason"),
            .last_outcome = text_of(object, "last_outcome")};
}

std::optional<DaemonStatus> daemon_of(const json::object* object)
{
    if (object == nullptr)
        return std::nullopt;
    return DaemonStatus{.pid = number_of(*object, "pid").value_or(0),
                        .version = text_of(*object, "version").value_or(""),
                        .commit = text_of(*object, "commit").value_or(""),
                        .started_at = text_of(*object, "started_at").value_or(""),
                        .uptime_seconds = number_of(*object, "uptime_seconds").value_or(0),
                        .user = text_of(*object, "user"),
                        .user_error = text_of(*object, "user_error")};
}

bool flag_of(const json::object& object, std::string_view name)
{
    const auto* member = object.if_contains(name);
    return member != nullptr && member->is_bool() && member->get_bool();
}

/// Nothing of a daemon that does not tell.
std::optional<QueueStatus> queue_of(const json::object& jobs)
{
    const auto* states = object_of(jobs, "states");
    if (states == nullptr)
        return std::nullopt;
    QueueStatus queue{.frozen = flag_of(jobs, "frozen"),
                      .freeze_reason = text_of(jobs, "freeze_reason").value_or(""),
                      .restored = number_of(jobs, "held_restored").value_or(0)};
    for (const auto& [name, count] : *states) {
        const auto state = jobs::parse_state(name);
        if (state && count.is_int64())
            queue.counts.push_back({.state = *state, .jobs = count.get_int64()});
    }
    return queue;
}

}  // namespace

ReadStatus parse_status(std::string_view text)
{
    boost::system::error_code failure;
    const auto value = json::parse(text, failure);
    if (failure || !value.is_object())
        throw Failure{ExitStatus::failed, "the daemon's status is no JSON object"};
    const auto& object = value.get_object();
    ReadStatus read;
    read.context.path = text_of(object, "database").value_or("");
    read.context.daemon = daemon_of(object_of(object, "daemon"));
    if (const auto* jobs = object_of(object, "jobs")) {
        read.context.jobs_enabled = flag_of(*jobs, "enabled");
        read.context.queue = queue_of(*jobs);
    }
    read.mirror.at = text_of(object, "at").value_or("");
    read.mirror.tenant_id = text_of(object, "tenant_id");
    read.mirror.quarantined = number_of(object, "quarantine").value_or(0);
    read.mirror.drift = number_of(object, "schema_drift").value_or(0);
    read.mirror.gaps = number_of(object, "gaps").value_or(0);
    if (const auto* resources = object.if_contains("resources");
        resources != nullptr && resources->is_array()) {
        for (const auto& resource : resources->get_array()) {
            if (resource.is_object())
                read.mirror.resources.push_back(resource_of(resource.get_object()));
        }
    }
    return read;
}

}  // namespace cloudpcd::ctl
