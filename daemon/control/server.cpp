#include "daemon/control/server.hpp"

#include "sync/core/log.hpp"
#include "sync/jobs/params_text.hpp"
#include "sync/jobs/running.hpp"

#include <SQLiteCpp/Exception.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/json/parse.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>
#include <optional>
#include <string_view>
#include <utility>

namespace cloudpcd::daemon::control {

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

/// What is wrong with bytes that are no request, or too many; nothing when the peer is gone.
std::optional<Problem> problem_of(const boost::system::error_code& failure)
{
    if (failure == http::error::header_limit || failure == http::error::buffer_overflow)
        return Problem{.status = 431,
                       .detail = fmt::format("the head of the request has more than {} bytes",
                                             head_bytes_max)};
    if (failure == http::error::body_limit)
        return Problem{.status = 413,
                       .detail = fmt::format("the body of the request has more than {} bytes",
                                             body_bytes_max)};
    if (failure == http::error::end_of_stream || failure == http::error::partial_message ||
        failure.category() != make_error_code(http::error::bad_version).category())
        return std::nullopt;
    return Problem{.status = 400,
                   .detail = fmt::format("this is no HTTP/1.1: {}", failure.message())};
}

bool is_json(std::string_view content_type)
{
    auto type = content_type.substr(0, content_type.find(';'));
    type.remove_suffix(type.size() - std::min(type.size(), type.find_last_not_of(" \t") + 1));
    return boost::beast::iequals(type, "application/json");
}

/// The object in a body, or what is wrong with it.
std::variant<boost::json::object, Problem> parse_body(std::string_view body,
                                                      std::string_view content_type)
{
    if (body.empty())
        return boost::json::object{};
    if (!is_json(content_type))
        return Problem{.status = 415, .detail = "the body has to be application/json"};
    boost::system::error_code failure;
    auto value = boost::json::parse(body, failure, {}, {.max_depth = body_depth_max});
    if (failure)
        return Problem{.status = 400,
                       .detail = fmt::format("the body is no JSON: {}", failure.message())};
    if (!value.is_object())
        return Problem{.status = 400, .detail = "the body has to be a JSON object"};
    if (const auto twice = jobs::find_duplicate(body))
        return Problem{.status = 400, .detail = fmt::format("{}: is given twice", *twice)};
    return std::move(value.get_object());
}

bool is_cancelled(const std::exception_ptr& failure)
{
    try {
        std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
        return error.code() == asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

std::string reason_of(const std::exception_ptr& failure)
{
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "unknown";
    }
}

/// Why a database cannot be written now, when that passes by itself.
std::optional<std::string_view> passing_trouble(const std::exception_ptr& failure)
{
    try {
        std::rethrow_exception(failure);
    } catch (const SQLite::Exception& error) {
        return jobs::passing_trouble(error);
    } catch (...) {
        return std::nullopt;
    }
}

/// The handler's reply. What it throws is a problem of ours, unless it was cancelled.
asio::awaitable<Reply> call(const Handler& handler, Request request)
{
    std::exception_ptr failure;
    try {
        co_return co_await handler(std::move(request));
    } catch (...) {
        failure = std::current_exception();
    }
    if (is_cancelled(failure))
        std::rethrow_exception(failure);
    if (const auto why = passing_trouble(failure))
        co_return Problem{.status = 503, .detail = fmt::format("{}, ask again later", *why)};
    log::error("a control request failed", {{"error", reason_of(failure)}});
    co_return Problem{.status = 500, .detail = "the daemon failed here; its log says why"};
}

unsigned status_of(const Reply& reply)
{
    return std::visit([](const auto& alternative) { return alternative.status; }, reply);
}

/// Ends when all tasks of a group that was cancelled have.
asio::awaitable<void> cancelled_end(TaskGroup& tasks)
{
    std::exception_ptr failure;
    try {
        co_await tasks.join();
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure && !is_cancelled(failure))
        std::rethrow_exception(failure);
}

/// Ends when all tasks have.
asio::awaitable<Result<bool>> end_of(TaskGroup& tasks)
{
    co_await tasks.join();
    co_return true;
}

/// Reads a part of a request, however long it takes.
template <class Parser>
asio::awaitable<Result<boost::system::error_code>> read_part(LocalSocket& socket,
                                                             boost::beast::flat_buffer& buffer,
                                                             Parser& parser, bool head)
{
    boost::system::error_code failure;
    if (head)
        co_await http::async_read_header(socket, buffer, parser,
                                         asio::redirect_error(asio::use_awaitable, failure));
    else
        co_await http::async_read(socket, buffer, parser,
                                  asio::redirect_error(asio::use_awaitable, failure));
    co_return failure;
}

/// Gives whether all of it was written.
template <class Message>
asio::awaitable<Result<bool>> write_all(LocalSocket& socket, Message& message)
{
    const auto [failure, size] = co_await http::async_write(socket, message, quietly);
    co_return !failure;
}

/// Reads what the peer still sends, and forgets it. Gives how much it was.
asio::awaitable<Result<std::uint64_t>> discard(LocalSocket& socket)
{
    std::array<char, 4096> scrap{};
    std::uint64_t total = 0;
    while (total < linger_bytes_max) {
        const auto [failure, size] = co_await socket.async_read_some(asio::buffer(scrap), quietly);
        if (failure)
            break;
        total += size;
    }
    co_return total;
}

}  // namespace

Server::Server(asio::any_io_executor executor, Clock& clock, std::filesystem::path path,
               Router router, Roles roles)
    : x_executor{std::move(executor)},
      x_clock{clock},
      x_path{std::move(path)},
      x_router{std::move(router)},
      x_roles{std::move(roles)},
      x_listening{x_executor},
      x_conversations{x_executor}
{}

void Server::start()
{
    x_listening.spawn(listen());
}

void Server::adopt(LocalSocket socket)
{
    x_conversations.spawn(serve(std::move(socket)));
}

asio::awaitable<void> Server::stop()
{
    x_ending = true;
    x_listening.cancel();
    co_await cancelled_end(x_listening);
    for (auto& connection : x_open) {
        boost::system::error_code ignored;
        if (connection.idle)
            connection.socket.cancel(ignored);
    }
    [[maybe_unused]] const auto in_time =
        co_await with_deadline(x_clock, end_of(x_conversations), ending_time_max);
}

asio::awaitable<void> Server::listen()
{
    std::string complaint;
    while (true) {
        auto listener = Listener::open(x_executor, x_path);
        if (listener) {
            log::info("the control socket listens", {{"path", x_path.string()}});
            co_await accept(*listener);
        }
        // The mirror goes on without it: reading Graph is what the daemon is for.
        if (auto text = listener.error().describe(); text != complaint) {
            log::error("there is no control socket; it is tried again once a minute",
                       {{"error", text}});
            complaint = std::move(text);
        }
        co_await x_clock.sleep_for(listen_retry);
    }
}

asio::awaitable<void> Server::accept(Listener& listener)
{
    constexpr Duration pause = std::chrono::milliseconds{100};
    while (true) {
        auto [failure, socket] = co_await listener.acceptor().async_accept(quietly);
        if (!failure)
            adopt(std::move(socket));
        else
            co_await x_clock.sleep_for(pause);  // out of descriptors: some will come free
    }
}

asio::awaitable<void> Server::serve(LocalSocket socket)
{
    const auto caller = peer_of(socket);
    if (!caller) {
        log::error("the kernel does not say who connected to the control socket");
        co_return;
    }
    const auto connection =
        x_open.insert(x_open.end(), {.socket = std::move(socket), .caller = *caller});
    std::exception_ptr failure;
    try {
        co_await converse(*connection);
    } catch (...) {
        failure = std::current_exception();
    }
    x_open.erase(connection);
    // One that fails takes no other with it.
    if (failure && !is_cancelled(failure))
        log::error("a control connection failed", {{"error", reason_of(failure)}});
}

asio::awaitable<void> Server::converse(Connection& connection)
{
    if (is_crowded(connection.caller)) {
        const Problem problem{.status = 503, .detail = "too many connections are open"};
        co_await write(connection, problem, Parser{}, /*keep_alive=*/false);
        co_return;
    }
    while (!x_ending) {
        const bool again = co_await exchange(connection);
        if (!again)
            co_return;
    }
}

bool Server::is_crowded(const Caller& caller) const
{
    const auto of_user = std::ranges::count_if(
        x_open, [&](const Connection& other) { return other.caller.uid == caller.uid; });
    return x_open.size() > connections_max || std::cmp_greater(of_user, connections_per_user_max);
}

/// One request and its answer. Gives false when the connection ends with it.
asio::awaitable<bool> Server::exchange(Connection& connection)
{
    Parser parser;
    parser.header_limit(head_bytes_max);
    parser.body_limit(body_bytes_max);
    connection.idle = true;
    const auto head = co_await read(connection, parser, /*head=*/true);
    connection.idle = false;
    if (x_ending || (head.late && !parser.got_some()))
        co_return false;
    if (head.late || head.failure) {
        const auto problem =
            head.late ? std::optional{Problem{.status = 408, .detail = "the request is too slow"}}
                      : problem_of(head.failure);
        if (problem) {
            co_await write(connection, *problem, parser, /*keep_alive=*/false);
            co_await linger(connection);
        }
        co_return false;
    }
    auto admitted = admit(connection, parser);
    Request request{.caller = connection.caller};
    std::optional<Problem> refusal;
    if (auto* problem = std::get_if<Problem>(&admitted))
        refusal = std::move(*problem);
    else
        refusal = co_await read_body(connection, parser, request);
    if (refusal) {
        // What was not read of the body cannot be told from the next request.
        const bool keep_alive = parser.is_done() && parser.get().keep_alive();
        const bool again = co_await write(connection, *refusal, parser, keep_alive);
        if (!keep_alive)
            co_await linger(connection);
        co_return again;
    }
    auto& match = std::get<Router::Match>(admitted);
    request.path = std::move(match.path);
    request.query = std::move(match.query);
    request.has_wider_role = match.has_wider_role;
    const auto reply = co_await answer(connection, match.route->handler, std::move(request));
    if (!reply)
        co_return false;
    co_return co_await write(connection, *reply, parser, parser.get().keep_alive() && !x_ending);
}

/// The route, if the caller may take it.
std::variant<Router::Match, Problem> Server::admit(const Connection& connection,
                                                   const Parser& parser)
{
    auto match = x_router.find(parser.get().method(), parser.get().target());
    if (auto* found = std::get_if<Router::Match>(&match)) {
        if (auto refusal = control::admit(x_roles, connection.caller, *found))
            return *std::move(refusal);
    }
    return match;
}

asio::awaitable<std::optional<Problem>> Server::read_body(Connection& connection, Parser& parser,
                                                          Request& request)
{
    if (boost::beast::iequals(parser.get()[http::field::expect], "100-continue")) {
        constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        co_await asio::async_write(connection.socket, asio::buffer(go_on), quietly);
    }
    const auto body = co_await read(connection, parser, /*head=*/false);
    if (body.late)
        co_return Problem{.status = 408, .detail = "the request is too slow"};
    if (body.failure) {
        auto problem = problem_of(body.failure);
        co_return problem ? std::move(*problem)
                          : Problem{.status = 400, .detail = "the request was cut off"};
    }
    auto parsed = parse_body(parser.get().body(), parser.get()[http::field::content_type]);
    if (auto* problem = std::get_if<Problem>(&parsed))
        co_return std::move(*problem);
    request.body = std::move(std::get<boost::json::object>(parsed));
    co_return std::nullopt;
}

asio::awaitable<Server::Read> Server::read(Connection& connection, Parser& parser, bool head)
{
    const auto ended = co_await with_deadline(
        x_clock, read_part(connection.socket, connection.buffer, parser, head), request_time_max);
    // A read that was cut short ends like any other, with that as its failure.
    const bool late = !ended || *ended == asio::error::operation_aborted;
    co_return Read{.failure = late ? boost::system::error_code{} : *ended, .late = late};
}

/// The handler's reply; nothing when the peer went away meanwhile. What the handler began goes on.
asio::awaitable<std::optional<Reply>> Server::answer(Connection& connection, const Handler& handler,
                                                     Request request)
{
    // A peer that has only ended its own side still reads, and wait_error tells the two apart.
    auto group = asio::experimental::make_parallel_group(
        asio::co_spawn(x_executor, call(handler, std::move(request)), asio::deferred),
        connection.socket.async_wait(LocalSocket::wait_error, asio::deferred));
    auto [order, failure, reply, gone] =
        co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    if (!failure)
        co_return std::move(reply);
    if (order[0] == 0)
        std::rethrow_exception(failure);
    co_return std::nullopt;
}

/// Gives false when the connection is of no more use.
asio::awaitable<bool> Server::write(Connection& connection, const Reply& reply,
                                    const Parser& parser, bool keep_alive)
{
    Message message{http::int_to_status(status_of(reply)), 11};
    if (const auto* problem = std::get_if<Problem>(&reply)) {
        message.set(http::field::content_type, "application/problem+json");
        if (!problem->allow.empty())
            message.set(http::field::allow, problem->allow);
        message.body() = problem->json();
    } else {
        message.set(http::field::content_type, "application/json");
        message.body() = std::get<Response>(reply).body;
    }
    message.body() += '\n';
    message.set(http::field::cache_control, "no-store");
    message.keep_alive(keep_alive);
    message.prepare_payload();

    const auto status = status_of(reply);
    const bool changed = parser.get().method() != http::verb::get && status < 400;
    log::write(changed ? log::Level::info : log::Level::debug, "control request",
               {{"uid", connection.caller.uid},
                {"pid", connection.caller.pid},
                {"method", std::string_view{parser.get().method_string()}},
                {"target", std::string_view{parser.get().target()}},
                {"status", status}});
    const auto written =
        co_await with_deadline(x_clock, write_all(connection.socket, message), answer_time_max);
    co_return written.has_value() && *written&& keep_alive;
}

/// A peer that still sends would not read its refusal when the socket were closed on it.
asio::awaitable<void> Server::linger(Connection& connection)
{
    boost::system::error_code ignored;
    connection.socket.shutdown(LocalSocket::shutdown_send, ignored);
    [[maybe_unused]] const auto in_time =
        co_await with_deadline(x_clock, discard(connection.socket), linger_time_max);
}

}  // namespace cloudpcd::daemon::control
