#pragma once
// HTTP/1.1 messages without a socket: the bytes of a request, and a response out of bytes as they
// arrive. Both directions meet hostile text; this is where it stops.

#include "sync/core/error.hpp"
#include "sync/graph/transport.hpp"

#include <boost/asio/buffer.hpp>

#include <cstddef>
#include <memory>
#include <string>

namespace cloudpcd::graph {

inline constexpr std::size_t response_headers_max = 256;
/// Informational (1xx) responses before the final one.
inline constexpr int informational_responses_max = 8;

/// `host`, or `host:port` where the port is not the scheme's own; IPv6 in brackets.
std::string authority(const Origin& origin);

/// The bytes of a request, body included.
///
/// Errors: Errc::malformed when method, target or a header could smuggle something in (control
///         characters, blanks, names that are no token), or a header is one that is written here
Result<std::string> serialize(const HttpRequest& request);

/// Reads one response. The caller fills prepare() and says commit() until that gives true.
class ResponseReader {
public:
    enum class Body { expected, none };  ///< none: answers to HEAD and CONNECT have no body

    ResponseReader(Body body, std::size_t body_bytes_max);
    ~ResponseReader();

    /// Room for bytes from the socket, never empty.
    boost::asio::mutable_buffer prepare() noexcept;

    /// Takes `bytes` of prepare(). True once the response is complete.
    ///
    /// Errors: Errc::malformed: no HTTP/1, a limit passed, unknown encoding of body or transfer;
    ///         Errc::transient: gzip that is corrupt or cut off
    Result<bool> commit(std::size_t bytes);

    /// The peer has closed. `orderly`: nobody else can have cut the stream (TLS close_notify, or
    /// plain TCP's FIN, which is all there is to know).
    ///
    /// Errors: Errc::transient unless the close was what ends this response
    Result<void> end_of_stream(bool orderly);

    /// After completion: the connection may carry another request.
    bool reusable() const noexcept;
    /// After completion: bytes follow the response that belong to nothing.
    bool left_over() const noexcept { return x_begin < x_end; }
    HttpResponse take() noexcept;

private:
    class Parser;
    Result<void> complete();

    Body x_body;
    std::size_t x_body_bytes_max;
    std::unique_ptr<Parser> x_parser;
    std::unique_ptr<char[]> x_buffer;
    std::size_t x_begin = 0;
    std::size_t x_end = 0;
    int x_informational = 0;
    bool x_anything = false;
};

}  // namespace cloudpcd::graph
