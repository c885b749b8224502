#include "sync/core/time.hpp"

#include <doctest/doctest.h>

using namespace cloudpcd;
using namespace std::chrono_literals;
using std::chrono::sys_days;
using std::chrono::year;

namespace {

UtcTime at(int y, unsigned m, unsigned d, Duration clock = {})
{
    return sys_days{year{y} / static_cast<int>(m) / static_cast<int>(d)} + clock;
}

}  // namespace

TEST_CASE("time: every spelling of a DateTimeOffset that Graph has is read")
{
    const auto expected = at(2021, 2, 14, 13h + 10min + 51s + 814ms);
    CHECK(parse_graph_time("2021-02-14T13:10:51.814Z") == expected);
    CHECK(parse_graph_time("2021-02-14t13:10:51.814z") == expected);
    CHECK(parse_graph_time("2021-02-14T13:10:51.8149999Z") == expected);  // cut, not rounded
    CHECK(parse_graph_time("2021-02-14T13:10:51.814999999999Z") == expected);
    CHECK(parse_graph_time("2021-02-14T21:10:51.814+08:00") == expected);
    CHECK(parse_graph_time("2021-02-14T04:40:51.814-08:30") == expected);
    CHECK(parse_graph_time("2021-02-14T13:10:51.814") == expected);  // no zone is UTC
    CHECK(parse_graph_time("2021-02-14T13:10:51Z") == expected - 814ms);
    CHECK(parse_graph_time("2021-02-14T13:10Z") == at(2021, 2, 14, 13h + 10min));
    CHECK(parse_graph_time("2021-02-14") == at(2021, 2, 14));
    CHECK(parse_graph_time("2024-02-29T00:00:00Z") == at(2024, 2, 29));
    CHECK(parse_graph_time("9999-12-31T23:59:59.9999999Z") ==
          at(9999, 12, 31, 23h + 59min + 59s + 999ms));
}

TEST_CASE("time: Graph's year 1 is no time")
{
    CHECK_FALSE(parse_graph_time("0001-01-01T00:00:00Z"));
    CHECK_FALSE(parse_graph_time("0001-01-01T00:00:00+08:00"));
    CHECK_FALSE(parse_graph_time("0001-01-01"));
    CHECK_FALSE(is_date("0001-01-01"));
}

TEST_CASE("time: what is no time is refused")
{
    for (const auto* bad :
         {"", "2021", "2021-02-30T00:00:00Z", "2023-02-29", "2021-13-01", "2021-02-14T24:00:00Z",
          "2021-02-14T13:60:00Z", "2021-02-14T13:10:61Z", "2021-02-14T13:10:51.Z",
          "2021-02-14T13:10:51.8149999999999Z", "2021-02-14T13:10:51Zx", "2021-02-14T13:10:51+8:00",
          "2021-02-14T13:10:51+15:00", " 2021-02-14", "2021-2-14", "14/02/2021", "now"})
        CHECK_MESSAGE(!parse_graph_time(bad), bad);
}

TEST_CASE("time: the database's spelling is read back as it was written")
{
    const auto time = at(2024, 12, 31, 23h + 59min + 59s + 7ms);
    CHECK(format_sql_time(time) == "2024-12-31 23:59:59.007");
    CHECK(parse_sql_time(format_sql_time(time)) == time);
    CHECK(parse_sql_time("2024-12-31 23:59:59") == time - 7ms);
    CHECK_FALSE(parse_sql_time("2024-12-31T23:59:59.007"));
    CHECK_FALSE(parse_sql_time("2024-12-31 23:59:59.007Z"));
    CHECK(format_rfc3339(time) == "2024-12-31T23:59:59.007Z");
    CHECK(format_sql_time(at(1969, 12, 31, 23h)) == "1969-12-31 23:00:00.000");
}

TEST_CASE("time: HTTP dates come in three forms")
{
    const auto expected = at(1994, 11, 6, 8h + 49min + 37s);
    CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == expected);
    CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT") == expected);
    CHECK(parse_http_date("Sun Nov  6 08:49:37 1994") == expected);
    for (const auto* bad : {"", "Sun, 06 Nov 1994 08:49:37", "Sun, 31 Feb 1994 08:49:37 GMT",
                            "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 PST", ",",
                            "Sun Nov  6 08:49:37 19942", "120"})
        CHECK_MESSAGE(!parse_http_date(bad), bad);
}

TEST_CASE("time: a date is an existing day and nothing more")
{
    CHECK(is_date("2024-02-29"));
    CHECK_FALSE(is_date("2023-02-29"));
    CHECK_FALSE(is_date("2024-02-29T00:00:00Z"));
    CHECK_FALSE(is_date(""));
}

TEST_CASE("time: durations for people")
{
    CHECK(format_duration(850ms) == "850ms");
    CHECK(format_duration(42s) == "42s");
    CHECK(format_duration(5min) == "5m");
    CHECK(format_duration(3h) == "3h");
    CHECK(format_duration(48h) == "2d");
    CHECK(format_duration(61s) == "61s");
    CHECK(format_duration(0ms) == "0s");
}
