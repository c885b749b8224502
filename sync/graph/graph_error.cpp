#include "sync/graph/graph_error.hpp"

#include "sync/core/log.hpp"
#include "sync/graph/ascii.hpp"
#include "sync/graph/authenticate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <span>

namespace cloudpcd::graph {

namespace {

// Together, with room for an ellipsis each, less than error_texts_bytes_max.
constexpr std::size_t context_bytes_max = 384;
constexpr std::size_t message_bytes_max = 1024;
constexpr std::size_t code_bytes_max = 128;
constexpr std::size_t id_bytes_max = 128;
constexpr std::size_t excerpt_bytes_max = 256;
constexpr std::size_t location_bytes_max = 8UL * 1024;  // tokens are long
static_assert(context_bytes_max + message_bytes_max + code_bytes_max + 2 * id_bytes_max +
                  challenge_claims_bytes_max + 64 <
              error_texts_bytes_max);

constexpr std::size_t secret_bytes_min = 8;  // shorter ones would tear ordinary words apart
constexpr std::string_view redacted = "[redacted]";
// More of a text is never looked at; far more than is shown.
constexpr std::size_t redacted_bytes_max = 256UL * 1024;

bool contains_any(std::string_view text, std::span<const std::string_view> parts)
{
    return std::ranges::any_of(
        parts, [&](auto part) { return text.find(part) != std::string_view::npos; });
}

std::string without_secret(std::string_view text, std::string_view secret)
{
    std::string out;
    for (auto at = text.find(secret); at != std::string_view::npos; at = text.find(secret)) {
        out.append(text.substr(0, at)).append(redacted);
        text.remove_prefix(at + secret.size());
    }
    return out.append(text);
}

std::string without_jwts(std::string_view text)
{
    constexpr std::string_view jwt_start = "eyJ";  // base64 of {"
    constexpr std::size_t jwt_bytes_min = 24;
    const auto is_token_char = [](char c) {
        return is_ascii_alpha(c) || is_ascii_digit(c) || c == '-' || c == '_' || c == '.';
    };
    std::string out;
    for (auto at = text.find(jwt_start); at != std::string_view::npos; at = text.find(jwt_start)) {
        const auto end = std::ranges::find_if_not(text.substr(at), is_token_char);
        const auto length = static_cast<std::size_t>(end - text.begin()) - at;
        out.append(text.substr(0, at));
        out.append(length >= jwt_bytes_min ? redacted : text.substr(at, length));
        text.remove_prefix(at + length);
    }
    return out.append(text);
}

/// Graph says so only in words at times; wrongly understood, the list is read once more.
bool message_names_cursor(std::string_view message)
{
    constexpr std::array<std::string_view, 7> names{
        "skiptoken",  "skip token",         "page token",  "pagetoken",
        "deltatoken", "continuation token", "delta token",
    };
    return contains_any(ascii_lower(message), names);
}

bool is_cursor_expired(int status, const ErrorBody& body, const Url& url)
{
    if (status < 400 || status >= 500 || status == 401 || status == 403 || status == 429)
        return false;
    if (std::ranges::any_of(body.codes, is_cursor_code))
        return true;
    if (!carries_cursor(url))
        return false;
    return status == 410 || (status == 400 && message_names_cursor(body.message));
}

Errc classify(int status, const ErrorBody& body, const Url& url)
{
    if (is_cursor_expired(status, body, url))
        return Errc::cursor_expired;
    if (status == 401)
        return Errc::unauthorized;
    if (status == 403)
        return Errc::forbidden;
    if (status == 404 || status == 410)
        return Errc::not_found;
    if (status == 429 || status == 503)
        return Errc::throttled;
    if (status == 501 || status == 505)
        return Errc::rejected;
    if (status == 408 || (status >= 500 && status < 600))
        return Errc::transient;
    if (status >= 400 && status < 500)
        return Errc::rejected;
    return Errc::malformed;
}

/// Where a redirect leads, without what a hostile Location would like to see logged.
std::string describe_redirect(const HttpResponse& response)
{
    const auto url = parse_url(response.header("Location").value_or(""));
    return fmt::format("redirected to {}, which is not followed",
                       url ? url->origin.to_string() : "an unusable or relative address");
}

std::string describe_body(const HttpResponse& response, const ErrorBody& body,
                          const Refusal& refusal)
{
    if (!body.message.empty())
        return body.message;
    if (body.is_json)
        return body.code.empty() ? "an error without code and message" : "";
    if (response.body.empty())
        return "an empty body";
    return fmt::format("a body that is not JSON: {}",
                       log::escape(redact(response.body, refusal.secrets), excerpt_bytes_max));
}

std::string compose_message(const HttpResponse& response, const ErrorBody& body,
                            const Refusal& refusal)
{
    if (response.status >= 300 && response.status < 400)
        return describe_redirect(response);
    auto message = describe_body(response, body, refusal);
    if (response.status == 403 && !refusal.permissions.empty()) {
        const auto* one_of = refusal.permissions.size() > 1 ? "one of " : "";
        message =
            fmt::format("needs {}{}: {}", one_of, fmt::join(refusal.permissions, ", "), message);
    }
    return message;
}

}  // namespace

std::string redact(std::string_view text, const std::vector<std::string_view>& secrets)
{
    std::string out{text.substr(0, redacted_bytes_max)};
    std::size_t longest = 0;
    for (const auto secret : secrets) {
        longest = std::max(longest, secret.size());
        if (secret.size() >= secret_bytes_min)
            out = without_secret(out, secret);
    }
    if (text.size() > redacted_bytes_max)  // the cut may have gone through a secret
        out.resize(out.size() - std::min(longest, out.size()));
    return without_jwts(out);
}

bool is_cursor_code(std::string_view code)
{
    constexpr std::array<std::string_view, 6> names{
        "syncstatenotfound", "resync", "pagetoken", "skiptoken", "deltatoken", "cannotsnapshottree",
    };
    return contains_any(ascii_lower(code), names);
}

bool carries_cursor(const Url& url)
{
    constexpr std::array<std::string_view, 2> marks{"token", "skip"};
    auto query = url.query();
    while (!query.empty()) {
        const auto parameter = query.substr(0, query.find('&'));
        if (contains_any(ascii_lower(parameter.substr(0, parameter.find('='))), marks))
            return true;
        query.remove_prefix(std::min(parameter.size() + 1, query.size()));
    }
    return false;
}

Error make_error(const HttpResponse& response, const Refusal& refusal)
{
    const auto body = parse_error_body(response.body);
    const auto clean = [&](std::string_view text, std::size_t bytes_max) {
        return log::escape(redact(text, refusal.secrets), bytes_max);
    };
    const auto header_or = [&](std::string_view name, std::string_view otherwise) {
        const auto value = response.header(name).value_or("");
        return clean(value.empty() ? otherwise : value, id_bytes_max);
    };

    Error error{.code = classify(response.status, body, refusal.url)};
    error.context = clean(refusal.context, context_bytes_max);
    error.message = clean(compose_message(response, body, refusal), message_bytes_max);
    error.http_status = response.status;
    error.graph_code = clean(body.code, code_bytes_max);
    error.from_graph = body.has_envelope && !(body.codes.empty() && body.message.empty());
    error.request_id = header_or("request-id", body.request_id);
    error.client_request_id = refusal.client_request_id.empty()
                                  ? header_or("client-request-id", body.client_request_id)
                                  : std::string{refusal.client_request_id};
    if (error.code == Errc::cursor_expired) {
        if (const auto location = response.header("Location").value_or("");
            location.size() <= location_bytes_max)
            error.location = std::string{location};
    }
    if (response.status == 401 || response.status == 403)
        error.challenge_claims = find_challenge(response.all("WWW-Authenticate")).claims;
    return error;
}

}  // namespace cloudpcd::graph
