// GET of the delta functions of users, groups and devices.
// Source: Microsoft Graph "Use delta query to track changes in Microsoft Graph data", "Get
// incremental changes for groups", and the pages user-delta, group-delta, device-delta.

#include "tests/simulator/json_text.hpp"
#include "tests/simulator/projection.hpp"
#include "tests/simulator/tenant.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace graphsim {

namespace {

/// The token of a request, whatever its case; nothing when it has none.
struct GivenToken {
    bool skip = false;
    std::string value;
};

bool is_token(std::string_view name, std::string_view token) noexcept
{
    return equal_without_case(name, token);
}

std::optional<GivenToken> token_of(const Target& target)
{
    for (const auto& [name, value] : target.query) {
        if (is_token(name, "$skiptoken") || is_token(name, "$deltatoken"))
            return GivenToken{.skip = is_token(name, "$skiptoken"), .value = value};
    }
    return std::nullopt;
}

bool prefers_minimal(const Request& request)
{
    return std::ranges::any_of(request.headers, [](const auto& header) {
        return equal_without_case(header.first, "Prefer") &&
               header.second.find("return=minimal") != std::string::npos;
    });
}

std::string removed_item(const std::string& id, bool for_good)
{
    return fmt::format(R"({{"id":{},"@removed":{{"reason":"{}"}}}})", quote(id),
                       for_good ? "deleted" : "changed");
}

std::string link_item(const std::string& id, const ChangeLog::Link& link)
{
    return fmt::format(R"({{"@odata.type":{},"id":{}{}}})", quote(link.type), quote(id),
                       link.ended ? R"(,"@removed":{"reason":"deleted"})" : "");
}

/// `object` with one more member.
std::string with_member(std::string object, std::string_view name, std::string_view value)
{
    object.pop_back();
    if (object.size() > 1)
        object += ',';
    return object.append(quote(name)).append(":").append(value).append("}");
}

/// The members of `object` that `keep` wants; always its id.
template <class Keep>
std::string part_of(std::string_view object, const Keep& keep)
{
    std::string part = "{}";
    for_each_member(object, [&](std::string_view key, std::string_view value) {
        if (key == "id" || keep(key))
            part = with_member(std::move(part), key, value);
        return true;
    });
    return part;
}

/// What one round says of a set, in an order that readers have to stand.
class RoundItems {
public:
    RoundItems(const DeltaBehaviour& behaviour, bool minimal, bool members)
        : x_behaviour{behaviour}, x_minimal{minimal || behaviour.minimal}, x_members{members}
    {}

    void add(const std::string& id, const ChangeLog::Entry& entry, std::string_view object,
             const std::vector<const Property*>& selected, std::uint64_t since)
    {
        if (entry.removed) {
            if (since > 0 || x_behaviour.removed_in_initial)
                x_items.push_back(removed_item(id, entry.for_good));
            return;
        }
        auto links = link_items(entry, since);
        const bool created = entry.created > since;
        const auto changed = [&](std::string_view name) {
            const auto found = entry.properties.find(name);
            return created || (found != entry.properties.end() && found->second > since);
        };
        const bool any = created || std::ranges::any_of(selected, [&](const Property* property) {
                             return property->name != "members" && changed(property->name);
                         });
        if (!any && links.empty())
            return;
        add_object(std::string{object}, x_minimal ? part_of(object, changed) : std::string{object},
                   std::move(links));
    }

    std::vector<std::string> take()
    {
        x_items.insert(x_items.end(), x_later.begin(), x_later.end());
        return std::move(x_items);
    }

private:
    std::vector<std::string> link_items(const ChangeLog::Entry& entry, std::uint64_t since) const
    {
        std::vector<std::string> chunks;
        if (!x_members)
            return chunks;
        std::size_t in_chunk = 0;
        for (const auto& [id, link] : entry.links) {
            // What ended before the group came (back) to the reader is no news.
            if (link.changed <= since || (link.ended && entry.created > since))
                continue;
            if (in_chunk++ % x_behaviour.members_per_item == 0)
                chunks.emplace_back("[]");
            auto& chunk = chunks.back();
            chunk.pop_back();
            chunk += (chunk.size() > 1 ? "," : "") + link_item(id, link) + "]";
        }
        return chunks;
    }

    void add_object(const std::string& whole, std::string item, std::vector<std::string> links)
    {
        if (x_behaviour.repeat_objects) {
            // An older state where that can be seen of what follows, else the same.
            const bool named = !member(item, "displayName").empty();
            x_items.push_back(
                named
                    ? with_member(
                          part_of(whole, [](std::string_view key) { return key != "displayName"; }),
                          "displayName", "\"an older name\"")
                    : item);
        }
        if (x_behaviour.split_objects) {
            bool first = false;
            const auto every_second = [&](std::string_view) { return first = !first; };
            x_later.push_back(
                part_of(item, [&](std::string_view key) { return !every_second(key); }));
            first = false;
            item = part_of(item, every_second);
        }
        for (std::size_t i = 0; i < links.size(); ++i) {
            if (i == 0)
                item = with_member(std::move(item), "members@delta", links[i]);
            else
                x_later.push_back(
                    with_member(part_of(whole, [](std::string_view) { return false; }),
                                "members@delta", links[i]));
        }
        x_items.push_back(std::move(item));
    }

    const DeltaBehaviour& x_behaviour;
    bool x_minimal;
    bool x_members;
    std::vector<std::string> x_items, x_later;
};

}  // namespace

/// A round from the start, or one page of it, or what has changed since a round ended.
Response Tenant::read_delta(const Request& request, const Target& target,
                            const EntitySet& entity_set, Version version,
                            const std::vector<FaultSet::Rule*>& hit)
{
    const auto given = token_of(target);
    if (given && !given->value.empty() && given->value != "latest")
        return go_on(request, target, *x_facts.set(entity_set.name), version, hit);
    Target first = target;
    std::erase_if(first.query,
                  [](const auto& option) { return is_token(option.first, "$deltatoken"); });
    for (const auto& [name, value] : first.query) {
        if (name.starts_with('$') && name != "$select")
            return error(request, 400, "Request_UnsupportedQuery",
                         fmt::format("The query option '{}' is not supported.", name));
    }
    DeltaToken round{.set = &entity_set, .version = version};
    round.select = first.parameter("$select").value_or("");
    if (const auto query = parse_query(first, entity_set, version, Shape::item, false); !query)
        return error(request, 400, query.error().code, query.error().message);
    if (given && given->value == "latest")
        round.since = set(entity_set.name).log()->last();
    return begin_round(request, std::move(round), given && given->value == "latest", hit);
}

Response Tenant::go_on(const Request& request, const Target& target, const EntitySet& entity_set,
                       Version version, const std::vector<FaultSet::Rule*>& hit)
{
    if (std::ranges::count_if(target.query,
                              [](const auto& option) { return option.first.starts_with('$'); }) > 1)
        return error(request, 400, "Request_BadRequest",
                     "Query options are part of the token and may not be given again.");
    const auto given = token_of(target);
    const auto found = x_delta.tokens.find(given->value);
    if (found == x_delta.tokens.end() || found->second.set != &entity_set ||
        found->second.version != version || found->second.expires <= now() ||
        given->skip != (found->second.items != nullptr)) {
        auto gone = error(request, 410, x_options.delta.expired_code,
                          "The sync state generation is not found; start a full resync.");
        if (x_options.delta.location)
            gone.headers.emplace_back(
                "Location", fmt::format("{}/{}/{}/delta?$deltatoken=", x_options.base_url,
                                        to_string(version), fmt::join(entity_set.path, "/")) +
                                (found == x_delta.tokens.end() || found->second.select.empty()
                                     ? ""
                                     : "&$select=" + percent_encode(found->second.select)));
        return gone;
    }
    auto round = found->second;
    if (given->skip)
        return delta_page(request, round, hit);
    if (x_delta.replayed.erase(entity_set.name) > 0)
        round.since = 0;
    return begin_round(request, std::move(round), false, hit);
}

Response Tenant::begin_round(const Request& request, DeltaToken round, bool empty,
                             const std::vector<FaultSet::Rule*>& hit)
{
    const auto& objects = set(round.set->name);
    const auto& log = *objects.log();
    Target target;
    if (!round.select.empty())
        target.query.emplace_back("$select", round.select);
    const auto query = parse_query(target, *round.set, round.version, Shape::item, false);
    const Projection projection{*round.set->type, *query, true};
    const bool members = std::ranges::any_of(
        query->select, [](const Property* property) { return property->name == "members"; });
    std::vector<const Property*> selected = query->select;
    if (selected.empty()) {
        for (const auto& property : round.set->type->properties)
            selected.push_back(&property);
    }
    std::vector<std::pair<std::uint64_t, std::string>> changed;
    for (const auto& [id, entry] : log.entries()) {
        if (entry.changed > round.since && !empty)
            changed.emplace_back(entry.changed, id);
    }
    std::ranges::sort(changed);
    RoundItems items{x_options.delta, prefers_minimal(request) && round.since > 0, members};
    for (const auto& [number, id] : changed) {
        std::string text;
        if (const auto* object = objects.find(id))
            projection.append(text, *object->text);
        items.add(id, log.entries().at(id), text, selected, round.since);
    }
    round.until = log.last();
    round.items = std::make_shared<const std::vector<std::string>>(items.take());
    round.position = 0;
    return delta_page(request, round, hit);
}

Response Tenant::delta_page(const Request& request, const DeltaToken& round,
                            const std::vector<FaultSet::Rule*>& hit)
{
    const auto link = [&](std::string_view name, const std::string& token) {
        return fmt::format("{}/{}/{}/{}?{}={}", x_options.base_url, to_string(round.version),
                           fmt::join(round.set->path, "/"),
                           x_options.delta.qualified_links ? "delta()" : "delta", name, token);
    };
    Page page{.set = round.set->name + "/delta",
              .context = fmt::format("{}/{}/$metadata#{}{}", x_options.base_url,
                                     to_string(round.version), round.set->name,
                                     round.select.empty() ? "" : "(" + round.select + ")")};
    auto next = round;
    const auto end = std::min(round.items->size(), round.position + x_options.page_size_default);
    page.items.assign(round.items->begin() + static_cast<std::ptrdiff_t>(round.position),
                      round.items->begin() + static_cast<std::ptrdiff_t>(end));
    next.position = end;
    if (end < round.items->size()) {
        next.expires = now() + x_options.cursor_lifetime;
        page.next_link = link(x_options.delta.qualified_links ? "$SkipToken" : "$skiptoken",
                              x_delta.add(std::move(next)));
    } else {
        next.items.reset();
        next.since = round.until;
        next.expires = now() + x_options.delta.token_lifetime;
        page.delta_link = link(x_options.delta.qualified_links ? "$DeltaToken" : "$deltatoken",
                               x_delta.add(std::move(next)));
    }
    page.self_link = x_options.base_url + request.target;
    page.again_link = page.self_link;
    return answer(std::move(page), hit);
}

}  // namespace graphsim
