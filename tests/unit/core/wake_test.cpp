#include "sync/core/wake.hpp"

#include "tests/simulation/virtual_clock.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>
#include <doctest/doctest.h>

#include <string>

using namespace cloudpcd;
namespace asio = boost::asio;
using std::chrono::seconds;

namespace {

struct Sleeper {
    asio::io_context io;
    simulation::VirtualClock clock;
    Wake wake{io.get_executor()};
    std::string trace;

    asio::awaitable<void> sleep(Duration wait)
    {
        try {
            const bool told = co_await wake.wait_until(clock, clock.steady_now() + wait);
            trace += told ? "told " : "slept ";
        } catch (const boost::system::system_error& ended) {
            trace += ended.code() == asio::error::operation_aborted ? "ended " : "? ";
        }
    }
    void start(Duration wait) { asio::co_spawn(io, sleep(wait), asio::detached); }
};

}  // namespace

TEST_CASE_FIXTURE(Sleeper, "wake: a sleep ends at its time, or when somebody says so")
{
    start(seconds{10});
    clock.run_for(io, seconds{9});
    CHECK(trace.empty());
    clock.run_for(io, seconds{1});
    CHECK(trace == "slept ");
    start(seconds{10});
    clock.run_for(io, seconds{1});
    wake.notify();
    clock.run_for(io, seconds{0});
    CHECK(trace == "slept told ");
    CHECK(clock.sleepers() == 0);
}

TEST_CASE_FIXTURE(Sleeper, "wake: what is said before the sleep ends it at once, and only that one")
{
    wake.notify();
    wake.notify();
    start(seconds{10});
    clock.run_for(io, seconds{0});
    CHECK(trace == "told ");
    start(seconds{10});
    clock.run_for(io, seconds{9});
    CHECK(trace == "told ");
    clock.run_for(io, seconds{1});
    CHECK(trace == "told slept ");
}

TEST_CASE_FIXTURE(Sleeper, "wake: a cancelled sleep is no news")
{
    asio::cancellation_signal cancel;
    asio::co_spawn(io, sleep(seconds{10}),
                   asio::bind_cancellation_slot(cancel.slot(), asio::detached));
    clock.run_for(io, seconds{1});
    cancel.emit(asio::cancellation_type::terminal);
    clock.run_for(io, seconds{0});
    CHECK(trace == "ended ");
}
