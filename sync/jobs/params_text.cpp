#include "sync/jobs/params_text.hpp"

#include "sync/core/json_scan.hpp"
#include "sync/graph/ascii.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace cloudpcd::jobs {

namespace bj = boost::json;

namespace {

constexpr std::size_t shown_name_max = 64;

bool names_secret(std::string_view member)
{
    const auto is_same = [&](std::string_view secret) {
        return graph::ascii_iequals(secret, member);
    };
    return std::ranges::any_of(schema::secret_members(), is_same) ||
           graph::ascii_lower(member).find("password") != std::string::npos;
}

/// Whether a member that is called like a secret holds anything but a reference or null.
bool holds_literal(const bj::value& value)
{
    if (const auto* array = value.if_array())
        return std::ranges::any_of(*array, holds_literal);
    const auto* object = value.if_object();
    if (object == nullptr)
        return false;
    return std::ranges::any_of(*object, [](const bj::key_value_pair& member) {
        if (names_secret(member.key()))
            return !member.value().is_null() && credential_of(member.value()) == nullptr;
        return holds_literal(member.value());
    });
}

/// Path of a member that is given twice, anywhere in well-formed text of bounded depth.
std::optional<std::string> find_duplicate_below(std::string_view text, const std::string& path)
{
    if (const auto elements = json::array_elements(text)) {
        for (std::size_t i = 0; i < elements->size(); ++i) {
            if (auto found = find_duplicate_below((*elements)[i], fmt::format("{}[{}]", path, i)))
                return found;
        }
        return std::nullopt;
    }
    const auto members = json::object_members(text);
    if (!members)
        return std::nullopt;
    std::set<std::string> names;
    for (const auto& member : *members) {
        // Escapes are another spelling of the same name.
        auto name = json::string_value(fmt::format("\"{}\"", member.key)).value_or("");
        auto inner = join_path(path, shown_name(name));
        if (!names.insert(std::move(name)).second)
            return inner;
        if (auto found = find_duplicate_below(member.value, inner))
            return found;
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> find_duplicate(std::string_view text)
{
    return find_duplicate_below(text, "");
}

ParamsText parse_params(const schema::Action& action, std::string_view text)
{
    ParamsText result;
    const auto refuse = [&](std::string path, std::string what, std::string accepted) {
        result.problem = Problem{std::move(path), std::move(what), std::move(accepted)};
        return std::move(result);
    };
    if (text.size() > params_bytes_max) {
        result.may_hold_secret = true;  // not looked into
        return refuse("", fmt::format("are {} bytes long", text.size()),
                      fmt::format("at most {}", params_bytes_max));
    }
    text = json::trim(text);
    if (text.empty())
        return result;
    bj::error_code failure;
    const auto parsed = bj::parse(text, failure, {}, {.max_depth = params_depth_max});
    if (failure) {
        // As far as one can see: what is no JSON cannot be searched member by member.
        result.may_hold_secret = schema::takes_secret(action) || names_secret(text);
        if (failure == bj::error::too_deep)
            return refuse("", "are nested too deep", fmt::format("{} levels", params_depth_max));
        return refuse("", fmt::format("are not JSON ({})", failure.message()), "a JSON object");
    }
    result.may_hold_secret = holds_literal(parsed);
    if (!parsed.is_object())
        return refuse("", fmt::format("are {}", type_of(parsed)), "a JSON object");
    if (auto twice = find_duplicate(text)) {
        result.may_hold_secret |= schema::takes_secret(action);  // the parser kept one of the two
        return refuse(std::move(*twice), "is given twice", "");
    }
    result.object = parsed.get_object();
    return result;
}

const bj::string* credential_of(const bj::value& value) noexcept
{
    const auto* object = value.if_object();
    if (object == nullptr || object->size() != 1)
        return nullptr;
    const auto* name = object->if_contains("credential");
    return name == nullptr ? nullptr : name->if_string();
}

std::string_view type_of(const bj::value& value) noexcept
{
    switch (value.kind()) {
        case bj::kind::null:
            return "null";
        case bj::kind::bool_:
            return "a boolean";
        case bj::kind::int64:
        case bj::kind::uint64:
            return "a whole number";
        case bj::kind::double_:
            return "a number with a fraction";
        case bj::kind::string:
            return "a string";
        case bj::kind::array:
            return "an array";
        case bj::kind::object:
            return "an object";
    }
    return "";
}

std::string shown_name(std::string_view name)
{
    std::string text{name.substr(0, shown_name_max)};
    std::ranges::replace_if(text, [](char c) { return c < ' ' || c > '~'; }, '?');
    return name.size() > shown_name_max ? text + "…" : text;
}

std::string join_path(std::string_view path, std::string_view name)
{
    return path.empty() ? std::string{name} : fmt::format("{}.{}", path, name);
}

}  // namespace cloudpcd::jobs
