#include "sync/mirror/delta_merge.hpp"

#include "sync/core/json_scan.hpp"
#include "sync/mirror/item.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace cloudpcd::mirror {

namespace {

/// A key may be written with escapes.
std::string name_of(std::string_view key)
{
    if (key.find('\\') == std::string_view::npos)
        return std::string{key};
    return json::string_value(fmt::format("\"{}\"", key)).value_or(std::string{key});
}

std::string quoted(std::string_view text)
{
    return boost::json::serialize(boost::json::string{text});
}

std::string type_name(std::string_view type)
{
    if (type.starts_with('#'))
        type.remove_prefix(1);
    if (constexpr std::string_view graph = "microsoft.graph."; type.starts_with(graph))
        type.remove_prefix(graph.size());
    return std::string{type};
}

std::optional<LinkChange> read_link(std::string_view slice)
{
    const auto members = json::object_members(slice);
    if (!members)
        return std::nullopt;
    LinkChange link;
    for (const auto& member : *members) {
        const auto name = name_of(member.key);
        if (name == "id")
            link.id = json::string_value(member.value).value_or("");
        else if (name == "@odata.type")
            link.type = type_name(json::string_value(member.value).value_or(""));
        else if (name == "@removed")
            link.ended = member.value != "null";
    }
    const bool usable = !link.id.empty() && link.id.size() <= id_bytes_max &&
                        link.id.find('\0') == std::string::npos;
    return usable ? std::optional{std::move(link)} : std::nullopt;
}

void append_member(std::string& object, std::string_view name, std::string_view value)
{
    if (object.size() > 1)
        object += ',';
    object.append(quoted(name)).append(":").append(value);
}

}  // namespace

ReadDeltaItem read_delta_item(std::string_view slice, const schema::Links* links)
{
    const auto members = json::object_members(slice);
    if (!members)
        return {.item = std::nullopt, .problem = "not a JSON object"};
    const std::string property{links == nullptr ? "" : links->property};
    DeltaItem item;
    for (const auto& member : *members) {
        auto name = name_of(member.key);
        if (name == "@removed") {
            item.removed = member.value != "null";
        } else if (!property.empty() && name == property + "@delta") {
            const auto elements = json::array_elements(member.value);
            if (!elements && member.value != "null")
                return {.item = std::nullopt, .problem = fmt::format("{} is no array", name)};
            for (const auto element : elements.value_or(std::vector<std::string_view>{})) {
                auto link = read_link(element);
                if (!link)
                    return {.item = std::nullopt,
                            .problem = fmt::format("an element of {} has no usable id", name)};
                item.links.push_back(*std::move(link));
            }
        } else if (property.empty() || (name != property && !name.starts_with(property + "@"))) {
            item.properties.emplace_back(std::move(name), member.value);
        }
    }
    return {.item = std::move(item), .problem = {}};
}

std::string merge_object(std::string_view base, const DeltaItem& item)
{
    std::string merged = "{";
    std::vector<bool> placed(item.properties.size(), false);
    const auto members = json::object_members(base).value_or(std::vector<json::Member>{});
    for (const auto& member : members) {
        const auto name = name_of(member.key);
        const auto later = std::ranges::find(item.properties, name,
                                             &std::pair<std::string, std::string_view>::first);
        if (later == item.properties.end()) {
            append_member(merged, name, member.value);
            continue;
        }
        append_member(merged, name, later->second);
        placed[static_cast<std::size_t>(later - item.properties.begin())] = true;
    }
    for (std::size_t i = 0; i < item.properties.size(); ++i) {
        if (!placed[i])
            append_member(merged, item.properties[i].first, item.properties[i].second);
    }
    return merged += '}';
}

std::string link_id(std::string_view owner, std::string_view linked)
{
    return fmt::format("{}_{}", owner, linked);
}

std::string link_object(const schema::Links& links, std::string_view owner, std::string_view linked,
                        std::string_view type)
{
    return fmt::format(R"({{"id":{},"{}":{},"{}":{},"{}":{}}})", quoted(link_id(owner, linked)),
                       links.owner_id, quoted(owner), links.linked_id, quoted(linked),
                       links.linked_type, type.empty() ? std::string{"null"} : quoted(type));
}

}  // namespace cloudpcd::mirror
