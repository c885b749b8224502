#include "tests/simulator/facts.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>

namespace graphsim {

struct EmbeddedFile {
    std::string_view name, text;
};
extern const std::span<const EmbeddedFile> graph_facts;

namespace {

namespace json = boost::json;

/// Readable sets. Navigations below a set are reached by $expand, the rest is no list of objects or
/// was withdrawn.
constexpr std::array served{"auditEvents",
                            "bulkActions",
                            "cloudApps",
                            "cloudPCs",
                            "cloudPcPools",
                            "deviceImages",
                            "externalPartners",
                            "frontLineServicePlans",
                            "galleryImages",
                            "managedLicenses",
                            "onPremisesConnections",
                            "organizationSettings",
                            "provisioningPolicies",
                            "servicePlans",
                            "snapshots",
                            "supportedRegions",
                            "userSettings",
                            "devices",
                            "groups",
                            "managedDevices",
                            "subscribedSkus",
                            "users"};

std::string text(const json::value& value)
{
    return std::string{std::string_view{value.as_string()}};
}

Versions versions_of(const json::object& object)
{
    Versions versions;
    for (const auto& version : object.at("versions").as_array())
        (text(version) == "beta" ? versions.beta : versions.v1_0) = true;
    return versions;
}

Returned returned_of(const json::object& object)
{
    const auto* returned = object.if_contains("returned");
    if (returned == nullptr)
        return Returned::by_default;
    const auto word = text(*returned);
    if (word == "select")
        return Returned::on_select;
    return word == "expand" ? Returned::on_expand : Returned::never;
}

void set_collection(Property& property)
{
    constexpr std::string_view opening = "Collection(";
    if (!property.type.starts_with(opening))
        return;
    property.collection = true;
    property.type = property.type.substr(opening.size());
    property.type.pop_back();
}

Property property_of(const json::object& object)
{
    Property property{.name = text(object.at("name")),
                      .type = text(object.at("type")),
                      .versions = versions_of(object),
                      .returned = returned_of(object)};
    if (const auto* nullable = object.if_contains("nullable"))
        property.nullable = !nullable->is_bool() || nullable->as_bool();
    set_collection(property);
    return property;
}

/// Where the facts have no permissions, those of every documented change.
Operation operation_of(const json::object& object, bool write)
{
    Operation made{.versions = versions_of(object)};
    const auto* roles = object.at("application").if_array();
    if (roles == nullptr) {
        made.roles = {"CloudPC.ReadWrite.All"};
        return made;
    }
    for (const auto& role : *roles) {
        // Of organizationSettings the list of permissions names one that only reads; the page of
        // the update does not.
        if (!write || text(role).find("ReadWrite") != std::string::npos)
            made.roles.push_back(text(role));
    }
    return made;
}

/// `Edm.String`, `microsoft.graph.x` or a collection of either.
Property parameter_of(std::string_view name, std::string type)
{
    for (const std::string_view prefix : {"Edm.", "microsoft.graph."}) {
        if (const auto at = type.find(prefix); at != std::string::npos)
            type.erase(at, prefix.size());
    }
    Property made{.name = std::string{name}, .type = std::move(type)};
    made.versions = {.v1_0 = true, .beta = true};
    set_collection(made);
    return made;
}

/// The set that the action is bound to is the last segment before it, but for an `{id}`.
Action action_of(const json::object& object)
{
    Action made{.name = text(object.at("name"))};
    made.function = text(object.at("method")) == "GET";
    made.operation = operation_of(object, !made.function);
    made.status = static_cast<int>(object.at("response").at("code").as_int64());
    auto path = text(object.at("path"));
    const auto parent = [&path] {
        path.resize(path.rfind('/'));
        return path.substr(path.rfind('/') + 1);
    };
    made.set = parent();
    made.on_item = made.set == "{id}";
    if (made.on_item)
        made.set = parent();
    if (const auto* body = object.at("body").if_object()) {
        for (const auto& parameter : *body)
            made.parameters.push_back(parameter_of(parameter.key(), text(parameter.value())));
    }
    return made;
}

std::vector<Property> properties_of(const json::object& object)
{
    std::vector<Property> properties;
    for (const auto& property : object.at("properties").as_array())
        properties.push_back(property_of(property.as_object()));
    return properties;
}

Enum enum_of(const json::object& object)
{
    Enum made{.flags = object.at("flags").as_bool()};
    for (const auto& member : object.at("members").as_array()) {
        if (auto name = text(member.as_object().at("name")); name != "unknownFutureValue")
            made.members.push_back(std::move(name));
    }
    const auto& hidden = object.at("hidden").as_object();
    for (const auto& member : hidden.at("beta").as_array())
        made.hidden_beta.insert(text(member));
    for (const auto& member : hidden.at("v1.0").as_array())
        made.hidden_v1_0.insert(text(member));
    return made;
}

EntitySet set_of(const json::object& object)
{
    EntitySet made{.name = text(object.at("name")),
                   .versions = versions_of(object),
                   .singleton = text(object.at("cardinality")) == "singleton"};
    const auto path = text(object.at("path"));
    for (std::size_t from = 1; from < path.size();) {
        const auto to = std::min(path.find('/', from), path.size());
        made.path.push_back(path.substr(from, to - from));
        from = to + 1;
    }
    const auto& documented = object.at("documentedQuery");
    if (const auto* lists = documented.if_object()) {
        if (const auto* options = lists->if_contains("list"); options && options->is_array()) {
            made.list_options.emplace();
            for (const auto& option : options->as_array())
                made.list_options->push_back(text(option));
        }
    }
    const auto& operations = object.at("operations").as_object();
    const auto& read = operations.at(made.singleton ? "get" : "list").as_object();
    if (const auto* roles = read.at("application").if_array()) {
        for (const auto& role : *roles)
            made.roles.push_back(text(role));
    }
    if (const auto* delta = operations.if_contains("delta")) {
        for (const auto& role : delta->at("application").as_array())
            made.delta_roles.push_back(text(role));
    }
    for (const auto* change : {"create", "update", "delete"}) {
        const auto* operation = operations.if_contains(change);
        if (operation != nullptr && operation->at("documented").as_bool())
            made.operations.emplace(change, operation_of(operation->as_object(), true));
    }
    if (made.roles.empty())
        made.roles = {"CloudPC.Read.All", "CloudPC.ReadWrite.All"};
    return made;
}

/// Own properties first, as generated objects show them; what a base or a derived type brings
/// follows, once.
void append_new(std::vector<Property>& to, const std::vector<Property>& from)
{
    for (const auto& property : from) {
        if (std::ranges::find(to, property.name, &Property::name) == to.end())
            to.push_back(property);
    }
}

/// True when `holds` is true of a property reachable from `type`. Types do not nest in a circle.
template <class Predicate>
bool reaches(const Type& type, const Predicate& holds)
{
    return std::ranges::any_of(type.properties, [&](const Property& property) {
        return holds(property) ||
               (property.complex != nullptr && reaches(*property.complex, holds));
    });
}

}  // namespace

std::string_view to_string(Version version) noexcept
{
    return version == Version::v1_0 ? "v1.0" : "beta";
}

bool Enum::hides(std::string_view member, Version version) const noexcept
{
    if (member == "unknownFutureValue")
        return false;
    const auto& hidden = version == Version::beta ? hidden_beta : hidden_v1_0;
    return hidden.contains(member) || std::ranges::find(members, member) == members.end();
}

const Property* Type::find(std::string_view name_of_property) const noexcept
{
    const auto found = by_name.find(name_of_property);
    return found == by_name.end() ? nullptr : found->second;
}

const Facts& Facts::instance()
{
    static const Facts facts{graph_facts.front().text};
    return facts;
}

Facts::Facts(std::string_view document)
{
    const auto root = json::parse(document);
    for (const auto& member : root.at("enums").as_object())
        x_enums.emplace(std::string{member.key()}, enum_of(member.value().as_object()));

    std::map<std::string, std::vector<Property>> own;
    for (const auto& member : root.at("types").as_object()) {
        const std::string name{member.key()};
        const auto& object = member.value().as_object();
        const auto* base = object.at("base").if_string();
        own[name] = properties_of(object);
        x_types.emplace(
            name, Type{.name = name, .base = base ? std::string{std::string_view{*base}} : ""});
    }
    for (const auto& item : root.at("entitySets").as_array()) {
        const auto& object = item.as_object();
        const auto type = text(object.at("entityType"));
        // A type that has derived ones is listed among the types as well; the set knows when its
        // properties are returned.
        own[type] = properties_of(object);
        x_types.emplace(type, Type{.name = type}).first->second.entity = true;
        const auto name = text(object.at("name"));
        if (std::ranges::find(served, name) == served.end())
            continue;
        auto made = set_of(object);
        made.type = &x_types.find(type)->second;
        x_sets.emplace(name, std::move(made));
    }
    for (auto& [name, type] : x_types) {
        type.properties = own[name];
        for (auto base = x_types.find(type.base); base != x_types.end();
             base = x_types.find(base->second.base))
            append_new(type.properties, own[base->first]);
        type.own = type.properties.size();
    }
    for (auto& [name, type] : x_types) {
        const auto base = x_types.find(type.base);
        if (base != x_types.end()) {
            base->second.derived.push_back(&type);
            append_new(base->second.properties, own[name]);
        }
    }
    for (auto& [name, type] : x_types) {
        std::size_t index = 0;
        for (auto& property : type.properties) {
            property.index = index++;
            resolve(property);
            type.by_name.emplace(property.name, &property);
        }
    }
    for (auto& [name, type] : x_types) {
        type.has_enums = reaches(type, [](const auto& p) { return p.enumeration != nullptr; });
        type.has_beta_only = reaches(type, [](const auto& p) { return !p.versions.v1_0; });
    }
    for (const auto& item : root.at("actions").as_array()) {
        auto& action = x_actions.emplace_back(action_of(item.as_object()));
        for (auto& parameter : action.parameters)
            resolve(parameter);
    }
    if (x_sets.size() != served.size())
        throw std::runtime_error{"the facts lack a set that is served"};
}

void Facts::resolve(Property& property) const noexcept
{
    const auto complex = x_types.find(property.type);
    property.complex = complex == x_types.end() ? nullptr : &complex->second;
    const auto enumeration = x_enums.find(property.type);
    property.enumeration = enumeration == x_enums.end() ? nullptr : &enumeration->second;
}

const Action* Facts::action(std::string_view set, std::string_view name,
                            bool on_item) const noexcept
{
    for (const auto& action : x_actions) {
        if (action.set == set && action.name == name && action.on_item == on_item)
            return &action;
    }
    return nullptr;
}

const EntitySet* Facts::set(std::string_view name) const noexcept
{
    const auto found = x_sets.find(name);
    return found == x_sets.end() ? nullptr : &found->second;
}

const EntitySet* Facts::set_at(const std::vector<std::string>& segments) const noexcept
{
    for (const auto& [name, entity_set] : x_sets) {
        const auto& path = entity_set.path;
        if (segments.size() > path.size() &&
            std::equal(path.begin(), path.end(), segments.begin() + 1))
            return &entity_set;
    }
    return nullptr;
}

const Type* Facts::type(std::string_view name) const noexcept
{
    const auto found = x_types.find(name);
    return found == x_types.end() ? nullptr : &found->second;
}

const Enum* Facts::enumeration(std::string_view name) const noexcept
{
    const auto found = x_enums.find(name);
    return found == x_enums.end() ? nullptr : &found->second;
}

}  // namespace graphsim
