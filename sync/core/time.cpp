#include "sync/core/time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace cloudpcd {

namespace {

using namespace std::chrono;

/// A forward-only reader of fixed-width numbers and literals.
struct Cursor {
    std::string_view rest;

    bool eat(char wanted) noexcept
    {
        if (rest.empty() || rest.front() != wanted)
            return false;
        rest.remove_prefix(1);
        return true;
    }
    bool eat_either(char a, char b) noexcept { return eat(a) || eat(b); }
    std::optional<int> digits(std::size_t count) noexcept
    {
        if (rest.size() < count)
            return std::nullopt;
        int value = 0;
        for (char c : rest.substr(0, count)) {
            if (c < '0' || c > '9')
                return std::nullopt;
            value = value * 10 + (c - '0');
        }
        rest.remove_prefix(count);
        return value;
    }
    bool at_digit() const noexcept
    {
        return !rest.empty() && rest.front() >= '0' && rest.front() <= '9';
    }
};

std::optional<sys_days> read_date(Cursor& in) noexcept
{
    auto y = in.digits(4);
    if (!y || !in.eat('-'))
        return std::nullopt;
    auto m = in.digits(2);
    if (!m || !in.eat('-'))
        return std::nullopt;
    auto d = in.digits(2);
    if (!d)
        return std::nullopt;
    year_month_day date{year{*y}, month{static_cast<unsigned>(*m)}, day{static_cast<unsigned>(*d)}};
    if (!date.ok())
        return std::nullopt;
    return sys_days{date};
}

/// `HH:MM:SS[.fraction]`, the fraction cut to milliseconds.
std::optional<milliseconds> read_clock(Cursor& in) noexcept
{
    constexpr std::size_t fraction_digits_max =
        12;  // OData allows 12 (Edm.DateTimeOffset precision)
    auto h = in.digits(2);
    if (!h || *h > 23 || !in.eat(':'))
        return std::nullopt;
    auto m = in.digits(2);
    if (!m || *m > 59)
        return std::nullopt;
    int s = 0;
    if (in.eat(':')) {
        auto seconds_read = in.digits(2);
        if (!seconds_read || *seconds_read > 60)  // 60: a leap second
            return std::nullopt;
        s = *seconds_read;
    }
    milliseconds fraction{0};
    if (in.eat('.')) {
        std::size_t count = 0;
        int scale = 100;
        while (in.at_digit() && count < fraction_digits_max) {
            fraction += milliseconds{(in.rest.front() - '0') * scale};
            scale /= 10;
            in.rest.remove_prefix(1);
            ++count;
        }
        if (count == 0)
            return std::nullopt;
    }
    return hours{*h} + minutes{*m} + seconds{s} + fraction;
}

std::optional<minutes> read_offset(Cursor& in) noexcept
{
    if (in.rest.empty() || in.eat_either('Z', 'z'))
        return minutes{0};
    bool negative = false;
    if (in.eat('-'))
        negative = true;
    else if (!in.eat('+'))
        return std::nullopt;
    auto h = in.digits(2);
    if (!h || *h > 14)
        return std::nullopt;
    in.eat(':');
    auto m = in.digits(2);
    if (!m || *m > 59)
        return std::nullopt;
    minutes offset = hours{*h} + minutes{*m};
    return negative ? -offset : offset;
}

std::optional<UtcTime> never_is_null(UtcTime time) noexcept
{
    // Graph writes year 1 for "not set" (.NET's DateTime.MinValue), with or without an offset.
    if (time < sys_days{year{1} / 1 / 3})
        return std::nullopt;
    return time;
}

std::optional<unsigned> month_number(std::string_view name) noexcept
{
    constexpr std::array<std::string_view, 12> names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
        return std::nullopt;
    return static_cast<unsigned>(found - names.begin()) + 1;
}

std::string format_with(UtcTime time, char separator, std::string_view suffix)
{
    auto day_start = floor<days>(time);
    year_month_day date{day_start};
    hh_mm_ss<milliseconds> clock{time - day_start};
    return fmt::format("{:04}-{:02}-{:02}{}{:02}:{:02}:{:02}.{:03}{}",
                       static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                       static_cast<unsigned>(date.day()), separator, clock.hours().count(),
                       clock.minutes().count(), clock.seconds().count(), clock.subseconds().count(),
                       suffix);
}

}  // namespace

std::optional<UtcTime> parse_graph_time(std::string_view text) noexcept
{
    Cursor in{text};
    auto date = read_date(in);
    if (!date)
        return std::nullopt;
    if (in.rest.empty())
        return never_is_null(*date);
    if (!in.eat_either('T', 't') && !in.eat(' '))
        return std::nullopt;
    auto clock = read_clock(in);
    if (!clock)
        return std::nullopt;
    auto offset = read_offset(in);
    if (!offset || !in.rest.empty())
        return std::nullopt;
    return never_is_null(*date + *clock - *offset);
}

std::optional<UtcTime> parse_sql_time(std::string_view text) noexcept
{
    Cursor in{text};
    auto date = read_date(in);
    if (!date || !in.eat(' '))
        return std::nullopt;
    auto clock = read_clock(in);
    if (!clock || !in.rest.empty())
        return std::nullopt;
    return *date + *clock;
}

std::optional<UtcTime> parse_http_date(std::string_view text) noexcept
{
    // Day names carry nothing that the date does not, so they are skipped.
    auto comma = text.find(',');
    auto finish = [](int y, std::string_view month_name, int d,
                     Cursor& in) -> std::optional<UtcTime> {
        auto m = month_number(month_name);
        auto clock = read_clock(in);
        if (!m || !clock)
            return std::nullopt;
        year_month_day date{year{y}, month{*m}, day{static_cast<unsigned>(d)}};
        if (!date.ok())
            return std::nullopt;
        return sys_days{date} + *clock;
    };
    if (comma != std::string_view::npos) {
        Cursor in{text.substr(comma + 1)};
        in.eat(' ');
        auto d = in.digits(2);
        if (!d || (!in.eat(' ') && !in.eat('-')) || in.rest.size() < 4)
            return std::nullopt;
        auto month_name = in.rest.substr(0, 3);
        in.rest.remove_prefix(3);
        const bool rfc850 = in.eat('-');
        if (!rfc850 && !in.eat(' '))
            return std::nullopt;
        auto y = in.digits(rfc850 ? 2 : 4);
        if (!y || !in.eat(' '))
            return std::nullopt;
        auto time = finish(rfc850 ? (*y < 70 ? 2000 + *y : 1900 + *y) : *y, month_name, *d, in);
        return in.rest == " GMT" || in.rest == " UTC" ? time : std::nullopt;
    }
    // asctime: "Sun Nov  6 08:49:37 1994"
    if (text.size() != 24)
        return std::nullopt;
    auto month_name = text.substr(4, 3);
    Cursor day_in{text.substr(8, 2)};
    day_in.eat(' ');
    auto d = day_in.digits(day_in.rest.size());
    Cursor year_in{text.substr(20)};
    auto y = year_in.digits(4);
    Cursor in{text.substr(11, 8)};
    if (!d || !y)
        return std::nullopt;
    return finish(*y, month_name, *d, in);
}

std::string format_sql_time(UtcTime time)
{
    return format_with(time, ' ', "");
}

std::string format_rfc3339(UtcTime time)
{
    return format_with(time, 'T', "Z");
}

bool is_date(std::string_view text) noexcept
{
    Cursor in{text};
    auto date = read_date(in);
    return date && in.rest.empty() && never_is_null(*date).has_value();
}

std::string format_duration(Duration duration)
{
    const auto ms = duration.count();
    if (ms % 1000 != 0 && ms < 10'000)
        return fmt::format("{}ms", ms);
    const auto s = ms / 1000;
    if (s % 86'400 == 0 && s > 0)
        return fmt::format("{}d", s / 86'400);
    if (s % 3600 == 0 && s > 0)
        return fmt::format("{}h", s / 3600);
    if (s % 60 == 0 && s > 0)
        return fmt::format("{}m", s / 60);
    return fmt::format("{}s", s);
}

}  // namespace cloudpcd
