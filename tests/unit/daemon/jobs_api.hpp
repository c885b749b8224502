#pragma once
// The API of jobs over a queue on disk, asked as the server would: by method, target and caller.

#include "daemon/control/jobs_api.hpp"
#include "tests/unit/jobs/fixture.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace cloudpcd::daemon::control::test {

// Each is in the group of one role, but for the last two.
inline const Caller reader{.uid = 1001, .gid = 1};
inline const Caller alice{.uid = 1002, .gid = 2};  ///< submits
inline const Caller approver{.uid = 1003, .gid = 3};
inline const Caller operator_{.uid = 1004, .gid = 4};
inline const Caller bob{.uid = 1005, .gid = 2};                   ///< submits
inline const Caller chief{.uid = 1006, .gid = 2, .groups = {3}};  ///< submits and approves
inline const Caller stranger{.uid = 1007, .gid = 9};

inline const std::string uuid = "0bb0a67a-1c5d-4e2f-9b1a-2f3e4d5c6b7a";

struct Answer {
    unsigned status = 0;
    boost::json::object body{};
    std::string type{};  ///< of a problem, without what they have in common

    std::string text(std::string_view name) const;
    std::int64_t number(std::string_view name) const;
    /// The member `name` of each object of an array, joined by blanks.
    std::string each(std::string_view array, std::string_view name) const;
    std::string serialized() const;
};

struct Api {
    explicit Api(config::Approval approval = config::Approval::none);

    Answer ask(const Caller& caller, boost::beast::http::verb method, std::string_view target,
               std::string_view body = "{}");
    Answer get(std::string_view target, const Caller& caller = reader)
    {
        return ask(caller, boost::beast::http::verb::get, target);
    }
    Answer post(const Caller& caller, std::string_view target, std::string_view body = "{}")
    {
        return ask(caller, boost::beast::http::verb::post, target, body);
    }
    /// The id of a job that has to be stored.
    jobs::JobId submit(const Caller& caller, std::string_view body);
    /// A reboot of alice's.
    jobs::JobId reboot();
    /// Alice's, as far as its approval.
    jobs::JobId awaiting();

    jobs::test::Queue queue{};  ///< its connection looks at what the API does through another
    boost::asio::io_context io{};
    store::Store store{queue.open(), io.get_executor()};
    config::Config settings{};
    jobs::Freeze freeze{queue.path};
    std::map<uid_t, std::string> users{{1001, "rita"}, {1002, "alice"}, {1003, "anna"},
                                       {1004, "otto"}, {1005, "bob"},   {1006, "chief"}};
    int kicks = 0;
    JobsApi api;
    std::vector<Route> routes;
    Router router;
    Roles roles;
};

}  // namespace cloudpcd::daemon::control::test
