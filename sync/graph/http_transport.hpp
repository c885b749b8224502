#pragma once
// Transport over real sockets: HTTP/1.1, TLS for everything but loopback and the metadata service,
// a few kept connections per origin. Used from one thread, the executor's.

#include "sync/graph/transport.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cloudpcd::graph {

struct HttpTransportOptions {
    std::optional<std::filesystem::path> ca_file;  ///< trusted besides the system's store
    /// Plain-http proxy that tunnels (CONNECT) to every origin but those that goes_direct() names.
    std::optional<Origin> proxy;
    std::string proxy_credentials;      ///< "user:password" for the proxy; empty: none
    std::vector<std::string> no_proxy;  ///< see goes_direct()
    Duration connect_timeout = std::chrono::seconds{10};        ///< name lookup and all addresses
    Duration address_stagger = std::chrono::milliseconds{250};  ///< then the next address joins in
    Duration tls_timeout = std::chrono::seconds{10};
    Duration first_byte_timeout =
        std::chrono::seconds{60};                      ///< request written to first response byte
    Duration idle_timeout = std::chrono::seconds{30};  ///< between two bytes, either direction
    std::size_t connections_per_origin_max = 8;
    Duration connection_idle_max = std::chrono::seconds{60};
    /// Graph moves its front ends by DNS: a connection must not outlive its name's answer for long.
    Duration connection_age_max = std::chrono::minutes{5};
};

class HttpTransport final : public Transport {
    struct State;

public:
    /// Errors: Errc::configuration when the CA file is unusable or the proxy is no http origin
    static Result<std::unique_ptr<HttpTransport>> create(boost::asio::any_io_executor executor,
                                                         HttpTransportOptions options);
    ~HttpTransport() override;

    /// See Transport, which must outlive the call. A pooled connection that dies before the
    /// response is Errc::transient like any other: repeating is the caller's decision.
    ///
    /// Errors besides: Errc::configuration for plain http to anything but loopback and the metadata
    ///         service
    boost::asio::awaitable<Result<HttpResponse>> send(HttpRequest request,
                                                      Attempt& attempt) override;

    std::size_t idle_connections() const noexcept;
    void close_idle_connections() noexcept;

    /// For create(): nobody else can name a State.
    explicit HttpTransport(std::unique_ptr<State> state);

private:
    std::unique_ptr<State> x_state;
};

}  // namespace cloudpcd::graph
