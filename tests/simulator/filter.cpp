#include "tests/simulator/filter.hpp"

#include "tests/simulator/filter_node.hpp"
#include "tests/simulator/json_text.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace graphsim {

namespace {

bool holds(const FilterValue& left, Comparison comparison, const FilterValue& right)
{
    const bool equal = left == right;
    switch (comparison) {
        case Comparison::eq:
            return equal;
        case Comparison::ne:
            return !equal;
        case Comparison::gt:
        case Comparison::ge:
        case Comparison::lt:
        case Comparison::le:
            break;
    }
    // Null is neither before nor after anything.
    if (left.index() != right.index() || std::holds_alternative<std::monostate>(left))
        return false;
    switch (comparison) {
        case Comparison::gt:
            return left > right;
        case Comparison::ge:
            return left >= right;
        case Comparison::lt:
            return left < right;
        case Comparison::le:
            return left <= right;
        case Comparison::eq:
        case Comparison::ne:
            break;
    }
    return equal;
}

FilterValue typed_value(std::string_view text, std::string_view type)
{
    if (text.empty() || text == "null")
        return std::monostate{};
    if (text == "true" || text == "false")
        return text == "true";
    if (text.front() == '"') {
        auto content = string_of(text);
        if (type != "DateTimeOffset" && type != "Date")
            return content;
        const auto ticks = parse_ticks(content);
        return ticks ? FilterValue{Instant{*ticks}} : FilterValue{std::monostate{}};
    }
    double number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc{})
        return std::monostate{};
    return number;
}

FilterValue value_of(const Object& object, const Filter::Node& node, std::string_view time_property)
{
    if (node.path.empty())
        return object.id;
    if (node.path.size() == 1 && node.path.front()->name == time_property &&
        object.ticks != std::numeric_limits<std::int64_t>::min())
        return Instant{object.ticks};
    return value_at(*object.text, node.path);
}

bool is_true(const Filter::Node& node, const Object& object, std::string_view time_property)
{
    using enum Filter::Node::Kind;
    const auto part = [&](const auto& child) { return is_true(*child, object, time_property); };
    switch (node.kind) {
        case both:
            return std::ranges::all_of(node.parts, part);
        case either:
            return std::ranges::any_of(node.parts, part);
        case negation:
            return !part(node.parts.front());
        case comparison:
            return holds(value_of(object, node, time_property), node.comparison,
                         node.values.front());
        case membership: {
            const auto value = value_of(object, node, time_property);
            return std::ranges::find(node.values, value) != node.values.end();
        }
    }
    return false;
}

}  // namespace

FilterValue value_at(std::string_view object, const PropertyPath& path)
{
    std::string_view text = object;
    for (const Property* property : path) {
        if (!text.starts_with('{'))
            return std::monostate{};
        text = member(text, property->name);
    }
    return typed_value(text, path.back()->type);
}

bool Filter::matches(const Object& object, std::string_view time_property) const
{
    return is_true(*x_root, object, time_property);
}

}  // namespace graphsim
