#include "tests/simulator/caller.hpp"

#include <boost/json.hpp>

#include <cstdint>

namespace graphsim {

namespace {

namespace json = boost::json;

/// Of text without padding; ends at the first character that does not belong to the alphabet.
std::string from_base64url(std::string_view text)
{
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string bytes;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : text) {
        const auto value = alphabet.find(c);
        if (value == std::string_view::npos)
            break;
        bits = bits << 6U | static_cast<std::uint32_t>(value);
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes += static_cast<char>(bits >> static_cast<unsigned>(count) & 0xFFU);
        }
    }
    return bytes;
}

std::string claim(const json::object& claims, std::string_view name)
{
    const auto* value = claims.if_contains(name);
    return value != nullptr && value->is_string()
               ? std::string{std::string_view{value->as_string()}}
               : std::string{};
}

}  // namespace

Caller caller_of(std::string_view authorization)
{
    const auto first = authorization.find('.');
    if (first == std::string_view::npos)
        return {};
    boost::system::error_code failure;
    const auto payload = authorization.substr(first + 1);
    const auto value = json::parse(from_base64url(payload.substr(0, payload.find('.'))), failure);
    if (failure || !value.is_object())
        return {};
    const auto& claims = value.as_object();
    Caller caller{.application_id = claim(claims, "appid"), .delegated = claims.contains("scp")};
    if (caller.delegated) {
        caller.user_id = claim(claims, "oid");
        caller.user_principal_name = claim(claims, "upn");
    }
    return caller;
}

}  // namespace graphsim
