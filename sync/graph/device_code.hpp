#pragma once
// A user signs in without a browser on this machine: Entra gives a code, the user enters it at a
// page on any device, and meanwhile the token endpoint is polled.
// Source: Microsoft identity platform "OAuth 2.0 device authorization grant flow"; RFC 8628.

#include "sync/core/clock.hpp"
#include "sync/core/rng.hpp"
#include "sync/graph/token_endpoint.hpp"
#include "sync/graph/transport.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>
#include <string_view>

namespace cloudpcd::graph {

inline constexpr Duration poll_interval_default = std::chrono::seconds{5};
inline constexpr Duration poll_interval_min = std::chrono::seconds{1};
/// Longest wait between polls that was not asked for by a Retry-After.
inline constexpr Duration poll_wait_max = std::chrono::seconds{60};
inline constexpr Duration device_code_life_default = std::chrono::minutes{15};
inline constexpr Duration device_code_life_max = std::chrono::hours{1};

struct DeviceCode {
    std::string secret;            ///< `device_code`: who has it gets the tokens
    std::string user_code;         ///< visible ASCII
    std::string verification_uri;  ///< http or https
    std::string message;           ///< Entra's text for the user, escaped
    Duration interval{0};
    SteadyTime expires_at{};
};

/// When the next poll is due, and whether there is to be one. Pure.
class PollSchedule {
public:
    explicit PollSchedule(Duration interval) noexcept : x_interval{interval}, x_wait{interval} {}

    /// From now to the next poll.
    Duration wait() const noexcept { return x_wait; }

    /// Takes the answer to a poll. `reason` is OAuth's `error`: authorization_pending goes on,
    /// slow_down adds 5 s for good; what may pass doubles the wait until an answer comes.
    ///
    /// Gives: false when the answer is final
    bool goes_on(const Error& error, std::string_view reason) noexcept;

private:
    Duration x_interval;
    Duration x_wait;
};

class DeviceCodeFlow {
public:
    /// `endpoint` names tenant, public client and scopes. All three must outlive the calls.
    DeviceCodeFlow(Transport& transport, Clock& clock, Rng& rng, TokenEndpointOptions endpoint);

    /// Asks for a code, once.
    ///
    /// Errors: those of token_error and of Transport::send
    boost::asio::awaitable<Result<DeviceCode>> start();

    /// Polls until the user has signed in or declined, or the code has expired.
    ///
    /// Errors: Errc::unauthorized with Entra's reason, Errc::malformed
    boost::asio::awaitable<Result<TokenGrant>> finish(DeviceCode code);

private:
    Transport& x_transport;
    Clock& x_clock;
    Rng& x_rng;
    TokenEndpointOptions x_options;
    TokenEndpoint x_polled;
};

}  // namespace cloudpcd::graph
