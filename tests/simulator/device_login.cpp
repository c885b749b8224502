// The page at the verification URI, for people who play with the simulated tenant. Entra's own asks
// for a password; here it is enough to say who one is.

#include "tests/simulator/json_text.hpp"
#include "tests/simulator/tenant.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace graphsim {

namespace {

constexpr std::string_view form = R"(<form method="post">
<p><label>Code <input name="code" required autofocus></label></p>
<p><label>User principal name or id <input name="user" placeholder="the first user"></label></p>
<p><button name="answer" value="approve">Sign in</button>
<button name="answer" value="decline">Decline</button></p>
</form>)";

Response login_page(int status, std::string_view said)
{
    return {.status = status,
            .headers = {{"Content-Type", "text/html; charset=utf-8"},
                        {"Cache-Control", "no-store, no-cache"}},
            .body = fmt::format("<!DOCTYPE html>\n<title>Enter code</title>\n<h1>Enter code</h1>\n"
                                "<p>{}</p>\n{}\n",
                                said, form)};
}

std::string value_of(const std::vector<std::pair<std::string, std::string>>& fields,
                     std::string_view name)
{
    const auto found = std::ranges::find(fields, name, &std::pair<std::string, std::string>::first);
    return found == fields.end() ? "" : found->second;
}

}  // namespace

Response Tenant::device_login(const Request& request)
{
    if (request.method == "GET")
        return login_page(200, "Enter the code that the application shows.");
    const auto fields = parse_form(request.body);
    const auto code = value_of(fields, "code");
    const bool declined = value_of(fields, "answer") == "decline";
    const bool done =
        declined ? decline_sign_in(code) : approve_sign_in(code, value_of(fields, "user"));
    if (!done)
        return login_page(400, "That code did not work, or there is no such user.");
    return login_page(
        200, declined ? "You declined." : "You have signed in. You may close this window.");
}

std::optional<DirectoryUser> Tenant::find_user(std::string_view user) const
{
    const auto& users = set("users");
    for (std::size_t i = 0; i < users.size(); ++i) {
        const auto& text = *users.at(i).text;
        DirectoryUser found{.id = users.at(i).id,
                            .principal_name = string_of(member(text, "userPrincipalName")),
                            .display_name = string_of(member(text, "displayName"))};
        if (user.empty() || equal_without_case(found.id, user) ||
            equal_without_case(found.principal_name, user))
            return found;
    }
    return std::nullopt;
}

bool Tenant::approve_sign_in(std::string_view user_code, std::string_view user)
{
    auto found = find_user(user);
    return found && x_tokens.users().approve(user_code, *std::move(found), now());
}

bool Tenant::decline_sign_in(std::string_view user_code)
{
    return x_tokens.users().decline(user_code, now());
}

}  // namespace graphsim
