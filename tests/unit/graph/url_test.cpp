#include "sync/graph/url.hpp"

#include "tests/unit/graph/fixture.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace cloudpcd;
using namespace cloudpcd::graph;
using namespace std::string_view_literals;

namespace {

const Origin graph_origin{.scheme = "https", .host = "graph.microsoft.com", .port = 443};

}  // namespace

TEST_CASE("url: what is accepted, and how it is spelled afterwards")
{
    struct Row {
        std::string_view text;
        std::string_view origin;
        std::string_view target;
    };
    for (const auto& [text, origin, target] : {
             Row{"https://graph.microsoft.com", "https://graph.microsoft.com", "/"},
             Row{"https://graph.microsoft.com/", "https://graph.microsoft.com", "/"},
             Row{"HTTPS://Graph.Microsoft.COM:443/v1.0/A?b=C", "https://graph.microsoft.com",
                 "/v1.0/A?b=C"},
             Row{"https://graph.microsoft.com:0443/", "https://graph.microsoft.com", "/"},
             Row{"https://graph.microsoft.com:8443/x", "https://graph.microsoft.com:8443", "/x"},
             Row{"https://h?a=1", "https://h", "/?a=1"},
             Row{"https://h/a@b:c?d=https://e/?f", "https://h", "/a@b:c?d=https://e/?f"},
             Row{"https://h/%2e%2E/?$skiptoken=%41", "https://h", "/%2e%2E/?$skiptoken=%41"},
             Row{"https://h/\xC3\xA4", "https://h", "/\xC3\xA4"},
             Row{"http://127.0.0.1:8080/x", "http://127.0.0.1:8080", "/x"},
             Row{"http://localhost:80", "http://localhost", "/"},
             Row{"https://[::1]:8443/x", "https://[::1]:8443", "/x"},
             Row{"https://[0:0:0:0:0:0:0:1]/x", "https://[::1]", "/x"},
             Row{"https://[2001:DB8::A]/x", "https://[2001:db8::a]", "/x"},
         }) {
        CAPTURE(text);
        const auto url = parse_url(text);
        REQUIRE(url.has_value());
        CHECK(url->origin.to_string() == origin);
        CHECK(url->target == target);
        CHECK(test::value_of(parse_url(url->to_string())).to_string() == url->to_string());
    }
}

TEST_CASE("url: what is refused")
{
    for (const auto text : {
             ""sv,
             "/v1.0/me"sv,
             "v1.0/me"sv,
             "//graph.microsoft.com/x"sv,
             "https:/graph.microsoft.com"sv,
             "https:graph.microsoft.com"sv,
             "https://"sv,
             "https:///x"sv,
             "https://?x"sv,
             "ftp://graph.microsoft.com/"sv,
             "javascript://graph.microsoft.com/"sv,
             " https://graph.microsoft.com/"sv,
             "https://graph.microsoft.com@evil/"sv,
             "https://user:password@graph.microsoft.com/"sv,
             "https://@graph.microsoft.com/"sv,
             "https://graph.microsoft.com\\@evil/"sv,
             "https://graph.microsoft.com\\evil/"sv,
             "https://graph.microsoft.com/a\\b"sv,
             "https://graph.microsoft.com/a b"sv,
             "https://graph.microsoft.com/a\r\nX: y"sv,
             "https://graph.microsoft.com\r\n/"sv,
             "https://graph.microsoft.com/\t"sv,
             "https://graph.microsoft.com/\0x"sv,
             "https://graph.microsoft.com/\x7f"sv,
             "https://graph.microsoft.com/#fragment"sv,
             "https://graph.microsoft.com#@evil"sv,
             "https://gr\xC3\xA4ph.microsoft.com/"sv,
             "https://graph%2emicrosoft.com/"sv,
             "https://graph..microsoft.com/"sv,
             "https://.microsoft.com/"sv,
             "https://graph.microsoft.com:/"sv,
             "https://graph.microsoft.com:0/"sv,
             "https://graph.microsoft.com:65536/"sv,
             "https://graph.microsoft.com:-1/"sv,
             "https://graph.microsoft.com:+443/"sv,
             "https://graph.microsoft.com:443x/"sv,
             "https://graph.microsoft.com:443:443/"sv,
             "https://::1/"sv,
             "https://[::1/"sv,
             "https://[::1]evil/"sv,
             "https://[::1%25eth0]/"sv,
             "https://[fe80::1%eth0]/"sv,
             "https://[127.0.0.1]/"sv,
             "https://[]/"sv,
             "https://(graph.microsoft.com)/"sv,
         }) {
        CAPTURE(text);
        const auto url = parse_url(text);
        REQUIRE(url.has_error());
        CHECK(url.error().code == Errc::malformed);
    }
    const std::string start = "https://graph.microsoft.com/";
    CHECK(parse_url(start + std::string(url_bytes_max - start.size(), 'x')).has_value());
    CHECK(parse_url(start + std::string(url_bytes_max - start.size() + 1, 'x')).has_error());
    CHECK(parse_url("https://" + std::string(254, 'x') + "/").has_error());
}

TEST_CASE("url: another origin is another origin, however much it looks the same")
{
    for (const auto text : {
             "http://graph.microsoft.com/"sv,
             "https://graph.microsoft.com.evil/"sv,
             "https://graph.microsoft.com./"sv,
             "https://graph.microsoft.com:8443/"sv,
             "https://graph.microsoft.com:80/"sv,
             "https://evil/graph.microsoft.com"sv,
             "https://evil/@graph.microsoft.com"sv,
             "https://canary.graph.microsoft.com/"sv,
             "https://graph-microsoft.com/"sv,
             "https://graph.microsoft.co/"sv,
         }) {
        CAPTURE(text);
        CHECK(test::value_of(parse_url(text)).origin != graph_origin);
    }
    CHECK(test::value_of(parse_url("HTTPS://GRAPH.MICROSOFT.COM:443/x")).origin == graph_origin);
}

TEST_CASE("url: path and query")
{
    const auto url = test::value_of(parse_url("https://h/a/b?c=d?e"));
    CHECK(url.path() == "/a/b");
    CHECK(url.query() == "c=d?e");
    CHECK(test::value_of(parse_url("https://h/a")).query().empty());
    CHECK(url_at(graph_origin, "/v1.0/x?$top=1").to_string() ==
          "https://graph.microsoft.com/v1.0/x?$top=1");
}

TEST_CASE("url: an origin stands alone")
{
    CHECK(test::value_of(parse_origin("https://graph.microsoft.com")) == graph_origin);
    CHECK(test::value_of(parse_origin("https://graph.microsoft.com/")) == graph_origin);
    CHECK(parse_origin("https://graph.microsoft.com/v1.0").has_error());
    CHECK(parse_origin("https://graph.microsoft.com?x").has_error());
}

TEST_CASE("url: loopback")
{
    for (const auto host : {"localhost", "127.0.0.1", "127.255.255.254", "::1"})
        CHECK(Origin{.scheme = "http", .host = host, .port = 80}.loopback());
    for (const auto host : {"localhost.evil", "127.0.0.1.evil", "128.0.0.1", "10.0.0.1", "::2",
                            "127.1", "2130706433", "127.0.0.1."})
        CHECK_FALSE(Origin{.scheme = "http", .host = host, .port = 80}.loopback());
}

TEST_CASE("url: percent encoding leaves only what is unreserved")
{
    CHECK(percent_encode("AZaz09-._~") == "AZaz09-._~");
    CHECK(percent_encode("a b+c/d?e&f=g%#'\r\n") == "a%20b%2Bc%2Fd%3Fe%26f%3Dg%25%23%27%0D%0A");
    CHECK(percent_encode("\xC3\xA4\0"sv) == "%C3%A4%00");
}
