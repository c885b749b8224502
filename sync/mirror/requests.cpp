#include "sync/mirror/requests.hpp"

#include "schema/request.hpp"
#include "sync/core/version.hpp"
#include "sync/mirror/records.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace cloudpcd::mirror {

namespace bj = boost::json;

namespace {

constexpr std::string_view key_refusals = "refused";  // of sync_state

constexpr int probe_objects = 20;
/// What is tried for $top when a larger one is refused; then none. Graph documents no maximum.
constexpr int page_sizes[] = {500, 200, 100};

/// Query options, joined as they are added.
class Query {
public:
    void add(std::string_view name, std::string_view value)
    {
        x_text += fmt::format("{}{}={}", x_text.empty() ? "?" : "&", name, value);
    }
    const std::string& text() const noexcept { return x_text; }

private:
    std::string x_text;
};

bool is_refused(const Refusals& refusals, std::string_view name)
{
    return std::ranges::find(refusals.names, name) != refusals.names.end();
}

std::vector<std::string> selected(const schema::Collection& collection, const Refusals& refusals)
{
    std::vector<std::string> names;
    if (collection.select)
        names = schema::select_properties(collection);
    std::erase_if(names, [&](const std::string& name) { return is_refused(refusals, name); });
    return names;
}

std::vector<std::string> expanded(const schema::Collection& collection, const Refusals& refusals)
{
    std::vector<std::string> names{collection.expand.begin(), collection.expand.end()};
    std::erase_if(names, [&](const std::string& name) { return is_refused(refusals, name); });
    return names;
}

/// What lists and single objects are asked with alike.
Query shape_query(const schema::Collection& collection, const Refusals& refusals)
{
    Query query;
    if (const auto names = selected(collection, refusals); !names.empty())
        query.add("$select", fmt::format("{}", fmt::join(names, ",")));
    if (const auto names = expanded(collection, refusals); !names.empty())
        query.add("$expand", fmt::format("{}", fmt::join(names, ",")));
    return query;
}

/// The $top of a list; 0: none.
int page_size(const schema::Collection& collection, const Refusals& refusals)
{
    return std::min(collection.page_size, refusals.top.value_or(collection.page_size));
}

/// `ge`, never `gt`: objects share timestamps.
void add_filter(Query& query, const schema::Collection& collection, UtcTime since)
{
    query.add("$filter", graph::percent_encode(fmt::format("{} ge {}", filter_property(collection),
                                                           format_rfc3339(since))));
}

std::string path_of(const schema::Collection& collection)
{
    return fmt::format("/{}{}", schema::version_segment(collection.version), collection.path);
}

bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_quote(char c)
{
    return c == '\'' || c == '"' || c == '`';
}

/// `word` stands in `text`, not as a part of a longer one.
bool contains_word(std::string_view text, std::string_view word)
{
    for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
        const auto end = at + word.size();
        if ((at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end])))
            return true;
    }
    return false;
}

/// A property's name as a service would write it. One that could be an ordinary word ("status")
/// counts in quotes only: leaving out a column by mistake would look like a change of every row.
bool names_property(std::string_view message, std::string_view name)
{
    const bool unmistakable =
        std::ranges::any_of(name, [](char c) { return c >= 'A' && c <= 'Z'; });
    if (unmistakable)
        return contains_word(message, name);
    for (auto at = message.find(name); at != std::string_view::npos;
         at = message.find(name, at + 1)) {
        const auto end = at + name.size();
        if (at > 0 && end < message.size() && is_quote(message[at - 1]) && is_quote(message[end]))
            return true;
    }
    return false;
}

}  // namespace

std::string to_state(const Refusals& refusals)
{
    boost::json::array names;
    for (const auto& name : refusals.names)
        names.emplace_back(name);
    return boost::json::serialize(
        boost::json::object{{"version", std::string{version}},
                            {"names", std::move(names)},
                            {"top", refusals.top ? bj::value(*refusals.top) : bj::value(nullptr)},
                            {"filter", refusals.filter}});
}

Refusals refusals_of_state(std::string_view state)
{
    boost::system::error_code failure;
    const auto parsed = boost::json::parse(state, failure);
    const auto* members = failure ? nullptr : parsed.if_object();
    if (members == nullptr)
        return {};
    const auto find = [&](std::string_view name) { return members->if_contains(name); };
    const auto* writer = find("version");
    if (writer == nullptr || !writer->is_string() ||
        std::string_view{writer->get_string()} != version)
        return {};
    Refusals refusals;
    if (const auto* names = find("names"); names != nullptr && names->is_array()) {
        for (const auto& name : names->get_array()) {
            if (name.is_string())
                refusals.names.emplace_back(std::string_view{name.get_string()});
        }
    }
    const auto flag = [&](std::string_view name) {
        const auto* value = find(name);
        return value != nullptr && value->is_bool() && value->get_bool();
    };
    if (const auto* top = find("top"); top != nullptr && top->is_int64())
        refusals.top = static_cast<int>(top->get_int64());
    refusals.filter = flag("filter");
    return refusals;
}

Refusals read_refusals(store::Database& database, std::string_view table, UtcTime now)
{
    const auto state = read_fresh_state(database, table, key_refusals, now - refusals_kept);
    return state ? refusals_of_state(*state) : Refusals{};
}

void write_refusals(store::Database& database, std::string_view table, const Refusals& refusals,
                    UtcTime now)
{
    erase_state(database, table, key_refusals);  // the day begins anew
    write_state(database, table, key_refusals, to_state(refusals), now);
}

std::string_view filter_property(const schema::Collection& collection) noexcept
{
    return collection.strategy == schema::Strategy::window ? collection.watermark_property
                                                           : collection.changed_property;
}

std::string list_target(const schema::Collection& collection, const Refusals& refusals,
                        std::optional<UtcTime> since)
{
    Query query = shape_query(collection, refusals);
    if (since && !refusals.filter)
        add_filter(query, collection, *since);
    if (const int top = page_size(collection, refusals); top > 0)
        query.add("$top", fmt::format("{}", top));
    return fmt::format("/{}{}{}", schema::version_segment(collection.version),
                       schema::read_path(collection), query.text());
}

std::string probe_target(const schema::Collection& collection)
{
    Query query;
    if (collection.page_size > 0)
        query.add("$top", fmt::format("{}", probe_objects));
    return path_of(collection) + query.text();
}

std::string filter_probe_target(const schema::Collection& collection, UtcTime since)
{
    Query query;
    add_filter(query, collection, since);
    query.add("$top", "1");
    return path_of(collection) + query.text();
}

std::string object_target(const schema::Collection& collection, const Refusals& refusals,
                          std::string_view id)
{
    return fmt::format("{}/{}{}", path_of(collection), graph::percent_encode(id),
                       shape_query(collection, refusals).text());
}

graph::ListRequest list_request(const schema::Collection& collection, const graph::Origin& origin,
                                const Refusals& refusals, std::optional<UtcTime> since)
{
    const bool delta = collection.strategy == schema::Strategy::delta;
    return {.url = graph::url_at(origin, list_target(collection, refusals, since)),
            .path = schema::read_path(collection),
            .name = fmt::format("{}{}", set_name(collection), delta ? "/delta" : ""),
            .entity_type = std::string{collection.entity_type},
            .quota = list_quota(collection),
            .permissions = permissions(collection),
            .singleton = collection.shape == schema::Shape::singleton,
            .delta = delta};
}

graph::QuotaClass list_quota(const schema::Collection& collection) noexcept
{
    return collection.quota == schema::QuotaClass::cloud_pc_list ? graph::QuotaClass::cloud_pc_list
                                                                 : graph::QuotaClass::other;
}

graph::QuotaClass object_quota(const schema::Collection& collection) noexcept
{
    return collection.quota == schema::QuotaClass::cloud_pc_list ? graph::QuotaClass::cloud_pc_get
                                                                 : graph::QuotaClass::other;
}

std::vector<std::string> permissions(const schema::Collection& collection)
{
    return {collection.permissions.begin(), collection.permissions.end()};
}

std::string_view set_name(const schema::Collection& collection) noexcept
{
    return collection.path.substr(collection.path.rfind('/') + 1);
}

bool is_refused_request(const Error& error) noexcept
{
    return error.http_status == 400 || error.http_status == 501;
}

bool learn_refusal(const schema::Collection& collection, const Error& error, bool filtered,
                   Refusals& refusals)
{
    if (!is_refused_request(error))
        return false;
    // Graph's own words: "Could not find a property named 'x' on type 'microsoft.graph.y'."
    std::vector<std::string> found;
    for (const auto& list : {selected(collection, refusals), expanded(collection, refusals)}) {
        for (const auto& name : list) {
            if (name != collection.id_property && names_property(error.message, name))
                found.push_back(name);
        }
    }
    if (!found.empty()) {
        refusals.names.insert(refusals.names.end(), found.begin(), found.end());
        return true;
    }
    if (filtered && !refusals.filter &&
        (contains_word(error.message, "filter") || page_size(collection, refusals) == 0)) {
        refusals.filter = true;
        return true;
    }
    const int refused_size = page_size(collection, refusals);
    if (refused_size == 0)
        return false;
    const auto* smaller =
        std::ranges::find_if(page_sizes, [&](int size) { return size < refused_size; });
    refusals.top = smaller == std::end(page_sizes) ? 0 : *smaller;
    return true;
}

}  // namespace cloudpcd::mirror
