// The server's limits, in virtual time: real unix sockets, one thread with the peers at their ends.

#include "daemon/control/server.hpp"
#include "sync/core/log.hpp"
#include "tests/simulation/virtual_clock.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/write.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

using namespace cloudpcd;
using namespace cloudpcd::daemon::control;
using boost::beast::http::verb;
using simulation::VirtualClock;
using std::chrono::hours;
using std::chrono::seconds;
namespace asio = boost::asio;

namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

/// The end of a connection that the server does not have.
class Peer {
public:
    explicit Peer(asio::io_context& io) : x_socket{io} {}

    LocalSocket& socket() noexcept { return x_socket; }
    const std::string& heard() const noexcept { return x_heard; }
    bool hung_up_on() const noexcept { return x_over; }
    asio::awaitable<void> say(std::string text)
    {
        co_await asio::async_write(x_socket, asio::buffer(text), quietly);
    }
    asio::awaitable<void> listen()
    {
        std::array<char, 4096> bytes{};
        while (true) {
            const auto [failure, size] =
                co_await x_socket.async_read_some(asio::buffer(bytes), quietly);
            x_heard.append(bytes.data(), size);
            if (failure)
                break;
        }
        x_over = true;
    }

private:
    LocalSocket x_socket;
    std::string x_heard;
    bool x_over = false;
};

struct Fixture {
    asio::io_context io;
    VirtualClock clock;
    std::vector<std::string> begun{};  ///< requests whose handler was called
    int cancelled = 0;
    std::list<Peer> peers{};
    std::unique_ptr<Server> server = make_server();

    std::unique_ptr<Server> make_server()
    {
        return std::make_unique<Server>(
            io.get_executor(), clock, "/nowhere/at/all/control.sock",
            Router{{{verb::get, "/slow", Role::operate, [this](Request) { return slow(); }},
                    {verb::post, "/echo", Role::operate,
                     [this](Request request) { return echo(std::move(request)); }},
                    {verb::get, "/throw", Role::operate, [this](Request) { return fail(); }}}},
            Roles{config::Roles{}, ::geteuid(), clock});
    }
    // Thousands of requests are not worth a line each.
    Fixture()
    {
        cloudpcd::log::configure(cloudpcd::log::Level::error, cloudpcd::log::Format::text);
    }
    ~Fixture()
    {
        stop();
        cloudpcd::log::configure(cloudpcd::log::Level::info, cloudpcd::log::Format::text);
    }

    asio::awaitable<Reply> slow()
    {
        begun.emplace_back("slow");
        std::exception_ptr failure;
        try {
            co_await clock.sleep_for(hours{5});
        } catch (...) {
            failure = std::current_exception();
            ++cancelled;
        }
        if (failure)
            std::rethrow_exception(failure);
        co_return Response{.body = R"("slow")"};
    }
    asio::awaitable<Reply> echo(Request request)
    {
        begun.emplace_back("echo");
        co_return Response{.body = std::to_string(request.body.size())};
    }
    asio::awaitable<Reply> fail()
    {
        begun.emplace_back("throw");
        throw std::runtime_error{"private words"};
        co_return Response{};
    }

    Peer& connect()
    {
        auto& peer = peers.emplace_back(io);
        LocalSocket other{io};
        asio::local::connect_pair(peer.socket(), other);
        server->adopt(std::move(other));
        asio::co_spawn(io, peer.listen(), asio::detached);
        pass(Duration{0});
        return peer;
    }
    void say(Peer& peer, std::string text)
    {
        asio::co_spawn(io, peer.say(std::move(text)), asio::detached);
        pass(Duration{0});
    }
    void pass(Duration duration) { clock.run_for(io, duration); }
    void stop()
    {
        if (!server)
            return;
        bool ended = false;
        asio::co_spawn(io, server->stop(), [&](const std::exception_ptr&) { ended = true; });
        clock.run_until(io, [&] { return ended; });
        REQUIRE(ended);
        server.reset();
    }
};

std::string post(std::string_view body)
{
    return fmt::format(
        "POST /echo HTTP/1.1\r\nContent-Type: application/json\r\n"
        "Content-Length: {}\r\n\r\n{}",
        body.size(), body);
}

int answers(std::string_view heard)
{
    int count = 0;
    for (auto at = heard.find("HTTP/1.1 "); at != heard.npos; at = heard.find("HTTP/1.1 ", at + 1))
        ++count;
    return count;
}

}  // namespace

TEST_CASE("server: one connection carries one request after the other, also sent at once")
{
    Fixture fixture;
    auto& peer = fixture.connect();
    fixture.say(peer, post(R"({"a":1})"));
    CHECK(peer.heard().starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(peer.heard().ends_with("\r\n\r\n1\n"));
    fixture.say(peer, post("{}") + post("") + post(R"({"a":1,"b":2})"));
    CHECK(answers(peer.heard()) == 4);
    CHECK_FALSE(peer.hung_up_on());
    // A body that cannot be used was read all the same, so that the next request is found.
    fixture.say(peer, post("[1]") + post("{}"));
    CHECK(answers(peer.heard()) == 6);
}

TEST_CASE("server: a silent peer is hung up on, a slow one is told")
{
    Fixture fixture;
    auto& silent = fixture.connect();
    auto& slow_head = fixture.connect();
    auto& slow_body = fixture.connect();
    fixture.say(slow_head, "GET /slow HT");
    fixture.say(slow_body, "POST /echo HTTP/1.1\r\nContent-Length: 10\r\n\r\n{");
    fixture.pass(request_time_max - seconds{1});
    fixture.say(slow_head, "TP");  // a byte now and then does not help
    CHECK_FALSE(silent.hung_up_on());
    CHECK_FALSE(slow_head.hung_up_on());
    fixture.pass(seconds{1} + linger_time_max);
    CHECK(silent.hung_up_on());
    CHECK(silent.heard().empty());
    CHECK(slow_head.hung_up_on());
    CHECK(slow_head.heard().starts_with("HTTP/1.1 408 "));
    CHECK(slow_body.hung_up_on());
    CHECK(slow_body.heard().starts_with("HTTP/1.1 408 "));
    CHECK(fixture.begun.empty());
}

TEST_CASE("server: a handler may take its time")
{
    Fixture fixture;
    auto& peer = fixture.connect();
    fixture.say(peer, "GET /slow HTTP/1.1\r\n\r\n");
    fixture.pass(hours{4});
    CHECK_FALSE(peer.hung_up_on());
    CHECK(peer.heard().empty());
    fixture.pass(hours{1});
    CHECK(peer.heard().ends_with("\"slow\"\n"));
    CHECK(fixture.cancelled == 0);
}

TEST_CASE("server: a peer that goes away stops waiting, one that only ends its side does not")
{
    Fixture fixture;
    auto& half = fixture.connect();
    auto& gone = fixture.connect();
    for (auto* peer : {&half, &gone})
        fixture.say(*peer, "GET /slow HTTP/1.1\r\n\r\n");
    half.socket().shutdown(LocalSocket::shutdown_send);
    gone.socket().close();
    fixture.pass(seconds{1});
    CHECK(fixture.cancelled == 1);
    fixture.pass(hours{5});
    CHECK(half.heard().ends_with("\"slow\"\n"));
    CHECK(half.hung_up_on());
}

TEST_CASE("server: what a handler throws is a problem without its words, and ends nothing else")
{
    Fixture fixture;
    auto& peer = fixture.connect();
    fixture.say(peer, "GET /throw HTTP/1.1\r\n\r\n");
    CHECK(peer.heard().starts_with("HTTP/1.1 500 "));
    CHECK(peer.heard().find("private words") == std::string::npos);
    fixture.say(peer, post("{}"));
    CHECK(answers(peer.heard()) == 2);
}

TEST_CASE("server: a user has so many connections, and gets more when some end")
{
    Fixture fixture;
    for (std::size_t i = 0; i < connections_per_user_max; ++i)
        CHECK(fixture.connect().heard().empty());
    auto& last = fixture.connect();
    CHECK(last.heard().starts_with("HTTP/1.1 503 "));
    CHECK(last.hung_up_on());
    fixture.peers.front().socket().close();
    fixture.pass(seconds{1});
    auto& again = fixture.connect();
    fixture.say(again, post("{}"));
    CHECK(again.heard().starts_with("HTTP/1.1 200 "));
}

TEST_CASE("server: JSON that is deep, and a client that waits for 100 Continue")
{
    Fixture fixture;
    auto& deep = fixture.connect();
    fixture.say(deep, post(R"({"a":)" + std::string(1000, '[') + std::string(1000, ']') + "}"));
    CHECK(deep.heard().starts_with("HTTP/1.1 400 "));
    auto& polite = fixture.connect();
    fixture.say(polite,
                "POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n"
                "Content-Type: application/json\r\n\r\n");
    CHECK(polite.heard() == "HTTP/1.1 100 Continue\r\n\r\n");
    fixture.say(polite, "{}");
    CHECK(answers(polite.heard()) == 2);
    // What is refused need not be sent at all.
    auto& refused = fixture.connect();
    fixture.say(refused,
                "POST /none HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    CHECK(refused.heard().starts_with("HTTP/1.1 404 "));
    CHECK(refused.heard().find("Connection: close\r\n") != std::string::npos);
}

TEST_CASE("server: a member that is given twice is refused, however deep, since one would be lost")
{
    Fixture fixture;
    auto& peer = fixture.connect();
    fixture.say(peer, post(R"({"jobs":[{"params":{"a":1,"b":2,"\u0061":3}}]})"));
    CHECK(peer.heard().starts_with("HTTP/1.1 400 "));
    CHECK(peer.heard().find(R"("detail":"jobs[0].params.a: is given twice")") != std::string::npos);
    CHECK(fixture.begun.empty());
    fixture.say(peer, post(R"({"a":[{"b":1},{"b":1}],"b":1})"));
    CHECK(fixture.begun.size() == 1);
}

TEST_CASE("server: a peer that does not read its answer is given up")
{
    Fixture fixture;
    auto& peer = fixture.peers.emplace_back(fixture.io);  // it never listens
    LocalSocket other{fixture.io};
    asio::local::connect_pair(peer.socket(), other);
    fixture.server->adopt(std::move(other));
    std::string requests;
    for (int i = 0; i < 20'000; ++i)
        requests += post("{}");
    asio::co_spawn(fixture.io, peer.say(std::move(requests)), asio::detached);
    fixture.pass(answer_time_max - seconds{1});
    const auto begun = fixture.begun.size();
    CHECK(begun < 20'000);
    fixture.pass(seconds{2});
    asio::co_spawn(fixture.io, peer.listen(), asio::detached);
    fixture.pass(Duration{0});
    CHECK(peer.hung_up_on());
    CHECK(fixture.begun.size() == begun);
    auto& next = fixture.connect();
    fixture.say(next, post("{}"));
    CHECK(next.heard().starts_with("HTTP/1.1 200 "));
}

TEST_CASE("server: the end waits for nobody who is silent")
{
    Fixture fixture;
    auto& silent = fixture.connect();
    auto& between = fixture.connect();
    fixture.say(between, post("{}"));
    const auto asked = fixture.clock.steady_now();
    fixture.stop();
    CHECK(fixture.clock.steady_now() == asked);
    fixture.pass(Duration{0});
    CHECK(silent.hung_up_on());
    CHECK(between.hung_up_on());
}

TEST_CASE("server: the end gives those that wait for an answer a second")
{
    Fixture fixture;
    auto& waiting = fixture.connect();
    fixture.say(waiting, "GET /slow HTTP/1.1\r\n\r\n");
    const auto asked = fixture.clock.steady_now();
    fixture.stop();
    CHECK(fixture.clock.steady_now() - asked == ending_time_max);
    fixture.pass(Duration{0});
    CHECK(waiting.hung_up_on());
    CHECK(fixture.cancelled == 1);
}
