#include "tests/simulator/wire.hpp"

#include <boost/beast/http/status.hpp>
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <stdexcept>

namespace graphsim {

namespace {

constexpr std::size_t chunk_bytes = 64UL * 1024;

std::string head_of(const Response& response)
{
    const auto reason = boost::beast::http::obsolete_reason(
        static_cast<boost::beast::http::status>(response.status));
    std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status,
                                   std::string_view{reason.data(), reason.size()});
    for (const auto& [name, value] : response.headers)
        head += fmt::format("{}: {}\r\n", name, value);
    return head;
}

std::string chunked(std::string_view body, bool last)
{
    std::string out;
    while (!body.empty()) {
        const auto piece = body.substr(0, chunk_bytes);
        out += fmt::format("{:x}\r\n", piece.size());
        out += piece;
        out += "\r\n";
        body.remove_prefix(piece.size());
    }
    return last ? out + "0\r\n\r\n" : out;
}

bool accepts_gzip(const Request& request)
{
    const auto accepted = request.header("Accept-Encoding").value_or("");
    return accepted.find("gzip") != std::string_view::npos &&
           accepted.find("gzip;q=0") == std::string_view::npos;
}

}  // namespace

std::string gzip(const std::string& text)
{
    z_stream stream{};
    constexpr int gzip_window = 15 + 16;
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::runtime_error{"zlib cannot start"};
    std::string out(deflateBound(&stream, text.size()), '\0');
    // zlib's input is not const; it does not write to it.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int outcome = deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    if (outcome != Z_STREAM_END)
        throw std::runtime_error{"zlib cannot compress"};
    return out;
}

Delivery encode(const Response& response, const Request& request, bool keep_alive)
{
    Delivery delivery{.bytes = {}, .drip_from = std::string::npos};
    delivery.ending = keep_alive ? Ending::keep_alive : Ending::close;
    if (response.wire == Wire::close_before_response)
        delivery.ending = Ending::close;
    if (response.wire == Wire::reset_before_response)
        delivery.ending = Ending::reset;
    if (response.wire == Wire::hang)
        delivery.ending = Ending::hang;
    if (response.wire == Wire::reset_before_response ||
        response.wire == Wire::close_before_response || response.wire == Wire::hang)
        return delivery;
    auto head = head_of(response);
    std::string body = response.body;
    if (!body.empty() && accepts_gzip(request)) {
        body = gzip(body);
        head += "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n";
    }
    if (!keep_alive)
        head += "Connection: close\r\n";
    const bool unfinished = response.wire == Wire::close_without_last_chunk;
    const bool chunks = unfinished || (response.status == 200 && !body.empty() &&
                                       response.wire != Wire::truncate_body);
    if (chunks)
        head += "Transfer-Encoding: chunked\r\n\r\n";
    else if (response.status == 204 || response.status == 304)
        head += "\r\n";
    else
        head += fmt::format("Content-Length: {}\r\n\r\n", body.size());
    const auto encoded = chunks ? chunked(body, !unfinished) : body;
    const auto cut = response.wire_bytes == 0 ? encoded.size() / 2
                                              : std::min(response.wire_bytes, encoded.size());
    const bool partial =
        response.wire == Wire::truncate_body || response.wire == Wire::reset_mid_body;
    if ((partial || unfinished) && body.empty())
        delivery.bytes = head.substr(0, head.size() / 2);
    else
        delivery.bytes = head + (partial ? encoded.substr(0, cut) : encoded);
    if (response.wire == Wire::truncate_body || unfinished)
        delivery.ending = Ending::close;
    if (response.wire == Wire::reset_mid_body)
        delivery.ending = Ending::reset;
    if (response.wire == Wire::drip)
        delivery.drip_from = head.size();
    return delivery;
}

}  // namespace graphsim
