// What a job would do, without doing it.

#include "tests/unit/jobs/world.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>

using namespace cloudpcd;
using namespace cloudpcd::jobs;
using namespace cloudpcd::jobs::test;
using namespace std::chrono_literals;

namespace bj = boost::json;

namespace {

struct DryRun : World {
    DryRun()
    {
        have_cloud_pcs(60);
        sync();
    }
    void check(JobId job) { check(job, fresh(job)); }
    void check(JobId job, const Facts& facts)
    {
        check_dry_run(database, job, plan(job), facts, known());
    }
    JobId checked(Submission submission)
    {
        submission.dry_run = true;
        const auto job = destroy(std::move(submission));
        take_in();
        check(job);
        return job;
    }
    bj::object result(JobId id)
    {
        REQUIRE(state(id) == State::checked);
        return bj::parse(job(id).result.value()).get_object();
    }
    bool passes(JobId id, std::string_view name)
    {
        const auto shown = result(id);
        for (const auto& one : shown.at("guards").as_array()) {
            if (one.at("name").as_string() == name)
                return one.at("passes").as_bool();
        }
        FAIL("no such guard: " << name);
        return false;
    }
};

}  // namespace

TEST_CASE_FIXTURE(DryRun, "dry run: shows the request and every guard's answer")
{
    const auto id = checked({.target_id = machine, .params = R"({"osVersion":"windows11"})"});
    const auto shown = result(id);
    CHECK(bj::serialize(shown.at("request")) ==
          fmt::format(R"({{"method":"POST","url":"https://graph.example/v1.0/deviceManagement/)"
                      R"(virtualEndpoint/cloudPCs/{}/reprovision",)"
                      R"("body":{{"osVersion":"windows11"}}}})",
                      machine));
    CHECK(shown.size() == 4);
    CHECK(shown.at("touches") == 1);
    CHECK(shown.at("earliest").is_null());
    const auto& guards = shown.at("guards").as_array();
    CHECK(guards.size() == 12);
    for (const auto& one : guards) {
        CHECK(one.as_object().size() == 3);
        CHECK(one.at("passes") == true);
    }
    CHECK(reason(id) == "it would be sent");
    CHECK(job(id).touches == 1);
    CHECK(job(id).target_name == "CPC 0001");
    CHECK(open_on(machine).empty());
    CHECK(value("SELECT count(*) FROM job_attempts") == "0");

    const auto no_body = checked({.kind = "cloud_pc.reboot", .target_id = machine});
    CHECK(result(no_body).at("request").at("body").is_null());
}

TEST_CASE_FIXTURE(DryRun, "dry run: what would stand against it is a guard that does not pass")
{
    const auto active = reprovision();
    take_in();
    frozen_because = "x";
    have_cloud_pc(machine, "bob@contoso.example");
    const auto id = checked({.target_id = machine,
                             .expect = R"({"userPrincipalName":"ada@contoso.example"})",
                             .not_before = format_rfc3339(now + 1h)});
    for (const auto* name : {"expect", "not_before", "freeze", "target_busy", "duplicate"})
        CHECK_FALSE_MESSAGE(passes(id, name), name);
    for (const auto* name : {"target", "approval", "budget", "expired", "login"})
        CHECK_MESSAGE(passes(id, name), name);
    CHECK(says(reason(id), "it would be held (not_before)"));
    CHECK(open_on(machine) == std::vector<JobId>{active});
}

TEST_CASE_FIXTURE(DryRun, "dry run: a target that is gone or cannot be read")
{
    const auto id = destroy({.target_id = machine, .dry_run = true});
    const auto other = destroy({.target_id = id_of(2), .dry_run = true});
    take_in();
    lose("cloud_pcs", machine);
    check(id);
    CHECK_FALSE(passes(id, "target"));
    CHECK(says(reason(id), "it would be rejected"));
    auto facts = fresh(other);
    facts.incomplete = "503";
    check(other, facts);
    CHECK_FALSE(passes(other, "target"));
    CHECK(says(reason(other), "it would be held (unreadable)"));
}

TEST_CASE_FIXTURE(DryRun, "dry run: of a batch, each counts those before it")
{
    settings.destructive_per_hour = 20;
    fleet = 1000;
    std::vector<JobId> batch;
    for (int i = 1; i <= 45; ++i)
        batch.push_back(checked({.target_id = id_of(i), .batch_id = "friday"}));
    const auto earliest = [&](int number) {
        const auto shown = result(batch.at(static_cast<std::size_t>(number) - 1)).at("earliest");
        return shown.is_null() ? std::string{} : std::string{shown.as_string()};
    };
    CHECK(earliest(1) == "");
    CHECK(earliest(20) == "");
    CHECK(earliest(21) == format_rfc3339(now + 1h));
    CHECK(earliest(40) == format_rfc3339(now + 1h));
    CHECK(earliest(41) == format_rfc3339(now + 2h));
    CHECK_FALSE(passes(batch.at(20), "budget"));
    CHECK(passes(checked({.target_id = id_of(50), .batch_id = "monday"}), "budget"));
    CHECK(passes(checked({.target_id = id_of(51)}), "budget"));
    // They take nothing from those that are sent.
    const auto real = destroy({.target_id = id_of(52), .batch_id = "friday"});
    take_in();
    CHECK(state(real) == State::queued);
}

TEST_CASE_FIXTURE(DryRun, "dry run: more than a budget says that it needs approval, and no time")
{
    std::string ids;
    for (int i = 1; i <= 30; ++i)
        ids += fmt::format("{}\"{}\"", i == 1 ? "" : ",", id_of(i));
    const auto id = checked({.kind = "cloud_pc.bulk_reprovision",
                             .params = fmt::format(R"({{"cloudPcIds":[{}]}})", ids)});
    CHECK_FALSE(passes(id, "approval"));
    CHECK(result(id).at("touches") == 30);
    CHECK(result(id).at("earliest").is_null());
    CHECK(says(reason(id), "it would be awaiting_approval"));
}

TEST_CASE_FIXTURE(DryRun, "dry run: one that was not checked in time has expired")
{
    const auto id = destroy({.target_id = machine, .dry_run = true});
    take_in();
    now += 4h;
    check(id);
    CHECK(state(id) == State::expired);
    CHECK_FALSE(job(id).result.has_value());
    check(id);  // nothing more
    CHECK(state(id) == State::expired);
}

TEST_CASE_FIXTURE(DryRun, "dry run: a credential is shown by its name")
{
    const std::string connection = "7c82a3e3-9459-44e4-94d9-b92f93bf78dd";
    have("on_premises_connections", connection, "");
    const auto id = checked({.kind = "on_premises_connection.update_ad_domain_password",
                             .target_id = connection,
                             .params = R"({"adDomainPassword":{"credential":"ad-join"}})"});
    CHECK(bj::serialize(result(id).at("request").at("body")) ==
          R"({"adDomainPassword":{"credential":"ad-join"}})");
}
