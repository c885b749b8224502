#pragma once
// Access tokens for Graph, whatever the application signs in with.

#include "sync/core/error.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace cloudpcd::graph {

struct AccessToken {
    std::string value;  ///< the bearer token; never logged, never stored
    std::vector<std::string>
        roles;                 ///< `roles` of the JWT: application permissions; empty when opaque
    std::string tenant_id;     ///< `tid` of the JWT; empty when opaque
    std::uint64_t serial = 0;  ///< differs from token to token, whatever `value` is; 0: unknown
};

class Credentials {
public:
    virtual ~Credentials() = default;

    /// A token that is good for some minutes; at most one token request is in flight.
    ///
    /// Errors: Errc::unauthorized (the credential is refused), Errc::transient, Errc::throttled
    ///         (with retry_after), Errc::malformed
    virtual boost::asio::awaitable<Result<AccessToken>> access_token() = 0;

    /// Tells that Graph refused `token` with 401. The next access_token() asks for a new one, with
    /// `claims` (decoded JSON of the challenge; may be empty) merged into the request. Does nothing
    /// when another token has come meanwhile, and asks at most once a minute.
    virtual void refused(const AccessToken& token, const std::string& claims) = 0;
};

}  // namespace cloudpcd::graph
