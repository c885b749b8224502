// jobs.db as a file: whose it is, who may write it, and what a copy of it may do.

#include "sync/jobs/anchor.hpp"
#include "sync/jobs/freeze.hpp"
#include "sync/store/migrations.hpp"
#include "tests/unit/jobs/fixture.hpp"

#include <array>
#include <cstddef>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace cloudpcd;
using namespace cloudpcd::jobs;
using namespace cloudpcd::jobs::test;
using store::StoreError;
using store::test::refusal;
using store::test::write_file;
namespace fs = std::filesystem;

namespace {

mode_t mode_of(const fs::path& path)
{
    struct stat status{};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 07777U;
}

void check_modes(const fs::path& path, mode_t directory, mode_t file)
{
    CHECK(mode_of(path.parent_path()) == directory);
    for (const auto* suffix : {"", "-wal", "-shm"})
        CHECK(mode_of(store::test::beside(path, suffix)) == file);
}

class Umask {
public:
    explicit Umask(mode_t mask) : x_before{::umask(mask)} {}
    ~Umask() { ::umask(x_before); }
    Umask(const Umask&) = delete;
    Umask& operator=(const Umask&) = delete;

private:
    mode_t x_before;
};

#if defined(SYS_chmod) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
/// From now on this process may set no setgid bit: what RestrictSUIDSGID= does to a unit.
bool refuse_setgid()
{
    const auto load = [](std::size_t offset) {
        return sock_filter{BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<unsigned>(offset)};
    };
    const auto answer = [](unsigned value) { return sock_filter{BPF_RET | BPF_K, 0, 0, value}; };
    std::array program{
        load(offsetof(seccomp_data, nr)),
        sock_filter{BPF_JMP | BPF_JEQ | BPF_K, 0, 3, SYS_chmod},
        load(offsetof(seccomp_data, args[1])),
        sock_filter{BPF_JMP | BPF_JSET | BPF_K, 0, 1, S_ISGID},
        answer(SECCOMP_RET_ERRNO | EPERM),
        answer(SECCOMP_RET_ALLOW),
    };
    const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}
#endif

/// A directory for a queue, and the anchor of a machine.
struct Anchored : Queue {
    fs::path machine_id = directory.path() / "machine-id";
    Anchor anchor = on_machine("m1");

    Anchor on_machine(const std::string& id)
    {
        write_file(machine_id, id + "\n");
        return Anchor{path, machine_id};
    }
    AnchorState state_of(const Anchor& file) { return file.check(database).state; }
};

}  // namespace

TEST_CASE("jobs database: modes let the group insert, or nobody, whatever the umask")
{
    const Umask umask{077};
    TemporaryDirectory directory;
    simulation::VirtualClock clock;
    SeededRng rng{1};
    const auto path = directory.path() / "jobs" / "jobs.db";
    const auto open = [&](bool sql_submit) {
        return open_queue({.path = path, .tenant_id = tenant, .sql_submit = sql_submit}, clock,
                          rng);
    };
    (void)open(true);
    check_modes(path, 02775, 0664);
    (void)open(false);
    check_modes(path, 02755, 0644);
    (void)open(true);
    check_modes(path, 02775, 0664);
}

#if defined(SYS_chmod) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
TEST_CASE("jobs database: where the setgid bit is refused, others still lose their right to write")
{
    Queue queue;  // 2775, as systemd-tmpfiles makes it
    constexpr int not_tried = 77;
    const auto child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        if (!refuse_setgid())
            ::_exit(not_tried);
        (void)open_queue({.path = queue.path, .tenant_id = tenant, .sql_submit = false},
                         queue.clock, queue.rng);
        ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == not_tried) {
        MESSAGE("skipped: this system filters no system calls");
        return;
    }
    REQUIRE(status == 0);
    check_modes(queue.path, 0755, 0644);
}
#endif

TEST_CASE("jobs database: a directory with other uses keeps its mode")
{
    TemporaryDirectory directory;
    simulation::VirtualClock clock;
    SeededRng rng{1};
    fs::permissions(directory.path(), fs::perms{0750});
    write_file(directory.path() / "mirror.db", "x");
    (void)open_queue({.path = directory.path() / "jobs.db", .tenant_id = tenant}, clock, rng);
    CHECK(mode_of(directory.path()) == 0750);
}

TEST_CASE("jobs database: settings")
{
    Queue queue;
    CHECK(queue.value("PRAGMA journal_mode") == "wal");
    CHECK(queue.value("PRAGMA synchronous") == "2");
    CHECK(queue.value("PRAGMA secure_delete") == "1");
    CHECK(queue.value("PRAGMA foreign_keys") == "1");
    CHECK(queue.value("PRAGMA application_id") == std::to_string(jobs_application_id));
    CHECK(queue.value("SELECT value FROM meta WHERE key = 'tenant_id'") == tenant);
}

TEST_CASE_FIXTURE(Queue, "jobs database: another tenant's queue is refused, untouched")
{
    add();
    database.checkpoint_truncate();
    const auto before = store::test::read_file(path);
    CHECK(refusal([&] { (void)open_queue({.path = path, .tenant_id = "other"}, clock, rng); }) ==
          StoreError::Kind::other_tenant);
    CHECK(store::test::read_file(path) == before);
    const auto id = database_id(database);
    reopen();
    CHECK(database_id(database) == id);
    CHECK(job(1).state == State::submitted);
}

TEST_CASE("jobs database: symbolic links, foreign files and missing parents are refused")
{
    TemporaryDirectory directory;
    simulation::VirtualClock clock;
    SeededRng rng{1};
    const auto open = [&](const fs::path& path) {
        return refusal([&] { (void)open_queue({.path = path, .tenant_id = tenant}, clock, rng); });
    };
    fs::create_directory(directory.path() / "jobs");
    const auto victim = directory.path() / "victim";
    write_file(victim, "not a database");
    fs::permissions(victim, fs::perms{0600});
    fs::create_symlink(victim, directory.path() / "jobs" / "jobs.db");
    CHECK(open(directory.path() / "jobs" / "jobs.db") == StoreError::Kind::unusable);
    CHECK(mode_of(victim) == 0600);
    CHECK(store::test::read_file(victim) == "not a database");
    store::test::make_foreign(directory.path() / "theirs.db", 5);
    CHECK(open(directory.path() / "theirs.db") == StoreError::Kind::foreign);
    CHECK(open(directory.path() / "a" / "b" / "jobs.db") == StoreError::Kind::unusable);
    CHECK(open(victim / "jobs.db") == StoreError::Kind::unusable);
}

TEST_CASE_FIXTURE(Anchored, "anchor: a new queue and one that only went on are normal")
{
    CHECK(state_of(anchor) == AnchorState::normal);
    anchor.write(database);
    CHECK(state_of(anchor) == AnchorState::normal);
    add_in(State::succeeded);
    // Killed between the commit of the intent and the anchor: ahead of it, never behind.
    CHECK(state_of(anchor) == AnchorState::normal);
    anchor.write(database);
    CHECK(state_of(anchor) == AnchorState::normal);
    CHECK(mode_of(anchor.path()) == 0644);
}

TEST_CASE_FIXTURE(Anchored, "anchor: a restored copy knows less than was sent")
{
    add_in(State::succeeded);
    anchor.write(database);
    const auto copy = directory.path() / "copy.db";
    store::back_up(database, copy);
    add_in(State::succeeded);
    anchor.write(database);
    CHECK(state_of(anchor) == AnchorState::normal);

    database = store::Database::open({.path = directory.path() / "x.db", .application_id = 1});
    for (const auto* suffix : {"-wal", "-shm"})
        fs::remove(store::test::beside(path, suffix));
    fs::rename(copy, path);
    database = open();
    CHECK(state_of(anchor) == AnchorState::behind);
    CHECK_FALSE(anchor.check(database).why.empty());
    anchor.write(database);  // what is unsent is held by now
    CHECK(state_of(anchor) == AnchorState::normal);
}

TEST_CASE_FIXTURE(Anchored, "anchor: another queue in its place is behind, whatever it knows")
{
    add_in(State::succeeded);
    anchor.write(database);
    database = store::Database::open({.path = directory.path() / "x.db", .application_id = 1});
    fs::remove_all(path.parent_path() / "jobs.db");
    for (const auto* suffix : {"-wal", "-shm"})
        fs::remove(store::test::beside(path, suffix));
    database = open();
    CHECK(state_of(anchor) == AnchorState::behind);
    add_in(State::succeeded);
    add_in(State::succeeded);
    CHECK(state_of(anchor) == AnchorState::behind);
    // Not even beside the anchor of a queue that never sent anything.
    write_file(anchor.path(), "{\"database_id\":\"x\",\"machine_id\":\"m1\",\"attempt\":0}");
    CHECK(state_of(anchor) == AnchorState::behind);
}

TEST_CASE_FIXTURE(Anchored, "anchor: missing or spoilt beside a queue that has sent")
{
    anchor.write(database);
    add_in(State::succeeded);
    for (const auto* spoilt : {"", "no json", "{}", "[1]", "{\"database_id\":1}"}) {
        write_file(anchor.path(), spoilt);
        CHECK(state_of(anchor) == AnchorState::missing);
    }
    write_file(anchor.path(), std::string(5000, 'x'));
    CHECK(state_of(anchor) == AnchorState::missing);
    fs::remove(anchor.path());
    CHECK(state_of(anchor) == AnchorState::missing);
    // A link is not followed, neither to read nor to write.
    anchor.write(database);
    const auto victim = directory.path() / "victim";
    fs::rename(anchor.path(), victim);
    const auto precious = store::test::read_file(victim);
    fs::create_symlink(victim, anchor.path());
    CHECK(state_of(anchor) == AnchorState::missing);
    add_in(State::succeeded);
    anchor.write(database);
    CHECK(store::test::read_file(victim) == precious);
    CHECK_FALSE(fs::is_symlink(anchor.path()));
    CHECK(state_of(anchor) == AnchorState::normal);
}

TEST_CASE_FIXTURE(Anchored, "anchor: another machine is one, where both have an id")
{
    anchor.write(database);
    CHECK(state_of(on_machine("m2")) == AnchorState::other_machine);
    CHECK(state_of(on_machine("")) == AnchorState::normal);
    CHECK(state_of(Anchor{path, directory.path() / "none"}) == AnchorState::normal);
    Anchor{path, directory.path() / "none"}.write(database);
    CHECK(state_of(on_machine("m2")) == AnchorState::normal);
}

TEST_CASE_FIXTURE(Queue, "freeze: a file of that name, whoever made it")
{
    const Freeze freeze{path};
    CHECK(freeze.path() == path.parent_path() / "freeze");
    CHECK_FALSE(freeze.is_on());
    freeze.turn_on("maintenance\nsecond line");
    CHECK(freeze.is_on());
    CHECK(freeze.reason() == "maintenance\\nsecond line");
    freeze.turn_on("other");
    CHECK(freeze.reason() == "maintenance\\nsecond line");
    freeze.turn_off();
    freeze.turn_off();
    CHECK_FALSE(freeze.is_on());
    write_file(freeze.path(), "");
    CHECK(freeze.is_on());
    CHECK(freeze.reason() == "");
    freeze.turn_off();
    fs::create_symlink("nowhere", freeze.path());
    CHECK(freeze.is_on());
    freeze.turn_on("x");
    CHECK_FALSE(fs::exists(directory.path() / "jobs" / "nowhere"));
    freeze.turn_off();
    CHECK_FALSE(freeze.is_on());
}
