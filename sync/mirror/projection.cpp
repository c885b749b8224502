#include "sync/mirror/projection.hpp"

#include "sync/core/log.hpp"
#include "sync/core/time.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace cloudpcd::mirror {

namespace {

namespace bj = boost::json;

constexpr std::size_t notes_max = 1000;  // paths of one pull
constexpr std::size_t example_bytes_max = 200;

bool all_finite(const bj::value& value)
{
    if (const auto* number = value.if_double())
        return std::isfinite(*number);
    if (const auto* array = value.if_array())
        return std::all_of(array->begin(), array->end(), all_finite);
    if (const auto* object = value.if_object())
        return std::all_of(object->begin(), object->end(),
                           [](const auto& member) { return all_finite(member.value()); });
    return true;
}

std::optional<std::int64_t> integer_of(const bj::value& value)
{
    if (const auto* number = value.if_int64())
        return *number;
    if (const auto* number = value.if_uint64())
        return *number <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())
                   ? std::optional{static_cast<std::int64_t>(*number)}
                   : std::nullopt;
    constexpr double exact = 9007199254740992.0;  // 2^53
    if (const auto* number = value.if_double();
        number != nullptr && std::abs(*number) <= exact && std::trunc(*number) == *number)
        return static_cast<std::int64_t>(*number);
    return std::nullopt;
}

std::optional<double> real_of(const bj::value& value)
{
    if (const auto* number = value.if_double())
        return std::isfinite(*number) ? std::optional{*number} : std::nullopt;
    if (const auto* number = value.if_int64())
        return static_cast<double>(*number);
    if (const auto* number = value.if_uint64())
        return static_cast<double>(*number);
    return std::nullopt;
}

/// As the database spells it; nullopt for what is no time, and for one that an offset moves into
/// year 10000: with a fifth digit it would sort before all others.
std::optional<std::string> sql_time(std::string_view text)
{
    constexpr std::size_t length = std::string_view{"YYYY-MM-DD HH:MM:SS.sss"}.size();
    const auto time = parse_graph_time(text);
    if (!time)
        return std::nullopt;
    auto spelled = format_sql_time(*time);
    return spelled.size() == length ? std::optional{std::move(spelled)} : std::nullopt;
}

bool is_never(std::string_view text)
{
    return text.starts_with("0001-01-01");
}

/// Binds `value`; false when it does not fit the type, and NULL is bound.
bool bind_value(const bj::value& value, schema::ColumnType type, store::Statement& statement,
                int index)
{
    const auto* string = value.if_string();
    const std::string_view text =
        string != nullptr ? std::string_view{*string} : std::string_view{};
    switch (type) {
        case schema::ColumnType::text:
        case schema::ColumnType::text_nocase:
            if (string == nullptr)
                break;
            statement.bind(index, text);
            return true;
        case schema::ColumnType::boolean:
            if (!value.is_bool())
                break;
            statement.bind(index, value.get_bool() ? 1 : 0);
            return true;
        case schema::ColumnType::integer:
            if (auto number = integer_of(value)) {
                statement.bind(index, *number);
                return true;
            }
            break;
        case schema::ColumnType::real:
            if (auto number = real_of(value)) {
                statement.bind(index, *number);
                return true;
            }
            break;
        case schema::ColumnType::timestamp:
            if (string == nullptr)
                break;
            if (auto time = sql_time(text)) {
                statement.bind_copy(index, *time);
                return true;
            }
            statement.bind(index, nullptr);
            return is_never(text);
        case schema::ColumnType::date:
            if (string == nullptr)
                break;
            if (is_date(text)) {
                statement.bind(index, text);
                return true;
            }
            // Some services send an Edm.Date with a time; the day is what was meant.
            if (auto time = sql_time(text)) {
                statement.bind_copy(index, std::string_view{*time}.substr(0, 10));
                return true;
            }
            statement.bind(index, nullptr);
            return is_never(text);
        case schema::ColumnType::json:
            if (!value.is_array() || !all_finite(value))
                break;
            statement.bind_copy(index, bj::serialize(value));
            return true;
    }
    statement.bind(index, nullptr);
    return false;
}

void note_unknown_members(const schema::Enumeration& enumeration, std::string_view value,
                          std::string_view path, DriftNotes& drift)
{
    while (true) {
        const auto comma = enumeration.flags ? value.find(',') : std::string_view::npos;
        const auto member = value.substr(0, comma);
        if (std::find(enumeration.members.begin(), enumeration.members.end(), member) ==
            enumeration.members.end())
            drift.add(path, DriftNotes::Kind::enumeration, member);
        if (comma == std::string_view::npos)
            return;
        value.remove_prefix(comma + 1);
    }
}

std::string joined(std::string_view prefix, std::string_view path)
{
    std::string out{prefix};
    if (!out.empty())
        out += '.';
    out += path;
    return out;
}

}  // namespace

void DriftNotes::add(std::string_view path, Kind kind, std::string_view example)
{
    std::pair<std::string, Kind> key{path, kind};
    if (!x_in_object.emplace(key, true).second)
        return;
    auto found = x_notes.find(key);
    if (found == x_notes.end()) {
        if (x_notes.size() >= notes_max)
            return;
        found = x_notes
                    .emplace(std::move(key),
                             Note{.example = log::escape(example, example_bytes_max), .count = 0})
                    .first;
    }
    ++found->second.count;
}

std::string_view DriftNotes::to_string(Kind kind) noexcept
{
    switch (kind) {
        case Kind::property:
            return "property";
        case Kind::enumeration:
            return "enum";
        case Kind::type:
            return "type";
        case Kind::refused:
            return "refused";
    }
    return "property";
}

std::vector<std::string_view> split_path(std::string_view path)
{
    std::vector<std::string_view> names;
    while (!path.empty()) {
        const auto dot = path.starts_with('@') ? std::string_view::npos : path.find('.');
        names.push_back(path.substr(0, dot));
        path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
    }
    return names;
}

const bj::value* find_value(const bj::value& object,
                            std::span<const std::string_view> path) noexcept
{
    const bj::value* at = &object;
    for (auto name : path) {
        const auto* members = at->if_object();
        if (members == nullptr)
            return nullptr;
        at = members->if_contains(name);
        if (at == nullptr)
            return nullptr;
    }
    return at;
}

Projection::Projection(std::span<const schema::Column> columns)
{
    x_fields.reserve(columns.size());
    for (const auto& column : columns)
        x_fields.push_back({.column = &column, .path = split_path(column.property)});
}

void Projection::bind(const bj::value& object, store::Statement& statement, int first,
                      DriftNotes& drift, std::string_view path_prefix) const
{
    int index = first - 1;
    for (const auto& field : x_fields) {
        ++index;
        const auto* value = find_value(object, field.path);
        if (value == nullptr || value->is_null()) {
            statement.bind(index, nullptr);
            continue;
        }
        const auto& column = *field.column;
        if (column.property.ends_with("@odata.type") && value->is_string()) {
            // Spelled with and without '#', and with another case in places.
            std::string_view type = value->get_string();
            if (type.starts_with('#'))
                type.remove_prefix(1);
            constexpr std::string_view graph_namespace = "microsoft.graph.";
            if (type.starts_with(graph_namespace))
                type.remove_prefix(graph_namespace.size());
            statement.bind(index, type);
            continue;
        }
        if (!bind_value(*value, column.type, statement, index)) {
            drift.add(joined(path_prefix, column.property), DriftNotes::Kind::type,
                      bj::serialize(*value));
        } else if (column.enumeration != nullptr && value->is_string()) {
            note_unknown_members(*column.enumeration, value->get_string(),
                                 joined(path_prefix, column.property), drift);
        }
    }
}

KnownMembers& KnownMembers::at(std::string_view path)
{
    KnownMembers* found = this;
    for (auto name : split_path(path))
        found = &found->x_members.try_emplace(std::string{name}).first->second;
    return *found;
}

void KnownMembers::add(std::string_view path)
{
    at(path).x_leaf = true;
}

void KnownMembers::add_collection(std::string_view path)
{
    at(path).x_collection = true;
}

void KnownMembers::note_unknown(const bj::value& value, std::string_view path,
                                DriftNotes& drift) const
{
    // A leaf holds a value, or a collection stored as JSON: what is inside is not the catalog's.
    if (x_members.empty())
        return;
    if (!x_collection) {
        note_members(value, path, drift);
    } else if (const auto* array = value.if_array()) {
        for (const auto& element : *array)
            note_members(element, path, drift);
    } else if (!value.is_null()) {
        drift.add(path, DriftNotes::Kind::type, bj::serialize(value));
    }
}

void KnownMembers::note_members(const bj::value& value, std::string_view path,
                                DriftNotes& drift) const
{
    const auto* object = value.if_object();
    if (object == nullptr) {
        if (!value.is_null() && !path.empty() && !x_leaf)
            drift.add(path, DriftNotes::Kind::type, bj::serialize(value));
        return;
    }
    for (const auto& member : *object) {
        const std::string_view key = member.key();
        auto known = x_members.find(key);
        if (known != x_members.end())
            known->second.note_unknown(member.value(), joined(path, key), drift);
        else if (key.find('@') ==
                 std::string_view::npos)  // annotations are OData's, not the object's
            drift.add(joined(path, key), DriftNotes::Kind::property, bj::serialize(member.value()));
    }
}

}  // namespace cloudpcd::mirror
