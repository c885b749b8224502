#include "tests/simulator/projection.hpp"

#include "tests/simulator/json_text.hpp"

#include <algorithm>

namespace graphsim {

Projection::Projection(const Type& type, const Query& query, bool unknown_members)
    : x_type{&type}, x_version{query.version}, x_unknown_members{unknown_members}
{
    const bool named = !query.select.empty() || query.selects_id;
    x_names_only = named && !query.select_all;
    for (const auto& property : type.properties) {
        const auto has = [&](const std::vector<const Property*>& list) {
            return std::ranges::find(list, &property) != list.end();
        };
        bool keep = property.versions.has(x_version);
        switch (property.returned) {
            case Returned::by_default:
                keep = keep && (query.select_all || !named || has(query.select));
                break;
            case Returned::on_select:
                keep = keep && (query.select_all || has(query.select));
                break;
            case Returned::on_expand:
                keep = keep && has(query.expand);
                break;
            case Returned::never:
                keep = false;
                break;
        }
        x_keep.push_back(keep);
    }
}

Projection::Projection(const Type& type, Version version)
    : x_type{&type}, x_version{version}, x_unknown_members{true}
{
    for (const auto& property : type.properties)
        x_keep.push_back(property.versions.has(version) && property.returned != Returned::never);
}

void Projection::append(std::string& out, std::string_view object) const
{
    append_object(out, object, *x_type, true);
}

bool Projection::plain(const Type& type) const noexcept
{
    return (x_unknown_members || !type.has_enums) &&
           (x_version == Version::beta || !type.has_beta_only);
}

void Projection::append_object(std::string& out, std::string_view object, const Type& type,
                               bool top) const
{
    out += '{';
    bool first = true;
    for_each_member(object, [&](std::string_view key, std::string_view value) {
        // Annotations and the id are always there, what the facts do not know without $select.
        const Property* property = type.find(key);
        if (property == nullptr && top && x_names_only && key != "id" && !key.starts_with('@'))
            return true;
        if (property != nullptr &&
            !(top ? x_keep[property->index] : property->versions.has(x_version)))
            return true;
        if (!first)
            out += ',';
        first = false;
        out += '"';
        out += key;
        out += "\":";
        if (property == nullptr)
            out += value;
        else
            append_value(out, value, *property);
        return true;
    });
    out += '}';
}

void Projection::append_value(std::string& out, std::string_view value,
                              const Property& property) const
{
    const bool copied = property.enumeration != nullptr
                            ? x_unknown_members
                            : property.complex == nullptr || plain(*property.complex);
    if (copied) {
        out += value;
        return;
    }
    const auto one = [&](std::string_view element) {
        if (property.enumeration != nullptr)
            append_enum(out, element, *property.enumeration);
        else if (element.starts_with('{'))
            append_object(out, element, *property.complex, false);
        else
            out += element;
    };
    if (!property.collection || !value.starts_with('[')) {
        one(value);
        return;
    }
    out += '[';
    bool first = true;
    for_each_element(value, [&](std::string_view element) {
        if (!first)
            out += ',';
        first = false;
        one(element);
    });
    out += ']';
}

void Projection::append_enum(std::string& out, std::string_view value,
                             const Enum& enumeration) const
{
    if (!value.starts_with('"')) {
        out += value;
        return;
    }
    auto rest = value.substr(1, value.size() - 2);
    out += '"';
    while (true) {
        const auto comma = enumeration.flags ? std::min(rest.find(','), rest.size()) : rest.size();
        const auto part = rest.substr(0, comma);
        out += enumeration.hides(part, x_version) ? std::string_view{"unknownFutureValue"} : part;
        if (comma == rest.size())
            break;
        out += ',';
        rest.remove_prefix(comma + 1);
    }
    out += '"';
}

}  // namespace graphsim
