#pragma once
// Where tokens come from: the client credentials grant of Microsoft Entra (identity platform
// documentation: "OAuth 2.0 client credentials flow", "Microsoft Entra authentication and
// authorization error codes"), the grants that a user stands behind (user_sign_in.hpp), and the
// metadata service that gives tokens to managed identities ("How to use managed identities for
// Azure resources on an Azure VM to acquire an access token").

#include "tests/simulator/client_assertion.hpp"
#include "tests/simulator/http.hpp"
#include "tests/simulator/random.hpp"
#include "tests/simulator/times.hpp"
#include "tests/simulator/user_sign_in.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace graphsim {

struct TenantOptions;

enum class TokenState { valid, missing, unknown, expired };

class TokenEndpoint {
public:
    explicit TokenEndpoint(std::uint64_t seed) : x_random{seed}, x_users{x_random.next()} {}

    /// `POST /{tenant}/oauth2/v2.0/token`.
    Response issue(const Request& request, std::string_view tenant, const TenantOptions& options);

    /// `POST /{tenant}/oauth2/v2.0/devicecode`.
    Response issue_device_code(const Request& request, std::string_view tenant,
                               const TenantOptions& options);

    /// `GET /metadata/identity/oauth2/token` of the metadata service.
    Response issue_to_identity(const Request& request, const TenantOptions& options);

    /// Of an Authorization header.
    TokenState check(std::string_view authorization, TimePoint now) const;
    /// Roles of a valid token; of a user's token its scopes.
    const std::vector<std::string>& roles(std::string_view authorization) const;
    /// What the request log shows: `Bearer token-7`, the seventh one issued.
    std::string name(std::string_view authorization) const;

    std::size_t issued() const noexcept { return x_issued; }
    void revoke_all() noexcept { x_tokens.clear(); }
    UserSignIn& users() noexcept { return x_users; }
    const UserSignIn& users() const noexcept { return x_users; }

private:
    struct Token {
        std::size_t number = 0;
        TimePoint expires;
        std::vector<std::string> roles;
    };
    using Form = std::vector<std::pair<std::string, std::string>>;
    Response refuse(const TokenRefusal& refusal, TimePoint now);
    std::optional<TokenRefusal> refuse_request(const Request& request, std::string_view tenant,
                                               const TenantOptions& options) const;
    std::optional<TokenRefusal> refuse_client(const Form& form, const TenantOptions& options);
    Response issue_to_application(const Form& form, const TenantOptions& options);
    Response issue_to_user(const UserGrant& granted, const TenantOptions& options);
    std::string grant(std::string_view audience, std::string_view client_id,
                      const TenantOptions& options);
    std::string keep(std::string token, std::vector<std::string> roles,
                     const TenantOptions& options);
    std::string jwt(const boost::json::object& payload);
    boost::json::object common_claims(std::string_view audience, const TenantOptions& options);
    const Token* find(std::string_view authorization) const;
    void forget_expired(TimePoint now);

    Random x_random;
    AssertionCheck x_assertions;
    UserSignIn x_users;
    std::unordered_map<std::string, Token> x_tokens;
    std::size_t x_issued = 0;
};

/// base64url without padding.
std::string base64url(std::string_view bytes);
/// Ordinary base64.
std::string base64(std::string_view bytes);

}  // namespace graphsim
