#include "sync/graph/semaphore.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace cloudpcd::graph {

namespace asio = boost::asio;

// Lives in the coroutine frame, so that a frame that is destroyed while it waits leaves the queue
// or passes on what it was granted.
struct Semaphore::Waiter {
    Waiter(std::shared_ptr<State> semaphore, const asio::any_io_executor& executor)
        : state{std::move(semaphore)}, timer{executor, asio::steady_timer::time_point::max()}
    {
        state->waiters.push_back(this);
    }
    ~Waiter()
    {
        if (granted)
            state->release();
        else
            state->waiters.remove(this);
    }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    std::shared_ptr<State> state;
    asio::steady_timer timer;
    bool granted = false;
};

void Semaphore::State::release()
{
    if (waiters.empty()) {
        ++free;
        return;
    }
    Waiter* next = waiters.front();
    waiters.pop_front();
    next->granted = true;
    next->timer.cancel();
}

Semaphore::Permit::~Permit()
{
    if (x_state)
        x_state->release();
}

asio::awaitable<Semaphore::Permit> Semaphore::acquire()
{
    if (x_state->free > 0) {
        --x_state->free;
        co_return Permit{x_state};
    }
    Waiter waiter{x_state, co_await asio::this_coro::executor};
    boost::system::error_code ignored;
    co_await waiter.timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (!waiter.granted)
        throw boost::system::system_error{asio::error::operation_aborted};
    waiter.granted = false;  // the permit carries it now
    co_return Permit{waiter.state};
}

}  // namespace cloudpcd::graph
