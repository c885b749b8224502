#pragma once
// TLS as a client: version 1.2 or later, the system's trust store and at most one CA file more.
// There is no way to leave the verification out.

#include "sync/core/error.hpp"
#include "sync/graph/connection.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace boost::asio::ssl {
class context;
}

namespace cloudpcd::graph {

using TlsContext = std::shared_ptr<boost::asio::ssl::context>;

/// Errors: Errc::configuration when `ca_file` cannot be read or holds no certificate
Result<TlsContext> make_tls_context(const std::optional<std::filesystem::path>& ca_file);

/// Does the handshake with `host` on a connected socket: a name is sent as SNI and compared with
/// the certificate's DNS names, an IP literal is not sent (RFC 6066 section 3) and compared with
/// its addresses. The subject's common name does not count.
///
/// Errors:     Errc::transient with OpenSSL's reason, or when `deadline` passes
/// Exceptions: operation_aborted when cancelled
boost::asio::awaitable<Result<std::shared_ptr<Connection>>> start_tls(
    boost::asio::ip::tcp::socket socket, TlsContext context, std::string host, Deadline deadline);

}  // namespace cloudpcd::graph
