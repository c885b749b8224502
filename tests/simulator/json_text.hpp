#pragma once
// JSON as text: objects are stored as the bytes that a response shows, and a page of a thousand is
// cut together from slices. The text comes from the generator or was parsed once when it was added,
// so that nothing here checks it again.

#include <string>
#include <string_view>

namespace graphsim {

/// Position behind the value that starts at `at`.
std::size_t value_end(std::string_view text, std::size_t at) noexcept;
std::size_t skip_space(std::string_view text, std::size_t at) noexcept;

/// Calls visit(key, value) for the members of the object `text`; the key is between the quotes,
/// escapes as written. Stops when visit gives false.
template <class Visit>
void for_each_member(std::string_view text, Visit&& visit)
{
    std::size_t at = skip_space(text, skip_space(text, 0) + 1);
    while (at < text.size() && text[at] == '"') {
        const auto key_end = value_end(text, at);
        const auto key = text.substr(at + 1, key_end - at - 2);
        const auto from = skip_space(text, skip_space(text, key_end) + 1);
        const auto to = value_end(text, from);
        if (!visit(key, text.substr(from, to - from)))
            return;
        at = skip_space(text, to);
        if (at < text.size() && text[at] == ',')
            at = skip_space(text, at + 1);
    }
}

/// Calls visit(value) for the elements of the array `text`.
template <class Visit>
void for_each_element(std::string_view text, Visit&& visit)
{
    std::size_t at = skip_space(text, skip_space(text, 0) + 1);
    while (at < text.size() && text[at] != ']') {
        const auto to = value_end(text, at);
        visit(text.substr(at, to - at));
        at = skip_space(text, to);
        if (at < text.size() && text[at] == ',')
            at = skip_space(text, at + 1);
    }
}

/// The value of a member of the object `text`; empty when there is none.
std::string_view member(std::string_view text, std::string_view key);

/// Content of the string literal `text`; empty for anything else.
std::string string_of(std::string_view text);

/// `text` as a string literal.
std::string quote(std::string_view text);

}  // namespace graphsim
