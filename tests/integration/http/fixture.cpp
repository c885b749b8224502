#include "fixture.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

namespace cloudpcd::test {

namespace asio = boost::asio;

HttpTransportOptions quick_options()
{
    HttpTransportOptions options;
    options.connect_timeout = 300ms;
    options.address_stagger = 50ms;
    options.tls_timeout = 2s;
    options.first_byte_timeout = 2s;
    options.idle_timeout = 2s;
    return options;
}

std::unique_ptr<HttpTransport> make_transport(Loop& loop, HttpTransportOptions options)
{
    auto transport = HttpTransport::create(loop.io.get_executor(), std::move(options));
    REQUIRE(transport.has_value());
    return std::move(*transport);
}

HttpRequest get(std::string scheme, std::string host, std::uint16_t port)
{
    HttpRequest request;
    request.url.origin = {.scheme = std::move(scheme), .host = std::move(host), .port = port};
    request.url.target = "/v1.0/things";
    request.timeout = 10s;
    return request;
}

std::shared_ptr<Sending> start(Loop& loop, HttpTransport& transport, HttpRequest request)
{
    auto sending = std::make_shared<Sending>();
    auto finish = [sending](std::exception_ptr thrown, Result<HttpResponse> result) {
        sending->done = true;
        if (!thrown) {
            sending->result = std::move(result);
            return;
        }
        try {
            std::rethrow_exception(thrown);
        } catch (const boost::system::system_error& error) {
            sending->cancelled = error.code() == asio::error::operation_aborted;
        }
    };
    asio::co_spawn(loop.io, transport.send(std::move(request), sending->attempt),
                   asio::bind_cancellation_slot(sending->cancel.slot(), std::move(finish)));
    return sending;
}

std::shared_ptr<Sending> run(Loop& loop, HttpTransport& transport, HttpRequest request)
{
    auto sending = start(loop, transport, std::move(request));
    REQUIRE(loop.run_until([&] { return sending->done; }));
    return sending;
}

Server::Script always(std::string response)
{
    return [response](Peer& peer) -> asio::awaitable<void> {
        for (;;) {
            const auto request = co_await peer.request();
            if (request.empty())
                co_return;
            co_await peer.write(response);
        }
    };
}

Server::Script once(std::string response)
{
    return [response](Peer& peer) -> asio::awaitable<void> {
        co_await peer.request();
        co_await peer.write(response);
    };
}

std::string ok(std::string_view body, std::string_view headers)
{
    return fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{}\r\n{}", body.size(), headers,
                       body);
}

}  // namespace cloudpcd::test
