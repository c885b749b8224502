#pragma once
// What an access token says about itself. Its signature is for Graph to check; these claims are
// read to refuse early what cannot be meant (another tenant) and to show the permissions.
// Source: Microsoft identity platform "Access token claims reference".

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::graph {

inline constexpr std::size_t token_bytes_max = 64UL * 1024;

struct TokenClaims {
    std::string tenant_id;           ///< `tid`
    std::vector<std::string> roles;  ///< application permissions
    std::string audience;            ///< `aud`, when it is one text
};

/// Who a user's token is about.
struct UserClaims {
    std::string tenant_id;       ///< `tid`
    std::string object_id;       ///< `oid`
    std::string principal_name;  ///< `preferred_username` of id tokens, `upn` of access tokens
};

/// What a JWT says of its user; all empty for an opaque token.
/// Source: Microsoft identity platform "ID token claims reference"
UserClaims read_user_claims(std::string_view token);

/// Claims of the JWT; nullopt for an opaque token, which is legal.
std::optional<TokenClaims> read_token_claims(std::string_view token);

}  // namespace cloudpcd::graph
