#include "sync/jobs/setting.hpp"

#include "sync/jobs/params_text.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

namespace cloudpcd::jobs {

namespace bj = boost::json;

using schema::Parameter;
using schema::ParameterType;

namespace {

using MaybeProblem = std::optional<Problem>;

/// The parameter whose name `rest` begins with; names may have dots in them (`@odata.type`).
const Parameter* leading_parameter(std::span<const Parameter> parameters, std::string_view rest)
{
    const auto leads = [&](const Parameter& parameter) {
        if (!rest.starts_with(parameter.name))
            return false;
        const auto behind = rest.substr(parameter.name.size());
        return behind.empty() || behind.front() == '.' || behind.front() == '[';
    };
    const auto found = std::ranges::find_if(parameters, leads);
    return found == parameters.end() ? nullptr : &*found;
}

std::string names_of(std::span<const Parameter> parameters)
{
    std::vector<std::string_view> names;
    for (const auto& parameter : parameters)
        names.push_back(parameter.name);
    return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

/// Sets what a path leads to, one step of it at a time.
class Setter {
public:
    explicit Setter(std::string_view value) : x_value{value} {}

    MaybeProblem set(std::span<const Parameter> parameters, std::string_view rest,
                     const std::string& path, bj::object& into)
    {
        const auto* parameter = leading_parameter(parameters, rest);
        if (parameter == nullptr)
            return Problem{join_path(path, shown_name(rest)), "is not known here",
                           names_of(parameters)};
        rest.remove_prefix(parameter->name.size());
        const auto inner = join_path(path, parameter->name);
        if (parameter->list)
            return set_in_list(*parameter, rest, inner, into);
        if (parameter->type == ParameterType::secret)
            return set_secret(*parameter, rest, inner, into);
        if (rest.empty())
            return set_once(*parameter, inner, into);
        if (parameter->type != ParameterType::object || rest.front() != '.')
            return Problem{inner, "has no members", accepted_values(*parameter)};
        auto& member = into[parameter->name];
        if (member.is_null())
            member.emplace_object();
        if (!member.is_object())
            return Problem{inner, "is set twice", ""};
        return set(parameter->members, rest.substr(1), inner, member.get_object());
    }

private:
    MaybeProblem set_once(const Parameter& parameter, const std::string& path, bj::object& into)
    {
        if (into.contains(parameter.name))
            return Problem{path, "is set twice", ""};
        bj::value value;
        if (auto problem = convert(parameter, x_value, path, value))
            return problem;
        into[parameter.name] = std::move(value);
        return std::nullopt;
    }

    static MaybeProblem set_secret_name(const Parameter& parameter, std::string_view name,
                                        const std::string& path, bj::object& into)
    {
        if (into.contains(parameter.name))
            return Problem{path, "is set twice", ""};
        into[parameter.name] = bj::object{{"credential", name}};
        return std::nullopt;
    }

    MaybeProblem set_secret(const Parameter& parameter, std::string_view rest,
                            const std::string& path, bj::object& into)
    {
        if (rest == ".credential")
            return set_secret_name(parameter, x_value, path, into);
        return Problem{
            path, "is a secret and is never given as it is",
            fmt::format("{}.credential=NAME, NAME being an entry of [jobs.secrets]", path)};
    }

    MaybeProblem set_in_list(const Parameter& parameter, std::string_view rest,
                             const std::string& path, bj::object& into)
    {
        auto& list = into[parameter.name];
        if (list.is_null())
            list.emplace_array();
        if (rest.empty())
            return extend(parameter, path, list.get_array());
        const auto index = take_index(rest);
        if (!index || *index > list.get_array().size() || *index >= parameter.items_max)
            return Problem{path, "has no such element",
                           "an index in brackets, from 0, without a gap"};
        return set_element(parameter, rest, fmt::format("{}[{}]", path, *index), *index,
                           list.get_array());
    }

    MaybeProblem set_element(const Parameter& parameter, std::string_view rest,
                             const std::string& path, std::size_t index, bj::array& list)
    {
        if (parameter.type == ParameterType::object && rest.starts_with('.')) {
            if (index == list.size())
                list.push_back(bj::object{});
            if (auto* element = list[index].if_object())
                return set(parameter.members, rest.substr(1), path, *element);
            return Problem{path, "is set twice", ""};
        }
        if (!rest.empty())
            return Problem{path, "has no members", ""};
        if (index != list.size())
            return Problem{path, "is set twice", ""};
        bj::value value;
        if (auto problem = convert(parameter, x_value, path, value))
            return problem;
        list.push_back(std::move(value));
        return std::nullopt;
    }

    /// Comma-separated scalars, or a JSON array, behind what is in the list already.
    MaybeProblem extend(const Parameter& parameter, const std::string& path, bj::array& list)
    {
        if (x_value.starts_with('[')) {
            bj::value parsed;
            if (auto problem = parse_json(x_value, path, parsed))
                return problem;
            for (auto& item : parsed.as_array())
                list.push_back(std::move(item));
            return std::nullopt;
        }
        auto rest = x_value;
        for (bool more = !rest.empty(); more;) {
            const auto comma =
                parameter.type == ParameterType::object ? std::string_view::npos : rest.find(',');
            more = comma != std::string_view::npos;
            bj::value value;
            if (auto problem = convert(parameter, rest.substr(0, comma), path, value))
                return problem;
            list.push_back(std::move(value));
            rest.remove_prefix(more ? comma + 1 : rest.size());
        }
        return std::nullopt;
    }

    static std::optional<std::size_t> take_index(std::string_view& rest)
    {
        const auto close = rest.find(']');
        if (!rest.starts_with('[') || close == std::string_view::npos)
            return std::nullopt;
        std::size_t index = 0;
        const auto* end = rest.data() + close;
        const auto [stop, failure] = std::from_chars(rest.data() + 1, end, index);
        if (failure != std::errc{} || stop != end)
            return std::nullopt;
        rest.remove_prefix(close + 1);
        return index;
    }

    static MaybeProblem parse_json(std::string_view text, const std::string& path, bj::value& into)
    {
        bj::error_code failure;
        into = bj::parse(text, failure, {}, {.max_depth = params_depth_max});
        if (failure)
            return Problem{path, fmt::format("is not JSON ({})", failure.message()), ""};
        return std::nullopt;
    }

    static MaybeProblem convert(const Parameter& parameter, std::string_view text,
                                const std::string& path, bj::value& into)
    {
        if (parameter.type == ParameterType::object)
            return parse_json(text, path, into);
        if (parameter.type == ParameterType::boolean) {
            if (text != "true" && text != "false")
                return Problem{path, "is neither", "true or false"};
            into = text == "true";
            return std::nullopt;
        }
        if (parameter.type == ParameterType::integer) {
            std::int64_t number = 0;
            const auto* end = text.data() + text.size();
            const auto [stop, failure] = std::from_chars(text.data(), end, number);
            if (failure != std::errc{} || stop != end)
                return Problem{path, "is no whole number", accepted_values(parameter)};
            into = number;
            return std::nullopt;
        }
        into = text;
        return std::nullopt;
    }

    std::string_view x_value;
};

}  // namespace

std::optional<Problem> apply_setting(const schema::Action& action, std::string_view setting,
                                     bj::object& params)
{
    if (setting.size() > params_bytes_max)
        return Problem{"", "are too long", fmt::format("at most {} bytes", params_bytes_max)};
    const auto equals = setting.find('=');
    if (equals == std::string_view::npos || equals == 0)
        return Problem{"", "are set by NAME=VALUE", names_of(action.parameters)};
    return Setter{setting.substr(equals + 1)}.set(action.parameters, setting.substr(0, equals), "",
                                                  params);
}

}  // namespace cloudpcd::jobs
