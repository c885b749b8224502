#include "tests/simulator/token_endpoint.hpp"

#include "tests/simulator/tenant.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <variant>

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

std::string field(const std::vector<std::pair<std::string, std::string>>& form,
                  std::string_view name)
{
    const auto found = std::ranges::find(form, name, &std::pair<std::string, std::string>::first);
    return found == form.end() ? "" : found->second;
}

Response json_response(int status, const json::object& body)
{
    return {.status = status,
            .headers = {{"Content-Type", "application/json; charset=utf-8"},
                        {"Cache-Control", "no-store, no-cache"}},
            .body = json::serialize(body)};
}

Response bad_identity_request(std::string_view description)
{
    return json_response(400, {{"error", "invalid_request"}, {"error_description", description}});
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

Response TokenEndpoint::refuse(const TokenRefusal& refusal, TimePoint now)
{
    const auto trace = x_random.guid();
    const auto correlation = x_random.guid();
    json::object body{
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
    if (!refusal.suberror.empty())
        body["suberror"] = refusal.suberror;
    return json_response(refusal.status, body);
}

/// What is wrong with a request before its grant is looked at.
std::optional<TokenRefusal> TokenEndpoint::refuse_request(const Request& request,
                                                          std::string_view tenant,
                                                          const TenantOptions& options) const
{
    if (request.method != "POST")
        return TokenRefusal{405, "invalid_request", 900561,
                            fmt::format("The endpoint only accepts POST requests. Received a {} "
                                        "request.",
                                        request.method)};
    if (!equal_without_case(tenant, options.tenant_id))
        return TokenRefusal{400, "invalid_request", 90002,
                            fmt::format("Tenant '{}' not found. Check to make sure you have the "
                                        "correct tenant ID and are signing into the correct cloud.",
                                        tenant)};
    return std::nullopt;
}

Response TokenEndpoint::issue(const Request& request, std::string_view tenant,
                              const TenantOptions& options)
{
    const auto now = options.now();
    if (const auto refusal = refuse_request(request, tenant, options))
        return refuse(*refusal, now);
    const auto form = parse_form(request.body);
    const auto type = field(form, "grant_type");
    if (type == "client_credentials")
        return issue_to_application(form, options);
    std::variant<UserGrant, TokenRefusal> answer;
    if (type == "urn:ietf:params:oauth:grant-type:device_code")
        answer = x_users.redeem(field(form, "client_id"), field(form, "device_code"), options);
    else if (type == "refresh_token")
        answer = x_users.refresh(field(form, "client_id"), field(form, "refresh_token"),
                                 field(form, "scope"), options);
    else
        answer =
            TokenRefusal{400, "unsupported_grant_type", 70003,
                         fmt::format("The app requested an unsupported grant type '{}'.", type)};
    if (const auto* refusal = std::get_if<TokenRefusal>(&answer))
        return refuse(*refusal, now);
    return issue_to_user(std::get<UserGrant>(answer), options);
}

Response TokenEndpoint::issue_device_code(const Request& request, std::string_view tenant,
                                          const TenantOptions& options)
{
    const auto now = options.now();
    if (const auto refusal = refuse_request(request, tenant, options))
        return refuse(*refusal, now);
    const auto form = parse_form(request.body);
    const auto answer = x_users.begin(field(form, "client_id"), field(form, "scope"), options);
    if (const auto* refusal = std::get_if<TokenRefusal>(&answer))
        return refuse(*refusal, now);
    const auto& code = std::get<DeviceCode>(answer);
    const auto page = options.base_url + "/devicelogin";
    return json_response(
        200, {{"user_code", code.user_code},
              {"device_code", code.device_code},
              {"verification_uri", page},
              {"expires_in", code.expires_in.count()},
              {"interval", code.interval.count()},
              {"message", fmt::format("To sign in, use a web browser to open the page {} and enter "
                                      "the code {} to authenticate.",
                                      page, code.user_code)}});
}

Response TokenEndpoint::issue_to_application(const Form& form, const TenantOptions& options)
{
    const auto now = options.now();
    if (const auto refusal = refuse_client(form, options))
        return refuse(*refusal, now);
    const auto scope = field(form, "scope");
    constexpr std::string_view suffix = "/.default";
    if (!scope.ends_with(suffix) || scope.find(' ') != std::string::npos)
        return refuse(
            {400, "invalid_scope", 1002012,
             fmt::format("The provided value for scope {} is not valid. Client credential "
                         "flows must have a scope value with /.default suffixed to the "
                         "resource identifier (application ID URI).",
                         scope)},
            now);

    const auto lifetime = options.token_lifetime.count();
    json::object body{
        {"token_type", "Bearer"}, {"expires_in", lifetime}, {"ext_expires_in", lifetime}};
    // Entra says when to come back for tokens that live long.
    if (options.token_lifetime >= std::chrono::hours{2})
        body["refresh_in"] = lifetime / 2;
    const auto audience = std::string_view{scope}.substr(0, scope.size() - suffix.size());
    body["access_token"] = grant(audience, options.client_id, options);
    return json_response(200, body);
}

/// An access token for the one resource among the scopes, and what OpenID's own scopes bring.
Response TokenEndpoint::issue_to_user(const UserGrant& granted, const TenantOptions& options)
{
    constexpr std::array<std::string_view, 4> of_openid{"openid", "profile", "email",
                                                        "offline_access"};
    std::string audience;
    std::vector<std::string> permissions;
    for (const auto& scope : granted.scopes) {
        const auto slash = scope.rfind('/');
        if (slash != std::string::npos) {
            audience = scope.substr(0, slash);
            permissions.push_back(scope.substr(slash + 1));
        } else if (scope != "offline_access") {
            permissions.push_back(scope);
        }
    }
    if (audience.empty())  // bare names of permissions are Graph's
        audience = "https://graph.microsoft.com";
    const auto has = [&](std::string_view scope) {
        return std::ranges::find(granted.scopes, scope) != granted.scopes.end();
    };

    const auto& user = granted.user;
    auto claims = common_claims(audience, options);
    claims["appid"] = granted.client_id;
    claims["appidacr"] = "0";
    claims["idtyp"] = "user";
    claims["name"] = user.display_name;
    claims["oid"] = user.id;
    claims["scp"] = fmt::format("{}", fmt::join(permissions, " "));
    claims["upn"] = user.principal_name;
    claims["unique_name"] = user.principal_name;

    const auto lifetime = options.token_lifetime.count();
    json::object body{{"token_type", "Bearer"},
                      {"scope", fmt::format("{}", fmt::join(granted.scopes, " "))},
                      {"expires_in", lifetime},
                      {"ext_expires_in", lifetime}};
    std::erase_if(permissions, [&](const auto& name) {
        return std::ranges::find(of_openid, name) != of_openid.end();
    });
    body["access_token"] = keep(jwt(claims), std::move(permissions), options);
    if (!granted.refresh_token.empty())
        body["refresh_token"] = granted.refresh_token;
    if (has("openid")) {
        auto identity = common_claims(granted.client_id, options);
        identity["iss"] = fmt::format("{}/{}/v2.0", options.base_url, options.tenant_id);
        identity["ver"] = "2.0";
        if (has("profile")) {
            identity["name"] = user.display_name;
            identity["oid"] = user.id;
            identity["preferred_username"] = user.principal_name;
        }
        body["id_token"] = jwt(identity);
    }
    return json_response(200, body);
}

/// Who asks, and how it is proved.
std::optional<TokenRefusal> TokenEndpoint::refuse_client(const Form& form,
                                                         const TenantOptions& options)
{
    constexpr std::string_view jwt_bearer =
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    if (!equal_without_case(field(form, "client_id"), options.client_id))
        return TokenRefusal{400, "unauthorized_client", 700016,
                            fmt::format("Application with identifier '{}' was not found in the "
                                        "directory 'Contoso'.",
                                        field(form, "client_id"))};
    if (const auto assertion = field(form, "client_assertion"); !assertion.empty()) {
        if (field(form, "client_assertion_type") != jwt_bearer)
            return TokenRefusal{400, "invalid_request", 900144,
                                "The request body must contain the following parameter: "
                                "'client_assertion_type'."};
        return x_assertions.refuse(assertion, options);
    }
    if (field(form, "client_secret").empty())
        return TokenRefusal{401, "invalid_client", 7000218,
                            "The request body must contain the following parameter: "
                            "'client_assertion' or 'client_secret'."};
    if (field(form, "client_secret") != options.client_secret)
        return TokenRefusal{401, "invalid_client", 7000215,
                            fmt::format("Invalid client secret provided. Ensure the secret being "
                                        "sent in the request is the client secret value, not the "
                                        "client secret ID, for a secret added to app '{}'.",
                                        options.client_id)};
    return std::nullopt;
}

Response TokenEndpoint::issue_to_identity(const Request& request, const TenantOptions& options)
{
    if (request.method != "GET")
        return json_response(405, {{"error", "method_not_allowed"}});
    // The service refuses what may have been forwarded, so that nobody is tricked into asking it.
    if (request.header("Metadata") != "true" || request.header("X-Forwarded-For"))
        return bad_identity_request("Required metadata header not specified");
    const auto target = parse_target(request.target);
    if (target.parameter("api-version") != "2018-02-01")
        return bad_identity_request(
            "Required query variable 'api-version' is missing or not "
            "supported");
    const std::string resource{target.parameter("resource").value_or("")};
    if (resource.empty())
        return bad_identity_request("Required query variable 'resource' is missing");
    const auto asked = target.parameter("client_id");
    const auto& users = options.user_identities;
    if (asked ? std::ranges::find(users, *asked) == users.end() : !options.system_identity)
        return bad_identity_request("Identity not found");

    const auto now = std::chrono::floor<std::chrono::seconds>(options.now());
    const auto begins = now.time_since_epoch().count();
    const auto lifetime = options.token_lifetime.count();
    const std::string client_id{asked.value_or(options.client_id)};
    return json_response(200, {{"access_token", grant(resource, client_id, options)},
                               {"client_id", client_id},
                               {"expires_in", std::to_string(lifetime)},
                               {"expires_on", std::to_string(begins + lifetime)},
                               {"ext_expires_in", std::to_string(lifetime)},
                               {"not_before", std::to_string(begins)},
                               {"resource", resource},
                               {"token_type", "Bearer"}});
}

/// A new token of an application, good from now on.
std::string TokenEndpoint::grant(std::string_view audience, std::string_view client_id,
                                 const TenantOptions& options)
{
    auto claims = common_claims(audience, options);
    claims["app_displayname"] = "graph-sim client";
    claims["appid"] = client_id;
    claims["appidacr"] = "1";
    claims["idtyp"] = "app";
    claims["oid"] = x_random.guid();
    claims["roles"] = json::value_from(options.roles);
    return keep(jwt(claims), options.roles, options);
}

/// Remembers a token, so that it is known when it comes back.
std::string TokenEndpoint::keep(std::string token, std::vector<std::string> roles,
                                const TenantOptions& options)
{
    const auto now = options.now();
    forget_expired(now);
    x_tokens.emplace(token, Token{.number = ++x_issued,
                                  .expires = now + options.token_lifetime,
                                  .roles = std::move(roles)});
    return token;
}

json::object TokenEndpoint::common_claims(std::string_view audience, const TenantOptions& options)
{
    const auto issued = std::chrono::floor<std::chrono::seconds>(options.now());
    const auto expires = issued + options.token_lifetime;
    return {{"aud", audience},
            {"iss", fmt::format("https://sts.windows.net/{}/", options.tenant_id)},
            {"iat", issued.time_since_epoch().count()},
            {"nbf", issued.time_since_epoch().count()},
            {"exp", expires.time_since_epoch().count()},
            {"tid", options.tenant_id},
            {"uti", base64url(x_random.guid().substr(0, 16))},
            {"ver", "1.0"}};
}

std::string TokenEndpoint::jwt(const json::object& payload)
{
    const json::object header{
        {"typ", "JWT"}, {"alg", "RS256"}, {"kid", base64url(x_random.guid())}};
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
