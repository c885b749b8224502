#pragma once
// Log lines with fields. One record stays one line: control characters of values are escaped.
// Where the lines go (text, JSON, journal) is decided once, by the daemon.

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace cloudpcd::log {

enum class Level { trace, debug, info, warning, error };
enum class Format { text, json };

struct Field {
    std::string_view key;  ///< snake_case: run_id, resource, client_request_id
    std::variant<std::string_view, std::int64_t, double, bool> value;

    Field(std::string_view name, std::string_view text) : key{name}, value{text} {}
    Field(std::string_view name, const std::string& text) : key{name}, value{std::string_view{text}}
    {}
    Field(std::string_view name, const char* text) : key{name}, value{std::string_view{text}} {}
    Field(std::string_view name, bool flag) : key{name}, value{flag} {}
    Field(std::string_view name, double number) : key{name}, value{number} {}
    template <std::integral Int>
        requires(!std::same_as<Int, bool>)
    Field(std::string_view name, Int number) : key{name}, value{static_cast<std::int64_t>(number)}
    {}
};

/// Sends lines to stderr in `format`, from `level` on. Without a call: text, info.
void configure(Level level, Format format);

void write(Level level, std::string_view message, std::initializer_list<Field> fields = {});

inline void trace(std::string_view message, std::initializer_list<Field> fields = {})
{
    write(Level::trace, message, fields);
}
inline void debug(std::string_view message, std::initializer_list<Field> fields = {})
{
    write(Level::debug, message, fields);
}
inline void info(std::string_view message, std::initializer_list<Field> fields = {})
{
    write(Level::info, message, fields);
}
inline void warning(std::string_view message, std::initializer_list<Field> fields = {})
{
    write(Level::warning, message, fields);
}
inline void error(std::string_view message, std::initializer_list<Field> fields = {})
{
    write(Level::error, message, fields);
}

/// `text` with control characters as \n, \t, \u00XX; what is not UTF-8 as U+FFFD; cut at
/// `bytes_max`.
std::string escape(std::string_view text, std::size_t bytes_max = 4096);

}  // namespace cloudpcd::log
