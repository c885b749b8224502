#pragma once
// ASCII without locale: protocol texts are compared and folded byte by byte.

#include <algorithm>
#include <string>
#include <string_view>

namespace cloudpcd::graph {

constexpr char ascii_lower(char c) noexcept
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr bool is_ascii_digit(char c) noexcept
{
    return c >= '0' && c <= '9';
}

constexpr bool is_ascii_alpha(char c) noexcept
{
    return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}

inline std::string ascii_lower(std::string_view text)
{
    std::string out{text};
    std::ranges::transform(out, out.begin(), [](char c) { return ascii_lower(c); });
    return out;
}

constexpr bool ascii_iequals(std::string_view a, std::string_view b) noexcept
{
    return std::ranges::equal(
        a, b, {}, [](char c) { return ascii_lower(c); }, [](char c) { return ascii_lower(c); });
}

constexpr std::string_view trim_blanks(std::string_view text) noexcept
{
    const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && is_blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back()))
        text.remove_suffix(1);
    return text;
}

}  // namespace cloudpcd::graph
