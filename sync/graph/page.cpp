#include "sync/graph/page.hpp"

#include "sync/core/json_scan.hpp"
#include "sync/core/log.hpp"

#include <charconv>

namespace cloudpcd::graph {

namespace {

Error malformed(std::string message)
{
    return Error{.code = Errc::malformed, .message = std::move(message)};
}

/// What came instead of JSON, in few words; a proxy's HTML page is the usual case.
std::string not_json(std::string_view body)
{
    if (json::trim(body).empty())
        return "the response body is empty";
    constexpr std::size_t shown = 60;
    return "the response is not a JSON object: " + log::escape(json::trim(body), shown);
}

Result<std::vector<json::Member>> envelope(std::string_view body)
{
    auto members = json::object_members(body);
    if (!members)
        return malformed(not_json(body));
    // Which of two counts would be a parser's choice; only the envelope's own members matter here.
    for (std::string_view once : {"value", "@odata.nextLink", "@odata.deltaLink", "@odata.count"}) {
        int seen = 0;
        for (const auto& member : *members)
            seen += member.key == once ? 1 : 0;
        if (seen > 1)
            return malformed(std::string{once} + " stands twice in the response");
    }
    return std::move(*members);
}

}  // namespace

Result<void> Page::read_annotations(std::string_view key, std::string_view value)
{
    if (key == "@odata.nextLink" || key == "@odata.deltaLink") {
        auto& link = key == "@odata.nextLink" ? next_link : delta_link;
        link = json::string_value(value);
        if (!link && value != "null")
            return malformed(std::string{key} + " is not a string");
        if (link && link->empty())
            return malformed(std::string{key} + " is empty");
    } else if (key == "@odata.count") {
        std::int64_t number = 0;
        auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), number);
        if (failure == std::errc{} && end == value.data() + value.size())
            count = number;
    } else if (key == "@odata.context") {
        context = json::string_value(value).value_or("");
    }
    return {};
}

Result<Page> Page::of_list(std::string body)
{
    Page page{std::move(body)};
    auto members = envelope(*page.x_body);
    if (!members)
        return std::move(members).error();
    std::optional<std::string_view> value;
    for (const auto& member : *members) {
        if (member.key == "value")
            value = member.value;
        auto read = page.read_annotations(member.key, member.value);
        if (!read)
            return std::move(read).error();
    }
    if (!value)
        return malformed("the response has no member value");
    if (page.next_link && page.delta_link)
        return malformed("the page has both a nextLink and a deltaLink");
    auto elements = json::array_elements(*value);
    if (!elements)
        return malformed("value is not an array");
    page.x_items.reserve(elements->size());
    for (auto element : *elements) {
        const auto offset = static_cast<std::size_t>(element.data() - page.x_body->data());
        page.x_items.push_back({.offset = offset, .length = element.size()});
    }
    return page;
}

Result<Page> Page::of_object(std::string_view body)
{
    auto members = envelope(body);
    if (!members)
        return std::move(members).error();
    std::string_view wrapped;
    bool has_id = false;
    for (const auto& member : *members) {
        if (member.key == "value" && member.value.starts_with('{'))
            wrapped = member.value;
        has_id = has_id || member.key == "id";
    }
    if (!wrapped.empty() && !has_id)
        return of_object(wrapped);

    // The context annotation speaks of the response, not of the object: it is left out of `raw`.
    std::string object = "{";
    std::string context;
    for (const auto& member : *members) {
        if (member.key == "@odata.context") {
            context = json::string_value(member.value).value_or("");
            continue;
        }
        if (object.size() > 1)
            object += ',';
        object.append("\"").append(member.key).append("\":").append(member.value);
    }
    object += '}';
    Page page{std::move(object)};
    page.context = std::move(context);
    page.x_items.push_back({.offset = 0, .length = page.x_body->size()});
    return page;
}

}  // namespace cloudpcd::graph
