#pragma once
// The simulated tenant's login host behind a scripted network, on the virtual clock.

#include "sync/graph/token_endpoint.hpp"
#include "tests/simulator/tenant.hpp"
#include "tests/unit/graph/fixture.hpp"

#include <optional>
#include <string>
#include <vector>

namespace cloudpcd::graph::test {

inline constexpr std::string_view delegated_scopes =
    "https://graph.microsoft.com/CloudPC.ReadWrite.All offline_access openid profile";

struct LoginHost {
    explicit LoginHost(graphsim::TenantOptions options = {});

    TokenEndpointOptions endpoint() const;
    /// The number of requests whose body has `part`.
    std::size_t count(std::string_view part) const;
    void pass(Duration time) { network.clock.run_for(network.io, time); }
    /// What the tenant's user sees and confirms; false when no code waits.
    bool approve();
    /// The next request is answered with this instead.
    void reply(Result<HttpResponse> answer) { replies.push_back(std::move(answer)); }

    Network network;
    graphsim::Tenant tenant;
    std::vector<Result<HttpResponse>> replies;
};

}  // namespace cloudpcd::graph::test
