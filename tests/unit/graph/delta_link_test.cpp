// Pages and links of delta rounds.

#include "sync/graph/graph_error.hpp"
#include "sync/graph/page.hpp"
#include "sync/graph/pager.hpp"
#include "tests/unit/graph/fixture.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace cloudpcd;
using namespace cloudpcd::graph;

namespace {

constexpr std::string_view path = "/users/delta";

bool stays(std::string_view link, std::string_view within = path)
{
    const auto first =
        parse_url("https://graph.microsoft.com/v1.0" + std::string{within} + "?$select=id");
    return within_collection(*parse_url("https://graph.microsoft.com" + std::string{link}), *first,
                             within);
}

}  // namespace

TEST_CASE("delta link: a function may be spelled with parentheses, namespace and in any case")
{
    for (const auto* link :
         {"/v1.0/users/delta?$deltatoken=x", "/v1.0/users/delta()?$skiptoken=x",
          "/v1.0/users/microsoft.graph.delta()?$DeltaToken=x", "/V1.0/Users/Delta?$SKIPTOKEN=x",
          "/v1.0/users/microsoft.graph.delta?$skipToken=x"}) {
        CAPTURE(link);
        CHECK(stays(link));
    }
    for (const auto* link : {"/v1.0/users?$deltatoken=x", "/v1.0/groups/delta?$deltatoken=x",
                             "/beta/users/delta?$deltatoken=x", "/v1.0/users/delta/x",
                             "/v1.0/me/users/delta", "/v1.0/users/microsoft.graph.delete()"}) {
        CAPTURE(link);
        CHECK_FALSE(stays(link));
    }
    CHECK(stays("/v1.0/users?$skiptoken=x", "/users"));
}

TEST_CASE("delta link: the context of a round names the collection")
{
    constexpr std::string_view root = "https://graph.microsoft.com/v1.0/$metadata#";
    for (const auto* subject : {"users", "users(id,displayName)", "users/$delta",
                                "users(id)/$delta", "Collection(microsoft.graph.user)"}) {
        CAPTURE(subject);
        CHECK(context_matches(std::string{root} + subject, path, "user"));
    }
    for (const auto* subject : {"groups", "groups/$delta", "delta", "$delta", "groups(users)"}) {
        CAPTURE(subject);
        CHECK_FALSE(context_matches(std::string{root} + subject, path, "user"));
    }
}

TEST_CASE("delta link: a page has at most one link, and each at most once")
{
    const auto page =
        Page::of_list(R"({"value":[],"@odata.deltaLink":"https:\/\/g\/v1.0\/users\/delta?t"})");
    REQUIRE(page.has_value());
    CHECK(page->delta_link == "https://g/v1.0/users/delta?t");
    CHECK_FALSE(page->next_link.has_value());
    for (const auto* body :
         {R"({"value":[],"@odata.deltaLink":"a","@odata.nextLink":"b"})",
          R"({"value":[],"@odata.deltaLink":"a","@odata.deltaLink":"a"})",
          R"({"value":[],"@odata.deltaLink":1})", R"({"value":[],"@odata.deltaLink":""})"}) {
        CAPTURE(body);
        const auto broken = Page::of_list(body);
        REQUIRE_FALSE(broken.has_value());
        CHECK(broken.error().code == Errc::malformed);
    }
    CHECK(
        Page::of_list(R"({"value":[],"@odata.deltaLink":null,"@odata.nextLink":"b"})").has_value());
}

TEST_CASE("delta link: a refused link says where to start anew, and nobody shows it")
{
    const std::vector<std::string_view> secrets;
    const auto refused = [&](int status, std::string_view code) {
        const auto url = *parse_url("https://graph.microsoft.com/v1.0/users/delta?$deltatoken=x");
        return make_error(
            test::json_response(
                status, "{\"error\":{\"code\":\"" + std::string{code} + "\",\"message\":\"m\"}}",
                {{"Location",
                  "https://graph.microsoft.com/v1.0/users/"
                  "delta?$deltatoken=&secret"}}),
            {.context = "GET users/delta",
             .client_request_id = {},
             .url = url,
             .permissions = {},
             .secrets = secrets});
    };
    for (const auto* code : {"SyncStateNotFound", "syncStateNotFound", "RESYNCREQUIRED",
                             "resyncRequired", "resyncApplyDifferences"}) {
        for (const int status : {400, 404, 410}) {
            CAPTURE(code);
            CAPTURE(status);
            const auto error = refused(status, code);
            CHECK(error.code == Errc::cursor_expired);
            CHECK(error.location.ends_with("$deltatoken=&secret"));
            CHECK(error.describe().find("secret") == std::string::npos);
        }
    }
    CHECK(refused(410, "Gone").code == Errc::cursor_expired);
    const auto other = refused(404, "ResourceNotFound");
    CHECK(other.code == Errc::not_found);
    CHECK(other.location.empty());
}
