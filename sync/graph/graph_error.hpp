#pragma once
// From a refusing response to an Error. Bodies are hostile: Graph, its gateways and proxies answer
// with JSON in several shapes, HTML, nothing, or megabytes.
// Source: Microsoft Graph "Microsoft Graph error responses and resource types".

#include "sync/core/error.hpp"
#include "sync/graph/transport.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::graph {

/// Larger bodies are not read for a code.
inline constexpr std::size_t error_body_bytes_max = 2UL * 1024 * 1024;
/// What the texts of one Error take together at most.
inline constexpr std::size_t error_texts_bytes_max = 4096;

/// What a body says. Texts as sent: neither bounded nor safe to print.
struct ErrorBody {
    bool is_json = false;
    bool has_envelope = false;       ///< an `error` object, which all of Graph's own have
    std::string code;                ///< most specific one that says anything
    std::vector<std::string> codes;  ///< all of them, outermost first
    std::string message;
    std::string request_id;
    std::string client_request_id;
};

/// Reads `error` with `innerError` at any depth, OAuth's `error` and `error_description`, and JSON
/// inside of `message`. Anything else, such as a gateway's `message` without an envelope, gives
/// what could be read, perhaps nothing.
ErrorBody parse_error_body(std::string_view body);

/// The request that was refused, as far as its Error needs it.
struct Refusal {
    std::string_view context;
    std::string_view client_request_id;
    const Url& url;
    std::span<const std::string> permissions;
    const std::vector<std::string_view>& secrets;  ///< must not show up in any text
};

/// The Error of a response that is no success, sorted by the caller's reaction. Its texts are
/// escaped, free of tokens, and at most error_texts_bytes_max bytes. `retry_after` is left to the
/// caller.
Error make_error(const HttpResponse& response, const Refusal& refusal);

/// `text` without the secrets, and without whatever looks like a JWT.
std::string redact(std::string_view text, const std::vector<std::string_view>& secrets);

/// True for codes that say a page or delta token cannot be used any more, in any case.
/// Source: Microsoft Graph "Use delta query" (syncStateNotFound, resyncRequired) and "Paging
/// Microsoft Graph data" (DirectoryPageTokenNotFoundException)
bool is_cursor_code(std::string_view code);

/// True when the URL carries a page or delta token.
bool carries_cursor(const Url& url);

}  // namespace cloudpcd::graph
