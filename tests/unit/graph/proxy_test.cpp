#include "sync/graph/proxy.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace cloudpcd::graph;

namespace {

Origin https(std::string host, std::uint16_t port = 443)
{
    return {.scheme = "https", .host = std::move(host), .port = port};
}

bool direct(const Origin& origin, std::vector<std::string> no_proxy)
{
    return goes_direct(origin, no_proxy);
}

}  // namespace

TEST_CASE("proxy: loopback and the metadata service never go through one")
{
    CHECK(direct(https("127.0.0.1"), {}));
    CHECK(direct(https("localhost", 8443), {}));
    CHECK(direct(https("::1"), {}));
    CHECK(direct({.scheme = "http", .host = "169.254.169.254", .port = 80}, {}));
    CHECK_FALSE(direct(https("169.254.169.253"), {}));
    CHECK_FALSE(direct(https("169.254.169.254.example.org"), {}));
    CHECK_FALSE(direct(https("graph.microsoft.com"), {}));
}

TEST_CASE("proxy: entries of NO_PROXY name hosts, domains, ports and everything")
{
    const auto graph = https("graph.microsoft.com");
    for (const auto* entry :
         {"*", "graph.microsoft.com", "GRAPH.Microsoft.com", ".microsoft.com", "*.microsoft.com",
          "microsoft.com", "graph.microsoft.com:443", ".com:443", "*:443"}) {
        CAPTURE(entry);
        CHECK(direct(graph, {entry}));
        CHECK(direct(graph, {"other.example", entry}));
    }
    for (const auto* entry :
         {"", ".", ":443", "graph", "microsoft", "raph.microsoft.com", ".graph.microsoft.com",
          "*.graph.microsoft.com", "graph.microsoft.com:8443", "*:80", "graph.microsoft.com.",
          "graph.microsoft.com:", "[", "[]"}) {
        CAPTURE(entry);
        CHECK(direct(graph, {entry}) == (std::string{entry} == "graph.microsoft.com:"));
    }
    CHECK_FALSE(direct(https("evilmicrosoft.com"), {"microsoft.com"}));
    CHECK_FALSE(direct(https("microsoft.com"), {".microsoft.com"}));
    CHECK(direct(https("fd00::1"), {"fd00::1"}));
    CHECK(direct(https("fd00::1"), {"[fd00::1]"}));
    CHECK(direct(https("fd00::1", 8443), {"[fd00::1]:8443"}));
    CHECK_FALSE(direct(https("fd00::1"), {"[fd00::1]:8443"}));
    CHECK(direct(https("10.1.2.3"), {"10.1.2.3"}));
}

TEST_CASE("proxy: credentials become Basic authorization")
{
    CHECK(basic_authorization("Aladdin:open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}
