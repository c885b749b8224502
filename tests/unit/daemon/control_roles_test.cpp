#include "daemon/control/roles.hpp"
#include "tests/simulation/virtual_clock.hpp"

#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>

#include <map>

using namespace cloudpcd;
using namespace cloudpcd::daemon::control;
using simulation::VirtualClock;

namespace {

constexpr uid_t own = 500;

/// The groups of a machine.
struct Fixture {
    std::map<std::string, gid_t> groups{{"cloudpcd", 1}, {"sub", 2}, {"app", 3}, {"ops", 4}};
    int looked_up = 0;
    boost::asio::io_context io{};
    VirtualClock clock{};

    Roles roles()
    {
        return {{.submit = {"sub"}, .approve = {"app"}, .operate = {"nosuch", "ops"}},
                own,
                clock,
                [this](const std::string& name) -> std::optional<gid_t> {
                    ++looked_up;
                    const auto group = groups.find(name);
                    return group == groups.end() ? std::nullopt : std::optional{group->second};
                }};
    }
};

/// Letters of the roles that a caller has.
std::string roles_of(const Caller& caller)
{
    Fixture fixture;
    auto roles = fixture.roles();
    std::string text;
    for (const auto role : {Role::read, Role::submit, Role::approve, Role::operate}) {
        if (roles.has(caller, role))
            text += to_string(role).front();
    }
    return text;
}

}  // namespace

TEST_CASE("roles: root and the daemon's own user have all of them")
{
    CHECK(roles_of({.uid = 0, .gid = 99}) == "rsao");
    CHECK(roles_of({.uid = own, .gid = 99}) == "rsao");
    CHECK(roles_of({.uid = 501, .gid = 0, .groups = {0, own}}) == "");
}

TEST_CASE("roles: a group gives its own role, and the right to read")
{
    CHECK(roles_of({.uid = 501, .gid = 1}) == "r");
    CHECK(roles_of({.uid = 501, .gid = 99, .groups = {1}}) == "r");
    CHECK(roles_of({.uid = 501, .gid = 99, .groups = {98, 2}}) == "rs");
    CHECK(roles_of({.uid = 501, .gid = 3}) == "ra");
    CHECK(roles_of({.uid = 501, .gid = 99, .groups = {4}}) == "ro");
    CHECK(roles_of({.uid = 501, .gid = 99, .groups = {2, 4}}) == "rso");
}

TEST_CASE("roles: a group is looked up once, one that does not exist once a minute")
{
    Fixture fixture;
    auto roles = fixture.roles();
    const Caller nobody{.uid = 501, .gid = 99};
    CHECK_FALSE(roles.has(nobody, Role::operate));
    CHECK_FALSE(roles.has(nobody, Role::operate));
    CHECK(fixture.looked_up == 2);
    fixture.groups["nosuch"] = 99;
    CHECK_FALSE(roles.has(nobody, Role::operate));
    fixture.clock.run_for(fixture.io, missing_group_wait);
    CHECK(roles.has(nobody, Role::operate));
    CHECK(fixture.looked_up == 3);
}

TEST_CASE("roles: who lacks one is told which, and who gives it")
{
    Fixture fixture;
    const auto problem = fixture.roles().missing(Role::operate);
    CHECK(problem.status == 403);
    CHECK(problem.detail ==
          "this needs the role operate, which members of the group nosuch or ops have");
    CHECK(boost::json::serialize(problem.more) ==
          R"({"role":"operate","groups":["nosuch","ops"]})");
}
