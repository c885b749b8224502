#include "sync/graph/retry.hpp"

#include "sync/graph/ascii.hpp"

#include <boost/beast/core/string.hpp>

#include <algorithm>
#include <cstdint>

namespace cloudpcd::graph {

namespace {

/// Milliseconds of "S" or "S.fff…", rounded up and saturated; nullopt for another shape.
std::optional<Duration> parse_seconds(std::string_view text) noexcept
{
    const auto point = text.find('.');
    const auto whole = text.substr(0, point);
    if (whole.empty() || !std::ranges::all_of(whole, is_ascii_digit))
        return std::nullopt;

    std::int64_t seconds = 0;
    constexpr auto seconds_max =
        std::chrono::duration_cast<std::chrono::seconds>(retry_after_bound).count();
    for (const char c : whole)
        seconds = std::min<std::int64_t>(seconds * 10 + (c - '0'), seconds_max);

    std::int64_t thousandths = 0;
    if (point != std::string_view::npos) {
        const auto fraction = text.substr(point + 1);
        if (fraction.empty() || !std::ranges::all_of(fraction, is_ascii_digit))
            return std::nullopt;
        for (std::size_t i = 0; i < 3; ++i)
            thousandths = thousandths * 10 + (i < fraction.size() ? fraction[i] - '0' : 0);
        const auto rest = fraction.substr(std::min<std::size_t>(3, fraction.size()));
        if (std::ranges::any_of(rest, [](char c) { return c != '0'; }))
            ++thousandths;
    }
    return std::min(Duration{seconds * 1000 + thousandths}, retry_after_bound);
}

}  // namespace

std::optional<Duration> parse_retry_after(std::string_view value, UtcTime now) noexcept
{
    const auto text = trim_blanks(value);
    if (text.starts_with('-'))
        return parse_seconds(text.substr(1)) ? std::optional{retry_after_min} : std::nullopt;
    if (const auto wait = parse_seconds(text))
        return std::max(*wait, retry_after_min);
    if (const auto date = parse_http_date(text))
        return std::clamp(*date - now, retry_after_min, retry_after_bound);
    return std::nullopt;
}

std::optional<Duration> retry_after(const HttpResponse& response, UtcTime local_now) noexcept
{
    // Date has whole seconds, cut off: counting from it waits up to a second longer, never shorter.
    const auto date = parse_http_date(response.header("Date").value_or(""));
    std::optional<Duration> longest;
    for (const auto& header : response.headers) {
        if (boost::beast::iequals(header.name, "Retry-After"))
            longest = std::max(longest, parse_retry_after(header.value, date.value_or(local_now)));
    }
    return longest;
}

Duration Backoff::wait(int failures, Rng& rng) const
{
    Duration edge = first;
    for (int i = 1; i < failures && edge < cap; ++i)
        edge *= 2;
    edge = std::max(std::min(edge, cap), floor);
    const auto range = static_cast<double>((edge - floor).count());
    return floor + Duration{static_cast<std::int64_t>(rng.uniform() * range)};
}

bool is_retryable(int status) noexcept
{
    if (status == 501 || status == 505)  // nothing that passes
        return false;
    return status == 408 || status == 429 || (status >= 500 && status < 600);
}

Duration RetrySchedule::least_asked_wait() const
{
    // A service that asks for nothing, or always for the same second, for an hour must not be asked
    // 3600 times.
    constexpr Backoff grows{.first = retry_after_min, .cap = std::chrono::seconds{60}};
    Duration least = grows.first;
    for (int i = x_limits.attempts_max; i < x_asked_times && least < grows.cap; ++i)
        least *= 2;
    return std::min(least, grows.cap);
}

std::optional<Duration> RetrySchedule::after(const Failure& failure, Rng& rng)
{
    if (failure.asked) {
        ++x_asked_times;
        const Duration wait = std::max(*failure.asked, least_asked_wait());
        if (wait > x_limits.retry_after_max - x_asked)
            return std::nullopt;
        x_asked += wait;
        return wait;
    }
    ++x_counted;
    const int attempts_max = failure.bodyless_500
                                 ? std::min(bodyless_attempts_max, x_limits.attempts_max)
                                 : x_limits.attempts_max;
    if (x_counted >= attempts_max)
        return std::nullopt;
    const Duration wait = Backoff{}.wait(x_counted, rng);
    x_spent += failure.took + wait;
    if (x_spent > x_limits.budget)
        return std::nullopt;
    return wait;
}

}  // namespace cloudpcd::graph
