#include "sync/graph/token_endpoint.hpp"

#include "sync/core/log.hpp"
#include "sync/graph/authenticate.hpp"
#include "sync/graph/graph_error.hpp"
#include "sync/graph/retry.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>

namespace cloudpcd::graph {

namespace asio = boost::asio;

namespace {

constexpr std::size_t message_bytes_max = 1024;
/// Date has whole seconds, and the response was some time under way.
constexpr Duration clock_agrees_within = std::chrono::seconds{30};
constexpr std::string_view outside_time_range = "AADSTS700024";

void wipe_values(FormFields& fields) noexcept
{
    for (auto& [name, value] : fields)
        wipe(value);
}

/// The values as sent and as given: either may come back in an error.
std::vector<std::string> spellings(const FormFields& credential)
{
    std::vector<std::string> all;
    for (const auto& [name, value] : credential) {
        all.push_back(value);
        all.push_back(percent_encode(value));
    }
    return all;
}

/// A refused time range is the local clock's fault, or an assertion's that somebody else made; the
/// response's own Date tells which.
std::string explain_time(std::optional<UtcTime> server, UtcTime local)
{
    if (!server)
        return {};
    const Duration skew = local - *server;
    if (std::chrono::abs(skew) < clock_agrees_within)
        return "the local clock agrees with the login host's, so the assertion itself is out of "
               "date; ";
    return fmt::format("the local clock is {} {} the login host's, set it right; ",
                       format_duration(std::chrono::abs(skew)),
                       skew > Duration{0} ? "ahead of" : "behind");
}

}  // namespace

void wipe(std::string& secret) noexcept
{
    OPENSSL_cleanse(secret.data(), secret.size());
    secret.clear();
}

std::string token_request_claims(std::string_view challenge)
{
    boost::json::object claims;
    boost::system::error_code failure;
    if (challenge.size() <= challenge_claims_bytes_max) {
        const auto parsed = boost::json::parse(challenge, failure);
        if (!failure && parsed.is_object())
            claims = parsed.get_object();
    }
    auto& token = claims["access_token"];
    if (!token.is_object())
        token.emplace_object();
    token.get_object()["xms_cc"] = {{"values", boost::json::array{"cp1"}}};
    return boost::json::serialize(claims);
}

TokenEndpoint::TokenEndpoint(Transport& transport, Clock& clock, Rng& rng,
                             TokenEndpointOptions options)
    : x_transport{transport},
      x_clock{clock},
      x_rng{rng},
      x_options{std::move(options)},
      x_url{url_at(x_options.authority,
                   fmt::format("/{}/oauth2/v2.0/token", percent_encode(x_options.tenant_id)))}
{}

std::string TokenEndpoint::form(const FormFields& credential, std::string_view claims) const
{
    auto body = fmt::format("grant_type={}&client_id={}", percent_encode(x_options.grant_type),
                            percent_encode(x_options.client_id));
    if (!x_options.scope.empty())
        body.append("&scope=").append(percent_encode(x_options.scope));
    body.append("&claims=").append(percent_encode(token_request_claims(claims)));
    for (const auto& [name, value] : credential) {
        auto encoded = percent_encode(value);
        body.append("&").append(name).append("=").append(encoded);
        wipe(encoded);
    }
    return body;
}

asio::awaitable<TokenAnswer> TokenEndpoint::ask(FormFields credential, std::string claims,
                                                ConnectionUse connection)
{
    auto hidden = spellings(credential);
    const std::vector<std::string_view> secrets{hidden.begin(), hidden.end()};
    HttpRequest request{
        .method = "POST",
        .url = x_url,
        .headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                    {"Accept", "application/json"},
                    {"User-Agent", x_options.user_agent},
                    {"client-request-id", x_rng.uuid()}},
        .body = form(credential, claims),
        .connection = connection,
        .timeout = x_options.request_timeout,
        .body_bytes_max = token_response_bytes_max,
    };
    wipe_values(credential);
    Attempt attempt;
    const auto requested_at = x_clock.steady_now();
    auto response = co_await x_transport.send(std::move(request), attempt);

    const auto now = x_clock.utc_now();
    Result<TokenGrant> result = Error{.code = Errc::transient};
    std::string reason;
    if (!response) {
        Error error = std::move(response).error();
        error.context = "token request";
        error.message = log::escape(redact(error.message, secrets), message_bytes_max);
        result = std::move(error);
    } else {
        const auto date = parse_http_date(response->header("Date").value_or(""));
        x_skew.observe(date, now, x_url.origin.host);
        if (response->status == 200)
            result = parse_token_grant(response->body, now);
        else {
            reason = parse_error_body(response->body).code;
            result = token_error(*response, x_url, now, secrets, x_options.who);
        }
        if (!result && result.error().graph_code == outside_time_range) {
            Error error = std::move(result).error();
            error.message.insert(0, explain_time(date, now));
            result = std::move(error);
        }
        wipe(response->body);
    }
    if (result)
        result->requested_at = requested_at;
    std::ranges::for_each(hidden, wipe);
    co_return TokenAnswer{.grant = std::move(result), .reason = std::move(reason)};
}

asio::awaitable<Result<TokenGrant>> TokenEndpoint::request(
    std::function<Result<FormFields>()> credential, std::string claims)
{
    const auto end = x_clock.steady_now() + x_options.deadline;
    for (int attempt = 1;; ++attempt) {
        auto fields = credential();
        if (!fields)
            co_return std::move(fields).error();
        const auto connection = attempt == 1 ? ConnectionUse::pooled : ConnectionUse::fresh;
        auto answer = co_await ask(*std::move(fields), claims, connection);
        auto& result = answer.grant;
        if (result || result.error().code != Errc::transient || attempt == token_attempts_max)
            co_return std::move(result);
        const auto wait = Backoff{}.wait(attempt, x_rng);
        if (x_clock.steady_now() + wait >= end)
            co_return std::move(result);
        co_await x_clock.sleep_for(wait);
    }
}

}  // namespace cloudpcd::graph
