#include "daemon/pull_desk.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <utility>

namespace cloudpcd::daemon {

namespace asio = boost::asio;

namespace {

/// Ends a coroutine whose waiting was cancelled from outside.
asio::awaitable<void> throw_if_cancelled()
{
    const auto asked = co_await asio::this_coro::cancellation_state;
    if (asked.cancelled() != asio::cancellation_type::none)
        throw boost::system::system_error{asio::error::operation_aborted};
}

}  // namespace

asio::awaitable<std::optional<mirror::RunSummary>> PullTicket::run()
{
    while (!x_over) {
        boost::system::error_code woken;
        co_await x_ended.async_wait(asio::redirect_error(asio::use_awaitable, woken));
        co_await throw_if_cancelled();
    }
    co_return x_run;
}

void PullTicket::end(std::optional<mirror::RunSummary> run)
{
    x_over = true;
    x_run = std::move(run);
    x_ended.cancel();
}

PullQueue::PullQueue(const asio::any_io_executor& executor)
    : x_arrived{executor, asio::steady_timer::time_point::max()}
{}

PullQueue::~PullQueue()
{
    if (x_served)
        x_served->end(std::nullopt);
    for (const auto& ticket : x_waiting)
        ticket->end(std::nullopt);
}

std::shared_ptr<PullTicket> PullQueue::add(const mirror::PullOrder& order)
{
    const auto alike = std::ranges::find_if(x_waiting, [&](const auto& ticket) {
        return ticket->order().occasion == order.occasion &&
               ticket->order().accept_deletes == order.accept_deletes;
    });
    if (alike != x_waiting.end())
        return *alike;
    if (x_waiting.size() >= tickets_waiting_max)
        return nullptr;
    x_waiting.push_back(std::make_shared<PullTicket>(x_arrived.get_executor(), order));
    x_arrived.cancel();
    return x_waiting.back();
}

asio::awaitable<void> PullQueue::wait_until(Clock& clock, SteadyTime time)
{
    if (!x_waiting.empty())
        co_return;
    const auto executor = co_await asio::this_coro::executor;
    auto group = asio::experimental::make_parallel_group(
        asio::co_spawn(executor, clock.sleep_until(time), asio::deferred),
        x_arrived.async_wait(asio::deferred));
    co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    co_await throw_if_cancelled();
}

mirror::PullOrder PullQueue::begin()
{
    if (x_waiting.empty())
        return {};
    x_served = std::move(x_waiting.front());
    x_waiting.pop_front();
    return x_served->order();
}

void PullQueue::finish(const mirror::RunSummary& run)
{
    if (const auto ticket = std::exchange(x_served, nullptr))
        ticket->end(run);
}

PullDesk::PullDesk(const asio::any_io_executor& executor,
                   const std::vector<const mirror::Table*>& included)
{
    for (const auto* table : included)
        x_queues.try_emplace(table->collection().table, executor);
}

PullQueue* PullDesk::find(std::string_view table) noexcept
{
    const auto queue = x_queues.find(table);
    return queue == x_queues.end() ? nullptr : &queue->second;
}

std::vector<std::string_view> PullDesk::tables() const
{
    std::vector<std::string_view> names;
    for (const auto& [table, queue] : x_queues)
        names.push_back(table);
    return names;
}

}  // namespace cloudpcd::daemon
