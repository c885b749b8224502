#include "sync/jobs/parameters.hpp"

#include "sync/core/json_scan.hpp"
#include "sync/core/time.hpp"
#include "sync/graph/ascii.hpp"
#include "sync/jobs/params_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>

namespace cloudpcd::jobs {

namespace bj = boost::json;

using schema::Action;
using schema::Parameter;
using schema::ParameterType;

namespace {

constexpr std::string_view type_annotation = "@odata.type";
constexpr std::string_view sentinel = "unknownFutureValue";
constexpr std::size_t credential_name_max = 128;
constexpr std::size_t enum_value_max = 64;

bool is_alnum(char c) noexcept
{
    return graph::is_ascii_alpha(c) || graph::is_ascii_digit(c);
}

/// Code points, of valid UTF-8.
std::size_t characters(std::string_view text) noexcept
{
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool has_control_character(std::string_view text) noexcept
{
    return std::ranges::any_of(text, [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; });
}

bool is_identifier(std::string_view text) noexcept
{
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

bool is_credential_name(std::string_view text) noexcept
{
    const auto allowed = [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; };
    return !text.empty() && text.size() <= credential_name_max &&
           std::ranges::all_of(text, allowed);
}

class Reader {
public:
    Reader(const Action& action, const KnownCredential& known_credential)
        : x_action{action}, x_known_credential{known_credential}
    {}

    Parameters read(std::string_view text)
    {
        auto parsed = parse_params(x_action, text);
        x_result.may_hold_secret = parsed.may_hold_secret;
        if (parsed.problem)
            x_result.problems.push_back(std::move(*parsed.problem));
        else
            read_body(parsed.object);
        if (!x_result.valid())
            x_result.values.clear();
        return std::move(x_result);
    }

private:
    void report(std::string path, std::string what, std::string accepted = "")
    {
        if (x_result.problems.size() < problems_max)
            x_result.problems.push_back({std::move(path), std::move(what), std::move(accepted)});
        else if (x_result.problems.size() == problems_max)
            x_result.problems.push_back({"", "have further problems", ""});
    }

    void read_body(const bj::object& given)
    {
        const bool updates = x_action.method == schema::Method::patch;
        x_result.values =
            read_members(x_action.parameters, x_action.graph_type, given, "", updates);
        if (updates && x_result.values.empty() && x_result.valid())
            report("", "name no member to change",
                   fmt::format("any of {}", names_of(x_action.parameters)));
    }

    static std::string names_of(std::span<const Parameter> parameters)
    {
        std::vector<std::string_view> names;
        for (const auto& parameter : parameters)
            names.push_back(parameter.name);
        return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
    }

    bj::object read_members(std::span<const Parameter> parameters, std::string_view graph_type,
                            const bj::object& given, const std::string& path, bool updates)
    {
        bj::object values;
        for (const auto& member : given) {
            if (std::ranges::find(parameters, std::string_view{member.key()}, &Parameter::name) ==
                parameters.end())
                read_unlisted(parameters, graph_type, member, path);
        }
        for (const auto& parameter : parameters) {
            const auto inner = join_path(path, parameter.name);
            const auto* value = given.if_contains(parameter.name);
            if (value == nullptr) {
                if (parameter.required && !updates)
                    report(inner, "is missing", accepted_values(parameter));
            } else if (updates && parameter.fixed_at_creation) {
                report(inner, "cannot be changed after creation");
            } else {
                values[parameter.name] = read_value(parameter, *value, inner);
            }
        }
        return values;
    }

    void read_unlisted(std::span<const Parameter> parameters, std::string_view graph_type,
                       const bj::key_value_pair& member, const std::string& path)
    {
        const std::string_view name = member.key();
        if (name != type_annotation || graph_type.empty()) {
            report(join_path(path, shown_name(name)), "is not known here", names_of(parameters));
            return;
        }
        const auto* type = member.value().if_string();
        if (type == nullptr || !is_type(*type, graph_type))
            report(join_path(path, name), "is another type",
                   fmt::format("#microsoft.graph.{}", graph_type));
    }

    static bool is_type(std::string_view given, std::string_view name)
    {
        if (given.starts_with('#'))
            given.remove_prefix(1);
        constexpr std::string_view prefix = "microsoft.graph.";
        if (given.starts_with(prefix))
            given.remove_prefix(prefix.size());
        return graph::ascii_iequals(given, name);  // the reference itself varies in case
    }

    bj::value read_value(const Parameter& parameter, const bj::value& given,
                         const std::string& path)
    {
        if (given.is_null() && !parameter.required)
            return nullptr;
        if (!parameter.list)
            return read_one(parameter, given, path);
        const auto* array = given.if_array();
        if (array == nullptr) {
            report(path, fmt::format("is {}", type_of(given)), accepted_values(parameter));
            return nullptr;
        }
        if (array->size() < parameter.min || array->size() > parameter.items_max) {
            report(path, fmt::format("has {} elements", array->size()),
                   fmt::format("{} to {}", parameter.min, parameter.items_max));
            return nullptr;
        }
        return read_elements(parameter, *array, path);
    }

    bj::array read_elements(const Parameter& parameter, const bj::array& given,
                            const std::string& path)
    {
        bj::array values;
        std::set<std::string> ids;
        for (std::size_t i = 0; i < given.size(); ++i) {
            const auto inner = fmt::format("{}[{}]", path, i);
            values.push_back(read_one(parameter, given[i], inner));
            const auto* id = values.back().if_string();
            if (parameter.type == ParameterType::guid && id != nullptr &&
                !ids.insert(graph::ascii_lower(*id)).second)
                report(inner, "is listed before", "each id once");
        }
        return values;
    }

    bj::value read_one(const Parameter& parameter, const bj::value& given, const std::string& path)
    {
        switch (parameter.type) {
            case ParameterType::text:
                return read_string(parameter, given, path, [&](std::string_view text) {
                    const auto length = characters(text);
                    // `min` of a list counts its elements.
                    return length >= (parameter.list ? 0 : parameter.min) &&
                           length <= parameter.max && !has_control_character(text);
                });
            case ParameterType::identifier:
                return read_string(parameter, given, path, [&](std::string_view text) {
                    return !text.empty() && text.size() <= parameter.max && is_identifier(text);
                });
            case ParameterType::guid:
                return read_string(parameter, given, path, is_guid);
            case ParameterType::boolean:
                return given.is_bool() ? given : refuse(parameter, given, path);
            case ParameterType::integer:
                return read_integer(parameter, given, path);
            case ParameterType::date_time:
                return read_time(parameter, given, path);
            case ParameterType::enumeration:
                return read_enumeration(parameter, given, path);
            case ParameterType::secret:
                return read_secret(parameter, given, path);
            case ParameterType::object:
                if (const auto* object = given.if_object())
                    return read_members(parameter.members, parameter.graph_type, *object, path,
                                        false);
                return refuse(parameter, given, path);
            case ParameterType::type_name:
                return read_type_name(parameter, given, path);
        }
        return nullptr;
    }

    bj::value refuse(const Parameter& parameter, const bj::value& given, const std::string& path)
    {
        report(path, fmt::format("is {}", type_of(given)), element_values(parameter));
        return nullptr;
    }

    bj::value misfit(const Parameter& parameter, const std::string& path)
    {
        report(path, "does not fit", element_values(parameter));
        return nullptr;
    }

    static std::string element_values(Parameter parameter)
    {
        parameter.list = false;
        return accepted_values(parameter);
    }

    bj::value read_string(const Parameter& parameter, const bj::value& given,
                          const std::string& path, const auto& fits)
    {
        const auto* text = given.if_string();
        if (text == nullptr)
            return refuse(parameter, given, path);
        return fits(std::string_view{*text}) ? given : misfit(parameter, path);
    }

    bj::value read_integer(const Parameter& parameter, const bj::value& given,
                           const std::string& path)
    {
        if (const auto* number = given.if_int64())
            return *number >= parameter.least && *number <= parameter.most
                       ? given
                       : misfit(parameter, path);
        if (given.is_uint64())  // beyond int64: beyond every bound
            return misfit(parameter, path);
        return refuse(parameter, given, path);
    }

    bj::value read_time(const Parameter& parameter, const bj::value& given, const std::string& path)
    {
        const auto* text = given.if_string();
        if (text == nullptr)
            return refuse(parameter, given, path);
        auto time = parse_graph_time(*text);
        if (!time)
            time = parse_sql_time(*text);
        if (!time)
            return misfit(parameter, path);
        return bj::value(format_rfc3339(*time));
    }

    bj::value read_enumeration(const Parameter& parameter, const bj::value& given,
                               const std::string& path)
    {
        const auto* text = given.if_string();
        if (text == nullptr)
            return refuse(parameter, given, path);
        std::vector<std::string> values;
        std::string_view rest = *text;
        for (bool more = true; more;) {
            const auto comma =
                parameter.enumeration->flags ? rest.find(',') : std::string_view::npos;
            more = comma != std::string_view::npos;
            values.emplace_back(more ? json::trim(rest.substr(0, comma)) : json::trim(rest));
            rest.remove_prefix(more ? comma + 1 : rest.size());
            if (!check_enum_value(parameter, values.back(), path))
                return nullptr;
        }
        return bj::value(fmt::format("{}", fmt::join(values, ",")));
    }

    bool check_enum_value(const Parameter& parameter, std::string_view value,
                          const std::string& path)
    {
        const auto known = parameter.enumeration->members;
        const bool well_formed = !value.empty() && value.size() <= enum_value_max &&
                                 graph::is_ascii_alpha(value.front()) &&
                                 std::ranges::all_of(value, is_alnum);
        if (!well_formed || value == sentinel) {
            misfit(parameter, path);
            return false;
        }
        if (std::ranges::count(known, value) > 0)
            return true;
        const auto other_case = std::ranges::find_if(
            known, [&](std::string_view member) { return graph::ascii_iequals(member, value); });
        if (other_case != known.end()) {
            report(path, "is written in another case", std::string{*other_case});
            return false;
        }
        x_result.notes.push_back(
            fmt::format("{} is none of the values known today ({}); it is sent as it is", path,
                        accepted_values(parameter)));
        return true;
    }

    bj::value read_secret(const Parameter& parameter, const bj::value& given,
                          const std::string& path)
    {
        const auto* name = credential_of(given);
        if (name == nullptr || !is_credential_name(*name)) {
            x_result.may_hold_secret = true;
            report(path, "is not a reference to a credential", accepted_values(parameter));
            return nullptr;
        }
        if (x_known_credential && !x_known_credential(*name)) {
            // A name that nobody knows may be the secret itself.
            x_result.may_hold_secret = true;
            report(path, "names a credential that [jobs.secrets] does not have",
                   accepted_values(parameter));
            return nullptr;
        }
        return given;
    }

    bj::value read_type_name(const Parameter& parameter, const bj::value& given,
                             const std::string& path)
    {
        const auto* text = given.if_string();
        if (text == nullptr)
            return refuse(parameter, given, path);
        for (const auto type : parameter.types) {
            if (is_type(*text, type))
                return bj::value(fmt::format("#microsoft.graph.{}", type));
        }
        return misfit(parameter, path);
    }

    const Action& x_action;
    const KnownCredential& x_known_credential;
    Parameters x_result{};
};

std::string enum_values(const schema::Enumeration& enumeration)
{
    std::vector<std::string_view> known{enumeration.members.begin(), enumeration.members.end()};
    std::erase(known, sentinel);
    return fmt::format("{}{}", fmt::join(known, ", "), enumeration.flags ? ", comma-joined" : "");
}

}  // namespace

std::string Problem::describe() const
{
    const auto subject = path.empty()          ? std::string{"params"}
                         : path == "target_id" ? path
                                               : fmt::format("params.{}", path);
    return accepted.empty() ? fmt::format("{} {}", subject, what)
                            : fmt::format("{} {}; accepted: {}", subject, what, accepted);
}

std::string Parameters::describe() const
{
    std::vector<std::string> lines;
    lines.reserve(problems.size());
    for (const auto& problem : problems)
        lines.push_back(problem.describe());
    return fmt::format("{}", fmt::join(lines, ". "));
}

Parameters read_parameters(const Action& action, std::string_view text,
                           const KnownCredential& known_credential)
{
    return Reader{action, known_credential}.read(text);
}

std::optional<Problem> check_target(const Action& action, std::optional<std::string_view> target_id)
{
    if (action.target.empty()) {
        if (!target_id)
            return std::nullopt;
        return Problem{"target_id", "is given, but this kind takes none", "NULL"};
    }
    const auto accepted = fmt::format("id of a row of {}: a GUID", action.target);
    if (!target_id)
        return Problem{"target_id", "is missing", accepted};
    if (!is_guid(*target_id))
        return Problem{"target_id", "is not an id of Graph's", accepted};
    return std::nullopt;
}

bool is_guid(std::string_view text) noexcept
{
    constexpr std::string_view shape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    const auto fits = [](char c, char wanted) {
        if (wanted == '-')
            return c == '-';
        const char lower = graph::ascii_lower(c);
        return graph::is_ascii_digit(c) || (lower >= 'a' && lower <= 'f');
    };
    return text.size() == shape.size() && std::ranges::equal(text, shape, fits);
}

std::string accepted_values(const Parameter& parameter)
{
    if (parameter.list) {
        auto element = parameter;
        element.list = false;
        element.min = 0;
        return fmt::format("a list of {} to {}: {}", parameter.min, parameter.items_max,
                           accepted_values(element));
    }
    switch (parameter.type) {
        case ParameterType::text:
            return fmt::format("text of {} to {} characters, none of them a control character",
                               parameter.min, parameter.max);
        case ParameterType::identifier:
            return fmt::format("an id of 1 to {} printable ASCII characters without blanks",
                               parameter.max);
        case ParameterType::guid:
            return "a GUID: xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
        case ParameterType::boolean:
            return "true or false";
        case ParameterType::integer:
            return fmt::format("a whole number from {} to {}", parameter.least, parameter.most);
        case ParameterType::date_time:
            return "a time, such as 2026-11-20T06:00:00Z";
        case ParameterType::enumeration:
            return enum_values(*parameter.enumeration);
        case ParameterType::secret:
            return R"({"credential": NAME}, NAME being an entry of [jobs.secrets])";
        case ParameterType::object:
            return "an object";
        case ParameterType::type_name:
            return fmt::format("{}", fmt::join(parameter.types, ", "));
    }
    return "";
}

}  // namespace cloudpcd::jobs
