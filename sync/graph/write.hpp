#pragma once
// A write to Graph: one request on a connection of its own, and what its answer proves. Nothing
// here sends a second time; whoever does must have proof that the first was not executed.
//
// A dead connection says nothing about a request that left on it: Graph answers some actions late,
// proxies give up before it does. So whatever is not proof counts as unknown.
// Source: Microsoft Graph "Throttling guidance" (429), "error responses and resource types".

#include "sync/core/clock.hpp"
#include "sync/core/error.hpp"
#include "sync/graph/credentials.hpp"
#include "sync/graph/throttle.hpp"
#include "sync/graph/transport.hpp"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::graph {

/// What is known of a request after its one attempt.
enum class Verdict {
    executed,       ///< 2xx, with a body that Graph may have sent
    already_gone,   ///< a DELETE of what is not there
    refused,        ///< not executed, and the same request will not be
    not_sent,       ///< no byte left: the same request may be sent later
    busy,           ///< 423: not executed, may be sent later
    throttled,      ///< 429: not executed, may be sent after retry_after
    token_refused,  ///< 401: not executed, one new token may help
    unknown,        ///< it may have been executed
};
std::string_view to_string(Verdict verdict) noexcept;

/// Proof that Graph did not act on the request.
bool not_executed(Verdict verdict) noexcept;

/// Pause of the class after a 429 that asks for none.
inline constexpr Duration throttled_wait = std::chrono::seconds{30};

/// Of an answer that was read whole. `from_graph`: the body is one of Graph's (JSON or nothing with
/// a success, else its error), not a page of something in between, which may have given up on a
/// request that ran, or have answered in its stead.
Verdict verdict_of(std::string_view method, int status, bool from_graph) noexcept;

/// Of an exchange without an answer.
Verdict verdict_of(const Attempt& attempt) noexcept;

struct WriteRequest {
    std::string method;
    Url url;
    std::string body;  ///< JSON, or empty; may hold a secret
    QuotaClass quota = QuotaClass::other;
    std::string context;
    std::string client_request_id;  ///< stored before; Graph repeats it in its audit log
    std::vector<std::string> permissions{};
    std::vector<std::string> secrets{};  ///< values in `body` that no text may show
};

struct WriteOutcome {
    Verdict verdict = Verdict::unknown;
    int status = 0;  ///< 0: no answer was read
    std::string body{};
    std::string request_id{};
    std::string location{};        ///< of a 201 or 202; unchecked
    std::optional<Error> error{};  ///< unless executed
    std::optional<Duration> retry_after{};
    std::optional<UtcTime> date{};
};

struct WriterOptions {
    Origin origin;  ///< the only place a token is sent to
    std::string user_agent;
    Duration request_timeout = std::chrono::seconds{100};
    Duration pause_max = std::chrono::hours{1};  ///< of a class, whatever one 429 asks for
};

class Writer {
public:
    Writer(Transport& transport, Throttle& throttle, Clock& clock, WriterOptions options);

    /// Sends `request` once. The caller has waited for the quota and the token, and has made its
    /// intent durable. A 429 pauses the class of the request, for pause_max at most.
    ///
    /// Exceptions: operation_aborted when cancelled; then the outcome is unknown
    boost::asio::awaitable<WriteOutcome> send(const AccessToken& token, WriteRequest request);

private:
    WriteOutcome outcome_of(const AccessToken& token, const WriteRequest& request,
                            Result<HttpResponse> response, const Attempt& attempt) const;

    Transport& x_transport;
    Throttle& x_throttle;
    Clock& x_clock;
    WriterOptions x_options;
};

}  // namespace cloudpcd::graph
