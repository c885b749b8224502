#include "sync/graph/cached_credentials.hpp"

#include "sync/core/log.hpp"
#include "sync/graph/ascii.hpp"
#include "sync/graph/jwt.hpp"
#include "sync/graph/retry.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

namespace cloudpcd::graph {

namespace asio = boost::asio;

namespace {

constexpr Duration expiry_margin_max = std::chrono::minutes{5};
constexpr Backoff fetch_backoff{.first = std::chrono::seconds{4},
                                .cap = std::chrono::seconds{60},
                                .floor = std::chrono::seconds{2}};

/// Audiences are written with and without a slash at the end.
bool same_audience(std::string_view a, std::string_view b)
{
    const auto bare = [](std::string_view text) {
        return text.ends_with('/') ? text.substr(0, text.size() - 1) : text;
    };
    return ascii_iequals(bare(a), bare(b));
}

}  // namespace

std::optional<Error> check_claims(const TokenClaims& claims, const TokenChecks& checks)
{
    constexpr std::size_t shown_bytes_max = 128;
    if (!claims.tenant_id.empty() && !ascii_iequals(claims.tenant_id, checks.tenant_id)) {
        return Error{.code = Errc::unauthorized,
                     .context = "token request",
                     .message = fmt::format("expected a token for tenant {}, got one for {}; it is "
                                            "not used",
                                            checks.tenant_id,
                                            log::escape(claims.tenant_id, shown_bytes_max))};
    }
    const auto matches = [&](const std::string& expected) {
        return same_audience(expected, claims.audience);
    };
    if (!claims.audience.empty() && !checks.audiences.empty() &&
        std::ranges::none_of(checks.audiences, matches)) {
        return Error{
            .code = Errc::unauthorized,
            .context = "token request",
            .message = fmt::format("expected a token for {}, got one for {}; it is not used",
                                   fmt::join(checks.audiences, " or "),
                                   log::escape(claims.audience, shown_bytes_max))};
    }
    return std::nullopt;
}

TokenSpan token_span(Duration life, std::optional<Duration> refresh_in) noexcept
{
    const Duration expires_after = life - std::min(expiry_margin_max, life / 4);
    const Duration asked = refresh_in.value_or(life / 2);
    // A refresh_in of a second would be a refresh per second.
    return {.refresh_after = std::clamp(asked, life / 10, expires_after),
            .expires_after = expires_after};
}

/// One token request, shared by everyone who waits for it.
struct CachedCredentials::Flight {
    Flight(const asio::any_io_executor& executor, std::string claims_sent, bool in_background)
        : done{executor, asio::steady_timer::time_point::max()},
          claims{std::move(claims_sent)},
          background{in_background}
    {}

    asio::steady_timer done;  ///< cancelled when it has ended
    asio::cancellation_signal cancel;
    std::string claims;
    bool background;  ///< nobody needs it yet: the old token still serves
    int waiting = 0;
    bool ended = false;
    bool succeeded = false;
    bool outdated = false;  ///< the credential has become another one meanwhile
    std::exception_ptr failure;
};

struct CachedCredentials::State {
    struct Held {
        AccessToken token;
        SteadyTime refresh_at;
        SteadyTime expires_at;
    };

    State(std::unique_ptr<TokenSource> token_source, TokenChecks token_checks, Clock& time,
          Rng& random)
        : source{std::move(token_source)}, checks{std::move(token_checks)}, clock{time}, rng{random}
    {}
    ~State() { drop_token(); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    void drop_token()
    {
        if (held)
            OPENSSL_cleanse(held->token.value.data(), held->token.value.size());
        held.reset();
    }

    bool usable() const { return held && clock.steady_now() < held->expires_at; }

    static void start(const std::shared_ptr<State>& state, const asio::any_io_executor& executor);
    asio::awaitable<void> fly(Flight& of);
    void accept(TokenGrant grant, Flight& of);
    void reject(Error error);
    Error failure_now() const;

    std::unique_ptr<TokenSource> source;
    TokenChecks checks;
    Clock& clock;
    Rng& rng;

    std::optional<Held> held;
    std::uint64_t serial = 0;
    std::shared_ptr<Flight> flight;

    std::optional<Error> failure;  ///< of the last flight
    int failures = 0;              ///< in a row
    SteadyTime not_before{};       ///< of the next flight

    bool forced = false;  ///< Graph refused the token that is held
    std::string claims;   ///< what it wants to see instead
    std::optional<SteadyTime> forced_at;
};

void CachedCredentials::State::start(const std::shared_ptr<State>& state,
                                     const asio::any_io_executor& executor)
{
    const bool background = state->usable() && !state->forced;
    auto flight = std::make_shared<Flight>(executor, state->claims, background);
    state->flight = flight;
    asio::co_spawn(executor, state->fly(*flight),
                   asio::bind_cancellation_slot(flight->cancel.slot(),
                                                [state, flight](std::exception_ptr thrown) {
                                                    flight->failure = std::move(thrown);
                                                    flight->ended = true;
                                                    if (state->flight == flight)
                                                        state->flight.reset();
                                                    flight->done.cancel();
                                                }));
}

asio::awaitable<void> CachedCredentials::State::fly(Flight& of)
{
    auto grant = co_await source->fetch(of.claims);
    if (of.outdated) {
        if (grant)
            OPENSSL_cleanse(grant->token.data(), grant->token.size());
        co_return;
    }
    if (!grant) {
        reject(std::move(grant).error());
        co_return;
    }
    accept(*std::move(grant), of);
}

void CachedCredentials::State::accept(TokenGrant grant, Flight& of)
{
    auto said = read_token_claims(grant.token).value_or(TokenClaims{});
    if (auto error = check_claims(said, checks)) {
        OPENSSL_cleanse(grant.token.data(), grant.token.size());
        drop_token();  // whatever is configured wrongly holds for the old one as well
        reject(*std::move(error));
        return;
    }
    const auto span = token_span(grant.life, grant.refresh_in);
    drop_token();
    held = Held{.token = {.value = std::move(grant.token),
                          .roles = std::move(said.roles),
                          .tenant_id = std::move(said.tenant_id),
                          .serial = ++serial},
                .refresh_at = grant.requested_at + span.refresh_after,
                .expires_at = grant.requested_at + span.expires_after};
    if (failures > 0)
        log::info("token requests work again", {{"failures", failures}});
    failures = 0;
    failure.reset();
    if (of.claims == claims) {  // else a challenge came meanwhile, which this token does not meet
        forced = false;
        claims.clear();
    }
    of.succeeded = true;
}

void CachedCredentials::State::reject(Error error)
{
    ++failures;
    Duration wait = fetch_backoff.wait(failures, rng);
    if (error.code == Errc::unauthorized || error.code == Errc::configuration)
        wait = refused_credential_probe;
    if (error.retry_after)
        wait = std::max(wait, std::min(*error.retry_after, token_retry_after_max));
    not_before = clock.steady_now() + wait;
    if (usable())
        forced = false;  // refused by one resource perhaps; for all others better than none
    log::warning("token request failed", {{"error", error.describe()},
                                          {"old_token_serves", usable()},
                                          {"next_in", format_duration(wait)}});
    failure = std::move(error);
}

Error CachedCredentials::State::failure_now() const
{
    CLOUDPCD_ASSERT(failure.has_value());
    Error error = *failure;
    error.retry_after = std::max(not_before - clock.steady_now(), Duration{0});
    return error;
}

CachedCredentials::CachedCredentials(std::unique_ptr<TokenSource> source, TokenChecks checks,
                                     Clock& clock, Rng& rng)
    : x_state{std::make_shared<State>(std::move(source), std::move(checks), clock, rng)}
{}

CachedCredentials::~CachedCredentials()
{
    stop();
}

void CachedCredentials::stop() noexcept
{
    if (const auto flight = x_state->flight)
        flight->cancel.emit(asio::cancellation_type::terminal);
}

void CachedCredentials::reset()
{
    auto& state = *x_state;
    state.drop_token();
    state.failure.reset();
    state.failures = 0;
    state.not_before = {};
    state.forced = false;
    state.claims.clear();
    state.forced_at.reset();
    if (const auto flight = std::exchange(state.flight, nullptr)) {
        flight->outdated = true;
        flight->cancel.emit(asio::cancellation_type::terminal);
    }
}

asio::awaitable<Result<AccessToken>> CachedCredentials::access_token()
{
    const auto state = x_state;
    const auto executor = co_await asio::this_coro::executor;

    const bool fresh = state->usable() && state->clock.steady_now() < state->held->refresh_at;
    if ((!fresh || state->forced) && !state->flight &&
        state->clock.steady_now() >= state->not_before)
        State::start(state, executor);
    if (state->usable() && !state->forced)
        co_return state->held->token;

    const auto flight = state->flight;
    if (!flight) {
        if (state->usable())
            co_return state->held->token;
        co_return state->failure_now();
    }
    ++flight->waiting;
    boost::system::error_code ignored;
    co_await flight->done.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    --flight->waiting;
    if (!flight->ended) {
        if (flight->waiting == 0 && !flight->background) {
            if (state->flight == flight)
                state->flight.reset();  // whoever comes now must not join what is being given up
            flight->cancel.emit(asio::cancellation_type::terminal);
        }
        throw boost::system::system_error{asio::error::operation_aborted};
    }
    if (flight->outdated)
        co_return Error{.code = Errc::transient,
                        .context = "token request",
                        .message = "the credential was changed meanwhile"};
    if (flight->failure)
        std::rethrow_exception(flight->failure);
    if (state->held && (flight->succeeded || state->usable()))
        co_return state->held->token;
    co_return state->failure_now();
}

void CachedCredentials::refused(const AccessToken& token, const std::string& claims)
{
    auto& state = *x_state;
    if (!state.held || state.held->token.serial != token.serial || state.forced)
        return;
    const auto now = state.clock.steady_now();
    if (state.forced_at && now - *state.forced_at < forced_refresh_interval)
        return;
    state.forced = true;
    state.forced_at = now;
    state.claims = claims;
}

}  // namespace cloudpcd::graph
