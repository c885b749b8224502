#include "sync/graph/graph_error.hpp"

#include "sync/core/json_scan.hpp"
#include "sync/core/rng.hpp"
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

constexpr auto canary = "canary-7d1f4a2b9c-bearer"sv;
const std::vector<std::string_view> secrets{canary};

Error error_of(const HttpResponse& response, std::string_view target = "/v1.0/x",
               std::vector<std::string> permissions = {})
{
    const auto url =
        test::value_of(parse_url(fmt::format("https://graph.microsoft.com{}", target)));
    return make_error(response, {.context = "GET cloudPCs, page 2",
                                 .client_request_id = "ours",
                                 .url = url,
                                 .permissions = permissions,
                                 .secrets = secrets});
}

Error error_of(int status, std::string body, std::string_view target = "/v1.0/x")
{
    return error_of(test::json_response(status, std::move(body)), target);
}

std::size_t bytes_of(const Error& error)
{
    return error.context.size() + error.message.size() + error.graph_code.size() +
           error.request_id.size() + error.client_request_id.size() + error.challenge_claims.size();
}

}  // namespace

TEST_CASE("error body: every shape that has been seen")
{
    struct Row {
        std::string_view body;
        std::string_view code;
        std::string_view message;
    };
    for (const auto& [body, code, message] : {
             Row{R"({"error":{"code":"Forbidden","message":"No."}})", "Forbidden", "No."},
             Row{R"({"error":{"code":"a","message":"m",)"
                 R"("innerError":{"code":"b","innererror":{"code":"c"}}}})",
                 "c", "m"},
             Row{R"({"error":{"code":"a","message":"m","INNERERROR":{"code":""}}})", "a", "m"},
             Row{R"({"error":{"code":"a","message":"m","innerError":{"code":"UnknownError"}}})",
                 "a", "m"},
             Row{R"({"error":{"code":"UnknownError","message":"m","innerError":{"code":"b"}}})",
                 "b", "m"},
             Row{R"({"error":{"code":"","message":"m"}})", "", "m"},
             Row{R"({"error":{"message":"m"}})", "", "m"},
             Row{R"({"error":{}})", "", ""},
             Row{R"({"error":null,"message":"m"})", "", "m"},
             Row{R"({"error":{"code":7,"message":["x"]}})", "7", ""},
             Row{R"({"error":"invalid_client","error_description":"AADSTS7000215: bad"})",
                 "invalid_client", "AADSTS7000215: bad"},
             Row{R"({"odata.error":{"code":"a","message":{"lang":"en","value":"m"}}})", "a", "m"},
             Row{R"({"statusCode":429,"message":"Rate limit"})", "", "Rate limit"},
             Row{R"({"error":{"code":"UnknownError","message":"{\r\n)"
                 R"( \"_version\":3,\r\n \"Message\":\"An error has occurred\",\r\n)"
                 R"( \"ErrorCode\":\"Inner\"}"}})",
                 "Inner", "An error has occurred"},
             Row{R"({"error":{"code":"a","message":"{not json"}})", "a", "{not json"},
             Row{"{\"error\":{\"code\":\"a\",\"message\":\"\xFF\"}}", "a", "\xFF"},
             Row{R"({"error":{"code":"a","message":"\ud800"}})", "a", "\xEF\xBF\xBD"},
             Row{"<html>no</html>", "", ""},
             Row{"", "", ""},
             Row{"null", "", ""},
             Row{"[]", "", ""},
             Row{"{", "", ""},
         }) {
        CAPTURE(body);
        const auto parsed = parse_error_body(body);
        CHECK(parsed.code == code);
        CHECK(parsed.message == message);
    }
}

TEST_CASE("error body: nesting has an end")
{
    const auto nested = [](int depth) {
        std::string text = R"({"error":{"code":"outer")";
        for (int i = 0; i < depth; ++i)
            text += R"(,"innerError":{"code":"inner")";
        return text + std::string(static_cast<std::size_t>(depth) + 2, '}');
    };
    CHECK(parse_error_body(nested(60)).code == "inner");
    CHECK_FALSE(parse_error_body(nested(70)).is_json);
}

TEST_CASE("error body: ids from headers, else from innerError")
{
    auto response = test::json_response(
        400, R"({"error":{"code":"a","innerError":{"request-id":"in","client-request-id":"ci"}}})");
    CHECK(error_of(response).request_id == "in");
    CHECK(error_of(response).client_request_id == "ours");
    response.headers.push_back({"Request-Id", "head"});
    CHECK(error_of(response).request_id == "head");
    CHECK(parse_error_body(response.body).client_request_id == "ci");
}

TEST_CASE("graph error: the reaction follows from status and code")
{
    struct Row {
        int status;
        std::string_view code;
        std::string_view target;
        Errc expected;
    };
    constexpr auto item = "/v1.0/deviceManagement/virtualEndpoint/cloudPCs/1"sv;
    constexpr auto list = "/v1.0/deviceManagement/virtualEndpoint/cloudPCs"sv;
    constexpr auto page = "/v1.0/deviceManagement/virtualEndpoint/cloudPCs?$top=5&$skiptoken=X"sv;
    constexpr auto delta = "/v1.0/users/delta?%24deltatoken=X"sv;
    for (const auto& [status, code, target, expected] : {
             Row{400, "BadRequest", list, Errc::rejected},
             Row{400, "BadRequest", page, Errc::rejected},
             Row{400, "DirectoryPageTokenNotFoundException", page, Errc::cursor_expired},
             Row{400, "Directory_ExpiredPageToken", page, Errc::cursor_expired},
             Row{400, "InvalidSkipToken", page, Errc::cursor_expired},
             Row{400, "SYNCSTATENOTFOUND", delta, Errc::cursor_expired},
             Row{404, "syncStateNotFound", delta, Errc::cursor_expired},
             Row{404, "itemNotFound", item, Errc::not_found},
             Row{404, "itemNotFound", page, Errc::not_found},
             Row{410, "Gone", item, Errc::not_found},
             Row{410, "", page, Errc::cursor_expired},
             Row{410, "Gone", delta, Errc::cursor_expired},
             Row{410, "resyncRequired", list, Errc::cursor_expired},
             Row{410, "resyncApplyDifferences", list, Errc::cursor_expired},
             Row{401, "InvalidAuthenticationToken", list, Errc::unauthorized},
             Row{403, "Forbidden", list, Errc::forbidden},
             Row{409, "Conflict", list, Errc::rejected},
             Row{429, "TooManyRequests", page, Errc::throttled},
             Row{503, "ServiceUnavailable", page, Errc::throttled},
             Row{500, "InternalServerError", page, Errc::transient},
             Row{500, "syncStateNotFound", delta, Errc::transient},
             Row{502, "", list, Errc::transient},
             Row{504, "", list, Errc::transient},
             Row{509, "", list, Errc::transient},
             Row{408, "", list, Errc::transient},
             Row{501, "NotImplemented", list, Errc::rejected},
             Row{304, "", list, Errc::malformed},
             Row{199, "", list, Errc::malformed},
             Row{999, "", list, Errc::malformed},
         }) {
        CAPTURE(status);
        CAPTURE(code);
        CAPTURE(target);
        CHECK(error_of(status, fmt::format(R"({{"error":{{"code":"{}"}}}})", code), target).code ==
              expected);
    }
    const std::string nested =
        R"({"error":{"code":"BadRequest",)"
        R"("innerError":{"code":"resyncRequired","innerError":{"code":"x"}}}})";
    CHECK(error_of(400, nested).code == Errc::cursor_expired);
    const std::string in_words =
        R"({"error":{"code":"BadRequest","message":"The $skiptoken is not valid."}})";
    CHECK(error_of(400, in_words, page).code == Errc::cursor_expired);
    CHECK(error_of(400, in_words, list).code == Errc::rejected);
}

TEST_CASE("graph error: 403 names the permission, 3xx only the host")
{
    auto response = test::json_response(403, R"({"error":{"code":"Forbidden","message":"No."}})");
    CHECK(error_of(response, "/", {"CloudPC.Read.All", "CloudPC.ReadWrite.All"}).message ==
          "needs one of CloudPC.Read.All, CloudPC.ReadWrite.All: No.");
    CHECK(error_of(response, "/", {"User.Read.All"}).message == "needs User.Read.All: No.");
    CHECK(error_of(response).message == "No.");

    const HttpResponse redirect{
        .status = 302, .headers = {{"Location", "https://Evil.example/?secret=1"}}, .body = "x"};
    CHECK(error_of(redirect).message ==
          "redirected to https://evil.example, which is not followed");
    const HttpResponse hostile{
        .status = 307, .headers = {{"Location", "https://a@b/\r\n\x1b[31m"}}, .body = {}};
    CHECK(error_of(hostile).message.find("unusable or relative") != std::string::npos);
}

TEST_CASE("graph error: bounded, escaped, without the token")
{
    const std::string token{canary};
    const std::string bearer_jwt = test::jwt(R"({"tid":"some-tenant","roles":["a","b"]})");
    const std::string megabyte(1024UL * 1024, 'x');
    std::string tokens;
    for (int i = 0; i < 40'000; ++i)
        tokens += token;
    for (const auto& body : std::vector<std::string>{
             R"({"error":{"code":"a","message":")" + megabyte + token + "\"}}",
             R"({"error":{"code":"a","message":"token )" + token + " and again " + token + "\"}}",
             R"({"error":{"code":")" + token + R"(","message":"m","innerError":{"request-id":")" +
                 token + "\"}}}",
             R"({"error":{"code":"a","message":")" + std::string(1010, 'y') + token + "\"}}",
             R"({"error":{"code":"a","message":"{\"Message\":\")" + token + R"(\"}"}})",
             "<html>" + std::string(245, 'z') + token,
             tokens,
             "q" + tokens + tokens,
             token.substr(5) + tokens,
             bearer_jwt,
             "\x1b[31m\r\nX: y" + token + megabyte + megabyte + megabyte,
             megabyte + token,
         }) {
        auto response = test::json_response(400, body);
        response.headers.push_back({"request-id", "id\r\n" + token + megabyte});
        response.headers.push_back({"WWW-Authenticate", "Bearer claims=\"" + token + "\""});
        for (const int status : {302, 400, 401, 403, 500}) {
            response.status = status;
            const auto error = error_of(response);
            const auto all = error.describe() + error.request_id + error.challenge_claims;
            CHECK(bytes_of(error) <= error_texts_bytes_max);
            CHECK(all.find(canary) == std::string::npos);
            CHECK(all.find(canary.substr(0, 20)) == std::string::npos);
            CHECK(all.find(bearer_jwt.substr(0, 40)) == std::string::npos);
            CHECK(all.find_first_of("\r\n\x1b") == std::string::npos);
            CHECK(json::valid_utf8(all));
        }
    }
    const std::string long_secret(3000, 's');  // the cut of a long text goes through one
    std::string many;
    for (int i = 0; i < 200; ++i)
        many += long_secret;
    CHECK(redact(many, {long_secret}).find("ss") == std::string::npos);
    CHECK(redact("a eyJ b eyJhbGciOiJub25lIn0.e30.abcdefgh c", {}) == "a eyJ b [redacted] c");
}

TEST_CASE("graph error: any bytes are survived")
{
    SeededRng rng{11};
    constexpr auto alphabet = R"({}[]":,\"error""code""message""innerError"nulltrue-1e9 eyJ)"sv;
    std::string deep = R"({"error":)";
    for (int i = 0; i < 20'000; ++i)
        deep += R"({"innerError":)";
    std::vector<std::string> bodies{deep, std::string(100'000, '['), std::string(3'000'000, '{')};
    for (int i = 0; i < 20'000; ++i) {
        std::string body = i % 2 == 0 ? R"({"error":{"code":)" : "";
        for (auto length = rng.next() % 60; length > 0; --length) {
            body += i % 3 == 0 ? static_cast<char>(rng.next() & 0xFFU)
                               : alphabet[rng.next() % alphabet.size()];
        }
        bodies.push_back(std::move(body));
    }
    for (auto& body : bodies) {
        const auto error = error_of(static_cast<int>(rng.next() % 700), std::move(body));
        CHECK(bytes_of(error) <= error_texts_bytes_max);
        CHECK(json::valid_utf8(error.message));
    }
}
