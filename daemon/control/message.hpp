#pragma once
// What a handler of the control API gets and gives. JSON both ways; errors are problems as RFC 9457
// has them.

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <variant>
#include <vector>

namespace cloudpcd::daemon::control {

/// The process at the other end, as the kernel knew it when it connected.
struct Caller {
    uid_t uid = 0;
    gid_t gid = 0;
    pid_t pid = 0;
    std::vector<gid_t> groups{};  ///< supplementary ones
};

using Parameters = std::map<std::string, std::string, std::less<>>;

struct Request {
    Caller caller{};
    Parameters path{};            ///< what stands where the pattern has {name}
    Parameters query{};           ///< decoded; of a name given twice the last value
    boost::json::object body{};   ///< empty when there was none
    bool has_wider_role = false;  ///< the caller has the wider role of the route
};

struct Response {
    unsigned status = 200;
    std::string body{};  ///< JSON
};

struct Problem {
    unsigned status = 500;
    std::string detail{};             ///< what is wrong with this request, for people
    std::string type{"about:blank"};  ///< for programs, where the status says too little
    boost::json::object more{};       ///< members beside those of the standard
    std::string allow{};              ///< of a 405: the methods there are

    /// The body: application/problem+json.
    std::string json() const;
};

/// A type that docs/control.md lists: `urn:cloudpcd:problem:NAME`.
std::string problem_type(std::string_view name);

/// What those hear who come while the daemon is about to end.
Problem ending();

using Reply = std::variant<Response, Problem>;
using Handler = std::function<boost::asio::awaitable<Reply>(Request)>;

}  // namespace cloudpcd::daemon::control
