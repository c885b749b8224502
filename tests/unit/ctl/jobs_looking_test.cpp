// Looking at jobs while the daemon is stopped: what stands in jobs.db.

#include "tests/unit/ctl/mirror_file.hpp"
#include "tests/unit/jobs/fixture.hpp"

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

using namespace cloudpcd;
using cloudpcd::ctl::test::Ending;
using cloudpcd::ctl::test::MirrorFile;
using cloudpcd::ctl::test::run_program;
using jobs::State;
using jobs::test::machine;
using jobs::test::other_machine;

namespace {

struct World {
    World() { mirror.use_jobs(queue.path); }
    Ending run(const std::vector<std::string>& arguments) const { return mirror.run(arguments); }

    jobs::test::Queue queue;
    MirrorFile mirror;
};

bool has(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE_FIXTURE(World, "jobs list: the newest first, one line each, and where the rest is")
{
    queue.add({.kind = "cloud_pc.reboot",
               .target_id = machine,
               .requested_by = "alice",
               .batch_id = "b"});
    queue.add({.kind = "cloud_pc.rename", .target_id = other_machine});
    jobs::fill(queue.database, 1, {.target_name = "CPC-1"}, jobs::test::start);
    queue.move(1, State::held, {.reason = "too\nmany", .held_by = jobs::Hold::budget});
    const auto all = run({"jobs", "list"});
    CHECK(all.status == 0);
    CHECK(all.out ==
          "job  state      kind             target                                requested by  "
          "created at                why\n"
          "---  ---------  ---------------  ------------------------------------  ------------  "
          "------------------------  ---------\n"
          "  2  submitted  cloud_pc.rename  662009bc-0000-4000-8000-000000000002                "
          "2026-01-01T00:00:00.000Z\n"
          "  1  held       cloud_pc.reboot  CPC-1                                 alice         "
          "2026-01-01T00:00:00.000Z  too\\nmany\n");
    CHECK(has(all.errors, "it is not running; jobs.db was read instead"));
    const auto one = run({"jobs", "list", "--max", "1"});
    CHECK(has(one.errors, "older ones: --before 2\n"));
    CHECK(has(run({"jobs", "list", "--before", "2"}).out, "CPC-1"));
    CHECK_FALSE(has(run({"jobs", "list", "--before", "2"}).out, "cloud_pc.rename"));
    CHECK(has(run({"jobs", "list", "--batch", "b", "--state", "held"}).out, "CPC-1"));
    CHECK_FALSE(has(run({"jobs", "list", "--batch", "b", "--state", "queued"}).out, "CPC-1"));
    CHECK(has(run({"jobs", "list", "1"}).out, "CPC-1"));
    CHECK_FALSE(has(run({"jobs", "list", "1"}).out, "cloud_pc.rename"));
    CHECK(run({"jobs", "list", "1", "99"}).status == 2);
    const auto json = boost::json::parse(run({"jobs", "list", "--json"}).out);
    CHECK(json.at("jobs").as_array().size() == 2);
    CHECK(json.at("jobs").at(1).at("target_name") == "CPC-1");
    CHECK(json.at("next").is_null());
}

TEST_CASE_FIXTURE(World, "jobs show: the request, what was sent, and who did what")
{
    const auto id = queue.add_in(State::in_doubt);
    REQUIRE(jobs::transition(queue.database, id, State::in_doubt, State::in_doubt,
                             {.reason = "no answer \x1b[2J", .error_code = "Timeout"}, "daemon",
                             jobs::test::start));
    const auto shown = run({"jobs", "show", std::to_string(id)});
    CHECK(shown.status == 0);
    for (const auto* part :
         {"job             1\n", "kind            cloud_pc.reboot\n",
          "state           in_doubt: no answer \\x1b[2J\n",
          "risk            class 2, touches 1 Cloud PC\n", "answer          Timeout\n",
          "\nattempts\n  2026-01-01T00:00:00.000Z POST /v1.0/", ": unknown\n",
          "\ntargets\n  cloud_pcs machine of job 1\n", "\nevents\n", "submitted → queued, daemon\n",
          "queued → sending, daemon", "submitted, alice (uid 1000)\n"})
        CHECK_MESSAGE(has(shown.out, part), part, " in ", shown.out);
    const auto json = boost::json::parse(run({"--json", "jobs", "show", "1"}).out);
    CHECK(json.at("state") == "in_doubt");
    CHECK(json.at("job_attempts").as_array().size() == 1);
}

TEST_CASE_FIXTURE(World, "jobs show: several, or a batch, and what is not there")
{
    for (int i = 0; i < 3; ++i)
        queue.add({.kind = "cloud_pc.reboot",
                   .target_id = machine,
                   .batch_id = i == 0 ? std::nullopt : std::optional<std::string>{"b"}});
    const auto batch = run({"jobs", "show", "--batch", "b"});
    CHECK_FALSE(has(batch.out, "job             1\n"));
    CHECK(batch.out.find("job             2\n") < batch.out.find("job             3\n"));
    const auto json = boost::json::parse(run({"--json", "jobs", "show", "1", "3"}).out);
    CHECK(json.at("jobs").as_array().size() == 2);
    // A row that came by SQL has a claimed owner.
    jobs::test::Stranger{queue.path}.run(
        "INSERT INTO jobs (kind, requested_by) VALUES ('x', 'root')");
    CHECK(has(run({"jobs", "show", "4"}).out,
              "requested by    root (claimed, the row came by SQL)\n"));
    const auto none = run({"jobs", "show", "99"});
    CHECK(none.status == 2);
    CHECK(has(none.errors, "there is no job 99\n"));
    CHECK(run({"jobs", "show", "--batch", "nosuch"}).status == 2);
}

TEST_CASE("jobs: without a queue nothing is found, and what cannot be read is told apart")
{
    MirrorFile mirror;
    const auto none = mirror.run({"jobs", "list"});
    CHECK(none.status == 2);
    CHECK(has(none.errors, "it is not running\n"));
    CHECK(has(none.errors, "there is no queue yet"));
    mirror.make_jobs();  // no queue of ours
    std::filesystem::resize_file(mirror.jobs_path(), 100);
    CHECK(mirror.run({"jobs", "list"}).status == 74);
}

TEST_CASE_FIXTURE(World, "jobs: what changes something needs the daemon")
{
    queue.add();
    CHECK(run({"jobs", "submit", "cloud_pc.reboot", "--target", machine, "--reason", "x"}).status ==
          69);
    CHECK(run({"jobs", "cancel", "1"}).status == 69);
    CHECK(run({"jobs", "resolve", "1", "--executed", "--reason", "x"}).status == 69);
    CHECK(run({"freeze"}).status == 69);
    CHECK(run({"thaw"}).status == 69);
    queue.move(1, State::awaiting_approval);
    CHECK(run({"jobs", "approve", "1"}).status == 69);
    CHECK(queue.state(1) == State::awaiting_approval);
}

TEST_CASE_FIXTURE(World, "jobs approve: what waits for no approval is left, and the reason said")
{
    queue.add();
    const auto ending = run({"jobs", "approve", "1"});
    CHECK(ending.status == 1);
    CHECK(ending.out == "job 1 is submitted: it waits for no approval\n");
}

TEST_CASE("jobs kinds and explain: from the program alone")
{
    const auto kinds = run_program({"jobs", "kinds"});
    CHECK(kinds.status == 0);
    CHECK(has(kinds.out, "\ncloud_pc.reprovision "));
    const auto explained = run_program({"jobs", "explain", "cloud_pc.reboot"});
    CHECK(explained.status == 0);
    CHECK(explained.out.starts_with("cloud_pc.reboot\nRestarts the machine"));
    CHECK(has(explained.out, "request     POST /v1.0/deviceManagement/virtualEndpoint/cloudPCs/"));
    const auto json = boost::json::parse(run_program({"jobs", "kinds", "--json"}).out);
    CHECK(json.at("kinds").as_array().size() > 40);
    CHECK(boost::json::parse(run_program({"--json", "jobs", "explain", "cloud_pc.resize"}).out)
              .at("kind") == "cloud_pc.resize");
    const auto unknown = run_program({"jobs", "explain", "cloud_pc.rebot"});
    CHECK(unknown.status == 2);
    CHECK(has(unknown.errors, "did you mean cloud_pc.reboot?"));
}
