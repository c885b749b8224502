#include "sync/graph/url.hpp"

#include "sync/graph/ascii.hpp"

#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace cloudpcd::graph {

namespace ip = boost::asio::ip;

namespace {

constexpr std::size_t host_bytes_max = 253;  // RFC 1035 section 2.3.4, in text

std::uint16_t default_port(std::string_view scheme) noexcept
{
    return scheme == "https" ? 443 : 80;
}

// The text stays out of the message: it is input from elsewhere and may carry page tokens.
Error bad_url(std::string_view why)
{
    return {.code = Errc::malformed, .message = fmt::format("unusable URL: {}", why)};
}

/// Host without brackets in its one spelling, or nullopt.
std::optional<std::string> normalised_host(std::string_view text)
{
    if (text.starts_with('[')) {
        if (!text.ends_with(']') || text.find('%') != std::string_view::npos)  // no zone ids
            return std::nullopt;
        boost::system::error_code failure;
        const auto address =
            ip::make_address_v6(std::string{text.substr(1, text.size() - 2)}, failure);
        if (failure)
            return std::nullopt;
        return address.to_string();
    }
    const auto allowed = [](char c) {
        return is_ascii_alpha(c) || is_ascii_digit(c) || c == '-' || c == '_' || c == '.';
    };
    if (text.empty() || text.size() > host_bytes_max || !std::ranges::all_of(text, allowed))
        return std::nullopt;
    if (text.starts_with('.') || text.find("..") != std::string_view::npos)
        return std::nullopt;
    return ascii_lower(text);
}

std::optional<std::uint16_t> parse_port(std::string_view text) noexcept
{
    std::uint16_t port = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (failure != std::errc{} || end != text.data() + text.size() || port == 0)
        return std::nullopt;
    return port;
}

/// Splits `host[:port]`; brackets hold colons of their own.
std::pair<std::string_view, std::optional<std::string_view>> split_port(std::string_view authority)
{
    const auto from = authority.starts_with('[') ? authority.find(']') : 0;
    const auto colon =
        from == std::string_view::npos ? std::string_view::npos : authority.find(':', from);
    if (colon == std::string_view::npos)
        return {authority, std::nullopt};
    return {authority.substr(0, colon), authority.substr(colon + 1)};
}

}  // namespace

std::string Origin::to_string() const
{
    const bool bracketed = host.find(':') != std::string::npos;
    auto text =
        fmt::format("{}://{}{}{}", scheme, bracketed ? "[" : "", host, bracketed ? "]" : "");
    if (port != default_port(scheme))
        text += fmt::format(":{}", port);
    return text;
}

bool Origin::loopback() const noexcept
{
    if (host == "localhost")
        return true;
    boost::system::error_code failure;
    const auto v4 = ip::make_address_v4(host.c_str(), failure);
    if (!failure)
        return v4.is_loopback();
    const auto v6 = ip::make_address_v6(host.c_str(), failure);
    return !failure && v6.is_loopback();
}

std::string_view Url::path() const noexcept
{
    return std::string_view{target}.substr(0, target.find('?'));
}

std::string_view Url::query() const noexcept
{
    const auto mark = target.find('?');
    return mark == std::string::npos ? std::string_view{}
                                     : std::string_view{target}.substr(mark + 1);
}

Result<Url> parse_url(std::string_view text)
{
    if (text.size() > url_bytes_max)
        return bad_url("too long");
    const auto unsafe = [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte <= 0x20 || byte == 0x7F || c == '\\' || c == '#';
    };
    if (std::ranges::any_of(text, unsafe))
        return bad_url("it has a blank, a control character, a backslash or a fragment");

    const auto colon = text.find("://");
    if (colon == std::string_view::npos)
        return bad_url("not absolute");
    Url url;
    url.origin.scheme = ascii_lower(text.substr(0, colon));
    if (url.origin.scheme != "https" && url.origin.scheme != "http")
        return bad_url("neither https nor http");

    const auto rest = text.substr(colon + 3);
    const auto authority = rest.substr(0, rest.find_first_of("/?"));
    if (authority.find('@') != std::string_view::npos)
        return bad_url("it has a user name before the host");
    const auto [host, port] = split_port(authority);
    auto normalised = normalised_host(host);
    if (!normalised)
        return bad_url("no usable host");
    const auto number = port ? parse_port(*port) : std::optional{default_port(url.origin.scheme)};
    if (!number)
        return bad_url("no usable port");
    url.origin.host = std::move(*normalised);
    url.origin.port = *number;

    url.target = rest.substr(authority.size());
    if (!url.target.starts_with('/'))
        url.target.insert(0, 1, '/');
    return url;
}

Result<Origin> parse_origin(std::string_view text)
{
    auto url = parse_url(text);
    if (!url)
        return std::move(url).error();
    if (url->target != "/")
        return bad_url("only scheme, host and port are expected");
    return std::move(url->origin);
}

Url url_at(Origin origin, std::string target)
{
    CLOUDPCD_ASSERT(target.starts_with('/'));
    return {.origin = std::move(origin), .target = std::move(target)};
}

std::string percent_encode(std::string_view text)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (is_ascii_alpha(c) || is_ascii_digit(c) || c == '-' || c == '.' || c == '_' ||
            c == '~') {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += digits[byte >> 4U];
        out += digits[byte & 0xFU];
    }
    return out;
}

}  // namespace cloudpcd::graph
