// The control socket as its users meet it: cloudpcctl, other users, and whatever else connects.

#include "tests/integration/daemon/control_client.hpp"
#include "tests/integration/daemon/installation.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <csignal>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace cloudpcd::test;
namespace faults = graphsim::faults;

namespace {

using std::chrono::seconds;

const graphsim::TenantOptions small_tenant{.cloud_pcs = 20, .audit_events = 50, .snapshots = 10};

/// A daemon that has read everything once and will not read again by itself.
struct Running {
    explicit Running(const std::string& more = "")
    {
        installation.configure("[sync]\ninterval = \"24h\"\n" + more);
        restart();
        REQUIRE(ctl({"sync", "--wait"}).status == 0);
    }
    void restart()
    {
        daemon = installation.start();
        daemon->wait_for_error("the control socket listens");
    }
    struct Ending {
        int status;
        std::string output;
        std::string errors;
    };
    Ending ctl(const std::vector<std::string>& arguments, std::vector<std::string> prefix = {})
    {
        const auto process = installation.start_ctl(arguments, std::move(prefix));
        const int status = process->wait();
        return {status, process->output(), process->errors()};
    }
    /// The Cloud PCs do not answer from now on.
    void hang_cloud_pcs()
    {
        installation.server().with_tenant([](graphsim::Tenant& tenant) {
            auto fault = faults::effect("cloudPCs", graphsim::Effect::hang);
            fault.times = 0;
            tenant.faults().add(fault);
        });
    }

    Installation installation{small_tenant};
    std::unique_ptr<Process> daemon;
};

bool contains(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

mode_t mode_of(const std::filesystem::path& path)
{
    struct stat status{};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 0777U;
}

/// Runs a program as a user who is in no group but this one.
std::vector<std::string> as_user(const std::string& group)
{
    const auto* entry = ::getgrnam(group.c_str());
    REQUIRE(entry != nullptr);
    return {"setpriv", "--reuid=12345", "--regid=12345", fmt::format("--groups={}", entry->gr_gid)};
}

constexpr auto roles =
    "[control.roles]\nread = [\"users\"]\nsubmit = [\"mail\"]\noperate = [\"games\", \"nosuch\"]\n";

}  // namespace

TEST_CASE("control: the socket is there for everybody while the daemon runs, and gone after it")
{
    Running running;
    CHECK(mode_of(running.installation.socket()) == 0666);
    CHECK(mode_of(running.installation.socket().parent_path()) == 0755);
    running.daemon->signal(SIGTERM);
    CHECK(running.daemon->wait() == 0);
    CHECK_FALSE(std::filesystem::exists(running.installation.socket()));
    const auto ended = running.ctl({"sync"});
    CHECK(ended.status == 69);
    CHECK(contains(ended.errors, "it is not running"));
}

TEST_CASE("control: the socket of a daemon that was killed is replaced, one that answers is not")
{
    Running running;
    running.daemon->signal(SIGKILL);
    running.daemon->wait();
    REQUIRE(std::filesystem::exists(running.installation.socket()));
    CHECK(running.ctl({"sync"}).status == 69);
    running.restart();
    CHECK(running.ctl({"sync", "cloud_apps", "--wait"}).status == 0);

    // Another database, the same socket.
    std::filesystem::create_directory(running.installation.directory() / "other");
    running.installation.set_environment("STATE_DIRECTORY",
                                         (running.installation.directory() / "other").string());
    const auto other = running.installation.start();
    other->wait_for_error("somebody answers there");
    other->wait_for_error("outcome=complete");  // it mirrors all the same
    other->signal(SIGTERM);
    CHECK(other->wait() == 0);
    CHECK(running.ctl({"sync", "cloud_apps", "--wait"}).status == 0);
}

TEST_CASE("control: what is no socket is left alone")
{
    Installation installation{small_tenant};
    std::filesystem::create_directory(installation.socket().parent_path());
    write_file(installation.socket(), "mine");
    const auto daemon = installation.start();
    daemon->wait_for_error("something else has that name");
    daemon->wait_for_error("outcome=complete");
    daemon->signal(SIGTERM);
    CHECK(daemon->wait() == 0);
    CHECK(read_file(installation.socket()) == "mine");
}

TEST_CASE("control: what took the socket's place is not removed at the end")
{
    Running running;
    REQUIRE(std::filesystem::remove(running.installation.socket()));
    write_file(running.installation.socket(), "mine");
    running.daemon->signal(SIGTERM);
    CHECK(running.daemon->wait() == 0);
    CHECK(read_file(running.installation.socket()) == "mine");
}

TEST_CASE("control: sync --wait reads what has changed, table by table")
{
    Running running;
    running.installation.server().with_tenant(
        [](graphsim::Tenant& tenant) { tenant.churn({.modified = 0.2, .added = 0.2}); });
    const auto one = running.ctl({"sync", "cloud_pcs", "--wait"});
    CHECK_MESSAGE(one.status == 0, one.errors);
    CHECK(one.output.starts_with("cloud_pcs: complete, 4 inserted, "));
    CHECK(running.installation.one("SELECT count(*) FROM cloud_pcs") == "24");

    // Children come with their parents; each table once.
    const auto two = running.ctl(
        {"--json", "sync", "audit_event_resources", "audit_events", "--full", "--wait"});
    CHECK_MESSAGE(two.status == 0, two.errors);
    CHECK(contains(two.output, R"("resource":"audit_events")"));
    CHECK(two.output.find("run_id") == two.output.rfind("run_id"));

    CHECK(running.ctl({"sync", "--wait"}).status == 0);
    CHECK(running.installation.differences().empty());
    const auto asked = running.ctl({"sync", "cloud_pcs"});
    CHECK(asked.status == 0);
    CHECK(asked.output == "cloud_pcs: asked for\n");
}

TEST_CASE("control: a pull that does not complete is status 1, a table there is not 2")
{
    Running running{"[sync.resource.cloud_apps]\nenabled = false\n"};
    running.installation.server().with_tenant([](graphsim::Tenant& tenant) {
        tenant.faults().add(faults::status("userSettings", 403, "", 0));
        tenant.faults().add(faults::status("galleryImages", 400, "", 0));
    });
    const auto incomplete = running.ctl({"sync", "gallery_images", "cloud_pcs", "--wait"});
    CHECK(incomplete.status == 1);
    CHECK(contains(incomplete.output, "gallery_images: incomplete, "));
    CHECK(contains(incomplete.output, "cloud_pcs: complete, "));
    CHECK(incomplete.errors == "cloudpcctl: 1 of 2 pulls did not complete\n");
    CHECK(running.ctl({"sync", "user_settings", "--wait"}).status == 1);
    // The reason is a string, as in the tables.
    CHECK(contains(running.ctl({"--json", "sync", "gallery_images", "--wait"}).output,
                   R"("error":"GET galleryImages)"));

    const auto unknown = running.ctl({"sync", "cloud_pc"});
    CHECK(unknown.status == 2);
    CHECK(contains(unknown.errors, "there is no table cloud_pc; "));
    const auto disabled = running.ctl({"sync", "cloud_apps"});
    CHECK(disabled.status == 1);
    CHECK(contains(disabled.errors, "[sync.resource.cloud_apps] enabled is false"));
    const auto group = running.ctl({"sync", "entra_group_members"});
    CHECK(group.status == 1);
    CHECK(contains(group.errors, "[sync] include has no group entra"));
    CHECK(running.ctl({"sync", "--accept-deletes", "3"}).status == 64);
    CHECK(running.ctl({"sync", "cloud_pcs", "--accept-deletes", "x"}).status == 64);
}

TEST_CASE("control: verify names what differs, and changes nothing")
{
    Running running;
    const auto equal = running.ctl({"verify"});
    CHECK_MESSAGE(equal.status == 0, equal.errors);
    CHECK(contains(equal.output, "cloud_pcs: 20 objects, 0 differences\n"));
    const auto changed = running.installation.server().with_tenant([](graphsim::Tenant& tenant) {
        return tenant.churn({.removed = 0.1}).removed.at("cloudPCs");
    });
    REQUIRE(changed.size() == 2);
    const auto differs = running.ctl({"verify", "cloud_pcs", "cloud_apps"});
    CHECK(differs.status == 1);
    for (const auto& id : changed)
        CHECK(contains(differs.output, fmt::format("cloud_pcs {}: not in the tenant\n", id)));
    CHECK(contains(differs.output, "cloud_pcs: 18 objects, 2 differences\n"));
    CHECK(differs.errors == "cloudpcctl: 1 of 2 tables do not equal the tenant\n");
    const auto json = running.ctl({"--json", "verify", "cloud_pcs"});
    CHECK(json.status == 1);
    CHECK(contains(json.output, R"("difference":"not in the tenant")"));
    CHECK(running.installation.one("SELECT count(*) FROM cloud_pcs") == "20");
    CHECK(running.ctl({"verify", "nosuch"}).status == 2);
}

TEST_CASE("control: deletes that were refused are accepted by the number of their run")
{
    Running running;
    const auto gone = running.installation.server().with_tenant([](graphsim::Tenant& tenant) {
        return tenant.churn({.removed = 0.6}).removed.at("cloudPCs").size();
    });
    REQUIRE(gone == 12);
    const auto refused = running.ctl({"sync", "cloud_pcs", "--wait"});
    CHECK(refused.status == 1);
    CHECK(contains(refused.output,
                   "cloud_pcs: refused, 0 inserted, 0 updated, 0 deleted, 12 "
                   "deletions refused (run "));
    const auto run =
        running.installation.one("SELECT max(run_id) FROM sync_runs WHERE resource = 'cloud_pcs'");
    const auto unknown = running.ctl({"sync", "cloud_apps", "--accept-deletes", run});
    CHECK(unknown.status == 2);
    CHECK(contains(unknown.errors, fmt::format("run {} is no refused run of cloud_apps", run)));
    const auto accepted = running.ctl({"sync", "cloud_pcs", "--accept-deletes", run});
    CHECK_MESSAGE(accepted.status == 0, accepted.output);
    CHECK(contains(accepted.output, "cloud_pcs: complete, 0 inserted, 0 updated, 12 deleted"));
    CHECK(running.installation.one("SELECT count(*) FROM cloud_pcs") == "8");
}

TEST_CASE("control: status says that the daemon runs, and since when")
{
    Running running;
    const auto runs = running.ctl({"status"});
    CHECK(runs.status == 0);
    CHECK(contains(runs.output, fmt::format("pid {}, version ", running.daemon->pid())));
    CHECK(contains(runs.output, "cloud_pcs"));
    const auto json = running.ctl({"--json", "status"});
    CHECK(contains(json.output, fmt::format(R"("daemon":{{"pid":{},)", running.daemon->pid())));
    running.daemon->signal(SIGTERM);
    running.daemon->wait();
    const auto stopped = running.ctl({"status"});
    CHECK(stopped.status == 0);
    CHECK(contains(stopped.output, "it is not running"));
    CHECK(contains(stopped.output, "cloud_pcs"));
    CHECK(contains(running.ctl({"--json", "status"}).output, R"("daemon":null)"));
}

TEST_CASE("control: the groups of the caller decide, and a reload may change them")
{
    if (::geteuid() != 0)
        return;  // only root can be somebody else
    Running running{roles};
    REQUIRE(::chmod(running.installation.directory().c_str(), 0755) == 0);
    const auto operator_user = as_user("games");
    const auto reader = as_user("users");
    const auto submitter = as_user("mail");
    const auto nobody = as_user("nogroup");

    CHECK(running.ctl({"sync", "cloud_apps", "--wait"}, operator_user).status == 0);
    for (const auto& user : {reader, submitter, nobody}) {
        const auto refused = running.ctl({"sync", "cloud_apps"}, user);
        CHECK(refused.status == 77);
        CHECK(contains(refused.errors,
                       "this needs the role operate, which members of the group "
                       "games or nosuch have"));
    }
    // Every role reads. The mirror's file is closed to these users: what they see, they were told.
    for (const auto& user : {reader, submitter, operator_user})
        CHECK(contains(running.ctl({"status"}, user).output, "cloud_pcs"));
    const auto refused = running.ctl({"status"}, nobody);
    CHECK(refused.status == 77);
    CHECK(contains(refused.errors, "role read"));

    REQUIRE(::chmod(running.installation.socket().parent_path().c_str(), 0700) == 0);
    CHECK(running.ctl({"sync", "cloud_apps"}, operator_user).status == 77);
    REQUIRE(::chmod(running.installation.socket().parent_path().c_str(), 0755) == 0);

    running.installation.edit("operate = [\"games\"", "operate = [\"mail\"");
    running.daemon->signal(SIGHUP);
    running.daemon->wait_for_error("the configuration was read again");
    CHECK(running.ctl({"sync", "cloud_apps", "--wait"}, submitter).status == 0);
    CHECK(running.ctl({"sync", "cloud_apps"}, operator_user).status == 77);
}

TEST_CASE("control: refusals are problems that say what is accepted")
{
    Running running;
    const auto ask = [&](std::string_view request) {
        return talk(running.installation.socket(), request);
    };
    const auto missing = ask("GET /v1/nothing HTTP/1.1\r\nConnection: close\r\n\r\n");
    CHECK(missing.starts_with("HTTP/1.1 404 "));
    CHECK(contains(missing, "Content-Type: application/problem+json\r\n"));
    CHECK(contains(missing, R"({"type":"about:blank","title":"Not Found","status":404,"detail":)"));
    const auto method = ask("DELETE /v1/sync HTTP/1.1\r\nConnection: close\r\n\r\n");
    CHECK(method.starts_with("HTTP/1.1 405 "));
    CHECK(contains(method, "\r\nAllow: POST\r\n"));

    const auto post = [&](std::string_view body, std::string_view type = "application/json") {
        return ask(
            fmt::format("POST /v1/sync HTTP/1.1\r\nConnection: close\r\nContent-Type: {}\r\n"
                        "Content-Length: {}\r\n\r\n{}",
                        type, body.size(), body));
    };
    CHECK(post("{}", "text/plain").starts_with("HTTP/1.1 415 "));
    for (const auto* body :
         {"{", "[]", "{} x", R"({"table":["cloud_pcs"]})", R"({"tables":"cloud_pcs"})",
          R"({"wait":1})", R"({"accept_deletes":1})", R"({"accept_deletes":"1","tables":["x"]})"}) {
        CAPTURE(body);
        CHECK(post(body).starts_with("HTTP/1.1 400 "));
    }
    CHECK(post(R"({"tables":["cloud_apps"],"wait":true})", "application/json; charset=utf-8")
              .starts_with("HTTP/1.1 200 "));
}

TEST_CASE("control: what is too large, no HTTP, or cut off ends in a refusal and harms nobody")
{
    Running running;
    const auto ask = [&](std::string_view request) {
        return talk(running.installation.socket(), request);
    };
    const std::string large(2'000'000, 'x');
    CHECK(ask("GET /v1/status HTTP/1.1\r\nX: " + large.substr(0, 10'000) + "\r\n\r\n")
              .starts_with("HTTP/1.1 431 "));
    CHECK(ask(fmt::format("POST /v1/sync HTTP/1.1\r\nContent-Length: {}\r\n\r\n{}", large.size(),
                          large))
              .starts_with("HTTP/1.1 413 "));
    CHECK(ask(fmt::format("POST /v1/sync HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{}",
                          large.size(), large))
              .starts_with("HTTP/1.1 413 "));
    for (const auto* garbage : {"\x16\x03\x01\x02", "\r\n\r\n", "GET\r\n\r\n",
                                "GET /v1/status HTTP/9\r\n\r\n", "GET status HTTP/1.1\r\n\r\n"}) {
        CAPTURE(garbage);
        const auto answer = ask(garbage);
        CHECK((answer.empty() || answer.starts_with("HTTP/1.1 400 ")));
    }
    CHECK(ask("GET /v1/status HT").empty());
    CHECK(running.ctl({"sync", "cloud_apps", "--wait"}).status == 0);
}

TEST_CASE("control: a reload ends the waiting for a pull, and says so")
{
    Running running;
    running.hang_cloud_pcs();
    const auto waiting = running.installation.start_ctl({"sync", "cloud_pcs", "--wait"});
    running.daemon->wait_for_error("resources=cloud_pcs full=");
    running.daemon->signal(SIGHUP);
    CHECK(waiting->wait() == 1);
    CHECK(contains(waiting->errors(), "the configuration was read again meanwhile, ask again"));
    running.daemon->wait_for_error("the configuration was read again");
    CHECK(running.ctl({"sync", "cloud_apps", "--wait"}).status == 0);
}

TEST_CASE("control: SIGTERM ends the waiting for a pull, within 5 seconds")
{
    Running running;
    running.hang_cloud_pcs();
    const auto waiting = running.installation.start_ctl({"sync", "cloud_pcs", "--wait"});
    running.daemon->wait_for_error("resources=cloud_pcs full=");
    const auto asked = std::chrono::steady_clock::now();
    running.daemon->signal(SIGTERM);
    CHECK(running.daemon->wait() == 0);
    CHECK(std::chrono::steady_clock::now() - asked < seconds{5});
    CHECK(waiting->wait() == 69);
    CHECK(contains(waiting->errors(), "the daemon is ending"));
}
