#include "scripted_server.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <zlib.h>

#include <array>
#include <charconv>
#include <sys/socket.h>

namespace cloudpcd::test {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

std::size_t content_length(std::string_view head)
{
    constexpr std::string_view name = "\r\nContent-Length: ";
    const auto at = head.find(name);
    std::size_t length = 0;
    if (at != std::string_view::npos)
        std::from_chars(head.data() + at + name.size(), head.data() + head.size(), length);
    return length;
}

}  // namespace

struct Peer::Tls {
    Tls(tcp::socket& socket, const ServerTls& settings)
        : context{asio::ssl::context::tls_server}, stream{socket, configure(context, settings)}
    {}

    static asio::ssl::context& configure(asio::ssl::context& context, const ServerTls& settings)
    {
        const auto& [certificate, key] = settings.identity;
        context.use_certificate_chain(asio::buffer(certificate));
        context.use_private_key(asio::buffer(key), asio::ssl::context::pem);
        SSL_CTX* native = context.native_handle();
        if (settings.version_1_1) {
            SSL_CTX_set_cipher_list(native, "ALL:@SECLEVEL=0");
            SSL_CTX_set_min_proto_version(native, TLS1_1_VERSION);
            SSL_CTX_set_max_proto_version(native, TLS1_1_VERSION);
        }
        return context;
    }

    asio::ssl::context context;
    asio::ssl::stream<tcp::socket&> stream;
};

Peer::Peer(Server& server, tcp::socket socket, std::size_t index)
    : x_server{server}, x_socket{std::move(socket)}, x_index{index}
{}

Peer::~Peer() = default;

asio::awaitable<bool> Peer::handshake()
{
    x_tls = std::make_unique<Tls>(x_socket, *x_server.x_tls);
    auto [ec] = co_await x_tls->stream.async_handshake(asio::ssl::stream_base::server, as_result);
    const char* name = SSL_get_servername(x_tls->stream.native_handle(), TLSEXT_NAMETYPE_host_name);
    x_server.names.emplace_back(name != nullptr ? name : "");
    if (!ec)
        ++x_server.handshakes;
    co_return !ec;
}

asio::awaitable<std::size_t> Peer::read_some()
{
    std::array<char, 65536> buffer;
    std::size_t got = 0;
    if (x_tls) {
        auto [ec, bytes] = co_await x_tls->stream.async_read_some(asio::buffer(buffer), as_result);
        got = ec ? 0 : bytes;
    } else {
        auto [ec, bytes] = co_await x_socket.async_read_some(asio::buffer(buffer), as_result);
        got = ec ? 0 : bytes;
    }
    x_server.bytes += got;
    x_pending.append(buffer.data(), got);
    co_return got;
}

asio::awaitable<std::string> Peer::request()
{
    for (;;) {
        const auto head_end = x_pending.find("\r\n\r\n");
        if (head_end != std::string::npos) {
            const auto length = head_end + 4 + content_length(x_pending.substr(0, head_end));
            if (x_pending.size() >= length) {
                std::string request = x_pending.substr(0, length);
                x_pending.erase(0, length);
                ++x_server.requests;
                co_return request;
            }
        }
        const auto got = co_await read_some();
        if (got == 0)
            co_return "";
    }
}

asio::awaitable<bool> Peer::write(std::string_view text)
{
    x_server.bytes_written += text.size();
    if (x_tls) {
        auto [ec, bytes] = co_await asio::async_write(x_tls->stream, asio::buffer(text), as_result);
        co_return !ec;
    }
    auto [ec, bytes] = co_await asio::async_write(x_socket, asio::buffer(text), as_result);
    co_return !ec;
}

asio::awaitable<void> Peer::drain()
{
    for (;;) {
        const auto got = co_await read_some();
        if (got == 0)
            co_return;
        x_pending.clear();
    }
}

asio::awaitable<void> Peer::close_tls()
{
    co_await x_tls->stream.async_shutdown(as_result);  // ends when the client is gone
    close();
}

void Peer::close()
{
    boost::system::error_code ignored;
    x_socket.close(ignored);
}

void Peer::reset()
{
    boost::system::error_code ignored;
    x_socket.set_option(tcp::socket::linger{true, 0}, ignored);
    x_socket.close(ignored);
}

Server::Server(asio::io_context& io, Script script, std::optional<ServerTls> tls)
    : x_acceptor{io, tcp::endpoint{asio::ip::address_v4::loopback(), 0}},
      x_script{std::move(script)},
      x_tls{std::move(tls)}
{
    asio::co_spawn(io, accept_all(), asio::detached);
}

std::uint16_t Server::port() const
{
    return x_acceptor.local_endpoint().port();
}

void Server::stop()
{
    x_acceptor.close();
}

asio::awaitable<void> Server::accept_all()
{
    for (;;) {
        auto [ec, socket] = co_await x_acceptor.async_accept(as_result);
        if (ec)
            co_return;
        asio::co_spawn(x_acceptor.get_executor(), serve(std::move(socket)), asio::detached);
    }
}

asio::awaitable<void> Server::serve(tcp::socket socket)
{
    Peer peer{*this, std::move(socket), accepted++};
    open_max = std::max(open_max, ++open);
    bool ready = true;
    if (x_tls && x_tls->after_accept)
        ready = co_await peer.handshake();
    if (ready)
        co_await x_script(peer);
    --open;
}

BlackHole::BlackHole(asio::io_context& io) : x_acceptor{io}
{
    const tcp::endpoint here{asio::ip::address_v4::loopback(), 0};
    x_acceptor.open(here.protocol());
    x_acceptor.bind(here);
    x_acceptor.listen(0);
    for (int i = 0; i < 4; ++i) {  // Linux takes backlog + 1 and drops the SYN of the rest
        auto& filler = x_fillers.emplace_back(io);
        filler.open(here.protocol());
        filler.non_blocking(true);
        // Not Asio's connect, which would wait; some of these never get an answer.
        ::connect(filler.native_handle(), x_acceptor.local_endpoint().data(),
                  static_cast<socklen_t>(x_acceptor.local_endpoint().size()));
    }
}

std::uint16_t BlackHole::port() const
{
    return x_acceptor.local_endpoint().port();
}

std::string gzip(std::string_view text)
{
    z_stream stream{};
    deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, text.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

}  // namespace cloudpcd::test
