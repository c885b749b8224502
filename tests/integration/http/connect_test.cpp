// Several addresses of one name.

#include "sync/graph/connect.hpp"

#include "fixture.hpp"

#include <boost/asio/co_spawn.hpp>
#include <doctest/doctest.h>

using namespace cloudpcd;
using namespace cloudpcd::test;
using graph::Deadline;
using graph::Endpoints;

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

tcp::endpoint here(std::uint16_t port)
{
    return {asio::ip::address_v4::loopback(), port};
}

struct Connected {
    std::uint16_t port = 0;  ///< of the peer; 0: failed
    std::string message;
    std::chrono::steady_clock::duration took{};
};

Connected connect(Loop& loop, Endpoints endpoints, Duration limit = 2s)
{
    Connected out;
    bool done = false;
    const auto start = std::chrono::steady_clock::now();
    auto finish = [&](std::exception_ptr, Result<std::optional<tcp::socket>> result) {
        done = true;
        if (result)
            out.port = (*result)->remote_endpoint().port();
        else
            out.message = result.error().message;
    };
    const auto attempt = [&]() -> asio::awaitable<Result<std::optional<tcp::socket>>> {
        auto socket = co_await graph::connect_any(loop.io.get_executor(), endpoints, 50ms,
                                                  Deadline::after(limit, "connecting"));
        if (!socket)
            co_return std::move(socket).error();
        co_return std::optional<tcp::socket>{*std::move(socket)};
    };
    asio::co_spawn(loop.io, attempt(), finish);
    REQUIRE(loop.run_until([&] { return done; }));
    out.took = std::chrono::steady_clock::now() - start;
    return out;
}

std::uint16_t closed_port(Loop& loop)
{
    return tcp::acceptor{loop.io, here(0)}.local_endpoint().port();
}

Server::Script idle()
{
    return [](Peer& peer) -> asio::awaitable<void> { co_await peer.drain(); };
}

}  // namespace

TEST_CASE("connect: an address that drops everything costs a moment, not the connection")
{
    Loop loop;
    BlackHole hole{loop.io};
    Server server{loop.io, idle()};
    const auto out = connect(loop, {here(hole.port()), here(hole.port()), here(server.port())});
    CHECK(out.port == server.port());
    CHECK(out.took >= 100ms);
    CHECK(out.took < 1s);
}

TEST_CASE("connect: an address that refuses costs nothing")
{
    Loop loop;
    Server server{loop.io, idle()};
    const auto out = connect(loop, {here(closed_port(loop)), here(server.port())});
    CHECK(out.port == server.port());
    CHECK(out.took < 50ms);
}

TEST_CASE("connect: the first of several good addresses wins, and only it stays")
{
    Loop loop;
    Server first{loop.io, idle()};
    Server second{loop.io, idle()};
    CHECK(connect(loop, {here(first.port()), here(second.port())}).port == first.port());
    loop.settle();
    CHECK(second.accepted == 0);
}

TEST_CASE("connect: when none answers, each is named")
{
    Loop loop;
    BlackHole hole{loop.io};
    const auto refused = connect(loop, {here(closed_port(loop)), here(closed_port(loop))});
    CHECK(refused.message == "127.0.0.1: Connection refused, 127.0.0.1: Connection refused");
    const auto mixed = connect(loop, {here(closed_port(loop)), here(hole.port())}, 200ms);
    CHECK(mixed.message ==
          "connecting took longer than 200ms; before that: 127.0.0.1: Connection refused");
    CHECK(connect(loop, {}).message == "name has no address");
}

TEST_CASE("connect: address families take turns")
{
    const auto address = [](const char* text) {
        return tcp::endpoint{asio::ip::make_address(text), 443};
    };
    const Endpoints mixed = graph::interleave_families(
        {address("::1"), address("::2"), address("::3"), address("1.1.1.1"), address("2.2.2.2")});
    CHECK(mixed == Endpoints{address("::1"), address("1.1.1.1"), address("::2"), address("2.2.2.2"),
                             address("::3")});
    CHECK(graph::interleave_families(Endpoints(50, address("::1"))).size() == graph::addresses_max);
    CHECK(graph::interleave_families({}).empty());
}
