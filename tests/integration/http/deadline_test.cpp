// Peers that are slow, silent or gone, and a caller who does not want to wait for them.

#include "fixture.hpp"
#include "sync/graph/connect.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <doctest/doctest.h>

#include <functional>

using namespace cloudpcd;
using namespace cloudpcd::test;

namespace asio = boost::asio;

namespace {

/// Reads the request, writes `text`, then waits for the client to go.
Server::Script then_silent(std::string text)
{
    return [text](Peer& peer) -> asio::awaitable<void> {
        co_await peer.request();
        co_await peer.write(text);
        co_await peer.drain();
    };
}

Server::Script silent()
{
    return [](Peer& peer) -> asio::awaitable<void> { co_await peer.drain(); };
}

/// Reads the request and answers a byte every `pause`.
Server::Script dripping(Duration pause)
{
    return [pause](Peer& peer) -> asio::awaitable<void> {
        co_await peer.request();
        co_await peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        asio::steady_timer timer{co_await asio::this_coro::executor};
        bool alive = true;
        while (alive) {
            timer.expires_after(pause);
            co_await timer.async_wait(asio::use_awaitable);
            alive = co_await peer.write("x");
        }
    };
}

Server::Script deaf()
{
    return [](Peer& peer) -> asio::awaitable<void> {
        asio::steady_timer never{co_await asio::this_coro::executor,
                                 asio::steady_timer::time_point::max()};
        co_await never.async_wait(asio::use_awaitable);  // holds the connection, reads nothing
        peer.close();
    };
}

void check_timeout(const Sending& sending, std::string_view message, bool written)
{
    CHECK(sending.error() == Errc::transient);
    CHECK(sending.message() == message);
    CHECK(sending.attempt.request_written == written);
    CHECK(sending.attempt.request_lines_written == (written ? 1 : 0));
}

}  // namespace

TEST_CASE("deadline: connecting")
{
    Loop loop;
    BlackHole hole{loop.io};
    const auto transport = make_transport(loop);
    const auto sending = run(loop, *transport, get("http", "127.0.0.1", hole.port()));
    check_timeout(*sending, "127.0.0.1: connecting took longer than 300ms", false);
}

TEST_CASE("deadline: TLS handshake")
{
    Loop loop;
    Server server{loop.io, silent()};
    auto options = quick_options();
    options.tls_timeout = 100ms;
    const auto transport = make_transport(loop, options);
    const auto sending = run(loop, *transport, get("https", "127.0.0.1", server.port()));
    check_timeout(*sending, "127.0.0.1: TLS handshake took longer than 100ms", false);
    REQUIRE(loop.run_until([&] { return server.open == 0; }));
}

TEST_CASE("deadline: the first byte, plain and TLS")
{
    const Authority authority;
    for (const bool secure : {false, true}) {
        Loop loop;
        std::optional<ServerTls> tls;
        if (secure)
            tls = ServerTls{.identity = authority.issue({.alternative_names = "IP:127.0.0.1"})};
        Server server{loop.io, silent(), tls};
        auto options = quick_options();
        options.ca_file = authority.file();
        options.first_byte_timeout = 100ms;
        const auto transport = make_transport(loop, options);
        const auto sending =
            run(loop, *transport, get(secure ? "https" : "http", "127.0.0.1", server.port()));
        check_timeout(*sending, "127.0.0.1: waiting for the response took longer than 100ms", true);
        REQUIRE(loop.run_until([&] { return server.open == 0; }));
    }
}

TEST_CASE("deadline: silence within a response")
{
    for (const auto* text :
         {"HTTP/1.1 200 OK\r\nContent-", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
          "HTTP/1.1 100 Continue\r\n\r\n"}) {
        Loop loop;
        Server server{loop.io, then_silent(text)};
        auto options = quick_options();
        options.idle_timeout = 100ms;
        const auto transport = make_transport(loop, options);
        const auto sending = run(loop, *transport, get(server));
        check_timeout(*sending, "127.0.0.1: the next byte took longer than 100ms", true);
        REQUIRE(loop.run_until([&] { return server.open == 0; }));
    }
}

TEST_CASE("deadline: a response that drips too slowly, and one that drips for ever")
{
    Loop loop;
    Server slow{loop.io, dripping(400ms)};
    Server steady{loop.io, dripping(20ms)};
    auto options = quick_options();
    options.idle_timeout = 200ms;
    const auto transport = make_transport(loop, options);
    check_timeout(*run(loop, *transport, get(slow)),
                  "127.0.0.1: the next byte took longer than 200ms", true);
    HttpRequest request = get(steady);
    request.timeout = 500ms;
    check_timeout(*run(loop, *transport, request), "127.0.0.1: the request took longer than 500ms",
                  true);
}

TEST_CASE("deadline: sending to a peer that does not read")
{
    Loop loop;
    Server server{loop.io, deaf()};
    auto options = quick_options();
    options.idle_timeout = 200ms;
    const auto transport = make_transport(loop, options);
    HttpRequest request = get(server);
    request.method = "POST";
    request.body.assign(32UL << 20, 'x');
    check_timeout(*run(loop, *transport, request), "127.0.0.1: sending took longer than 200ms",
                  true);
}

TEST_CASE("attempt: refused means nothing was written, reset after accept means something was")
{
    Loop loop;
    std::uint16_t closed_port = 0;
    {
        Server gone{loop.io, silent()};
        closed_port = gone.port();
        gone.stop();
        loop.settle();
    }
    const auto transport = make_transport(loop);
    const auto refused = run(loop, *transport, get("http", "127.0.0.1", closed_port));
    CHECK(refused->error() == Errc::transient);
    CHECK(refused->message() == "127.0.0.1: 127.0.0.1: Connection refused");
    CHECK_FALSE(refused->attempt.request_written);

    for (const bool read_first : {false, true}) {
        Server server{loop.io, [read_first](Peer& peer) -> asio::awaitable<void> {
                          if (read_first)
                              co_await peer.request();
                          peer.reset();
                      }};
        const auto sending = run(loop, *transport, get(server));
        CHECK(sending->error() == Errc::transient);
        CHECK(sending->attempt.request_written);
        CHECK(sending->attempt.request_lines_written == 1);
        CHECK(server.requests == (read_first ? 1 : 0));
    }
}

TEST_CASE("attempt: an unknown name means nothing was written")
{
    Loop loop;
    const auto transport = make_transport(loop);
    const auto sending = run(loop, *transport, get("https", "name.invalid", 443));
    CHECK(sending->error() == Errc::transient);
    CHECK(sending->message().find("name.invalid: ") == 0);
    CHECK_FALSE(sending->attempt.request_written);
}

namespace {

/// Starts a request, cancels it once `reached` holds, and checks that it ended at once and without
/// a trace: the server sees the connection close.
void check_cancel(Loop& loop, HttpTransport& transport, HttpRequest request, Server* server,
                  const std::function<bool()>& reached, bool written)
{
    const auto sending = start(loop, transport, std::move(request));
    REQUIRE(loop.run_until(reached));
    loop.settle();
    REQUIRE_FALSE(sending->done);
    const auto before = std::chrono::steady_clock::now();
    sending->cancel.emit(asio::cancellation_type::terminal);
    REQUIRE(loop.run_until([&] { return sending->done; }));
    CHECK(std::chrono::steady_clock::now() - before < 100ms);
    CHECK(sending->cancelled);
    CHECK(sending->attempt.request_written == written);
    CHECK(transport.idle_connections() == 0);
    if (server != nullptr)
        REQUIRE(loop.run_until([&] { return server->open == 0; }));
}

}  // namespace

TEST_CASE("cancel: while connecting")
{
    Loop loop;
    BlackHole hole{loop.io};
    const auto transport = make_transport(loop);
    check_cancel(
        loop, *transport, get("http", "127.0.0.1", hole.port()), nullptr, [] { return true; },
        false);
}

TEST_CASE("cancel: while looking up the name")
{
    Loop loop;
    const auto transport = make_transport(loop);
    const auto sending = start(loop, *transport, get("https", "localhost", 1));
    loop.io.run_one();  // starts the coroutine; the lookup's answer needs another turn of the loop
    sending->cancel.emit(asio::cancellation_type::terminal);
    REQUIRE(loop.run_until([&] { return sending->done; }));
    CHECK(sending->cancelled);
    CHECK_FALSE(sending->attempt.request_written);
}

TEST_CASE("cancel: in the TLS handshake")
{
    Loop loop;
    Server server{loop.io, silent()};
    const auto transport = make_transport(loop);
    check_cancel(
        loop, *transport, get("https", "127.0.0.1", server.port()), &server,
        [&] { return server.bytes > 0; }, false);  // the ClientHello
}

TEST_CASE("cancel: while sending")
{
    Loop loop;
    Server server{loop.io, deaf()};
    const auto transport = make_transport(loop);
    HttpRequest request = get(server);
    request.method = "POST";
    request.body.assign(32UL << 20, 'x');
    check_cancel(loop, *transport, request, nullptr, [&] { return server.accepted == 1; }, true);
}

TEST_CASE("cancel: while waiting for the response, plain and TLS")
{
    const Authority authority;
    for (const bool secure : {false, true}) {
        Loop loop;
        std::optional<ServerTls> tls;
        if (secure)
            tls = ServerTls{.identity = authority.issue({.alternative_names = "IP:127.0.0.1"})};
        Server server{loop.io, then_silent(""), tls};
        auto options = quick_options();
        options.ca_file = authority.file();
        const auto transport = make_transport(loop, options);
        check_cancel(
            loop, *transport, get(secure ? "https" : "http", "127.0.0.1", server.port()), &server,
            [&] { return server.requests == 1; }, true);
    }
}

TEST_CASE("cancel: within the body")
{
    Loop loop;
    Server server{loop.io, then_silent("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc")};
    const auto transport = make_transport(loop);
    check_cancel(
        loop, *transport, get(server), &server, [&] { return server.requests == 1; }, true);
}

TEST_CASE("cancel: a loop destroyed with requests in every phase leaves nothing behind")
{
    Loop loop;
    BlackHole hole{loop.io};
    Server server{loop.io, then_silent("HTTP/1.1 200 OK\r\n")};
    Server handshaking{loop.io, silent()};
    auto options = quick_options();
    options.connections_per_origin_max = 1;
    const auto transport = make_transport(loop, options);
    start(loop, *transport, get("http", "127.0.0.1", hole.port()));
    start(loop, *transport, get("https", "127.0.0.1", handshaking.port()));
    start(loop, *transport, get(server));
    start(loop, *transport, get(server));  // waits for the pool
    REQUIRE(loop.run_until([&] { return server.requests == 1 && handshaking.bytes > 0; }));
}
