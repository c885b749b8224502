// A row of `jobs` is hostile input: what is made of it, and what is said of the rest.

#include "sync/jobs/plan.hpp"

#include "tests/unit/jobs/kinds.hpp"

#include <fmt/format.h>

#include <array>
#include <variant>

using namespace cloudpcd;
using namespace cloudpcd::jobs;

namespace {

Job row(std::string kind_name, std::optional<std::string> params = {},
        std::optional<std::string> target_id = std::string{some_id})
{
    Job job;
    job.job_id = 17;
    job.request_id = "0f8fad5b-d9cb-469f-a165-70867728950e";
    job.kind = std::move(kind_name);
    job.params = std::move(params);
    job.target_id = std::move(target_id);
    return job;
}

const KnownCredential one_credential = [](std::string_view name) { return name == "ad-join"; };

Plan planned(const Job& job)
{
    auto made = make_plan(job, one_credential);
    const auto* refused = std::get_if<Unplannable>(&made);
    REQUIRE_MESSAGE(refused == nullptr, refused->why);
    return std::get<Plan>(std::move(made));
}

Unplannable refused(const Job& job)
{
    auto made = make_plan(job, one_credential);
    REQUIRE(std::holds_alternative<Unplannable>(made));
    auto why = std::get<Unplannable>(std::move(made));
    CHECK_FALSE(why.why.empty());
    CHECK(why.why.size() < 8000);
    for (const char c : why.why)
        CHECK(static_cast<unsigned char>(c) >= ' ');
    return why;
}

Job expecting(std::string expect, std::string kind_name = "cloud_pc.reprovision",
              std::optional<std::string> target = std::string{some_id})
{
    auto job = row(std::move(kind_name), std::nullopt, std::move(target));
    job.expect = std::move(expect);
    return job;
}

}  // namespace

TEST_CASE("plan: every kind with its example")
{
    for (const auto& action : schema::actions()) {
        CAPTURE(action.kind);
        auto job = row(std::string{action.kind}, std::nullopt, std::nullopt);
        if (!action.target.empty())
            job.target_id = some_id;
        if (!action.example.empty())
            job.params = action.example;
        const auto made = make_plan(job, {});
        const auto* refusal = std::get_if<Unplannable>(&made);
        REQUIRE_MESSAGE(refusal == nullptr, refusal->why);
        const auto& plan = std::get<Plan>(made);
        CHECK(plan.action == &action);
        CHECK(plan.request.method == action.method);
        CHECK(contains(plan.request.path, "/deviceManagement/virtualEndpoint/"));
        CHECK_FALSE(contains(plan.request.path, "{"));
    }
}

TEST_CASE("plan: what the daemon names bears the request id")
{
    const auto plan = planned(row(
        "cloud_pc.bulk_restart", fmt::format(R"({{"cloudPcIds":["{}"]}})", some_id), std::nullopt));
    CHECK(contains(plan.request.shown_body(), "cloudpcd 0f8fad5b-d9cb-469f-a165-70867728950e"));
}

TEST_CASE("plan: a kind is matched byte for byte")
{
    CHECK(planned(row("device_image.reupload")).action->kind == "device_image.retry_upload");
    using namespace std::string_literals;
    for (const auto& name : {"cloud_pc.Reboot"s, "CLOUD_PC.REBOOT"s, "cloud_pc.reboot "s,
                             " cloud_pc.reboot"s, "cloud_pc.r\u0435boot"s, "cloud_pc.reboot\n"s,
                             "cloud_pc.reboot\0"s, "cloud_pc.reboot\0x"s, "cloud_pc"s, "reboot"s,
                             ""s, std::string(60'000, 'x'), "cloud_pc.reboot; DROP TABLE jobs"s}) {
        CAPTURE(name.substr(0, 40));
        CHECK(contains(refused(row(name)).why, "is unknown"));
    }
}

TEST_CASE("plan: a target is a GUID and nothing else")
{
    using namespace std::string_literals;
    for (const auto& target :
         {"../../users/x"s, "a/b?$select="s, std::string(5000, 'a'),
          "{"s + std::string{some_id} + "}", std::string{some_id} + "\0"s,
          std::string{some_id} + "/reboot", " "s + std::string{some_id},
          std::string{some_id}.substr(1), "662009bc77324f6f872625883518b33e"s, ""s}) {
        CAPTURE(target.substr(0, 60));
        CHECK(contains(refused(row("cloud_pc.reboot", {}, target)).why, "target_id"));
    }
    CHECK(contains(refused(row("cloud_pc.reboot", {}, std::nullopt)).why, "target_id is missing"));
    CHECK(contains(refused(row("user_setting.create")).why, "this kind takes none"));
}

TEST_CASE("plan: params that are no params")
{
    std::string deep;
    for (int i = 0; i < 10'000; ++i)
        deep += R"({"a":)";
    for (const auto& params :
         {std::string{"{"}, std::string{"[]"}, deep, std::string(5'000'000, ' ') + "{}",
          std::string{R"({"displayName":"a","displayName":"b"})"},
          std::string{R"({"displayName":"a","colour":"red"})"}, std::string{R"({"displayName":7})"},
          std::string{R"({})"}}) {
        CAPTURE(params.substr(0, 60));
        CHECK(contains(refused(row("cloud_pc.rename", params)).why, "params"));
    }
}

TEST_CASE("plan: one reason has all that is wrong")
{
    auto job = row("cloud_pc.rename", R"({"colour":"red"})", "x");
    job.expect = "[]";
    const auto why = refused(job).why;
    for (const auto* part :
         {"target_id is not an id", "params.colour", "params.displayName is missing", "expect"})
        CHECK_MESSAGE(contains(why, part), why);
}

TEST_CASE("plan: expect names properties of the target, with single values")
{
    const auto plan = planned(expecting(
        R"({"userPrincipalName":"ada@contoso.example","statusDetail.code":null,"id":"x"})"));
    CHECK(plan.expect.size() == 3);
    CHECK(planned(expecting("{}")).expect.empty());
    CHECK(planned(expecting("")).expect.empty());
    CHECK(planned(row("cloud_pc.reboot")).expect.empty());

    std::string many = "{";
    for (std::size_t i = 0; i <= expect_members_max; ++i)
        many += fmt::format(R"({}"p{}":1)", i == 0 ? "" : ",", i);
    std::string deep = R"({"status":)";
    for (int i = 0; i < 10'000; ++i)
        deep += "[";
    const std::array<std::pair<std::string, std::string>, 9> wrong{{
        {"x", "expect is not JSON"},
        {"[]", "expect is an array"},
        {R"({"status":"a","status":"b"})", "expect.status is given twice"},
        {R"({"status":{}})", "expect.status is an object"},
        {R"({"status":["a"]})", "expect.status is an array"},
        {R"({"Status":"a"})", "expect.Status is no property of cloud_pcs"},
        {R"({"scopeIds":null})", "expect.scopeIds is no property of cloud_pcs that has one value"},
        {many + "}", "expect has 21 members"},
        {deep, "expect is nested too deep"},
    }};
    for (const auto& [expect, why] : wrong) {
        CAPTURE(expect.substr(0, 60));
        const auto said = refused(expecting(expect)).why;
        CHECK_MESSAGE(contains(said, why), said);
    }
}

TEST_CASE(
    "plan: expect is of the Cloud PCs of a bulk action, and of nothing where there is nothing")
{
    auto bulk = expecting(R"({"status":"provisioned"})", "cloud_pc.bulk_restart", std::nullopt);
    bulk.params = fmt::format(R"({{"cloudPcIds":["{}"]}})", some_id);
    CHECK(planned(bulk).expect.size() == 1);
    const auto creation =
        expecting(R"({"displayName":"x"})", "organization_settings.update", std::nullopt);
    CHECK(contains(refused(creation).why, "no target that it could be compared with"));
}

TEST_CASE("plan: a literal secret is to be erased, and never repeated")
{
    const std::string update = "on_premises_connection.update_ad_domain_password";
    CHECK(planned(row(update, R"({"adDomainPassword":{"credential":"ad-join"}})"))
              .request.shown_body() == R"({"adDomainPassword":{"credential":"ad-join"}})");
    for (const auto& [kind_name, params] : std::vector<std::pair<std::string, std::string>>{
             {update, R"({"adDomainPassword":"hunter2"})"},
             {update, R"({"adDomainPassword":{"credential":"hunter2"}})"},
             {update, R"({"adDomainPassword":"hunter2")"},
             {"cloud_pc.reboot", R"({"adDomainPassword":"hunter2"})"},
             {"On_Premises_Connection.update", R"({"adDomainPassword":"hunter2"})"},
             {"no.such.kind", R"({"password":"hunter2")"}}) {
        CAPTURE(params);
        const auto why = refused(row(kind_name, params));
        CHECK(why.erase_params);
        CHECK_FALSE(contains(why.why, "hunter2"));
    }
    CHECK_FALSE(refused(row("cloud_pc.rename", R"({"colour":"red"})")).erase_params);
    CHECK_FALSE(refused(row("no.such.kind", R"({"colour":"red"})")).erase_params);
}
