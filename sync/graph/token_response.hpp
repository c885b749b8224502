#pragma once
// What a token endpoint answers: a token with its life, or why not.
// Source: Microsoft identity platform "OAuth 2.0 client credentials flow" and "Microsoft Entra
// authentication and authorization error codes".

#include "sync/core/clock.hpp"
#include "sync/core/error.hpp"
#include "sync/graph/sign_in_advice.hpp"
#include "sync/graph/transport.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::graph {

inline constexpr std::size_t token_response_bytes_max = 256UL * 1024;

/// Life of a token whose response names none, or an impossible one.
inline constexpr Duration token_life_default = std::chrono::minutes{5};
inline constexpr Duration token_life_min = std::chrono::seconds{10};
inline constexpr Duration token_life_max = std::chrono::hours{24};

/// What a bare 429 of the token endpoint means.
/// Source: MSAL "Client and server throttling"
inline constexpr Duration token_retry_after_default = std::chrono::seconds{60};

struct TokenGrant {
    std::string token;
    Duration life{0};  ///< within token_life_min and token_life_max
    std::optional<Duration> refresh_in{};
    SteadyTime requested_at{};    ///< from here the life counts; set by who asked
    std::string refresh_token{};  ///< of a user's sign-in; a secret
    std::string id_token{};       ///< likewise: says who signed in
};

/// Reads `access_token` with `expires_in` (number or text), or with `expires_on` (seconds since
/// 1970) as managed identities give it.
///
/// Errors: Errc::malformed when there is no usable token
Result<TokenGrant> parse_token_grant(std::string_view body, UtcTime now);

/// A positive number of seconds, also as text (managed identities) or with a fraction (cut off); at
/// most token_life_max.
std::optional<Duration> seconds_member(const boost::json::object& from, std::string_view name);

/// The Error of a response without a token: Errc::unauthorized with Entra's code and what to do,
/// Errc::throttled with retry_after, Errc::transient, or Errc::malformed when it does not come from
/// a token endpoint. `secrets` do not appear in it.
Error token_error(const HttpResponse& response, const Url& url, UtcTime now,
                  const std::vector<std::string_view>& secrets,
                  Principal who = Principal::application);

}  // namespace cloudpcd::graph
