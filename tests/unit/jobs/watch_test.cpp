// What other processes do to the queue is seen: real processes, the real clock.

#include "sync/jobs/watch.hpp"

#include "sync/jobs/freeze.hpp"
#include "sync/store/store.hpp"
#include "tests/unit/jobs/fixture.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>

using namespace cloudpcd;
using namespace cloudpcd::jobs;
using namespace cloudpcd::jobs::test;
namespace asio = boost::asio;
using namespace std::chrono_literals;

// The closures live in the test until their coroutine has ended.
// NOLINTBEGIN(cppcoreguidelines-avoid-capturing-lambda-coroutines)

namespace {

struct Watched : Queue {
    asio::io_context io{1};
    store::StoreThread thread;
    SystemClock real;
    store::Store store{std::move(database), thread.executor()};
    QueueWatch watch{io.get_executor(), store, real};

    template <class F>
    void run(F body)
    {
        std::exception_ptr failure;
        asio::co_spawn(io, std::move(body),
                       [&](const std::exception_ptr& thrown) { failure = thrown; });
        io.restart();
        io.run();
        if (failure)
            std::rethrow_exception(failure);
    }

    asio::awaitable<std::int64_t> count()
    {
        co_return co_await store.run([](store::Database& db) {
            auto row = db.prepared("SELECT count(*) FROM jobs");
            row.step();
            return row.integer(0);
        });
    }
};

std::string shell(const std::filesystem::path& path, std::string_view sql)
{
    return fmt::format("sqlite3 -cmd '.timeout 5000' '{}' \"{}\"", path.string(), sql);
}

constexpr std::string_view insert = "INSERT INTO jobs (kind) VALUES ('cloud_pc.reboot')";

}  // namespace

TEST_CASE_FIXTURE(Watched, "watch: each row that another process inserts is seen")
{
    constexpr int rows = 30;
    std::thread inserter{[&] {
        for (int i = 0; i < rows; ++i)
            CHECK(std::system(shell(path, insert).c_str()) == 0);
    }};
    run([&]() -> asio::awaitable<void> {
        std::int64_t seen = 0;
        while (seen < rows) {
            const auto change = co_await watch.wait_for_change();
            CHECK((change.rows || change.freeze));
            seen = co_await count();
        }
    });
    inserter.join();
}

TEST_CASE_FIXTURE(Watched, "watch: a row is seen long before the once-a-second question")
{
    run([&]() -> asio::awaitable<void> {
        co_await watch.wait_for_change();
        std::vector<std::chrono::milliseconds> delays;
        for (int i = 0; i < 9; ++i) {
            CHECK(std::system(shell(path, insert).c_str()) == 0);
            const auto begin = std::chrono::steady_clock::now();
            while (co_await count() < i + 1)
                co_await watch.wait_for_change();
            const auto change = co_await watch.wait_for_change();
            CHECK(change.rows);
            delays.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(
                std::chrono::steady_clock::now() - begin));
        }
        std::ranges::sort(delays);
        CHECK(delays.at(delays.size() / 2) < 500ms);  // a second, without inotify
    });
}

TEST_CASE_FIXTURE(Watched, "watch: commits of our own are no change")
{
    run([&]() -> asio::awaitable<void> {
        co_await watch.wait_for_change();
        co_await store.run(
            [](store::Database& db) { return submit(db, {.kind = "x"}, "alice", start).job_id; });
        CHECK(std::system(shell(path, insert).c_str()) == 0);
        co_await watch.wait_for_change();
        CHECK(co_await count() == 2);  // it was the stranger's row that woke us
    });
}

TEST_CASE_FIXTURE(Watched, "watch: the freeze file is seen when it comes and when it goes")
{
    const Freeze freeze{path};
    run([&]() -> asio::awaitable<void> {
        co_await watch.wait_for_change();
        freeze.turn_on("stop");
        auto change = co_await watch.wait_for_change();
        CHECK(change.freeze);
        CHECK_FALSE(change.rows);
        freeze.turn_off();
        change = co_await watch.wait_for_change();
        CHECK(change.freeze);
    });
}

TEST_CASE_FIXTURE(Watched, "watch: what happened while nobody waited is seen by the next to wait")
{
    run([&]() -> asio::awaitable<void> {
        co_await watch.wait_for_change();
        CHECK(std::system(shell(path, insert).c_str()) == 0);
        Freeze{path}.turn_on("stop");
        const auto change = co_await watch.wait_for_change();
        CHECK(change.rows);
        CHECK(change.freeze);
    });
}

TEST_CASE_FIXTURE(Watched, "watch: a wait can be cancelled")
{
    bool cancelled = false;
    run([&]() -> asio::awaitable<void> {
        co_await watch.wait_for_change();
        const auto given_up = co_await with_deadline(
            real,
            [](QueueWatch& on) -> asio::awaitable<Result<bool>> {
                const auto change = co_await on.wait_for_change();
                co_return change.rows;
            }(watch),
            20ms);
        cancelled = given_up.has_error();
    });
    CHECK(cancelled);
}

// NOLINTEND(cppcoreguidelines-avoid-capturing-lambda-coroutines)
