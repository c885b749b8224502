#pragma once
// The bytes of a response on a socket, and what happens to the connection after them.

#include "tests/simulator/http.hpp"

#include <cstddef>
#include <string>

namespace graphsim {

enum class Ending { keep_alive, close, reset, hang };

struct Delivery {
    std::string bytes;          ///< all that is sent
    std::size_t drip_from = 0;  ///< from there on byte by byte; npos: not at all
    Ending ending = Ending::keep_alive;
};

/// Encodes `response`: gzip for who accepts it, chunks for bodies of 200, Content-Length for
/// others. Response::wire_bytes counts bytes as sent, that is compressed ones where gzip is used.
Delivery encode(const Response& response, const Request& request, bool keep_alive);

std::string gzip(const std::string& text);

}  // namespace graphsim
