#pragma once
// Who asks: what an access token of the tenant says about its bearer.

#include <string>
#include <string_view>

namespace graphsim {

struct Caller {
    std::string application_id;
    bool delegated = false;  ///< a user stands behind it: the token has `scp`
    std::string user_id{};   ///< of a delegated one
    std::string user_principal_name{};

    /// What audit events and bulk actions name.
    const std::string& name() const noexcept
    {
        return delegated ? user_principal_name : application_id;
    }
};

/// Reads the claims of the token in an Authorization header that the token endpoint knows.
Caller caller_of(std::string_view authorization);

}  // namespace graphsim
