#include "daemon/ctl/text.hpp"

#include "sync/core/time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

namespace cloudpcd::ctl {

namespace {

struct Range {
    char32_t first;
    char32_t last;
};

bool is_in(char32_t code_point, std::span<const Range> ranges)
{
    return std::ranges::any_of(ranges, [&](const Range& range) {
        return range.first <= code_point && code_point <= range.last;
    });
}

/// Line and paragraph separators, and what changes the direction of text: with them a value could
/// make its neighbours read as something else.
constexpr std::array misleading{Range{0x061C, 0x061C}, Range{0x200E, 0x200F}, Range{0x2028, 0x202E},
                                Range{0x2066, 0x2069}, Range{0xFEFF, 0xFEFF}};

/// Source: Unicode EastAsianWidth.txt (W and F), whole blocks only.
constexpr std::array wide{
    Range{0x1100, 0x115F},   Range{0x2E80, 0x303E},   Range{0x3041, 0x33FF},
    Range{0x3400, 0x4DBF},   Range{0x4E00, 0x9FFF},   Range{0xA000, 0xA4CF},
    Range{0xAC00, 0xD7A3},   Range{0xF900, 0xFAFF},   Range{0xFE30, 0xFE6F},
    Range{0xFF00, 0xFF60},   Range{0xFFE0, 0xFFE6},   Range{0x1F300, 0x1F64F},
    Range{0x1F680, 0x1F6FF}, Range{0x1F900, 0x1F9FF}, Range{0x20000, 0x3FFFD}};

constexpr std::array combining{Range{0x0300, 0x036F}, Range{0x1AB0, 0x1AFF}, Range{0x1DC0, 0x1DFF},
                               Range{0x200B, 0x200D}, Range{0x20D0, 0x20FF}, Range{0xFE00, 0xFE0F},
                               Range{0xFE20, 0xFE2F}};

bool is_control(char32_t code_point)
{
    return code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0);
}

std::size_t width_of(char32_t code_point)
{
    if (is_in(code_point, combining))
        return 0;
    return is_in(code_point, wide) ? 2 : 1;
}

std::string escaped(char32_t code_point)
{
    switch (code_point) {
        case '\n':
            return "\\n";
        case '\r':
            return "\\r";
        case '\t':
            return "\\t";
        default:
            break;
    }
    const auto number = static_cast<std::uint32_t>(code_point);
    return number < 0x80 ? fmt::format("\\x{:02x}", number) : fmt::format("\\u{:04x}", number);
}

}  // namespace

Character character_at(std::string_view text, std::size_t at) noexcept
{
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto lead = byte(at);
    if (lead < 0x80)
        return {.code_point = lead, .bytes = 1, .valid = true};
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() - at < length)
        return {.code_point = lead};
    char32_t code_point = lead & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(at + i) & 0xC0U) != 0x80)
            return {.code_point = lead};
        code_point = (code_point << 6U) | (byte(at + i) & 0x3FU);
    }
    const bool overlong =
        (length == 3 && code_point < 0x800) || (length == 4 && code_point < 0x10000);
    const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    if (overlong || surrogate || code_point > 0x10FFFF)
        return {.code_point = lead};
    return {.code_point = code_point, .bytes = length, .valid = true};
}

std::string printable(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const auto character = character_at(text, at);
        if (!character.valid)
            out += fmt::format("\\x{:02x}", static_cast<std::uint32_t>(character.code_point));
        else if (is_control(character.code_point) || is_in(character.code_point, misleading))
            out += escaped(character.code_point);
        else
            out += text.substr(at, character.bytes);
        at += character.bytes;
    }
    return out;
}

std::size_t display_width(std::string_view text) noexcept
{
    std::size_t columns = 0;
    for (std::size_t at = 0; at < text.size();) {
        const auto character = character_at(text, at);
        columns += width_of(character.code_point);
        at += character.bytes;
    }
    return columns;
}

std::string cut(const std::string& text, std::size_t columns)
{
    if (display_width(text) <= columns)
        return text;
    std::size_t used = 0;
    std::size_t at = 0;
    while (at < text.size()) {
        const auto character = character_at(text, at);
        used += width_of(character.code_point);
        if (used + 1 > columns)  // the ellipsis needs the last one
            break;
        at += character.bytes;
    }
    return text.substr(0, at) + "…";
}

std::string json_string(std::string_view text)
{
    std::string out;
    out.reserve(text.size() + 2);
    out += '"';
    for (std::size_t at = 0; at < text.size();) {
        const auto character = character_at(text, at);
        if (!character.valid)
            out += "\xEF\xBF\xBD";
        else if (character.code_point == '"' || character.code_point == '\\')
            out += {'\\', text[at]};
        else if (character.code_point == '\n')
            out += "\\n";
        else if (is_control(character.code_point) || is_in(character.code_point, misleading))
            out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(character.code_point));
        else
            out += text.substr(at, character.bytes);
        at += character.bytes;
    }
    out += '"';
    return out;
}

std::string plain_real(double number)
{
    if (std::isinf(number))
        return number > 0 ? "Inf" : "-Inf";
    auto text = fmt::format("{}", number);
    if (text.find_first_of(".e") == std::string::npos)
        text += ".0";
    return text;
}

std::string json_real(double number)
{
    if (std::isinf(number))
        return number > 0 ? "1e999" : "-1e999";
    return plain_real(number);
}

std::string csv_field(std::string_view text)
{
    if (text.find_first_of(",\"\r\n") == std::string_view::npos)
        return std::string{text};
    std::string out{'"'};
    for (const char c : text) {
        if (c == '"')
            out += '"';
        out += c;
    }
    out += '"';
    return out;
}

std::string hex(std::string_view bytes)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    out.reserve(2 * bytes.size());
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += digits[byte >> 4U];
        out += digits[byte & 0xFU];
    }
    return out;
}

std::string format_age(std::int64_t seconds)
{
    // The clock may have been set back since.
    seconds = std::max(seconds, std::int64_t{0});
    if (seconds < 60)
        return fmt::format("{}s", seconds);
    if (seconds < 3600)
        return fmt::format("{}m {:02}s", seconds / 60, seconds % 60);
    if (seconds < 86'400)
        return fmt::format("{}h {:02}m", seconds / 3600, seconds / 60 % 60);
    return fmt::format("{}d {:02}h", seconds / 86'400, seconds / 3600 % 24);
}

std::string rfc3339(std::string_view sql_time)
{
    const auto time = parse_sql_time(sql_time);
    return time ? format_rfc3339(*time) : std::string{sql_time};
}

}  // namespace cloudpcd::ctl
