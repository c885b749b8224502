#include "sync/graph/proxy.hpp"

#include "sync/graph/ascii.hpp"
#include "sync/graph/base64.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cloudpcd::graph {

namespace {

struct Entry {
    std::string_view host;
    std::string_view port;  ///< empty: any
};

/// `host`, `host:port`, `[::1]`, `[::1]:port` or `::1`.
Entry split(std::string_view text)
{
    if (text.starts_with('[')) {
        const auto end = std::min(text.find(']'), text.size());
        const auto behind = text.substr(std::min(end + 1, text.size()));
        return {.host = text.substr(1, end - 1),
                .port = behind.starts_with(':') ? behind.substr(1) : std::string_view{}};
    }
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos)
        return {.host = text, .port = {}};
    return {.host = text.substr(0, colon), .port = text.substr(colon + 1)};
}

bool names(std::string_view text, const Origin& origin)
{
    auto [host, port] = split(text);
    if (!port.empty() && port != std::to_string(origin.port))
        return false;
    if (host == "*")
        return true;
    if (host.starts_with("*."))
        host.remove_prefix(1);
    const auto lower = ascii_lower(host);
    if (lower.empty())
        return false;
    if (lower.starts_with('.'))
        return origin.host.size() > lower.size() && origin.host.ends_with(lower);
    return origin.host == lower || origin.host.ends_with('.' + lower);
}

}  // namespace

bool goes_direct(const Origin& origin, std::span<const std::string> no_proxy)
{
    return origin.loopback() || origin.metadata_service() ||
           std::ranges::any_of(no_proxy, [&](const auto& entry) { return names(entry, origin); });
}

std::string basic_authorization(std::string_view credentials)
{
    return fmt::format("Basic {}", base64_encode(credentials));
}

}  // namespace cloudpcd::graph
