#pragma once
// The error values of the engine: what came back from Graph or the network, sorted by how a caller
// has to react. A broken environment (I/O error, corrupt database, no memory) is an exception
// instead, and a broken invariant is CLOUDPCD_ASSERT.

#include <boost/system/result.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace cloudpcd {

/// One enumerator per reaction of the caller.
enum class Errc {
    throttled = 1,   ///< 429, or 503 on a safe request: wait `retry_after`, then repeat
    transient,       ///< transport failure or 5xx on a safe request: repeat with backoff
    cursor_expired,  ///< nextLink or deltaLink refused: restart the pull
    unauthorized,    ///< 401 that a new token did not cure, or the credential is refused
    forbidden,       ///< 403: a permission is missing; disable this feature only
    not_found,       ///< 404 or 410 of one object
    rejected,        ///< another 4xx: never repeat unchanged
    malformed,       ///< the response breaks the documented contract
    foreign_origin,  ///< a link of the response leads away from the configured origin
    ambiguous,       ///< a write may have run: verify, never resend
    configuration,   ///< what the operator gave cannot work: exit status 78
};

std::string_view to_string(Errc code) noexcept;

struct Error {
    Errc code{};            // stays first: a scoped enum keeps Error from being built out of an int
    std::string context{};  ///< what was done, for people: "GET cloudPCs, page 17"
    std::string message{};  ///< what went wrong; bounded, without secrets or control characters
    int http_status = 0;    ///< 0: no response was read
    std::string graph_code{};         ///< most specific `error.code`; may be empty
    std::string request_id{};         ///< Graph's `request-id`, for the support ticket
    std::string client_request_id{};  ///< ours
    std::optional<std::chrono::milliseconds> retry_after{};
    int attempts = 0;  ///< requests sent in vain, where the operation repeats by itself
    /// The response was an error envelope of Graph's, not a page or JSON of a proxy or gateway.
    bool from_graph = false;
    /// Of a link that was refused, where Graph says to start anew: unchecked, and never shown.
    std::string location{};
    std::string challenge_claims{};  ///< decoded `claims` of a 401 challenge, to be sent with the
                                     ///< next token request

    /// One line: context, status, code, message, request ids; whatever is known.
    std::string describe() const;
};

template <class T>
using Result = boost::system::result<T, Error>;

/// A bug: logs where, and aborts. Stays on in release builds. Never for input.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace cloudpcd

// A macro because the message needs the text of the condition.
#define CLOUDPCD_ASSERT(condition) \
    ((condition) ? void(0) : ::cloudpcd::assertion_failed(#condition, __FILE__, __LINE__))
