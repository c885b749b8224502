#pragma once
// Base64 (RFC 4648) as it arrives in tokens and challenges, and as assertions and proxies want it.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace cloudpcd::graph {

/// Decodes base64 or base64url (RFC 4648), padded or not.
///
/// Errors: nullopt for other characters, padding in the middle and impossible lengths
std::optional<std::string> base64_decode(std::string_view text);

/// With the alphabet of URLs and without padding, as in JWTs.
std::string base64url_encode(std::string_view bytes);

/// With the ordinary alphabet and padding.
std::string base64_encode(std::string_view bytes);

}  // namespace cloudpcd::graph
