#include "daemon/control/roles.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <grp.h>
#include <utility>

namespace cloudpcd::daemon::control {

namespace {

constexpr uid_t root = 0;
constexpr std::array all_roles{Role::read, Role::submit, Role::approve, Role::operate};

}  // namespace

std::string_view to_string(Role role) noexcept
{
    switch (role) {
        case Role::read:
            return "read";
        case Role::submit:
            return "submit";
        case Role::approve:
            return "approve";
        case Role::operate:
            return "operate";
    }
    return "";
}

std::optional<gid_t> find_unix_group(const std::string& name)
{
    // Room for the members' names, which nobody needs; doubled for the largest of groups.
    constexpr std::size_t room_max = std::size_t{1} << 20U;
    std::vector<char> room(1024);
    group entry{};
    group* found = nullptr;
    while (::getgrnam_r(name.c_str(), &entry, room.data(), room.size(), &found) == ERANGE &&
           room.size() < room_max)
        room.resize(room.size() * 2);
    return found != nullptr ? std::optional{found->gr_gid} : std::nullopt;
}

Roles::Roles(const config::Roles& roles, uid_t own, Clock& clock, FindGroup find)
    : x_roles{roles}, x_own{own}, x_clock{&clock}, x_find{std::move(find)}
{}

bool Roles::has(const Caller& caller, Role role)
{
    if (caller.uid == root || caller.uid == x_own)
        return true;
    if (role != Role::read)
        return is_in_any(caller, groups_of(role));
    return std::ranges::any_of(all_roles,
                               [&](Role any) { return is_in_any(caller, groups_of(any)); });
}

Problem Roles::missing(Role role) const
{
    const auto& groups = groups_of(role);
    boost::json::array names;
    for (const auto& group : groups)
        names.emplace_back(group);
    return {.status = 403,
            .detail = fmt::format("this needs the role {}, which members of the group {} have",
                                  to_string(role), fmt::join(groups, " or ")),
            .type = problem_type("role-missing"),
            .more = {{"role", to_string(role)}, {"groups", names}}};
}

const std::vector<std::string>& Roles::groups_of(Role role) const noexcept
{
    switch (role) {
        case Role::read:
            break;
        case Role::submit:
            return x_roles.submit;
        case Role::approve:
            return x_roles.approve;
        case Role::operate:
            return x_roles.operate;
    }
    return x_roles.read;
}

bool Roles::is_in_any(const Caller& caller, const std::vector<std::string>& names)
{
    return std::ranges::any_of(names, [&](const std::string& name) {
        const auto id = id_of(name);
        return id &&
               (caller.gid == *id || std::ranges::find(caller.groups, *id) != caller.groups.end());
    });
}

std::optional<gid_t> Roles::id_of(const std::string& name)
{
    const auto now = x_clock->steady_now();
    const auto known = x_known.find(name);
    if (known != x_known.end() &&
        (known->second.id || now - known->second.asked < missing_group_wait))
        return known->second.id;
    return x_known.insert_or_assign(name, KnownGroup{.id = x_find(name), .asked = now})
        .first->second.id;
}

}  // namespace cloudpcd::daemon::control
