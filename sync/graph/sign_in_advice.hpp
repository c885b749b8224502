#pragma once
// What an operator can do about a sign-in that Entra refuses.
// Source: Microsoft identity platform "Microsoft Entra authentication and authorization error
// codes", "OAuth 2.0 device authorization grant flow", "Refresh tokens"; Conditional Access
// "Authentication flows".

#include <string_view>

namespace cloudpcd::graph {

/// Who signs in: the same code asks for other things of each.
enum class Principal { application, user };

/// `code` is Entra's, such as "AADSTS53003"; `reason` OAuth's `error`, which counts where the code
/// is not known: Entra reserves the right to change its codes.
std::string_view sign_in_advice(Principal who, std::string_view code,
                                std::string_view reason) noexcept;

}  // namespace cloudpcd::graph
