#include "sync/graph/sign_in_advice.hpp"

#include <algorithm>
#include <span>

namespace cloudpcd::graph {

namespace {

struct Known {
    std::string_view what;  ///< Entra's code, or OAuth's reason
    std::string_view advice;
};

constexpr Known of_applications[] = {
    {"AADSTS7000215", "the client secret is wrong; the file must hold its value, not its id"},
    {"AADSTS7000222", "the client secret has expired; create a new one for the application"},
    {"AADSTS700016", "the tenant has no such application; check auth.client_id and tenant.id"},
    {"AADSTS90002", "there is no such tenant; check tenant.id and tenant.cloud"},
    {"AADSTS900023", "there is no such tenant; check tenant.id"},
    {"AADSTS7000112", "the application is disabled in this tenant; enable it"},
    {"AADSTS7000229", "the application has no service principal in the tenant; consent to it"},
    {"AADSTS700027", "the certificate is not one of the application's; upload it"},
    {"AADSTS700024", "the assertion is outside of its time range"},
    {"AADSTS1000502", "the certificate is outside of its validity; renew it"},
    {"AADSTS700211", "the application trusts no such issuer; check its federated credential"},
    {"AADSTS700212", "the federated token is for another audience; check both sides"},
    {"AADSTS700213", "the application trusts no such subject; check its federated credential"},
    {"AADSTS1002012", "the scope is wrong; check tenant.cloud"},
    {"AADSTS53003", "a Conditional Access policy blocks the application; exclude its address"},
};

constexpr std::string_view any_application =
    "the credential is refused; check [auth] and tenant.id";

constexpr std::string_view sign_in_again =
    "the sign-in has ended; sign in again with cloudpcctl login";

constexpr Known of_users[] = {
    {"AADSTS53003",
     "a Conditional Access policy of the tenant blocks this sign-in, most often by its condition "
     "\"device code flow\" (Authentication flows); an administrator can exclude the user or the "
     "application from that policy"},
    {"AADSTS50076",
     "the tenant wants multi-factor authentication; sign in again with cloudpcctl login and do it"},
    {"AADSTS50079",
     "the user has to register for multi-factor authentication first, at "
     "https://aka.ms/mfasetup; then sign in again with cloudpcctl login"},
    {"AADSTS50078",
     "the multi-factor authentication has expired; sign in again with cloudpcctl login"},
    {"AADSTS53000", "the tenant wants a compliant device; use one at the verification page"},
    {"AADSTS53001", "the tenant wants a joined device; use one at the verification page"},
    {"AADSTS65001",
     "nobody has consented to the application's permissions; add the delegated permission "
     "CloudPC.ReadWrite.All to it and have an administrator consent"},
    {"AADSTS65004", "the user declined; start again with cloudpcctl login"},
    {"AADSTS90094", "an administrator has to consent to the application's permissions"},
    {"AADSTS7000218",
     "the application is no public client; set \"Allow public client flows\" of its app "
     "registration to Yes, or name one that is in [auth.delegated] client_id"},
    {"AADSTS700016",
     "the tenant has no such application; check [auth.delegated] client_id and tenant.id"},
    {"AADSTS7000112", "the application is disabled in this tenant; enable it"},
    {"AADSTS50059", "the tenant cannot be told from the request; check tenant.id"},
    {"AADSTS90002", "there is no such tenant; check tenant.id and tenant.cloud"},
    {"AADSTS900023", "there is no such tenant; check tenant.id"},
    {"AADSTS50105",
     "the user is not assigned to the application; assign the user, or lift the requirement"},
    {"AADSTS50020", "the user belongs to another tenant; sign in as a user of this one"},
    {"AADSTS50034", "the tenant has no such user; sign in as a user of this one"},
    {"AADSTS50057", "the user's account is disabled"},
    {"AADSTS50173",
     "the sign-in was revoked or the password changed; sign in again with cloudpcctl login"},
    {"AADSTS700082", "the sign-in was not used for too long; sign in again with cloudpcctl login"},
    {"AADSTS70043",
     "a Conditional Access policy limits how long a sign-in lasts; sign in again with cloudpcctl "
     "login"},
    {"AADSTS70011", "the scope is wrong; check tenant.cloud"},
    {"authorization_declined", "the user declined; start again with cloudpcctl login"},
    {"access_denied", "the user declined; start again with cloudpcctl login"},
    {"expired_token",
     "the code expired before anybody signed in; start again with cloudpcctl login"},
    {"bad_verification_code", "the code is not known any more; start again with cloudpcctl login"},
    {"invalid_grant", sign_in_again},
    {"interaction_required", sign_in_again},
    {"consent_required", "an administrator has to consent to the application's permissions"},
};

constexpr std::string_view any_user =
    "the sign-in is refused; check [auth.delegated], and sign in again with cloudpcctl login";

std::string_view find(std::span<const Known> table, std::string_view what) noexcept
{
    const auto found = std::ranges::find(table, what, &Known::what);
    return found == table.end() ? std::string_view{} : found->advice;
}

}  // namespace

std::string_view sign_in_advice(Principal who, std::string_view code,
                                std::string_view reason) noexcept
{
    const bool user = who == Principal::user;
    const std::span<const Known> table =
        user ? std::span<const Known>{of_users} : std::span<const Known>{of_applications};
    auto advice = find(table, code);
    if (advice.empty())
        advice = find(table, reason);
    if (advice.empty())
        advice = user ? any_user : any_application;
    return advice;
}

}  // namespace cloudpcd::graph
