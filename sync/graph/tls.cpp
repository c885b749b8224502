// The only file that instantiates Asio's TLS stream: it costs ten seconds to compile.

#include "sync/graph/tls.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

namespace cloudpcd::graph {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

class TlsConnection final : public Connection {
public:
    TlsConnection(tcp::socket socket, TlsContext context)
        : Connection{socket.get_executor()},
          x_context{std::move(context)},
          x_stream{std::move(socket), *x_context}
    {}

    SSL* native() noexcept { return x_stream.native_handle(); }

    asio::awaitable<Transfer> handshake(Deadline deadline)
    {
        return guarded(do_handshake(), deadline);
    }

private:
    asio::awaitable<Transfer> do_handshake()
    {
        auto [ec] = co_await x_stream.async_handshake(asio::ssl::stream_base::client,
                                                      asio::as_tuple(asio::use_awaitable));
        co_return Transfer{.error = ec};
    }

    asio::awaitable<Transfer> do_read_some(asio::mutable_buffer buffer) override
    {
        auto [ec, bytes] = co_await x_stream.async_read_some(asio::buffer(buffer),
                                                             asio::as_tuple(asio::use_awaitable));
        co_return Transfer{.bytes = bytes, .error = ec};
    }

    asio::awaitable<Transfer> do_write_some(asio::const_buffer buffer) override
    {
        auto [ec, bytes] = co_await x_stream.async_write_some(asio::buffer(buffer),
                                                              asio::as_tuple(asio::use_awaitable));
        co_return Transfer{.bytes = bytes, .error = ec};
    }

    tcp::socket& socket() noexcept override { return x_stream.next_layer(); }

    bool buffered() noexcept override
    {
        // A close_notify that came along with the response's last bytes waits in the engine's BIO,
        // where a look at the socket does not find it.
        return SSL_has_pending(native()) == 1 || BIO_ctrl_pending(SSL_get_rbio(native())) > 0;
    }

    TlsContext x_context;
    asio::ssl::stream<tcp::socket> x_stream;
};

/// Text of OpenSSL's oldest queued error; empties the queue.
std::string openssl_reason()
{
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    const char* reason = ERR_reason_error_string(code);
    return reason != nullptr ? reason : "unknown error";
}

/// What the certificate of `host` must say, and what the server is told.
bool expect_host(SSL* ssl, const std::string& host)
{
    constexpr unsigned char http_1_1[] = "\x08http/1.1";
    if (SSL_set_alpn_protos(ssl, http_1_1, sizeof http_1_1 - 1) != 0)  // 0 is success here
        return false;
    X509_VERIFY_PARAM* expected = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_hostflags(
        expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    boost::system::error_code not_literal;
    const auto address = asio::ip::make_address(host, not_literal);
    if (!not_literal)
        return X509_VERIFY_PARAM_set1_ip_asc(expected, address.to_string().c_str()) == 1;
    return X509_VERIFY_PARAM_set1_host(expected, host.data(), host.size()) == 1 &&
           SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
}

/// True where another trust anchor would have helped.
bool issuer_unknown(long verdict) noexcept
{
    return verdict == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT ||
           verdict == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
           verdict == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
           verdict == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
           verdict == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE;
}

std::string handshake_failure(SSL* ssl, const boost::system::error_code& ec)
{
    const long verdict = SSL_get_verify_result(ssl);
    if (verdict == X509_V_OK)
        return "TLS handshake failed: " + ec.message();
    return fmt::format("certificate verify failed: {}{}", X509_verify_cert_error_string(verdict),
                       issuer_unknown(verdict) ? "; give the CA in [graph] ca_file" : "");
}

}  // namespace

Result<TlsContext> make_tls_context(const std::optional<std::filesystem::path>& ca_file)
{
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
    SSL_CTX* native = context->native_handle();
    // Asio pins nothing below; renegotiation is of no use to a client and was the door to attacks.
    SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    if (SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(native, 0) != 1 ||
        SSL_CTX_set_default_verify_paths(native) != 1)
        return Error{.code = Errc::configuration,
                     .message = "OpenSSL cannot be set up: " + openssl_reason()};
    SSL_CTX_set_verify(native, SSL_VERIFY_PEER, nullptr);
    if (ca_file && SSL_CTX_load_verify_file(native, ca_file->c_str()) != 1)
        return Error{.code = Errc::configuration,
                     .message = fmt::format("no CA certificate can be read from {}: {}",
                                            ca_file->string(), openssl_reason())};
    return context;
}

asio::awaitable<Result<std::shared_ptr<Connection>>> start_tls(tcp::socket socket,
                                                               TlsContext context, std::string host,
                                                               Deadline deadline)
{
    const auto connection = std::make_shared<TlsConnection>(std::move(socket), std::move(context));
    if (!expect_host(connection->native(), host))
        co_return Error{.code = Errc::transient,
                        .message = "TLS cannot be set up for this host name: " + openssl_reason()};
    const Transfer done = co_await connection->handshake(deadline);
    if (done.passed)
        co_return done.passed->error();
    if (done.error)
        co_return Error{.code = Errc::transient,
                        .message = handshake_failure(connection->native(), done.error)};
    co_return std::shared_ptr<Connection>{connection};
}

}  // namespace cloudpcd::graph
