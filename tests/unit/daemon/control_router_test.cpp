#include "daemon/control/router.hpp"

#include <doctest/doctest.h>

using namespace cloudpcd::daemon::control;
using boost::beast::http::verb;

namespace {

Router make_router()
{
    return Router{{{verb::get, "/v1/jobs", Role::read},
                   {verb::post, "/v1/jobs", Role::submit},
                   {verb::get, "/v1/jobs/{id}", Role::read},
                   {verb::post, "/v1/jobs/{id}/events/{event}", Role::operate}}};
}

/// The pattern that a target matches; else the status of the problem.
std::string found(verb method, std::string_view target)
{
    const auto router = make_router();
    const auto match = router.find(method, target);
    if (const auto* problem = std::get_if<Problem>(&match))
        return std::to_string(problem->status);
    return std::string{std::get<Router::Match>(match).route->path};
}

}  // namespace

TEST_CASE("router: method and path name the route")
{
    CHECK(found(verb::get, "/v1/jobs") == "/v1/jobs");
    CHECK(found(verb::get, "/v1/jobs?state=held") == "/v1/jobs");
    CHECK(found(verb::get, "/v1/jobs/17") == "/v1/jobs/{id}");
    for (const auto* target : {"/", "/v1", "/v1/jobs/", "/v1/job", "/v1/jobs/1/2",
                               "/v1/jobs/1/events", "//v1/jobs", "/v1/jobs/1/events/"}) {
        CAPTURE(target);
        CHECK(found(verb::get, target) == "404");
    }
    for (const auto* target : {"", "v1/jobs", "*", "http://host/v1/jobs", "/v1/%zz", "/v1/\x01"}) {
        CAPTURE(target);
        CHECK(found(verb::get, target) == "400");
    }
}

TEST_CASE("router: segments in braces and the query are decoded")
{
    const auto router = make_router();
    auto match = router.find(verb::post, "/v1/jobs/a%2Fb/events/%c3%a9?x=1&y=a%20b&x=2&z");
    const auto& found = std::get<Router::Match>(match);
    CHECK(found.path == Parameters{{"event", "\xc3\xa9"}, {"id", "a/b"}});
    CHECK(found.query == Parameters{{"x", "2"}, {"y", "a b"}, {"z", ""}});
}

TEST_CASE("router: another method is told which there are")
{
    const auto router = make_router();
    auto match = router.find(verb::delete_, "/v1/jobs");
    const auto& problem = std::get<Problem>(match);
    CHECK(problem.status == 405);
    CHECK(problem.allow == "GET, POST");
}

TEST_CASE("problem: the members of RFC 9457, and more")
{
    const Problem problem{.status = 403,
                          .detail = "say \"please\"",
                          .type = problem_type("role-missing"),
                          .more = {{"role", "read"}}};
    CHECK(problem.json() ==
          R"({"type":"urn:cloudpcd:problem:role-missing","title":"Forbidden","status":403,)"
          R"("detail":"say \"please\"","role":"read"})");
}
