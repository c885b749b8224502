#pragma once
// Client assertions as Microsoft Entra takes them: JWTs signed with a registered certificate, and
// tokens of an issuer that the application trusts (identity platform documentation: "Application
// authentication certificate credentials", "Workload identity federation").

#include "tests/simulator/times.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace graphsim {

struct TenantOptions;

/// What the token endpoint says instead of a token.
struct TokenRefusal {
    int status;
    std::string error;
    int code;  ///< after AADSTS
    std::string description;
    std::string suberror{};  ///< empty: there is none
};

class AssertionCheck {
public:
    /// Nothing when `assertion` stands for the application of `options`.
    std::optional<TokenRefusal> refuse(std::string_view assertion, const TenantOptions& options);

private:
    struct Token;
    std::optional<TokenRefusal> refuse_signed(const Token& token, const TenantOptions& options);

    std::map<std::string, TimePoint> x_seen;  ///< jti and when it may be forgotten
};

}  // namespace graphsim
