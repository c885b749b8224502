#pragma once
// WWW-Authenticate: what a 401 says about why the token does not do.
// Source: Microsoft identity platform "Claims challenges, claims requests and client capabilities";
// RFC 9110 section 11.6.1.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::graph {

inline constexpr std::size_t authenticate_bytes_max =
    16UL * 1024;                                                 ///< of one header; longer: unread
inline constexpr std::size_t challenge_claims_bytes_max = 2048;  ///< longer: not a challenge

struct Challenge {
    bool insufficient_claims = false;
    std::string claims;  ///< decoded: the text of a JSON object; empty when there is none
};

/// The claims challenge among these headers: of scheme Bearer, in whichever header and parameter
/// order. Empty when there is none or it cannot be read.
Challenge find_challenge(const std::vector<std::string_view>& www_authenticate);

}  // namespace cloudpcd::graph
