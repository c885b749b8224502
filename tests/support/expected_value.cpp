#include "tests/support/expected_value.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <ctime>
#include <regex>

namespace cloudpcd::test {

namespace bj = boost::json;

namespace {

const std::string null_text = "null:";

int number_of(const std::ssub_match& digits)
{
    return std::stoi(digits.str());
}

/// `YYYY-MM-DD HH:MM:SS.sss` in UTC, or nothing for what is no time or Graph's "never".
std::optional<std::string> utc(const std::string& text)
{
    static const std::regex form{
        R"((\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d))?)"};
    std::smatch parts;
    if (!std::regex_match(text, parts, form) || text.starts_with("0001-01-01"))
        return std::nullopt;
    std::tm fields{};
    fields.tm_year = number_of(parts[1]) - 1900;
    fields.tm_mon = number_of(parts[2]) - 1;
    fields.tm_mday = number_of(parts[3]);
    fields.tm_hour = number_of(parts[4]);
    fields.tm_min = number_of(parts[5]);
    fields.tm_sec = number_of(parts[6]);
    const std::tm given = fields;
    std::time_t seconds = ::timegm(&fields);
    if (fields.tm_mday != given.tm_mday || fields.tm_hour != given.tm_hour ||
        fields.tm_min != given.tm_min || fields.tm_sec != given.tm_sec)
        return std::nullopt;  // a day or hour that does not exist
    if (parts[8].matched) {
        const int offset = number_of(parts[9]) * 3600 + number_of(parts[10]) * 60;
        seconds += parts[8].str() == "+" ? -offset : offset;
    }
    const auto fraction = (parts[7].str() + "000").substr(0, 3);
    std::tm out{};
    ::gmtime_r(&seconds, &out);
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{}", out.tm_year + 1900, out.tm_mon + 1,
                       out.tm_mday, out.tm_hour, out.tm_min, out.tm_sec, fraction);
}

std::string text_of(const schema::Column& column, const bj::value& value)
{
    if (!value.is_string())
        return null_text;
    std::string text{value.get_string()};
    if (column.property.ends_with("@odata.type"))
        text = std::regex_replace(text, std::regex{"^#?(microsoft\\.graph\\.)?"}, "");
    return "text:" + text;
}

std::string time_of(const bj::value& value, bool date_only)
{
    if (!value.is_string())
        return null_text;
    const std::string text{value.get_string()};
    const bool bare_date = std::regex_match(text, std::regex{R"(\d{4}-\d\d-\d\d)"});
    const auto time = utc(bare_date ? text + "T00:00:00Z" : text);
    if (!time)
        return null_text;
    return "text:" + (date_only ? time->substr(0, 10) : *time);
}

std::string number_of(const bj::value& value, bool integral)
{
    if (!value.is_number())
        return null_text;
    const auto number = value.to_number<double>();
    if (integral)
        return std::trunc(number) == number
                   ? fmt::format("integer:{}", static_cast<std::int64_t>(number))
                   : null_text;
    return fmt::format("real:{}", number);
}

}  // namespace

const bj::value* value_at(const bj::value& object, std::string_view path)
{
    const bj::value* at = &object;
    while (at != nullptr && !path.empty()) {
        const auto dot = path.starts_with('@') ? std::string_view::npos : path.find('.');
        const auto* members = at->if_object();
        at = members == nullptr ? nullptr : members->if_contains(path.substr(0, dot));
        path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
    }
    return at;
}

std::string expected_value(const schema::Column& column, const bj::value* value)
{
    if (value == nullptr)
        return null_text;
    switch (column.type) {
        case schema::ColumnType::text:
        case schema::ColumnType::text_nocase:
            return text_of(column, *value);
        case schema::ColumnType::boolean:
            return value->is_bool() ? fmt::format("integer:{}", value->get_bool() ? 1 : 0)
                                    : null_text;
        case schema::ColumnType::integer:
            return number_of(*value, true);
        case schema::ColumnType::real:
            return number_of(*value, false);
        case schema::ColumnType::timestamp:
            return time_of(*value, false);
        case schema::ColumnType::date:
            return time_of(*value, true);
        case schema::ColumnType::json:
            return value->is_array() ? "text:" + bj::serialize(*value) : null_text;
    }
    return null_text;
}

}  // namespace cloudpcd::test
