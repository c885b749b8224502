// What people decide about jobs over the control API, and who may.

#include "tests/unit/daemon/jobs_api.hpp"

#include <fmt/format.h>

#include <array>

using namespace cloudpcd;
using namespace cloudpcd::daemon::control;
using namespace cloudpcd::daemon::control::test;
using boost::beast::http::verb;
using config::Approval;
using jobs::State;
using jobs::test::machine;
using jobs::test::other_machine;

namespace {

std::string path_of(jobs::JobId job, std::string_view deed)
{
    return fmt::format("/v1/jobs/{}/{}", job, deed);
}

/// An API whose jobs of class 2 are approved by somebody else.
struct Guarded : Api {
    Guarded() : Api{Approval::destructive} {}
};

}  // namespace

TEST_CASE_FIXTURE(Api, "jobs api: each route takes the role that the reference gives it")
{
    struct Wanted {
        verb method{};
        const char* target = "";
        const char* roles = "";  ///< r, s, a, o: those that are let through
        const char* body = "{}";
    };
    const std::array wanted{
        Wanted{verb::get, "/v1/jobs", "rsao"},
        Wanted{verb::get, "/v1/jobs/kinds", "rsao"},
        Wanted{verb::get, "/v1/jobs/kinds/cloud_pc.reboot", "rsao"},
        Wanted{verb::get, "/v1/jobs/7", "rsao"},
        Wanted{verb::post, "/v1/jobs", "s"},
        Wanted{verb::post, "/v1/jobs/7/cancel", "so"},
        Wanted{verb::post, "/v1/jobs/cancel", "so"},
        Wanted{verb::post, "/v1/jobs/7/approve", "a"},
        Wanted{verb::post, "/v1/jobs/approve", "a"},
        Wanted{verb::post, "/v1/jobs/7/resolve", "o"},
        Wanted{verb::post, "/v1/jobs/resolve", "o"},
        Wanted{verb::post, "/v1/freeze", "o"},
        Wanted{verb::post, "/v1/thaw", "o"},
    };
    CHECK(routes.size() == wanted.size());
    for (const auto& [method, target, roles_let, body] : wanted) {
        CAPTURE(target);
        std::string let;
        for (const auto& [letter, caller] :
             {std::pair{'r', reader}, {'s', alice}, {'a', approver}, {'o', operator_}}) {
            const auto answer = ask(caller, method, target, body);
            CHECK(answer.status != 405);
            if (answer.type != "role-missing")
                let += letter;
        }
        CHECK(let == roles_let);
        CHECK(ask(stranger, method, target, body).type == "role-missing");
        CHECK(ask({.uid = 0, .gid = 9}, method, target, body).type != "role-missing");
    }
    CHECK(queue.value("SELECT count(*) FROM jobs") == "0");
}

TEST_CASE_FIXTURE(Api, "jobs api: who submits cancels their own, who operates anybody's")
{
    const auto mine = reboot();
    const auto refused = post(bob, path_of(mine, "cancel"));
    CHECK(refused.status == 403);
    CHECK(refused.type == "not-own");
    CHECK(queue.state(mine) == State::submitted);
    kicks = 0;

    const auto answer = post(alice, path_of(mine, "cancel"), R"({"reason": "a mistake"})");
    CHECK(answer.status == 200);
    CHECK(answer.text("outcome") == "cancelled");
    CHECK(queue.state(mine) == State::cancelled);
    CHECK(queue.job(mine).state_reason == "cancelled by alice: a mistake");
    CHECK(queue.value("SELECT actor FROM job_events ORDER BY event_id DESC LIMIT 1") ==
          "alice (uid 1002)");
    CHECK(kicks == 1);

    const auto other = reboot();
    CHECK(post(operator_, path_of(other, "cancel")).status == 200);
    CHECK(queue.job(other).state_reason == "cancelled by otto");
}

TEST_CASE_FIXTURE(Api, "jobs api: an owner by SQL is a claim, and gives no right")
{
    jobs::test::Stranger{queue.path}.run(
        "INSERT INTO jobs (kind, requested_by) VALUES ('cloud_pc.reboot', 'alice')");
    CHECK(post(alice, path_of(1, "cancel")).type == "not-own");
    CHECK(queue.state(1) == State::submitted);
    CHECK(post(operator_, path_of(1, "cancel")).status == 200);
}

TEST_CASE_FIXTURE(Api, "jobs api: one's own is known by number, whatever the name was")
{
    users[alice.uid] = "1002";
    const auto job = reboot();
    queue.clock.run_for(io, user_name_lifetime + std::chrono::seconds{1});
    users[alice.uid] = "alice";
    users[bob.uid] = "1002";  // who now bears her name
    CHECK(post(bob, path_of(job, "cancel")).type == "not-own");
    CHECK(post(alice, path_of(job, "cancel")).status == 200);
}

TEST_CASE_FIXTURE(Api, "jobs api: what is sent is not cancelled, and what has ended neither")
{
    const auto sent = queue.add_in(State::accepted);
    const auto late = post(operator_, path_of(sent, "cancel"));
    CHECK(late.status == 409);
    CHECK(late.type == "too-late");
    CHECK(queue.state(sent) == State::accepted);
    CHECK(queue.value("SELECT reason FROM job_events ORDER BY event_id DESC LIMIT 1") ==
          "cancel came too late: cancelled by otto");
    queue.move(sent, State::succeeded);
    CHECK(post(operator_, path_of(sent, "cancel")).type == "ended");
    CHECK(post(operator_, path_of(99, "cancel")).type == "unknown-job");
    CHECK(post(operator_, "/v1/jobs/x/cancel").type == "unknown-job");

    const auto repeated = queue.add_in(State::in_doubt, 0);
    queue.move(repeated, State::queued);
    const auto again = post(operator_, path_of(repeated, "cancel"));
    CHECK(again.type == "too-late");
    CHECK(
        again.text("detail") ==
        fmt::format("job {} is to be sent once more: too late to cancel it, it goes on", repeated));
    CHECK(queue.state(repeated) == State::queued);
}

TEST_CASE_FIXTURE(Guarded, "jobs api: somebody else approves, whoever asks how")
{
    const auto job =
        submit(chief, R"({"kind": "cloud_pc.reprovision", "target_id": ")" + machine + "\"}");
    jobs::fill(queue.database, job, {.risk = 2, .touches = 1}, jobs::test::start);
    queue.move(job, State::awaiting_approval);
    const auto own = post(chief, path_of(job, "approve"));
    CHECK(own.status == 403);
    CHECK(own.type == "own-request");
    // Nor under another name,
    queue.clock.run_for(io, user_name_lifetime + std::chrono::seconds{1});
    users[chief.uid] = "somebody";
    CHECK(post(chief, path_of(job, "approve")).type == "own-request");
    // or under the same name as another user.
    users[approver.uid] = "chief";
    CHECK(post(approver, path_of(job, "approve")).type == "own-request");
    CHECK(queue.state(job) == State::awaiting_approval);

    queue.clock.run_for(io, user_name_lifetime + std::chrono::seconds{1});
    users[approver.uid] = "anna";
    kicks = 0;
    CHECK(post(approver, path_of(job, "approve")).status == 200);
    CHECK(queue.state(job) == State::queued);
    CHECK(queue.job(job).approved_by == "anna");
    CHECK(queue.value("SELECT actor FROM job_events ORDER BY event_id DESC LIMIT 1") ==
          fmt::format("anna (uid {})", approver.uid));
    CHECK(kicks == 1);
}

TEST_CASE_FIXTURE(Api, "jobs api: without approval in the configuration one's own may be approved")
{
    const auto job =
        submit(chief, R"({"kind": "cloud_pc.reprovision", "target_id": ")" + machine + "\"}");
    jobs::fill(queue.database, job, {.risk = 2, .touches = 1}, jobs::test::start);
    queue.move(job, State::held, {.held_by = jobs::Hold::budget});
    CHECK(post(chief, path_of(job, "approve")).status == 200);
    CHECK(queue.state(job) == State::queued);
}

TEST_CASE_FIXTURE(Guarded, "jobs api: an approval is for what was shown, and for no other job")
{
    const auto one = awaiting();
    const auto other =
        submit(bob, R"({"kind": "cloud_pc.reboot", "target_id": ")" + other_machine + "\"}");
    jobs::fill(queue.database, other, {.risk = 2, .touches = 1}, jobs::test::start);
    queue.move(other, State::awaiting_approval);
    const auto hash = get(fmt::format("/v1/jobs/{}", one)).text("content_hash");
    const auto body = fmt::format(R"({{"content_hash": "{}"}})", hash);
    CHECK(post(approver, path_of(other, "approve"), body).type == "changed");
    // It would touch more by now.
    jobs::fill(queue.database, one, {.touches = 2}, jobs::test::start);
    CHECK(post(approver, path_of(one, "approve"), body).type == "changed");
    CHECK(queue.state(one) == State::awaiting_approval);
    jobs::fill(queue.database, one, {.touches = 1}, jobs::test::start);
    CHECK(post(approver, path_of(one, "approve"), body).status == 200);
    CHECK(queue.state(other) == State::awaiting_approval);
}

TEST_CASE_FIXTURE(Guarded, "jobs api: who no longer approves is refused from then on")
{
    const auto job = awaiting();
    // The configuration was read again.
    roles = Roles{{.approve = {"o"}}, 500, queue.clock, [](const std::string&) {
                      return std::optional<gid_t>{4};
                  }};
    CHECK(post(approver, path_of(job, "approve")).type == "role-missing");
    CHECK(queue.state(job) == State::awaiting_approval);
    CHECK(post(operator_, path_of(job, "approve")).status == 200);
}

TEST_CASE_FIXTURE(Guarded, "jobs api: only what waits for it is approved")
{
    const auto job = reboot();
    CHECK(post(approver, path_of(job, "approve")).type == "not-waiting");
    queue.move(job, State::held, {.held_by = jobs::Hold::freeze});
    CHECK(post(approver, path_of(job, "approve")).type == "not-waiting");
    CHECK(post(approver, path_of(99, "approve")).type == "unknown-job");
    for (const auto* body : {R"({"content_hash": 1})", R"({"content_hash": ""})", R"({"ids": [1]})",
                             R"({"approver": "root"})", R"({"executed": true})"})
        CHECK(post(approver, path_of(job, "approve"), body).status == 400);
}

TEST_CASE_FIXTURE(Guarded, "jobs api: of a batch only what was shown is approved")
{
    std::string hashes;
    for (int i = 0; i < 3; ++i) {
        const auto job = submit(
            alice,
            fmt::format(R"({{"kind": "cloud_pc.reboot", "target_id": "{}", "batch_id": "b"}})",
                        queue.rng.uuid()));
        jobs::fill(queue.database, job, {.risk = 2, .touches = 1}, jobs::test::start);
        queue.move(job, State::awaiting_approval);
        if (i < 2)
            hashes += fmt::format(R"({}"{}": "{}")", i == 0 ? "" : ", ", job,
                                  jobs::content_hash(queue.job(job)));
    }
    jobs::fill(queue.database, 2, {.touches = 5}, jobs::test::start);
    const auto answer =
        post(approver, "/v1/jobs/approve",
             fmt::format(R"({{"batch_id": "b", "content_hashes": {{{}}}}})", hashes));
    CHECK(answer.status == 200);
    CHECK(answer.each("results", "job_id") == "1 2 3");
    CHECK(answer.each("results", "outcome") == "approved changed not_shown");
    CHECK(queue.state(3) == State::awaiting_approval);
    // Without, the batch as it is.
    CHECK(post(approver, "/v1/jobs/approve", R"({"batch_id": "b"})").each("results", "outcome") ==
          "not_waiting approved approved");
}

TEST_CASE_FIXTURE(Api, "jobs api: an action names its jobs in exactly one way")
{
    reboot();
    for (const auto* body :
         {"{}", R"({"ids": []})", R"({"ids": [1], "batch_id": "b"})", R"({"ids": ["1"]})",
          R"({"batch_id": ""})", R"({"batch_id": 1})", R"({"id": 1})"})
        CHECK_MESSAGE(post(operator_, "/v1/jobs/cancel", body).status == 400, body);
    const auto none = post(operator_, "/v1/jobs/cancel", R"({"batch_id": "nosuch"})");
    CHECK(none.status == 404);
    CHECK(none.type == "unknown-batch");
    const auto some = post(operator_, "/v1/jobs/cancel", R"({"ids": [1, 99, 1]})");
    CHECK(some.each("results", "outcome") == "cancelled unknown_job ended");
}

TEST_CASE_FIXTURE(Api, "jobs api: a batch is cancelled as a whole, however many it has")
{
    constexpr int many = 1500;
    queue.database.transaction([&] {
        for (int i = 0; i < many; ++i)
            queue.add({.kind = "cloud_pc.reboot", .target_id = machine, .batch_id = "b"});
    });
    queue.add();
    const auto answer = post(operator_, "/v1/jobs/cancel", R"({"batch_id": "b"})");
    CHECK(answer.body.at("results").as_array().size() == many);
    CHECK(queue.value("SELECT count(*) FROM jobs WHERE state = 'cancelled'") ==
          std::to_string(many));
}

TEST_CASE_FIXTURE(Api, "jobs api: a person's verdict has a reason, and is recorded")
{
    const auto job = queue.add_in(State::in_doubt);
    for (const auto* body :
         {"{}", R"({"executed": true})", R"({"reason": "x"})", R"({"executed": 1, "reason": "x"})",
          R"({"executed": true, "reason": ""})"})
        CHECK_MESSAGE(post(operator_, path_of(job, "resolve"), body).status == 400, body);
    CHECK(queue.state(job) == State::in_doubt);
    const auto answer = post(operator_, path_of(job, "resolve"),
                             R"({"executed": false, "reason": "asked the user"})");
    CHECK(answer.status == 200);
    CHECK(queue.state(job) == State::failed);
    CHECK(queue.job(job).state_reason ==
          "resolved by otto (uid 1004) as not executed: asked the user");
    const auto again =
        post(operator_, path_of(job, "resolve"), R"({"executed": true, "reason": "no"})");
    CHECK(again.status == 409);
    CHECK(again.type == "not-open");
}

TEST_CASE_FIXTURE(Api, "jobs api: the switch says who threw it, and thawing leaves restored jobs")
{
    const auto frozen = post(operator_, "/v1/freeze", R"({"reason": "INC-7"})");
    CHECK(frozen.text("frozen") == "true");
    CHECK(frozen.text("reason") == "frozen by otto: INC-7");
    CHECK(freeze.is_on());
    CHECK(freeze.reason() == "frozen by otto: INC-7");
    // Who comes second hears the first reason.
    CHECK(post(operator_, "/v1/freeze").text("reason") == "frozen by otto: INC-7");
    queue.add_in(State::queued);
    CHECK(jobs::hold_restored(queue.database, jobs::test::start) == 1);
    kicks = 0;
    const auto thawed = post(operator_, "/v1/thaw");
    CHECK(thawed.text("frozen") == "false");
    CHECK(thawed.number("held_restored") == 1);
    CHECK_FALSE(freeze.is_on());
    CHECK(kicks == 1);
    CHECK(post(operator_, "/v1/thaw").status == 200);
    CHECK(post(operator_, "/v1/freeze", R"({"frob": 1})").status == 400);
}

TEST_CASE("user names: a directory is asked now and then, and for what it lacks more often")
{
    simulation::VirtualClock clock;
    boost::asio::io_context io;
    int asked = 0;
    std::optional<std::string> name;
    UserNames names{clock, [&](uid_t) {
                        ++asked;
                        return name;
                    }};
    CHECK(names.actor_of(7) == "7 (uid 7)");
    CHECK(names.name_of(7) == "7");
    CHECK(asked == 1);
    name = "grace";
    clock.run_for(io, missing_user_wait);
    CHECK(names.actor_of(7) == "grace (uid 7)");
    CHECK(asked == 2);
    name = std::nullopt;
    clock.run_for(io, user_name_lifetime - std::chrono::seconds{1});
    CHECK(names.name_of(7) == "grace");
    clock.run_for(io, std::chrono::seconds{1});
    CHECK(names.name_of(7) == "7");
    CHECK(asked == 3);
    CHECK(is_actor("a (uid 17)", 17));
    CHECK_FALSE(is_actor("a (uid 117)", 17));
    CHECK(find_unix_user(0) == "root");
    CHECK_FALSE(find_unix_user(3'999'999'999));
}
