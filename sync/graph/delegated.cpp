#include "sync/graph/delegated.hpp"

#include "sync/core/log.hpp"
#include "sync/graph/ascii.hpp"
#include "sync/graph/http_message.hpp"
#include "sync/graph/jwt.hpp"
#include "sync/graph/token_file.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <utility>

namespace cloudpcd::graph {

namespace asio = boost::asio;

namespace {

constexpr std::size_t shown_bytes_max = 256;
constexpr std::string_view nobody_signed_in = "nobody has signed in; sign in with cloudpcctl login";

TokenEndpointOptions refreshing(TokenEndpointOptions options)
{
    options.grant_type = "refresh_token";
    options.who = Principal::user;
    return options;
}

std::string origin_text(const Origin& origin)
{
    return fmt::format("{}://{}", origin.scheme, authority(origin));
}

Error refused_locally(std::string message)
{
    return {.code = Errc::unauthorized, .context = "sign-in", .message = std::move(message)};
}

void wipe_tokens(TokenGrant& grant)
{
    wipe(grant.token);
    wipe(grant.refresh_token);
    wipe(grant.id_token);
}

}  // namespace

/// The file, and what is known of the sign-in that is in it.
struct DelegatedCredentials::Stored {
    Stored(DelegatedOptions given, Clock& time)
        : clock{time}, options{std::move(given)}, file{options.file}
    {}

    TokenChecks checks() const
    {
        return {.tenant_id = options.endpoint.tenant_id, .audiences = options.audiences};
    }

    /// The sign-in that belongs to this configuration.
    Result<StoredSignIn> load() const;
    void look();
    std::optional<Error> distrust(const TokenGrant& grant) const;
    Result<void> renew(TokenGrant& grant);
    void show(const StoredSignIn& sign_in);

    Clock& clock;
    DelegatedOptions options;
    TokenFile file;
    SignInState state;
    std::uint64_t generation = 0;  ///< of the sign-in: a token of an earlier one is not stored
};

Result<StoredSignIn> DelegatedCredentials::Stored::load() const
{
    auto read = file.read();
    if (!read)
        return std::move(read).error();
    if (!*read)
        return refused_locally(std::string{nobody_signed_in});
    auto& sign_in = **read;
    const auto& endpoint = options.endpoint;
    if (ascii_iequals(sign_in.tenant_id, endpoint.tenant_id) &&
        ascii_iequals(sign_in.client_id, endpoint.client_id) &&
        sign_in.authority == origin_text(endpoint.authority))
        return std::move(sign_in);
    wipe(sign_in.refresh_token);
    return refused_locally(fmt::format(
        "the stored sign-in is for tenant {}, application {} at {}, which the configuration does "
        "not name; it is not used; sign in with cloudpcctl login",
        log::escape(sign_in.tenant_id, shown_bytes_max),
        log::escape(sign_in.client_id, shown_bytes_max),
        log::escape(sign_in.authority, shown_bytes_max)));
}

/// Brings the state to what the file says.
void DelegatedCredentials::Stored::look()
{
    auto sign_in = load();
    if (sign_in) {
        show(*sign_in);
        wipe(sign_in->refresh_token);
        return;
    }
    state = {};
    if (sign_in.error().message != nobody_signed_in)
        state.error = sign_in.error().message;
}

void DelegatedCredentials::Stored::show(const StoredSignIn& sign_in)
{
    state = {.signed_in = true,
             .principal_name = log::escape(sign_in.principal_name, shown_bytes_max),
             .object_id = log::escape(sign_in.object_id, shown_bytes_max),
             .signed_in_at = sign_in.signed_in_at,
             .refreshed_at = sign_in.refreshed_at,
             .error = {}};
}

std::optional<Error> DelegatedCredentials::Stored::distrust(const TokenGrant& grant) const
{
    const auto said = read_token_claims(grant.token).value_or(TokenClaims{});
    if (auto error = check_claims(said, checks()))
        return error;
    const auto user = read_user_claims(grant.id_token);
    return check_claims({.tenant_id = user.tenant_id, .roles = {}, .audience = {}}, checks());
}

/// Stores the refresh token that came with an access token. That it cannot be stored is no reason
/// to refuse the access token: Entra leaves the old refresh token valid.
Result<void> DelegatedCredentials::Stored::renew(TokenGrant& grant)
{
    if (auto error = distrust(grant))
        return *std::move(error);
    auto sign_in = load();
    if (!sign_in)
        return std::move(sign_in).error();
    if (!grant.refresh_token.empty())
        sign_in->refresh_token.swap(grant.refresh_token);
    sign_in->refreshed_at = clock.utc_now();
    const auto written = file.write(*sign_in);
    show(*sign_in);
    wipe(sign_in->refresh_token);
    if (!written) {
        state.error = written.error().message;
        log::error("the renewed sign-in cannot be stored; the one before goes on serving",
                   {{"error", written.error().describe()}});
    }
    return {};
}

/// Access tokens by the stored refresh token.
class DelegatedCredentials::Source final : public TokenSource {
public:
    Source(TokenEndpoint endpoint, std::shared_ptr<Stored> stored)
        : x_endpoint{std::move(endpoint)}, x_stored{std::move(stored)}
    {}

    asio::awaitable<Result<TokenGrant>> fetch(std::string claims) override
    {
        const auto stored = x_stored;
        const auto generation = stored->generation;
        auto grant = co_await x_endpoint.request([this] { return fields(); }, std::move(claims));
        if (generation != stored->generation) {
            // Signed out or in anew meanwhile: what came belongs to the old sign-in.
            if (grant)
                wipe_tokens(*grant);
            co_return refused_locally("the sign-in was changed meanwhile");
        }
        if (grant) {
            if (auto renewed = stored->renew(*grant); !renewed) {
                wipe_tokens(*grant);
                grant = std::move(renewed).error();
            }
        }
        if (grant) {
            wipe(grant->refresh_token);
            wipe(grant->id_token);
            co_return grant;
        }
        Error error = std::move(grant).error();
        stored->state.error = error.message;
        if (error.code == Errc::unauthorized)
            error.retry_after = refused_sign_in_probe;
        co_return error;
    }

private:
    Result<FormFields> fields() const
    {
        auto sign_in = x_stored->load();
        if (!sign_in)
            return std::move(sign_in).error();
        FormFields form;
        form.emplace_back("refresh_token", sign_in->refresh_token);
        wipe(sign_in->refresh_token);
        return form;
    }

    TokenEndpoint x_endpoint;
    std::shared_ptr<Stored> x_stored;
};

DelegatedCredentials::DelegatedCredentials(Transport& transport, Clock& clock, Rng& rng,
                                           DelegatedOptions options)
    : x_stored{std::make_shared<Stored>(std::move(options), clock)},
      x_cached{std::make_unique<Source>(
                   TokenEndpoint{transport, clock, rng, refreshing(x_stored->options.endpoint)},
                   x_stored),
               x_stored->checks(), clock, rng}
{
    x_stored->look();
}

DelegatedCredentials::~DelegatedCredentials() = default;

const SignInState& DelegatedCredentials::state() const noexcept
{
    return x_stored->state;
}

asio::awaitable<Result<AccessToken>> DelegatedCredentials::access_token()
{
    if (!x_stored->state.signed_in) {
        x_stored->look();  // an operator may have put the file right
        const auto& state = x_stored->state;
        if (!state.signed_in)
            co_return refused_locally(state.error.empty() ? std::string{nobody_signed_in}
                                                          : state.error);
    }
    co_return co_await x_cached.access_token();
}

void DelegatedCredentials::refused(const AccessToken& token, const std::string& claims)
{
    x_cached.refused(token, claims);
}

Result<void> DelegatedCredentials::sign_in(TokenGrant grant)
{
    auto& stored = *x_stored;
    auto problem = stored.distrust(grant);
    if (!problem && grant.refresh_token.empty())
        problem = refused_locally(
            "the tenant gave no refresh token, so the sign-in would end within the hour; allow the "
            "application the scope offline_access");
    if (problem) {
        wipe_tokens(grant);
        return *std::move(problem);
    }
    auto user = read_user_claims(grant.id_token);
    if (user.principal_name.empty())
        user = read_user_claims(grant.token);
    const auto now = stored.clock.utc_now();
    StoredSignIn sign_in{.authority = origin_text(stored.options.endpoint.authority),
                         .tenant_id = stored.options.endpoint.tenant_id,
                         .client_id = stored.options.endpoint.client_id,
                         .principal_name = std::move(user.principal_name),
                         .object_id = std::move(user.object_id),
                         .signed_in_at = now,
                         .refreshed_at = now,
                         .refresh_token = {}};
    sign_in.refresh_token.swap(grant.refresh_token);
    auto written = stored.file.write(sign_in);
    wipe(sign_in.refresh_token);
    wipe_tokens(grant);
    if (!written)
        return written;
    ++stored.generation;
    x_cached.reset();
    stored.show(sign_in);
    log::info("a user has signed in",
              {{"user", stored.state.principal_name}, {"object_id", stored.state.object_id}});
    return {};
}

Result<void> DelegatedCredentials::sign_out()
{
    auto& stored = *x_stored;
    ++stored.generation;
    x_cached.reset();
    auto removed = stored.file.remove();
    const auto user = stored.state.principal_name;
    stored.look();
    if (removed)
        log::info("signed out", {{"user", user}});
    return removed;
}

}  // namespace cloudpcd::graph
