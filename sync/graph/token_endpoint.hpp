#pragma once
// Entra's token endpoint, version 2.0. Which credential is presented decides who calls: client
// secret, certificate and federated token stand for the application, device code and refresh token
// for a user.
// Source: Microsoft identity platform "OAuth 2.0 client credentials flow", "OAuth 2.0 device
// authorization grant flow"; "How to use Continuous Access Evaluation enabled APIs in your
// applications" for the claims.

#include "sync/core/clock.hpp"
#include "sync/core/rng.hpp"
#include "sync/graph/clock_skew.hpp"
#include "sync/graph/token_response.hpp"
#include "sync/graph/transport.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cloudpcd::graph {

/// Names and values of a form, not yet encoded.
using FormFields = std::vector<std::pair<std::string, std::string>>;

struct TokenEndpointOptions {
    Origin authority;
    std::string tenant_id;
    std::string client_id;
    std::string scope;  ///< Graph's root + "/.default", or scopes with blanks between; may be empty
    std::string user_agent;
    std::string grant_type = "client_credentials";
    Principal who = Principal::application;
    Duration request_timeout = std::chrono::seconds{15};
    Duration deadline = std::chrono::seconds{45};  ///< no repetition is begun later
};

/// Requests of one fetch: transport failures and 5xx are repeated.
inline constexpr int token_attempts_max = 3;

/// The answer to one request.
struct TokenAnswer {
    Result<TokenGrant> grant;
    std::string reason;  ///< OAuth's `error`, as sent; empty when there is none
};

class TokenEndpoint {
public:
    TokenEndpoint(Transport& transport, Clock& clock, Rng& rng, TokenEndpointOptions options);

    /// Posts a token request with what `credential` gives; asked anew for every attempt. The values
    /// are secrets: wiped afterwards, and in no text of an error.
    ///
    /// Errors: those of token_error and of Transport::send, and of `credential`
    boost::asio::awaitable<Result<TokenGrant>> request(
        std::function<Result<FormFields>()> credential, std::string claims);

    /// One such request, not repeated.
    boost::asio::awaitable<TokenAnswer> ask(FormFields credential, std::string claims,
                                            ConnectionUse connection = ConnectionUse::pooled);

    /// The audience of assertions.
    const Url& url() const noexcept { return x_url; }

private:
    std::string form(const FormFields& credential, std::string_view claims) const;

    Transport& x_transport;
    Clock& x_clock;
    Rng& x_rng;
    TokenEndpointOptions x_options;
    Url x_url;
    ClockSkew x_skew;
};

/// The `claims` parameter: those of a challenge (text of a JSON object; ignored when it is none)
/// and the client capability cp1, which says that challenges are understood.
std::string token_request_claims(std::string_view challenge);

/// Overwrites the characters before they are freed.
void wipe(std::string& secret) noexcept;

}  // namespace cloudpcd::graph
