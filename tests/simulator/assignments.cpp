#include "tests/simulator/assignments.hpp"

#include "tests/simulator/write_validation.hpp"

#include <fmt/format.h>

namespace graphsim {

namespace json = boost::json;

std::variant<json::array, Refusal> assignments_of(const WriteCall& call)
{
    json::array made;
    std::set<std::string> ids;
    for (const auto& item : call.body.at("assignments").as_array()) {
        const auto* target = item.as_object().if_contains("target");
        if (target == nullptr || !target->is_object())
            return invalid("Cannot process request due to invalid input: 'target' is required.");
        auto of = target->as_object();
        const auto group = text_of(of, "groupId");
        if (group.empty())
            return invalid("Cannot process request due to invalid input: 'groupId' is required.");
        // A group is assigned once for each of its plans.
        auto id = fmt::format("{}_{}", call.id, group);
        if (const auto plan = text_of(of, "servicePlanId"); !plan.empty())
            id += "_" + plan;
        if (!ids.insert(id).second)
            return invalid(fmt::format("The group '{}' is assigned twice.", group));
        of["@odata.type"] = "#microsoft.graph." + odata_type(of);
        made.push_back(json::object{{"id", id}, {"target", std::move(of)}});
    }
    return made;
}

std::set<std::string> groups_of(const json::object& object)
{
    std::set<std::string> groups;
    const auto* assignments = object.if_contains("assignments");
    if (assignments == nullptr || !assignments->is_array())
        return groups;
    for (const auto& item : assignments->as_array()) {
        const auto* target = item.is_object() ? item.as_object().if_contains("target") : nullptr;
        if (target != nullptr && target->is_object())
            groups.insert(text_of(target->as_object(), "groupId"));
    }
    return groups;
}

void set_assignments(WriteContext& context, std::string_view set, const WriteCall& call,
                     json::array assignments)
{
    const auto lag = context.options.consistency_lag;
    auto change = [&context, set = std::string{set}, id = call.id,
                   changes = json::object{{"assignments", std::move(assignments)},
                                          {"lastModifiedDateTime", stamp(call.now)}}](TimePoint) {
        context.patch(set, id, changes);
    };
    if (lag.count() > 0)
        context.timeline.at(call.now + lag, std::move(change));
    else
        change(call.now);
}

}  // namespace graphsim
