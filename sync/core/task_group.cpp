#include "sync/core/task_group.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <utility>

namespace cloudpcd {

namespace asio = boost::asio;

TaskGroup::TaskGroup(asio::any_io_executor executor)
    : x_executor{std::move(executor)}, x_state{std::make_shared<State>(x_executor)}
{}

asio::awaitable<TaskGroup> TaskGroup::make()
{
    // Awaiting this coroutine is what throws; see the header.
    const auto executor = co_await asio::this_coro::executor;
    co_return TaskGroup{executor};
}

void TaskGroup::State::cancel()
{
    // A task may end, and leave the list, while it is being cancelled.
    for (auto task = running.begin(); task != running.end();) {
        auto& one = *task++;
        one.unwanted = true;
        if (one.begun)
            one.cancel.emit(asio::cancellation_type::terminal);
    }
}

/// Asio 1.26 throws past everybody when a coroutine is cancelled before its first step; so one that
/// is unwanted by then is told here.
asio::awaitable<void> TaskGroup::begin(Task& self, asio::awaitable<void> task)
{
    self.begun = true;
    if (self.unwanted)
        throw boost::system::system_error{asio::error::operation_aborted};
    co_await std::move(task);
}

void TaskGroup::spawn(asio::awaitable<void> task)
{
    const auto place = x_state->running.emplace(x_state->running.end());
    asio::co_spawn(
        x_executor, begin(*place, std::move(task)),
        asio::bind_cancellation_slot(place->cancel.slot(),
                                     [state = x_state, place](const std::exception_ptr& thrown) {
                                         state->running.erase(place);
                                         if (thrown && !state->failure) {
                                             state->failure = thrown;
                                             state->cancel();
                                         }
                                         if (state->running.empty())
                                             state->changed.cancel();
                                     }));
}

void TaskGroup::cancel()
{
    x_state->cancel();
}

asio::awaitable<void> TaskGroup::join()
{
    const auto state = x_state;
    bool cancelled = false;
    while (!state->running.empty()) {
        boost::system::error_code ignored;
        co_await state->changed.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        const auto asked = co_await asio::this_coro::cancellation_state;
        if (asked.cancelled() == asio::cancellation_type::none || cancelled)
            continue;
        cancelled = true;
        state->cancel();
        // From here on only the tasks' end counts; a second wish to end would change nothing.
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    }
    if (cancelled)
        throw boost::system::system_error{asio::error::operation_aborted};
    if (state->failure)
        std::rethrow_exception(state->failure);
}

}  // namespace cloudpcd
