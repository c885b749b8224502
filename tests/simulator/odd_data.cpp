#include "tests/simulator/odd_data.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace graphsim {

namespace {

namespace json = boost::json;

/// Members of `object` that the type knows as `kind` and that hold something.
std::vector<std::string> members_of(const json::object& object, const Type& type,
                                    std::string_view kind)
{
    std::vector<std::string> names;
    for (const auto& member : object) {
        const Property* property = type.find(std::string_view{member.key()});
        if (property == nullptr || member.value().is_null() ||
            property->returned == Returned::on_expand)
            continue;
        const bool fits = kind == "enum"         ? property->enumeration != nullptr
                          : kind == "collection" ? property->collection
                                                 : property->type == kind;
        if (fits && (kind == "collection" || !property->collection))
            names.emplace_back(std::string_view{member.key()});
    }
    return names;
}

void put(json::object& object, const Type& type, std::string_view kind, json::value value,
         Random& random)
{
    const auto names = members_of(object, type, kind);
    if (!names.empty())
        object[random.pick(names)] = std::move(value);
}

void put_name(json::object& object, std::string_view text)
{
    if (object.contains("displayName"))
        object["displayName"] = text;
}

void drop(json::object& object, const Type& type, Random& random)
{
    const auto names = members_of(object, type, "String");
    if (names.empty())
        return;
    const auto& name = random.pick(names);
    object.stable_erase(object.find(name));
}

void add_unknown(json::object& object)
{
    object["propertyOfTomorrow"] = "introduced after the documentation";
    object["structureOfTomorrow"] =
        json::object{{"enabled", true}, {"levels", json::array{1, 2.5, nullptr}}};
}

void set_case(json::object& object, std::string_view type_name)
{
    object["@odata.type"] = "microsoft.graph." + std::string{type_name};  // without the #
}

std::string long_text()
{
    std::string text;
    while (text.size() < 20'000)
        text += "All work and no play makes a long display name. ";
    return text;
}

}  // namespace

void make_odd(json::object& object, const Type& type, std::size_t kind, Random& random)
{
    switch (kind % odd_kinds) {
        case 0:
            put(object, type, "String", nullptr, random);
            break;
        case 1:
            drop(object, type, random);
            break;
        case 2:
            add_unknown(object);
            break;
        case 3:
            put(object, type, "enum", "memberOfTomorrow", random);
            break;
        case 4:
            put(object, type, "DateTimeOffset", "2026-01-31T23:59:59.1Z", random);
            break;
        case 5:
            put(object, type, "DateTimeOffset", "2021-02-14T13:10:51.814636+08:00", random);
            break;
        case 6:
            put(object, type, "DateTimeOffset", "0001-01-01T00:00:00Z", random);
            break;
        case 7:
            put(object, type, "DateTimeOffset", "2020-11-010T20:00:34Z", random);
            break;
        case 8:
            put(object, type, "String", "", random);
            break;
        case 9:
            put_name(object, "🧑🏽‍💻 Zażółć gęślą jaźń 漢字");
            break;
        case 10:
            put_name(object, "مكتب \u202Eabc\u202C محاسبة");
            break;
        case 11:
            put_name(object, "Cafe\u0301 Ame\u0301lie");
            break;  // combining accents
        case 12:
            put_name(object, "'); DROP TABLE cloud_pcs;--");
            break;
        case 13:
            put_name(object, "line one\nline \"two\"\t\\ end\u0007");
            break;
        case 14:
            put_name(object, long_text());
            break;
        case 15:
            set_case(object, type.name);
            break;
        case 16:
            put(object, type, "collection", json::array{}, random);
            break;
        default:
            put(object, type, "Int32", nullptr, random);
            put(object, type, "Boolean", nullptr, random);
            break;
    }
}

}  // namespace graphsim
