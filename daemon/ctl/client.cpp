#include "daemon/ctl/client.hpp"

#include "daemon/ctl/failure.hpp"
#include "daemon/ctl/text.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include <exception>

namespace cloudpcd::ctl {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::local::stream_protocol;

namespace {

using Message = http::request<http::string_body>;

asio::awaitable<void> exchange(stream_protocol::socket& socket, const Message& message,
                               Answer& answer)
{
    co_await http::async_write(socket, message, asio::use_awaitable);
    http::response_parser<http::string_body> parser;
    parser.body_limit(answer_bytes_max);
    boost::beast::flat_buffer buffer;
    co_await http::async_read(socket, buffer, parser, asio::use_awaitable);
    answer.status = parser.get().result_int();
    answer.body = std::move(parser.get().body());
}

[[noreturn]] void throw_unavailable(const std::filesystem::path& path, std::string_view why)
{
    throw Failure{ExitStatus::unavailable, fmt::format("the daemon does not answer at {}: {}",
                                                       printable(path.native()), why)};
}

Answer send(const std::filesystem::path& path, const Message& message,
            std::optional<std::chrono::milliseconds> limit)
{
    asio::io_context io;
    stream_protocol::socket socket{io};
    boost::system::error_code failure;
    socket.connect(stream_protocol::endpoint{path.native()}, failure);
    if (failure == asio::error::access_denied)
        throw Failure{ExitStatus::not_allowed,
                      fmt::format("{}: {}", printable(path.native()), failure.message())};
    if (failure == asio::error::connection_refused ||
        failure == boost::system::errc::no_such_file_or_directory)
        throw_unavailable(path, "it is not running");
    if (failure)
        throw_unavailable(path, failure.message());

    Answer answer;
    std::exception_ptr thrown;
    bool ended = false;
    asio::co_spawn(io, exchange(socket, message, answer), [&](std::exception_ptr problem) {
        thrown = std::move(problem);
        ended = true;
    });
    if (limit)
        io.run_for(*limit);
    else
        io.run();
    if (!ended)
        throw_unavailable(path, "it takes too long");
    try {
        if (thrown)
            std::rethrow_exception(thrown);
    } catch (const boost::system::system_error& problem) {
        throw_unavailable(path, fmt::format("it went away ({})", problem.code().message()));
    }
    return answer;
}

Message make_message(http::verb method, std::string_view target)
{
    Message message{method, target, 11};
    message.set(http::field::host, "localhost");
    message.keep_alive(false);
    return message;
}

/// The problem of the daemon that is about to go.
constexpr std::string_view ending_type = "urn:cloudpcd:problem:ending";

/// A text member of a problem, printable; empty when the body is none or lacks it.
std::string member_of(const Answer& answer, std::string_view name)
{
    boost::system::error_code failure;
    const auto problem = boost::json::parse(answer.body, failure);
    if (failure || !problem.is_object())
        return {};
    const auto* member = problem.get_object().if_contains(name);
    const bool text = member != nullptr && member->is_string();
    return text ? printable(member->get_string()) : std::string{};
}

ExitStatus status_of(const Answer& answer)
{
    switch (answer.status) {
        case 400:
            return ExitStatus::usage;
        case 403:
            return ExitStatus::not_allowed;
        case 404:
            return ExitStatus::not_found;
        default:
            return member_of(answer, "type") == ending_type ? ExitStatus::unavailable
                                                            : ExitStatus::failed;
    }
}

}  // namespace

Answer ControlClient::get(std::string_view target,
                          std::optional<std::chrono::milliseconds> limit) const
{
    return send(x_socket, make_message(http::verb::get, target), limit);
}

Answer ControlClient::post(std::string_view target, std::string_view body) const
{
    auto message = make_message(http::verb::post, target);
    message.set(http::field::content_type, "application/json");
    message.body() = body;
    message.prepare_payload();
    return send(x_socket, message, std::nullopt);
}

std::string detail_of(const Answer& answer)
{
    auto detail = member_of(answer, "detail");
    return detail.empty() ? fmt::format("the daemon answers with status {}", answer.status)
                          : detail;
}

std::string expect_success(const Answer& answer)
{
    if (!answer.is_success())
        throw Failure{status_of(answer), detail_of(answer)};
    return answer.body;
}

}  // namespace cloudpcd::ctl
