#include "daemon/control/router.hpp"

#include <boost/url/parse.hpp>
#include <fmt/format.h>

#include <optional>

namespace cloudpcd::daemon::control {

namespace {

using Segments = std::vector<std::string>;

/// The next segment of a pattern, taken off its front.
std::string_view next_segment(std::string_view& pattern)
{
    pattern.remove_prefix(1);  // the slash
    const auto segment = pattern.substr(0, pattern.find('/'));
    pattern.remove_prefix(segment.size());
    return segment;
}

std::optional<Parameters> match(std::string_view pattern, const Segments& segments)
{
    Parameters parameters;
    for (const auto& segment : segments) {
        if (pattern.empty())
            return std::nullopt;
        const auto expected = next_segment(pattern);
        if (expected.starts_with('{') && !segment.empty())
            parameters.emplace(expected.substr(1, expected.size() - 2), segment);
        else if (expected != segment)
            return std::nullopt;
    }
    return pattern.empty() ? std::optional{std::move(parameters)} : std::nullopt;
}

}  // namespace

std::variant<Router::Match, Problem> Router::find(boost::beast::http::verb method,
                                                  std::string_view target) const
{
    const auto url = boost::urls::parse_origin_form(target);
    if (!url)
        return Problem{.status = 400, .detail = "the request target is no path"};
    const Segments segments(url->segments().begin(), url->segments().end());
    std::string allowed;
    for (const auto& route : x_routes) {
        auto parameters = match(route.path, segments);
        if (!parameters)
            continue;
        if (route.method != method) {
            allowed += allowed.empty() ? "" : ", ";
            allowed += boost::beast::http::to_string(route.method);
            continue;
        }
        Match found{.route = &route, .path = *std::move(parameters)};
        for (const auto& parameter : url->params())
            found.query.insert_or_assign(parameter.key, parameter.value);
        return found;
    }
    if (allowed.empty())
        return Problem{.status = 404, .detail = "there is nothing here"};
    return Problem{
        .status = 405, .detail = fmt::format("accepted here: {}", allowed), .allow = allowed};
}

std::optional<Problem> admit(Roles& roles, const Caller& caller, Router::Match& match)
{
    const auto& route = *match.route;
    match.has_wider_role = route.wider && roles.has(caller, *route.wider);
    if (match.has_wider_role || roles.has(caller, route.role))
        return std::nullopt;
    return roles.missing(route.role);
}

}  // namespace cloudpcd::daemon::control
