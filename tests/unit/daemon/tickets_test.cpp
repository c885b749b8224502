#include "daemon/tickets.hpp"

#include "tests/simulation/virtual_clock.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace cloudpcd;
using namespace cloudpcd::daemon;
using simulation::VirtualClock;
using std::chrono::hours;
using std::chrono::minutes;
namespace asio = boost::asio;

namespace {

using Queue = TicketQueue<std::string, int>;

struct Fixture {
    asio::io_context io;
    VirtualClock clock;
    std::unique_ptr<Queue> queue = std::make_unique<Queue>(io.get_executor());
    std::vector<std::string> done{};      ///< what the worker did, in its order
    std::vector<std::string> outcomes{};  ///< what those heard who waited

    /// Each piece takes a minute; its outcome is how many were done before.
    asio::awaitable<void> work()
    {
        while (true) {
            const bool asked = co_await queue->wait_until(clock, clock.steady_now() + hours{1});
            const auto order = asked ? queue->begin() : std::string{"schedule"};
            co_await clock.sleep_for(minutes{1});
            done.push_back(order);
            if (asked)
                queue->finish(static_cast<int>(done.size()));
        }
    }
    void start_work() { asio::co_spawn(io, work(), asio::detached); }

    asio::awaitable<void> await(std::shared_ptr<Queue::Entry> ticket)
    {
        const auto outcome = co_await ticket->outcome();
        outcomes.push_back(outcome ? std::to_string(*outcome) : "none");
    }
    void ask(const std::string& order)
    {
        asio::co_spawn(io, await(queue->add(order)), asio::detached);
    }
    void pass(Duration duration) { clock.run_for(io, duration); }
};

}  // namespace

TEST_CASE("tickets: what is asked for is done at once, not when the time has come")
{
    Fixture fixture;
    fixture.start_work();
    fixture.pass(minutes{10});
    CHECK(fixture.done.empty());
    fixture.ask("a");
    fixture.pass(minutes{1});
    CHECK(fixture.done == std::vector<std::string>{"a"});
    CHECK(fixture.outcomes == std::vector<std::string>{"1"});
    fixture.pass(hours{1} + minutes{1});
    CHECK(fixture.done == std::vector<std::string>{"a", "schedule"});
}

TEST_CASE("tickets: those alike are one, save the one that is being done")
{
    Fixture fixture;
    fixture.start_work();
    fixture.ask("a");
    fixture.pass(std::chrono::seconds{30});  // it is being done
    for (const auto* order : {"a", "b", "a"})
        fixture.ask(order);
    fixture.pass(hours{1} - minutes{1});
    CHECK(fixture.done == std::vector<std::string>{"a", "a", "b"});
    CHECK(fixture.outcomes == std::vector<std::string>{"1", "2", "2", "3"});
}

TEST_CASE("tickets: a bounded number waits")
{
    Fixture fixture;
    for (std::size_t i = 0; i < tickets_waiting_max; ++i)
        REQUIRE(fixture.queue->add(std::to_string(i)) != nullptr);
    CHECK(fixture.queue->add("one more") == nullptr);
    CHECK(fixture.queue->add("0") != nullptr);
}

TEST_CASE("tickets: a queue that goes away ends the waiting, whether work had begun or not")
{
    Fixture fixture;
    fixture.ask("a");
    fixture.ask("b");
    fixture.queue->begin();
    fixture.pass(hours{1});
    CHECK(fixture.outcomes.empty());
    fixture.queue.reset();
    fixture.pass(Duration{0});
    CHECK(fixture.outcomes == std::vector<std::string>{"none", "none"});
}

TEST_CASE("tickets: who stops waiting leaves the work to be done")
{
    Fixture fixture;
    asio::cancellation_signal gone;
    bool ended = false;
    asio::co_spawn(fixture.io, fixture.await(fixture.queue->add("a")),
                   asio::bind_cancellation_slot(gone.slot(), [&](const std::exception_ptr& thrown) {
                       ended = thrown != nullptr;
                   }));
    fixture.pass(Duration{0});
    gone.emit(asio::cancellation_type::terminal);
    fixture.pass(Duration{0});
    CHECK(ended);
    fixture.start_work();
    fixture.pass(minutes{1});
    CHECK(fixture.done == std::vector<std::string>{"a"});
}

TEST_CASE("tickets: a worker that is told to end does")
{
    Fixture fixture;
    asio::cancellation_signal end;
    bool ended = false;
    asio::co_spawn(fixture.io, fixture.work(),
                   asio::bind_cancellation_slot(end.slot(), [&](const std::exception_ptr& thrown) {
                       ended = thrown != nullptr;
                   }));
    fixture.pass(minutes{1});
    end.emit(asio::cancellation_type::terminal);
    fixture.pass(Duration{0});
    CHECK(ended);
    CHECK(fixture.clock.sleepers() == 0);
}
