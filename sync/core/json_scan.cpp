#include "sync/core/json_scan.hpp"

#include <array>
#include <cstring>

namespace cloudpcd::json {

namespace {

bool is_space(char c) noexcept
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::size_t skip_space(std::string_view text, std::size_t at) noexcept
{
    while (at < text.size() && is_space(text[at]))
        ++at;
    return at;
}

/// Which bytes are looked for. A page of megabytes is scanned on the thread of the event loop:
/// find_first_of, which calls memchr for every byte, takes ten times as long.
class ByteSet {
public:
    constexpr explicit ByteSet(std::string_view bytes)
    {
        for (const char c : bytes)
            x_has.at(static_cast<unsigned char>(c)) = true;
    }
    /// Position of the first of them, or npos.
    std::size_t find_in(std::string_view text, std::size_t from) const noexcept
    {
        for (std::size_t at = from; at < text.size(); ++at) {
            if (x_has[static_cast<unsigned char>(text[at])])
                return at;
        }
        return std::string_view::npos;
    }

private:
    std::array<bool, 256> x_has{};
};

/// Position behind the closing quote of the string that starts at `from`.
std::optional<std::size_t> string_end(std::string_view text, std::size_t from) noexcept
{
    const std::size_t begin = from + 1;
    std::size_t quote = begin;
    while ((quote = text.find('"', quote)) != std::string_view::npos) {
        std::size_t escape = quote;
        while (escape > begin && text[escape - 1] == '\\')
            --escape;
        if ((quote - escape) % 2 == 0)
            return quote + 1;
        ++quote;
    }
    return std::nullopt;
}

std::optional<unsigned> hex4(std::string_view text, std::size_t at) noexcept
{
    if (at + 4 > text.size())
        return std::nullopt;
    unsigned value = 0;
    for (std::size_t i = at; i < at + 4; ++i) {
        const char c = text[i];
        unsigned digit = 0;
        if (c >= '0' && c <= '9')
            digit = static_cast<unsigned>(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = static_cast<unsigned>(c - 'a') + 10;
        else if (c >= 'A' && c <= 'F')
            digit = static_cast<unsigned>(c - 'A') + 10;
        else
            return std::nullopt;
        value = value * 16 + digit;
    }
    return value;
}

bool is_high_surrogate(unsigned unit) noexcept
{
    return unit >= 0xD800 && unit < 0xDC00;
}

bool is_low_surrogate(unsigned unit) noexcept
{
    return unit >= 0xDC00 && unit < 0xE000;
}

/// The low surrogate escape that follows at `at`, or nullopt.
std::optional<unsigned> low_surrogate_at(std::string_view text, std::size_t at) noexcept
{
    if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u')
        return std::nullopt;
    auto unit = hex4(text, at + 2);
    return unit && is_low_surrogate(*unit) ? unit : std::nullopt;
}

void append_utf8(std::string& out, unsigned code_point)
{
    const auto put = [&](unsigned byte) { out += static_cast<char>(byte); };
    if (code_point < 0x80) {
        put(code_point);
    } else if (code_point < 0x800) {
        put(0xC0 | (code_point >> 6U));
        put(0x80 | (code_point & 0x3FU));
    } else if (code_point < 0x10000) {
        put(0xE0 | (code_point >> 12U));
        put(0x80 | ((code_point >> 6U) & 0x3FU));
        put(0x80 | (code_point & 0x3FU));
    } else {
        put(0xF0 | (code_point >> 18U));
        put(0x80 | ((code_point >> 12U) & 0x3FU));
        put(0x80 | ((code_point >> 6U) & 0x3FU));
        put(0x80 | (code_point & 0x3FU));
    }
}

constexpr unsigned replacement_character = 0xFFFD;

}  // namespace

std::optional<std::size_t> value_end(std::string_view text, std::size_t from) noexcept
{
    if (from >= text.size())
        return std::nullopt;
    const char first = text[from];
    if (first == '"')
        return string_end(text, from);
    if (first != '{' && first != '[') {
        auto end = text.find_first_of(",]} \t\n\r", from);
        if (end == from)
            return std::nullopt;
        return end == std::string_view::npos ? text.size() : end;
    }
    static constexpr ByteSet structure{"\"{}[]"};
    std::size_t depth = 0;
    std::size_t at = from;
    while (true) {
        at = structure.find_in(text, at);
        if (at == std::string_view::npos)
            return std::nullopt;
        const char c = text[at];
        if (c == '"') {
            auto end = string_end(text, at);
            if (!end)
                return std::nullopt;
            at = *end;
            continue;
        }
        ++at;
        if (c == '{' || c == '[')
            ++depth;
        else if (--depth == 0)
            return at;
    }
}

std::string_view trim(std::string_view text) noexcept
{
    while (!text.empty() && is_space(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_space(text.back()))
        text.remove_suffix(1);
    return text;
}

std::optional<std::vector<Member>> object_members(std::string_view text)
{
    text = trim(text);
    if (text.size() < 2 || text.front() != '{' || text.back() != '}')
        return std::nullopt;
    std::vector<Member> members;
    std::size_t at = skip_space(text, 1);
    if (at + 1 == text.size())
        return members;
    while (true) {
        if (at >= text.size() || text[at] != '"')
            return std::nullopt;
        auto key_end = string_end(text, at);
        if (!key_end)
            return std::nullopt;
        Member member{.key = text.substr(at + 1, *key_end - at - 2), .value = {}};
        at = skip_space(text, *key_end);
        if (at >= text.size() || text[at] != ':')
            return std::nullopt;
        at = skip_space(text, at + 1);
        auto end = value_end(text, at);
        if (!end)
            return std::nullopt;
        member.value = text.substr(at, *end - at);
        members.push_back(member);
        at = skip_space(text, *end);
        if (at >= text.size())
            return std::nullopt;
        if (text[at] == '}')
            break;
        if (text[at] != ',')
            return std::nullopt;
        at = skip_space(text, at + 1);
    }
    if (at + 1 != text.size())
        return std::nullopt;
    return members;
}

std::optional<std::vector<std::string_view>> array_elements(std::string_view text)
{
    text = trim(text);
    if (text.size() < 2 || text.front() != '[' || text.back() != ']')
        return std::nullopt;
    std::vector<std::string_view> elements;
    std::size_t at = skip_space(text, 1);
    if (at + 1 == text.size())
        return elements;
    while (true) {
        auto end = value_end(text, at);
        if (!end || *end > text.size() - 1)
            return std::nullopt;
        elements.push_back(text.substr(at, *end - at));
        at = skip_space(text, *end);
        if (text[at] == ']')
            break;
        if (text[at] != ',')
            return std::nullopt;
        at = skip_space(text, at + 1);
    }
    if (at + 1 != text.size())
        return std::nullopt;
    return elements;
}

std::optional<std::string> string_value(std::string_view text)
{
    if (text.size() < 2 || text.front() != '"' || string_end(text, 0) != text.size())
        return std::nullopt;
    text = text.substr(1, text.size() - 2);
    std::string out;
    out.reserve(text.size());
    std::size_t at = 0;
    while (at < text.size()) {
        const char c = text[at];
        if (c != '\\') {
            if (static_cast<unsigned char>(c) < 0x20)
                return std::nullopt;
            out += c;
            ++at;
            continue;
        }
        constexpr std::string_view escapes = "\"\\/bfnrt";
        constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
        const char kind = text[at + 1];
        if (auto found = escapes.find(kind); found != std::string_view::npos) {
            out += meanings[found];
            at += 2;
            continue;
        }
        if (kind != 'u')
            return std::nullopt;
        auto unit = hex4(text, at + 2);
        if (!unit)
            return std::nullopt;
        at += 6;
        if (is_high_surrogate(*unit)) {
            if (auto low = low_surrogate_at(text, at)) {
                append_utf8(out, 0x10000 + ((*unit - 0xD800) << 10U) + (*low - 0xDC00));
                at += 6;
                continue;
            }
        }
        const bool lone = is_high_surrogate(*unit) || is_low_surrogate(*unit);
        append_utf8(out, lone ? replacement_character : *unit);
    }
    return out;
}

std::size_t count_members(std::string_view text) noexcept
{
    static constexpr ByteSet quote_or_colon{"\":"};
    std::size_t count = 0;
    std::size_t at = 0;
    while ((at = quote_or_colon.find_in(text, at)) != std::string_view::npos) {
        if (text[at] == ':') {
            ++count;
            ++at;
            continue;
        }
        auto end = string_end(text, at);
        if (!end)
            break;
        at = *end;
    }
    return count;
}

std::optional<std::string> replace_lone_surrogates(std::string_view text)
{
    std::optional<std::string> out;
    std::size_t at = 0;
    std::size_t copied = 0;
    while ((at = text.find('\\', at)) != std::string_view::npos && at + 1 < text.size()) {
        auto unit = text[at + 1] == 'u' ? hex4(text, at + 2) : std::nullopt;
        if (!unit) {
            at += 2;
            continue;
        }
        if (is_high_surrogate(*unit) && low_surrogate_at(text, at + 6)) {
            at += 12;
            continue;
        }
        if (is_high_surrogate(*unit) || is_low_surrogate(*unit)) {
            if (!out)
                out.emplace();
            out->append(text.substr(copied, at - copied));
            out->append("\\ufffd");
            copied = at + 6;
        }
        at += 6;
    }
    if (out)
        out->append(text.substr(copied));
    return out;
}

bool valid_utf8(std::string_view text) noexcept
{
    const auto* byte = reinterpret_cast<const unsigned char*>(text.data());
    const auto* const end = byte + text.size();
    while (byte < end) {
        // Nearly all of it is ASCII: eight bytes at a time.
        if (end - byte >= 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, byte, sizeof word);
            if ((word & 0x8080808080808080ULL) == 0) {
                byte += 8;
                continue;
            }
        }
        if (*byte < 0x80) {
            ++byte;
            continue;
        }
        const unsigned lead = *byte;
        const std::ptrdiff_t length = lead >= 0xC2 && lead < 0xE0   ? 2
                                      : lead >= 0xE0 && lead < 0xF0 ? 3
                                      : lead >= 0xF0 && lead < 0xF5 ? 4
                                                                    : 0;
        if (length == 0 || end - byte < length)
            return false;
        for (std::ptrdiff_t i = 1; i < length; ++i) {
            if ((byte[i] & 0xC0U) != 0x80)
                return false;
        }
        // Overlong forms, surrogates, and beyond U+10FFFF (Unicode, table 3-7).
        if ((lead == 0xE0 && byte[1] < 0xA0) || (lead == 0xED && byte[1] > 0x9F) ||
            (lead == 0xF0 && byte[1] < 0x90) || (lead == 0xF4 && byte[1] > 0x8F))
            return false;
        byte += length;
    }
    return true;
}

}  // namespace cloudpcd::json
