#pragma once
// From a host name to a connected socket: every address is tried, none may hold up the others.

#include "sync/core/error.hpp"
#include "sync/graph/connection.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace cloudpcd::graph {

/// Addresses of one name that are tried; the rest is left out.
inline constexpr std::size_t addresses_max = 8;

using Endpoints = std::vector<boost::asio::ip::tcp::endpoint>;

/// Addresses of `host`, in the order to try them. An IP literal asks nobody.
///
/// Errors:     Errc::transient for an unknown name or when `deadline` passes. getaddrinfo cannot be
///             interrupted: it is left behind on Asio's resolver thread
/// Exceptions: operation_aborted when cancelled, at once
boost::asio::awaitable<Result<Endpoints>> resolve(boost::asio::any_io_executor executor,
                                                  std::string host, std::uint16_t port,
                                                  Deadline deadline);

/// The same addresses with IPv4 and IPv6 taking turns, the first one's family first, cut to
/// addresses_max: when one family leads nowhere, the second try already is of the other
/// (RFC 8305 section 4).
Endpoints interleave_families(const Endpoints& endpoints);

/// Connects to the first of `endpoints` that answers. One that says nothing for `stagger` gets
/// company by the next; one that fails is replaced at once (RFC 8305 section 5).
///
/// Errors:     Errc::transient with the failure of each address, or when `deadline` passes
/// Exceptions: operation_aborted when cancelled
boost::asio::awaitable<Result<boost::asio::ip::tcp::socket>> connect_any(
    boost::asio::any_io_executor executor, Endpoints endpoints, Duration stagger,
    Deadline deadline);

}  // namespace cloudpcd::graph
