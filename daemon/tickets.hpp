#pragma once
// Work that somebody asks for and somebody else does, one piece after the other; who asked may wait
// for the result. One thread.

#include "sync/core/clock.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace cloudpcd::daemon {

/// Of one queue, those alike being one.
inline constexpr std::size_t tickets_waiting_max = 8;

/// Suspends until somebody cancels the timer, which expires never.
///
/// Exceptions: operation_aborted when it is the coroutine that is cancelled
boost::asio::awaitable<void> wait_for_signal(boost::asio::steady_timer& timer);

/// One piece of work, shared by those who wait for it and whoever does it.
template <class Order, class Outcome>
class Ticket {
public:
    Ticket(const boost::asio::any_io_executor& executor, Order order)
        : x_order{std::move(order)}, x_ended{executor, boost::asio::steady_timer::time_point::max()}
    {}

    const Order& order() const noexcept { return x_order; }

    /// Gives: what came of it; nothing when the queue went away before
    boost::asio::awaitable<std::optional<Outcome>> outcome()
    {
        while (!x_over)
            co_await wait_for_signal(x_ended);
        co_return x_outcome;
    }

    void end(std::optional<Outcome> outcome)
    {
        x_over = true;
        x_outcome = std::move(outcome);
        x_ended.cancel();
    }

private:
    Order x_order;
    boost::asio::steady_timer x_ended;
    std::optional<Outcome> x_outcome;
    bool x_over = false;
};

/// Tickets in the order of their arrival. Destroying it ends those that are left, without outcome.
template <class Order, class Outcome>
class TicketQueue {
public:
    using Entry = Ticket<Order, Outcome>;

    explicit TicketQueue(const boost::asio::any_io_executor& executor)
        : x_arrived{executor, boost::asio::steady_timer::time_point::max()}
    {}
    ~TicketQueue()
    {
        if (x_served)
            x_served->end(std::nullopt);
        for (const auto& ticket : x_waiting)
            ticket->end(std::nullopt);
    }
    TicketQueue(const TicketQueue&) = delete;
    TicketQueue& operator=(const TicketQueue&) = delete;

    /// Gives: the new ticket, or one alike that waits already; null when too many wait. What is
    ///        being done now began before it was asked for, and counts for nobody new
    std::shared_ptr<Entry> add(const Order& order)
    {
        const auto alike = std::ranges::find_if(
            x_waiting, [&](const auto& ticket) { return ticket->order() == order; });
        if (alike != x_waiting.end())
            return *alike;
        if (x_waiting.size() >= tickets_waiting_max)
            return nullptr;
        x_waiting.push_back(std::make_shared<Entry>(x_arrived.get_executor(), order));
        x_arrived.cancel();
        return x_waiting.back();
    }

    // --- the side of whoever does the work -------------------------------------------------------

    /// Waits for a ticket.
    boost::asio::awaitable<void> wait()
    {
        while (x_waiting.empty())
            co_await wait_for_signal(x_arrived);
    }

    /// Waits for a ticket, but no longer than until `time`. Gives false when none came.
    boost::asio::awaitable<bool> wait_until(Clock& clock, SteadyTime time)
    {
        if (x_waiting.empty()) {
            const auto executor = co_await boost::asio::this_coro::executor;
            auto group = boost::asio::experimental::make_parallel_group(
                boost::asio::co_spawn(executor, wait(), boost::asio::deferred),
                boost::asio::co_spawn(executor, clock.sleep_until(time), boost::asio::deferred));
            const auto [order, arrived, slept] = co_await group.async_wait(
                boost::asio::experimental::wait_for_one(), boost::asio::use_awaitable);
            if (arrived && slept)
                std::rethrow_exception(slept);
        }
        co_return !x_waiting.empty();
    }

    /// The next order, which finish() ends. There has to be one.
    Order begin()
    {
        CLOUDPCD_ASSERT(!x_waiting.empty() && !x_served);
        x_served = std::move(x_waiting.front());
        x_waiting.pop_front();
        return x_served->order();
    }

    void finish(Outcome outcome) { std::exchange(x_served, nullptr)->end(std::move(outcome)); }

private:
    boost::asio::steady_timer x_arrived;
    std::deque<std::shared_ptr<Entry>> x_waiting;
    std::shared_ptr<Entry> x_served;
};

}  // namespace cloudpcd::daemon
