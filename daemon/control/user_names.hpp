#pragma once
// Who a caller is, by name: what the queue records of those whom the kernel vouches for.

#include "sync/core/clock.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <sys/types.h>

namespace cloudpcd::daemon::control {

/// The name of a unix user, if the system knows one.
using FindUser = std::function<std::optional<std::string>(uid_t uid)>;
std::optional<std::string> find_unix_user(uid_t uid);

/// A look-up may ask a directory service and block everything, so an answer serves for a while.
inline constexpr Duration user_name_lifetime = std::chrono::minutes{10};
/// A user without a name is looked for again no sooner.
inline constexpr Duration missing_user_wait = std::chrono::minutes{1};

class UserNames {
public:
    explicit UserNames(Clock& clock, FindUser find = find_unix_user)
        : x_clock{clock}, x_find{std::move(find)}
    {}

    /// "alice"; of a user without a name the number.
    std::string name_of(uid_t uid);
    /// For events: "alice (uid 1000)".
    std::string actor_of(uid_t uid);

private:
    struct Known {
        std::optional<std::string> name{};
        SteadyTime asked{};
    };

    Clock& x_clock;
    FindUser x_find;
    std::map<uid_t, Known> x_known;
};

/// Whether an actor is this user, whatever their name was at the time.
bool is_actor(const std::string& actor, uid_t uid);

}  // namespace cloudpcd::daemon::control
