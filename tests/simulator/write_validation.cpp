#include "tests/simulator/write_validation.hpp"

#include "tests/simulator/times.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>

namespace graphsim {

namespace {

namespace json = boost::json;

using Check = std::optional<Refusal>;

Refusal bad(std::string message)
{
    return {400, "BadRequest", std::move(message)};
}

bool contains(const std::vector<std::string_view>& names, std::string_view name)
{
    return std::ranges::find(names, name) != names.end();
}

Check check_object(const json::object& object, const Type& declared, Version version);

Check wrong_type(const json::value& value, const Property& property)
{
    return bad(fmt::format(
        "Cannot convert the literal '{}' of the property '{}' to the expected "
        "type '{}{}'.",
        json::serialize(value), property.name,
        property.complex == nullptr && property.enumeration == nullptr ? "Edm."
                                                                       : "microsoft.graph.",
        property.type));
}

bool is_member(const Enum& enumeration, std::string_view text)
{
    if (text == "unknownFutureValue")
        return false;
    if (!enumeration.flags)
        return std::ranges::find(enumeration.members, text) != enumeration.members.end();
    while (true) {
        const auto comma = text.find(',');
        auto one = text.substr(0, comma);
        while (one.starts_with(' '))
            one.remove_prefix(1);
        if (std::ranges::find(enumeration.members, one) == enumeration.members.end())
            return false;
        if (comma == std::string_view::npos)
            return true;
        text.remove_prefix(comma + 1);
    }
}

bool fits_primitive(const json::value& value, std::string_view type)
{
    if (type == "Boolean")
        return value.is_bool();
    if (type == "Int32")
        return value.is_int64() && value.as_int64() >= std::numeric_limits<std::int32_t>::min() &&
               value.as_int64() <= std::numeric_limits<std::int32_t>::max();
    if (type == "Int64")
        return value.is_int64();
    if (type == "Double")
        return value.is_number();
    if (!value.is_string())
        return false;
    const std::string_view text = value.as_string();
    if (type == "DateTimeOffset")
        return text.find('T') != std::string_view::npos && parse_ticks(text).has_value();
    if (type == "Date")
        return text.size() == 10 && parse_ticks(text).has_value();
    return true;
}

Check check_one(const json::value& value, const Property& property, Version version)
{
    if (value.is_null())
        return std::nullopt;
    if (property.enumeration != nullptr) {
        if (!value.is_string() || !is_member(*property.enumeration, value.as_string()))
            return wrong_type(value, property);
        return std::nullopt;
    }
    if (property.complex != nullptr) {
        if (!value.is_object())
            return wrong_type(value, property);
        return check_object(value.as_object(), *property.complex, version);
    }
    return fits_primitive(value, property.type) ? std::nullopt : wrong_type(value, property);
}

Check check_value(const json::value& value, const Property& property, Version version)
{
    if (!property.collection)
        return check_one(value, property, version);
    if (value.is_null())
        return std::nullopt;
    if (!value.is_array())
        return wrong_type(value, property);
    for (const auto& element : value.as_array()) {
        if (element.is_null())
            return wrong_type(value, property);
        if (auto refusal = check_one(element, property, version))
            return refusal;
    }
    return std::nullopt;
}

/// The type that `@odata.type` names, when it is the declared one or derived from it. The
/// documentation spells some names in two ways.
const Type* actual_type(const json::object& object, const Type& declared)
{
    const auto name = odata_type(object);
    if (name.empty() || equal_without_case(name, declared.name))
        return &declared;
    for (const auto* derived : declared.derived) {
        if (const auto* found =
                equal_without_case(name, derived->name) ? derived : actual_type(object, *derived);
            found != nullptr)
            return found;
    }
    return nullptr;
}

Check check_object(const json::object& object, const Type& declared, Version version)
{
    const auto* type = actual_type(object, declared);
    if (type == nullptr)
        return bad(fmt::format("The type '{}' is not assignable to '{}'.", odata_type(object),
                               declared.name));
    for (const auto& member : object) {
        const std::string_view name = member.key();
        if (name.find('@') != std::string_view::npos)
            continue;  // annotations
        if (name == "id" && declared.entity && member.value().is_string())
            continue;
        const auto* property = type->find(name);
        const bool own = property != nullptr && property->index < type->own;
        if (!own || !property->versions.has(version))
            return bad(
                fmt::format("The property '{}' does not exist on type 'microsoft.graph.{}'. "
                            "Make sure to only use property names that are defined by the "
                            "type.",
                            name, type->name));
        if (auto refusal = check_value(member.value(), *property, version))
            return refusal;
    }
    return std::nullopt;
}

Check check_required(const json::object& body, const WriteRule& rule)
{
    for (const auto name : rule.required) {
        const auto* value = body.if_contains(name);
        const bool empty = value != nullptr && value->is_string() && value->as_string().empty();
        if (value == nullptr || value->is_null() || empty)
            return bad(fmt::format("Cannot process request due to invalid input: '{}' is required.",
                                   name));
    }
    return std::nullopt;
}

bool is_json(const Request& request)
{
    auto type = request.header("Content-Type").value_or("");
    type = type.substr(0, type.find(';'));
    while (type.ends_with(' '))
        type.remove_suffix(1);
    return equal_without_case(type, "application/json");
}

}  // namespace

std::string odata_type(const json::object& object)
{
    const auto* value = object.if_contains("@odata.type");
    if (value == nullptr || !value->is_string())
        return "";
    std::string_view name = value->as_string();
    if (name.starts_with('#'))
        name.remove_prefix(1);
    constexpr std::string_view qualifier = "microsoft.graph.";
    if (name.starts_with(qualifier))
        name.remove_prefix(qualifier.size());
    return std::string{name};
}

std::variant<json::object, Refusal> parse_body(const Request& request)
{
    if (request.body.empty())
        return json::object{};
    if (!is_json(request))
        return Refusal{415, "UnsupportedMediaType",
                       "A supported MIME type could not be found that matches the content type of "
                       "the request."};
    boost::system::error_code failure;
    auto value = json::parse(request.body, failure);
    if (failure || !value.is_object())
        return bad(
            "Unable to read JSON request payload. Please ensure Content-Type header is set "
            "and payload is of valid JSON format.");
    return std::move(value.as_object());
}

Check check_entity(const json::object& body, const Type& type, Version version,
                   const WriteRule& rule)
{
    for (const auto& member : body) {
        if (contains(rule.read_only, member.key()) || contains(rule.immutable, member.key()))
            return bad(fmt::format("The property '{}' is read-only and cannot be set.",
                                   std::string_view{member.key()}));
    }
    if (auto refusal = check_object(body, type, version))
        return refusal;
    for (const auto& member : body) {
        const auto* property = type.find(member.key());
        if (property != nullptr && !property->nullable && member.value().is_null())
            return bad(fmt::format("The property '{}' cannot be null.", property->name));
    }
    return check_required(body, rule);
}

Check check_parameters(const json::object& body, const Action& action, Version version,
                       const WriteRule& rule)
{
    for (const auto& member : body) {
        const std::string_view name = member.key();
        if (name.find('@') != std::string_view::npos)
            continue;
        const auto found = std::ranges::find(action.parameters, name, &Property::name);
        if (found == action.parameters.end())
            return bad(
                fmt::format("The parameter '{}' in the request payload is not a valid "
                            "parameter for the operation '{}'.",
                            name, action.name));
        if (auto refusal = check_value(member.value(), *found, version))
            return refusal;
    }
    return check_required(body, rule);
}

std::string without_secrets(json::object body, const WriteRule& rule)
{
    for (const auto name : rule.secrets) {
        if (body.contains(name))
            body[name] = "(secret)";
    }
    return body.empty() ? "" : json::serialize(body);
}

}  // namespace graphsim
