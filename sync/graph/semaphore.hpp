#pragma once
// A counted right that coroutines wait for, in order of arrival.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <list>
#include <memory>
#include <utility>

namespace cloudpcd::graph {

/// One thread. Permits may outlive the Semaphore.
class Semaphore {
    struct State;

public:
    /// The right; given back by the destructor.
    class Permit {
    public:
        explicit Permit(std::shared_ptr<State> state) noexcept : x_state{std::move(state)} {}
        ~Permit();
        Permit(Permit&& other) noexcept = default;
        Permit& operator=(Permit&& other) noexcept
        {
            std::swap(x_state, other.x_state);  // what was held goes back with `other`
            return *this;
        }
        Permit(const Permit&) = delete;
        Permit& operator=(const Permit&) = delete;

    private:
        std::shared_ptr<State> x_state;
    };

    explicit Semaphore(std::size_t permits) : x_state{std::make_shared<State>(permits)} {}

    /// Waits for its turn. Exceptions: operation_aborted when cancelled; nothing is held then, and
    /// a permit granted at that moment goes to the next.
    boost::asio::awaitable<Permit> acquire();

    std::size_t waiting() const noexcept { return x_state->waiters.size(); }
    /// Every permit is held by somebody.
    bool taken() const noexcept { return x_state->free == 0; }

private:
    struct Waiter;
    struct State {
        explicit State(std::size_t permits) : free{permits} {}
        void release();

        std::size_t free;
        std::list<Waiter*> waiters;
    };

    std::shared_ptr<State> x_state;
};

}  // namespace cloudpcd::graph
