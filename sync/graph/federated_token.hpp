#pragma once
// The credential of an application that trusts another issuer (workload identity federation): the
// platform keeps a token in a file, and that token is the client assertion.
// Source: Microsoft identity platform "Workload identity federation".

#include "sync/graph/cached_credentials.hpp"
#include "sync/graph/token_endpoint.hpp"

#include <functional>
#include <string>
#include <vector>

namespace cloudpcd::graph {

struct FederatedTokenOptions {
    TokenEndpointOptions endpoint;
    std::vector<std::string> audiences;  ///< see TokenChecks; the tenant is the endpoint's
    /// The platform's token, asked for with every token request: platforms renew it at any time.
    std::function<Result<std::string>()> token;
};

class FederatedTokenCredentials final : public CachedCredentials {
public:
    /// All three must outlive the calls. A token that is refused while the platform has renewed it
    /// is followed by the new one at once.
    FederatedTokenCredentials(Transport& transport, Clock& clock, Rng& rng,
                              FederatedTokenOptions options);
};

}  // namespace cloudpcd::graph
