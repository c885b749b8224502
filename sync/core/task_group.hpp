#pragma once
// Coroutines that run side by side and end together: whoever waits for them is the one who can
// cancel them, and none outlives its owner unnoticed.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <exception>
#include <list>
#include <memory>

namespace cloudpcd {

/// One thread, the executor's.
class TaskGroup {
public:
    explicit TaskGroup(boost::asio::any_io_executor executor);

    /// A group for the coroutine that spawns its tasks at once and then joins them. One that was
    /// cancelled before ends here: its join() would wait for nobody, and the tasks would outlive
    /// all that they use.
    ///
    /// Exceptions: operation_aborted
    static boost::asio::awaitable<TaskGroup> make();

    void spawn(boost::asio::awaitable<void> task);
    /// Asks every task that still runs to end with operation_aborted.
    void cancel();

    /// Waits until every task has ended.
    ///
    /// Exceptions: the first of a task, which has cancelled the others by then; operation_aborted
    ///             when the waiting itself was cancelled, which cancels the tasks first
    boost::asio::awaitable<void> join();

private:
    struct Task {
        boost::asio::cancellation_signal cancel{};
        bool begun = false;
        bool unwanted = false;
    };
    struct State {
        explicit State(const boost::asio::any_io_executor& executor)
            : changed{executor, boost::asio::steady_timer::time_point::max()}
        {}
        void cancel();

        boost::asio::steady_timer changed;  ///< cancelled when the last task has ended
        std::list<Task> running;
        std::exception_ptr failure;
    };

    static boost::asio::awaitable<void> begin(Task& self, boost::asio::awaitable<void> task);

    boost::asio::any_io_executor x_executor;
    std::shared_ptr<State> x_state;  // shared with the tasks, which may be destroyed later
};

}  // namespace cloudpcd
