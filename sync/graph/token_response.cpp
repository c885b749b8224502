#include "sync/graph/token_response.hpp"

#include "sync/graph/ascii.hpp"
#include "sync/graph/graph_error.hpp"
#include "sync/graph/jwt.hpp"
#include "sync/graph/retry.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace cloudpcd::graph {

namespace {

using boost::json::object;

/// A whole number, also as text (managed identities) or with a fraction (cut off).
std::optional<std::int64_t> number_member(const object& from, std::string_view name)
{
    const auto* value = from.if_contains(name);
    if (value == nullptr)
        return std::nullopt;
    if (value->is_int64())
        return value->get_int64();
    if (value->is_uint64())
        return INT64_MAX;
    if (value->is_double()) {
        const double number = value->get_double();
        return number > -1e15 && number < 1e15 ? std::optional{static_cast<std::int64_t>(number)}
                                               : std::nullopt;
    }
    const auto* text = value->if_string();
    if (text == nullptr)
        return std::nullopt;
    std::int64_t number = 0;
    const char* end = text->data() + text->size();
    const auto [at, failure] = std::from_chars(text->data(), end, number);
    return failure == std::errc{} && at == end ? std::optional{number} : std::nullopt;
}

std::optional<Duration> positive_seconds(std::optional<std::int64_t> seconds)
{
    constexpr auto longest =
        std::chrono::duration_cast<std::chrono::seconds>(token_life_max).count();
    if (!seconds || *seconds <= 0)
        return std::nullopt;
    return std::chrono::seconds{std::min<std::int64_t>(*seconds, longest)};
}

Duration read_life(const object& from, UtcTime now)
{
    auto life = positive_seconds(number_member(from, "expires_in"));
    if (!life) {
        if (const auto expires_on = number_member(from, "expires_on")) {
            const auto epoch_now =
                std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
            if (*expires_on > epoch_now)
                life = positive_seconds(*expires_on - epoch_now);
        }
    }
    return std::max(life.value_or(token_life_default), token_life_min);
}

/// Goes into a header: visible ASCII only.
bool is_usable_token(std::string_view token)
{
    return !token.empty() && token.size() <= token_bytes_max &&
           std::ranges::all_of(token, [](char c) { return c > 0x20 && c < 0x7F; });
}

Error malformed(std::string_view why)
{
    return {.code = Errc::malformed, .message = fmt::format("token response: {}", why)};
}

/// "AADSTS7000215" out of Entra's description.
std::string entra_code(std::string_view description)
{
    constexpr std::string_view prefix = "AADSTS";
    constexpr std::size_t digits_max = 12;
    const auto at = description.find(prefix);
    if (at == std::string_view::npos)
        return {};
    const auto digits = description.substr(at + prefix.size(), digits_max);
    const auto end = std::ranges::find_if_not(digits, is_ascii_digit);
    return fmt::format("{}{}", prefix, std::string_view{digits.begin(), end});
}

/// A token that is no access token: stored or read, never put into a header.
std::string optional_token(const object& from, std::string_view name)
{
    const auto* value = from.if_contains(name);
    if (value == nullptr || !value->is_string() || !is_usable_token(value->get_string()))
        return {};
    return std::string{value->get_string()};
}

}  // namespace

std::optional<Duration> seconds_member(const object& from, std::string_view name)
{
    return positive_seconds(number_member(from, name));
}

Result<TokenGrant> parse_token_grant(std::string_view body, UtcTime now)
{
    if (body.size() > token_response_bytes_max)
        return malformed("too long");
    boost::system::error_code failure;
    const auto parsed = boost::json::parse(body, failure);
    const auto* root = failure ? nullptr : parsed.if_object();
    if (root == nullptr)
        return malformed("no JSON object");
    const auto* type = root->if_contains("token_type");
    if (type != nullptr && !(type->is_string() && ascii_iequals(type->get_string(), "Bearer")))
        return malformed("its token_type is not Bearer");
    const auto* token = root->if_contains("access_token");
    if (token == nullptr || !token->is_string() || !is_usable_token(token->get_string()))
        return malformed("no usable access_token");
    return TokenGrant{.token = std::string{token->get_string()},
                      .life = read_life(*root, now),
                      .refresh_in = seconds_member(*root, "refresh_in"),
                      .requested_at = {},
                      .refresh_token = optional_token(*root, "refresh_token"),
                      .id_token = optional_token(*root, "id_token")};
}

Error token_error(const HttpResponse& response, const Url& url, UtcTime now,
                  const std::vector<std::string_view>& secrets, Principal who)
{
    auto error = make_error(response, Refusal{.context = "token request",
                                              .client_request_id = {},
                                              .url = url,
                                              .permissions = {},
                                              .secrets = secrets});
    error.challenge_claims.clear();
    const auto asked = retry_after(response, now);
    if (response.status == 429 || (is_retryable(response.status) && asked)) {
        error.code = Errc::throttled;
        error.retry_after = asked.value_or(token_retry_after_default);
        return error;
    }
    if (is_retryable(response.status)) {
        error.code = Errc::transient;
        return error;
    }
    const auto body = parse_error_body(response.body);
    if (body.code == "temporarily_unavailable" || body.code == "server_error") {
        error.code = Errc::transient;
        return error;
    }
    if (response.status < 400 || body.code.empty()) {
        error.code = Errc::malformed;
        error.message = fmt::format(
            "no token endpoint answers there; check the authority and the "
            "proxy: {}",
            error.message);
        return error;
    }
    error.code = Errc::unauthorized;
    if (auto code = entra_code(body.message); !code.empty())
        error.graph_code = std::move(code);
    error.message =
        fmt::format("{}: {}", sign_in_advice(who, error.graph_code, body.code), error.message);
    return error;
}

}  // namespace cloudpcd::graph
