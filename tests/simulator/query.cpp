#include "tests/simulator/query.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace graphsim {

namespace {

using Outcome = boost::system::result<void, QueryError>;

std::vector<std::string_view> split(std::string_view text)
{
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const auto comma = std::min(text.find(','), text.size());
        auto part = text.substr(0, comma);
        while (part.starts_with(' '))
            part.remove_prefix(1);
        while (part.ends_with(' '))
            part.remove_suffix(1);
        parts.push_back(part);
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return parts;
}

QueryError unknown_property(std::string_view clause, std::string_view name, const Type& type)
{
    return {.message =
                fmt::format("Parsing OData {} failed: Could not find a property named '{}' on type "
                            "'microsoft.graph.{}'.",
                            clause, name, type.name)};
}

QueryError invalid(std::string_view option, std::string_view value)
{
    return {.message = fmt::format("Invalid value '{}' for query option '{}'.", value, option)};
}

Outcome read_select(Query& query, std::string_view value, const Type& type)
{
    if (value.empty())
        return invalid("$select", value);
    for (const auto name : split(value)) {
        if (name == "*") {
            query.select_all = true;
        } else if (name == "id") {
            query.selects_id = true;
        } else {
            const Property* property = type.find(name);
            if (property == nullptr || !property->versions.has(query.version))
                return unknown_property("Select and Expand", name, type);
            query.select.push_back(property);
        }
    }
    return boost::system::in_place_value;
}

Outcome read_expand(Query& query, std::string_view value, const Type& type)
{
    for (const auto name : split(value)) {
        const Property* property = type.find(name);
        if (property == nullptr || property->returned != Returned::on_expand ||
            !property->versions.has(query.version))
            return unknown_property("Select and Expand", name, type);
        query.expand.push_back(property);
    }
    return boost::system::in_place_value;
}

Outcome read_order(Query& query, std::string_view value, const EntitySet& set)
{
    // Unlike $top, an order is refused where the documentation does not offer it.
    const auto& documented = set.list_options;
    if (!documented || std::ranges::find(*documented, "$orderby") == documented->end())
        return QueryError{.code = "Request_UnsupportedQuery",
                          .message = "The query option '$orderby' is not supported."};
    for (const auto key : split(value)) {
        const auto blank = std::min(key.find(' '), key.size());
        const Property* property = set.type->find(key.substr(0, blank));
        if (property == nullptr || !property->versions.has(query.version))
            return unknown_property("$orderby", key.substr(0, blank), *set.type);
        const auto direction = key.substr(std::min(blank + 1, key.size()));
        if (!direction.empty() && direction != "asc" && direction != "desc")
            return invalid("$orderby", key);
        query.order.push_back({.property = property, .descending = direction == "desc"});
    }
    return boost::system::in_place_value;
}

Outcome read_number(std::size_t& number, std::string_view option, std::string_view value)
{
    const auto* end = value.data() + value.size();
    const auto [stop, failure] = std::from_chars(value.data(), end, number);
    if (failure != std::errc{} || stop != end)
        return invalid(option, value);
    return boost::system::in_place_value;
}

Outcome read_skip(Query& query, std::string_view value, const EntitySet& set)
{
    const auto& documented = set.list_options;
    if (!documented || std::ranges::find(*documented, "$skip") == documented->end())
        return QueryError{.code = "Request_UnsupportedQuery",
                          .message = "The query option '$skip' is not supported."};
    return read_number(query.skip, "$skip", value);
}

Outcome read_list_option(Query& query, std::string_view name, std::string_view value,
                         const EntitySet& set)
{
    if (name == "$top") {
        query.top.emplace();
        auto outcome = read_number(*query.top, name, value);
        return outcome && *query.top == 0 ? Outcome{invalid(name, value)} : outcome;
    }
    if (name == "$skip")
        return read_skip(query, value, set);
    if (name == "$orderby")
        return read_order(query, value, set);
    if (name == "$count") {
        query.count = value == "true";
        return value == "true" || value == "false" ? Outcome{boost::system::in_place_value}
                                                   : Outcome{invalid(name, value)};
    }
    if (name == "$filter") {
        auto filter = Filter::parse(value, *set.type, query.version);
        if (!filter)
            return filter.error();
        query.filter = *filter;
        return boost::system::in_place_value;
    }
    return QueryError{.message = fmt::format("The query parameter '{}' is not supported.", name)};
}

}  // namespace

boost::system::result<Query, QueryError> parse_query(const Target& target, const EntitySet& set,
                                                     Version version, Shape shape,
                                                     bool documented_only)
{
    Query query{.version = version};
    for (const auto& [name, value] : target.query) {
        if (name == "$skiptoken" || name == "$skipToken")
            continue;
        query.options.emplace_back(name, value);
        if (!name.starts_with('$'))
            continue;  // custom options are ignored
        if (std::ranges::count(target.query, name, &std::pair<std::string, std::string>::first) > 1)
            return QueryError{.message = fmt::format("Query option '{}' was specified more than "
                                                     "once, but it must be specified at most once.",
                                                     name)};
        const auto& documented = set.list_options;
        if (documented_only && shape == Shape::list && documented &&
            std::ranges::find(*documented, name) == documented->end())
            return QueryError{
                .code = "Request_UnsupportedQuery",
                .message = fmt::format("The query option '{}' is not supported.", name)};
        const auto outcome =
            name == "$select"   ? read_select(query, value, *set.type)
            : name == "$expand" ? read_expand(query, value, *set.type)
            : shape == Shape::list
                ? read_list_option(query, name, value, set)
                : Outcome{QueryError{
                      .message = fmt::format("The query parameter '{}' is not supported.", name)}};
        if (!outcome)
            return outcome.error();
    }
    return query;
}

}  // namespace graphsim
