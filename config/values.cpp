#include "config/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <numeric>
#include <vector>

namespace cloudpcd::config {

namespace {

bool is_digit(char c) noexcept
{
    return c >= '0' && c <= '9';
}

char lower(char c) noexcept
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower(std::string_view text)
{
    std::string out{text};
    std::transform(out.begin(), out.end(), out.begin(), [](char c) { return lower(c); });
    return out;
}

std::optional<std::uint16_t> parse_port(std::string_view text) noexcept
{
    std::uint16_t port = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (failure != std::errc{} || end != text.data() + text.size() || port == 0)
        return std::nullopt;
    return port;
}

/// A host name, an IPv4 address, or an IPv6 address in brackets.
bool is_host(std::string_view host) noexcept
{
    if (host.empty() || host.size() > 253)
        return false;
    if (host.front() == '[') {
        return host.size() > 3 && host.back() == ']' &&
               host.substr(1, host.size() - 2).find_first_not_of("0123456789abcdefABCDEF:.") ==
                   std::string_view::npos;
    }
    return host.front() != '.' && host.front() != '-' &&
           std::all_of(host.begin(), host.end(), [](char c) {
               return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || c == '.' || c == '-' ||
                      c == '_';
           });
}

struct HostPort {
    std::string_view host;
    std::optional<std::uint16_t> port;
};

std::optional<HostPort> split_host_port(std::string_view text) noexcept
{
    const auto bracket = text.rfind(']');
    const auto colon = text.rfind(':');
    const bool has_port =
        colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
    HostPort parts{.host = has_port ? text.substr(0, colon) : text, .port = std::nullopt};
    if (has_port) {
        parts.port = parse_port(text.substr(colon + 1));
        if (!parts.port)
            return std::nullopt;
    }
    if (!is_host(parts.host))
        return std::nullopt;
    return parts;
}

std::optional<unsigned> hex_digit(char c) noexcept
{
    if (is_digit(c))
        return static_cast<unsigned>(c - '0');
    c = lower(c);
    return c >= 'a' && c <= 'f' ? std::optional{static_cast<unsigned>(c - 'a' + 10)} : std::nullopt;
}

/// Part of a URL's user information; nullopt for broken encoding and control characters.
std::optional<std::string> percent_decode(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            const auto high = text.size() - i > 2 ? hex_digit(text[i + 1]) : std::nullopt;
            const auto low = text.size() - i > 2 ? hex_digit(text[i + 2]) : std::nullopt;
            if (!high || !low)
                return std::nullopt;
            c = static_cast<char>(*high * 16 + *low);
            i += 2;
        }
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7F)
            return std::nullopt;
        out += c;
    }
    return out;
}

std::size_t edit_distance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

struct Unit {
    std::string_view word;
    std::int64_t milliseconds;
};
constexpr std::array<Unit, 5> units{{
    {"d", 86'400'000},
    {"h", 3'600'000},
    {"m", 60'000},
    {"s", 1000},
    {"ms", 1},
}};

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) noexcept
{
    const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& candidate) {
        return candidate.word == text.substr(digits);
    });
    if (digits == 0 || unit == units.end())
        return std::nullopt;
    std::int64_t count = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + digits, count);
    if (parsed.ec != std::errc{} ||
        count > std::numeric_limits<std::int64_t>::max() / unit->milliseconds)
        return Duration::max();
    return Duration{count * unit->milliseconds};
}

std::string format_duration(Duration duration)
{
    const auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& candidate) {
        return duration.count() != 0 && duration.count() % candidate.milliseconds == 0;
    });
    if (unit == units.end())
        return "0s";
    return fmt::format("{}{}", duration.count() / unit->milliseconds, unit->word);
}

std::optional<std::string> parse_guid(std::string_view text)
{
    constexpr std::string_view shape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (text.size() != shape.size())
        return std::nullopt;
    std::string guid = lower(text);
    for (std::size_t i = 0; i < shape.size(); ++i) {
        const char c = guid[i];
        const bool fits = shape[i] == '-' ? c == '-' : is_digit(c) || (c >= 'a' && c <= 'f');
        if (!fits)
            return std::nullopt;
    }
    return guid;
}

std::optional<UrlOrigin> parse_origin(std::string_view text)
{
    const auto scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos)
        return std::nullopt;
    const std::string scheme = lower(text.substr(0, scheme_end));
    if (scheme != "https" && scheme != "http")
        return std::nullopt;
    auto rest = text.substr(scheme_end + 3);
    if (rest.ends_with('/'))
        rest.remove_suffix(1);
    const auto parts = split_host_port(rest);
    if (!parts)
        return std::nullopt;
    UrlOrigin origin{.tls = scheme == "https", .host = lower(parts->host), .text = {}};
    origin.text = fmt::format("{}://{}", scheme, origin.host);
    if (parts->port && *parts->port != (origin.tls ? 443 : 80))
        origin.text += fmt::format(":{}", *parts->port);
    return origin;
}

std::optional<ProxyAddress> parse_proxy(std::string_view text)
{
    const auto scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos)
        return std::nullopt;
    const auto from = scheme_end + 3;
    const auto at = text.rfind('@');
    if (at == std::string_view::npos || at < from) {
        const auto origin = parse_origin(text);
        return origin && !origin->tls ? std::optional{ProxyAddress{origin->text, {}}}
                                      : std::nullopt;
    }
    const auto origin = parse_origin(std::string{text.substr(0, from)}.append(text.substr(at + 1)));
    const auto information = text.substr(from, at - from);
    const auto colon = std::min(information.find(':'), information.size());
    const auto user = percent_decode(information.substr(0, colon));
    const auto password =
        percent_decode(information.substr(std::min(colon + 1, information.size())));
    // A colon inside of the user name would begin the password (RFC 7617 section 2).
    if (!origin || origin->tls || !user || user->empty() || user->find(':') != std::string::npos ||
        !password)
        return std::nullopt;
    return ProxyAddress{.origin = origin->text, .credentials = *user + ':' + *password};
}

std::optional<Listen> parse_listen(std::string_view text)
{
    const auto parts = split_host_port(text);
    if (!parts || !parts->port)
        return std::nullopt;
    auto host = parts->host;
    if (host.front() == '[')
        host = host.substr(1, host.size() - 2);
    return Listen{.host = lower(host), .port = *parts->port};
}

bool is_loopback(std::string_view host) noexcept
{
    if (host == "localhost" || host == "::1" || host == "[::1]")
        return true;
    // All of 127.0.0.0/8, and not a name such as 127.0.0.1.example.org.
    return host.starts_with("127.") && std::count(host.begin(), host.end(), '.') == 3 &&
           !host.ends_with('.') && host.find("..") == std::string_view::npos &&
           host.find_first_not_of("0123456789.") == std::string_view::npos;
}

std::string show_value(std::string_view text)
{
    constexpr std::size_t shown_max = 60;
    const bool cut = text.size() > shown_max;
    std::string out = "\"";
    for (const char c : text.substr(0, shown_max)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte >= 0x7F)
            out += fmt::format("\\x{:02x}", byte);
        else
            out += c;
    }
    return out + (cut ? "…\"" : "\"");
}

std::size_t utf8_prefix(std::string_view text) noexcept
{
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    std::size_t at = 0;
    while (at < text.size()) {
        const unsigned lead = byte(at);
        const std::size_t length = lead < 0x80                   ? 1
                                   : lead >= 0xC2 && lead < 0xE0 ? 2
                                   : lead >= 0xE0 && lead < 0xF0 ? 3
                                   : lead >= 0xF0 && lead < 0xF5 ? 4
                                                                 : 0;
        if (length == 0 || text.size() - at < length)
            return at;
        for (std::size_t i = 1; i < length; ++i) {
            if ((byte(at + i) & 0xC0U) != 0x80)
                return at;
        }
        // Overlong forms, surrogates, and what lies beyond U+10FFFF.
        if ((lead == 0xE0 && byte(at + 1) < 0xA0) || (lead == 0xED && byte(at + 1) > 0x9F) ||
            (lead == 0xF0 && byte(at + 1) < 0x90) || (lead == 0xF4 && byte(at + 1) > 0x8F))
            return at;
        at += length;
    }
    return at;
}

std::string_view nearest(std::string_view text, std::span<const std::string_view> candidates)
{
    std::string_view best;
    std::size_t best_distance = text.size() < 4 ? 2 : 4;  // one or three typing errors
    for (const auto candidate : candidates) {
        const auto distance = edit_distance(text, candidate);
        if (distance < best_distance && distance < candidate.size()) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

}  // namespace cloudpcd::config
