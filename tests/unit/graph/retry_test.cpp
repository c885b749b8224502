#include "sync/graph/retry.hpp"

#include <doctest/doctest.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>

using namespace cloudpcd;
using namespace cloudpcd::graph;
using namespace std::chrono_literals;

namespace {

constexpr RetryLimits limits{.attempts_max = 5, .budget = 60s, .retry_after_max = 1h};

UtcTime at(std::string_view text)
{
    return parse_sql_time(text).value();
}

}  // namespace

TEST_CASE("retry: Retry-After in every form, never early")
{
    const auto now = at("2026-01-01 00:00:00.000");
    struct Row {
        std::string_view text;
        std::optional<Duration> wait;
    };
    for (const auto& [text, wait] : {
             Row{"120", 120s},
             Row{" 120\t", 120s},
             Row{"2.128", 2128ms},
             Row{"2.1281", 2129ms},
             Row{"2.12800", 2128ms},
             Row{"2.9999", 3000ms},
             Row{"1.5", 1500ms},
             Row{"0", retry_after_min},
             Row{"0.25", retry_after_min},
             Row{"-5", retry_after_min},
             Row{"-2.5", retry_after_min},
             Row{"1000000000", 1000000000s < retry_after_bound ? 1000000000s : retry_after_bound},
             Row{"99999999999999999999999999", retry_after_bound},
             Row{"Thu, 01 Jan 2026 00:01:30 GMT", 90s},
             Row{"Thursday, 01-Jan-26 00:01:30 GMT", 90s},
             Row{"Thu Jan  1 00:01:30 2026", 90s},
             Row{"Wed, 31 Dec 2025 23:59:00 GMT", retry_after_min},
             Row{"Fri, 31 Dec 9999 23:59:59 GMT", retry_after_bound},
             Row{"", std::nullopt},
             Row{"soon", std::nullopt},
             Row{"12s", std::nullopt},
             Row{"1e3", std::nullopt},
             Row{"1,5", std::nullopt},
             Row{"1.", std::nullopt},
             Row{".5", std::nullopt},
             Row{"1.2.3", std::nullopt},
             Row{"+5", std::nullopt},
             Row{"-", std::nullopt},
             Row{"--5", std::nullopt},
             Row{"0x10", std::nullopt},
             Row{"Thu, 32 Jan 2026 00:01:30 GMT", std::nullopt},
         }) {
        CAPTURE(text);
        CHECK(parse_retry_after(text, now) == wait);
    }
}

TEST_CASE("retry: a date counts from the server's clock, not from ours")
{
    const HttpResponse response{.status = 429,
                                .headers = {{"date", "Thu, 01 Jan 2026 00:00:00 GMT"},
                                            {"retry-after", "Thu, 01 Jan 2026 00:00:30 GMT"}},
                                .body = {}};
    CHECK(retry_after(response, at("2026-01-01 00:10:00.000")) == 30s);  // ours is ahead
    CHECK(retry_after(response, at("2020-01-01 00:00:00.000")) == 30s);  // or far behind
    const HttpResponse undated{
        .status = 429,
        .headers = {{"Retry-After", "Thu, 01 Jan 2026 00:00:30 GMT"}, {"Retry-After", "12"}},
        .body = {}};
    CHECK(retry_after(undated, at("2026-01-01 00:00:10.500")) == 19500ms);  // the longer one
    CHECK_FALSE(retry_after({}, at("2026-01-01 00:00:00.000")));
}

TEST_CASE("retry: the backoff grows, stays in its bounds and is spread over them")
{
    constexpr Backoff backoff{.first = 1s, .cap = 20s, .floor = 100ms};
    constexpr std::array<Duration, 8> edges{1s, 2s, 4s, 8s, 16s, 20s, 20s, 20s};
    for (std::size_t i = 0; i < edges.size(); ++i) {
        Duration least = 1h;
        Duration most{0};
        for (std::uint64_t seed = 0; seed < 1000; ++seed) {
            SeededRng rng{seed};
            const auto wait = backoff.wait(static_cast<int>(i) + 1, rng);
            least = std::min(least, wait);
            most = std::max(most, wait);
        }
        CAPTURE(i);
        CHECK(least >= 100ms);
        CHECK(most <= edges[i]);
        CHECK(least < edges[i] / 5);
        CHECK(most > edges[i] * 9 / 10);
    }
    SeededRng rng{1};
    CHECK(backoff.wait(1'000'000, rng) <= 20s);
}

TEST_CASE("retry: which statuses may pass")
{
    for (const int status : {408, 429, 500, 502, 503, 504, 509, 599})
        CHECK(is_retryable(status));
    for (const int status : {200, 204, 301, 304, 400, 401, 403, 404, 409, 410, 412, 422, 501, 505})
        CHECK_FALSE(is_retryable(status));
}

TEST_CASE("retry: schedules stay within attempts and budget for any seed and any mix")
{
    for (std::uint64_t seed = 0; seed < 1000; ++seed) {
        CAPTURE(seed);
        SeededRng rng{seed};
        RetrySchedule schedule{limits};
        Duration spent{0};
        Duration asked{0};
        int counted = 0;
        int attempts = 0;
        while (true) {
            ++attempts;
            REQUIRE(attempts < 100);
            Failure failure{.took = Duration{static_cast<Duration::rep>(rng.uniform() * 20'000)}};
            if (rng.uniform() < 0.5)
                failure.asked = Duration{static_cast<Duration::rep>(rng.uniform() * 600'000)};
            else
                ++counted;
            const auto wait = schedule.after(failure, rng);
            if (!wait)
                break;
            if (failure.asked) {
                CHECK(*wait >= *failure.asked);
                asked += *wait;
            } else {
                spent += failure.took + *wait;
            }
        }
        CHECK(counted <= limits.attempts_max);
        CHECK(spent <= limits.budget);
        CHECK(asked <= limits.retry_after_max);
    }
}

TEST_CASE("retry: what has no end, ends")
{
    SeededRng rng{1};
    SUBCASE("failures: five attempts")
    {
        RetrySchedule schedule{limits};
        int attempts = 1;
        while (schedule.after({.took = 10ms}, rng))
            ++attempts;
        CHECK(attempts == 5);
    }
    SUBCASE("slow failures: the budget")
    {
        RetrySchedule schedule{limits};
        CHECK(schedule.after({.took = 55s}, rng));
        CHECK_FALSE(schedule.after({.took = 55s}, rng));
    }
    SUBCASE("a 500 without body: two attempts")
    {
        RetrySchedule schedule{limits};
        CHECK(schedule.after({.bodyless_500 = true}, rng));
        CHECK_FALSE(schedule.after({.bodyless_500 = true}, rng));
    }
    SUBCASE("Retry-After of a second for ever: an hour, and not 3600 requests")
    {
        RetrySchedule schedule{limits};
        int attempts = 1;
        Duration waited{0};
        while (const auto wait = schedule.after({.asked = 1s}, rng)) {
            ++attempts;
            waited += *wait;
        }
        CHECK(waited > 50min);
        CHECK(waited <= 1h);
        CHECK(attempts < 100);
    }
    SUBCASE("Retry-After: an hour in all")
    {
        RetrySchedule schedule{limits};
        CHECK(schedule.after({.asked = 50min}, rng) == 50min);
        CHECK_FALSE(schedule.after({.asked = 11min}, rng));
        CHECK_FALSE(RetrySchedule{limits}.after({.asked = retry_after_bound}, rng));
        CHECK(RetrySchedule{limits}.after({.asked = 1h}, rng) == 1h);
    }
    SUBCASE("waits that were asked for do not count as attempts or against the budget")
    {
        RetrySchedule schedule{limits};
        for (int i = 0; i < 20; ++i)
            CHECK(schedule.after({.took = 90s, .asked = 60s}, rng) == 60s);
        CHECK(schedule.after({.took = 10ms}, rng));
    }
}
