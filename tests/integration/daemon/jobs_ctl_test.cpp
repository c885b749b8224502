// Jobs as people meet them: cloudpcctl, a daemon, and a tenant that carries out what is asked.

#include "tests/integration/daemon/installation.hpp"

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <csignal>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace cloudpcd::test;
namespace faults = graphsim::faults;
namespace json = boost::json;

namespace {

/// What takes minutes takes milliseconds.
graphsim::TenantOptions quick_tenant()
{
    return {.cloud_pcs = 20,
            .audit_events = 50,
            .snapshots = 10,
            .odd_data = false,
            .writes = {.pace = 0.0001}};
}

bool has(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

struct Ending {
    int status = 0;
    std::string out{};
    std::string errors{};
};

/// A daemon that acts, and has read everything once.
struct Acting {
    explicit Acting(const std::string& more = "")
    {
        installation.configure("[sync]\ninterval = \"24h\"\n[jobs]\nenabled = true\n" + more);
        restart();
        REQUIRE(ctl({"sync", "--wait"}).status == 0);
    }
    void restart()
    {
        daemon = installation.start();
        daemon->wait_for_error("the control socket listens");
    }
    void stop()
    {
        daemon->signal(SIGTERM);
        CHECK(daemon->wait() == 0);
    }
    Ending ctl(const std::vector<std::string>& arguments, std::vector<std::string> prefix = {})
    {
        const auto process = installation.start_ctl(arguments, std::move(prefix));
        const int status = process->wait();
        return {.status = status, .out = process->output(), .errors = process->errors()};
    }
    std::size_t executions(const std::string& verb)
    {
        return installation.server().with_tenant(
            [&](graphsim::Tenant& tenant) { return tenant.executions().count(verb); });
    }
    std::size_t executions(const std::string& verb, const std::string& id)
    {
        return installation.server().with_tenant(
            [&](graphsim::Tenant& tenant) { return tenant.executions().count(verb, id); });
    }
    /// A Cloud PC that a reboot or a reprovision is good for.
    std::string cloud_pc(int number = 0, const std::string& column = "id") const
    {
        return installation.one(
            fmt::format("SELECT {} FROM cloud_pcs WHERE status = 'provisioned' ORDER BY id "
                        "LIMIT 1 OFFSET {}",
                        column, number));
    }
    std::string state(int job)
    {
        const auto shown = ctl({"jobs", "show", std::to_string(job), "--json"});
        REQUIRE_MESSAGE(shown.status == 0, shown.errors);
        return std::string{json::parse(shown.out).at("state").as_string()};
    }

    Installation installation{quick_tenant()};
    std::unique_ptr<Process> daemon;
};

/// Runs a program as a user of one group, "" for none.
std::vector<std::string> as_user(uid_t uid, const std::string& group)
{
    const auto* entry = ::getgrnam(group.empty() ? "nogroup" : group.c_str());
    REQUIRE(entry != nullptr);
    return {"setpriv", fmt::format("--reuid={}", uid), "--regid=12345",
            fmt::format("--groups={}", entry->gr_gid)};
}

constexpr auto roles =
    "[control.roles]\nread = [\"users\"]\nsubmit = [\"mail\"]\napprove = [\"news\"]\n"
    "operate = [\"games\"]\n";

}  // namespace

TEST_CASE("jobs: submitted by name, executed once, and followed to the end")
{
    Acting acting;
    const auto id = acting.cloud_pc();
    const auto name = acting.cloud_pc(0, "managed_device_name");
    const auto done = acting.ctl({"jobs", "submit", "cloud_pc.reboot", "--target", name, "--reason",
                                  "INC-1", "--wait", "--timeout", "60s"});
    CHECK_MESSAGE(done.status == 0, done.out, done.errors);
    CHECK(has(done.out, ": succeeded"));
    CHECK(acting.executions("cloudPCs/reboot", id) == 1);
    CHECK(acting.executions("cloudPCs/reboot") == 1);

    const auto shown = acting.ctl({"jobs", "show", "1"});
    CHECK(has(shown.out, fmt::format("({})\n", id)));
    CHECK(has(shown.out, "reason          INC-1\n"));
    CHECK(has(shown.out, "accepted → succeeded, daemon"));
    CHECK(has(acting.ctl({"status"}).out, "queue       1 succeeded\n"));
    // The same request_id is the same job, whenever it comes.
    const std::vector<std::string> again{
        "jobs",
        "submit",
        "cloud_pc.reboot",
        "--target",
        id,
        "--reason",
        "INC-1",
        "--json",
        "--request-id",
        std::string{json::parse(acting.ctl({"jobs", "show", "1", "--json"}).out)
                        .at("request_id")
                        .as_string()}};
    const auto repeated = acting.ctl(again);
    CHECK(repeated.status == 0);
    CHECK(json::parse(repeated.out).at("job").at("job_id") == 1);
    CHECK(acting.executions("cloudPCs/reboot") == 1);

    // The daemon need not run for looking.
    acting.stop();
    const auto listed = acting.ctl({"jobs", "list"});
    CHECK(listed.status == 0);
    CHECK(has(listed.out, "1  succeeded  cloud_pc.reboot"));
    CHECK(acting.ctl({"jobs", "wait", "1"}).status == 0);
    CHECK(has(acting.ctl({"query", "--csv", "SELECT state FROM jobs.jobs"}).out, "succeeded"));
    CHECK(acting.ctl({"jobs", "cancel", "1"}).status == 69);
}

TEST_CASE("jobs: a dry run shows the request and every guard, and sends nothing")
{
    Acting acting;
    const auto checked = acting.ctl({"jobs", "submit", "cloud_pc.reprovision", "--target",
                                     acting.cloud_pc(), "--set", "osVersion=windows11", "--expect",
                                     "status=failed", "--reason", "INC-1", "--dry-run"});
    CHECK_MESSAGE(checked.status == 0, checked.errors);
    CHECK(has(checked.out, ": checked"));
    CHECK(has(checked.out, fmt::format("/cloudPCs/{}/reprovision\n", acting.cloud_pc())));
    CHECK(has(checked.out, R"({"osVersion":"windows11"})"));
    CHECK(has(checked.out, "\n  budget        passes\n"));
    CHECK(has(checked.out, "\n  expect        does not pass: "));
    CHECK(acting.executions("cloudPCs/reprovision") == 0);
}

TEST_CASE("jobs: Friday, many machines by a query, a budget, one approval, and two that fail")
{
    Acting acting;
    const std::string sql =
        "SELECT id FROM cloud_pcs WHERE status = 'provisioned' ORDER BY id LIMIT 8";
    const std::vector<std::string> submit{"jobs",           "submit", "cloud_pc.reprovision",
                                          "--targets-from", sql,      "--reason",
                                          "INC-2",          "--batch"};
    auto with = [&](std::vector<std::string> more) {
        auto arguments = submit;
        arguments.insert(arguments.end(), more.begin(), more.end());
        return acting.ctl(arguments);
    };
    const auto dry = with({"dry", "--dry-run"});
    CHECK_MESSAGE(dry.status == 0, dry.errors);
    CHECK(has(dry.out, "batch dry: 8 submitted, 0 refused\n"));
    CHECK(acting.executions("cloudPCs/reprovision") == 0);

    acting.installation.server().with_tenant([&](graphsim::Tenant& tenant) {
        tenant.set_next_outcome(acting.cloud_pc(5), graphsim::Outcome::failed);
        tenant.set_next_outcome(acting.cloud_pc(6), graphsim::Outcome::failed);
    });
    const auto submitted = with({"friday"});
    CHECK_MESSAGE(submitted.status == 0, submitted.errors);
    CHECK(has(submitted.out, "batch friday: 8 submitted, 0 refused\n"));
    // When each would fit differs.
    CHECK(has(submitted.out, " held: the budgets"));

    const auto approved = acting.ctl({"jobs", "approve", "--batch", "friday"});
    CHECK_MESSAGE(approved.status == 0, approved.errors);
    CHECK(has(approved.out, "3 were left: not_waiting\n5 approved\n"));
    const auto ended = acting.ctl({"jobs", "wait", "--batch", "friday", "--timeout", "100s"});
    CHECK_MESSAGE(ended.status == 1, ended.out);
    CHECK(has(ended.out, "6 succeeded"));
    CHECK(has(ended.errors, "of 8 jobs 2 came to nothing, 0 are in doubt"));
    CHECK(acting.executions("cloudPCs/reprovision") == 8);
    CHECK(acting.ctl({"jobs", "approve", "--batch", "friday"}).status == 1);
}

TEST_CASE("jobs: rows that cannot be are refused one by one, names that mean nothing all at once")
{
    Acting acting;
    const auto mixed =
        acting.ctl({"jobs", "submit", "cloud_pc.rename", "--targets-from",
                    "SELECT id FROM cloud_pcs WHERE status = 'provisioned' LIMIT 2", "--set",
                    "displayName=x", "--not-before", "tomorrow", "--reason", "x"});
    CHECK(mixed.status == 1);
    CHECK(has(mixed.out, ": 0 submitted, 2 refused\n"));
    CHECK(has(mixed.out, "not_before: give a date"));
    const auto unknown =
        acting.ctl({"jobs", "submit", "cloud_pc.reboot", "--targets-from",
                    "SELECT id FROM cloud_pcs UNION ALL SELECT 'nosuch'", "--reason", "x"});
    CHECK(unknown.status == 2);
    CHECK(acting.ctl({"jobs", "submit", "cloud_pc.reboot", "--target", "nosuch", "--reason", "x"})
              .status == 2);
    CHECK(acting
              .ctl({"jobs", "submit", "cloud_pc.resize", "--target", acting.cloud_pc(), "--reason",
                    "x"})
              .status == 64);
    CHECK(acting
              .ctl({"jobs", "submit", "cloud_pc.reboot", "--target", acting.cloud_pc(), "--expect",
                    "nosuch=1", "--reason", "x"})
              .status == 64);
    CHECK(has(acting.ctl({"status"}).out, "queue       empty\n"));
}

TEST_CASE("jobs: frozen nothing goes, over a restart too, and thawed it does")
{
    Acting acting;
    CHECK(has(acting.ctl({"freeze", "--reason", "INC-7"}).out, "INC-7"));
    const auto held = acting.ctl({"jobs", "submit", "cloud_pc.reboot", "--target",
                                  acting.cloud_pc(), "--reason", "x", "--wait", "--timeout", "3s"});
    CHECK(held.status == 4);
    CHECK(has(held.errors, "writes are frozen: frozen by root: INC-7"));
    CHECK(acting.state(1) == "held");
    acting.stop();
    acting.restart();
    CHECK(has(acting.ctl({"status"}).out, "jobs        frozen, nothing is sent: "));
    CHECK(acting.executions("cloudPCs/reboot") == 0);
    CHECK(acting.ctl({"thaw"}).out == "thawed\n");
    CHECK(acting.ctl({"jobs", "wait", "1", "--timeout", "60s"}).status == 0);
    CHECK(acting.executions("cloudPCs/reboot") == 1);
}

TEST_CASE("jobs: waiting ends at doubt, and a person resolves it")
{
    Acting acting;
    acting.installation.server().with_tenant([](graphsim::Tenant& tenant) {
        tenant.faults().add(faults::status("/reboot", 500, "", 0));
    });
    const auto doubt =
        acting.ctl({"jobs", "submit", "cloud_pc.reboot", "--target", acting.cloud_pc(), "--reason",
                    "x", "--wait", "--timeout", "60s"});
    CHECK_MESSAGE(doubt.status == 3, doubt.out);
    CHECK(has(doubt.errors, "is in_doubt"));
    CHECK(acting.ctl({"jobs", "wait", "1"}).status == 3);
    CHECK(has(acting.ctl({"status", "--json"}).out, R"("in_doubt":1)"));
    CHECK(acting.ctl({"jobs", "cancel", "1"}).status == 1);
    CHECK(acting.ctl({"jobs", "resolve", "99", "--executed", "--reason", "x"}).status == 2);
    const auto resolved =
        acting.ctl({"jobs", "resolve", "1", "--not-executed", "--reason", "the user saw nothing"});
    CHECK_MESSAGE(resolved.status == 0, resolved.errors);
    CHECK(resolved.out == "job 1: resolved\n");
    CHECK(acting.state(1) == "failed");
    CHECK(acting.ctl({"jobs", "wait", "1"}).status == 1);
    CHECK(acting.ctl({"jobs", "resolve", "1", "--executed", "--reason", "x"}).status == 1);
}

TEST_CASE("jobs: users have their roles, and only their own jobs")
{
    if (::geteuid() != 0)
        return;  // only root can be somebody else
    Acting acting{std::string{"approval = \"all\"\nsql_submit = false\n"} + roles};
    REQUIRE(::chmod(acting.installation.directory().c_str(), 0755) == 0);
    // What they see they are told: the files are closed to them.
    REQUIRE(::chmod((acting.installation.directory() / "state").c_str(), 0750) == 0);
    const auto alice = as_user(12345, "mail");
    const auto bob = as_user(12346, "mail");
    const auto reader = as_user(12347, "users");
    const auto approver = as_user(12348, "news");
    const auto operator_user = as_user(12349, "games");
    const auto nobody = as_user(12350, "");
    const std::vector<std::string> submit{
        "jobs", "submit", "cloud_pc.reboot", "--target", acting.cloud_pc(), "--reason", "INC-1"};
    for (const auto& user : {reader, approver, operator_user, nobody})
        CHECK(acting.ctl(submit, user).status == 77);
    CHECK(acting.ctl(submit, alice).status == 0);
    CHECK(acting.ctl({"jobs", "wait", "1", "--timeout", "0s"}, nobody).status == 77);
    CHECK(has(acting.ctl({"jobs", "show", "1"}, reader).out, "requested by    12345\n"));
    CHECK(acting.ctl({"jobs", "cancel", "1"}, bob).status == 77);
    CHECK(acting.ctl({"jobs", "cancel", "1"}, reader).status == 77);
    CHECK(acting.ctl({"jobs", "cancel", "1"}, alice).status == 0);

    CHECK(acting.ctl(submit, alice).status == 0);
    CHECK(acting.ctl({"jobs", "wait", "2", "--timeout", "2s"}, alice).status == 4);
    CHECK(acting.state(2) == "awaiting_approval");
    CHECK(acting.ctl({"jobs", "approve", "2"}, alice).status == 77);
    CHECK(acting.ctl({"freeze"}, approver).status == 77);
    CHECK(acting.ctl({"thaw"}, alice).status == 77);
    const auto approved = acting.ctl({"jobs", "approve", "2"}, approver);
    CHECK_MESSAGE(approved.status == 0, approved.errors);
    CHECK(acting.ctl({"jobs", "wait", "2", "--timeout", "60s"}, reader).status == 0);
    CHECK(has(acting.ctl({"jobs", "show", "2"}).out, "approved by     12348, "));
    CHECK(acting.executions("cloudPCs/reboot") == 1);

    // Nobody approves their own, root included; anybody's is cancelled by who operates.
    CHECK(acting.ctl(submit).status == 0);
    CHECK(acting.ctl({"jobs", "wait", "3", "--timeout", "2s"}).status == 4);
    const auto own = acting.ctl({"jobs", "approve", "3"});
    CHECK(own.status == 77);
    CHECK(has(own.out, "job 3 is your own: somebody else approves it"));
    CHECK(acting.ctl({"jobs", "cancel", "3"}, operator_user).status == 0);
}
