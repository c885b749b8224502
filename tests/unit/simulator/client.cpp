#include "client.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace graphsim::test {

void Client::sign_in()
{
    const auto& options = tenant.options();
    const auto response = post_token(
        fmt::format("grant_type=client_credentials&client_id={}&client_secret={}&scope={}",
                    options.client_id, percent_encode(options.client_secret),
                    percent_encode("https://graph.microsoft.com/.default")));
    REQUIRE(response.status == 200);
    token = text(json::parse(response.body).as_object().at("access_token"));
}

Response Client::post_token(const std::string& form, const std::string& tenant_id)
{
    return tenant.handle(
        {.method = "POST",
         .target = fmt::format("/{}/oauth2/v2.0/token",
                               tenant_id.empty() ? tenant.options().tenant_id : tenant_id),
         .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
         .body = form});
}

Response Client::get(const std::string& what, const Headers& headers)
{
    Request request{.target = fmt::format("/{}{}{}", to_string(version), endpoint, what),
                    .headers = headers};
    const auto& base = tenant.options().base_url;
    if (what.starts_with(base))
        request.target = what.substr(base.size());
    request.headers.emplace_back("Authorization", "Bearer " + token);
    return tenant.handle(request);
}

std::string Client::at(std::string_view set) const
{
    return fmt::format("{}/{}/{}", tenant.options().base_url, to_string(version),
                       fmt::join(Facts::instance().set(set)->path, "/"));
}

json::object Client::read(const std::string& what, const Headers& headers)
{
    const auto response = get(what, headers);
    REQUIRE_MESSAGE(response.status == 200, response.body);
    return json::parse(response.body).as_object();
}

std::vector<json::object> Client::list(std::string what, const Headers& headers)
{
    std::vector<json::object> items;
    while (true) {
        const auto page = read(what, headers);
        for (const auto& item : page.at("value").as_array())
            items.push_back(item.as_object());
        const auto* next = page.if_contains("@odata.nextLink");
        if (next == nullptr)
            return items;
        what = text(*next);
    }
}

std::string Client::error_code(const std::string& what)
{
    const auto response = get(what);
    if (response.status < 400)
        return "";
    const auto body = json::parse(response.body);
    return fmt::format("{} {}", response.status, text(body.at("error").at("code")));
}

std::string text(const json::value& value)
{
    return std::string{std::string_view{value.as_string()}};
}

std::vector<std::string> ids(const std::vector<json::object>& items)
{
    std::vector<std::string> list;
    for (const auto& item : items)
        list.push_back(text(item.at("id")));
    return list;
}

std::vector<std::string> names(const json::object& object)
{
    std::vector<std::string> list;
    for (const auto& member : object)
        list.emplace_back(std::string_view{member.key()});
    return list;
}

}  // namespace graphsim::test
