#pragma once
// A scanner that finds its way through JSON without building it: where a value ends, which members
// an object has. A whole page must not fail because one of its items is broken, and `raw` must be
// the bytes that were sent; a parser gives neither.
//
// It checks strings and brackets only. What lies inside a slice is judged by the parser that reads
// it.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::json {

struct Member {
    std::string_view key;    ///< between the quotes, escapes as sent
    std::string_view value;  ///< without surrounding white space
};

/// Position behind the value that starts at `from` (no leading white space), or nullopt when a
/// string or bracket stays open. Brackets are counted, not matched; there is no depth limit, and no
/// recursion.
std::optional<std::size_t> value_end(std::string_view text, std::size_t from) noexcept;

std::string_view trim(std::string_view text) noexcept;

/// Members of the object that `text` is; nullopt when it is none or is not well formed at its top
/// level. Duplicates are kept.
std::optional<std::vector<Member>> object_members(std::string_view text);

/// Elements of the array that `text` is, or nullopt.
std::optional<std::vector<std::string_view>> array_elements(std::string_view text);

/// Content of the JSON string literal `text` (with its quotes), nullopt for anything else. A lone
/// surrogate escape becomes U+FFFD.
std::optional<std::string> string_value(std::string_view text);

/// Number of object members at any depth: colons outside strings.
std::size_t count_members(std::string_view text) noexcept;

/// `text` with every lone surrogate escape replaced by \ufffd; nullopt when there is none, which is
/// nearly always.
std::optional<std::string> replace_lone_surrogates(std::string_view text);

bool valid_utf8(std::string_view text) noexcept;

}  // namespace cloudpcd::json
