#pragma once
// The table of routes, and which one a request means.

#include "daemon/control/message.hpp"
#include "daemon/control/roles.hpp"

#include <boost/beast/http/verb.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace cloudpcd::daemon::control {

/// One entry adds a route.
struct Route {
    boost::beast::http::verb method{};
    std::string_view path{};  ///< "/v1/jobs/{id}": a segment in braces matches any one
    Role role = Role::operate;
    Handler handler{};
    /// Another role that may take it, and may do more with it: Request::has_wider_role.
    std::optional<Role> wider{};
};

class Router {
public:
    explicit Router(std::vector<Route> routes) : x_routes{std::move(routes)} {}

    struct Match {
        const Route* route = nullptr;
        Parameters path{};
        Parameters query{};
        bool has_wider_role = false;  ///< of the caller that was admitted
    };
    /// The route of a request target ("/v1/status?x=1").
    ///
    /// Errors: 400 for a target that is none, 404, 405 with the methods that the path has
    std::variant<Match, Problem> find(boost::beast::http::verb method,
                                      std::string_view target) const;

private:
    std::vector<Route> x_routes;
};

/// Why the caller may not take the route that was found; nothing when they may.
std::optional<Problem> admit(Roles& roles, const Caller& caller, Router::Match& match);

}  // namespace cloudpcd::daemon::control
