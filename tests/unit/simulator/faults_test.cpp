#include "client.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <stdexcept>

using namespace graphsim;
using namespace graphsim::test;

namespace {

struct Fixture {
    Client client{{.cloud_pcs = 30, .odd_data = false, .page_size_default = 10}};

    FaultSet& faults() { return client.tenant.faults(); }

    /// The body of the next list that the effect hits.
    std::string hit(Effect effect, std::string text = "")
    {
        faults().clear();
        faults().add(faults::effect("cloudPCs", effect, std::move(text)));
        return client.get("cloudPCs").body;
    }
};

std::string next_link(const Response& response)
{
    const auto page = json::parse(response.body).as_object();
    return page.contains("@odata.nextLink") ? text(page.at("@odata.nextLink")) : "";
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "faults: the nth matching request is hit, so many times")
{
    auto storm = faults::throttled("cloudPCs", "2.128", 2);
    storm.nth = 2;
    faults().add(storm);
    CHECK(faults().armed() == 1);
    CHECK(client.get("cloudPCs").status == 200);
    CHECK(client.get("snapshots").status == 200);
    const auto refused = client.get("cloudPCs");
    CHECK(refused.status == 429);
    CHECK(refused.header("Retry-After") == "2.128");
    CHECK(text(json::parse(refused.body).at("error").at("code")) == "TooManyRequests");
    CHECK(client.get("cloudPCs").status == 429);
    CHECK(client.get("cloudPCs").status == 200);
    CHECK(faults().armed() == 0);
    CHECK(faults().hits() == 2);
}

TEST_CASE_FIXTURE(Fixture, "faults: statuses with and without a body")
{
    faults().add(faults::bare_status("a", 500));
    const auto bare = client.get("cloudPCs");
    CHECK(bare.status == 500);
    CHECK(bare.body.empty());
    CHECK_FALSE(bare.header("Content-Type"));

    faults().add(faults::gone("cloudPCs", "SyncStateNotFound"));
    CHECK(client.error_code("cloudPCs") == "410 SyncStateNotFound");

    faults().add(faults::claims_challenge("cloudPCs", R"({"access_token":{}})"));
    const auto challenge = client.get("cloudPCs");
    CHECK(challenge.status == 401);
    CHECK(challenge.header("WWW-Authenticate")
              .value_or("")
              .find(R"(error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ==")") !=
          std::string_view::npos);

    faults().add({.path_contains = "cloudPCs",
                  .effect = Effect::redirect,
                  .status = 307,
                  .text = "https://evil.example/"});
    const auto redirect = client.get("cloudPCs");
    CHECK(redirect.status == 307);
    CHECK(redirect.header("Location") == "https://evil.example/");

    faults().add(faults::throttled("/token", "60"));
    CHECK(client.post_token("grant_type=client_credentials").status == 429);
}

TEST_CASE_FIXTURE(Fixture, "faults: a replaced answer is not carried out unless told so")
{
    faults().add(faults::status("/token", 503));
    client.post_token("grant_type=client_credentials");
    const auto token = client.token;
    client.sign_in();
    CHECK(client.tenant.requests().entries().size() == 3);
    auto executed = faults::status("cloudPCs", 504);
    executed.execute = true;
    faults().add(executed);
    client.tenant.hide_from_list("cloudPCs", client.tenant.objects("cloudPCs").front().id);
    CHECK(client.get("cloudPCs").status == 504);
    CHECK(client.list("cloudPCs").size() == 30);
}

TEST_CASE_FIXTURE(Fixture, "faults: answers that are no page")
{
    CHECK(hit(Effect::html_page).starts_with("<!DOCTYPE html>"));
    CHECK(hit(Effect::empty_body).empty());
    faults().add(faults::effect("cloudPCs", Effect::no_content));
    CHECK(client.get("cloudPCs").status == 204);
    boost::system::error_code failure;
    json::parse(hit(Effect::malformed_json), failure);
    CHECK(failure);
}

TEST_CASE_FIXTURE(Fixture, "faults: the value is not what it should be")
{
    const auto value = [&](Effect effect) { return json::parse(hit(effect)).as_object(); };
    const auto empty = value(Effect::empty_value);
    CHECK(empty.at("value").as_array().empty());
    CHECK_FALSE(empty.contains("@odata.nextLink"));
    CHECK_FALSE(value(Effect::value_missing).contains("value"));
    CHECK(value(Effect::value_null).at("value").is_null());
    CHECK(value(Effect::value_object).at("value").is_object());
    CHECK(value(Effect::value_string).at("value").is_string());
    CHECK(text(json::parse(hit(Effect::wrong_context, "elsewhere")).at("@odata.context")) ==
          "elsewhere");
    faults().add({.path_contains = "cloudPCs", .effect = Effect::wrong_count, .number = 900});
    CHECK(client.read("cloudPCs").at("@odata.count") == 900);
}

TEST_CASE_FIXTURE(Fixture, "faults: links that lead astray")
{
    const auto own = client.tenant.options().base_url + "/beta" + std::string{endpoint};
    CHECK(
        text(json::parse(hit(Effect::next_link, "https://evil.example/")).at("@odata.nextLink")) ==
        "https://evil.example/");
    CHECK(text(json::parse(hit(Effect::next_link_self)).at("@odata.nextLink")) == own + "cloudPCs");

    faults().clear();
    faults().add({.path_contains = "cloudPCs", .times = 0, .effect = Effect::next_link_loop});
    const auto second = next_link(client.get("cloudPCs"));
    CHECK(next_link(client.get(second)) == own + "cloudPCs");
}

TEST_CASE_FIXTURE(Fixture, "faults: an empty page in between loses nothing")
{
    faults().add({.path_contains = "skiptoken", .effect = Effect::empty_page});
    const auto second = client.get(next_link(client.get("cloudPCs")));
    CHECK(json::parse(second.body).at("value").as_array().empty());
    CHECK(client.list(next_link(second)).size() == 20);
}

TEST_CASE_FIXTURE(Fixture, "faults: objects twice, changed, dropped and broken")
{
    faults().add(faults::effect("cloudPCs", Effect::duplicate_item));
    const auto twice = client.list("cloudPCs");
    CHECK(twice.size() == 31);
    CHECK(twice[10] == twice[0]);

    faults().add(faults::effect("skiptoken", Effect::duplicate_changed_item));
    const auto changed = client.list("cloudPCs");
    CHECK(changed[10].at("id") == changed[0].at("id"));
    CHECK(changed[10] != changed[0]);

    faults().add({.path_contains = "cloudPCs", .effect = Effect::drop_item, .number = 4});
    const auto full = ids(client.list("cloudPCs?$top=50"));
    CHECK(full.size() == 29);

    faults().add(faults::effect("cloudPCs", Effect::insert_item, R"({"id":1e400,"id":"\ud800"})"));
    CHECK(client.get("cloudPCs").body.find(R"("value":[{"id":1e400,"id":"\ud800"},{)") !=
          std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "faults: deliveries are told to who delivers")
{
    const auto delivered = [&](Effect effect) {
        faults().clear();
        faults().add({.effect = effect, .bytes = 17, .delay = std::chrono::milliseconds{5}});
        return client.get("cloudPCs");
    };
    CHECK(delivered(Effect::truncate_body).wire == Wire::truncate_body);
    CHECK(delivered(Effect::truncate_body).wire_bytes == 17);
    CHECK(delivered(Effect::reset_before_response).wire == Wire::reset_before_response);
    CHECK(delivered(Effect::reset_mid_body).wire == Wire::reset_mid_body);
    CHECK(delivered(Effect::hang).wire == Wire::hang);
    CHECK(delivered(Effect::close_without_last_chunk).wire == Wire::close_without_last_chunk);
    CHECK(delivered(Effect::delay).delay == std::chrono::milliseconds{5});
    CHECK(delivered(Effect::drip).drip_interval == std::chrono::milliseconds{5});
    CHECK(delivered(Effect::drip).delay == std::chrono::milliseconds{0});
}

TEST_CASE("faults: read from JSON")
{
    const auto fault = parse_fault(R"({"path_contains":"/token","method":"POST","nth":3,
        "times":0,"effect":"status","status":429,"headers":{"Retry-After":"Sun, 01 Mar"},
        "delay_ms":20,"execute":true})");
    CHECK(fault.nth == 3);
    CHECK(fault.times == 0);
    CHECK(fault.headers.front().second == "Sun, 01 Mar");
    CHECK(fault.delay == std::chrono::milliseconds{20});
    CHECK(fault.execute);
    CHECK(parse_fault(R"({"effect":"next_link_loop"})").effect == Effect::next_link_loop);
    CHECK(to_string(Effect::next_link_loop) == "next_link_loop");
    for (const auto* wrong : {"", "[]", R"({"effect":"none"})", R"({"nth":"1"})", R"({"x":1})",
                              R"({"status":7})", R"({"headers":{"a":"b\r\nc"}})"}) {
        CAPTURE(wrong);
        CHECK_THROWS_AS(parse_fault(wrong), std::invalid_argument);
    }
}
