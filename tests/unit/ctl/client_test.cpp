// cloudpcctl against a daemon that answers anything at all.

#include "daemon/ctl/client.hpp"

#include "daemon/ctl/failure.hpp"
#include "tests/unit/ctl/mirror_file.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>
#include <string>
#include <thread>

using namespace cloudpcd::ctl;
using cloudpcd::ctl::test::TemporaryDirectory;
namespace asio = boost::asio;
using asio::local::stream_protocol;

namespace {

/// Says the same to one client, whatever it asks for, and keeps what that was.
class Answering {
public:
    explicit Answering(std::string answer)
        : x_answer{std::move(answer)}, x_acceptor{x_io, stream_protocol::endpoint{path()}}
    {
        x_thread = std::jthread{[this] { serve(); }};
    }
    std::string path() const { return (x_directory.path() / "control.sock").string(); }
    ControlClient client() const { return ControlClient{path()}; }
    /// Once the client is done.
    const std::string& request()
    {
        if (x_thread.joinable())
            x_thread.join();
        return x_request;
    }

private:
    void serve()
    {
        auto socket = x_acceptor.accept();
        boost::system::error_code over;
        asio::read_until(socket, asio::dynamic_buffer(x_request), "\r\n\r\n", over);
        asio::write(socket, asio::buffer(x_answer), over);
    }

    TemporaryDirectory x_directory;
    std::string x_answer;
    asio::io_context x_io;
    stream_protocol::acceptor x_acceptor;
    std::string x_request;
    std::jthread x_thread;
};

std::string answer(int status, std::string_view body)
{
    return fmt::format("HTTP/1.1 {} X\r\nContent-Length: {}\r\n\r\n{}", status, body.size(), body);
}

/// The status and message that the client ends with.
std::string failure_of(const std::string& bytes)
{
    const Answering daemon{bytes};
    try {
        return "success: " + expect_success(daemon.client().get("/v1/status"));
    } catch (const Failure& failure) {
        return fmt::format("{}: {}", static_cast<int>(failure.status()), failure.what());
    }
}

}  // namespace

TEST_CASE("client: asks, and takes the answer")
{
    Answering daemon{answer(200, "{}\n")};
    CHECK(expect_success(daemon.client().post("/v1/sync", R"({"wait":true})")) == "{}\n");
    CHECK(daemon.request().starts_with("POST /v1/sync HTTP/1.1\r\n"));
    CHECK(daemon.request().find("Content-Type: application/json\r\n") != std::string::npos);
    CHECK(failure_of(answer(202, "x")) == "success: x");
}

TEST_CASE("client: the status of a problem decides how the program ends")
{
    const auto problem = [](int status, std::string_view type = "about:blank") {
        return answer(status, fmt::format(R"({{"type":"{}","detail":"why"}})", type));
    };
    CHECK(failure_of(problem(400)) == "64: why");
    CHECK(failure_of(problem(403)) == "77: why");
    CHECK(failure_of(problem(404)) == "2: why");
    CHECK(failure_of(problem(409)) == "1: why");
    CHECK(failure_of(problem(500)) == "1: why");
    CHECK(failure_of(problem(503, "urn:cloudpcd:problem:reloaded")) == "1: why");
    CHECK(failure_of(problem(503, "urn:cloudpcd:problem:ending")) == "69: why");
}

TEST_CASE("client: nothing that is answered reaches the terminal as it is, or is misread")
{
    CHECK(failure_of(answer(500, R"({"detail":"\u001b[2J"})")) == R"(1: \x1b[2J)");
    for (const auto* body : {"", "{", "[]", R"({"detail":1})", "<html>"})
        CHECK(failure_of(answer(502, body)) == "1: the daemon answers with status 502");
    for (const auto* bytes :
         {"", "SSH-2.0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"})
        CHECK(failure_of(bytes).starts_with("69: the daemon does not answer at "));
    CHECK(failure_of("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
              .starts_with("69: the daemon does not answer at "));
}

TEST_CASE("client: a daemon that does not answer is waited for only so long")
{
    const TemporaryDirectory directory;
    const auto path = directory.path() / "control.sock";
    const ControlClient client{path};
    CHECK_THROWS_WITH_AS(client.get("/"), doctest::Contains("it is not running"), Failure);
    asio::io_context io;
    const stream_protocol::acceptor deaf{io, stream_protocol::endpoint{path.native()}};
    CHECK_THROWS_WITH_AS(client.get("/", std::chrono::milliseconds{20}),
                         doctest::Contains("it takes too long"), Failure);
}
