// Which connection a request travels on, counted at the server.

#include "fixture.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <doctest/doctest.h>

using namespace cloudpcd;
using namespace cloudpcd::test;

namespace asio = boost::asio;

TEST_CASE("pool: requests share one connection")
{
    Loop loop;
    Server server{loop.io, always(ok("x"))};
    const auto transport = make_transport(loop);
    for (int i = 0; i < 3; ++i) {
        const auto sending = run(loop, *transport, get(server));
        CHECK(sending->status() == 200);
        CHECK(sending->attempt.request_lines_written == 1);
    }
    CHECK(server.accepted == 1);
    CHECK(server.requests == 3);
    CHECK(transport->idle_connections() == 1);
}

TEST_CASE("pool: fresh means a new connection, which joins the pool")
{
    Loop loop;
    Server server{loop.io, always(ok("x"))};
    const auto transport = make_transport(loop);
    HttpRequest fresh = get(server);
    fresh.connection = ConnectionUse::fresh;
    run(loop, *transport, get(server));
    run(loop, *transport, fresh);
    CHECK(server.accepted == 2);
    CHECK(transport->idle_connections() == 2);
    run(loop, *transport, get(server));
    CHECK(server.accepted == 2);
}

TEST_CASE("pool: single means a connection for one request")
{
    Loop loop;
    std::vector<std::string> seen;
    Server server{loop.io, [&](Peer& peer) -> asio::awaitable<void> {
                      for (;;) {
                          seen.push_back(co_await peer.request());
                          if (seen.back().empty())
                              co_return;
                          co_await peer.write(ok("x"));
                      }
                  }};
    const auto transport = make_transport(loop);
    run(loop, *transport, get(server));
    HttpRequest single = get(server);
    single.connection = ConnectionUse::single;
    for (int i = 0; i < 2; ++i)
        CHECK(run(loop, *transport, single)->status() == 200);
    CHECK(server.accepted == 3);
    CHECK(transport->idle_connections() == 1);
    REQUIRE(loop.run_until([&] { return server.open == 1; }));  // the other two are closed by us
    CHECK(seen[1].find("Connection: close\r\n") != std::string::npos);
}

TEST_CASE("pool: a connection that cannot carry on is not kept")
{
    for (const auto& response :
         {ok("x", "Connection: close\r\n"), ok("x") + "left over", ok("x") + ok("unasked"),
          std::string{"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx"},
          std::string{"HTTP/1.1 418 X\r\n"}}) {
        CAPTURE(response);
        Loop loop;
        Server server{loop.io, once(response)};
        const auto transport = make_transport(loop);
        run(loop, *transport, get(server));
        CHECK(transport->idle_connections() == 0);
    }
}

TEST_CASE("pool: a connection closed while idle is replaced without an error")
{
    Loop loop;
    Server server{loop.io, once(ok("x"))};
    const auto transport = make_transport(loop);
    for (std::size_t i = 1; i < 4; ++i) {
        CHECK(run(loop, *transport, get(server))->status() == 200);
        REQUIRE(loop.run_until([&] { return server.open == 0; }));
        CHECK(server.accepted == i);
    }
}

TEST_CASE("pool: a connection that spoke while idle is dropped")
{
    Loop loop;
    bool spoke = false;
    const auto transport = make_transport(loop);
    Server talker{
        loop.io, [&](Peer& peer) -> asio::awaitable<void> {
            co_await peer.request();
            co_await peer.write(ok("x"));
            // A second write: the response is complete before this arrives.
            if (peer.index() == 0) {
                co_await peer.write("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
                spoke = true;
                co_await peer.drain();
            }
        }};
    CHECK(run(loop, *transport, get(talker))->status() == 200);
    REQUIRE(loop.run_until([&] { return spoke; }));
    CHECK(run(loop, *transport, get(talker))->status() == 200);
    CHECK(talker.accepted == 2);
}

TEST_CASE("pool: a kept connection that dies under a request is transient, and not repeated")
{
    for (const bool reset : {false, true}) {
        CAPTURE(reset);
        Loop loop;
        Server server{loop.io, [reset](Peer& peer) -> asio::awaitable<void> {
                          co_await peer.request();
                          co_await peer.write(ok("x"));
                          co_await peer.request();
                          if (reset)
                              peer.reset();
                      }};
        const auto transport = make_transport(loop);
        CHECK(run(loop, *transport, get(server))->status() == 200);
        const auto second = run(loop, *transport, get(server));
        CHECK(second->error() == Errc::transient);
        CHECK(second->message().find("127.0.0.1: connection closed before the response") == 0);
        CHECK(second->attempt.request_written);
        CHECK(second->attempt.request_lines_written == 1);
        CHECK(server.requests == 2);
        CHECK(server.accepted == 1);
    }
}

TEST_CASE("pool: old and long idle connections are closed")
{
    for (const bool by_age : {false, true}) {
        Loop loop;
        Server server{loop.io, always(ok("x"))};
        auto options = quick_options();
        (by_age ? options.connection_age_max : options.connection_idle_max) = 0ms;
        const auto transport = make_transport(loop, options);
        run(loop, *transport, get(server));
        run(loop, *transport, get(server));
        CHECK(server.accepted == 2);
        REQUIRE(loop.run_until([&] { return server.open == 1; }));
    }
}

TEST_CASE("pool: an origin never has more connections than it may")
{
    Loop loop;
    Server server{loop.io, always(ok("x"))};
    auto options = quick_options();
    options.connections_per_origin_max = 3;
    const auto transport = make_transport(loop, options);
    std::vector<std::shared_ptr<Sending>> all;
    for (int i = 0; i < 30; ++i) {
        HttpRequest request = get(server);
        request.connection = static_cast<ConnectionUse>(i % 3);
        all.push_back(start(loop, *transport, request));
    }
    for (const auto& sending : all) {
        REQUIRE(loop.run_until([&] { return sending->done; }));
        CHECK(sending->status() == 200);
    }
    CHECK(server.requests == 30);
    CHECK(transport->idle_connections() <= 3);
    // The server learns of a close later than we do; it may briefly see one connection per slot
    // more.
    CHECK(server.open_max <= 6);

    transport->close_idle_connections();
    CHECK(transport->idle_connections() == 0);
    REQUIRE(loop.run_until([&] { return server.open == 0; }));
}

TEST_CASE(
    "pool: requests that wait for a connection have a deadline, can be cancelled, and keep order")
{
    Loop loop;
    std::vector<std::string> order;
    bool answer = false;
    asio::steady_timer gate{loop.io, asio::steady_timer::time_point::max()};
    Server server{loop.io, [&](Peer& peer) -> asio::awaitable<void> {
                      for (;;) {
                          const auto request = co_await peer.request();
                          if (request.empty())
                              co_return;
                          order.push_back(request.substr(0, request.find(" HTTP")));
                          if (!answer)
                              co_await gate.async_wait(asio::as_tuple(asio::use_awaitable));
                          co_await peer.write(ok("x"));
                      }
                  }};
    auto options = quick_options();
    options.connections_per_origin_max = 1;
    options.first_byte_timeout = 10s;
    const auto transport = make_transport(loop, options);
    const auto numbered = [&](std::string target) {
        HttpRequest request = get(server);
        request.url.target = std::move(target);
        return request;
    };
    const auto first = start(loop, *transport, numbered("/1"));
    REQUIRE(loop.run_until([&] { return server.requests == 1; }));

    HttpRequest impatient = numbered("/late");
    impatient.timeout = 50ms;
    const auto late = start(loop, *transport, impatient);
    const auto cancelled = start(loop, *transport, numbered("/cancelled"));
    const auto second = start(loop, *transport, numbered("/2"));
    const auto third = start(loop, *transport, numbered("/3"));
    REQUIRE(loop.run_until([&] { return late->done; }));
    CHECK(late->error() == Errc::transient);
    CHECK(late->message() ==
          "127.0.0.1: the request took longer than 50ms, waiting for a connection");
    CHECK_FALSE(late->attempt.request_written);
    cancelled->cancel.emit(asio::cancellation_type::terminal);
    REQUIRE(loop.run_until([&] { return cancelled->done; }));
    CHECK(cancelled->cancelled);

    answer = true;
    gate.cancel();
    REQUIRE(loop.run_until([&] { return third->done; }));
    CHECK(first->status() == 200);
    CHECK(second->status() == 200);
    CHECK(third->status() == 200);
    CHECK(order == std::vector<std::string>{"GET /1", "GET /2", "GET /3"});
    CHECK(server.accepted == 1);
}
