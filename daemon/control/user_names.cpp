#include "daemon/control/user_names.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstddef>
#include <pwd.h>
#include <vector>

namespace cloudpcd::daemon::control {

namespace {

std::string uid_suffix(uid_t uid)
{
    return fmt::format(" (uid {})", uid);
}

}  // namespace

std::optional<std::string> find_unix_user(uid_t uid)
{
    constexpr std::size_t room_max = std::size_t{1} << 20U;
    std::vector<char> room(1024);
    passwd entry{};
    passwd* found = nullptr;
    while (::getpwuid_r(uid, &entry, room.data(), room.size(), &found) == ERANGE &&
           room.size() < room_max)
        room.resize(room.size() * 2);
    if (found == nullptr || found->pw_name == nullptr || *found->pw_name == '\0')
        return std::nullopt;
    return found->pw_name;
}

std::string UserNames::name_of(uid_t uid)
{
    const auto now = x_clock.steady_now();
    auto known = x_known.find(uid);
    const bool serves =
        known != x_known.end() &&
        now - known->second.asked < (known->second.name ? user_name_lifetime : missing_user_wait);
    if (!serves)
        known = x_known.insert_or_assign(uid, Known{.name = x_find(uid), .asked = now}).first;
    return known->second.name.value_or(std::to_string(uid));
}

std::string UserNames::actor_of(uid_t uid)
{
    return name_of(uid) + uid_suffix(uid);
}

bool is_actor(const std::string& actor, uid_t uid)
{
    return actor.ends_with(uid_suffix(uid));
}

}  // namespace cloudpcd::daemon::control
