#pragma once
// One HTTP exchange. The engine sees HTTP only through Transport: Beast and OpenSSL in production,
// a tenant in memory in the simulation. No retry, no redirect, no authentication at this level.

#include "sync/core/error.hpp"
#include "sync/core/time.hpp"
#include "sync/graph/url.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::graph {

struct Header {
    std::string name;
    std::string value;
};

/// Largest body accepted, after inflation (RELIABILITY: a page at the limit stays within memory).
inline constexpr std::size_t response_body_bytes_max = 32UL * 1024 * 1024;
inline constexpr std::size_t response_header_bytes_max = 64UL * 1024;

enum class ConnectionUse {
    pooled,  ///< any kept-alive connection of the origin, or a new one
    fresh,   ///< a new connection (after a 503), which joins the pool afterwards
    single,  ///< a new connection for this request alone, closed afterwards: non-idempotent writes
};

struct HttpRequest {
    std::string method = "GET";
    Url url;
    std::vector<Header> headers;  ///< without Host, Content-Length, Connection and Accept-Encoding
    std::string body;
    ConnectionUse connection = ConnectionUse::pooled;
    Duration timeout = std::chrono::seconds{100};  ///< total: connect to last body byte
    std::size_t body_bytes_max = response_body_bytes_max;
};

struct HttpResponse {
    int status = 0;
    std::vector<Header> headers;
    std::string body;  ///< inflated; complete by Content-Length or chunking, or the exchange failed

    /// First header of that name, compared without case.
    std::optional<std::string_view> header(std::string_view name) const noexcept;
    /// All headers of that name, in order.
    std::vector<std::string_view> all(std::string_view name) const;
};

/// What is known of a request whose exchange failed; owned by the caller so that it outlives a
/// deadline. Separates "surely not executed" from "may have run".
struct Attempt {
    bool request_written = false;  ///< at least one byte of the request reached the socket
    int request_lines_written = 0;
};

class Transport {
public:
    virtual ~Transport() = default;

    /// Sends one request and reads its whole response.
    ///
    /// Errors: Errc::transient (DNS, connect, TLS, timeout, reset, truncated body or gzip),
    ///         Errc::malformed (bad HTTP, body or headers over the limit, unknown
    ///         Content-Encoding). Exceptions: operation_aborted at shutdown only.
    virtual boost::asio::awaitable<Result<HttpResponse>> send(HttpRequest request,
                                                              Attempt& attempt) = 0;
};

}  // namespace cloudpcd::graph
