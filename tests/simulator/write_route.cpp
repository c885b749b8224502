#include "tests/simulator/write_route.hpp"

#include <fmt/format.h>

namespace graphsim {

namespace {

Refusal no_segment(std::string_view segment)
{
    return {400, "BadRequest", fmt::format("Resource not found for the segment '{}'.", segment)};
}

Refusal not_allowed()
{
    return {405, "Request_BadRequest",
            "Specified HTTP method is not allowed for the request target."};
}

std::string_view without_qualifier(std::string_view name)
{
    constexpr std::string_view qualifier = "microsoft.graph.";
    if (name.starts_with(qualifier))
        name.remove_prefix(qualifier.size());
    return name;
}

std::string_view change_of(std::string_view method)
{
    return method == "POST"     ? "create"
           : method == "PATCH"  ? "update"
           : method == "DELETE" ? "delete"
                                : "";
}

/// A change of the object itself, or a new one.
std::variant<WriteRoute, Refusal> change(WriteRoute route, std::string_view method, Version version)
{
    const auto& set = *route.set;
    route.name = change_of(method);
    const bool into_set = route.id.empty() && !set.singleton;
    const auto found = set.operations.find(route.name);
    if (found == set.operations.end() || !found->second.versions.has(version) ||
        (route.name == "create") != into_set)
        return not_allowed();
    route.operation = &found->second;
    return route;
}

}  // namespace

std::variant<WriteRoute, Refusal> route_write(const Facts& facts, std::string_view method,
                                              const Target& target, const EntitySet& set,
                                              Version version)
{
    const auto first = set.path.size() + 1;
    const auto count = target.segments.size() - first;
    WriteRoute route{.set = &set};
    if (count == 0)
        return change(route, method, version);
    const auto& next = target.segments[first];
    const auto name = without_qualifier(target.segments.back());
    const auto* action = count <= 2 ? facts.action(set.name, name, count == 2) : nullptr;
    if (action == nullptr && count == 1 && !set.singleton) {
        route.id = next;
        return change(route, method, version);
    }
    if (action == nullptr || !action->operation.versions.has(version))
        return no_segment(target.segments.back());
    if (method != "POST" || action->function)
        return not_allowed();
    if (count == 2)
        route.id = next;
    route.name = action->name;
    route.action = action;
    route.operation = &action->operation;
    return route;
}

}  // namespace graphsim
