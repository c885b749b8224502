#include "sync/graph/base64.hpp"

#include <cstdint>

namespace cloudpcd::graph {

namespace {

std::optional<std::uint32_t> sextet(char c) noexcept
{
    if (c >= 'A' && c <= 'Z')
        return static_cast<std::uint32_t>(c - 'A');
    if (c >= 'a' && c <= 'z')
        return static_cast<std::uint32_t>(c - 'a' + 26);
    if (c >= '0' && c <= '9')
        return static_cast<std::uint32_t>(c - '0' + 52);
    if (c == '+' || c == '-')
        return 62;
    if (c == '/' || c == '_')
        return 63;
    return std::nullopt;
}

std::string encode(std::string_view bytes, std::string_view last_two)
{
    constexpr std::string_view first =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    std::uint32_t bits = 0;
    unsigned count = 0;
    const auto put = [&](std::uint32_t value) {
        out += value < first.size() ? first[value] : last_two[value - first.size()];
    };
    for (const char c : bytes) {
        bits = (bits << 8U | static_cast<unsigned char>(c)) & 0xFFFFU;
        for (count += 8; count >= 6; count -= 6)
            put(bits >> (count - 6) & 0x3FU);
    }
    if (count > 0)
        put(bits << (6 - count) & 0x3FU);
    return out;
}

}  // namespace

std::string base64url_encode(std::string_view bytes)
{
    return encode(bytes, "-_");
}

std::string base64_encode(std::string_view bytes)
{
    auto out = encode(bytes, "+/");
    out.append((4 - out.size() % 4) % 4, '=');
    return out;
}

std::optional<std::string> base64_decode(std::string_view text)
{
    for (int i = 0; i < 2 && text.ends_with('='); ++i)
        text.remove_suffix(1);
    if (text.size() % 4 == 1)
        return std::nullopt;
    std::string out;
    out.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char c : text) {
        const auto value = sextet(c);
        if (!value)
            return std::nullopt;
        bits = (bits << 6U | *value) & 0xFFFFU;
        count += 6;
        if (count >= 8) {
            count -= 8;
            out += static_cast<char>(bits >> count & 0xFFU);
        }
    }
    return out;
}

}  // namespace cloudpcd::graph
