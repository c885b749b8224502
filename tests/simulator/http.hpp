#pragma once
// Requests and responses without a socket, and how a response is to reach the client: in-memory
// transports and the socket server deliver the same values.

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace graphsim {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
    std::string method = "GET";
    std::string target;  ///< origin form, as sent: path and query, percent-encoded
    Headers headers{};   ///< names in any case
    std::string body{};
    std::string connection_id{};  ///< tells connections apart in the request log; any text

    /// First header of that name, compared without case.
    std::optional<std::string_view> header(std::string_view name) const noexcept;
};

/// How a response is delivered. Every one but `normal` and `drip` ends the connection. A response
/// without a body that is to be cut within it is cut within its head.
enum class Wire {
    normal,
    reset_before_response,    ///< RST instead of the first byte
    close_before_response,    ///< FIN instead of the first byte
    reset_mid_body,           ///< `wire_bytes` of the body (0: half of it), then RST
    truncate_body,            ///< Content-Length of the whole, `wire_bytes` sent, then FIN
    hang,                     ///< nothing is ever sent; ends when the client gives up
    drip,                     ///< the body one byte every `drip_interval`
    close_without_last_chunk  ///< chunked, whole body, FIN without the chunk of size 0
};

struct Response {
    int status = 200;
    Headers headers{};   ///< without Content-Length, Transfer-Encoding and Content-Encoding
    std::string body{};  ///< never compressed: the socket server gzips it for who accepts that
    Wire wire = Wire::normal;
    std::size_t wire_bytes = 0;
    std::chrono::milliseconds delay{0};  ///< before the first byte
    std::chrono::milliseconds drip_interval{1000};

    std::optional<std::string_view> header(std::string_view name) const noexcept;
};

/// A target taken apart; everything percent-decoded.
struct Target {
    std::vector<std::string> segments;
    std::vector<std::pair<std::string, std::string>> query;  ///< in order, names with their `$`

    std::optional<std::string_view> parameter(std::string_view name) const noexcept;
};

Target parse_target(std::string_view target);

/// `a=1&b=x%20y` of a query string or a form; `+` is a blank.
std::vector<std::pair<std::string, std::string>> parse_form(std::string_view text);

/// For the value of a query parameter.
std::string percent_encode(std::string_view text);

bool equal_without_case(std::string_view a, std::string_view b) noexcept;

}  // namespace graphsim
