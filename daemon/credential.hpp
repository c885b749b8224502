#pragma once
// From the configured way to sign in to the object that gets tokens. The one place that knows all
// kinds of credential.

#include "config/config.hpp"
#include "sync/core/clock.hpp"
#include "sync/core/rng.hpp"
#include "sync/graph/cached_credentials.hpp"
#include "sync/graph/delegated.hpp"
#include "sync/graph/token_endpoint.hpp"
#include "sync/graph/transport.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>
#include <vector>

namespace cloudpcd::daemon {

struct CredentialParts {
    graph::Transport& transport;
    Clock& clock;
    Rng& rng;
    const config::Environment& environment;  ///< where AZURE_CLIENT_SECRET may be
};

/// What [auth] says. Files are read with every token request, so that renewed ones are found. The
/// parts and the configuration must outlive the result.
std::unique_ptr<graph::CachedCredentials> make_credentials(const config::Config& configuration,
                                                           const CredentialParts& parts);

/// Tenant, public client and scopes for users who sign in; `client_id` is empty when none is named.
graph::TokenEndpointOptions delegated_endpoint(const config::Config& configuration);

/// The user's credential, for the requests that Graph takes from users only. Its file is beside the
/// mirror. The parts must outlive the result.
std::unique_ptr<graph::DelegatedCredentials> make_delegated(const config::Config& configuration,
                                                            const CredentialParts& parts);

/// What is wrong with the content of the credential file, beyond config::check_credential_files: a
/// certificate that cannot be used, or has expired at `now`.
///
/// Gives: messages in the form of config::ParseOutcome::errors; empty when all is well
std::vector<std::string> check_certificate(const config::Config& configuration, UtcTime now);

/// Logs a certificate that ends soon, now and once a day, until cancelled. Returns at once for
/// other credentials.
boost::asio::awaitable<void> watch_certificate(const config::Config& configuration, Clock& clock);

/// The first of these looks.
void report_certificate(const config::Config& configuration, UtcTime now);

}  // namespace cloudpcd::daemon
