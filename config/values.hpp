#pragma once
// The small languages inside configuration values: durations, GUIDs, origins, listen addresses.
// Pure functions; what they refuse is nullopt, and the caller says what would be accepted.

#include "config/config.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace cloudpcd::config {

/// `500ms`, `30s`, `5m`, `24h`, `400d`: a whole number and a unit, nothing else.
/// Errors: nullopt for other spellings; Duration::max() for what does not fit into a Duration
std::optional<Duration> parse_duration(std::string_view text) noexcept;

/// In the same spelling, the largest unit that divides it.
std::string format_duration(Duration duration);

/// `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` in lower case.
std::optional<std::string> parse_guid(std::string_view text);

/// The origin of a URL: where a request may go, and nothing more.
struct UrlOrigin {
    bool tls = true;
    std::string host;  ///< lower case, IPv6 in brackets
    std::string text;  ///< scheme://host[:port] without the default port
};

/// `http(s)://host[:port][/]`. Errors: nullopt for another scheme, user names, a path, a query.
std::optional<UrlOrigin> parse_origin(std::string_view text);

/// Where a proxy is, and how to sign in there.
struct ProxyAddress {
    std::string origin;       ///< http://host[:port]
    std::string credentials;  ///< "user:password", decoded; a secret; empty: none
};

/// `http://[user:password@]host[:port][/]`; what a URL cannot hold stands percent-encoded in user
/// and password. Errors: nullopt for another scheme, a path, an empty user name, control characters
std::optional<ProxyAddress> parse_proxy(std::string_view text);

/// `host:port`, `[::1]:port`; the port is 1-65535.
std::optional<Listen> parse_listen(std::string_view text);

/// 127.0.0.0/8, ::1 (with or without brackets), localhost.
bool is_loopback(std::string_view host) noexcept;

/// `text` in quotes for a message: at most 60 bytes, control characters as \xNN.
std::string show_value(std::string_view text);

/// Length of the part of `text` before the first byte that is not UTF-8.
std::size_t utf8_prefix(std::string_view text) noexcept;

/// The candidate that `text` was probably meant to be; empty when none is near.
std::string_view nearest(std::string_view text, std::span<const std::string_view> candidates);

}  // namespace cloudpcd::config
