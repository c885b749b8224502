#pragma once
// The login host: the client credentials grant of Microsoft Entra (identity platform documentation:
// "OAuth 2.0 client credentials flow", "Microsoft Entra authentication and authorization error
// codes").

#include "tests/simulator/http.hpp"
#include "tests/simulator/random.hpp"
#include "tests/simulator/times.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace graphsim {

struct TenantOptions;

enum class TokenState { valid, missing, unknown, expired };

class TokenEndpoint {
public:
    explicit TokenEndpoint(std::uint64_t seed) : x_random{seed} {}

    /// `POST /{tenant}/oauth2/v2.0/token`.
    Response issue(const Request& request, std::string_view tenant, const TenantOptions& options);

    /// Of an Authorization header.
    TokenState check(std::string_view authorization, TimePoint now) const;
    /// Roles of a valid token.
    const std::vector<std::string>& roles(std::string_view authorization) const;
    /// What the request log shows: `Bearer token-7`, the seventh one issued.
    std::string name(std::string_view authorization) const;

    std::size_t issued() const noexcept { return x_issued; }
    void revoke_all() noexcept { x_tokens.clear(); }

private:
    struct Token {
        std::size_t number = 0;
        TimePoint expires;
        std::vector<std::string> roles;
    };
    struct Refusal;
    Response refuse(const Refusal& refusal, TimePoint now);
    std::string access_token(std::string_view audience, const TenantOptions& options);
    const Token* find(std::string_view authorization) const;
    void forget_expired(TimePoint now);

    Random x_random;
    std::unordered_map<std::string, Token> x_tokens;
    std::size_t x_issued = 0;
};

/// base64url without padding.
std::string base64url(std::string_view bytes);
/// Ordinary base64.
std::string base64(std::string_view bytes);

}  // namespace graphsim
