// Whose jobs.db is: real users and groups, the sqlite3 shell, and what file permissions let.

#include "tests/integration/daemon/installation.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <csignal>
#include <grp.h>
#include <optional>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace cloudpcd::test;

namespace {

bool has(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

// One thread: what these functions give stays until the next call.
// NOLINTBEGIN(concurrency-mt-unsafe)
std::optional<gid_t> group_of(const std::string& name)
{
    const auto* entry = ::getgrnam(name.c_str());
    return entry == nullptr ? std::nullopt : std::optional{entry->gr_gid};
}

std::optional<uid_t> user_of(const std::string& name)
{
    const auto* entry = ::getpwnam(name.c_str());
    return entry == nullptr ? std::nullopt : std::optional{entry->pw_uid};
}

std::string owner_and_mode(const std::filesystem::path& path)
{
    struct stat info{};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    const auto* user = ::getpwuid(info.st_uid);
    const std::string user_name = user != nullptr ? user->pw_name : "?";
    const auto* group = ::getgrgid(info.st_gid);
    return fmt::format("{}:{} {:04o}", user_name, group != nullptr ? group->gr_name : "?",
                       info.st_mode & 07777U);
}
// NOLINTEND(concurrency-mt-unsafe)

/// Runs an administrator's command; false when it does not succeed.
bool administer(const std::filesystem::path& directory, const std::vector<std::string>& command)
{
    Process process{command, {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}}, directory / "administer"};
    return process.wait() == 0;
}

/// Users and groups of the system, those that were missing, until the end of the test.
class Accounts {
public:
    explicit Accounts(std::filesystem::path directory) : x_directory{std::move(directory)} {}
    ~Accounts()
    {
        for (const auto& user : x_users)
            administer(x_directory, {"/usr/sbin/userdel", user});
        for (const auto& group : x_groups)
            administer(x_directory, {"/usr/sbin/groupdel", group});
    }
    Accounts(const Accounts&) = delete;
    Accounts& operator=(const Accounts&) = delete;

    void add_group(const std::string& name)
    {
        if (group_of(name))
            return;
        REQUIRE(administer(x_directory, {"/usr/sbin/groupadd", "--system", name}));
        x_groups.push_back(name);
    }
    void add_user(const std::string& name, const std::string& groups)
    {
        REQUIRE(
            administer(x_directory, {"/usr/sbin/useradd", "--system", "--no-create-home", "--shell",
                                     "/bin/false", "--user-group", "--groups", groups, name}));
        x_users.push_back(name);
    }

private:
    std::filesystem::path x_directory;
    std::vector<std::string> x_users;
    std::vector<std::string> x_groups;
};

/// Words that run a program as that user, with all groups that the system gives them.
std::vector<std::string> as(const std::string& user)
{
    return {"setpriv", "--reuid=" + user, "--regid=" + user, "--init-groups"};
}

struct Shell {
    Installation& installation;

    struct Ending {
        int status;
        std::string output;
        std::string errors;
    };
    /// One statement in the sqlite3 shell, as that user.
    Ending run(const std::string& user, const std::string& database, const std::string& sql) const
    {
        auto command = as(user);
        command.insert(command.end(), {"sqlite3", "-cmd", ".timeout 5000", database, sql});
        Process process{command, {}, installation.directory() / "shell"};
        const int status = process.wait();
        return {status, process.output(), process.errors()};
    }
};

constexpr auto daemon_user = "cloudpcd-test";
constexpr auto queue_user = "cloudpcd-test-q";
constexpr auto reader = "cloudpcd-test-r";
constexpr auto stranger = "cloudpcd-test-s";

constexpr auto insert =
    "INSERT INTO jobs (kind, target_id, reason) VALUES ('cloud_pc.reboot', "
    "'662009bc-7732-4f6f-8726-25883518b33e', 'INC-4711')";

}  // namespace

TEST_CASE("queue owners: members of cloudpcd-queue insert by the sqlite3 shell, readers read")
{
    if (::geteuid() != 0) {
        MESSAGE("skipped: only root can add users and become them");
        return;
    }
    Installation installation{{.cloud_pcs = 5, .audit_events = 5, .snapshots = 2}};
    installation.configure("[sync]\ninterval = \"24h\"\n");
    Accounts accounts{installation.directory()};
    accounts.add_group("cloudpcd");
    accounts.add_group("cloudpcd-queue");
    accounts.add_user(daemon_user, "cloudpcd,cloudpcd-queue");
    accounts.add_user(queue_user, "cloudpcd,cloudpcd-queue");
    accounts.add_user(reader, "cloudpcd");
    accounts.add_user(stranger, "cloudpcd-queue");

    // As sysusers.d and tmpfiles.d set it up; the programs lie where everybody can start them.
    const auto state = installation.directory() / "state";
    const auto queue = state / "jobs" / "jobs.db";
    const auto readers = group_of("cloudpcd").value();
    const auto owner = user_of(daemon_user).value();
    std::filesystem::create_directory(state / "jobs");
    std::filesystem::create_directory(installation.directory() / "run");
    for (const auto* name : {"state", "run", "cloudpcd.toml", "client-secret"})
        REQUIRE(::chown((installation.directory() / name).c_str(), owner, readers) == 0);
    REQUIRE(::chown((state / "jobs").c_str(), owner, group_of("cloudpcd-queue").value()) == 0);
    REQUIRE(::chmod(installation.directory().c_str(), 0755) == 0);
    REQUIRE(::chmod(state.c_str(), 0750) == 0);
    REQUIRE(::chmod((state / "jobs").c_str(), 02775) == 0);
    const auto start = [&] {
        auto prefix = as(daemon_user);
        prefix[2] = "--regid=cloudpcd";  // Group= of the unit
        auto daemon = installation.start({}, prefix);
        daemon->wait_for_error("the control socket listens");
        return daemon;
    };
    auto daemon = start();

    CHECK(owner_and_mode(state / "jobs") == fmt::format("{}:cloudpcd-queue 2775", daemon_user));
    for (const auto* suffix : {"", "-wal", "-shm"})
        CHECK(owner_and_mode(queue.string() + suffix) ==
              fmt::format("{}:cloudpcd-queue 0664", daemon_user));

    const Shell shell{installation};
    const auto inserted = shell.run(queue_user, queue, insert);
    CHECK_MESSAGE(inserted.status == 0, inserted.errors);
    const auto read_only = fmt::format("file:{}?mode=ro", queue.string());
    for (const auto* user : {queue_user, reader}) {
        const auto rows = shell.run(user, read_only, "SELECT count(*), max(origin) FROM jobs");
        CHECK_MESSAGE(rows.output == "1|sql\n", rows.errors);
    }
    const auto refused = shell.run(reader, queue, insert);
    CHECK(refused.status != 0);
    CHECK(has(refused.errors, "readonly"));
    // Without the group cloudpcd nobody enters the directory above.
    CHECK(shell.run(stranger, queue, insert).status != 0);
    CHECK(shell.run(stranger, read_only, "SELECT count(*) FROM jobs").status != 0);
    // What may insert may do nothing else.
    for (const auto* sql : {"UPDATE jobs SET reason = 'x'", "DELETE FROM jobs"})
        CHECK(has(shell.run(queue_user, queue, sql).errors, "no such function"));

    // A queue that was last closed by an inserter goes on.
    daemon->signal(SIGTERM);
    CHECK_MESSAGE(daemon->wait() == 0, daemon->errors());
    CHECK(shell.run(queue_user, queue, insert).status == 0);
    daemon = start();
    CHECK(shell.run(queue_user, queue, insert).status == 0);
    CHECK(shell.run(reader, read_only, "SELECT count(*) FROM jobs").output == "3\n");
    daemon->signal(SIGTERM);
    CHECK_MESSAGE(daemon->wait() == 0, daemon->errors());

    // The socket as the only way in.
    installation.edit("[sync]\n", "[jobs]\nsql_submit = false\n[sync]\n");
    daemon = start();
    CHECK(owner_and_mode(state / "jobs") == fmt::format("{}:cloudpcd-queue 2755", daemon_user));
    CHECK(has(shell.run(queue_user, queue, insert).errors, "readonly"));
    CHECK(shell.run(reader, read_only, "SELECT count(*) FROM jobs").output == "3\n");
    daemon->signal(SIGTERM);
    CHECK_MESSAGE(daemon->wait() == 0, daemon->errors());
}
