#pragma once
// How values are spelled in each format. What comes out of the mirror was typed by anybody in the
// tenant, so text for a terminal never carries a control character.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cloudpcd::ctl {

/// The character at `at`.
struct Character {
    char32_t code_point = 0;
    std::size_t bytes = 1;
    bool valid = false;  ///< false: one byte that is not UTF-8
};
Character character_at(std::string_view text, std::size_t at) noexcept;

/// One line that is safe on a terminal: control characters become `\n`, `\t`, `\x1b`; those that
/// reorder or break lines `\u202e`; bytes that are not UTF-8 `\xff`. The rest stays as it is.
std::string printable(std::string_view text);

/// Columns of a terminal that printable text takes: wide characters 2, combining ones 0, as far as
/// a few ranges of Unicode can tell.
std::size_t display_width(std::string_view text) noexcept;

/// `text` in at most `columns` (at least 1), the last one being `…` when something was cut.
std::string cut(const std::string& text, std::size_t columns);

/// A JSON string with its quotes. What is not UTF-8 becomes U+FFFD.
std::string json_string(std::string_view text);

/// Shortest number that reads back as the same one. Infinity is 1e999, which every reader of JSON
/// takes for it.
std::string json_real(double number);

/// As SQLite spells it, with a decimal point: "1.0", "Inf".
std::string plain_real(double number);

/// A field of RFC 4180: quoted where a comma, a quote or a line break asks for it.
std::string csv_field(std::string_view text);

/// Upper case, as SQLite's hex().
std::string hex(std::string_view bytes);

/// For people: "42s", "5m 03s", "3h 12m", "2d 04h".
std::string format_age(std::int64_t seconds);

/// `YYYY-MM-DDTHH:MM:SS.sssZ` of a time as the mirror spells it; any other text stays as it is.
std::string rfc3339(std::string_view sql_time);

}  // namespace cloudpcd::ctl
