#pragma once
// The credential of an application that has a client secret.

#include "sync/graph/cached_credentials.hpp"
#include "sync/graph/token_endpoint.hpp"

#include <functional>
#include <string>
#include <vector>

namespace cloudpcd::graph {

struct ClientSecretOptions {
    TokenEndpointOptions endpoint;
    std::vector<std::string> audiences;  ///< see TokenChecks; the tenant is the endpoint's
    /// The secret, asked for with every token request, so that a rotated file is found.
    std::function<Result<std::string>()> secret;
};

class ClientSecretCredentials final : public CachedCredentials {
public:
    /// All three must outlive the calls.
    ClientSecretCredentials(Transport& transport, Clock& clock, Rng& rng,
                            ClientSecretOptions options);
};

}  // namespace cloudpcd::graph
