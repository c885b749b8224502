// The hop to the thread of a database and back.

#include "sync/store/store.hpp"

#include "tests/unit/store/fixture.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <doctest/doctest.h>

#include <future>
#include <stdexcept>

using namespace cloudpcd::store;
using namespace cloudpcd::store::test;
namespace asio = boost::asio;

// The closures live in the test or in co_spawn until their coroutine has ended.
// NOLINTBEGIN(cppcoreguidelines-avoid-capturing-lambda-coroutines)

namespace {

struct Fixture {
    TemporaryDirectory directory;
    asio::io_context io{1};
    StoreThread thread;
    Store store{Database::open(options(directory.path() / "mirror.db")), thread.executor()};

    /// Runs `body` on `io` to its end; what it throws passes.
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
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "store: a command runs on the store's thread, its caller goes on here")
{
    const auto here = std::this_thread::get_id();
    std::thread::id there;
    std::thread::id after;
    run([&]() -> asio::awaitable<void> {
        there = co_await store.run([](Database&) { return std::this_thread::get_id(); });
        after = std::this_thread::get_id();
    });
    CHECK(there != here);
    CHECK(after == here);
}

TEST_CASE_FIXTURE(Fixture, "store: a command gives a value, or nothing")
{
    std::string got;
    run([&]() -> asio::awaitable<void> {
        co_await store.run([](Database& database) {
            database.execute("CREATE TABLE t (x); INSERT INTO t VALUES (4)");
        });
        got = co_await store.run(
            [](Database& database) { return value(database, "SELECT x FROM t"); });
    });
    CHECK(got == "4");
}

TEST_CASE_FIXTURE(Fixture, "store: whoever wishes an end does not wait for somebody else's lock")
{
    SQLite::Database other{(directory.path() / "mirror.db").string(), SQLite::OPEN_READWRITE};
    other.exec("CREATE TABLE t (x); BEGIN IMMEDIATE");
    const auto begun = std::chrono::steady_clock::now();
    int busy = 0;
    const auto change = [&]() -> asio::awaitable<void> {
        try {
            co_await store.run([](Database& database) {
                database.transaction([&] { database.execute("INSERT INTO t VALUES (1)"); });
            });
        } catch (const SQLite::Exception& failure) {
            busy += failure.getErrorCode() == SQLITE_BUSY ? 1 : 0;
        }
    };
    for (int i = 0; i < 4; ++i)
        asio::co_spawn(io, change(), asio::detached);
    asio::post(io, [&] { store.stop_waiting(); });
    io.run();
    CHECK(busy == 4);
    CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds{4});
    other.exec("COMMIT");
    run(change);
    CHECK(read_only_rows(directory.path() / "mirror.db", "SELECT count(*) FROM t") == Rows{"1"});
}

TEST_CASE_FIXTURE(Fixture, "store: a command that needs a lock waits for it")
{
    SQLite::Database other{(directory.path() / "mirror.db").string(), SQLite::OPEN_READWRITE};
    other.exec("CREATE TABLE t (x); BEGIN IMMEDIATE");
    std::promise<void> tried;
    std::thread lets_go{[&] {
        tried.get_future().wait();
        other.exec("COMMIT");
    }};
    run([&]() -> asio::awaitable<void> {
        co_await store.run([&](Database& database) {
            database.checkpoint_truncate();  // which does not wait, and leaves that as it was
            tried.set_value();
            database.transaction([&] { database.execute("INSERT INTO t VALUES (1)"); });
        });
    });
    lets_go.join();
}

TEST_CASE_FIXTURE(Fixture, "store: a command may own what cannot be copied")
{
    int got = 0;
    run([&]() -> asio::awaitable<void> {
        auto owned = std::make_unique<int>(9);
        got = co_await store.run([owned = std::move(owned)](Database&) { return *owned; });
    });
    CHECK(got == 9);
}

TEST_CASE_FIXTURE(Fixture, "store: an exception of a command reaches its caller, and the next runs")
{
    std::string got;
    const auto fail = [&]() -> asio::awaitable<void> {
        co_await store.run([](Database& database) {
            database.transaction([&] {
                database.execute("CREATE TABLE t (x)");
                throw std::domain_error{"mine"};
            });
        });
    };
    CHECK_THROWS_WITH_AS(run(fail), "mine", std::domain_error);
    run([&]() -> asio::awaitable<void> {
        got = co_await store.run([](Database& database) {
            return value(database, "SELECT count(*) FROM sqlite_schema");
        });
    });
    CHECK(got == "0");
}

TEST_CASE_FIXTURE(Fixture, "store: commands run one after the other in the order they were given")
{
    constexpr int commands = 200;
    std::vector<int> order;  // the store's thread alone writes it
    std::promise<void> all_given;
    auto given = all_given.get_future().share();
    const auto command = [&](int i) -> asio::awaitable<void> {
        co_await store.run([&order, given, i](Database&) {
            given.wait();  // so that the others wait in line
            order.push_back(i);
        });
    };
    for (int i = 0; i < commands; ++i)
        asio::co_spawn(io, command(i), asio::detached);
    asio::post(io, [&] { all_given.set_value(); });
    io.run();
    std::vector<int> expected(commands);
    for (int i = 0; i < commands; ++i)
        expected[static_cast<std::size_t>(i)] = i;
    CHECK(order == expected);
}

TEST_CASE_FIXTURE(Fixture, "store: a command is not cancelled with its caller, begun or waiting")
{
    asio::cancellation_signal signal;
    std::promise<void> cancelled;
    auto was_cancelled = cancelled.get_future().share();
    int finished = 0;
    const auto caller = [&](bool holds_up) -> asio::awaitable<void> {
        co_await store.run([&finished, was_cancelled, holds_up](Database& database) {
            if (holds_up)
                was_cancelled.wait();
            database.execute("CREATE TABLE IF NOT EXISTS t (x); INSERT INTO t VALUES (1)");
            ++finished;
        });
    };
    const auto ignore = [](const std::exception_ptr&) {};
    asio::cancellation_signal second;
    asio::co_spawn(io, caller(true), asio::bind_cancellation_slot(signal.slot(), ignore));
    asio::co_spawn(io, caller(false), asio::bind_cancellation_slot(second.slot(), ignore));
    asio::steady_timer later{io, std::chrono::seconds{0}};
    later.async_wait([&](const boost::system::error_code&) {
        signal.emit(asio::cancellation_type::all);
        second.emit(asio::cancellation_type::all);
        cancelled.set_value();
    });
    io.run();
    CHECK(finished == 2);
    CHECK(value(store.database(), "SELECT count(*) FROM t") == "2");
}

TEST_CASE("store: everything may live on one executor")
{
    TemporaryDirectory directory;
    asio::io_context io{1};
    Store store{Database::open(options(directory.path() / "mirror.db")), io.get_executor()};
    std::string got;
    const auto body = [&]() -> asio::awaitable<void> {
        got = co_await store.run([](Database& database) { return value(database, "SELECT 1"); });
    };
    asio::co_spawn(io, body, asio::detached);
    io.run();
    CHECK(got == "1");
}

TEST_CASE("store: its thread lets the running command finish")
{
    TemporaryDirectory directory;
    bool finished = false;
    std::promise<void> started;
    std::promise<void> go_on;
    {
        StoreThread thread;
        asio::post(thread.executor(), [&] {
            started.set_value();
            go_on.get_future().wait();
            finished = true;
        });
        started.get_future().wait();
        go_on.set_value();
    }
    CHECK(finished);
}

// NOLINTEND(cppcoreguidelines-avoid-capturing-lambda-coroutines)
