// One daemon per database.

#include "sync/store/instance_lock.hpp"

#include "tests/unit/store/fixture.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <sys/wait.h>
#include <unistd.h>

using namespace cloudpcd::store;
using namespace cloudpcd::store::test;
using Kind = StoreError::Kind;

namespace {

/// What another process meets that asks for the lock: 0 it is free, 1 it is held, 2 anything else.
int ask_from_another_process(const std::filesystem::path& path)
{
    const auto child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        int status = 2;
        try {
            const InstanceLock lock{path};
            status = 0;
        } catch (const StoreError& error) {
            status = error.kind() == Kind::in_use ? 1 : 2;
        } catch (...) {
            status = 2;
        }
        ::_exit(status);  // no destructor of the parent's objects
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

}  // namespace

TEST_CASE("lock: a second one is refused, in this process and in another")
{
    TemporaryDirectory directory;
    const auto path = directory.path() / "mirror.db";
    const InstanceLock lock{path};
    CHECK(refusal([&] { const InstanceLock second{path}; }) == Kind::in_use);
    CHECK(ask_from_another_process(path) == 1);
    CHECK_FALSE(std::filesystem::exists(path));  // the database itself is not touched
}

TEST_CASE("lock: it ends with its owner, whatever became of the file")
{
    TemporaryDirectory directory;
    const auto path = directory.path() / "mirror.db";
    {
        const InstanceLock lock{path};
    }
    CHECK(std::filesystem::exists(beside(path, ".lock")));
    CHECK(ask_from_another_process(path) == 0);
    const InstanceLock again{path};
    CHECK(ask_from_another_process(path) == 1);
}

TEST_CASE("lock: a process that ends without a word holds nothing")
{
    TemporaryDirectory directory;
    const auto path = directory.path() / "mirror.db";
    CHECK(ask_from_another_process(path) == 0);  // it left by _exit
    CHECK_NOTHROW(InstanceLock{path});
}

TEST_CASE("lock: a lock that was moved is held by the new owner alone")
{
    TemporaryDirectory directory;
    const auto path = directory.path() / "mirror.db";
    std::optional<InstanceLock> owner;
    {
        InstanceLock first{path};
        owner.emplace(std::move(first));
    }
    CHECK(ask_from_another_process(path) == 1);
    owner.reset();
    CHECK(ask_from_another_process(path) == 0);
}

TEST_CASE("lock: two databases of one directory do not meet")
{
    TemporaryDirectory directory;
    const InstanceLock mirror{directory.path() / "mirror.db"};
    CHECK_NOTHROW(InstanceLock{directory.path() / "jobs.db"});
}

TEST_CASE("lock: opening and closing the database does not let go of it")
{
    TemporaryDirectory directory;
    const auto path = directory.path() / "mirror.db";
    const InstanceLock lock{path};
    Database::open(options(path));
    CHECK(ask_from_another_process(path) == 1);
}

TEST_CASE("lock: where no lock file can be made, it says unusable")
{
    TemporaryDirectory directory;
    CHECK(refusal([&] { const InstanceLock lock{directory.path() / "none" / "mirror.db"}; }) ==
          Kind::unusable);
    const auto path = directory.path() / "mirror.db";
    std::filesystem::create_symlink(directory.path() / "elsewhere", beside(path, ".lock"));
    CHECK(refusal([&] { const InstanceLock lock{path}; }) == Kind::unusable);
    CHECK_FALSE(std::filesystem::exists(directory.path() / "elsewhere"));
}
