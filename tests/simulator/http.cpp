#include "tests/simulator/http.hpp"

#include <algorithm>
#include <cctype>

namespace graphsim {

namespace {

std::optional<std::string_view> find_header(const Headers& headers, std::string_view name) noexcept
{
    for (const auto& [key, value] : headers) {
        if (equal_without_case(key, name))
            return value;
    }
    return std::nullopt;
}

int hex_digit(char c) noexcept
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/// A broken escape stays as it is.
std::string percent_decode(std::string_view text, bool plus_is_blank)
{
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size()) {
            const int high = hex_digit(text[i + 1]);
            const int low = hex_digit(text[i + 2]);
            if (high >= 0 && low >= 0) {
                out += static_cast<char>(high * 16 + low);
                i += 2;
                continue;
            }
        }
        out += plus_is_blank && text[i] == '+' ? ' ' : text[i];
    }
    return out;
}

}  // namespace

bool equal_without_case(std::string_view a, std::string_view b) noexcept
{
    const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
    return std::ranges::equal(a, b, {}, lower, lower);
}

std::optional<std::string_view> Request::header(std::string_view name) const noexcept
{
    return find_header(headers, name);
}

std::optional<std::string_view> Response::header(std::string_view name) const noexcept
{
    return find_header(headers, name);
}

std::optional<std::string_view> Target::parameter(std::string_view name) const noexcept
{
    for (const auto& [key, value] : query) {
        if (key == name)
            return value;
    }
    return std::nullopt;
}

std::vector<std::pair<std::string, std::string>> parse_form(std::string_view text)
{
    std::vector<std::pair<std::string, std::string>> fields;
    while (!text.empty()) {
        const auto end = std::min(text.find('&'), text.size());
        const auto field = text.substr(0, end);
        const auto equals = std::min(field.find('='), field.size());
        const auto value = field.substr(std::min(equals + 1, field.size()));
        if (!field.empty())
            fields.emplace_back(percent_decode(field.substr(0, equals), true),
                                percent_decode(value, true));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return fields;
}

Target parse_target(std::string_view target)
{
    Target parsed;
    const auto question = std::min(target.find('?'), target.size());
    auto path = target.substr(0, question);
    while (!path.empty()) {
        const auto end = std::min(path.find('/'), path.size());
        if (end > 0)
            parsed.segments.push_back(percent_decode(path.substr(0, end), false));
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    if (question < target.size())
        parsed.query = parse_form(target.substr(question + 1));
    return parsed;
}

std::string percent_encode(std::string_view text)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    constexpr std::string_view plain = "-._~$,()'*/:@!";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte < 0x80 && std::isalnum(byte) != 0) || plain.find(c) != std::string_view::npos) {
            out += c;
        } else {
            out += '%';
            out += digits[byte >> 4U];
            out += digits[byte & 15U];
        }
    }
    return out;
}

}  // namespace graphsim
