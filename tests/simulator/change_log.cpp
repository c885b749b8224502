#include "tests/simulator/change_log.hpp"

#include "tests/simulator/json_text.hpp"

#include <set>

namespace graphsim {

/// Compares the members that `text` has with those known.
void ChangeLog::set_links(Entry& entry, std::string_view text) const
{
    const auto members = member(text, "members");
    std::set<std::string> present;
    if (members.starts_with('[')) {
        for_each_element(members, [&](std::string_view element) {
            auto id = string_of(member(element, "id"));
            const auto found = entry.links.find(id);
            if (found == entry.links.end() || found->second.ended)
                entry.links[id] = {.type = string_of(member(element, "@odata.type")),
                                   .changed = x_last};
            present.insert(std::move(id));
        });
    }
    for (auto& [id, link] : entry.links) {
        if (!link.ended && !present.contains(id)) {
            link.ended = true;
            link.changed = x_last;
        }
    }
}

void ChangeLog::add(const std::string& id, std::string_view text)
{
    ++x_last;
    Entry entry{.created = x_last, .changed = x_last};
    set_links(entry, text);
    x_entries[id] = std::move(entry);
}

void ChangeLog::replace(const std::string& id, std::string_view before, std::string_view after)
{
    ++x_last;
    auto& entry = x_entries[id];
    entry.changed = x_last;
    for_each_member(after, [&](std::string_view key, std::string_view value) {
        if (member(before, key) != value)
            entry.properties[std::string{key}] = x_last;
        return true;
    });
    set_links(entry, after);
}

void ChangeLog::remove(const std::string& id, std::string_view text, bool for_good)
{
    ++x_last;
    x_entries[id] = {
        .changed = x_last, .removed = true, .for_good = for_good, .text = std::string{text}};
}

}  // namespace graphsim
