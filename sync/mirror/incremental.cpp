#include "sync/mirror/incremental.hpp"

#include "sync/core/json_scan.hpp"

#include <algorithm>

namespace cloudpcd::mirror {

bool wants_incremental(const schema::Collection& collection, const config::Sync& settings,
                       Duration list_took)
{
    if (collection.changed_property.empty())
        return false;
    return settings.resource(collection.table).full_interval ||
           list_took * full_list_share > settings.interval_of(collection.table);
}

std::optional<UtcTime> changed_since(const schema::Collection& collection,
                                     const config::Sync& settings, const ReadTimes& times,
                                     UtcTime now)
{
    if (collection.changed_property.empty() || !times.list_started || !times.list_ended ||
        !times.read_as_of)
        return std::nullopt;
    const Duration took = *times.list_ended - *times.list_started;
    const auto interval =
        settings.resource(collection.table).full_interval.value_or(took * full_list_share);
    const Duration age = now - *times.list_started;
    // A clock that was set back says nothing about the age.
    if (age < Duration{0} || age >= interval)
        return std::nullopt;
    return *times.read_as_of - change_overlap;
}

std::size_t older_objects(const graph::Page& page, const schema::Collection& collection,
                          UtcTime since)
{
    const auto is_older = [&](std::string_view object) {
        const auto members = json::object_members(object);
        if (!members)
            return false;
        const auto found =
            std::ranges::find(*members, collection.changed_property, &json::Member::key);
        const auto text = found == members->end() ? std::nullopt : json::string_value(found->value);
        const auto changed = text ? parse_graph_time(*text) : std::nullopt;
        return changed && *changed < since;
    };
    std::size_t older = 0;
    for (std::size_t i = 0; i < page.size(); ++i)
        older += is_older(page.item(i)) ? 1 : 0;
    return older;
}

}  // namespace cloudpcd::mirror
