#include "tests/simulator/times.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace graphsim {

namespace {

struct Fields {
    int year, hour, minute, second, millisecond;
    unsigned month, day, weekday;
};

Fields fields_of(TimePoint time)
{
    using namespace std::chrono;
    const auto day_point = floor<days>(time);
    const year_month_day date{day_point};
    const hh_mm_ss clock{time - day_point};
    return {.year = static_cast<int>(date.year()),
            .hour = static_cast<int>(clock.hours().count()),
            .minute = static_cast<int>(clock.minutes().count()),
            .second = static_cast<int>(clock.seconds().count()),
            .millisecond = static_cast<int>(clock.subseconds().count()),
            .month = static_cast<unsigned>(date.month()),
            .day = static_cast<unsigned>(date.day()),
            .weekday = weekday{day_point}.c_encoding()};
}

/// `digits` decimal digits from the front of `text`.
std::optional<int> take_digits(std::string_view& text, std::size_t digits) noexcept
{
    if (text.size() < digits)
        return std::nullopt;
    int value = 0;
    for (const char c : text.substr(0, digits)) {
        if (c < '0' || c > '9')
            return std::nullopt;
        value = value * 10 + (c - '0');
    }
    text.remove_prefix(digits);
    return value;
}

bool take(std::string_view& text, std::string_view any_of) noexcept
{
    if (text.empty() || any_of.find(text.front()) == std::string_view::npos)
        return false;
    text.remove_prefix(1);
    return true;
}

std::optional<std::int64_t> take_fraction_ticks(std::string_view& text) noexcept
{
    std::int64_t ticks = 0;
    std::size_t digits = 0;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
        if (digits < 7)
            ticks = ticks * 10 + (text.front() - '0');
        ++digits;
        text.remove_prefix(1);
    }
    if (digits == 0 || digits > 12)
        return std::nullopt;
    for (std::size_t i = digits; i < 7; ++i)
        ticks *= 10;
    return ticks;
}

std::optional<int> take_offset_minutes(std::string_view& text) noexcept
{
    if (text.empty() || take(text, "Zz"))
        return 0;
    const int sign = text.front() == '-' ? -1 : 1;
    if (!take(text, "+-"))
        return std::nullopt;
    const auto hours = take_digits(text, 2);
    const bool colon = take(text, ":");
    const auto minutes = take_digits(text, 2);
    if (!hours || !colon || !minutes || *hours > 23 || *minutes > 59)
        return std::nullopt;
    return sign * (*hours * 60 + *minutes);
}

}  // namespace

TimePoint system_now()
{
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::string rfc3339(TimePoint time, int digits, unsigned salt)
{
    const auto f = fields_of(time);
    auto text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", f.year, f.month, f.day, f.hour,
                            f.minute, f.second);
    if (digits > 0) {
        const auto fraction = fmt::format("{:03}{:04}", f.millisecond, salt % 10000);
        text += '.';
        text += fraction.substr(0, static_cast<std::size_t>(digits));
    }
    return text + 'Z';
}

std::string rfc3339_with_offset(TimePoint time, std::chrono::minutes offset)
{
    auto text = rfc3339(time + offset, 6);
    text.pop_back();
    const auto minutes = offset.count() < 0 ? -offset.count() : offset.count();
    return text +
           fmt::format("{}{:02}:{:02}", offset.count() < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

std::string edm_date(TimePoint time)
{
    return rfc3339(time).substr(0, 10);
}

std::string http_date(TimePoint time)
{
    constexpr std::array weekdays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto f = fields_of(time);
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", weekdays.at(f.weekday), f.day,
                       months.at(f.month - 1), f.year, f.hour, f.minute, f.second);
}

std::optional<std::int64_t> parse_ticks(std::string_view text) noexcept
{
    using namespace std::chrono;
    const auto year_number = take_digits(text, 4);
    const bool dash = take(text, "-");
    const auto month_number = take_digits(text, 2);
    const bool dash_again = take(text, "-");
    const auto day_number = take_digits(text, 2);
    if (!year_number || !dash || !month_number || !dash_again || !day_number)
        return std::nullopt;
    const year_month_day date{year{*year_number}, month{static_cast<unsigned>(*month_number)},
                              day{static_cast<unsigned>(*day_number)}};
    if (!date.ok())
        return std::nullopt;
    constexpr std::int64_t ticks_per_second = 10'000'000;
    std::int64_t ticks =
        sys_days{date}.time_since_epoch().count() * std::int64_t{86400} * ticks_per_second;
    if (text.empty())
        return ticks;
    const bool separator = take(text, "Tt");
    const auto hours = take_digits(text, 2);
    const bool colon = take(text, ":");
    const auto minutes = take_digits(text, 2);
    if (!separator || !hours || !colon || !minutes || *hours > 23 || *minutes > 59)
        return std::nullopt;
    ticks += (*hours * std::int64_t{3600} + *minutes * std::int64_t{60}) * ticks_per_second;
    if (take(text, ":")) {
        const auto seconds_number = take_digits(text, 2);
        if (!seconds_number || *seconds_number > 59)
            return std::nullopt;
        ticks += *seconds_number * ticks_per_second;
        if (take(text, ".")) {
            const auto fraction = take_fraction_ticks(text);
            if (!fraction)
                return std::nullopt;
            ticks += *fraction;
        }
    }
    const auto offset = take_offset_minutes(text);
    if (!offset || !text.empty())
        return std::nullopt;
    return ticks - *offset * std::int64_t{60} * ticks_per_second;
}

}  // namespace graphsim
