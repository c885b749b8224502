#pragma once
// How a user signs in to an application that has no browser: the device authorization grant of
// Microsoft Entra (identity platform documentation: "OAuth 2.0 device authorization grant", RFC
// 8628), and the refresh tokens it ends in ("Refresh tokens in the Microsoft identity platform").

#include "tests/simulator/client_assertion.hpp"
#include "tests/simulator/random.hpp"
#include "tests/simulator/times.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace graphsim {

struct TenantOptions;

struct DirectoryUser {
    std::string id;
    std::string principal_name;
    std::string display_name;
};

/// What a tenant answers to whoever signs in, or goes on with a sign-in of before.
enum class SignInPolicy {
    admit,
    block,            ///< a Conditional Access policy blocks the flow: 53003
    require_mfa,      ///< a policy asks for more than was shown: 50076
    require_consent,  ///< the application's permissions were not consented to: 65001
};

/// What a sign-in gives, besides the tokens.
struct UserGrant {
    DirectoryUser user;
    std::string client_id;
    std::vector<std::string> scopes;  ///< as asked for, blanks taken apart
    std::string refresh_token;        ///< empty unless offline_access was asked for
};

struct DeviceCode {
    std::string device_code;
    std::string user_code;
    std::chrono::seconds interval;
    std::chrono::seconds expires_in;
};

/// A sign-in as the controls show it.
struct PendingSignIn {
    std::string user_code;
    std::string client_id;
    std::string state;  ///< pending, approved, declined, expired
};

class UserSignIn {
public:
    explicit UserSignIn(std::uint64_t seed) : x_random{seed} {}

    /// `POST /{tenant}/oauth2/v2.0/devicecode`.
    std::variant<DeviceCode, TokenRefusal> begin(std::string_view client_id, std::string_view scope,
                                                 const TenantOptions& options);
    /// A poll with grant type `urn:ietf:params:oauth:grant-type:device_code`.
    std::variant<UserGrant, TokenRefusal> redeem(std::string_view client_id,
                                                 std::string_view device_code,
                                                 const TenantOptions& options);
    /// Grant type `refresh_token`. The old token stays good, as Entra's does.
    std::variant<UserGrant, TokenRefusal> refresh(std::string_view client_id,
                                                  std::string_view refresh_token,
                                                  std::string_view scope,
                                                  const TenantOptions& options);

    /// What the user does at the verification page. False when no such code waits.
    bool approve(std::string_view user_code, DirectoryUser user, TimePoint now);
    bool decline(std::string_view user_code, TimePoint now);
    std::vector<PendingSignIn> sign_ins(TimePoint now) const;
    /// Every refresh token of before answers invalid_grant from now on, as after a change of the
    /// password.
    void revoke(TimePoint now) noexcept { x_valid_from = now; }

private:
    struct Code {
        std::string user_code;
        std::string client_id;
        std::vector<std::string> scopes;
        TimePoint expires;
        std::optional<TimePoint> polled{};
        std::optional<DirectoryUser> approved{};
        bool declined = false;
    };
    struct Session {
        DirectoryUser user;
        std::string client_id;
        TimePoint issued;
    };
    Code* waiting(std::string_view user_code, TimePoint now);
    std::string opaque(std::string_view prefix, std::size_t words);
    std::string new_user_code();
    UserGrant grant(const Session& session, std::vector<std::string> scopes, TimePoint now);
    void forget(TimePoint now);

    Random x_random;
    std::map<std::string, Code, std::less<>> x_codes;        ///< by device code
    std::map<std::string, Session, std::less<>> x_sessions;  ///< by refresh token
    TimePoint x_valid_from = TimePoint::min();
};

}  // namespace graphsim
