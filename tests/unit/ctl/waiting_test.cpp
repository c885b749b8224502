// Following jobs: when it ends, and with which status.

#include "tests/unit/ctl/mirror_file.hpp"
#include "tests/unit/jobs/fixture.hpp"

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <utility>

using namespace cloudpcd;
using namespace std::chrono_literals;
using cloudpcd::ctl::test::Ending;
using cloudpcd::ctl::test::MirrorFile;
using jobs::State;

namespace {

/// A program whose pauses take no time: whatever happens meanwhile is a step of the test.
struct World {
    World()
    {
        mirror.use_jobs(queue.path);
        mirror.use_pace({.now = [this] { return now; },
                         .pause =
                             [this](std::chrono::milliseconds time) {
                                 now += time;
                                 if (const auto step = steps.find(++pauses); step != steps.end())
                                     step->second();
                             }});
    }
    Ending run(const std::vector<std::string>& arguments) const { return mirror.run(arguments); }

    jobs::test::Queue queue;
    MirrorFile mirror;
    std::chrono::steady_clock::time_point now{};
    int pauses = 0;
    std::map<int, std::function<void()>> steps{};  ///< by pause, from 1
};

bool has(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE_FIXTURE(World, "jobs wait: the state decides the exit status")
{
    const std::map<State, int> expected{
        {State::submitted, 4}, {State::awaiting_approval, 4}, {State::held, 4},
        {State::queued, 4},    {State::sending, 4},           {State::accepted, 4},
        {State::in_doubt, 3},  {State::succeeded, 0},         {State::failed, 1},
        {State::rejected, 1},  {State::cancelled, 1},         {State::expired, 1},
        {State::checked, 0},
    };
    CHECK(expected.size() == jobs::state_count);
    for (const auto& [state, status] : expected) {
        CAPTURE(state);
        const auto id = std::to_string(queue.add_in(state));
        const auto ending = run({"jobs", "wait", id, "--timeout", "2s"});
        CHECK(ending.status == status);
        CHECK(has(ending.out, to_string(state)));
        CHECK(ending.errors.empty() == (status == 0));
    }
}

TEST_CASE_FIXTURE(World, "jobs wait: each change is a line, until the end")
{
    const auto id = queue.add();
    steps[2] = [&] { queue.move(id, State::queued); };
    steps[5] = [&] {
        queue.move(id, State::held, {.reason = "frozen: INC-7", .held_by = jobs::Hold::freeze});
    };
    steps[6] = [&] {
        queue.move(id, State::held, {.reason = "no login", .held_by = jobs::Hold::login});
    };
    steps[9] = [&] { queue.move(id, State::cancelled, {.reason = "a mistake"}); };
    const auto ending = run({"jobs", "wait", std::to_string(id)});
    CHECK(ending.status == 1);
    CHECK(pauses == 9);
    const std::string name = "job 1 cloud_pc.reboot " + jobs::test::machine;
    CHECK(ending.out == name + ": submitted\n" + name + ": queued\n" + name +
                            ": held: frozen: INC-7\n" + name + ": held: no login\n" + name +
                            ": cancelled: a mistake\n");
    CHECK(ending.errors == "cloudpcctl: " + name + " is cancelled: a mistake\n");
}

TEST_CASE_FIXTURE(World, "jobs wait: ends at doubt, which others are waited for beside")
{
    const auto one = queue.add_in(State::accepted, 1);
    queue.add_in(State::queued, 1);
    steps[3] = [&] { queue.move(one, State::in_doubt, {.reason = "no end seen"}); };
    CHECK(run({"jobs", "wait", "1"}).status == 3);
    CHECK(pauses == 3);
    // The other one goes on, and its failure comes before the doubt.
    steps[8] = [&] { queue.move(2, State::rejected); };
    const auto ending = run({"jobs", "wait", "1", "2"});
    CHECK(pauses == 8);
    CHECK(ending.status == 1);
    CHECK(has(ending.errors, "of 2 jobs 1 came to nothing, 1 are in doubt, 0 are still"));
}

TEST_CASE_FIXTURE(World, "jobs wait: failure before doubt before waiting")
{
    const auto id = [&](State state) { return std::to_string(queue.add_in(state)); };
    const auto done = id(State::succeeded);
    const auto doubt = id(State::in_doubt);
    const auto held = id(State::held);
    const auto failed = id(State::failed);
    const auto wait = [&](std::vector<std::string> ids) {
        ids.insert(ids.begin(), {"jobs", "wait", "--timeout", "1s"});
        return run(ids).status;
    };
    CHECK(wait({done, held, doubt, failed}) == 1);
    CHECK(wait({done, held, doubt}) == 3);
    CHECK(wait({done, held}) == 4);
    CHECK(wait({done}) == 0);
}

TEST_CASE_FIXTURE(World, "jobs wait: no longer than --timeout, and not at all with 0s")
{
    queue.add();
    CHECK(run({"jobs", "wait", "1", "--timeout", "1500ms"}).status == 4);
    CHECK(now.time_since_epoch() == 1500ms);
    now = {};
    CHECK(run({"jobs", "wait", "1", "--timeout", "0s"}).status == 4);
    CHECK(now.time_since_epoch() == 0ms);
}

TEST_CASE_FIXTURE(World,
                  "jobs wait: a daemon that stays away is given up, one that ended it is not")
{
    queue.add();
    const auto ending = run({"jobs", "wait", "1"});
    CHECK(ending.status == 69);
    CHECK(has(ending.errors, "it is not running: nothing goes on"));
    CHECK(now.time_since_epoch() >= 30s);
    CHECK(now.time_since_epoch() < 40s);
    queue.move(1, State::queued);
    steps[pauses + 5] = [&] { queue.move(1, State::cancelled); };
    CHECK(run({"jobs", "wait", "1"}).status == 1);
}

TEST_CASE_FIXTURE(World, "jobs wait: of a batch, with a summary of what did not go on")
{
    for (int i = 0; i < 3; ++i) {
        queue.add({.kind = "cloud_pc.reboot",
                   .target_id = "662009bc-0000-4000-8000-00000000000" + std::to_string(i),
                   .batch_id = "b"});
    }
    queue.add();
    steps[1] = [&] {
        queue.move(1, State::queued);
        queue.move(2, State::rejected, {.reason = "gone"});
        queue.move(3, State::rejected, {.reason = "gone"});
    };
    const auto ending = run({"jobs", "wait", "--batch", "b", "--timeout", "1s"});
    CHECK(ending.status == 1);
    CHECK(
        ending.out.ends_with("1 queued\n"
                             "2 rejected: gone\n"
                             "  job 2 cloud_pc.reboot 662009bc-0000-4000-8000-000000000001\n"
                             "  job 3 cloud_pc.reboot 662009bc-0000-4000-8000-000000000002\n"));
    CHECK_FALSE(has(ending.out, "job 4"));
    CHECK(run({"jobs", "wait", "--batch", "nosuch"}).status == 2);
    CHECK(run({"jobs", "wait", "99"}).status == 2);
}

TEST_CASE_FIXTURE(World, "jobs wait: for programs the jobs at the end, and the changes beside")
{
    const auto id = queue.add();
    steps[1] = [&] { queue.move(id, State::cancelled, {.reason = "a mistake"}); };
    const auto ending = run({"jobs", "wait", "1", "--json"});
    const auto json = boost::json::parse(ending.out);
    CHECK(json.at("state") == "cancelled");
    CHECK(json.at("job_events").as_array().size() == 2);
    CHECK(has(ending.errors, ": submitted\n"));
    CHECK(has(ending.errors, ": cancelled: a mistake\n"));
    CHECK(boost::json::parse(run({"jobs", "wait", "1", "1", "--json"}).out)
              .at("jobs")
              .as_array()
              .size() == 1);
}
