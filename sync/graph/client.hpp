#pragma once
// Reads from Graph: authentication, quota, retry. One Client serves every pull and every job.
// Safe requests only; writes have rules of their own and do not pass here.

#include "sync/core/clock.hpp"
#include "sync/core/error.hpp"
#include "sync/core/rng.hpp"
#include "sync/graph/clock_skew.hpp"
#include "sync/graph/credentials.hpp"
#include "sync/graph/retry.hpp"
#include "sync/graph/semaphore.hpp"
#include "sync/graph/throttle.hpp"
#include "sync/graph/transport.hpp"

#include <boost/asio/awaitable.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cloudpcd::graph {

struct ClientOptions {
    Origin origin;  ///< the only place a token is sent to
    std::string user_agent;
    Duration request_timeout = std::chrono::seconds{100};
    int attempts_max = 5;  ///< of a safe request
    Duration retry_budget =
        std::chrono::seconds{60};  ///< without progress, waits asked for excepted
    Duration retry_after_max =
        std::chrono::hours{1};  ///< sum of the waits asked for in one request
    int concurrency = 8;        ///< requests in flight at once
};

/// Bodies of lists in memory at once, from the request to the end of their use. It keeps memory
/// independent of the tenant's size, and is enough to fetch one page while another is merged.
inline constexpr std::size_t pages_in_flight_max = 3;

struct GetRequest {
    Url url;
    QuotaClass quota = QuotaClass::other;
    Priority priority = Priority::background;
    std::string context;                   ///< for errors and logs: "GET cloudPCs, page 17"
    std::vector<std::string> permissions;  ///< any one suffices; named when the answer is 403
    bool list = false;  ///< the answer may be large: it counts against pages_in_flight_max
};

struct GraphResponse {
    int status = 0;
    std::string body;
    std::string request_id;
    std::string client_request_id;
    std::optional<UtcTime> date;                     ///< the server's clock
    SteadyTime sent_at{};                            ///< when the request left that was answered
    int attempts = 1;                                ///< requests it took
    std::optional<Semaphore::Permit> page_permit{};  ///< of a list; held as long as the body is
};

class Client {
public:
    Client(Transport& transport, Credentials& credentials, Throttle& throttle, Clock& clock,
           Rng& rng, ClientOptions options);

    /// GET with everything a safe request may do: waits for quota and Retry-After, repeats what is
    /// transient, renews a refused token once.
    ///
    /// Errors: a Result with the last error; Errc::foreign_origin without any request when the URL
    ///         leaves the configured origin
    boost::asio::awaitable<Result<GraphResponse>> get(GetRequest request);

    const ClientOptions& options() const noexcept { return x_options; }
    /// Requests sent to Graph since the start (attempts, not calls).
    std::uint64_t requests() const noexcept { return x_requests; }
    /// Local clock minus Graph's, as the last response with a Date and the time since then say; so
    /// a clock that is set meanwhile shows at once.
    std::optional<Duration> clock_skew() const;

private:
    struct Progress;
    struct Leave;
    struct Sent;

    boost::asio::awaitable<Result<GraphResponse>> get(const GetRequest& request,
                                                      Progress& progress);
    boost::asio::awaitable<Leave> reserve(const GetRequest& request);
    boost::asio::awaitable<Result<Sent>> send(const GetRequest& request, Progress& progress);
    boost::asio::awaitable<Result<void>> recover(const GetRequest& request, Progress& progress,
                                                 const Sent& sent);
    boost::asio::awaitable<Result<void>> renew_token(Progress& progress, const AccessToken& token,
                                                     Error error);
    boost::asio::awaitable<Result<void>> wait_and_repeat(const GetRequest& request,
                                                         Progress& progress, Failure failure,
                                                         Error error);
    HttpRequest http_request(const GetRequest& request, const AccessToken& token,
                             std::string client_request_id, ConnectionUse connection) const;
    Error foreign_origin(const GetRequest& request) const;

    Transport& x_transport;
    Credentials& x_credentials;
    Throttle& x_throttle;
    Clock& x_clock;
    Rng& x_rng;
    ClientOptions x_options;
    std::uint64_t x_requests = 0;
    ClockSkew x_skew;
    std::optional<Duration> x_server_clock{};  ///< Graph's UTC minus our steady time
    using Turns = std::array<Semaphore, quota_class_count>;
    std::array<Turns, priority_count> x_turns{Turns{Semaphore{1}, Semaphore{1}, Semaphore{1}},
                                              Turns{Semaphore{1}, Semaphore{1}, Semaphore{1}}};
    Semaphore x_slots;
    Semaphore x_pages{pages_in_flight_max};
};

}  // namespace cloudpcd::graph
