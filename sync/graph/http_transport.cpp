#include "sync/graph/http_transport.hpp"

#include "sync/graph/connect.hpp"
#include "sync/graph/connection.hpp"
#include "sync/graph/connection_pool.hpp"
#include "sync/graph/http_message.hpp"
#include "sync/graph/proxy.hpp"
#include "sync/graph/tls.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <utility>

namespace cloudpcd::graph {

namespace asio = boost::asio;

namespace {

void wipe(std::string& secret) noexcept
{
    OPENSSL_cleanse(secret.data(), secret.size());
}

}  // namespace

struct HttpTransport::State {
    State() = default;
    ~State() { wipe(options.proxy_credentials); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    asio::any_io_executor executor;
    HttpTransportOptions options;
    TlsContext tls;
    std::shared_ptr<ConnectionPool> pool;

    asio::awaitable<Result<std::shared_ptr<Connection>>> open(Origin origin, Deadline total);
    asio::awaitable<Result<asio::ip::tcp::socket>> tunnel(asio::ip::tcp::socket socket,
                                                          Origin origin, Deadline deadline);
    asio::awaitable<Result<void>> write(Connection& connection, std::string_view text,
                                        Deadline total);
    asio::awaitable<Result<void>> read(Connection& connection, ResponseReader& reader,
                                       Deadline total);
};

namespace {

/// The message as sent, which has a token or a secret in it: not left behind in freed memory.
class Wiped {
public:
    explicit Wiped(std::string text) : x_text{std::move(text)} {}
    ~Wiped() { wipe(x_text); }
    Wiped(const Wiped&) = delete;
    Wiped& operator=(const Wiped&) = delete;

    std::string_view view() const noexcept { return x_text; }

private:
    std::string x_text;
};

Error at(std::string_view host, Error error)
{
    error.message = fmt::format("{}: {}", host, error.message);
    return error;
}

Error plain_http_refused()
{
    return Error{.code = Errc::configuration, .message = "plain http is for loopback only"};
}

/// A secret when there are credentials.
std::string connect_request(std::string_view target, std::string_view credentials)
{
    auto text = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n", target);
    if (!credentials.empty()) {
        auto authorization = basic_authorization(credentials);
        text.append("Proxy-Authorization: ").append(authorization).append("\r\n");
        wipe(authorization);
    }
    return text.append("\r\n");
}

asio::awaitable<void> stop_if_cancelled()
{
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
        throw boost::system::system_error{asio::error::operation_aborted};
}

}  // namespace

/// A connection to `origin` on which the first request can be written.
asio::awaitable<Result<std::shared_ptr<Connection>>> HttpTransport::State::open(Origin origin,
                                                                                Deadline total)
{
    const bool proxied = options.proxy && !goes_direct(origin, options.no_proxy);
    const Origin& peer = proxied ? *options.proxy : origin;
    const Deadline deadline =
        earlier(Deadline::after(options.connect_timeout, "connecting"), total);

    auto endpoints = co_await resolve(executor, peer.host, peer.port, deadline);
    if (!endpoints)
        co_return at(peer.host, std::move(endpoints).error());
    const auto elsewhere = [](const auto& endpoint) { return !endpoint.address().is_loopback(); };
    if (!origin.secure() && !origin.metadata_service() &&
        std::any_of(endpoints->begin(), endpoints->end(), elsewhere))
        co_return at(origin.host, plain_http_refused());  // "localhost" may resolve to anything
    auto socket =
        co_await connect_any(executor, *std::move(endpoints), options.address_stagger, deadline);
    if (!socket)
        co_return at(peer.host, std::move(socket).error());
    boost::system::error_code ignored;  // without it requests are slower, not wrong
    socket->set_option(asio::ip::tcp::no_delay{true}, ignored);

    if (!origin.secure())
        co_return std::make_shared<PlainConnection>(*std::move(socket));
    if (proxied) {
        socket = co_await tunnel(*std::move(socket), origin, deadline);
        if (!socket)
            co_return at("proxy " + peer.host, std::move(socket).error());
    }
    const Deadline handshake =
        earlier(Deadline::after(options.tls_timeout, "TLS handshake"), total);
    auto connection = co_await start_tls(*std::move(socket), tls, origin.host, handshake);
    if (!connection)
        co_return at(origin.host, std::move(connection).error());
    co_return connection;
}

/// Asks the proxy at the other end of `socket` for a tunnel to `origin`.
/// Source: RFC 9110 section 9.3.6
asio::awaitable<Result<asio::ip::tcp::socket>> HttpTransport::State::tunnel(
    asio::ip::tcp::socket socket, Origin origin, Deadline deadline)
{
    const auto connection = std::make_shared<PlainConnection>(std::move(socket));
    const bool ipv6 = origin.host.find(':') != std::string::npos;
    const auto target =
        fmt::format("{}:{}", ipv6 ? '[' + origin.host + ']' : origin.host, origin.port);
    const Wiped text{connect_request(target, options.proxy_credentials)};
    auto written = co_await write(*connection, text.view(), deadline);
    if (!written)
        co_return std::move(written).error();
    ResponseReader reader{ResponseReader::Body::none, 0};
    auto answered = co_await read(*connection, reader, deadline);
    if (!answered)
        co_return std::move(answered).error();
    const HttpResponse response = reader.take();
    if (response.status == 407)
        co_return Error{.code = Errc::transient,
                        .message = fmt::format(
                            "no tunnel to {}: HTTP 407, it {}", target,
                            options.proxy_credentials.empty()
                                ? "wants a user name and password (http://USER:PASSWORD@HOST:PORT)"
                                : "refuses the user name or password")};
    if (response.status / 100 != 2)
        co_return Error{
            .code = Errc::transient,
            .message = fmt::format("no tunnel to {}: HTTP {}", target, response.status)};
    if (reader.left_over())  // TLS servers do not speak first
        co_return Error{.code = Errc::transient, .message = "bytes behind the answer to CONNECT"};
    co_return connection->release();
}

asio::awaitable<Result<void>> HttpTransport::State::write(Connection& connection,
                                                          std::string_view text, Deadline total)
{
    while (!text.empty()) {
        const Deadline deadline = earlier(Deadline::after(options.idle_timeout, "sending"), total);
        const Transfer sent = co_await connection.write_some({text.data(), text.size()}, deadline);
        if (sent.passed)
            co_return sent.passed->error();
        if (sent.error)
            co_return Error{.code = Errc::transient,
                            .message = "sending failed: " + sent.error.message()};
        text.remove_prefix(sent.bytes);
    }
    co_return Result<void>{};
}

asio::awaitable<Result<void>> HttpTransport::State::read(Connection& connection,
                                                         ResponseReader& reader, Deadline total)
{
    Deadline silence = Deadline::after(options.first_byte_timeout, "waiting for the response");
    for (;;) {
        const Transfer got =
            co_await connection.read_some(reader.prepare(), earlier(silence, total));
        if (got.passed)
            co_return got.passed->error();
        if (got.error) {
            auto ended = reader.end_of_stream(got.error == asio::error::eof);
            if (ended)
                co_return Result<void>{};
            Error error = std::move(ended).error();
            error.message += fmt::format(" ({})", got.error.message());
            co_return error;
        }
        auto complete = reader.commit(got.bytes);
        if (!complete)
            co_return std::move(complete).error();
        if (*complete)
            co_return Result<void>{};
        silence = Deadline::after(options.idle_timeout, "the next byte");
    }
}

Result<std::unique_ptr<HttpTransport>> HttpTransport::create(asio::any_io_executor executor,
                                                             HttpTransportOptions options)
{
    if (options.proxy && options.proxy->scheme != "http")
        return Error{.code = Errc::configuration, .message = "the proxy must be an http:// origin"};
    auto tls = make_tls_context(options.ca_file);
    if (!tls)
        return std::move(tls).error();
    auto state = std::make_unique<State>();
    state->executor = executor;
    state->tls = *std::move(tls);
    state->pool = std::make_shared<ConnectionPool>(
        executor, PoolLimits{.connections_per_origin_max = options.connections_per_origin_max,
                             .idle_max = options.connection_idle_max,
                             .age_max = options.connection_age_max});
    state->options = std::move(options);
    return std::make_unique<HttpTransport>(std::move(state));
}

HttpTransport::HttpTransport(std::unique_ptr<State> state) : x_state{std::move(state)}
{}

HttpTransport::~HttpTransport() = default;

asio::awaitable<Result<HttpResponse>> HttpTransport::send(HttpRequest request, Attempt& attempt)
{
    const Deadline total = Deadline::after(request.timeout, "the request");
    const Origin& origin = request.url.origin;
    if (!origin.secure() && !origin.loopback() && !origin.metadata_service())
        co_return at(origin.host, plain_http_refused());
    auto serialized = serialize(request);
    if (!serialized)
        co_return at(origin.host, std::move(serialized).error());
    const Wiped text{*std::move(serialized)};
    wipe(request.body);  // it may hold a secret, and is not needed any more

    auto lease = co_await x_state->pool->acquire(origin, total);
    if (!lease)
        co_return at(origin.host, std::move(lease).error());
    std::shared_ptr<Connection> connection;
    if (request.connection == ConnectionUse::pooled)
        connection = lease->take_idle();
    if (!connection) {
        lease->make_room();
        auto opened = co_await x_state->open(origin, total);
        if (!opened)
            co_return std::move(opened).error();
        connection = *std::move(opened);
    }

    co_await stop_if_cancelled();
    // From here on the server may know of the request: said before the first byte, not after.
    attempt.request_written = true;
    ++attempt.request_lines_written;
    auto written = co_await x_state->write(*connection, text.view(), total);
    if (!written)
        co_return at(origin.host, std::move(written).error());
    const auto body =
        request.method == "HEAD" ? ResponseReader::Body::none : ResponseReader::Body::expected;
    ResponseReader reader{body, request.body_bytes_max};
    auto answered = co_await x_state->read(*connection, reader, total);
    if (!answered)
        co_return at(origin.host, std::move(answered).error());
    if (request.connection != ConnectionUse::single && reader.reusable())
        lease->keep(std::move(connection));
    co_return reader.take();
}

std::size_t HttpTransport::idle_connections() const noexcept
{
    return x_state->pool->idle();
}

void HttpTransport::close_idle_connections() noexcept
{
    x_state->pool->close_idle();
}

}  // namespace cloudpcd::graph
