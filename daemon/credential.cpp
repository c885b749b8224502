#include "daemon/credential.hpp"

#include "sync/core/log.hpp"
#include "sync/core/version.hpp"
#include "sync/graph/client_certificate.hpp"
#include "sync/graph/client_secret.hpp"
#include "sync/graph/federated_token.hpp"
#include "sync/graph/managed_identity.hpp"
#include "sync/graph/token_endpoint.hpp"

#include <fmt/format.h>

#include <utility>

namespace cloudpcd::daemon {

namespace {

constexpr Duration certificate_watch_interval = std::chrono::hours{24};

/// An origin that the configuration was checked for.
graph::Origin origin_of(const std::string& text)
{
    auto origin = graph::parse_origin(text);
    CLOUDPCD_ASSERT(origin.has_value());
    return *std::move(origin);
}

std::string user_agent()
{
    return fmt::format("cloudpcd/{}", version);
}

/// Root of Graph in the configured cloud: the scope without "/.default".
std::string graph_root(const config::Config& configuration)
{
    const auto scope = configuration.token_scope();
    return scope.substr(0, scope.rfind('/'));
}

/// The resource behind the scope, and Graph's application id, which v1.0 tokens may name.
std::vector<std::string> audiences(const config::Config& configuration)
{
    return {graph_root(configuration), "00000003-0000-0000-c000-000000000000"};
}

graph::TokenEndpointOptions endpoint(const config::Config& configuration)
{
    return {.authority = origin_of(configuration.graph.authority),
            .tenant_id = configuration.tenant.id,
            .client_id = configuration.auth.client_id,
            .scope = configuration.token_scope(),
            .user_agent = user_agent()};
}

Error unreadable(std::string why)
{
    return {.code = Errc::configuration, .context = "credential", .message = std::move(why)};
}

Result<std::string> read_file(const config::Path& file)
{
    auto read = config::read_secret_file(file);
    if (read.secret)
        return *std::move(read.secret);
    return unreadable(std::move(read.error));
}

Result<graph::ClientCertificate> read_certificate(const config::Path& file)
{
    auto pem = read_file(file);
    if (!pem)
        return std::move(pem).error();
    auto certificate = graph::ClientCertificate::parse(*pem);
    graph::wipe(*pem);
    if (!certificate)
        return unreadable(fmt::format("{}: {}", file.string(), certificate.error().message));
    return certificate;
}

graph::AssertionAlgorithm algorithm_of(config::CertificateAlgorithm algorithm)
{
    switch (algorithm) {
        case config::CertificateAlgorithm::ps256:
            break;
        case config::CertificateAlgorithm::rs256:
            return graph::AssertionAlgorithm::rs256;
    }
    return graph::AssertionAlgorithm::ps256;
}

std::unique_ptr<graph::CachedCredentials> by_secret(const config::Config& configuration,
                                                    const CredentialParts& parts)
{
    return std::make_unique<graph::ClientSecretCredentials>(
        parts.transport, parts.clock, parts.rng,
        graph::ClientSecretOptions{
            .endpoint = endpoint(configuration),
            .audiences = audiences(configuration),
            .secret = [&configuration, &environment = parts.environment]() -> Result<std::string> {
                auto read = config::read_client_secret(configuration, environment);
                if (read.secret)
                    return *std::move(read.secret);
                return unreadable(std::move(read.error));
            }});
}

std::unique_ptr<graph::CachedCredentials> by_certificate(const config::Config& configuration,
                                                         const CredentialParts& parts)
{
    const auto& credential = configuration.auth.credential;
    return std::make_unique<graph::ClientCertificateCredentials>(
        parts.transport, parts.clock, parts.rng,
        graph::ClientCertificateOptions{
            .endpoint = endpoint(configuration),
            .audiences = audiences(configuration),
            .algorithm = algorithm_of(credential.certificate_algorithm),
            .certificate = [file = credential.file] { return read_certificate(file); }});
}

std::unique_ptr<graph::CachedCredentials> by_federated_token(const config::Config& configuration,
                                                             const CredentialParts& parts)
{
    return std::make_unique<graph::FederatedTokenCredentials>(
        parts.transport, parts.clock, parts.rng,
        graph::FederatedTokenOptions{
            .endpoint = endpoint(configuration),
            .audiences = audiences(configuration),
            .token = [file = configuration.auth.credential.file] { return read_file(file); }});
}

std::unique_ptr<graph::CachedCredentials> by_managed_identity(const config::Config& configuration,
                                                              const CredentialParts& parts)
{
    const auto& credential = configuration.auth.credential;
    return std::make_unique<graph::ManagedIdentityCredentials>(
        parts.transport, parts.clock, parts.rng,
        graph::ManagedIdentityOptions{.service = origin_of(credential.identity_service),
                                      .resource = graph_root(configuration),
                                      .client_id = credential.identity_client_id,
                                      .user_agent = user_agent(),
                                      .checks = {.tenant_id = configuration.tenant.id,
                                                 .audiences = audiences(configuration)}});
}

bool uses_certificate(const config::Config& configuration)
{
    return configuration.auth.credential.kind == config::CredentialKind::certificate;
}

}  // namespace

std::unique_ptr<graph::CachedCredentials> make_credentials(const config::Config& configuration,
                                                           const CredentialParts& parts)
{
    switch (configuration.auth.credential.kind) {
        case config::CredentialKind::client_secret:
            break;
        case config::CredentialKind::certificate:
            return by_certificate(configuration, parts);
        case config::CredentialKind::federated_token:
            return by_federated_token(configuration, parts);
        case config::CredentialKind::managed_identity:
            return by_managed_identity(configuration, parts);
    }
    return by_secret(configuration, parts);
}

graph::TokenEndpointOptions delegated_endpoint(const config::Config& configuration)
{
    auto options = endpoint(configuration);
    options.client_id = configuration.auth.delegated_client_id;
    // The one permission of all requests that Graph takes from users only; offline_access brings
    // the refresh token, the others say who signed in.
    options.scope = fmt::format("{}/CloudPC.ReadWrite.All offline_access openid profile",
                                graph_root(configuration));
    return options;
}

std::unique_ptr<graph::DelegatedCredentials> make_delegated(const config::Config& configuration,
                                                            const CredentialParts& parts)
{
    return std::make_unique<graph::DelegatedCredentials>(
        parts.transport, parts.clock, parts.rng,
        graph::DelegatedOptions{
            .endpoint = delegated_endpoint(configuration),
            .audiences = audiences(configuration),
            .file = configuration.database.path.parent_path() / "delegated-token"});
}

std::vector<std::string> check_certificate(const config::Config& configuration, UtcTime now)
{
    if (!uses_certificate(configuration))
        return {};
    constexpr std::string_view accepted =
        "accepted: a PEM file with an RSA private key of 2048 bits or more, without passphrase, "
        "and "
        "its certificate";
    const auto& file = configuration.auth.credential.file;
    const auto certificate = read_certificate(file);
    if (!certificate)
        return {
            configuration.message("auth", "certificate_file",
                                  fmt::format("{}, {}", certificate.error().message, accepted))};
    if (const auto problem = graph::expired(*certificate, now))
        return {configuration.message("auth", "certificate_file",
                                      fmt::format("{}: {}", file.string(), *problem))};
    return {};
}

void report_certificate(const config::Config& configuration, UtcTime now)
{
    if (!uses_certificate(configuration))
        return;
    const auto& file = configuration.auth.credential.file;
    const auto certificate = read_certificate(file);
    const auto notice = certificate ? graph::expiry_notice(*certificate, now)
                                    : std::optional{certificate.error().message};
    if (notice)
        log::warning(*notice, {{"file", file.string()}});
}

boost::asio::awaitable<void> watch_certificate(const config::Config& configuration, Clock& clock)
{
    while (uses_certificate(configuration)) {
        report_certificate(configuration, clock.utc_now());
        co_await clock.sleep_for(certificate_watch_interval);
    }
}

}  // namespace cloudpcd::daemon
