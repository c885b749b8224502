#include "config/values.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace cloudpcd::config;
using namespace std::chrono_literals;

TEST_CASE("config: a duration is a whole number and a unit")
{
    CHECK(parse_duration("500ms") == 500ms);
    CHECK(parse_duration("30s") == 30s);
    CHECK(parse_duration("5m") == 5min);
    CHECK(parse_duration("24h") == 24h);
    CHECK(parse_duration("400d") == std::chrono::days{400});
    CHECK(parse_duration("0s") == 0s);
    for (const auto* bad : {"", "5", "s", "-5s", "+5s", "1.5h", "5 m", "5M", "5min", " 5s", "5s "})
        CHECK_MESSAGE(!parse_duration(bad), bad);
}

TEST_CASE("config: a duration that does not fit is the largest one, so that a range refuses it")
{
    CHECK(parse_duration("9223372036854775807ms") == Duration::max());
    CHECK(parse_duration("9223372036854775808ms") == Duration::max());
    CHECK(parse_duration("99999999999999999999999d") == Duration::max());
    CHECK(parse_duration("106751991168d") == Duration::max());
}

TEST_CASE("config: a duration is written as it is read")
{
    for (const auto* text : {"500ms", "1500ms", "30s", "5m", "90m", "25h", "400d"})
        CHECK(format_duration(*parse_duration(text)) == text);
    CHECK(format_duration(0ms) == "0s");
}

TEST_CASE("config: a GUID is lower-cased, and nothing but a GUID passes")
{
    CHECK(parse_guid("ABCDEF01-2345-6789-abcd-EF0123456789") ==
          "abcdef01-2345-6789-abcd-ef0123456789");
    for (const auto* bad :
         {"", "{abcdef01-2345-6789-abcd-ef0123456789}", "abcdef01-2345-6789-abcd-ef012345678",
          "contoso.onmicrosoft.com", "abcdef0102345-6789-abcd-ef0123456789",
          "gbcdef01-2345-6789-abcd-ef0123456789"})
        CHECK_MESSAGE(!parse_guid(bad), bad);
}

TEST_CASE("config: an origin is scheme, host and port in one spelling")
{
    CHECK(parse_origin("https://Graph.Microsoft.com/")->text == "https://graph.microsoft.com");
    CHECK(parse_origin("HTTPS://a.example:443")->text == "https://a.example");
    CHECK(parse_origin("https://a.example:8443")->text == "https://a.example:8443");
    CHECK(parse_origin("http://[::1]:80")->text == "http://[::1]");
    CHECK(parse_origin("http://127.0.0.1:8080")->host == "127.0.0.1");
    for (const auto* bad :
         {"", "graph.microsoft.com", "ftp://a", "https://", "https:///x", "https://u:p@a.example",
          "https://a.example/v1.0", "https://a.example?x", "https://a.example#x", "https://a:0",
          "https://a:65536", "https://a:", "https://a b", "https://[::1", "https://.a"})
        CHECK_MESSAGE(!parse_origin(bad), bad);
}

TEST_CASE("config: loopback is 127.0.0.0/8, ::1 and localhost, not a name that looks like it")
{
    for (const auto* host : {"127.0.0.1", "127.255.0.9", "::1", "[::1]", "localhost"})
        CHECK_MESSAGE(is_loopback(host), host);
    for (const auto* host : {"127.0.0.1.example.org", "localhost.example.org", "128.0.0.1",
                             "0.0.0.0", "::", "127.0.0", "127..0.1", "10.127.0.1"})
        CHECK_MESSAGE(!is_loopback(host), host);
}

TEST_CASE("config: a listen address needs host and port")
{
    CHECK(parse_listen("127.0.0.1:9365") == Listen{.host = "127.0.0.1", .port = 9365});
    CHECK(parse_listen("[::1]:9365") == Listen{.host = "::1", .port = 9365});
    for (const auto* bad : {"", ":9365", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:x", "9365"})
        CHECK_MESSAGE(!parse_listen(bad), bad);
}

TEST_CASE("config: the nearest word is suggested only when it is near")
{
    constexpr std::array<std::string_view, 3> words{"interval", "include", "audit_overlap"};
    CHECK(nearest("intervall", words) == "interval");
    CHECK(nearest("inclde", words) == "include");
    CHECK(nearest("audit-overlap", words) == "audit_overlap");
    CHECK(nearest("colour", words).empty());
    CHECK(nearest("", words).empty());
}

TEST_CASE("config: a value shown in a message is short and without control characters")
{
    CHECK(show_value("a\n\x1b[31m") == "\"a\\x0a\\x1b[31m\"");
    CHECK(show_value(std::string(100, 'x')) == "\"" + std::string(60, 'x') + "…\"");
}
