// Access tokens of users for tests that need no sign-in.

#include "tests/simulator/tenant.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace graphsim {

std::string TokenEndpoint::issue_to(const std::string& principal_name, const std::string& user_id,
                                    std::vector<std::string> scopes, const TenantOptions& options)
{
    auto claims = common_claims("https://graph.microsoft.com", options);
    claims["appid"] = options.client_id;
    claims["idtyp"] = "user";
    claims["oid"] = user_id;
    claims["scp"] = fmt::format("{}", fmt::join(scopes, " "));
    claims["upn"] = principal_name;
    return keep(jwt(claims), std::move(scopes), options);
}

}  // namespace graphsim
