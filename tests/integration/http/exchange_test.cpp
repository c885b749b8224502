// What goes over the wire, and what becomes of every kind of answer.

#include "fixture.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <zlib.h>

#include <random>

using namespace cloudpcd;
using namespace cloudpcd::test;

namespace asio = boost::asio;

namespace {

/// A transport for many exchanges: to make one loads the system's certificates, which takes time.
class Wire {
public:
    /// Sends one request to a server that answers `response` and closes.
    std::shared_ptr<Sending> answered_with(const std::string& response, std::string method = "GET",
                                           std::size_t body_bytes_max = 1024 * 1024)
    {
        Server server{x_loop.io, once(response)};
        HttpRequest request = get(server);
        request.method = std::move(method);
        request.body_bytes_max = body_bytes_max;
        auto sending = run(x_loop, *x_transport, std::move(request));
        REQUIRE(x_loop.run_until([&] { return server.open == 0; }));
        server.stop();
        x_loop.settle();  // the acceptor's coroutine ends before the server goes
        x_transport->close_idle_connections();
        return sending;
    }

private:
    Loop x_loop;
    std::unique_ptr<HttpTransport> x_transport = make_transport(x_loop);
};

std::string chunked(std::string_view body, std::string_view headers = "")
{
    if (body.size() < 2)  // halves would be empty, and an empty chunk is the last one
        return fmt::format("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n{}\r\n{}0\r\n\r\n",
                           headers, body.empty() ? "" : fmt::format("1\r\n{}\r\n", body));
    const auto half = body.size() / 2;
    return fmt::format(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
        "chunked\r\n{}\r\n{:x};ext=1\r\n{}\r\n{:X}\r\n{}\r\n0\r\n"
        "Trailer: ignored\r\n\r\n",
        headers, half, body.substr(0, half), body.size() - half, body.substr(half));
}

constexpr std::string_view gzipped = "Content-Encoding: gzip\r\n";

}  // namespace

TEST_CASE("http: a request has exactly the lines it must have")
{
    Loop loop;
    std::string seen;
    Server server{loop.io, [&](Peer& peer) -> asio::awaitable<void> {
                      seen = co_await peer.request();
                      co_await peer.write(ok("{}"));
                  }};
    const auto transport = make_transport(loop);
    HttpRequest request = get(server);
    request.method = "POST";
    request.body = R"({"a":1})";
    request.headers = {{"Authorization", "Bearer x"}, {"User-Agent", "cloudpcd/1"}};
    const auto sending = run(loop, *transport, request);

    CHECK(sending->body() == "{}");
    CHECK(sending->attempt.request_written);
    CHECK(sending->attempt.request_lines_written == 1);
    CHECK(seen ==
          fmt::format(
              "POST /v1.0/things HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer x\r\n"
              "User-Agent: cloudpcd/1\r\nAccept-Encoding: gzip\r\nConnection: keep-alive\r\n"
              "Content-Length: 7\r\n\r\n{{\"a\":1}}",
              server.port()));
}

TEST_CASE("http: a POST without a body says so")
{
    Loop loop;
    std::string seen;
    Server server{loop.io, [&](Peer& peer) -> asio::awaitable<void> {
                      seen = co_await peer.request();
                      co_await peer.write("HTTP/1.1 204 No Content\r\n\r\n");
                  }};
    const auto transport = make_transport(loop);
    HttpRequest request = get(server);
    request.method = "POST";
    CHECK(run(loop, *transport, request)->status() == 204);
    CHECK(seen.find("Content-Length: 0\r\n") != std::string::npos);
}

TEST_CASE("http: nothing can be smuggled into a request")
{
    Loop loop;
    Server server{loop.io, always(ok("{}"))};
    const auto transport = make_transport(loop);
    std::vector<HttpRequest> requests(9, get(server));
    requests[0].headers = {{"X", "a\r\nEvil: 1"}};
    requests[1].headers = {{"X", "a\nEvil: 1"}};
    requests[2].headers = {{"X\r\nEvil", "1"}};
    requests[3].headers = {{"X", std::string(1, '\0')}};
    requests[4].url.target = "/a b";
    requests[5].url.target = "/a\r\nEvil: 1";
    requests[6].url.target = "http://elsewhere/";
    requests[7].method = "GET /evil";
    requests[8].headers = {{"content-length", "3"}};
    for (const auto& request : requests) {
        const auto sending = run(loop, *transport, request);
        CHECK(sending->error() == Errc::malformed);
        CHECK_FALSE(sending->attempt.request_written);
    }
    CHECK(server.accepted == 0);
}

TEST_CASE("http: plain http leaves loopback never")
{
    Loop loop;
    const auto transport = make_transport(loop);
    const auto sending = run(loop, *transport, get("http", "192.0.2.1", 80));
    CHECK(sending->error() == Errc::configuration);
    CHECK_FALSE(sending->attempt.request_written);
}

TEST_CASE("http: headers are found without case, in order")
{
    Wire wire;
    const auto sending = wire.answered_with(ok("x", "Request-Id: 1\r\nVia: a\r\nvia:  b \r\n"));
    REQUIRE(sending->status() == 200);
    const HttpResponse& response = **sending->result;
    CHECK(response.header("request-id") == "1");
    CHECK_FALSE(response.header("date"));
    CHECK(response.all("VIA") == std::vector<std::string_view>{"a", "b"});
}

TEST_CASE("http: bodies by length, by chunks and by close arrive whole, plain and gzip")
{
    Wire wire;
    const std::string text = "{\"value\":[1,2,3]}";
    const std::string packed = gzip(text);
    CHECK(wire.answered_with(ok(text))->body() == text);
    CHECK(wire.answered_with(ok(packed, gzipped))->body() == text);
    const auto in_chunks = wire.answered_with(chunked(text));
    CHECK(in_chunks->body() == text);
    CHECK_FALSE((*in_chunks->result)->header("Trailer"));  // trailers are not headers
    CHECK(wire.answered_with(chunked(packed, gzipped))->body() == text);
    CHECK(wire.answered_with("HTTP/1.1 200 OK\r\n\r\n" + text)->body() == text);
    CHECK(wire.answered_with("HTTP/1.0 200 OK\r\nContent-Encoding: x-gzip\r\n\r\n" + packed)
              ->body() == text);
    CHECK(wire.answered_with(ok(packed + packed, gzipped))->body() == text + text);
    CHECK(wire.answered_with(ok(text, "Content-Encoding: identity\r\n"))->body() == text);
    CHECK(wire.answered_with(ok("", gzipped))->body().empty());

    const auto failed =
        wire.answered_with("HTTP/1.1 404 Not Found\r\nContent-Encoding: gzip\r\nContent-Length: " +
                           std::to_string(packed.size()) + "\r\n\r\n" + packed);
    CHECK(failed->status() == 404);
    CHECK(failed->body() == text);
}

TEST_CASE("http: a large body arrives whole")
{
    Wire wire;
    std::mt19937 random{1};
    std::string text(5'000'000, '\0');
    for (char& c : text)
        c = static_cast<char>('a' + random() % 26);
    CHECK((wire.answered_with(ok(text), "GET", text.size())->body() == text));
    CHECK((wire.answered_with(chunked(gzip(text), gzipped), "GET", text.size())->body() == text));
}

TEST_CASE("http: answers without a body")
{
    Wire wire;
    CHECK(wire.answered_with("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n")->status() ==
          204);
    CHECK(wire.answered_with("HTTP/1.1 304 Not Modified\r\nContent-Encoding: gzip\r\n\r\n")
              ->status() == 304);
    CHECK(wire.answered_with("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", "HEAD")->status() ==
          200);
}

TEST_CASE("http: informational responses are skipped, but not for ever")
{
    Wire wire;
    const std::string early = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
    const auto sending = wire.answered_with("HTTP/1.1 100 Continue\r\n\r\n" + early + ok("x"));
    REQUIRE(sending->status() == 200);
    CHECK_FALSE((*sending->result)->header("Link"));

    Loop loop;
    Server server{loop.io, [](Peer& peer) -> asio::awaitable<void> {
                      co_await peer.request();
                      bool alive = true;
                      while (alive)
                          alive = co_await peer.write("HTTP/1.1 100 Continue\r\n\r\n");
                  }};
    const auto transport = make_transport(loop);
    CHECK(run(loop, *transport, get(server))->error() == Errc::malformed);
}

TEST_CASE("http: a response cut anywhere is transient, never a short body")
{
    Wire wire;
    const std::string text = "{\"value\":[\"some\",\"text\"]}";
    for (const auto& whole :
         {ok(text), ok(gzip(text), gzipped), chunked(text), chunked(gzip(text), gzipped)}) {
        REQUIRE(wire.answered_with(whole)->body() == text);
        for (std::size_t length = 0; length < whole.size(); ++length) {
            CAPTURE(length);
            const auto sending = wire.answered_with(whole.substr(0, length));
            CHECK(sending->error() == Errc::transient);
            CHECK(sending->attempt.request_written);
        }
    }
}

TEST_CASE("http: gzip cut anywhere is transient, though the framing is whole")
{
    Wire wire;
    const std::string packed = gzip("{\"value\":[\"some\",\"text\"]}");
    for (std::size_t length = 0; length < packed.size(); ++length) {
        CAPTURE(length);
        const auto cut = packed.substr(0, length);
        CHECK(wire.answered_with(chunked(cut, gzipped))->error() == Errc::transient);
        CHECK(wire.answered_with("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + cut)
                  ->error() == Errc::transient);
        if (length > 0)
            CHECK(wire.answered_with(ok(cut, gzipped))->error() == Errc::transient);
    }
}

TEST_CASE("http: gzip with any byte of its trailer wrong is transient")
{
    Wire wire;
    const std::string packed = gzip("some text");
    for (std::size_t i = packed.size() - 8; i < packed.size(); ++i) {
        std::string wrong = packed;
        wrong[i] = static_cast<char>(wrong[i] ^ 1);
        CHECK(wire.answered_with(ok(wrong, gzipped))->error() == Errc::transient);
    }
    CHECK(wire.answered_with(ok(packed + "garbage", gzipped))->error() == Errc::transient);
    CHECK(wire.answered_with(ok("not gzip at all", gzipped))->error() == Errc::transient);
}

TEST_CASE("http: a gzip bomb is stopped at the limit")
{
    Wire wire;
    const std::string bomb = gzip(std::string(64UL << 20, '\0'));
    REQUIRE(bomb.size() < 100'000);
    const auto sending = wire.answered_with(ok(bomb, gzipped));
    CHECK(sending->error() == Errc::malformed);
    CHECK(sending->message().find("inflates to more than 1048576 bytes") != std::string::npos);

    const std::string exact = gzip(std::string(1 << 20, 'x'));
    CHECK(wire.answered_with(ok(exact, gzipped))->body().size() == 1 << 20);
    const std::string one_more = gzip(std::string((1 << 20) + 1, 'x'));
    CHECK(wire.answered_with(ok(one_more, gzipped))->error() == Errc::malformed);
}

TEST_CASE("http: an endless body is stopped at the limit")
{
    for (const bool compressed : {false, true}) {
        CAPTURE(compressed);
        Loop loop;
        // Empty gzip members inflate to nothing for ever; only the compressed size grows.
        std::string piece;
        while (piece.size() < 10'000)
            piece += compressed ? gzip("") : "0123456789";
        Server server{
            loop.io, [&](Peer& peer) -> asio::awaitable<void> {
                co_await peer.request();
                co_await peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n");
                co_await peer.write(compressed ? "Content-Encoding: gzip\r\n\r\n" : "\r\n");
                const auto chunk = fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
                bool alive = true;
                while (alive)
                    alive = co_await peer.write(chunk);
            }};
        const auto transport = make_transport(loop);
        HttpRequest request = get(server);
        request.body_bytes_max = 1 << 20;
        CHECK(run(loop, *transport, std::move(request))->error() == Errc::malformed);
        REQUIRE(loop.run_until([&] { return server.open == 0; }));
        CHECK(server.bytes_written < 32UL << 20);  // the limit and what sockets buffer
    }
}

TEST_CASE("http: a body announced as too large is not read")
{
    Wire wire;
    const auto sending = wire.answered_with("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n");
    CHECK(sending->error() == Errc::malformed);
    const auto nearly =
        wire.answered_with("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n", "GET", 5);
    CHECK(nearly->error() == Errc::malformed);
    CHECK(wire.answered_with(ok("12345"), "GET", 5)->body() == "12345");
    CHECK(wire.answered_with(ok("123456"), "GET", 5)->error() == Errc::malformed);
    CHECK(wire.answered_with(chunked("123456"), "GET", 5)->error() == Errc::malformed);
    CHECK(wire.answered_with("HTTP/1.1 200 OK\r\n\r\n123456", "GET", 5)->error() ==
          Errc::malformed);
}

TEST_CASE("http: encodings nobody asked for are malformed")
{
    Wire wire;
    for (const auto* headers :
         {"Content-Encoding: br\r\n", "Content-Encoding: deflate\r\n",
          "Content-Encoding: gzip, gzip\r\n",
          "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n",
          "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: gzip\r\n"}) {
        CAPTURE(headers);
        CHECK(wire.answered_with(fmt::format("HTTP/1.1 200 OK\r\n{}\r\nabc", headers))->error() ==
              Errc::malformed);
    }
}

TEST_CASE("http: what is no HTTP/1 response is malformed")
{
    Wire wire;
    for (const std::string response :
         {"<html></html>\r\n\r\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 99 X\r\n\r\n",
          "HTTP/1.1 700 X\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n",
          "HTTP/1.1 200 OK\r\nBad Header: 1\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
          "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nabc"}) {
        CAPTURE(response);
        CHECK(wire.answered_with(response)->error() == Errc::malformed);
    }
}

TEST_CASE("http: floods of headers end")
{
    const std::string line = "X-Header: " + std::string(1000, 'x') + "\r\n";
    for (const auto& piece : {line, std::string{"a:\r\n"}, std::string(1000, 'x')}) {
        for (const auto* before : {"", "Transfer-Encoding: chunked\r\n\r\n0\r\n",
                                   "Transfer-Encoding: chunked\r\n\r\n1;"}) {
            CAPTURE(piece);
            CAPTURE(before);
            Loop loop;
            Server server{loop.io, [&](Peer& peer) -> asio::awaitable<void> {
                              co_await peer.request();
                              co_await peer.write(fmt::format("HTTP/1.1 200 OK\r\n{}", before));
                              bool alive = true;
                              while (alive)
                                  alive = co_await peer.write(piece);
                          }};
            const auto transport = make_transport(loop);
            CHECK(run(loop, *transport, get(server))->error() == Errc::malformed);
            REQUIRE(loop.run_until([&] { return server.open == 0; }));
        }
    }
}

TEST_CASE("http: headers are bounded in number and in size, even when they end")
{
    Wire wire;
    const auto with_headers = [](std::size_t count, std::size_t bytes_each) {
        std::string headers;
        for (std::size_t i = 0; i < count; ++i)
            headers += "X: " + std::string(bytes_each, 'x') + "\r\n";
        return ok("x", headers);
    };
    CHECK(wire.answered_with(with_headers(200, 10))->status() == 200);
    CHECK(wire.answered_with(with_headers(50, 1000))->status() == 200);
    CHECK(wire.answered_with(with_headers(300, 10))->error() == Errc::malformed);
    CHECK(wire.answered_with(with_headers(70, 1000))->error() == Errc::malformed);
}
