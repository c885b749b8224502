#include "sync/core/task_group.hpp"

#include "tests/simulation/virtual_clock.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

using namespace cloudpcd;
namespace asio = boost::asio;
using std::chrono::seconds;

namespace {

struct Fixture {
    asio::io_context io;
    simulation::VirtualClock clock;
    std::string trace;
    asio::steady_timer proceed{io, asio::steady_timer::time_point::max()};

    asio::awaitable<void> say(std::string text, Duration after)
    {
        try {
            co_await clock.sleep_for(after);
            trace += text;
        } catch (const boost::system::system_error& ended) {
            trace += ended.code() == asio::error::operation_aborted ? "-" : "?";
            throw;
        }
    }

    asio::awaitable<void> fail(Duration after)
    {
        co_await clock.sleep_for(after);
        throw std::runtime_error{"first"};
    }

    asio::awaitable<void> join(TaskGroup& group)
    {
        try {
            co_await group.join();
            trace += ".";
        } catch (const boost::system::system_error&) {
            trace += "cancelled";
        } catch (const std::exception& failure) {
            trace += failure.what();
        }
    }

    /// Waits for something that cannot be cancelled before it begins.
    asio::awaitable<void> say_together()
    {
        boost::system::error_code woken;
        co_await proceed.async_wait(asio::bind_cancellation_slot(
            asio::cancellation_slot{}, asio::redirect_error(asio::use_awaitable, woken)));
        auto group = co_await TaskGroup::make();
        group.spawn(say("x", seconds{9}));
        group.spawn(say("y", seconds{8}));
        co_await join(group);
    }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "task group: waits for every task")
{
    TaskGroup group{io.get_executor()};
    group.spawn(say("b", seconds{2}));
    group.spawn(say("a", seconds{1}));
    asio::co_spawn(io, join(group), asio::detached);
    clock.run(io);
    CHECK(trace == "ab.");
}

TEST_CASE_FIXTURE(Fixture, "task group: a failure ends the others, and is what join throws")
{
    TaskGroup group{io.get_executor()};
    group.spawn(say("late", seconds{9}));
    group.spawn(fail(seconds{1}));
    group.spawn(say("a", Duration{10}));
    asio::co_spawn(io, join(group), asio::detached);
    clock.run(io);
    CHECK(trace == "a-first");
    CHECK(clock.utc_now() - simulation::VirtualClock::epoch < seconds{2});
}

TEST_CASE_FIXTURE(Fixture, "task group: who is cancelled while waiting cancels the tasks first")
{
    TaskGroup group{io.get_executor()};
    group.spawn(say("x", seconds{9}));
    group.spawn(say("y", seconds{9}));
    asio::cancellation_signal cancel;
    asio::co_spawn(io, join(group), asio::bind_cancellation_slot(cancel.slot(), asio::detached));
    clock.run_for(io, seconds{1});
    cancel.emit(asio::cancellation_type::terminal);
    clock.run(io);
    CHECK(trace == "--cancelled");
}

TEST_CASE_FIXTURE(Fixture, "task group: who was cancelled before spawns nothing")
{
    asio::cancellation_signal cancel;
    asio::co_spawn(io, say_together(), asio::bind_cancellation_slot(cancel.slot(), asio::detached));
    SUBCASE("while it did something else")
    {
        clock.run_for(io, seconds{1});
        // The wish and the end of that are met at once.
        asio::post(io, [&] {
            cancel.emit(asio::cancellation_type::terminal);
            proceed.cancel();
        });
        clock.run(io);
        CHECK(trace.empty());
    }
    SUBCASE("later: the tasks end with it")
    {
        clock.run_for(io, seconds{1});
        proceed.cancel();
        clock.run_for(io, seconds{1});
        cancel.emit(asio::cancellation_type::terminal);
        clock.run(io);
        CHECK(trace == "--cancelled");
    }
    SUBCASE("never")
    {
        clock.run_for(io, seconds{1});
        proceed.cancel();
        clock.run(io);
        CHECK(trace == "yx.");
    }
}

TEST_CASE_FIXTURE(Fixture, "task group: a task that is cancelled before it begins does not")
{
    TaskGroup group{io.get_executor()};
    asio::post(io, [&] { group.cancel(); });  // comes before the task's first step
    group.spawn(say("x", seconds{9}));
    asio::co_spawn(io, join(group), asio::detached);
    clock.run(io);
    CHECK(trace == "cancelled");
}

TEST_CASE_FIXTURE(Fixture, "task group: an empty group has ended")
{
    TaskGroup group{io.get_executor()};
    asio::co_spawn(io, join(group), asio::detached);
    clock.run(io);
    CHECK(trace == ".");
}
