#include "tests/simulator/control.hpp"
#include "tests/simulator/wire.hpp"
#include "write_client.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <utility>

using namespace graphsim;
using namespace graphsim::test;

namespace {

struct Fixture : WriteClient {
    std::string id = cloud_pc(0);
    std::string path = "cloudPCs/" + id + "/reprovision";

    Response hit(Fault fault)
    {
        tenant.faults().clear();
        tenant.faults().add(std::move(fault));
        return post(path, "", {{"client-request-id", "attempt-1"}});
    }
    std::size_t executions() const { return log().count("cloudPCs/reprovision", id); }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "write faults: carried out once, whatever the client is shown")
{
    for (const auto effect :
         {Effect::reset_before_response, Effect::close_before_response, Effect::hang,
          Effect::reset_mid_body, Effect::truncate_body, Effect::close_without_last_chunk,
          Effect::html_page, Effect::empty_body, Effect::redirect}) {
        CAPTURE(to_string(effect));
        tenant.clear_executions();
        hit(faults::executed("/reprovision", effect));
        CHECK(executions() == 1);
        CHECK(log().with_client_request_id("attempt-1") == 1);
        CHECK(log().entries().back().status == 204);
        CHECK_FALSE(log().entries().back().answered());
        CHECK(tenant.faults().armed() == 0);
    }
    for (const int status : {401, 408, 409, 423, 429, 500, 502, 503, 504}) {
        CAPTURE(status);
        tenant.clear_executions();
        const auto response = hit(faults::executed("/reprovision", status));
        CHECK(response.status == status);
        CHECK(json::parse(response.body).at("error").is_object());
        CHECK(executions() == 1);
        CHECK(log().entries().back().status == 204);
        CHECK(log().entries().back().answered_status == status);
        CHECK_FALSE(log().entries().back().answered());
    }
    advance(1h);
    CHECK(log().started("reprovision", id) == 1);
}

TEST_CASE_FIXTURE(Fixture, "write faults: refused before, and lost on the way")
{
    for (const int status : {401, 409, 423, 429, 503}) {
        CAPTURE(status);
        CHECK(hit(faults::status("/reprovision", status)).status == status);
    }
    CHECK(hit(faults::throttled("/reprovision", "2.128")).header("Retry-After") == "2.128");
    const auto locked = hit(faults::status("/reprovision", 423));
    CHECK(text(json::parse(locked.body).at("error").at("code")) == "Locked");
    CHECK(hit(faults::lost("/reprovision", Effect::reset_before_response)).wire ==
          Wire::reset_before_response);
    CHECK(hit(faults::lost("/reprovision", Effect::close_before_response)).wire ==
          Wire::close_before_response);
    CHECK(hit(faults::lost("/reprovision", Effect::hang)).wire == Wire::hang);
    CHECK(executions() == 0);
    advance(1h);
    CHECK(results(id).empty());
    // What is cut within the answer was carried out, lost or not.
    hit({.path_contains = "/reprovision", .effect = Effect::reset_mid_body, .lost = true});
    CHECK(executions() == 1);
}

TEST_CASE_FIXTURE(Fixture, "write faults: reads go by")
{
    tenant.faults().add(faults::executed("cloudPCs", 504));
    CHECK(get("cloudPCs").status == 200);
    CHECK(post(path).status == 504);
    CHECK(executions() == 1);
}

TEST_CASE_FIXTURE(Fixture, "write faults: a refusal of the tenant's own is no execution")
{
    tenant.modify("cloudPCs", id, R"({"status":"resizing"})");
    hit(faults::executed("/reprovision", Effect::reset_before_response));
    CHECK(log().total() == 0);
    CHECK(tenant.requests().count(
              "POST", "/beta/deviceManagement/virtualEndpoint/cloudPCs/{id}/reprovision") == 1);
}

TEST_CASE_FIXTURE(Fixture, "write faults: an answer without a body is cut within its head")
{
    for (const auto wire :
         {Wire::reset_mid_body, Wire::truncate_body, Wire::close_without_last_chunk}) {
        const auto delivery = encode({.status = 204, .wire = wire}, {}, true);
        CHECK(delivery.bytes.starts_with("HTTP/1.1 204"));
        CHECK(delivery.bytes.find("\r\n\r\n") == std::string::npos);
        CHECK(delivery.ending != Ending::keep_alive);
    }
    CHECK(encode({.wire = Wire::close_before_response}, {}, true).bytes.empty());
    CHECK(encode({.wire = Wire::close_before_response}, {}, true).ending == Ending::close);
}

TEST_CASE_FIXTURE(Fixture, "write faults: a quota of writes alone")
{
    tenant.set_quota({.write = 2});
    CHECK(post(path).status == 204);
    CHECK(post(path).status == 204);
    const auto refused = post(path);
    CHECK(refused.status == 429);
    CHECK(refused.header("Retry-After") == "60");
    CHECK(get("cloudPCs").status == 200);
    CHECK(executions() == 2);
    advance(1min);
    CHECK(post("cloudPCs/" + cloud_pc(1) + "/reboot").status == 204);
}

TEST_CASE_FIXTURE(Fixture, "write faults: read from JSON")
{
    CHECK(parse_fault(R"({"effect":"close_before_response","method":"write","lost":true})").lost);
    CHECK(parse_fault(R"({"effect":"close_before_response"})").effect ==
          Effect::close_before_response);
    CHECK_THROWS_AS(parse_fault(R"({"lost":1})"), std::invalid_argument);
}

TEST_CASE_FIXTURE(Fixture, "executions: the control shows them")
{
    const auto ask = [&](std::string method, std::string target, std::string body = "") {
        const auto response = control(
            tenant,
            {.method = std::move(method), .target = std::move(target), .body = std::move(body)},
            {});
        CHECK(response.status == 200);
        return json::parse(response.body);
    };
    tenant.faults().add(faults::executed("/reprovision", 504));
    post(path, R"({"osVersion":"windows11"})", {{"client-request-id", "attempt-1"}});
    post("cloudPCs/" + id + "/reboot");
    advance(10min);
    const auto list = ask("GET", "/sim/executions").as_array();
    REQUIRE(list.size() == 2);
    const auto& entry = list[0].as_object();
    CHECK(entry.at("number") == 1);
    CHECK(entry.at("verb") == "cloudPCs/reprovision");
    CHECK(entry.at("method") == "POST");
    CHECK(text(entry.at("target")) == "/beta/deviceManagement/virtualEndpoint/" + path);
    CHECK(entry.at("client_request_id") == "attempt-1");
    CHECK(entry.at("body").at("osVersion") == "windows11");
    // sha256sum of the bytes
    CHECK(entry.at("body_sha256") ==
          "2196dbe9f60c2cc649b11ff79a171328c38fbd4f3133b379ad4bee139d8b4859");
    CHECK(text(entry.at("ids").at(0)) == id);
    CHECK(text(entry.at("cloud_pcs").at(0)) == id);
    CHECK(entry.at("status") == 204);
    CHECK(entry.at("answered_status") == 504);
    CHECK(entry.at("answered") == false);
    CHECK(list[1].at("answered") == true);
    CHECK(ask("GET", "/sim/executions?limit=1").as_array().size() == 1);

    const auto counts = ask("GET", "/sim/executions/counts").as_object();
    CHECK(counts.at("total") == 2);
    CHECK(counts.at("requests").as_array().size() == 2);
    CHECK(counts.at("starts").at(0).at("action") == "reprovision");
    ask("DELETE", "/sim/executions");
    CHECK(log().total() == 0);

    ask("POST", "/sim/outcomes", R"({"id":")" + id + R"(","outcome":"failed"})");
    post("cloudPCs/" + id + "/reboot");
    advance(10min);
    CHECK(state(id) == "failed");
    ask("POST", "/sim/writes", R"({"acknowledgement":"accepted","failure_rate":1,
        "audit_delay":{"low_ms":1,"high_ms":2},"durations":{"cloudPCs/reboot":5000}})");
    CHECK(post("cloudPCs/" + id + "/reboot").status == 202);
    CHECK(tenant.options().writes.pace == 0.1);
    for (const auto* wrong :
         {R"([])", R"({"pace":-1})", R"({"failure_rate":2})", R"({"audit_delay":{"low_ms":1}})",
          R"({"audit_delay":{"low_ms":2,"high_ms":1}})", R"({"acknowledgement":"none"})",
          R"({"other":1})", R"({"flap":"1s"})"}) {
        CAPTURE(wrong);
        CHECK(control(tenant, {.method = "POST", .target = "/sim/writes", .body = wrong}, {})
                  .status == 400);
    }
    CHECK(
        control(
            tenant,
            {.method = "POST", .target = "/sim/outcomes", .body = R"({"id":"x","outcome":"odd"})"},
            {})
            .status == 400);
}
