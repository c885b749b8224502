#pragma once
// What every kind of credential shares: one token request in flight, refresh behind the back of the
// callers, no hot loop while the token endpoint is down, refused tokens renewed once a minute.

#include "sync/core/clock.hpp"
#include "sync/core/rng.hpp"
#include "sync/graph/credentials.hpp"
#include "sync/graph/jwt.hpp"
#include "sync/graph/token_response.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cloudpcd::graph {

/// Where tokens come from: client secret, certificate, federated token, managed identity.
class TokenSource {
public:
    virtual ~TokenSource() = default;

    /// Asks for a new token. `claims` is the JSON object of a challenge, or empty.
    ///
    /// Errors: those of token_error, Errc::transient of the transport, Errc::configuration when the
    ///         credential cannot be read. Repeats what is transient on its own, within two minutes.
    virtual boost::asio::awaitable<Result<TokenGrant>> fetch(std::string claims) = 0;
};

/// What a token must be for; opaque tokens pass.
struct TokenChecks {
    std::string tenant_id;               ///< expected `tid`, any case
    std::vector<std::string> audiences;  ///< any one of them as `aud`; empty: not checked
};

/// Why a token that says this of itself is not to be used; nothing when it may be.
std::optional<Error> check_claims(const TokenClaims& claims, const TokenChecks& checks);

/// A refused credential is tried again after this.
inline constexpr Duration refused_credential_probe = std::chrono::seconds{60};
/// Tokens that Graph refuses are renewed at most this often.
inline constexpr Duration forced_refresh_interval = std::chrono::seconds{60};
/// Longest Retry-After of a token endpoint that is obeyed.
inline constexpr Duration token_retry_after_max = std::chrono::hours{1};

/// When a token of that life is renewed, and when it is not used any more, from its request on.
struct TokenSpan {
    Duration refresh_after;
    Duration expires_after;
};

/// Refresh at `refresh_in`, else at half life; expiry min(5 min, a quarter of the life) early.
TokenSpan token_span(Duration life, std::optional<Duration> refresh_in) noexcept;

class CachedCredentials : public Credentials {
public:
    /// `clock` and `rng` must outlive the calls.
    CachedCredentials(std::unique_ptr<TokenSource> source, TokenChecks checks, Clock& clock,
                      Rng& rng);
    ~CachedCredentials() override;
    CachedCredentials(const CachedCredentials&) = delete;
    CachedCredentials& operator=(const CachedCredentials&) = delete;

    /// See Credentials. Errors carry retry_after: before it has passed, nothing is asked.
    boost::asio::awaitable<Result<AccessToken>> access_token() override;
    void refused(const AccessToken& token, const std::string& claims) override;

    /// Forgets token and failures: the credential has become another one. A request in flight is
    /// given up; its callers get Errc::transient.
    void reset();

    /// Ends a token request in flight (shutdown); its callers get operation_aborted.
    void stop() noexcept;

private:
    struct Flight;
    struct State;

    std::shared_ptr<State> x_state;  // shared with the flight, which may end later than this
};

}  // namespace cloudpcd::graph
