#include "sync/graph/jwt.hpp"

#include "sync/graph/base64.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>

namespace cloudpcd::graph {

namespace {

constexpr std::size_t roles_max = 1000;

std::string text_member(const boost::json::object& object, std::string_view name)
{
    const auto* value = object.if_contains(name);
    const auto* text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? std::string{} : std::string{*text};
}

/// The object between the dots.
std::optional<boost::json::object> payload_of(std::string_view token)
{
    const auto first = token.find('.');
    if (token.size() > token_bytes_max || std::ranges::count(token, '.') != 2)
        return std::nullopt;
    const auto payload =
        base64_decode(token.substr(first + 1, token.find('.', first + 1) - first - 1));
    if (!payload)
        return std::nullopt;
    boost::system::error_code failure;
    auto value = boost::json::parse(*payload, failure);
    if (failure || !value.is_object())
        return std::nullopt;
    return std::move(value.as_object());
}

}  // namespace

UserClaims read_user_claims(std::string_view token)
{
    const auto object = payload_of(token);
    if (!object)
        return {};
    UserClaims claims{.tenant_id = text_member(*object, "tid"),
                      .object_id = text_member(*object, "oid"),
                      .principal_name = text_member(*object, "preferred_username")};
    if (claims.principal_name.empty())
        claims.principal_name = text_member(*object, "upn");
    return claims;
}

std::optional<TokenClaims> read_token_claims(std::string_view token)
{
    const auto object = payload_of(token);
    if (!object)
        return std::nullopt;

    TokenClaims claims{.tenant_id = text_member(*object, "tid"),
                       .roles = {},
                       .audience = text_member(*object, "aud")};
    const auto* roles = object->if_contains("roles");
    if (roles == nullptr || !roles->is_array())
        return claims;
    for (const auto& role : roles->get_array()) {
        if (const auto* name = role.if_string(); name != nullptr && claims.roles.size() < roles_max)
            claims.roles.emplace_back(*name);
    }
    return claims;
}

}  // namespace cloudpcd::graph
