#include "schema/catalog.hpp"

namespace cloudpcd::schema {

namespace {

// ASCII only: Graph's names are, and <cctype> follows the locale.
constexpr bool is_upper(char c) noexcept
{
    return c >= 'A' && c <= 'Z';
}

constexpr bool is_lower(char c) noexcept
{
    return c >= 'a' && c <= 'z';
}

constexpr char lower(char c) noexcept
{
    return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Length of the word that the run of capitals at `from` makes: "GB", "AD" of "ADDevice", "PCs".
std::size_t run_length(std::string_view name, std::size_t from) noexcept
{
    std::size_t end = from;
    while (end < name.size() && is_upper(name[end]))
        ++end;
    if (end - from < 2 || end == name.size() || !is_lower(name[end]))
        return end - from;
    const bool plural = name[end] == 's' && (end + 1 == name.size() || !is_lower(name[end + 1]));
    return plural ? end + 1 - from : end - 1 - from;
}

void append_snake_case(std::string& out, std::string_view name)
{
    const std::size_t begin = out.size();
    for (std::size_t i = 0; i < name.size();) {
        std::size_t length = 1;
        if (is_upper(name[i])) {
            length = run_length(name, i);
            if (out.size() > begin)
                out += '_';
        }
        for (const char c : name.substr(i, length))
            out += lower(c);
        i += length;
    }
}

}  // namespace

std::string column_name(std::string_view property)
{
    std::string out;
    while (!property.empty()) {
        const auto end = property.find_first_of(".@");
        const auto name = property.substr(0, end);
        if (!name.empty()) {
            if (!out.empty())
                out += '_';
            append_snake_case(out, name);
        }
        property.remove_prefix(end == std::string_view::npos ? property.size() : end + 1);
    }
    return out;
}

std::string_view declared_type(ColumnType type) noexcept
{
    switch (type) {
        case ColumnType::text:
            return "TEXT";
        case ColumnType::text_nocase:
            return "TEXT COLLATE NOCASE";
        case ColumnType::boolean:
            return "BOOLEAN";
        case ColumnType::integer:
            return "INTEGER";
        case ColumnType::real:
            return "REAL";
        case ColumnType::timestamp:
            return "TIMESTAMP";
        case ColumnType::date:
            return "DATE";
        case ColumnType::json:
            return "TEXT";
    }
    return "TEXT";
}

}  // namespace cloudpcd::schema
