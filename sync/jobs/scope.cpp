#include "sync/jobs/scope.hpp"

#include "sync/graph/ascii.hpp"
#include "sync/jobs/members.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace cloudpcd::jobs {

namespace bj = boost::json;

using schema::Duplicates;

namespace {

/// Group and service plan of each assignment, without case; the group as it is written.
using Assigned = std::set<std::pair<std::string, std::string>>;

std::pair<std::string, std::string> key_of(const bj::object& target)
{
    return {graph::ascii_lower(text_of(target, "groupId")),
            graph::ascii_lower(text_of(target, "servicePlanId"))};
}

const bj::object* target_of(const bj::value& assignment)
{
    const auto* object = assignment.if_object();
    const auto* target = object == nullptr ? nullptr : object->if_contains("target");
    return target == nullptr ? nullptr : target->if_object();
}

const bj::array* assignments_of(const bj::object& object)
{
    const auto* value = object.if_contains("assignments");
    return value == nullptr ? nullptr : value->if_array();
}

}  // namespace

std::vector<std::string> listed_ids(const schema::Action& action, const bj::object& params)
{
    std::vector<std::string> ids;
    const auto* value = action.listed_by.empty() ? nullptr : params.if_contains(action.listed_by);
    if (value == nullptr || !value->is_array())
        return ids;
    for (const auto& id : value->get_array())
        ids.emplace_back(id.get_string());
    return ids;
}

std::optional<std::string> duplicate_key(const schema::Action& action, const bj::object& params)
{
    const Duplicates rule = action.duplicates;
    if (rule == Duplicates::never)
        return std::nullopt;
    if (rule == Duplicates::any_params)
        return std::string{action.verb};
    bj::object distinguishing;
    for (const auto& parameter : action.parameters) {
        const auto* value = params.if_contains(parameter.name);
        if (!parameter.distinguishes || value == nullptr || value->is_null())
            continue;
        const auto* text = value->if_string();
        if (parameter.type == schema::ParameterType::guid && text != nullptr)
            distinguishing[parameter.name] = graph::ascii_lower(*text);
        else
            distinguishing[parameter.name] = *value;
    }
    return fmt::format("{} {}", action.verb, bj::serialize(distinguishing));
}

const schema::Collection* collection_of(const schema::Action& action) noexcept
{
    const auto all = schema::catalog();
    const auto found = std::ranges::find(all, action.path, &schema::Collection::path);
    return found == all.end() ? nullptr : &*found;
}

const schema::Collection* created_in(const schema::Action& action) noexcept
{
    return action.method.value == schema::Method::post ? collection_of(action) : nullptr;
}

std::chrono::minutes ending_deadline(const schema::Action& action, const bj::object& params)
{
    const schema::Ending& ending = action.ending.value;
    const auto* waits = params.if_contains("scheduledDuringMaintenanceWindow");
    const bool in_window = waits != nullptr && waits->is_bool() && waits->get_bool();
    return in_window ? std::max(ending.deadline, ending.deadline_in_window) : ending.deadline;
}

std::optional<std::vector<std::string>> removed_groups(const bj::object& params,
                                                       const bj::object& policy)
{
    const auto* present = assignments_of(policy);
    if (present == nullptr)
        return std::nullopt;
    Assigned wanted;
    if (const auto* named = assignments_of(params)) {
        for (const auto& assignment : *named) {
            if (const auto* target = target_of(assignment))
                wanted.insert(key_of(*target));
        }
    }
    std::vector<std::string> removed;
    for (const auto& assignment : *present) {
        const auto* target = target_of(assignment);
        if (target ==
            nullptr)  // not a group that we understand: it is gone afterwards all the same
            removed.emplace_back();
        else if (!wanted.contains(key_of(*target)))
            removed.emplace_back(text_of(*target, "groupId"));
    }
    return removed;
}

}  // namespace cloudpcd::jobs
