// Submitting over the control API, and looking.

#include "tests/unit/daemon/jobs_api.hpp"

#include "sync/core/log.hpp"
#include "tests/unit/graph/fixture.hpp"

#include <fmt/format.h>

using namespace cloudpcd;
using namespace cloudpcd::daemon::control;
using namespace cloudpcd::daemon::control::test;
using jobs::State;
using jobs::test::machine;
using jobs::test::other_machine;

namespace {

/// A body with the kind and target of a reboot, and `more`.
std::string reboot_of(std::string_view target, std::string_view more = "")
{
    return fmt::format(R"({{"kind": "cloud_pc.reboot", "target_id": "{}"{}}})", target, more);
}

bool has(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE_FIXTURE(Api,
                  "jobs api: what is submitted is a job of the caller, as the kernel knows them")
{
    const auto answer = post(alice, "/v1/jobs",
                             R"({"kind": "cloud_pc.reprovision", "target_id": ")" + machine +
                                 R"(", "params": {"osVersion": "windows11"},
                                     "expect": {"status": "provisioned"}, "reason": "INC-1",
                                     "batch_id": "b", "priority": 3, "allow_duplicate": true,
                                     "not_before": "2026-03-01T01:00:00+01:00",
                                     "expires_at": "2026-03-02"})");
    REQUIRE(answer.status == 201);
    CHECK(answer.text("outcome") == "added");
    CHECK(answer.text("notes") == "[]");
    const auto job = queue.job(1);
    CHECK(job.kind == "cloud_pc.reprovision");
    CHECK(job.target_id == machine);
    CHECK(job.params == R"({"osVersion":"windows11"})");
    CHECK(job.expect == R"({"status":"provisioned"})");
    CHECK(job.reason == "INC-1");
    CHECK(job.batch_id == "b");
    CHECK(job.priority == 3);
    CHECK(job.allow_duplicate);
    CHECK_FALSE(job.dry_run);
    CHECK(job.not_before == "2026-03-01 00:00:00.000");
    CHECK(job.expires_at == "2026-03-02 00:00:00.000");
    CHECK(job.requested_by == "alice");
    CHECK(job.origin == "api");
    CHECK(job.actor_verified);
    CHECK(queue.value("SELECT actor FROM job_events") == "alice (uid 1002)");
    CHECK(kicks == 1);
    const auto& shown = answer.body.at("job").as_object();
    CHECK(shown.at("params").at("osVersion") == "windows11");
    CHECK(shown.at("not_before") == "2026-03-01T00:00:00.000Z");
    CHECK(shown.at("state") == "submitted");
}

TEST_CASE_FIXTURE(Api, "jobs api: a user without a name is known by number")
{
    users.erase(alice.uid);
    const auto job = reboot();
    CHECK(queue.job(job).requested_by == "1002");
}

TEST_CASE_FIXTURE(Api, "jobs api: everything that is wrong is named, and nothing is stored")
{
    const auto answer = post(alice, "/v1/jobs",
                             R"({"kind": "cloud_pc.reprovision", "target_id": "../../users/x",
                 "params": {"osVersion": 11, "frob": 1}, "expect": {"nosuch": 1}, "priority": 10,
                 "requested_by": "root", "state": "queued", "dry_run": "yes",
                 "request_id": "1"})");
    CHECK(answer.status == 400);
    CHECK(answer.type == "invalid-job");
    for (const auto* part :
         {"target_id", "params.osVersion", "params.frob", "expect.nosuch", "priority: accepted",
          "requested_by: it is the caller", "state: no such member", "dry_run: accepted",
          "request_id: accepted: a UUID"})
        CHECK_MESSAGE(has(answer.text("detail"), part), part, " in ", answer.text("detail"));
    CHECK(answer.body.at("problems").as_array().size() >= 6);
    CHECK(queue.value("SELECT count(*) FROM jobs") == "0");
    CHECK(kicks == 0);
}

TEST_CASE_FIXTURE(Api, "jobs api: wrong kinds, targets and times are refused one by one")
{
    struct Wrong {
        std::string body;
        const char* part;
    };
    for (const auto& [body, part] : {
             Wrong{"{}", "kind: is missing"},
             Wrong{R"({"kind": ""})", "kind: accepted"},
             Wrong{R"({"kind": "cloud_pc.Reboot"})", "is unknown"},
             Wrong{R"({"kind": "cloud_pc.reboot "})", "is unknown"},
             Wrong{R"({"kind": "cloud_pc.rеboot"})", "is unknown"},  // a Cyrillic е
             Wrong{R"({"kind": "cloud_pc.reboot"})", "target_id"},
             Wrong{reboot_of("{" + machine + "}"), "target_id"},
             Wrong{reboot_of(machine, R"(, "not_before": "now")"), "not_before: give a date"},
             Wrong{reboot_of(machine, R"(, "not_before": "2026-02-30")"),
                   "not_before: give a date"},
             Wrong{reboot_of(machine, R"(, "expires_at": 17)"), "expires_at: accepted: a time"},
             Wrong{reboot_of(machine, R"(, "params": "x")"), "params: accepted: an object"},
             Wrong{reboot_of(machine, R"(, "expect": [])"), "expect: accepted: an object"},
             Wrong{reboot_of(machine, R"(, "reason": ")" + std::string(1001, 'x') + "\""),
                   "reason: accepted"},
         }) {
        CAPTURE(body);
        const auto answer = post(alice, "/v1/jobs", body);
        CHECK(answer.status == 400);
        CHECK(answer.type == "invalid-job");
        CHECK_MESSAGE(has(answer.text("detail"), part), answer.text("detail"));
    }
    CHECK(queue.value("SELECT count(*) FROM jobs") == "0");
}

TEST_CASE_FIXTURE(Api, "jobs api: a secret comes by name only, and a literal leaves no trace")
{
    const auto update = [&](std::string_view password) {
        return post(alice, "/v1/jobs",
                    fmt::format(R"({{"kind": "on_premises_connection.update_ad_domain_password",
                                    "target_id": "{}", "params": {{"adDomainPassword": {}}}}})",
                                machine, password));
    };
    for (const auto* password : {"\"hunter2\"", R"({"credential": "hunter2"})", R"(["hunter2"])"}) {
        const auto answer = update(password);
        CHECK(answer.status == 400);
        CHECK_FALSE(has(answer.serialized(), "hunter2\"}"));
    }
    CHECK_FALSE(has(update("\"hunter2\"").serialized(), "hunter2"));
    CHECK(queue.value("SELECT count(*) FROM jobs") == "0");
    CHECK(update(R"({"credential": "ad-join-password"})").status == 201);
}

TEST_CASE_FIXTURE(Api, "jobs api: a request_id submits once")
{
    const auto body = reboot_of(machine, R"(, "request_id": ")" + uuid + "\"");
    CHECK(post(alice, "/v1/jobs", body).status == 201);
    const auto again = post(bob, "/v1/jobs", body);
    CHECK(again.status == 200);
    CHECK(again.text("outcome") == "repeated");
    CHECK(again.body.at("job").at("job_id") == 1);
    CHECK(again.body.at("job").at("requested_by") == "alice");
    const auto other =
        post(alice, "/v1/jobs", reboot_of(other_machine, R"(, "request_id": ")" + uuid + "\""));
    CHECK(other.status == 409);
    CHECK(other.type == "request-conflict");
    CHECK(other.number("job_id") == 1);
    CHECK(queue.value("SELECT count(*) FROM jobs") == "1");
}

TEST_CASE_FIXTURE(Api, "jobs api: of several each is judged by itself")
{
    const auto answer =
        post(alice, "/v1/jobs",
             fmt::format(R"({{"jobs": [{}, {{"kind": "nosuch"}}, {}, {}, {}]}})",
                         reboot_of(machine, R"(, "batch_id": "b")"),
                         reboot_of(machine, R"(, "not_before": "now")"),
                         reboot_of(other_machine, R"(, "request_id": ")" + uuid + "\""),
                         reboot_of(other_machine, R"(, "request_id": ")" + uuid + "\"")));
    CHECK(answer.status == 200);
    CHECK(answer.each("results", "outcome") == "added refused refused added repeated");
    CHECK(answer.each("results", "job_id") == "1 (absent) (absent) 2 2");
    CHECK(has(answer.each("results", "problems"), "not_before: give a date"));
    CHECK(queue.rows("SELECT requested_by FROM jobs") == jobs::test::Rows{"alice", "alice"});
    CHECK(kicks == 1);
}

TEST_CASE_FIXTURE(Api, "jobs api: a request_id with other content is logged, alone or among others")
{
    const auto with_id = fmt::format(R"(, "request_id": "{}")", uuid);
    REQUIRE(post(alice, "/v1/jobs", reboot_of(machine, with_id)).status == 201);
    const auto other = reboot_of(other_machine, with_id);
    for (const auto& body :
         {other, fmt::format(R"({{"jobs": [{}, {}]}})", reboot_of(machine), other)}) {
        const graph::test::StderrCapture said;
        log::configure(log::Level::warning, log::Format::text);
        post(bob, "/v1/jobs", body);
        log::configure(log::Level::error, log::Format::text);
        CHECK(has(said.text(), "a job was submitted"));
        CHECK(has(said.text(), "outcome=conflict"));
        CHECK(has(said.text(), "kind=cloud_pc.reboot"));
        CHECK(has(said.text(), fmt::format("bob (uid {})", bob.uid)));
    }
}

TEST_CASE_FIXTURE(Api, "jobs api: several are many at most, and come alone")
{
    const auto of = [](std::size_t count) {
        std::string all;
        for (std::size_t i = 0; i < count; ++i)
            all += (i == 0 ? "" : ",") + reboot_of(machine);
        return "{\"jobs\": [" + all + "]}";
    };
    CHECK(post(alice, "/v1/jobs", of(jobs_in_request_max)).status == 200);
    CHECK(queue.value("SELECT count(*) FROM jobs") == "1000");
    CHECK(post(alice, "/v1/jobs", of(jobs_in_request_max + 1)).status == 400);
    CHECK(post(alice, "/v1/jobs", of(0)).status == 400);
    CHECK(post(alice, "/v1/jobs", R"({"jobs": [1]})").status == 400);
    CHECK(post(alice, "/v1/jobs", R"({"jobs": [{}], "kind": "x"})").status == 400);
    CHECK(queue.value("SELECT count(*) FROM jobs") == "1000");
}

TEST_CASE_FIXTURE(Api, "jobs api: what stands in the way of all jobs is said at once")
{
    settings.jobs.enabled = false;
    freeze.turn_on("maintenance");
    const auto answer = post(alice, "/v1/jobs", reboot_of(machine));
    CHECK(answer.status == 201);
    CHECK(has(answer.text("notes"), "jobs are not enabled"));
    CHECK(has(answer.text("notes"), "writes are frozen: maintenance"));
    CHECK(queue.state(1) == State::submitted);
}

TEST_CASE_FIXTURE(Api, "jobs api: lists are filtered, newest first, page by page")
{
    for (int i = 0; i < 5; ++i)
        submit(i == 4 ? bob : alice, reboot_of(i == 0 ? other_machine : machine,
                                               i == 1 ? R"(, "batch_id": "a b&c")" : ""));
    queue.move(2, State::cancelled);
    CHECK(get("/v1/jobs").each("jobs", "job_id") == "5 4 3 2 1");
    CHECK(get("/v1/jobs?state=cancelled").each("jobs", "job_id") == "2");
    CHECK(get("/v1/jobs?state=cancelled,submitted&requested_by=alice").each("jobs", "job_id") ==
          "4 3 2 1");
    CHECK(get("/v1/jobs?batch_id=a%20b%26c").each("jobs", "job_id") == "2");
    CHECK(get("/v1/jobs?target_id=" + other_machine).each("jobs", "job_id") == "1");
    CHECK(get("/v1/jobs?kind=cloud_pc.resize").each("jobs", "job_id") == "");
    const auto page = get("/v1/jobs?max=2");
    CHECK(page.each("jobs", "job_id") == "5 4");
    CHECK(page.number("next") == 4);
    const auto last = get("/v1/jobs?max=3&before=4");
    CHECK(last.each("jobs", "job_id") == "3 2 1");
    CHECK(get("/v1/jobs?max=3&before=3").text("next") == "null");
    // What may be long is left to the job itself.
    CHECK(page.each("jobs", "params") == "(absent) (absent)");
    for (const auto* query : {"state=", "state=Held", "state=held,", "max=0", "max=1001", "max=x",
                              "before=-1", "frob=1"}) {
        CAPTURE(query);
        CHECK(get(fmt::format("/v1/jobs?{}", query)).status == 400);
    }
}

TEST_CASE_FIXTURE(Api, "jobs api: a job is shown with all that hangs on it")
{
    const auto id = queue.add_in(State::in_doubt);
    const auto answer = get(fmt::format("/v1/jobs/{}", id));
    CHECK(answer.status == 200);
    CHECK(answer.text("state") == "in_doubt");
    CHECK(answer.number("attempts") == 1);
    CHECK(answer.each("job_attempts", "verdict") == "unknown");
    CHECK(answer.each("job_targets", "resource") == "cloud_pcs");
    CHECK(answer.each("job_events", "to_state") == "submitted queued sending in_doubt");
    CHECK(answer.text("content_hash") == jobs::content_hash(queue.job(id)));
    for (const auto* target : {"/v1/jobs/99", "/v1/jobs/0", "/v1/jobs/x", "/v1/jobs/1x",
                               "/v1/jobs/99999999999999999999"}) {
        CAPTURE(target);
        CHECK(get(target).status == 404);
        CHECK(get(target).type == "unknown-job");
    }
}

TEST_CASE_FIXTURE(Api, "jobs api: what nobody has looked at yet shows no literal secret")
{
    // The trigger knows this member only as it is spelt; validation finds more.
    jobs::test::Stranger{queue.path}.run(
        "INSERT INTO jobs (kind, params) VALUES "
        "('cloud_pc.reboot', '{\"adminPassword\": \"hunter2\"}'),"
        "('nosuch', '{\"x\": \"hunter2\"}'), ('cloud_pc.reboot', '{\"x\": 1}')");
    CHECK(get("/v1/jobs/1").text("params") == "null");
    CHECK(get("/v1/jobs/2").text("params") == "null");
    CHECK(get("/v1/jobs/3").text("params") == R"({"x":1})");
}

TEST_CASE_FIXTURE(Api, "jobs api: the kinds are told, with what each accepts")
{
    const auto kinds = get("/v1/jobs/kinds").each("kinds", "kind");
    CHECK(has(kinds, "provisioning_policy.create "));
    CHECK(has(kinds, " cloud_pc.bulk_reprovision "));
    const auto kind = get("/v1/jobs/kinds/cloud_pc.reprovision");
    CHECK(kind.text("may_destroy") == "true");
    CHECK(kind.number("risk") == 2);
    CHECK(kind.each("parameters", "name") == "userAccountType osVersion");
    CHECK(get("/v1/jobs/kinds/nosuch").status == 404);
}

TEST_CASE_FIXTURE(Api, "jobs api: the status counts jobs by state, and tells of the switch")
{
    queue.add_in(State::in_doubt);
    queue.add();
    freeze.turn_on("why");
    std::optional<ctl::QueueStatus> status;
    boost::asio::co_spawn(io, api.status(),
                          [&](const std::exception_ptr& failure, ctl::QueueStatus read) {
                              REQUIRE_FALSE(failure);
                              status = std::move(read);
                          });
    queue.clock.run_until(io, [&] { return status.has_value(); });
    REQUIRE(status);
    CHECK(status->count(State::in_doubt) == 1);
    CHECK(status->count(State::submitted) == 1);
    CHECK(status->count(State::failed) == 0);
    CHECK(status->frozen);
    CHECK(status->freeze_reason == "why");
    CHECK(ctl::describe(*status) == "1 submitted, 1 in_doubt");
}
