#include "tests/unit/schema/facts.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace cloudpcd::schema::facts {

namespace {

namespace bj = boost::json;

std::string text(const bj::object& object, std::string_view member)
{
    const auto* value = object.if_contains(member);
    return value != nullptr && value->is_string() ? std::string{value->get_string()} : "";
}

bool in_version(const bj::object& object, std::string_view version)
{
    return std::ranges::count(strings(object, "versions"), version) > 0;
}

const bj::object* find_by(std::string_view list, std::string_view member, std::string_view wanted)
{
    for (const auto& item : document().at(list).as_array()) {
        if (text(item.as_object(), member) == wanted)
            return &item.as_object();
    }
    return nullptr;
}

const bj::object* find_type(std::string_view name)
{
    if (const auto* type = document().at("types").as_object().if_contains(name))
        return &type->as_object();
    return find_by("entitySets", "entityType", name);
}

std::vector<std::string> derived_types(std::string_view base)
{
    std::vector<std::string> names;
    for (const auto& member : document().at("types").as_object()) {
        if (text(member.value().as_object(), "base") == base)
            names.emplace_back(member.key());
    }
    return names;
}

ColumnType primitive(std::string_view name, std::string_view type)
{
    if (type == "String" || type == "Guid" || type == "Duration")
        return name == "userPrincipalName" || name == "mail" ? ColumnType::text_nocase
                                                             : ColumnType::text;
    if (type == "Boolean")
        return ColumnType::boolean;
    if (type == "Int32" || type == "Int64")
        return ColumnType::integer;
    if (type == "Double" || type == "Single")
        return ColumnType::real;
    if (type == "DateTimeOffset")
        return ColumnType::timestamp;
    if (type == "Date")
        return ColumnType::date;
    throw std::runtime_error{"a type without a rule: " + std::string{type}};
}

class Flattener {
public:
    Flattener(std::string_view version, const Paths& tables) : x_version{version}, x_tables{tables}
    {}

    void add_type(std::string_view name, const std::string& prefix)
    {
        const auto* type = find_type(name);
        if (type == nullptr)
            throw std::runtime_error{"an unknown type: " + std::string{name}};
        // Entities have an id; complex types have no base or a complex one.
        const bool is_set = type->contains("entityType");
        if (is_set || text(*type, "base") == "entity")
            add(prefix + "id", {.type = ColumnType::text, .enumeration = ""});
        const auto derived = derived_types(name);
        if (!derived.empty())
            add(prefix + "@odata.type", {.type = ColumnType::text, .enumeration = ""});
        for (const auto& property : type->at("properties").as_array())
            add_property(property.as_object(), prefix);
        for (const auto& other : derived)
            add_type(other, prefix);
    }

    Flattened take() { return std::move(x_result); }

private:
    void add(const std::string& path, Property property)
    {
        x_result.properties.emplace(path, std::move(property));
    }

    void add_property(const bj::object& property, const std::string& prefix)
    {
        if (!in_version(property, x_version))
            return;
        const auto name = text(property, "name");
        const auto type = text(property, "type");
        const auto path = prefix + name;
        constexpr std::string_view collection = "Collection(";
        if (type.starts_with(collection)) {
            if (x_tables.contains(path))
                x_result.collections[path] =
                    type.substr(collection.size(), type.size() - collection.size() - 1);
            else
                add(path, {.type = ColumnType::json, .enumeration = ""});
        } else if (document().at("enums").as_object().contains(type)) {
            add(path, {.type = ColumnType::text, .enumeration = type});
        } else if (find_type(type) != nullptr) {
            add_type(type, path + ".");
        } else {
            add(path, {.type = primitive(name, type), .enumeration = ""});
        }
    }

    std::string_view x_version;
    const Paths& x_tables;
    Flattened x_result;
};

}  // namespace

const bj::object& document()
{
    static const bj::value parsed = [] {
        std::ifstream in{CLOUDPCD_SOURCE_DIR "/tests/facts/graph.json"};
        return bj::parse(std::string{std::istreambuf_iterator<char>{in}, {}});
    }();
    return parsed.as_object();
}

const bj::object* entity_set(std::string_view path)
{
    return find_by("entitySets", "path", path);
}

const bj::object* function(std::string_view path)
{
    return find_by("actions", "path", path);
}

Flattened flatten(std::string_view type, std::string_view version, const Paths& tables)
{
    Flattener flattener{version, tables};
    flattener.add_type(type, "");
    return flattener.take();
}

EnumFacts enumeration(std::string_view name, std::string_view version)
{
    const auto& found = document().at("enums").as_object().at(name).as_object();
    EnumFacts result{.members = {}, .flags = found.at("flags").as_bool()};
    for (const auto& member : found.at("members").as_array()) {
        if (in_version(member.as_object(), version))
            result.members.insert(text(member.as_object(), "name"));
    }
    return result;
}

std::vector<std::string> strings(const bj::object& object, std::string_view member)
{
    std::vector<std::string> result;
    const auto* value = object.if_contains(member);
    if (value != nullptr && value->is_array()) {
        for (const auto& item : value->get_array())
            result.emplace_back(item.as_string());
    }
    return result;
}

}  // namespace cloudpcd::schema::facts
