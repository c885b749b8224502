#include "tests/simulator/filler.hpp"

#include <fmt/format.h>

#include <array>

namespace graphsim {

namespace {

namespace json = boost::json;

constexpr int digits_of_fraction[] = {0, 0, 0, 7, 7, 7, 3, 6, 1, 2, 4, 5};

bool contains(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

}  // namespace

std::string Filler::past(int days)
{
    const auto age = std::chrono::milliseconds{
        x_random->between(1'000, std::chrono::milliseconds{std::chrono::hours{24} * days}.count())};
    const int digits = x_random->pick(digits_of_fraction);
    return rfc3339(x_now - age, digits, static_cast<unsigned>(x_random->below(10'000)));
}

std::string Filler::future(int days)
{
    return rfc3339(x_now + std::chrono::hours{x_random->between(1, std::int64_t{24} * days)}, 0);
}

std::string Filler::member_of(const Enum& enumeration)
{
    auto text = x_random->pick(enumeration.members);
    if (enumeration.flags && x_random->chance(0.3)) {
        const auto& other = x_random->pick(enumeration.members);
        if (other != text)
            text += "," + other;
    }
    return text;
}

std::string Filler::text(std::string_view name)
{
    if (contains(name, "rincipalName"))
        return fmt::format("user{:04}@contoso.com", x_random->below(5000));
    if (name.ends_with("Id") || name == "id")
        return x_random->guid();
    if (contains(name, "Url"))
        return fmt::format("https://contoso.example/{}/{}", name, x_random->below(1000));
    if (contains(name, "DateTime"))
        return future(30);
    if (contains(name, "ath"))
        return fmt::format("C:\\Program Files\\Contoso\\app{}.exe", x_random->below(100));
    if (contains(name, "cron"))
        return "0 3 * * 6";
    if (contains(name, "essage") || contains(name, "etail"))
        return fmt::format("Simulated {} number {}.", name, x_random->below(1000));
    return fmt::format("{} {}", name, x_random->below(1000));
}

json::value Filler::one(const Property& property)
{
    if (property.enumeration != nullptr)
        return json::value(member_of(*property.enumeration));
    if (property.complex != nullptr)
        return object(*property.complex);
    if (property.type == "Boolean")
        return x_random->chance(0.5);
    if (property.type == "Int32" || property.type == "Int64")
        return x_random->between(0, 128);
    if (property.type == "DateTimeOffset")
        return json::value(past(365));
    if (property.type == "Date")
        return json::value(edm_date(x_now + std::chrono::hours{24 * x_random->between(-700, 700)}));
    return json::value(text(property.name));
}

json::value Filler::value(const Property& property)
{
    if (!property.collection)
        return one(property);
    json::array elements;
    const auto count = x_random->below(3);
    for (std::size_t i = 0; i < count; ++i)
        elements.push_back(one(property));
    return elements;
}

json::object Filler::object(const Type& type)
{
    json::object made;
    const Type* actual = &type;
    if (!type.derived.empty()) {
        actual = x_random->pick(type.derived);
        made["@odata.type"] = "#microsoft.graph." + actual->name;
    }
    for (std::size_t i = 0; i < actual->own; ++i) {
        const auto& property = actual->properties[i];
        if (property.returned == Returned::never || property.returned == Returned::on_expand)
            continue;
        made[property.name] = value(property);
    }
    return made;
}

}  // namespace graphsim
