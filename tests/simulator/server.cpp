#include "tests/simulator/server.hpp"

#include "tests/simulator/certificates.hpp"
#include "tests/simulator/control.hpp"
#include "tests/simulator/wire.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <list>
#include <optional>
#include <stdexcept>

namespace graphsim {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t request_body_bytes_max = 64UL * 1024 * 1024;
/// Above, compressing takes milliseconds in which nobody else would be answered.
constexpr std::size_t encoded_at_once_max = 64UL * 1024;

Request request_of(const http::request<http::string_body>& message, std::string connection_id)
{
    Request request{.method = std::string{message.method_string()},
                    .target = std::string{message.target()},
                    .body = message.body(),
                    .connection_id = std::move(connection_id)};
    for (const auto& field : message)
        request.headers.emplace_back(std::string{field.name_string()}, std::string{field.value()});
    return request;
}

/// Owns what it reads: whoever waits for it may be gone before it runs.
asio::awaitable<Delivery> encode_aside(Response response, Request request, bool keep_alive)
{
    co_return encode(response, request, keep_alive);
}

}  // namespace

struct Server::State : std::enable_shared_from_this<Server::State> {
    State(asio::io_context& io, Tenant& served, const ServerOptions& options)
        : context{&io}, tenant{&served}, acceptor{io}
    {
        if (options.tls)
            prepare_tls(options);
        const tcp::endpoint address{asio::ip::address_v4::loopback(), options.port};
        acceptor.open(address.protocol());
        acceptor.set_option(tcp::acceptor::reuse_address{true});
        acceptor.bind(address);
        acceptor.listen();
        port = acceptor.local_endpoint().port();
        endpoint = fmt::format("{}://127.0.0.1:{}", options.tls ? "https" : "http", port);
        tenant->set_base_url(endpoint);
    }

    void prepare_tls(const ServerOptions& options)
    {
        const auto identity = make_identity();
        tls.emplace(asio::ssl::context::tls_server);
        tls->set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
        tls->use_certificate_chain(asio::buffer(identity.certificate));
        tls->use_private_key(asio::buffer(identity.key), asio::ssl::context::pem);
        if (options.ca_file.empty())
            return;
        std::ofstream file{options.ca_file, std::ios::trunc};
        file << identity.ca;
        file.close();
        if (!file)
            throw std::runtime_error{"cannot write " + options.ca_file.string()};
    }

    asio::awaitable<void> accept()
    {
        while (acceptor.is_open()) {
            auto [failure, socket] = co_await acceptor.async_accept(quietly);
            if (failure) {
                // Out of descriptors, most likely: some will come free. A closed acceptor ends
                // this.
                asio::steady_timer pause{*context, std::chrono::milliseconds{10}};
                co_await pause.async_wait(quietly);
                continue;
            }
            asio::co_spawn(*context, connection(std::move(socket), shared_from_this()),
                           asio::detached);
        }
    }

    // `self` keeps the state until the last connection has ended.
    asio::awaitable<void> connection(tcp::socket socket, std::shared_ptr<State> /*self*/)
    {
        const auto id = fmt::format("connection-{}", ++accepted);
        boost::system::error_code ignored;
        socket.set_option(tcp::no_delay{true}, ignored);
        if (!tls) {
            const auto place = open.insert(open.end(), &socket);
            co_await serve(socket, socket, id);
            open.erase(place);
            co_return;
        }
        beast::ssl_stream<tcp::socket> stream{std::move(socket), *tls};
        auto& lowest = stream.next_layer();
        const auto place = open.insert(open.end(), &lowest);
        const auto [failure] =
            co_await stream.async_handshake(asio::ssl::stream_base::server, quietly);
        if (!failure) {
            const bool orderly = co_await serve(stream, lowest, id);
            if (orderly && lowest.is_open())
                co_await stream.async_shutdown(quietly);
        }
        open.erase(place);
    }

    /// Gives true when the connection is to end orderly.
    template <class Stream>
    asio::awaitable<bool> serve(Stream& stream, tcp::socket& socket, const std::string& id)
    {
        beast::flat_buffer buffer;
        while (true) {
            http::request_parser<http::string_body> parser;
            parser.body_limit(request_body_bytes_max);
            const auto [failure, size] = co_await http::async_read(stream, buffer, parser, quietly);
            if (failure)
                co_return failure == http::error::end_of_stream;
            const bool keep_alive = parser.get().keep_alive();
            const auto request = request_of(parser.get(), id);
            const auto response = is_control(request)
                                      ? control(*tenant, request, {.connections = accepted})
                                      : tenant->handle(request);
            const auto ending = co_await deliver(stream, response, request, keep_alive);
            if (ending == Ending::reset)
                reset(socket);
            if (ending == Ending::hang)
                co_await until_gone(stream);
            if (ending != Ending::keep_alive)
                co_return ending == Ending::close;
        }
    }

    template <class Stream>
    asio::awaitable<Ending> deliver(Stream& stream, const Response& response,
                                    const Request& request, bool keep_alive)
    {
        asio::steady_timer timer{*context};
        if (response.delay.count() > 0) {
            timer.expires_after(response.delay);
            co_await timer.async_wait(quietly);
        }
        const auto delivery =
            response.body.size() <= encoded_at_once_max
                ? encode(response, request, keep_alive)
                : co_await asio::co_spawn(encoders, encode_aside(response, request, keep_alive),
                                          asio::use_awaitable);
        const auto at_once = std::min(delivery.drip_from, delivery.bytes.size());
        auto [failure, sent] = co_await asio::async_write(
            stream, asio::buffer(delivery.bytes.data(), at_once), quietly);
        for (std::size_t i = at_once; i < delivery.bytes.size() && !failure; ++i) {
            timer.expires_after(response.drip_interval);
            co_await timer.async_wait(quietly);
            const auto [problem, one] = co_await asio::async_write(
                stream, asio::buffer(delivery.bytes.data() + i, 1), quietly);
            failure = problem;
        }
        co_return failure ? Ending::reset : delivery.ending;
    }

    static void reset(tcp::socket& socket)
    {
        boost::system::error_code ignored;
        socket.set_option(asio::socket_base::linger{true, 0}, ignored);
        socket.close(ignored);
    }

    /// Reads until the client gives up.
    template <class Stream>
    static asio::awaitable<void> until_gone(Stream& stream)
    {
        std::array<char, 256> scrap{};
        boost::system::error_code over;
        while (!over) {
            const auto [failure, size] =
                co_await stream.async_read_some(asio::buffer(scrap), quietly);
            over = failure;
        }
    }

    void stop()
    {
        boost::system::error_code ignored;
        acceptor.close(ignored);
        for (auto* socket : open)
            socket->close(ignored);
    }

    asio::io_context* context;
    Tenant* tenant;
    tcp::acceptor acceptor;
    std::optional<asio::ssl::context> tls;
    std::list<tcp::socket*> open;
    std::string endpoint;
    std::uint16_t port = 0;
    std::size_t accepted = 0;
    asio::thread_pool encoders{1};
};

Server::Server(asio::io_context& context, Tenant& tenant, const ServerOptions& options)
    : x_state{std::make_shared<State>(context, tenant, options)}
{
    asio::co_spawn(context, x_state->accept(), [state = x_state](const std::exception_ptr& thrown) {
        if (thrown)
            std::rethrow_exception(thrown);
    });
}

Server::~Server()
{
    x_state->encoders.join();  // its results go to the context, which may end after this
}

const std::string& Server::endpoint() const noexcept
{
    return x_state->endpoint;
}

std::uint16_t Server::port() const noexcept
{
    return x_state->port;
}

std::size_t Server::connections_accepted() const noexcept
{
    return x_state->accepted;
}

void Server::stop()
{
    x_state->stop();
}

ServerThread::ServerThread(TenantOptions tenant, const ServerOptions& options)
    : x_tenant{std::move(tenant)},
      x_server{x_context, x_tenant, options},
      x_thread{[this] { x_context.run(); }}
{}

ServerThread::~ServerThread()
{
    // Not run to the end: a response may have a delay of hours left.
    x_context.stop();
}

std::size_t ServerThread::connections_accepted()
{
    return with_tenant([this](Tenant&) { return x_server.connections_accepted(); });
}

}  // namespace graphsim
