// GET of the Cloud PC collections: lists with their pages, single objects, functions.

#include "tests/simulator/json_text.hpp"
#include "tests/simulator/projection.hpp"
#include "tests/simulator/tenant.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

namespace graphsim {

struct Tenant::ReadRequest {
    const Request& request;
    const Target& target;
    const EntitySet& set;
    Version version;
    bool unknown_members;  ///< Prefer: include-unknown-enum-members
};

namespace {

constexpr std::string_view json_type =
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;"
    "charset=utf-8";

bool prefers_unknown_members(const Request& request)
{
    return std::ranges::any_of(request.headers, [](const auto& header) {
        return equal_without_case(header.first, "Prefer") &&
               header.second.find("include-unknown-enum-members") != std::string::npos;
    });
}

/// `(displayName,status,assignments())`: what $select and $expand leave of the type.
std::string context_suffix(const Query& query)
{
    std::string list;
    const auto add = [&](std::string_view name) {
        list += list.empty() ? "" : ",";
        list += name;
    };
    if (query.select_all)
        add("*");
    if (query.selects_id)
        add("id");
    for (const auto* property : query.select)
        add(property->name);
    for (const auto* property : query.expand)
        add(property->name + "()");
    return list.empty() ? "" : "(" + list + ")";
}

/// `object` with an annotation in front of its members.
std::string with_context(std::string_view context, std::string_view object)
{
    std::string out = "{\"@odata.context\":" + quote(context);
    if (object != "{}")
        out += ',';
    out += object.substr(1);
    return out;
}

Response json_response(std::string body)
{
    return {.status = 200,
            .headers = {{"Content-Type", std::string{json_type}}},
            .body = std::move(body)};
}

/// `getSourceImages`, `getSourceImages()` or `microsoft.graph.getSourceImages()`.
std::string_view function_name(std::string_view segment)
{
    constexpr std::string_view qualifier = "microsoft.graph.";
    if (segment.starts_with(qualifier))
        segment.remove_prefix(qualifier.size());
    if (segment.ends_with("()"))
        segment.remove_suffix(2);
    return segment;
}

/// By the keys, objects of equal ones in the order they had.
void sort(Snapshot& snapshot, const std::vector<OrderKey>& order)
{
    struct Row {
        std::vector<FilterValue> keys;
        std::size_t position;
        std::shared_ptr<const std::string> text;
    };
    std::vector<Row> rows;
    for (const auto& text : snapshot) {
        Row row{.keys = {}, .position = rows.size(), .text = text};
        for (const auto& key : order)
            row.keys.push_back(value_at(*text, {key.property}));
        rows.push_back(std::move(row));
    }
    std::ranges::sort(rows, [&](const Row& a, const Row& b) {
        for (std::size_t i = 0; i < order.size(); ++i) {
            if (a.keys[i] != b.keys[i])
                return (a.keys[i] < b.keys[i]) != order[i].descending;
        }
        return a.position < b.position;
    });
    for (auto& row : rows)
        snapshot[static_cast<std::size_t>(&row - rows.data())] = std::move(row.text);
}

}  // namespace

Response Tenant::read(const Request& request, const Target& target, Version version,
                      const std::vector<FaultSet::Rule*>& hit)
{
    const ReadRequest read{.request = request,
                           .target = target,
                           .set = *x_facts.set_at(target.segments),
                           .version = version,
                           .unknown_members = prefers_unknown_members(request)};
    const std::vector<std::string> below{
        target.segments.begin() + 1 + static_cast<std::ptrdiff_t>(read.set.path.size()),
        target.segments.end()};
    if (below.empty())
        return read.set.singleton ? read_singleton(read) : read_list(read, hit);
    const auto function = function_name(below.front());
    const bool known = (read.set.name == "deviceImages" && function == "getSourceImages") ||
                       (read.set.name == "auditEvents" && function == "getAuditActivityTypes");
    if (below.size() == 1 && known)
        return read_function(read, function, hit);
    if (below.size() == 1 && !read.set.singleton)
        return read_one(read, below.front());
    return no_segment(request, below.back());
}

Response Tenant::read_list(const ReadRequest& read, const std::vector<FaultSet::Rule*>& hit)
{
    for (const auto& [name, value] : read.target.query) {
        if (name == "$skiptoken" || name == "$skipToken")
            return next_page(read, value, hit);
    }
    auto query = parse_query(read.target, read.set, read.version, Shape::list,
                             x_options.reject_undocumented_query);
    if (!query)
        return error(read.request, 400, query.error().code, query.error().message);
    if (std::ranges::find(x_options.unfiltered, read.set.name) != x_options.unfiltered.end())
        query->filter.reset();
    if (query->top > x_options.page_size_max) {
        if (x_options.top_above_max == TopAboveMax::reject)
            return error(read.request, 400, "BadRequest",
                         fmt::format("The limit of '{}' for Top query has been exceeded. The value "
                                     "from the incoming request is '{}'.",
                                     x_options.page_size_max, *query->top));
        if (x_options.top_above_max == TopAboveMax::ignore)
            query->top.reset();
        else
            query->top = x_options.page_size_max;
    }
    Cursor cursor{.set = &read.set, .query = std::make_shared<const Query>(*std::move(query))};
    cursor.expires = now() + x_options.cursor_lifetime;
    cursor.hidden = take_hidden(read.set, *cursor.query);
    if (x_options.cursors == CursorKind::snapshot || !cursor.query->order.empty() ||
        cursor.query->skip > 0) {
        cursor.snapshot = take_snapshot(cursor);
        cursor.position = cursor.query->skip;
    }
    return page(read, cursor, true, false, hit);
}

Response Tenant::next_page(const ReadRequest& read, const std::string& token,
                           const std::vector<FaultSet::Rule*>& hit)
{
    Cursor* found = x_cursors.find(token, now());
    if (found == nullptr || found->set != &read.set || found->query->version != read.version)
        return error(read.request, 400, "BadRequest",
                     "Invalid $skiptoken: the page token is unknown or has expired.");
    const bool retried = ++found->served == 2;
    const Cursor cursor = *found;
    return page(read, cursor, false, retried && x_options.retried_page_link_dies, hit);
}

const Object& Tenant::listed(const EntitySet& entity_set, std::size_t position) const
{
    const auto& objects = set(entity_set.name);
    const bool backwards = entity_set.name == "auditEvents" && x_options.audit_newest_first;
    return objects.at(backwards ? objects.size() - 1 - position : position);
}

bool Tenant::shows(const Cursor& cursor, const Object& object) const
{
    if (object.visible_from > now() || cursor.hidden->contains(object.id))
        return false;
    return !cursor.query->filter ||
           cursor.query->filter->matches(object, set(cursor.set->name).time_property());
}

std::shared_ptr<const Hidden> Tenant::take_hidden(const EntitySet& entity_set, const Query& query)
{
    auto& objects = set(entity_set.name);
    auto taken = std::make_shared<Hidden>();
    for (auto entry = objects.hidden().begin(); entry != objects.hidden().end();) {
        const Object* object = objects.find(entry->first);
        // A list that would not show the object anyway uses nothing up.
        const bool shown = !query.filter || object == nullptr ||
                           query.filter->matches(*object, objects.time_property());
        if (shown)
            taken->insert(entry->first);
        entry = shown && --entry->second <= 0 ? objects.hidden().erase(entry) : std::next(entry);
    }
    return taken;
}

std::shared_ptr<const Snapshot> Tenant::take_snapshot(const Cursor& cursor) const
{
    const auto& objects = set(cursor.set->name);
    auto snapshot = std::make_shared<Snapshot>();
    for (std::size_t i = 0; i < objects.size(); ++i) {
        const auto& object = listed(*cursor.set, i);
        if (shows(cursor, object))
            snapshot->push_back(object.text);
    }
    if (!cursor.query->order.empty())
        sort(*snapshot, cursor.query->order);
    return snapshot;
}

std::int64_t Tenant::count_matches(const Cursor& cursor) const
{
    if (cursor.snapshot != nullptr)
        return static_cast<std::int64_t>(cursor.snapshot->size());
    std::int64_t count = 0;
    for (std::size_t i = 0; i < set(cursor.set->name).size(); ++i)
        count += shows(cursor, listed(*cursor.set, i)) ? 1 : 0;
    return count;
}

std::string Tenant::link(const Cursor& cursor, const std::string& token) const
{
    std::string out = fmt::format("{}/{}/{}?", x_options.base_url, to_string(cursor.query->version),
                                  fmt::join(cursor.set->path, "/"));
    for (const auto& [name, value] : cursor.query->options)
        out += fmt::format("{}={}&", percent_encode(name), percent_encode(value));
    return out + "$skiptoken=" + token;
}

Response Tenant::page(const ReadRequest& read, const Cursor& cursor, bool first, bool link_dies,
                      const std::vector<FaultSet::Rule*>& hit)
{
    const auto& query = *cursor.query;
    const Projection projection{*read.set.type, query, read.unknown_members};
    const std::size_t limit = query.top.value_or(x_options.page_size_default);
    const std::size_t end =
        cursor.snapshot != nullptr ? cursor.snapshot->size() : set(read.set.name).size();
    Page page{
        .set = read.set.name,
        .context = fmt::format("{}/{}/$metadata#{}{}", x_options.base_url, to_string(read.version),
                               fmt::join(read.set.path, "/"), context_suffix(query))};
    Cursor next = cursor;
    for (; next.position < end; ++next.position) {
        const std::string* text = nullptr;
        if (cursor.snapshot != nullptr) {
            text = (*cursor.snapshot)[next.position].get();
        } else {
            const auto& object = listed(read.set, next.position);
            if (!shows(cursor, object))
                continue;
            text = object.text.get();
        }
        if (page.items.size() == limit)
            break;
        auto& item = page.items.emplace_back();
        item.reserve(text->size());
        projection.append(item, *text);
    }
    if (next.position < end)
        page.next_link = link(cursor, link_dies ? x_cursors.dead() : x_cursors.add(next));
    if (first && query.count)
        page.count = count_matches(cursor);
    if (!hit.empty()) {
        page.self_link = x_options.base_url + read.request.target;
        page.again_link = link(cursor, x_cursors.add(cursor));
    }
    return answer(std::move(page), hit);
}

Response Tenant::answer(Page page, const std::vector<FaultSet::Rule*>& hit)
{
    x_faults.apply(hit, page);
    return json_response(page.render());
}

Response Tenant::read_one(const ReadRequest& read, const std::string& id)
{
    const auto query = parse_query(read.target, read.set, read.version, Shape::item, false);
    if (!query)
        return error(read.request, 400, query.error().code, query.error().message);
    const Object* object = set(read.set.name).find(id);
    if (object == nullptr || object->visible_from > now())
        return error(read.request, 404, "ResourceNotFound",
                     fmt::format("The resource '{}' does not exist.", id));
    std::string text;
    Projection{*read.set.type, *query, read.unknown_members}.append(text, *object->text);
    return json_response(with_context(
        fmt::format("{}/{}/$metadata#{}{}/$entity", x_options.base_url, to_string(read.version),
                    fmt::join(read.set.path, "/"), context_suffix(*query)),
        text));
}

Response Tenant::read_singleton(const ReadRequest& read)
{
    const auto query = parse_query(read.target, read.set, read.version, Shape::item, false);
    if (!query)
        return error(read.request, 400, query.error().code, query.error().message);
    std::string text;
    Projection{*read.set.type, *query, read.unknown_members}.append(text,
                                                                    *set(read.set.name).at(0).text);
    return json_response(with_context(
        fmt::format("{}/{}/$metadata#{}{}", x_options.base_url, to_string(read.version),
                    fmt::join(read.set.path, "/"), context_suffix(*query)),
        text));
}

Response Tenant::read_function(const ReadRequest& read, std::string_view name,
                               const std::vector<FaultSet::Rule*>& hit)
{
    Page page{.set = std::string{name}};
    page.self_link = x_options.base_url + read.request.target;
    page.again_link = page.self_link;
    std::string_view element = "Edm.String";
    if (name == "getSourceImages") {
        element = "microsoft.graph.cloudPcSourceDeviceImage";
        const Query query{.version = read.version};
        const Projection projection{*x_facts.type("cloudPcSourceDeviceImage"), query,
                                    read.unknown_members};
        for (const auto& image : x_generator.source_images())
            projection.append(page.items.emplace_back(), image.text);
    } else {
        for (const auto& type : x_generator.audit_activity_types())
            page.items.push_back(quote(type));
    }
    page.context = fmt::format("{}/{}/$metadata#Collection({})", x_options.base_url,
                               to_string(read.version), element);
    return answer(std::move(page), hit);
}

}  // namespace graphsim
