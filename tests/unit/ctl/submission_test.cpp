// From the options of `jobs submit` to what the daemon is asked.

#include "daemon/ctl/submission.hpp"

#include "daemon/ctl/failure.hpp"

#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>

#include <string>

using namespace cloudpcd::ctl;

namespace {

std::string body_of(const SubmitOptions& options)
{
    return boost::json::serialize(submission_body(action_of(options.kind), options));
}

/// What is wrong with options that must not be sent.
std::string refused(const SubmitOptions& options)
{
    try {
        return "sent: " + body_of(options);
    } catch (const Failure& failure) {
        CHECK(failure.status() == ExitStatus::usage);
        return failure.what();
    }
}

bool has(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE("submission: what was given, and nothing else")
{
    CHECK(body_of({.kind = "cloud_pc.reboot", .reason = "INC-1"}) ==
          R"({"kind":"cloud_pc.reboot","reason":"INC-1"})");
    CHECK(body_of({.kind = "cloud_pc.reboot",
                   .reason = "INC-1",
                   .not_before = "2026-05-31",
                   .expires_at = "2026-06-01",
                   .batch = "b",
                   .priority = 0,
                   .request_id = "u",
                   .allow_duplicate = true,
                   .dry_run = true}) ==
          R"({"kind":"cloud_pc.reboot","reason":"INC-1","not_before":"2026-05-31",)"
          R"("expires_at":"2026-06-01","batch_id":"b","priority":0,"request_id":"u",)"
          R"("allow_duplicate":true,"dry_run":true})");
}

TEST_CASE("submission: settings have the types of the action")
{
    CHECK(body_of({.kind = "cloud_pc.set_review_status",
                   .settings = {"reviewStatus.inReview=true", "reviewStatus.accessTier=hot"},
                   .reason = "x"}) ==
          R"({"kind":"cloud_pc.set_review_status","reason":"x",)"
          R"("params":{"reviewStatus":{"inReview":true,"accessTier":"hot"}}})");
    CHECK(body_of({.kind = "cloud_pc.reprovision",
                   .params = R"({"osVersion": "windows11"})",
                   .reason = "x"}) ==
          R"({"kind":"cloud_pc.reprovision","reason":"x","params":{"osVersion":"windows11"}})");
    CHECK(has(refused({.kind = "cloud_pc.reprovision", .settings = {"frob=1"}}),
              "--set params.frob is not known here"));
    CHECK(has(refused({.kind = "cloud_pc.set_review_status",
                       .settings = {"reviewStatus.inReview=perhaps"}}),
              "reviewStatus.inReview"));
    CHECK(has(refused({.kind = "cloud_pc.resize"}), "targetServicePlanId is missing"));
    CHECK(has(refused({.kind = "cloud_pc.reprovision", .params = "[1]"}), "a JSON object"));
    CHECK(has(refused({.kind = "cloud_pc.reprovision",
                       .params = R"({"osVersion": "windows11", "osVersion": "windows10"})"}),
              "osVersion is given twice"));
}

TEST_CASE("submission: a literal secret is refused before it goes anywhere, and is not repeated")
{
    const std::string kind = "on_premises_connection.update_ad_domain_password";
    for (const auto& options :
         {SubmitOptions{.kind = kind, .settings = {"adDomainPassword=hunter2"}},
          SubmitOptions{.kind = kind, .params = R"({"adDomainPassword": "hunter2"})"}}) {
        const auto why = refused(options);
        CHECK(has(why, "adDomainPassword"));
        CHECK_FALSE(has(why, "hunter2"));
    }
    CHECK(has(body_of({.kind = kind, .settings = {"adDomainPassword.credential=ad-join-password"}}),
              R"({"adDomainPassword":{"credential":"ad-join-password"}})"));
}

TEST_CASE("submission: what is expected has the type of its column")
{
    const auto expect = [](std::vector<std::string> expectations,
                           const std::string& kind = "cloud_pc.reboot") {
        return boost::json::serialize(
            submission_body(action_of(kind),
                            {.kind = kind, .expectations = std::move(expectations)})
                .at("expect"));
    };
    CHECK(expect({"userPrincipalName=a=b@c", "status=null", "displayName=17"}) ==
          R"({"userPrincipalName":"a=b@c","status":"null","displayName":"17"})");
    CHECK(expect({"accountEnabled=true"}) == R"({"accountEnabled":"true"})");  // no such column
    CHECK(expect({"gracePeriodEndDateTime=null"}) == R"({"gracePeriodEndDateTime":"null"})");
    CHECK(expect({"inUse=true"}, "on_premises_connection.run_health_checks") ==
          R"({"inUse":true})");
    CHECK(expect({"inUse=maybe"}, "on_premises_connection.run_health_checks") ==
          R"({"inUse":"maybe"})");
    // Of a bulk action: of each of its Cloud PCs.
    const SubmitOptions bulk{
        .kind = "cloud_pc.bulk_restart",
        .settings = {"cloudPcIds=662009bc-7732-4f6f-8726-25883518b33e"},
        .expectations = {"status=provisioned"},
    };
    CHECK(has(body_of(bulk), R"("expect":{"status":"provisioned"})"));
    for (const auto* wrong : {"status", "=x", ""})
        CHECK(has(refused({.kind = "cloud_pc.reboot", .expectations = {wrong}}),
                  "accepted: NAME=VALUE"));
    CHECK(has(refused({.kind = "cloud_pc.reboot", .expectations = {"a=1", "a=1"}}),
              "--expect a: is given twice"));
}

TEST_CASE("submission: a kind that there is not is not found, and the nearest named")
{
    CHECK_THROWS_WITH_AS(action_of("cloud_pc.rebot"),
                         "there is no kind cloud_pc.rebot, did you mean cloud_pc.reboot?", Failure);
    CHECK_THROWS_WITH_AS(action_of("x\x1b"), doctest::Contains("no kind x\\x1b; cloudpcctl"),
                         Failure);
    // Another name of an entry is sent as it was typed.
    CHECK(has(body_of({.kind = "device_image.reupload"}), R"("kind":"device_image.reupload")"));
}
