#pragma once
// Which origins are reached directly although there is a proxy.

#include "sync/graph/url.hpp"

#include <span>
#include <string>
#include <string_view>

namespace cloudpcd::graph {

/// True for loopback and the metadata service always, and for what an entry of `no_proxy` names:
/// `*` everything; `host` that name or address, and names below it; `.domain` and `*.domain` names
/// below it alone; each of the last three with `:port` that port alone. Compared without case.
bool goes_direct(const Origin& origin, std::span<const std::string> no_proxy);

/// The value of Proxy-Authorization for `credentials` ("user:password"). A secret.
/// Source: RFC 7617
std::string basic_authorization(std::string_view credentials);

}  // namespace cloudpcd::graph
