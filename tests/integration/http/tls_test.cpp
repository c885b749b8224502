// Whom the transport talks to: nobody who cannot prove the name, before any byte of a request.

#include "fixture.hpp"

#include <doctest/doctest.h>

#include <fstream>

using namespace cloudpcd;
using namespace cloudpcd::test;

namespace asio = boost::asio;

namespace {

HttpTransportOptions trusting(const Authority& authority)
{
    auto options = quick_options();
    options.ca_file = authority.file();
    return options;
}

/// One GET to https://HOST of a server with `tls`, trusting `authority`.
struct Exchange {
    Exchange(const Authority& authority, ServerTls tls, std::string host = "localhost")
        : server{loop.io, always(ok("secret")), std::move(tls)},
          transport{make_transport(loop, trusting(authority))},
          sending{run(loop, *transport, get("https", std::move(host), server.port()))}
    {}

    void check_refused(std::string_view reason)
    {
        CAPTURE(reason);
        CAPTURE(sending->message());
        CHECK(sending->error() == Errc::transient);
        CHECK(sending->message().find(reason) != std::string::npos);
        CHECK_FALSE(sending->attempt.request_written);
        CHECK(sending->attempt.request_lines_written == 0);
        REQUIRE(loop.run_until([&] { return server.accepted > 0 && server.open == 0; }));
        CHECK(server.bytes == 0);
    }

    Loop loop;
    Server server;
    std::unique_ptr<HttpTransport> transport;
    std::shared_ptr<Sending> sending;
};

}  // namespace

TEST_CASE("tls: a server of the extra authority is trusted, and its name is sent")
{
    const Authority authority;
    Exchange exchange{authority,
                      {.identity = authority.issue({.alternative_names = "DNS:localhost"})}};
    CHECK(exchange.sending->body() == "secret");
    CHECK(exchange.server.names == std::vector<std::string>{"localhost"});
    run(exchange.loop, *exchange.transport, get("https", "localhost", exchange.server.port()));
    CHECK(exchange.server.accepted == 1);
}

TEST_CASE("tls: an address is compared with the certificate's addresses and not sent as a name")
{
    const Authority authority;
    const ServerTls good{.identity = authority.issue({.alternative_names = "IP:127.0.0.1"})};
    Exchange exchange{authority, good, "127.0.0.1"};
    CHECK(exchange.sending->body() == "secret");
    CHECK(exchange.server.names == std::vector<std::string>{""});

    const ServerTls other{.identity = authority.issue({.alternative_names = "IP:127.0.0.2"})};
    Exchange{authority, other, "127.0.0.1"}.check_refused("IP address mismatch");
    const ServerTls as_name{.identity = authority.issue({.alternative_names = "DNS:127.0.0.1"})};
    Exchange{authority, as_name, "127.0.0.1"}.check_refused("IP address mismatch");
}

TEST_CASE("tls: an unknown authority is refused, with advice")
{
    const Authority known;
    const Authority unknown;
    const Subject subject{.alternative_names = "DNS:localhost"};
    Exchange{known, {.identity = unknown.issue(subject)}}.check_refused(
        "localhost: certificate verify failed: unable to get local issuer certificate; give the CA "
        "in "
        "[graph] ca_file");
    Exchange{known, {.identity = Authority::self_signed(subject)}}.check_refused(
        "certificate verify failed: self-signed certificate; give the CA in [graph] ca_file");
}

TEST_CASE("tls: an expired certificate, and one of the future, are refused")
{
    const Authority authority;
    const Subject expired{
        .alternative_names = "DNS:localhost", .starts_in_days = -9, .ends_in_days = -1};
    Exchange{authority, {.identity = authority.issue(expired)}}.check_refused(
        "certificate has expired");
    const Subject future{
        .alternative_names = "DNS:localhost", .starts_in_days = 1, .ends_in_days = 9};
    Exchange{authority, {.identity = authority.issue(future)}}.check_refused(
        "certificate is not yet valid");
}

TEST_CASE("tls: a certificate for another name is refused")
{
    const Authority authority;
    for (const Subject& subject :
         {Subject{.alternative_names = "DNS:example.test"},
          Subject{.alternative_names = "DNS:*.localhost"},
          Subject{.alternative_names = "DNS:local*"}, Subject{.alternative_names = "IP:127.0.0.1"},
          // The common name has not been a host name since RFC 6125.
          Subject{.alternative_names = "", .common_name = "localhost"}}) {
        CAPTURE(subject.alternative_names);
        Exchange{authority, {.identity = authority.issue(subject)}}.check_refused(
            "hostname mismatch");
    }
}

TEST_CASE("tls: versions before 1.2 are refused")
{
    const Authority authority;
    ServerTls old{.identity = authority.issue({.alternative_names = "DNS:localhost"}),
                  .version_1_1 = true};
    Exchange{authority, old}.check_refused("TLS handshake failed");
}

TEST_CASE("tls: a peer that closes within the handshake is refused")
{
    const Authority authority;
    Loop loop;
    Server server{loop.io, [](Peer& peer) -> asio::awaitable<void> {
                      peer.reset();
                      co_return;
                  }};
    const auto transport = make_transport(loop, trusting(authority));
    const auto sending = run(loop, *transport, get("https", "localhost", server.port()));
    CHECK(sending->error() == Errc::transient);
    CHECK(sending->message().find("localhost: TLS handshake failed: ") == 0);
    CHECK_FALSE(sending->attempt.request_written);
}

TEST_CASE("tls: a body that ends with the connection needs close_notify")
{
    const Authority authority;
    for (const bool orderly : {true, false}) {
        CAPTURE(orderly);
        Loop loop;
        Server server{
            loop.io,
            [orderly](Peer& peer) -> asio::awaitable<void> {
                co_await peer.request();
                co_await peer.write("HTTP/1.1 200 OK\r\n\r\nall of it");
                if (orderly)
                    co_await peer.close_tls();
            },
            ServerTls{.identity = authority.issue({.alternative_names = "DNS:localhost"})}};
        const auto transport = make_transport(loop, trusting(authority));
        const auto sending = run(loop, *transport, get("https", "localhost", server.port()));
        if (orderly)
            CHECK(sending->body() == "all of it");
        else
            CHECK(sending->error() == Errc::transient);
    }
}

TEST_CASE("tls: a kept connection closed while idle is replaced without an error")
{
    const Authority authority;
    Loop loop;
    Server server{loop.io,
                  [](Peer& peer) -> asio::awaitable<void> {
                      co_await peer.request();
                      co_await peer.write(ok("x"));
                      co_await peer.close_tls();
                  },
                  ServerTls{.identity = authority.issue({.alternative_names = "DNS:localhost"})}};
    const auto transport = make_transport(loop, trusting(authority));
    for (int i = 0; i < 3; ++i) {
        CHECK(run(loop, *transport, get("https", "localhost", server.port()))->status() == 200);
        loop.settle();  // lets the close arrive
    }
    CHECK(server.accepted == 3);
}

TEST_CASE("tls: a large body arrives whole")
{
    const Authority authority;
    const std::string body(3'000'000, 'x');
    Loop loop;
    Server server{loop.io, always(ok(body)),
                  ServerTls{.identity = authority.issue({.alternative_names = "DNS:localhost"})}};
    const auto transport = make_transport(loop, trusting(authority));
    CHECK((run(loop, *transport, get("https", "localhost", server.port()))->body() == body));
}

TEST_CASE("tls: a CA file that is missing, or holds no certificate, is a configuration error")
{
    Loop loop;
    auto options = quick_options();
    options.ca_file = "/nonexistent/ca.pem";
    auto transport = HttpTransport::create(loop.io.get_executor(), options);
    REQUIRE_FALSE(transport.has_value());
    CHECK(transport.error().code == Errc::configuration);
    CHECK(transport.error().message.find("/nonexistent/ca.pem") != std::string::npos);

    const Authority authority;
    std::ofstream{authority.file()} << "no certificate here\n";
    transport = HttpTransport::create(loop.io.get_executor(), trusting(authority));
    REQUIRE_FALSE(transport.has_value());
    CHECK(transport.error().code == Errc::configuration);
}

namespace {

/// A proxy that answers CONNECT with `answer` and then is the origin itself.
Server::Script proxy(std::string answer, std::string& seen)
{
    return [answer, &seen](Peer& peer) -> asio::awaitable<void> {
        seen = co_await peer.request();
        co_await peer.write(answer);
        const bool secured = co_await peer.handshake();
        if (!secured)
            co_return;
        for (;;) {
            const auto request = co_await peer.request();
            if (request.empty())
                co_return;
            co_await peer.write(ok("through"));
        }
    };
}

}  // namespace

TEST_CASE("tls: a proxy sees the name and port only, and the origin still has to prove its name")
{
    const Authority authority;
    // A wildcard is a whole label; half a label would vouch for the neighbours.
    for (const std::string name : {"DNS:*.graph.test", "DNS:e*.graph.test", "DNS:evil.test"}) {
        CAPTURE(name);
        const bool right_name = name == "DNS:*.graph.test";
        Loop loop;
        std::string seen;
        // Many proxies still answer as HTTP/1.0.
        Server server{loop.io, proxy("HTTP/1.0 200 Connection established\r\n\r\n", seen),
                      ServerTls{.identity = authority.issue({.alternative_names = name}),
                                .after_accept = false}};
        auto options = trusting(authority);
        options.proxy = Origin{.scheme = "http", .host = "127.0.0.1", .port = server.port()};
        const auto transport = make_transport(loop, options);
        const auto sending = run(loop, *transport, get("https", "eu.graph.test", 443));
        CHECK(seen == "CONNECT eu.graph.test:443 HTTP/1.1\r\nHost: eu.graph.test:443\r\n\r\n");
        REQUIRE(loop.run_until([&] { return !server.names.empty(); }));
        CHECK(server.names == std::vector<std::string>{"eu.graph.test"});
        CHECK(sending->attempt.request_written == right_name);
        if (right_name)
            CHECK(sending->body() == "through");
        else
            CHECK(sending->message().find("hostname mismatch") != std::string::npos);
    }
}

TEST_CASE("tls: a proxy that refuses, or talks on, is an error, and loopback goes around it")
{
    const Authority authority;
    for (const auto* answer :
         {"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
          "HTTP/1.1 200 OK\r\n\r\nand more"}) {
        Loop loop;
        std::string seen;
        Server server{loop.io, proxy(answer, seen),
                      ServerTls{.identity = {}, .after_accept = false}};
        auto options = quick_options();
        options.proxy = Origin{.scheme = "http", .host = "127.0.0.1", .port = server.port()};
        const auto transport = make_transport(loop, options);
        const auto sending = run(loop, *transport, get("https", "eu.graph.test", 443));
        CHECK(sending->error() == Errc::transient);
        CHECK(sending->message().find("proxy 127.0.0.1: ") == 0);
        CHECK_FALSE(sending->attempt.request_written);

        Server direct{loop.io, always(ok("direct"))};
        CHECK(run(loop, *transport, get(direct))->body() == "direct");
    }
}

TEST_CASE("tls: a proxy that knows its users gets name and password, and nobody else does")
{
    const Authority authority;
    Loop loop;
    std::string seen;
    Server server{loop.io, proxy("HTTP/1.1 200 OK\r\n\r\n", seen),
                  ServerTls{.identity = authority.issue({.alternative_names = "DNS:eu.graph.test"}),
                            .after_accept = false}};
    auto options = trusting(authority);
    options.proxy = Origin{.scheme = "http", .host = "127.0.0.1", .port = server.port()};
    options.proxy_credentials = "Aladdin:open sesame";
    const auto transport = make_transport(loop, options);
    CHECK(run(loop, *transport, get("https", "eu.graph.test", 443))->body() == "through");
    CHECK(seen ==
          "CONNECT eu.graph.test:443 HTTP/1.1\r\nHost: eu.graph.test:443\r\n"
          "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n");
}

TEST_CASE("tls: a proxy that refuses its user says so, without the password")
{
    for (const std::string credentials : {"", "user:hunter2"}) {
        Loop loop;
        std::string seen;
        Server server{loop.io, proxy("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n", seen),
                      ServerTls{.identity = {}, .after_accept = false}};
        auto options = quick_options();
        options.proxy = Origin{.scheme = "http", .host = "127.0.0.1", .port = server.port()};
        options.proxy_credentials = credentials;
        const auto transport = make_transport(loop, options);
        const auto message = run(loop, *transport, get("https", "eu.graph.test", 443))->message();
        CHECK(message.find(credentials.empty()
                               ? "wants a user name"
                               : "refuses the user name or password") != std::string::npos);
        CHECK(message.find("hunter2") == std::string::npos);
        CHECK((seen.find("Proxy-Authorization") == std::string::npos) == credentials.empty());
    }
}

TEST_CASE("tls: what NO_PROXY names, and the metadata service, never meet the proxy")
{
    Loop loop;
    std::string seen;
    Server server{loop.io, proxy("HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n", seen),
                  ServerTls{.identity = {}, .after_accept = false}};
    auto options = quick_options();
    options.proxy = Origin{.scheme = "http", .host = "127.0.0.1", .port = server.port()};
    options.no_proxy = {".graph.test"};
    const auto transport = make_transport(loop, options);
    run(loop, *transport, get("https", "eu.graph.test", 443));
    CHECK(seen.empty());
    // Whatever becomes of it on this machine: it is tried, and directly.
    CHECK(run(loop, *transport, get("http", "169.254.169.254", 80))->error() !=
          Errc::configuration);
    CHECK(seen.empty());
    for (const auto* host : {"169.254.169.253", "169.254.169.254.graph.test", "graph.test"})
        CHECK(run(loop, *transport, get("http", host, 80))->error() == Errc::configuration);
    CHECK(seen.empty());
    run(loop, *transport, get("https", "graph.other", 443));
    CHECK(seen.starts_with("CONNECT graph.other:443 "));
}
