#include "sync/graph/http_message.hpp"

#include "sync/core/log.hpp"
#include "sync/graph/inflate.hpp"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

namespace cloudpcd::graph {

namespace http = boost::beast::http;
using boost::beast::iequals;

namespace {

/// Written by serialize(); a second one would change where the message ends or what comes back.
constexpr std::array own_headers{
    "Host", "Content-Length", "Connection", "Accept-Encoding", "Transfer-Encoding", "Expect",
    "TE",   "Upgrade"};

bool is_token(std::string_view text) noexcept
{
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";  // RFC 9110 section 5.6.2
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               marks.find(c) != std::string_view::npos;
    });
}

bool is_control(char c) noexcept
{
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

bool is_field_value(std::string_view text) noexcept
{
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return is_control(c) && c != '\t'; });
}

/// Visible ASCII that starts with a slash: nothing that could end the line.
bool is_target(std::string_view text) noexcept
{
    return text.starts_with('/') && std::all_of(text.begin(), text.end(), [](char c) {
               return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7f;
           });
}

Error malformed(std::string message)
{
    return Error{.code = Errc::malformed, .message = std::move(message)};
}

Error transient(std::string message)
{
    return Error{.code = Errc::transient, .message = std::move(message)};
}

/// Compressed bytes of a body that inflates to `body_bytes_max`: deflate adds 5 bytes per 16 KiB at
/// worst, gzip a header and a trailer.
std::size_t wire_bytes_max(std::size_t body_bytes_max) noexcept
{
    return body_bytes_max + body_bytes_max / 1024 + 1024;
}

}  // namespace

std::string authority(const Origin& origin)
{
    const bool ipv6 = origin.host.find(':') != std::string::npos;
    std::string text = ipv6 ? '[' + origin.host + ']' : origin.host;
    if (origin.port != (origin.secure() ? 443 : 80))
        text += fmt::format(":{}", origin.port);
    return text;
}

Result<std::string> serialize(const HttpRequest& request)
{
    const std::string host = authority(request.url.origin);
    if (!is_token(request.method))
        return malformed("request method is no token");
    if (!is_target(request.url.target))
        return malformed("request target has characters that need encoding");
    if (!is_field_value(host) || host.find(' ') != std::string::npos)
        return malformed("host name has characters that no host has");

    std::size_t bytes = request.url.target.size() + host.size() + request.body.size() + 256;
    for (const auto& [name, value] : request.headers)
        bytes += name.size() + value.size() + 4;
    std::string text;
    text.reserve(bytes);  // at once: a string that grows leaves copies of a token behind
    text += fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", request.method, request.url.target, host);
    for (const auto& [name, value] : request.headers) {
        const auto same = [&](const char* own) { return iequals(name, own); };
        if (!is_token(name) || std::any_of(own_headers.begin(), own_headers.end(), same))
            return malformed("header may not be set: " + log::escape(name, 100));
        if (!is_field_value(value))
            return malformed(fmt::format("value of header {} has control characters", name));
        text.append(name).append(": ").append(value).append("\r\n");
    }
    text += "Accept-Encoding: gzip\r\n";
    text += request.connection == ConnectionUse::single ? "Connection: close\r\n"
                                                        : "Connection: keep-alive\r\n";
    const bool takes_body = request.method == "POST" || request.method == "PUT" ||
                            request.method == "PATCH" || !request.body.empty();
    if (takes_body)
        text += fmt::format("Content-Length: {}\r\n", request.body.size());
    text += "\r\n";
    text += request.body;
    return text;
}

/// Beast's parser, with what we do about each part. A failure of ours is kept in `failure`; the
/// error code then only makes the parser stop.
class ResponseReader::Parser final : public http::basic_parser<false> {
public:
    Parser(Body body, std::size_t body_bytes_max) : x_body_bytes_max{body_bytes_max}
    {
        eager(true);
        skip(body == Body::none);
        header_limit(response_header_bytes_max);
        body_limit(wire_bytes_max(body_bytes_max));
    }

    std::optional<Error> failure;
    HttpResponse response;

    bool body_complete() const noexcept { return !x_inflater || x_inflater->complete(); }

private:
    using error_code = boost::system::error_code;
    using string_view = boost::beast::string_view;  // boost's or std's, as Beast was configured

    static void stop(error_code& ec) { ec = http::error::bad_value; }
    void fail(Error error, error_code& ec)
    {
        failure = std::move(error);
        stop(ec);
    }

    // Pure virtual for both kinds of message; a response has no request line.
    void on_request_impl(http::verb, string_view, string_view, int, error_code&) override {}

    void on_response_impl(int status, string_view, int, error_code& ec) override
    {
        response.status = status;
        if (status < 100 || status > 599 || status == 101)  // nobody asked for another protocol
            fail(malformed(fmt::format("unexpected HTTP status {}", status)), ec);
    }

    void on_field_impl(http::field, string_view name, string_view value, error_code& ec) override
    {
        // Beast's header_limit starts anew with the part of a header that comes later.
        x_header_bytes += name.size() + value.size() + 4;
        if (++x_header_count > response_headers_max || x_header_bytes > response_header_bytes_max)
            return fail(malformed("response has too many or too large headers"), ec);
        if (!x_header_done)  // later ones are trailers, which nobody here expects
            response.headers.push_back({std::string{name}, std::string{value}});
    }

    void on_header_impl(error_code& ec) override
    {
        x_header_done = true;
        const auto codings = response.all("Transfer-Encoding");
        if (codings.size() > 1 || (codings.size() == 1 && !iequals(codings[0], "chunked")))
            return fail(malformed("unknown Transfer-Encoding"), ec);
        if (!is_done())  // a body follows, if only an empty one that the close ends
            start_body(ec);
    }

    void start_body(error_code& ec)
    {
        const auto codings = response.all("Content-Encoding");
        const std::string_view coding = codings.empty() ? "" : codings[0];
        if (codings.size() == 1 && (iequals(coding, "gzip") || iequals(coding, "x-gzip")))
            return void(x_inflater.emplace());
        if (codings.size() > 1 || (!coding.empty() && !iequals(coding, "identity")))
            return fail(malformed("unknown Content-Encoding: " + log::escape(coding, 50)), ec);
        const auto length = content_length();
        if (!length)
            return;
        if (*length > x_body_bytes_max)
            return too_large(ec);
        response.body.reserve(*length);
    }

    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}

    std::size_t on_body_impl(string_view piece, error_code& ec) override
    {
        if (x_inflater) {
            if (auto done = x_inflater->write(piece, response.body, x_body_bytes_max); !done)
                fail(std::move(done).error(), ec);
        } else if (piece.size() > x_body_bytes_max - response.body.size()) {
            too_large(ec);
        } else {
            response.body.append(piece.data(), piece.size());
        }
        return piece.size();
    }

    void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}

    std::size_t on_chunk_body_impl(std::uint64_t, string_view piece, error_code& ec) override
    {
        return on_body_impl(piece, ec);
    }

    void on_finish_impl(error_code&) override {}

    void too_large(error_code& ec)
    {
        fail(malformed(fmt::format("response body exceeds {} bytes", x_body_bytes_max)), ec);
    }

    std::size_t x_body_bytes_max;
    std::size_t x_header_bytes = 0;
    std::size_t x_header_count = 0;
    bool x_header_done = false;
    std::optional<GzipInflater> x_inflater;
};

ResponseReader::ResponseReader(Body body, std::size_t body_bytes_max)
    : x_body{body},
      x_body_bytes_max{body_bytes_max},
      x_parser{std::make_unique<Parser>(body, body_bytes_max)},
      x_buffer{std::make_unique_for_overwrite<char[]>(response_header_bytes_max)}
{}

ResponseReader::~ResponseReader() = default;

boost::asio::mutable_buffer ResponseReader::prepare() noexcept
{
    return {x_buffer.get() + x_end, response_header_bytes_max - x_end};
}

Result<bool> ResponseReader::commit(std::size_t bytes)
{
    x_end += bytes;
    x_anything = x_anything || bytes > 0;
    while (x_begin < x_end) {
        boost::system::error_code ec;
        x_begin += x_parser->put({x_buffer.get() + x_begin, x_end - x_begin}, ec);
        if (x_parser->failure)
            return *std::move(x_parser->failure);
        if (ec == http::error::need_more)
            break;
        if (ec == http::error::body_limit)
            return malformed(fmt::format("response body exceeds {} bytes", x_body_bytes_max));
        if (ec)
            return malformed("response is no HTTP/1: " + ec.message());
        if (!x_parser->is_done())
            continue;
        if (x_parser->response.status >= 200) {
            if (auto done = complete(); !done)
                return std::move(done).error();
            return true;
        }
        if (++x_informational > informational_responses_max)
            return malformed("endless informational responses");
        x_parser = std::make_unique<Parser>(x_body, x_body_bytes_max);
    }
    if (x_begin > 0) {
        std::memmove(x_buffer.get(), x_buffer.get() + x_begin, x_end - x_begin);
        x_end -= x_begin;
        x_begin = 0;
    }
    if (x_end == response_header_bytes_max)
        return malformed("response has too many or too large headers");
    return false;
}

Result<void> ResponseReader::complete()
{
    if (!x_parser->body_complete())
        return transient("gzip body is cut off");
    return {};
}

Result<void> ResponseReader::end_of_stream(bool orderly)
{
    if (!x_anything)
        return transient("connection closed before the response");
    boost::system::error_code ec = http::error::partial_message;
    if (orderly && x_parser->got_some())
        x_parser->put_eof(ec);
    if (ec)
        return transient("connection closed within the response");
    return complete();
}

bool ResponseReader::reusable() const noexcept
{
    return x_parser->is_done() && x_parser->keep_alive() && !left_over();
}

HttpResponse ResponseReader::take() noexcept
{
    return std::move(x_parser->response);
}

}  // namespace cloudpcd::graph
