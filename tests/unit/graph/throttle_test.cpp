#include "sync/graph/throttle.hpp"

#include "tests/unit/graph/fixture.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

using namespace cloudpcd;
using namespace cloudpcd::graph;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

struct Bench {
    explicit Bench(QuotaOptions options = {}) : throttle{network.clock, options} {}

    /// Starts a coroutine that notes when it is let through.
    void start(QuotaClass quota, char letter = 'x', asio::cancellation_signal* stop = nullptr,
               Priority priority = Priority::background)
    {
        auto body = [](Bench& bench, QuotaClass of, char name,
                       Priority as) -> asio::awaitable<void> {
            co_await bench.throttle.acquire(of, as);
            bench.order += name;
            bench.passed.push_back(bench.network.clock.steady_now());
        };
        if (stop == nullptr)
            asio::co_spawn(network.io, body(*this, quota, letter, priority), asio::detached);
        else
            asio::co_spawn(network.io, body(*this, quota, letter, priority),
                           asio::bind_cancellation_slot(stop->slot(), asio::detached));
    }
    void start_job(QuotaClass quota, char letter = 'J', asio::cancellation_signal* stop = nullptr)
    {
        start(quota, letter, stop, Priority::interactive);
    }

    test::Network network;
    Throttle throttle;
    std::string order;
    std::vector<SteadyTime> passed;
};

}  // namespace

TEST_CASE("semaphore: in order of arrival, and a cancelled waiter leaves nothing behind")
{
    test::Network network;
    Semaphore semaphore{1};
    std::string order;
    const auto hold = [&](char letter) -> asio::awaitable<void> {
        [[maybe_unused]] const auto permit = co_await semaphore.acquire();
        order += letter;
        co_await network.clock.sleep_for(1s);
    };
    asio::cancellation_signal waiting;
    asio::cancellation_signal holding;
    asio::co_spawn(network.io, hold('a'),
                   asio::bind_cancellation_slot(holding.slot(), asio::detached));
    asio::co_spawn(network.io, hold('b'),
                   asio::bind_cancellation_slot(waiting.slot(), asio::detached));
    asio::co_spawn(network.io, hold('c'), asio::detached);
    asio::co_spawn(network.io, hold('d'), asio::detached);
    network.clock.run_for(network.io, 0ms);
    CHECK(semaphore.waiting() == 3);

    waiting.emit(asio::cancellation_type::terminal);
    network.clock.run_for(network.io, 0ms);
    CHECK(semaphore.waiting() == 2);
    holding.emit(asio::cancellation_type::terminal);
    network.clock.run_for(network.io, 0ms);
    CHECK(order == "ac");
    network.clock.run(network.io);
    CHECK(order == "acd");

    // Granted and cancelled at the same moment: the permit goes on.
    asio::cancellation_signal unlucky;
    const auto take = [&]() -> asio::awaitable<std::unique_ptr<Semaphore::Permit>> {
        co_return std::make_unique<Semaphore::Permit>(co_await semaphore.acquire());
    };
    auto first = network.await(take());
    asio::co_spawn(network.io, hold('e'),
                   asio::bind_cancellation_slot(unlucky.slot(), asio::detached));
    asio::co_spawn(network.io, hold('f'), asio::detached);
    network.clock.run_for(network.io, 0ms);
    {
        const auto given_back = std::move(first);
    }
    unlucky.emit(asio::cancellation_type::terminal);
    network.clock.run(network.io);
    CHECK(order.ends_with("f"));
    CHECK(semaphore.waiting() == 0);
    CHECK(network.await(take()));  // nothing is lost
}

TEST_CASE("semaphore: a permit granted to a coroutine that never runs again is not lost")
{
    Semaphore semaphore{1};
    test::Network after;
    const auto take = [&]() -> asio::awaitable<std::unique_ptr<Semaphore::Permit>> {
        co_return std::make_unique<Semaphore::Permit>(co_await semaphore.acquire());
    };
    {
        test::Network before;
        auto held = before.await(take());
        asio::co_spawn(before.io, take(), asio::detached);
        before.clock.run(before.io);
        CHECK(semaphore.waiting() == 1);
        held.reset();
        CHECK(semaphore.waiting() == 0);
    }
    CHECK(after.await(take()));
}

TEST_CASE("throttle: no window of a minute holds more than the limit and a tenth")
{
    for (const double per_minute : {60.0, 190.0, 7.0, 0.5}) {
        CAPTURE(per_minute);
        Bench bench{{.per_minute = {per_minute, 0, 0}}};
        const int count = per_minute < 10 ? 20 : 500;
        for (int i = 0; i < count; ++i)
            bench.start(QuotaClass::cloud_pc_list);
        bench.network.clock.run(bench.network.io);

        REQUIRE(bench.passed.size() == static_cast<std::size_t>(count));
        std::size_t most = 0;
        for (std::size_t from = 0, to = 0; to < bench.passed.size(); ++to) {
            while (bench.passed[to] - bench.passed[from] >= 1min)
                ++from;
            most = std::max(most, to - from + 1);
        }
        CHECK(static_cast<double>(most) <= per_minute + quota_burst(per_minute) + 1);
        const std::chrono::duration<double, std::ratio<60>> took =
            bench.passed.back() - bench.passed.front();
        CHECK(static_cast<double>(count) >= took.count() * per_minute * 0.98);  // and not slower
    }
}

TEST_CASE("throttle: zero is unlimited, and order is order of arrival")
{
    Bench bench{{.per_minute = {0, 60, 60}}};
    for (int i = 0; i < 1000; ++i)
        bench.start(QuotaClass::cloud_pc_list);
    bench.network.clock.run_for(bench.network.io, 0ms);
    CHECK(bench.passed.size() == 1000);

    bench.order.clear();
    for (char letter = 'a'; letter <= 'z'; ++letter)
        bench.start(QuotaClass::other, letter);
    bench.network.clock.run(bench.network.io);
    CHECK(bench.order == "abcdefghijklmnopqrstuvwxyz");
}

TEST_CASE(
    "throttle: a pause holds one class, to the millisecond, also over a longer and a shorter one")
{
    Bench bench;
    const auto start = bench.network.clock.steady_now();
    bench.throttle.pause(QuotaClass::cloud_pc_list, 90s);
    bench.start(QuotaClass::cloud_pc_list, 'l');
    bench.start(QuotaClass::cloud_pc_get, 'g');
    bench.start(QuotaClass::other, 'o');
    bench.network.clock.run_for(bench.network.io, 10s);
    CHECK(bench.order == "go");
    CHECK(bench.throttle.paused(QuotaClass::cloud_pc_list));
    CHECK_FALSE(bench.throttle.paused(QuotaClass::other));

    bench.throttle.pause(QuotaClass::cloud_pc_list, 200s);  // while it waits
    bench.throttle.pause(QuotaClass::cloud_pc_list, 1s);
    bench.network.clock.run(bench.network.io);
    CHECK(bench.order == "gol");
    CHECK(bench.passed.back() - start == 210s);
}

TEST_CASE("throttle: who is cancelled takes nothing and holds up nobody")
{
    Bench bench{{.per_minute = {6, 0, 0}}};  // one every ten seconds
    asio::cancellation_signal first;
    asio::cancellation_signal second;
    bench.start(QuotaClass::cloud_pc_list, 'a');
    bench.start(QuotaClass::cloud_pc_list, 'b', &first);
    bench.start(QuotaClass::cloud_pc_list, 'c', &second);
    bench.start(QuotaClass::cloud_pc_list, 'd');
    bench.network.clock.run_for(bench.network.io, 5s);
    first.emit(asio::cancellation_type::terminal);   // sleeps
    second.emit(asio::cancellation_type::terminal);  // waits for its turn
    bench.network.clock.run(bench.network.io);
    CHECK(bench.order == "ad");
    CHECK(bench.passed[1] - bench.passed[0] == 10s);
}

TEST_CASE("throttle: new limits reach who waits already")
{
    Bench bench{{.per_minute = {0.01, 0, 0}}};
    bench.start(QuotaClass::cloud_pc_list, 'a');
    bench.start(QuotaClass::cloud_pc_list, 'b');
    bench.network.clock.run_for(bench.network.io, 1min);
    CHECK(bench.order == "a");
    bench.throttle.configure({.per_minute = {60, 0, 0}});
    bench.network.clock.run_for(bench.network.io, 2s);
    bench.start(QuotaClass::cloud_pc_list, 'c');  // there is a token, but another one's turn
    bench.network.clock.run_for(bench.network.io, 1min);
    CHECK(bench.order == "abc");
}

namespace {

/// Requests of a class that pass within `time`.
int passing(Bench& bench, QuotaClass quota, Duration time)
{
    const auto before = bench.passed.size();
    for (int i = 0; i < 400; ++i)
        bench.start(quota);
    bench.network.clock.run_for(bench.network.io, time);
    return static_cast<int>(bench.passed.size() - before);
}

}  // namespace

TEST_CASE("throttle: a 429 halves what is sent, and it recovers slowly")
{
    Bench bench{{.per_minute = {60, 60, 60}}};
    bench.throttle.pause(QuotaClass::other, 10s);
    const int first = passing(bench, QuotaClass::other, 70s);
    CHECK(first >= 29);
    CHECK(first <= 37);  // half of sixty, with a burst and the first of the recovery
    CHECK(passing(bench, QuotaClass::cloud_pc_get, 60s) >= 60);  // another class is not concerned
}

TEST_CASE("throttle: after ten minutes without a 429 the limit is the configured one again")
{
    Bench bench{{.per_minute = {60, 60, 60}}};
    bench.throttle.pause(QuotaClass::other, 1s);
    bench.network.clock.run_for(bench.network.io, 11min);
    CHECK(passing(bench, QuotaClass::other, 1min) >= 60);
}

TEST_CASE("throttle: refusals that come together are one sign, and some is always left")
{
    Bench bench{{.per_minute = {60, 60, 60}}};
    for (int i = 0; i < 8; ++i)
        bench.throttle.pause(QuotaClass::other, 1s);
    const int cut_once = passing(bench, QuotaClass::other, 61s);
    CHECK(cut_once >= 28);

    Bench storm{{.per_minute = {60, 60, 60}}};
    for (int i = 0; i < 8; ++i) {
        storm.throttle.pause(QuotaClass::other, 1s);
        storm.network.clock.run_for(storm.network.io, 20s);
    }
    const int least = passing(storm, QuotaClass::other, 60s);
    CHECK(least >= 6);
    CHECK(least <= 14);
}

// --- priority ------------------------------------------------------------------------------------

TEST_CASE("throttle: reads in the background leave a share that jobs get at once")
{
    constexpr double per_minute = 190;
    Bench bench{{.per_minute = {0, per_minute, 0}}};
    const auto start = bench.network.clock.steady_now();
    for (int i = 0; i < 500; ++i)
        bench.start(QuotaClass::cloud_pc_get, 'r');
    bench.network.clock.run_for(bench.network.io, 20s);
    const auto reads = bench.order.size();

    const auto reserved = static_cast<int>(quota_reserve(per_minute));
    REQUIRE(reserved == 4);
    for (int i = 0; i < reserved; ++i)
        bench.start_job(QuotaClass::cloud_pc_get);
    bench.network.clock.run_for(bench.network.io, 0ms);
    CHECK(bench.order.substr(reads) == "JJJJ");

    // The share is set aside, not lost: all in all the limit is used.
    bench.network.clock.run_for(bench.network.io, 40s);
    const auto minute = bench.network.clock.steady_now() - start;
    REQUIRE(minute == 1min);
    CHECK(bench.order.size() >= static_cast<std::size_t>(per_minute));
    CHECK(static_cast<double>(bench.order.size()) <= per_minute + quota_burst(per_minute));
}

TEST_CASE("throttle: as long as jobs wait for a class, no read in the background goes")
{
    for (const double per_minute : {60.0, 6.0}) {  // the latter has no burst to set aside from
        CAPTURE(per_minute);
        Bench bench{{.per_minute = {per_minute, 0, 0}}};
        for (int i = 0; i < 30; ++i)
            bench.start(QuotaClass::cloud_pc_list, 'r');
        bench.network.clock.run_for(bench.network.io, 2min);
        const auto before = bench.order.size();
        for (int i = 0; i < 12; ++i)
            bench.start_job(QuotaClass::cloud_pc_list);
        bench.network.clock.run(bench.network.io);
        CHECK(bench.order.substr(before, 12) == "JJJJJJJJJJJJ");
        CHECK(bench.order.size() == 42);
    }
}

TEST_CASE("throttle: a job that is cancelled holds up no read")
{
    Bench bench{{.per_minute = {6, 0, 0}}};
    bench.start(QuotaClass::cloud_pc_list, 'a');
    bench.network.clock.run_for(bench.network.io, 0ms);
    asio::cancellation_signal first;
    asio::cancellation_signal second;
    bench.start_job(QuotaClass::cloud_pc_list, 'J', &first);
    bench.start_job(QuotaClass::cloud_pc_list, 'K', &second);
    bench.start(QuotaClass::cloud_pc_list, 'b');
    bench.network.clock.run_for(bench.network.io, 5s);
    first.emit(asio::cancellation_type::terminal);
    second.emit(asio::cancellation_type::terminal);
    bench.network.clock.run(bench.network.io);
    CHECK(bench.order == "ab");
    CHECK(bench.passed[1] - bench.passed[0] <= 20s);
}

// --- the service's own measure -------------------------------------------------------------------

TEST_CASE("throttle: a class slows down to what the service can bear, and recovers")
{
    Bench bench{{.per_minute = {60, 60, 60}}};
    bench.throttle.ease(QuotaClass::other, 0.79);  // is never sent; would mean nothing
    bench.throttle.ease(QuotaClass::other, 1.6);
    bench.throttle.ease(QuotaClass::other, 1.6);  // another answer of the same moment
    const int eased = passing(bench, QuotaClass::other, 60s);
    CHECK(eased >= 27);
    CHECK(eased <= 37);
    CHECK(passing(bench, QuotaClass::cloud_pc_get, 60s) >= 60);

    Bench later{{.per_minute = {60, 60, 60}}};
    later.throttle.ease(QuotaClass::other, 1.0);
    later.network.clock.run_for(later.network.io, 5min);
    CHECK(passing(later, QuotaClass::other, 60s) >= 60);
}
