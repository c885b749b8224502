#include "tests/simulator/token_endpoint.hpp"

#include "tests/simulator/tenant.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace graphsim {

namespace {

namespace json = boost::json;

constexpr std::string_view bearer = "Bearer ";

std::string encode64(std::string_view bytes, std::string_view alphabet)
{
    std::string out;
    unsigned buffer = 0;
    unsigned bits = 0;
    for (const char c : bytes) {
        buffer = (buffer << 8U) | static_cast<unsigned char>(c);
        bits += 8;
        while (bits >= 6) {
            bits -= 6;
            out += alphabet[(buffer >> bits) & 63U];
        }
        buffer &= (1U << bits) - 1;
    }
    if (bits > 0)
        out += alphabet[(buffer << (6 - bits)) & 63U];
    return out;
}

std::string utc_text(TimePoint time)
{
    auto text = rfc3339(time);
    text[10] = ' ';
    return text;  // "2026-03-01 08:00:00Z", as Entra writes it
}

}  // namespace

std::string base64url(std::string_view bytes)
{
    return encode64(bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
}

std::string base64(std::string_view bytes)
{
    auto text = encode64(bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    text.append((4 - text.size() % 4) % 4, '=');
    return text;
}

struct TokenEndpoint::Refusal {
    int status;
    std::string_view error;
    int code;  ///< after AADSTS
    std::string description;
};

Response TokenEndpoint::refuse(const Refusal& refusal, TimePoint now)
{
    const auto trace = x_random.guid();
    const auto correlation = x_random.guid();
    const json::object body{
        {"error", refusal.error},
        {"error_description",
         fmt::format("AADSTS{}: {} Trace ID: {} Correlation ID: {} Timestamp: {}", refusal.code,
                     refusal.description, trace, correlation, utc_text(now))},
        {"error_codes", json::array{refusal.code}},
        {"timestamp", utc_text(now)},
        {"trace_id", trace},
        {"correlation_id", correlation},
        {"error_uri",
         fmt::format("https://login.microsoftonline.com/error?code={}", refusal.code)}};
    return {.status = refusal.status,
            .headers = {{"Content-Type", "application/json; charset=utf-8"},
                        {"Cache-Control", "no-store, no-cache"}},
            .body = json::serialize(body)};
}

Response TokenEndpoint::issue(const Request& request, std::string_view tenant,
                              const TenantOptions& options)
{
    const auto now = options.now();
    if (request.method != "POST")
        return refuse({405, "invalid_request", 900561,
                       fmt::format("The endpoint only accepts POST requests. Received a {} "
                                   "request.",
                                   request.method)},
                      now);
    const auto form = parse_form(request.body);
    const auto field = [&](std::string_view name) -> std::string {
        const auto found =
            std::ranges::find(form, name, &std::pair<std::string, std::string>::first);
        return found == form.end() ? "" : found->second;
    };
    if (!equal_without_case(tenant, options.tenant_id))
        return refuse({400, "invalid_request", 90002,
                       fmt::format("Tenant '{}' not found. Check to make sure you have the correct "
                                   "tenant ID and are signing into the correct cloud.",
                                   tenant)},
                      now);
    if (field("grant_type") != "client_credentials")
        return refuse(
            {400, "unsupported_grant_type", 70003,
             fmt::format("The app requested an unsupported grant type '{}'.", field("grant_type"))},
            now);
    if (!equal_without_case(field("client_id"), options.client_id))
        return refuse({400, "unauthorized_client", 700016,
                       fmt::format("Application with identifier '{}' was not found in the "
                                   "directory 'Contoso'.",
                                   field("client_id"))},
                      now);
    if (field("client_secret").empty())
        return refuse({401, "invalid_client", 7000218,
                       "The request body must contain the following parameter: "
                       "'client_assertion' or 'client_secret'."},
                      now);
    if (field("client_secret") != options.client_secret)
        return refuse({401, "invalid_client", 7000215,
                       fmt::format("Invalid client secret provided. Ensure the secret being sent "
                                   "in the request is the client secret value, not the client "
                                   "secret ID, for a secret added to app '{}'.",
                                   options.client_id)},
                      now);
    const auto scope = field("scope");
    constexpr std::string_view suffix = "/.default";
    if (!scope.ends_with(suffix) || scope.find(' ') != std::string::npos)
        return refuse(
            {400, "invalid_scope", 1002012,
             fmt::format("The provided value for scope {} is not valid. Client credential "
                         "flows must have a scope value with /.default suffixed to the "
                         "resource identifier (application ID URI).",
                         scope)},
            now);

    forget_expired(now);
    auto token =
        access_token(std::string_view{scope}.substr(0, scope.size() - suffix.size()), options);
    const auto lifetime = options.token_lifetime.count();
    json::object body{
        {"token_type", "Bearer"}, {"expires_in", lifetime}, {"ext_expires_in", lifetime}};
    // Entra says when to come back for tokens that live long.
    if (options.token_lifetime >= std::chrono::hours{2})
        body["refresh_in"] = lifetime / 2;
    body["access_token"] = token;
    x_tokens.emplace(std::move(token), Token{.number = ++x_issued,
                                             .expires = now + options.token_lifetime,
                                             .roles = options.roles});
    return {.status = 200,
            .headers = {{"Content-Type", "application/json; charset=utf-8"},
                        {"Cache-Control", "no-store, no-cache"}},
            .body = json::serialize(body)};
}

std::string TokenEndpoint::access_token(std::string_view audience, const TenantOptions& options)
{
    const auto issued = std::chrono::floor<std::chrono::seconds>(options.now());
    const auto expires = issued + options.token_lifetime;
    const json::object header{
        {"typ", "JWT"}, {"alg", "RS256"}, {"kid", base64url(x_random.guid())}};
    const json::object payload{
        {"aud", audience},
        {"iss", fmt::format("https://sts.windows.net/{}/", options.tenant_id)},
        {"iat", issued.time_since_epoch().count()},
        {"nbf", issued.time_since_epoch().count()},
        {"exp", expires.time_since_epoch().count()},
        {"app_displayname", "graph-sim client"},
        {"appid", options.client_id},
        {"appidacr", "1"},
        {"idtyp", "app"},
        {"oid", x_random.guid()},
        {"roles", json::value_from(options.roles)},
        {"tid", options.tenant_id},
        {"uti", base64url(x_random.guid().substr(0, 16))},
        {"ver", "1.0"}};
    std::string signature;
    for (int i = 0; i < 32; ++i) {
        const auto random = x_random.next();
        for (unsigned shift = 0; shift < 64; shift += 8)
            signature += static_cast<char>(random >> shift);
    }
    return base64url(json::serialize(header)) + '.' + base64url(json::serialize(payload)) + '.' +
           base64url(signature);
}

const TokenEndpoint::Token* TokenEndpoint::find(std::string_view authorization) const
{
    if (!authorization.starts_with(bearer))
        return nullptr;
    const auto found = x_tokens.find(std::string{authorization.substr(bearer.size())});
    return found == x_tokens.end() ? nullptr : &found->second;
}

TokenState TokenEndpoint::check(std::string_view authorization, TimePoint now) const
{
    if (!authorization.starts_with(bearer) || authorization.size() == bearer.size())
        return TokenState::missing;
    const Token* token = find(authorization);
    if (token == nullptr)
        return TokenState::unknown;
    return now < token->expires ? TokenState::valid : TokenState::expired;
}

const std::vector<std::string>& TokenEndpoint::roles(std::string_view authorization) const
{
    static const std::vector<std::string> none;
    const Token* token = find(authorization);
    return token == nullptr ? none : token->roles;
}

std::string TokenEndpoint::name(std::string_view authorization) const
{
    const Token* token = find(authorization);
    return token == nullptr ? "unknown" : fmt::format("Bearer token-{}", token->number);
}

void TokenEndpoint::forget_expired(TimePoint now)
{
    // Kept for a day, so that an expired token is told from one that never was.
    std::erase_if(x_tokens, [&](const auto& entry) {
        return entry.second.expires + std::chrono::hours{24} < now;
    });
}

}  // namespace graphsim
