#pragma once
// Base64 as it arrives in tokens and challenges.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace cloudpcd::graph {

/// Decodes base64 or base64url (RFC 4648), padded or not.
///
/// Errors: nullopt for other characters, padding in the middle and impossible lengths
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace cloudpcd::graph
