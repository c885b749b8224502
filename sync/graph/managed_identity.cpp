#include "sync/graph/managed_identity.hpp"

#include "sync/core/log.hpp"
#include "sync/graph/graph_error.hpp"
#include "sync/graph/retry.hpp"
#include "sync/graph/token_endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace cloudpcd::graph {

namespace asio = boost::asio;

namespace {

using std::chrono::seconds;

/// Waits before the repetitions; the last one only while the service says that it is gone, so that
/// identity_gone_max passes.
constexpr std::array<Duration, identity_attempts_max> waits{seconds{2}, seconds{6}, seconds{14},
                                                            seconds{30}, seconds{30}};
/// Longer waits that are asked for are left to the callers.
constexpr Duration asked_wait_max = seconds{60};
constexpr std::size_t message_bytes_max = 1024;

std::string target_of(const ManagedIdentityOptions& options)
{
    auto target = fmt::format("/metadata/identity/oauth2/token?api-version=2018-02-01&resource={}",
                              percent_encode(options.resource));
    if (!options.client_id.empty())
        target += "&client_id=" + percent_encode(options.client_id);
    return target;
}

/// Whether the answer may be another one in a moment.
bool may_pass(int status) noexcept
{
    return status == 404 || status == 410 || status == 429 || status / 100 == 5;
}

Error refusal(const HttpResponse& response, const Url& url, UtcTime now)
{
    const std::vector<std::string_view> no_secrets;
    auto error = make_error(response, Refusal{.context = "managed identity",
                                              .client_request_id = {},
                                              .url = url,
                                              .permissions = {},
                                              .secrets = no_secrets});
    error.challenge_claims.clear();
    error.retry_after = retry_after(response, now);
    if (may_pass(response.status)) {
        error.code =
            response.status == 429 || error.retry_after ? Errc::throttled : Errc::transient;
        return error;
    }
    if (response.status / 100 != 4) {
        error.code = Errc::malformed;
        error.message = "no metadata service answers there: " + error.message;
        return error;
    }
    error.code = Errc::unauthorized;
    error.message = fmt::format(
        "this machine has no such managed identity; assign one, or check [auth] "
        "managed_identity: {}",
        error.message);
    return error;
}

class IdentitySource final : public TokenSource {
public:
    IdentitySource(Transport& transport, Clock& clock, const ManagedIdentityOptions& options)
        : x_transport{transport},
          x_clock{clock},
          x_url{url_at(options.service, target_of(options))},
          x_user_agent{options.user_agent},
          x_request_timeout{options.request_timeout}
    {}

    asio::awaitable<Result<TokenGrant>> fetch(std::string /*claims*/) override
    {
        const auto began = x_clock.steady_now();
        for (std::size_t attempt = 0;; ++attempt) {
            auto result = co_await request();
            if (result || !repeats(result.error(), attempt, began))
                co_return result;
            const auto asked = result.error().retry_after.value_or(Duration{0});
            co_await x_clock.sleep_for(std::max(waits.at(attempt), asked));
        }
    }

private:
    bool repeats(const Error& error, std::size_t attempt, SteadyTime began) const
    {
        if (error.code != Errc::transient && error.code != Errc::throttled)
            return false;
        if (error.retry_after.value_or(Duration{0}) > asked_wait_max)
            return false;
        if (attempt + 1 < identity_attempts_max)
            return true;
        return error.http_status == 410 && attempt < waits.size() &&
               x_clock.steady_now() - began < identity_gone_max;
    }

    asio::awaitable<Result<TokenGrant>> request()
    {
        HttpRequest message{.method = "GET",
                            .url = x_url,
                            .headers = {{"Metadata", "true"},
                                        {"Accept", "application/json"},
                                        {"User-Agent", x_user_agent}},
                            .body = {},
                            .connection = ConnectionUse::single,
                            .timeout = x_request_timeout,
                            .body_bytes_max = token_response_bytes_max};
        Attempt attempt;
        const auto requested_at = x_clock.steady_now();
        auto response = co_await x_transport.send(std::move(message), attempt);
        if (!response) {
            Error error = std::move(response).error();
            error.context = "managed identity";
            error.message = log::escape(error.message, message_bytes_max);
            if (error.code == Errc::transient)
                error.message += "; only machines in Azure have a metadata service";
            co_return error;
        }
        if (response->status != 200)
            co_return refusal(*response, x_url, x_clock.utc_now());
        auto grant = parse_token_grant(response->body, x_clock.utc_now());
        wipe(response->body);
        if (!grant) {
            Error error = std::move(grant).error();
            error.context = "managed identity";
            co_return error;
        }
        grant->requested_at = requested_at;
        co_return grant;
    }

    Transport& x_transport;
    Clock& x_clock;
    Url x_url;
    std::string x_user_agent;
    Duration x_request_timeout;
};

}  // namespace

ManagedIdentityCredentials::ManagedIdentityCredentials(Transport& transport, Clock& clock, Rng& rng,
                                                       ManagedIdentityOptions options)
    : CachedCredentials{std::make_unique<IdentitySource>(transport, clock, options),
                        std::move(options.checks), clock, rng}
{}

}  // namespace cloudpcd::graph
