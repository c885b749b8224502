#include "sync/graph/authenticate.hpp"

#include "sync/core/rng.hpp"
#include "sync/graph/base64.hpp"
#include "sync/graph/jwt.hpp"
#include "tests/unit/graph/fixture.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

using namespace cloudpcd;
using namespace cloudpcd::graph;
using namespace std::string_view_literals;

namespace {

// {"access_token":{"nbf":{"essential":true, "value":"1604106651"}}}
constexpr auto encoded =
    "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwgInZhbHVlIjoiMTYwNDEwNjY1MSJ9fX0="sv;
constexpr auto decoded = R"({"access_token":{"nbf":{"essential":true, "value":"1604106651"}}})"sv;

}  // namespace

TEST_CASE("base64: both alphabets, padded or not")
{
    CHECK(base64_decode("") == "");
    CHECK(base64_decode("Zg==") == "f");
    CHECK(base64_decode("Zg") == "f");
    CHECK(base64_decode("Zm8=") == "fo");
    CHECK(base64_decode("Zm9v") == "foo");
    CHECK(base64_decode("-_-_") == base64_decode("+/+/"));
    for (const auto text : {"Z", "Zm9vZ", "Zm 9v", "Z=g=", "Zm9v====", "Zm\xC3\xA4v"})
        CHECK_FALSE(base64_decode(text));
    CHECK(base64_decode(test::base64url("any \0 bytes \xFF"sv)) == "any \0 bytes \xFF"sv);
}

TEST_CASE("challenge: found in any header and order")
{
    const auto documented = fmt::format(
        R"(Bearer realm="",)"
        R"( authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize",)"
        R"( error="insufficient_claims", claims="{}")",
        encoded);
    const auto reordered = fmt::format(
        R"(bearer CLAIMS="{}" , realm="a, \"b\" claims=", Error=insufficient_claims)", encoded);
    const auto joined =
        fmt::format(R"(Basic realm="x", Bearer error="insufficient_claims",claims={})", encoded);
    const std::vector<std::vector<std::string_view>> cases{
        {documented},
        {reordered},
        {joined},
        {R"(Negotiate)", R"(Basic realm="x", claims="bm8=")", documented},
        {R"(Bearer realm="")", documented},
    };
    for (const auto& headers : cases) {
        CAPTURE(headers.back());
        const auto challenge = find_challenge(headers);
        CHECK(challenge.insufficient_claims);
        CHECK(challenge.claims == decoded);
    }
}

TEST_CASE("challenge: none, or none that can be used")
{
    const std::string huge =
        fmt::format(R"(Bearer error="insufficient_claims", claims="{}")",
                    test::base64url("{\"a\":\"" + std::string(5000, 'x') + "\"}"));
    for (const auto header : std::vector<std::string_view>{
             "", "Bearer", R"(Bearer error="invalid_token")", R"(Bearer claims="!!!")",
             R"(Bearer claims="bm90IGpzb24=")", R"(Bearer claims="WzFd")", "Bearer claims=\"",
             "Bearer claims", R"(Bearer claims="eyJ)", "=\"=\",,= =", R"(Bearer claims="e/8=")",
             huge}) {
        CAPTURE(header);
        CHECK(find_challenge({header}).claims.empty());
    }
    CHECK_FALSE(find_challenge({R"(Bearer error="invalid_token", x="insufficient_claims")"})
                    .insufficient_claims);
    CHECK_FALSE(find_challenge({R"(Basic error="insufficient_claims")"}).insufficient_claims);
}

TEST_CASE("challenge: any bytes are survived")
{
    SeededRng rng{7};
    constexpr auto alphabet = "Bearer claims=\"\\, \t=,\"error\0\xFF{}"sv;
    for (int i = 0; i < 20000; ++i) {
        std::string text;
        for (auto length = rng.next() % 40; length > 0; --length)
            text += alphabet[rng.next() % alphabet.size()];
        find_challenge({text, "Bearer " + text});
    }
}

TEST_CASE("jwt: tenant, roles and audience")
{
    const auto claims =
        read_token_claims(test::jwt(R"({"aud":"https://graph.microsoft.com","tid":"T",)"
                                    R"("roles":["CloudPC.Read.All",7,"User.Read.All"]})"));
    REQUIRE(claims);
    CHECK(claims->tenant_id == "T");
    CHECK(claims->audience == "https://graph.microsoft.com");
    CHECK(claims->roles == std::vector<std::string>{"CloudPC.Read.All", "User.Read.All"});
    CHECK(read_token_claims(test::jwt(R"({"tid":7,"roles":"x","aud":["a"]})"))->roles.empty());
    for (const auto opaque : {""sv, "opaque"sv, "a.b.c"sv, ".."sv, "a.b"sv, "a.b.c.d"sv})
        CHECK_FALSE(read_token_claims(opaque));
    CHECK_FALSE(read_token_claims(test::jwt("[1]")));
    CHECK_FALSE(read_token_claims(test::jwt(std::string(10000, '['))));
    CHECK_FALSE(read_token_claims(test::jwt("{\"tid\":\"" + std::string(70000, 'x') + "\"}")));
}
