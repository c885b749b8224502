// Signing in by device code with the built programs: cloudpcctl login and logout against a daemon
// that runs, and a person who confirms at the simulated tenant's page.

#include "tests/integration/daemon/control_client.hpp"
#include "tests/integration/daemon/installation.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace cloudpcd::test;
using graphsim::SignInPolicy;

namespace {

using std::chrono::seconds;

bool has(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

graphsim::TenantOptions small_tenant()
{
    return {.device_code_interval = seconds{1}, .cloud_pcs = 5, .audit_events = 5, .snapshots = 2};
}

struct Running {
    explicit Running(graphsim::TenantOptions tenant = small_tenant(), const std::string& more = "")
        : installation{std::move(tenant)}
    {
        installation.configure("[sync]\ninterval = \"24h\"\n" + more);
    }
    void start()
    {
        daemon = installation.start();
        daemon->wait_for_error("the control socket listens");
    }
    void stop()
    {
        daemon->signal(SIGTERM);
        CHECK(daemon->wait() == 0);
    }
    std::unique_ptr<Process> begin_login(std::vector<std::string> arguments = {"login"})
    {
        auto process = installation.start_ctl(arguments);
        process->wait_for_error("waiting until ");
        return process;
    }
    struct Ending {
        int status;
        std::string output;
        std::string errors;
    };
    Ending ctl(const std::vector<std::string>& arguments)
    {
        const auto process = installation.start_ctl(arguments);
        const int status = process->wait();
        return {status, process->output(), process->errors()};
    }
    /// The user confirms the code that waits, or declines.
    bool answer(bool approve = true)
    {
        return installation.server().with_tenant([&](graphsim::Tenant& tenant) {
            const auto all = tenant.sign_ins();
            return std::ranges::any_of(all, [&](const auto& one) {
                return one.state == "pending" && (approve ? tenant.approve_sign_in(one.user_code)
                                                          : tenant.decline_sign_in(one.user_code));
            });
        });
    }
    void sign_in()
    {
        const auto login = begin_login();
        REQUIRE(answer());
        REQUIRE(login->wait() == 0);
    }
    std::filesystem::path file() const
    {
        return installation.directory() / "state" / "delegated-token";
    }
    std::string get(std::string_view target)
    {
        return talk(installation.socket(),
                    fmt::format("GET {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", target));
    }

    Installation installation;
    std::unique_ptr<Process> daemon;
};

std::string user_code_in(std::string_view message)
{
    constexpr std::string_view before = "enter the code ";
    const auto at = message.find(before);
    REQUIRE(at != std::string_view::npos);
    return std::string{message.substr(at + before.size(), 9)};
}

}  // namespace

TEST_CASE("login: shows the code, waits, says who has signed in, and a restart keeps it")
{
    Running running;
    running.start();
    CHECK(has(running.get("/v1/login"), R"("signed_in":false)"));
    CHECK_FALSE(has(running.ctl({"status"}).output, "signed in"));
    const auto login = running.begin_login();
    CHECK(
        has(login->output(), "To sign in, use a web browser to open the page https://127.0.0.1:"));
    CHECK(has(login->output(), "/devicelogin and enter the code "));
    CHECK(login->running());
    const auto pending = running.get("/v1/login");
    CHECK(has(pending, R"("state":"pending")"));
    CHECK_FALSE(has(pending, user_code_in(login->output())));  // not for those who only read
    REQUIRE(running.answer());
    CHECK(login->wait() == 0);
    CHECK(has(login->output(), "\nsigned in as "));
    CHECK(has(running.daemon->errors(), "a user has signed in"));
    const auto who = login->output().substr(login->output().find("signed in as ") + 13);
    CHECK(has(running.ctl({"status"}).output, fmt::format("\nsigned in   {}", who)));

    struct stat info{};
    REQUIRE(::stat(running.file().c_str(), &info) == 0);
    CHECK((info.st_mode & 07777U) == 0600);
    CHECK(info.st_uid == ::geteuid());

    running.stop();
    running.start();
    const auto state = running.get("/v1/login");
    CHECK(has(state, R"("signed_in":true)"));
    CHECK(has(state, R"("error":null)"));
    CHECK(has(state, R"("state":"none")"));

    const auto out = running.ctl({"logout"});
    CHECK(out.status == 0);
    CHECK(out.output.starts_with("signed out "));
    CHECK(has(out.output, "@"));
    CHECK_FALSE(std::filesystem::exists(running.file()));
    CHECK(running.ctl({"logout"}).output == "nobody was signed in\n");
    CHECK(has(running.get("/v1/login"), R"("signed_in":false)"));
    running.stop();
}

TEST_CASE("login: for scripts it is two lines of JSON")
{
    Running running;
    running.start();
    const auto login = running.begin_login({"--json", "login"});
    CHECK(has(login->output(), R"("state":"pending","user_code":")"));
    REQUIRE(running.answer());
    CHECK(login->wait() == 0);
    CHECK(std::ranges::count(login->output(), '\n') == 2);
    CHECK(has(login->output(), R"({"signed_in":true,"user_principal_name":")"));
}

TEST_CASE("login: a second one shows the same code, and both end")
{
    Running running;
    running.start();
    const auto first = running.begin_login();
    const auto second = running.begin_login();
    CHECK(user_code_in(first->output()) == user_code_in(second->output()));
    first->signal(SIGINT);
    CHECK(first->wait() == -SIGINT);
    const auto third = running.begin_login();  // still good
    CHECK(user_code_in(third->output()) == user_code_in(second->output()));
    REQUIRE(running.answer());
    CHECK(second->wait() == 0);
    CHECK(third->wait() == 0);
}

TEST_CASE("login: what does not succeed is 1 with the reason")
{
    auto tenant = small_tenant();
    std::string reason;
    bool approves = true;
    SUBCASE("declined")
    {
        approves = false;
        reason = "the user declined; start again with cloudpcctl login: AADSTS65004";
    }
    SUBCASE("blocked")
    {
        tenant.sign_in_policy = SignInPolicy::block;
        reason =
            "a Conditional Access policy of the tenant blocks this sign-in, most often by its "
            "condition \"device code flow\" (Authentication flows); an administrator can exclude "
            "the user or the application from that policy: AADSTS53003: Access has been blocked by "
            "Conditional Access policies.";
    }
    SUBCASE("no consent")
    {
        tenant.sign_in_policy = SignInPolicy::require_consent;
        reason = "AADSTS65001";
    }
    SUBCASE("no public client")
    {
        tenant.public_client_flows = false;
        reason = "set \"Allow public client flows\" of its app registration to Yes";
    }
    Running running{std::move(tenant)};
    running.start();
    const auto login = running.begin_login();
    // A client that is not public is refused at the first poll.
    running.answer(approves);
    CHECK(login->wait() == 1);
    INFO(login->errors());
    CHECK(has(login->errors(), reason));
    CHECK_FALSE(std::filesystem::exists(running.file()));
    CHECK(has(running.get("/v1/login"), R"("state":"failed")"));
}

TEST_CASE("login: a code that nobody enters expires")
{
    auto tenant = small_tenant();
    tenant.device_code_lifetime = seconds{2};
    Running running{std::move(tenant)};
    running.start();
    const auto login = running.ctl({"login"});
    CHECK(login.status == 1);
    CHECK(has(login.errors, "the code expired before anybody signed in"));
}

TEST_CASE("login: signing out ends a login that waits")
{
    Running running;
    running.start();
    const auto login = running.begin_login();
    CHECK(running.ctl({"logout"}).status == 0);
    CHECK(login->wait() == 1);
    CHECK(has(login->errors(), "the attempt was given up"));
}

TEST_CASE("login: a reload ends a login that waits")
{
    Running running;
    running.start();
    const auto login = running.begin_login();
    running.daemon->signal(SIGHUP);
    CHECK(login->wait() == 1);
    INFO(login->errors());
    CHECK(has(login->errors(), "the attempt was given up"));
    running.sign_in();
}

TEST_CASE("login: only an operator may, and others are 77")
{
    if (::geteuid() != 0)
        return;  // nobody else can be played
    Running running{small_tenant(), "[control.roles]\nread = [\"users\"]\noperate = [\"games\"]\n"};
    REQUIRE(::chmod(running.installation.directory().c_str(), 0755) == 0);
    running.start();
    const auto* group = ::getgrnam("users");
    REQUIRE(group != nullptr);
    for (const auto* command : {"login", "logout"}) {
        const auto process =
            running.installation.start_ctl({command}, {"setpriv", "--reuid=12345", "--regid=12345",
                                                       fmt::format("--groups={}", group->gr_gid)});
        CHECK(process->wait() == 77);
        INFO(process->errors());
        CHECK(has(process->errors(), "operate"));
    }
    CHECK(running.installation.server().with_tenant(
        [](graphsim::Tenant& tenant) { return tenant.sign_ins().empty(); }));
}

TEST_CASE("login: with another application than the daemon's own")
{
    auto tenant = small_tenant();
    tenant.public_client_id = "77777777-0000-0000-0000-000000000000";
    Running running{std::move(tenant)};
    running.start();
    const auto refused = running.ctl({"login"});
    CHECK(refused.status == 1);
    CHECK(has(refused.errors, "check [auth.delegated] client_id and tenant.id: AADSTS700016"));
    running.stop();
    running.installation.edit(
        "[graph]\n",
        "[auth.delegated]\nclient_id = \"77777777-0000-0000-0000-000000000000\"\n[graph]\n");
    running.start();
    running.sign_in();

    // A reload with another application does not use the sign-in, and leaves it alone.
    running.installation.edit("77777777-0000", "88888888-0000");
    running.daemon->signal(SIGHUP);
    running.daemon->wait_for_error("the configuration was read again");
    const auto state = running.get("/v1/login");
    CHECK(has(state, R"("signed_in":false)"));
    CHECK(has(state, "which the configuration does not name; it is not used"));
    CHECK(std::filesystem::exists(running.file()));
}

TEST_CASE("login: a machine's identity is no application to sign in to")
{
    Running running;
    running.installation.set_environment("AZURE_POD_IDENTITY_AUTHORITY_HOST",
                                         running.installation.server().endpoint());
    running.installation.edit("client_secret_file = \"client-secret\"", "managed_identity = true");
    running.start();
    const auto login = running.ctl({"login"});
    CHECK(login.status == 1);
    CHECK(has(login.errors, "[auth.delegated] client_id: there is no application to sign in to"));
}

TEST_CASE("login: a file that others can read is not used, and said")
{
    Running running;
    running.start();
    running.sign_in();
    running.stop();
    REQUIRE(::chmod(running.file().c_str(), 0640) == 0);
    running.start();
    const auto state = running.get("/v1/login");
    CHECK(has(state, R"("signed_in":false)"));
    CHECK(has(state, "is open to others (mode 0640), accepted: 0600 (chmod 600)"));
    CHECK(has(running.ctl({"status"}).output, "\nsigned in   nobody: "));
}

TEST_CASE("login: a daemon that is not running, and a member that there is not")
{
    Running running;
    CHECK(running.ctl({"login"}).status == 69);
    CHECK(running.ctl({"logout"}).status == 69);
    running.start();
    for (const auto* target : {"/v1/login", "/v1/logout"})
        CHECK(has(talk(running.installation.socket(),
                       fmt::format("POST {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                   "Content-Type: application/json\r\nContent-Length: 9\r\n\r\n"
                                   "{{\"user\":1}}",
                                   target)),
                  "HTTP/1.1 400 "));
}

TEST_CASE("login: --once neither needs nor asks for it")
{
    Running running;
    running.start();
    running.sign_in();
    running.stop();
    const auto before = read_file(running.file());
    CHECK(running.installation.once() == 0);
    CHECK(read_file(running.file()) == before);
    std::filesystem::remove(running.file());
    CHECK(running.installation.once() == 0);
}
