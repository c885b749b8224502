#pragma once
// Who may do what: unix groups of the caller, as [control.roles] has them.

#include "config/config.hpp"
#include "daemon/control/message.hpp"
#include "sync/core/clock.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace cloudpcd::daemon::control {

/// Each is what it says and includes no other, but that whoever has one may read.
enum class Role { read, submit, approve, operate };
std::string_view to_string(Role role) noexcept;

/// The id of a unix group, if there is such a group.
using FindGroup = std::function<std::optional<gid_t>(const std::string& name)>;
std::optional<gid_t> find_unix_group(const std::string& name);

/// A group that does not exist is looked for again no sooner.
inline constexpr Duration missing_group_wait = std::chrono::minutes{1};

class Roles {
public:
    /// `own`: the daemon's user, who like root has every role.
    Roles(const config::Roles& roles, uid_t own, Clock& clock, FindGroup find = find_unix_group);

    bool has(const Caller& caller, Role role);
    /// What a caller without the role is told: which it is, and the groups that give it.
    Problem missing(Role role) const;

private:
    struct KnownGroup {
        std::optional<gid_t> id{};
        SteadyTime asked{};
    };

    const std::vector<std::string>& groups_of(Role role) const noexcept;
    bool is_in_any(const Caller& caller, const std::vector<std::string>& names);
    std::optional<gid_t> id_of(const std::string& name);

    config::Roles x_roles;
    uid_t x_own;
    Clock* x_clock;
    FindGroup x_find;
    // A look-up may ask a directory service and block everything: so what was found is kept as long
    // as the configuration, and what was not is asked for rarely.
    std::map<std::string, KnownGroup> x_known;
};

}  // namespace cloudpcd::daemon::control
