#include "tests/unit/graph/login_host.hpp"

#include <algorithm>

namespace cloudpcd::graph::test {

namespace {

graphsim::TenantOptions on_clock(graphsim::TenantOptions options, Clock& clock)
{
    options.now = [&clock] { return clock.utc_now(); };
    options.cloud_pcs = 1;
    options.audit_events = 1;
    options.snapshots = 1;
    return options;
}

}  // namespace

LoginHost::LoginHost(graphsim::TenantOptions options)
    : tenant{on_clock(std::move(options), network.clock)}
{
    network.transport.answer = [this](const HttpRequest& request) -> Result<HttpResponse> {
        if (!replies.empty()) {
            auto next = replies.front();
            replies.erase(replies.begin());
            return next;
        }
        auto answered = tenant.handle(
            {.method = request.method, .target = request.url.target, .body = request.body});
        HttpResponse response{.status = answered.status, .headers = {}, .body = answered.body};
        for (auto& [name, value] : answered.headers)
            response.headers.push_back({name, value});
        return response;
    };
}

TokenEndpointOptions LoginHost::endpoint() const
{
    return {.authority = {.scheme = "https", .host = "login.example", .port = 443},
            .tenant_id = tenant.options().tenant_id,
            .client_id = tenant.options().client_id,
            .scope = std::string{delegated_scopes},
            .user_agent = "cloudpcd/test"};
}

std::size_t LoginHost::count(std::string_view part) const
{
    return static_cast<std::size_t>(std::ranges::count_if(
        network.transport.seen,
        [&](const auto& seen) { return seen.request.body.find(part) != std::string::npos; }));
}

bool LoginHost::approve()
{
    return std::ranges::any_of(tenant.sign_ins(), [&](const auto& one) {
        return one.state == "pending" && tenant.approve_sign_in(one.user_code);
    });
}

}  // namespace cloudpcd::graph::test
