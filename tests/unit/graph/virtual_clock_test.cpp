#include "tests/simulation/virtual_clock.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <doctest/doctest.h>

#include <exception>
#include <string>

using namespace cloudpcd;
using namespace std::chrono_literals;
using simulation::VirtualClock;
namespace asio = boost::asio;

namespace {

asio::awaitable<void> note(VirtualClock& clock, Duration after, std::string& out, char letter)
{
    co_await clock.sleep_for(after);
    out += letter;
}

}  // namespace

TEST_CASE("virtual clock: sleepers wake in order of time, equal times in order of arrival")
{
    asio::io_context io;
    VirtualClock clock;
    std::string order;
    asio::co_spawn(io, note(clock, 2h, order, 'd'), asio::detached);
    asio::co_spawn(io, note(clock, 1h, order, 'a'), asio::detached);
    asio::co_spawn(io, note(clock, 1h, order, 'b'), asio::detached);
    asio::co_spawn(io, note(clock, 1h, order, 'c'), asio::detached);
    asio::co_spawn(io, note(clock, -1h, order, '0'), asio::detached);

    clock.run(io);

    CHECK(order == "0abcd");
    CHECK(clock.utc_now() == VirtualClock::epoch + 2h);
    CHECK(clock.sleepers() == 0);
}

TEST_CASE("virtual clock: run_for stops exactly, run_until as soon as it may")
{
    asio::io_context io;
    VirtualClock clock;
    std::string order;
    asio::co_spawn(io, note(clock, 10s, order, 'a'), asio::detached);
    asio::co_spawn(io, note(clock, 20s, order, 'b'), asio::detached);
    asio::co_spawn(io, note(clock, 30s, order, 'c'), asio::detached);
    const auto start = clock.steady_now();

    clock.run_for(io, 15s);
    CHECK(order == "a");
    CHECK(clock.steady_now() - start == 15s);

    CHECK(clock.run_until(io, [&] { return order.size() == 2; }));
    CHECK(clock.steady_now() - start == 20s);

    CHECK_FALSE(clock.run_until(io, [] { return false; }));
    CHECK(order == "abc");
}

TEST_CASE("virtual clock: a cancelled sleep ends at once, and with_deadline works on it")
{
    asio::io_context io;
    VirtualClock clock;
    asio::cancellation_signal stop;
    std::exception_ptr failure;
    asio::co_spawn(
        io, clock.sleep_for(1h),
        asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr e) { failure = e; }));
    clock.run_for(io, 1s);
    REQUIRE_FALSE(failure);
    stop.emit(asio::cancellation_type::terminal);
    clock.run_for(io, 0s);
    CHECK(failure);
    CHECK(clock.sleepers() == 0);

    const auto slow = [&]() -> asio::awaitable<Result<int>> {
        co_await clock.sleep_for(1h);
        co_return 1;
    };
    Result<int> result = 0;
    asio::co_spawn(io, with_deadline(clock, slow(), 5s),
                   [&](std::exception_ptr, Result<int> r) { result = std::move(r); });
    const auto start = clock.steady_now();
    clock.run(io);
    REQUIRE(result.has_error());
    CHECK(result.error().code == Errc::transient);
    CHECK(clock.steady_now() - start == 5s);
}

TEST_CASE("virtual clock: only the wall clock can be set")
{
    VirtualClock clock;
    const auto before = clock.steady_now();
    clock.shift_wall(-2h);
    CHECK(clock.utc_now() == VirtualClock::epoch - 2h);
    CHECK(clock.steady_now() == before);
}

TEST_CASE("virtual clock: may go away before its io_context")
{
    asio::io_context io;
    std::string order;
    {
        VirtualClock clock;
        asio::co_spawn(io, note(clock, 1h, order, 'a'), asio::detached);
        clock.run_for(io, 1s);
    }
    CHECK(order.empty());
}
