// Access tokens of users for tests that need no sign-in.

#include "tests/simulator/tenant.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace graphsim {

namespace json = boost::json;

std::string TokenEndpoint::issue_to(const std::string& principal_name, const std::string& user_id,
                                    std::vector<std::string> scopes, const TenantOptions& options)
{
    const auto now = options.now();
    const auto issued = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    const json::object claims{{"aud", "https://graph.microsoft.com"},
                              {"iat", issued},
                              {"exp", issued + options.token_lifetime.count()},
                              {"appid", options.client_id},
                              {"idtyp", "user"},
                              {"oid", user_id},
                              {"scp", fmt::format("{}", fmt::join(scopes, " "))},
                              {"tid", options.tenant_id},
                              {"upn", principal_name},
                              {"uti", x_random.guid()}};
    auto token = fmt::format("{}.{}.{}", base64url(R"({"typ":"JWT","alg":"RS256"})"),
                             base64url(json::serialize(claims)), base64url(x_random.guid()));
    x_tokens.emplace(token, Token{.number = ++x_issued,
                                  .expires = now + options.token_lifetime,
                                  .roles = std::move(scopes)});
    return token;
}

}  // namespace graphsim
