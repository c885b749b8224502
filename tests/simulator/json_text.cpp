#include "tests/simulator/json_text.hpp"

#include <boost/json.hpp>

#include <cstring>

namespace graphsim {

namespace {

std::size_t string_end(std::string_view text, std::size_t at) noexcept
{
    ++at;
    while (at < text.size() && text[at] != '"')
        at += text[at] == '\\' ? 2 : 1;
    return at + 1;
}

}  // namespace

std::size_t skip_space(std::string_view text, std::size_t at) noexcept
{
    while (at < text.size() &&
           (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r'))
        ++at;
    return at;
}

std::size_t value_end(std::string_view text, std::size_t at) noexcept
{
    if (at >= text.size())
        return text.size();
    if (text[at] == '"')
        return string_end(text, at);
    if (text[at] != '{' && text[at] != '[') {
        const auto end = text.find_first_of(",]} \t\r\n", at);
        return end == std::string_view::npos ? text.size() : end;
    }
    std::size_t depth = 0;
    while (at < text.size()) {
        const char c = text[at];
        if (c == '"') {
            at = string_end(text, at);
            continue;
        }
        ++at;
        if (c == '{' || c == '[')
            ++depth;
        else if ((c == '}' || c == ']') && --depth == 0)
            return at;
    }
    return at;
}

std::string_view member(std::string_view text, std::string_view key)
{
    std::string_view found;
    for_each_member(text, [&](std::string_view name, std::string_view value) {
        if (name != key)
            return true;
        found = value;
        return false;
    });
    return found;
}

std::string string_of(std::string_view text)
{
    if (text.size() < 2 || text.front() != '"')
        return {};
    const auto content = text.substr(1, text.size() - 2);
    if (content.find('\\') == std::string_view::npos)
        return std::string{content};
    boost::system::error_code failure;
    const auto value = boost::json::parse(text, failure);
    return failure ? std::string{content} : std::string{std::string_view{value.as_string()}};
}

std::string quote(std::string_view text)
{
    return boost::json::serialize(boost::json::string_view{text.data(), text.size()});
}

}  // namespace graphsim
