#pragma once
// Absolute http(s) URLs, split into the part a token is bound to (the origin) and the rest.
// nextLink, deltaLink and Location are input from the network: they become a Url only here.

#include "sync/core/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace cloudpcd::graph {

/// Scheme, host and port, normalised (lower case, default port filled in), so that == is the
/// same-origin test of RFC 6454.
struct Origin {
    std::string scheme;  ///< "https", or "http" for loopback and the metadata service
    std::string host;    ///< lower case, ASCII; IPv6 without brackets
    std::uint16_t port = 0;

    bool operator==(const Origin&) const = default;
    /// `https://host` with the port only when it is not the default; IPv6 in brackets.
    std::string to_string() const;
    bool secure() const noexcept { return scheme == "https"; }
    /// 127.0.0.0/8, ::1 or localhost.
    bool loopback() const noexcept;
    /// The link-local address of Azure's Instance Metadata Service: leads to no other machine.
    bool metadata_service() const noexcept { return host == "169.254.169.254"; }
};

struct Url {
    Origin origin;
    std::string target;  ///< path and query exactly as received, at least "/"

    std::string to_string() const { return origin.to_string() + target; }
    std::string_view path() const noexcept;   ///< target up to '?'
    std::string_view query() const noexcept;  ///< behind '?', may be empty
};

/// Longest link that is followed; longer ones are Errc::malformed.
inline constexpr std::size_t url_bytes_max = 8UL * 1024;

/// Parses an absolute URL.
///
/// Errors: Errc::malformed for relative and protocol-relative references, other schemes, userinfo,
///         control characters, blanks and non-ASCII hosts, backslashes, a port out of range, a
///         fragment, and more than url_bytes_max bytes
///
/// A trailing dot is part of the host: `graph.microsoft.com.` is another origin, as it is another
/// name to a certificate.
Result<Url> parse_url(std::string_view text);

/// Parses `https://host[:port]`, with nothing behind it but perhaps a slash.
///
/// Errors: those of parse_url, and Errc::malformed for a path or query
Result<Origin> parse_origin(std::string_view text);

/// The URL of `target` (path and query, ready for the wire) at `origin`. The target comes from
/// ourselves; it begins with a slash.
Url url_at(Origin origin, std::string target);

/// Percent-encodes everything but RFC 3986 unreserved characters.
std::string percent_encode(std::string_view text);

}  // namespace cloudpcd::graph
