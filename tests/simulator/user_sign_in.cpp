#include "tests/simulator/user_sign_in.hpp"

#include "tests/simulator/http.hpp"
#include "tests/simulator/tenant.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace graphsim {

namespace {

constexpr std::chrono::hours refresh_token_inactive_max{24 * 90};
/// So long an expired code is told from one that never was.
constexpr std::chrono::hours codes_kept{24};

std::vector<std::string> words_of(std::string_view text)
{
    std::vector<std::string> words;
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        if (end > 0)
            words.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return words;
}

std::optional<TokenRefusal> refuse_client(std::string_view client_id, const TenantOptions& options)
{
    const auto& expected =
        options.public_client_id.empty() ? options.client_id : options.public_client_id;
    if (!equal_without_case(client_id, expected))
        return TokenRefusal{400, "unauthorized_client", 700016,
                            fmt::format("Application with identifier '{}' was not found in the "
                                        "directory 'Contoso'.",
                                        client_id)};
    return std::nullopt;
}

/// The application has to be marked as one that keeps no secret.
std::optional<TokenRefusal> refuse_confidential(const TenantOptions& options)
{
    if (options.public_client_flows)
        return std::nullopt;
    return TokenRefusal{401, "invalid_client", 7000218,
                        "The request body must contain the following parameter: "
                        "'client_assertion' or 'client_secret'."};
}

std::optional<TokenRefusal> refuse_by_policy(const TenantOptions& options)
{
    switch (options.sign_in_policy) {
        case SignInPolicy::admit:
            break;
        case SignInPolicy::block:
            return TokenRefusal{400, "invalid_grant", 53003,
                                "Access has been blocked by Conditional Access policies. The "
                                "access policy does not allow token issuance.",
                                "message_only"};
        case SignInPolicy::require_mfa:
            return TokenRefusal{400, "invalid_grant", 50076,
                                "Due to a configuration change made by your administrator, or "
                                "because you moved to a new location, you must use multi-factor "
                                "authentication to access '00000003-0000-0000-c000-000000000000'.",
                                "basic_action"};
        case SignInPolicy::require_consent:
            return TokenRefusal{400, "invalid_grant", 65001,
                                fmt::format("The user or administrator has not consented to use "
                                            "the application with ID '{}'. Send an interactive "
                                            "authorization request for this user and resource.",
                                            options.client_id),
                                "consent_required"};
    }
    return std::nullopt;
}

}  // namespace

std::string UserSignIn::opaque(std::string_view prefix, std::size_t words)
{
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string text{prefix};
    for (std::size_t i = 0; i < words * 8; ++i)
        text += x_random.pick(alphabet);
    return text;
}

std::string UserSignIn::new_user_code()
{
    // Without vowels and what is mistaken for something else.
    constexpr std::string_view alphabet = "BCDFGHJKLMNPQRSTVWXZ23456789";
    constexpr std::size_t length = 9;
    std::string code;
    while (code.size() < length)
        code += x_random.pick(alphabet);
    return code;
}

std::variant<DeviceCode, TokenRefusal> UserSignIn::begin(std::string_view client_id,
                                                         std::string_view scope,
                                                         const TenantOptions& options)
{
    if (auto refusal = refuse_client(client_id, options))
        return *std::move(refusal);
    if (scope.empty())
        return TokenRefusal{400, "invalid_request", 900144,
                            "The request body must contain the following parameter: 'scope'."};
    const auto now = options.now();
    forget(now);
    DeviceCode made{.device_code = opaque("DAQABIQEAAAD", 20),
                    .user_code = new_user_code(),
                    .interval = options.device_code_interval,
                    .expires_in = options.device_code_lifetime};
    x_codes.emplace(made.device_code, Code{.user_code = made.user_code,
                                           .client_id = std::string{client_id},
                                           .scopes = words_of(scope),
                                           .expires = now + made.expires_in});
    return made;
}

std::variant<UserGrant, TokenRefusal> UserSignIn::redeem(std::string_view client_id,
                                                         std::string_view device_code,
                                                         const TenantOptions& options)
{
    if (auto refusal = refuse_client(client_id, options))
        return *std::move(refusal);
    if (auto refusal = refuse_confidential(options))
        return *std::move(refusal);
    const auto found = x_codes.find(device_code);
    if (found == x_codes.end() || !equal_without_case(found->second.client_id, client_id))
        return TokenRefusal{400, "bad_verification_code", 70018,
                            "The device_code that was sent is not known."};
    auto& code = found->second;
    const auto now = options.now();
    const auto polled = std::exchange(code.polled, now);
    if (now >= code.expires)
        return TokenRefusal{400, "expired_token", 70020,
                            "The provided value for the input parameter 'device_code' is not "
                            "valid. This device code has expired."};
    if (options.device_code_slow_down && polled && now - *polled < options.device_code_interval)
        return TokenRefusal{400, "slow_down", 70016, "The client polls too often."};
    if (code.declined)
        return TokenRefusal{400, "authorization_declined", 65004,
                            "User declined to consent to access the app."};
    if (!code.approved)
        return TokenRefusal{400, "authorization_pending", 70016,
                            "OAuth 2.0 device flow error. Authorization is pending. Continue "
                            "polling."};
    if (auto refusal = refuse_by_policy(options))
        return *std::move(refusal);
    auto granted = grant({.user = *code.approved, .client_id = code.client_id, .issued = now},
                         std::move(code.scopes), now);
    x_codes.erase(found);  // good for one sign-in
    return granted;
}

std::variant<UserGrant, TokenRefusal> UserSignIn::refresh(std::string_view client_id,
                                                          std::string_view refresh_token,
                                                          std::string_view scope,
                                                          const TenantOptions& options)
{
    if (auto refusal = refuse_client(client_id, options))
        return *std::move(refusal);
    if (auto refusal = refuse_confidential(options))
        return *std::move(refusal);
    const auto found = x_sessions.find(refresh_token);
    if (found == x_sessions.end() || !equal_without_case(found->second.client_id, client_id))
        return TokenRefusal{400, "invalid_grant", 9002313,
                            "Invalid request. Request is malformed or invalid."};
    const auto& session = found->second;
    const auto now = options.now();
    if (session.issued <= x_valid_from)
        return TokenRefusal{400, "invalid_grant", 50173,
                            fmt::format("The provided grant has expired due to it being revoked, a "
                                        "fresh auth token is needed. The user might have changed "
                                        "or reset their password. The grant was issued on '{}' and "
                                        "the TokensValidFrom date (before which tokens are not "
                                        "valid) for this user is '{}'.",
                                        rfc3339(session.issued, 7), rfc3339(x_valid_from, 7)),
                            "bad_token"};
    if (now - session.issued > refresh_token_inactive_max)
        return TokenRefusal{400, "invalid_grant", 700082,
                            fmt::format("The refresh token has expired due to inactivity. The "
                                        "token was issued on {} and was inactive for 90.00:00:00.",
                                        rfc3339(session.issued, 7)),
                            "bad_token"};
    if (auto refusal = refuse_by_policy(options))
        return *std::move(refusal);
    return grant(session, words_of(scope), now);
}

UserGrant UserSignIn::grant(const Session& session, std::vector<std::string> scopes, TimePoint now)
{
    UserGrant granted{.user = session.user,
                      .client_id = session.client_id,
                      .scopes = std::move(scopes),
                      .refresh_token = {}};
    if (std::ranges::find(granted.scopes, "offline_access") != granted.scopes.end()) {
        granted.refresh_token = opaque("1.AXoA", 40);
        x_sessions.emplace(
            granted.refresh_token,
            Session{.user = session.user, .client_id = session.client_id, .issued = now});
    }
    return granted;
}

UserSignIn::Code* UserSignIn::waiting(std::string_view user_code, TimePoint now)
{
    const auto found = std::ranges::find_if(x_codes, [&](const auto& entry) {
        const auto& code = entry.second;
        return equal_without_case(code.user_code, user_code) && now < code.expires &&
               !code.approved && !code.declined;
    });
    return found == x_codes.end() ? nullptr : &found->second;
}

bool UserSignIn::approve(std::string_view user_code, DirectoryUser user, TimePoint now)
{
    auto* code = waiting(user_code, now);
    if (code != nullptr)
        code->approved = std::move(user);
    return code != nullptr;
}

bool UserSignIn::decline(std::string_view user_code, TimePoint now)
{
    auto* code = waiting(user_code, now);
    if (code != nullptr)
        code->declined = true;
    return code != nullptr;
}

std::vector<PendingSignIn> UserSignIn::sign_ins(TimePoint now) const
{
    std::vector<PendingSignIn> all;
    for (const auto& [secret, code] : x_codes) {
        const auto* state = code.declined         ? "declined"
                            : code.approved       ? "approved"
                            : now >= code.expires ? "expired"
                                                  : "pending";
        all.push_back({.user_code = code.user_code, .client_id = code.client_id, .state = state});
    }
    return all;
}

void UserSignIn::forget(TimePoint now)
{
    std::erase_if(x_codes,
                  [&](const auto& entry) { return entry.second.expires + codes_kept < now; });
}

}  // namespace graphsim
