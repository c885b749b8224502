#pragma once
// Access tokens in the name of a user who has signed in by device code, for the requests that Graph
// takes from users only. Whoever reads takes the application's credential instead: this object is
// handed to nobody else.
//
// The refresh token lives in a file (token_file.hpp) and is read for every token request. Entra
// gives a new one with each: it is stored before it is used, and the old one is overwritten, which
// Entra leaves valid. A sign-in that is refused is tried again once an hour, since a policy may be
// lifted.

#include "sync/core/clock.hpp"
#include "sync/core/rng.hpp"
#include "sync/graph/cached_credentials.hpp"
#include "sync/graph/credentials.hpp"
#include "sync/graph/token_endpoint.hpp"
#include "sync/graph/transport.hpp"

#include <boost/asio/awaitable.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cloudpcd::graph {

/// A refused sign-in is tried again after this; a new one counts at once.
inline constexpr Duration refused_sign_in_probe = std::chrono::hours{1};

struct DelegatedOptions {
    /// The public client; the scopes need offline_access, openid and profile.
    TokenEndpointOptions endpoint;
    std::vector<std::string> audiences;  ///< see TokenChecks; the tenant is the endpoint's
    std::filesystem::path file;
};

/// Who acts, for people; no secret in it.
struct SignInState {
    bool signed_in = false;
    std::string principal_name{};
    std::string object_id{};
    std::optional<UtcTime> signed_in_at{};
    std::optional<UtcTime> refreshed_at{};  ///< when the last token came
    std::string error{};  ///< why a sign-in gives no token, and what to do; empty when all is
                          ///< well, also when nobody has signed in
};

class DelegatedCredentials final : public Credentials {
public:
    /// All three must outlive the calls. Looks at the file.
    DelegatedCredentials(Transport& transport, Clock& clock, Rng& rng, DelegatedOptions options);
    ~DelegatedCredentials() override;

    /// See CachedCredentials. Asks nobody as long as nobody has signed in.
    boost::asio::awaitable<Result<AccessToken>> access_token() override;
    void refused(const AccessToken& token, const std::string& claims) override;

    /// Keeps what a device code ended in; it takes the place of an earlier sign-in.
    ///
    /// Errors: Errc::unauthorized when the tokens are of another tenant, for something else than
    ///         Graph, or come without refresh token; Errc::configuration when the file cannot be
    ///         written. Then the earlier sign-in stays.
    Result<void> sign_in(TokenGrant grant);

    /// Removes the file and forgets the tokens. Entra cannot be told: who has a copy can use it.
    Result<void> sign_out();

    const SignInState& state() const noexcept;

    /// Ends a token request in flight (shutdown).
    void stop() noexcept { x_cached.stop(); }

private:
    struct Stored;
    class Source;

    std::shared_ptr<Stored> x_stored;  // shared with the source of x_cached
    CachedCredentials x_cached;
};

}  // namespace cloudpcd::graph
