// One request, and what its answer proves.

#include "sync/graph/write.hpp"

#include "sync/core/log.hpp"
#include "sync/graph/retry.hpp"
#include "tests/unit/graph/fixture.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace cloudpcd;
using namespace cloudpcd::graph;
using namespace std::chrono_literals;

namespace {

const Origin graph_origin{.scheme = "https", .host = "graph.microsoft.com", .port = 443};
constexpr std::string_view envelope =
    R"({"error":{"code":"BadRequest","message":"no","innerError":{"request-id":"r"}}})";
constexpr std::string_view gateway = R"({"statusCode":404,"message":"Resource not found"})";
constexpr std::string_view page = "<html><body>Blocked</body></html>";

struct Bench {
    WriteOutcome send(const std::string& method = "POST", std::string body = R"({"a":1})")
    {
        return network.await(writer.send(
            {.value = "canary-bearer-token", .roles = {}, .tenant_id = {}, .serial = 1},
            {.method = method,
             .url =
                 url_at(graph_origin, "/v1.0/deviceManagement/virtualEndpoint/cloudPCs/x/reboot"),
             .body = std::move(body),
             .context = "POST cloudPCs/x/reboot",
             .client_request_id = "11111111-2222-3333-4444-555555555555",
             .permissions = {"CloudPC.ReadWrite.All"},
             .secrets = {"canary-password"}}));
    }

    Verdict verdict(const std::string& method, int status, std::string_view body)
    {
        network.transport.answer = [&](const HttpRequest&) {
            return test::json_response(status, std::string{body});
        };
        return send(method).verdict;
    }

    test::Network network;
    Throttle throttle{network.clock, {.per_minute = {0, 0, 0}}};
    Writer writer{network.transport,
                  throttle,
                  network.clock,
                  {.origin = graph_origin, .user_agent = "cloudpcd/test"}};
};

}  // namespace

TEST_CASE("write: what an answer proves")
{
    struct Row {
        int status;
        std::string_view body;
        Verdict post;
        Verdict removal;
    };
    using enum Verdict;
    Bench bench;
    for (const auto& [status, body, post, removal] : {
             Row{200, "{}", executed, executed},
             Row{200, "", executed, executed},
             Row{200, page, unknown, unknown},
             Row{201, R"({"id":)", unknown, unknown},
             Row{201, "{}", executed, executed},
             Row{202, "", executed, executed},
             Row{204, "", executed, executed},
             Row{302, "", unknown, unknown},
             Row{400, envelope, refused, refused},
             Row{400, page, unknown, unknown},
             Row{400, "", unknown, unknown},
             Row{400, gateway, unknown, unknown},
             Row{400, R"({"code":"BadRequest","message":"no"})", unknown, unknown},
             Row{400, R"({"error":"bad_request","error_description":"no"})", unknown, unknown},
             Row{400, R"({"error":null,"message":"no"})", unknown, unknown},
             Row{400, R"({"odata.error":{"code":"a"}})", refused, refused},
             Row{400, R"({"error":{"code":"","message":"no"}})", refused, refused},
             Row{401, envelope, token_refused, token_refused},
             Row{403, envelope, refused, refused},
             Row{404, envelope, refused, already_gone},
             Row{404, page, unknown, unknown},
             Row{404, gateway, unknown, unknown},
             Row{408, envelope, unknown, unknown},
             Row{409, envelope, refused, refused},
             Row{410, envelope, refused, already_gone},
             Row{423, envelope, busy, busy},
             Row{423, page, unknown, unknown},
             Row{429, envelope, throttled, throttled},
             Row{500, envelope, unknown, unknown},
             Row{502, page, unknown, unknown},
             Row{503, envelope, unknown, unknown},
             Row{504, "", unknown, unknown},
         }) {
        CAPTURE(status);
        CAPTURE(body);
        CHECK(bench.verdict("POST", status, body) == post);
        CHECK(bench.verdict("DELETE", status, body) == removal);
    }
}

TEST_CASE("write: without an answer only a request of which no byte left was surely not executed")
{
    Bench bench;
    bench.network.transport.answer = [](const HttpRequest&) -> Result<HttpResponse> {
        return Error{.code = Errc::transient, .message = "connection reset"};
    };
    auto outcome = bench.send();
    CHECK(outcome.verdict == Verdict::unknown);
    CHECK(outcome.status == 0);
    CHECK(outcome.error->describe().find("connection reset") != std::string::npos);
    bench.network.transport.reachable = false;
    CHECK(bench.send().verdict == Verdict::not_sent);
    CHECK(bench.network.transport.seen.size() == 2);
}

TEST_CASE("write: one request on a connection of its own, with its id and its body")
{
    Bench bench;
    bench.network.transport.answer = [](const HttpRequest&) {
        return test::json_response(
            202, "",
            {{"Location", "https://graph.microsoft.com/beta/x"}, {"request-id", "graph-1"}});
    };
    const auto outcome = bench.send();
    CHECK(outcome.location == "https://graph.microsoft.com/beta/x");
    CHECK(outcome.request_id == "graph-1");
    CHECK_FALSE(outcome.error);
    REQUIRE(bench.network.transport.seen.size() == 1);
    const auto& request = bench.network.transport.seen.front().request;
    CHECK(request.connection == ConnectionUse::single);
    CHECK(request.body == R"({"a":1})");
    const auto header = [&](std::string_view name) {
        for (const auto& [key, value] : request.headers)
            if (key == name)
                return value;
        return std::string{};
    };
    CHECK(header("client-request-id") == "11111111-2222-3333-4444-555555555555");
    CHECK(header("Content-Type") == "application/json");
    CHECK(header("Authorization") == "Bearer canary-bearer-token");
    bench.send("POST", "");
    for (const auto& sent : bench.network.transport.seen.back().request.headers)
        CHECK(sent.name != "Content-Type");
}

TEST_CASE("write: a 429 pauses its class and says for how long")
{
    Bench bench;
    bench.network.transport.answer = [](const HttpRequest&) {
        return test::json_response(429, std::string{envelope}, {{"Retry-After", "17"}});
    };
    const auto outcome = bench.send();
    CHECK(outcome.retry_after == Duration{17s});
    CHECK(bench.throttle.paused(QuotaClass::other));
    CHECK_FALSE(bench.throttle.paused(QuotaClass::cloud_pc_get));
}

TEST_CASE("write: what a 429 asks for beyond reason is for its job, not for the class")
{
    Bench bench;
    bench.network.transport.answer = [](const HttpRequest&) {
        return test::json_response(429, std::string{envelope}, {{"Retry-After", "1000000000"}});
    };
    CHECK(bench.send().retry_after == retry_after_bound);
    bench.network.clock.run_for(bench.network.io, 1h - 1ms);
    CHECK(bench.throttle.paused(QuotaClass::other));
    bench.network.clock.run_for(bench.network.io, 1ms);
    CHECK_FALSE(bench.throttle.paused(QuotaClass::other));
}

TEST_CASE("write: neither token nor secret is in what is logged and stored")
{
    Bench bench;
    const test::StderrCapture capture;
    log::configure(log::Level::trace, log::Format::text);
    bench.network.transport.answer = [](const HttpRequest&) {
        return test::json_response(
            400,
            R"({"error":{"code":"BadRequest","message":"canary-password canary-bearer-token"}})");
    };
    const auto outcome = bench.send("POST", R"({"adDomainPassword":"canary-password"})");
    const auto said = outcome.error->describe() + capture.text();
    CHECK(said.find("canary") == std::string::npos);
    CHECK(said.find("BadRequest") != std::string::npos);
    log::configure(log::Level::info, log::Format::text);
}

TEST_CASE(
    "write: a verdict of its own for every way, and which of them prove that nothing was done")
{
    using enum Verdict;
    for (const auto verdict : {refused, not_sent, busy, throttled, token_refused})
        CHECK(not_executed(verdict));
    for (const auto verdict : {executed, already_gone, unknown})
        CHECK_FALSE(not_executed(verdict));
}
