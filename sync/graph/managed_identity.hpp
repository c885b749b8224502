#pragma once
// The credential of a program on an Azure machine: tokens come from the Instance Metadata Service
// at a link-local address, without any secret of ours.
// Source: Entra "How to use managed identities for Azure resources on an Azure VM to acquire an
// access token", with its section "Retry guidance".

#include "sync/graph/cached_credentials.hpp"
#include "sync/graph/transport.hpp"

#include <string>
#include <vector>

namespace cloudpcd::graph {

struct ManagedIdentityOptions {
    Origin service{.scheme = "http", .host = "169.254.169.254", .port = 80};
    std::string resource;   ///< Graph's root
    std::string client_id;  ///< of a user-assigned identity; empty: the system-assigned one
    std::string user_agent;
    Duration request_timeout = std::chrono::seconds{10};
    TokenChecks checks;
};

/// Requests of one fetch.
inline constexpr int identity_attempts_max = 5;
/// A service that answers 410 is being updated, and back within this.
inline constexpr Duration identity_gone_max = std::chrono::seconds{70};

class ManagedIdentityCredentials final : public CachedCredentials {
public:
    /// All three must outlive the calls. 404, 410, 429, 5xx and transport failures are repeated
    /// within a fetch; the claims of a challenge are not passed on, since the service takes none.
    ManagedIdentityCredentials(Transport& transport, Clock& clock, Rng& rng,
                               ManagedIdentityOptions options);
};

}  // namespace cloudpcd::graph
