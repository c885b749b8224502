#pragma once
// What the tenant still has to do, and when. Time does not run here: whoever looks at the tenant
// first lets happen what was due until then.

#include "tests/simulator/times.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace graphsim {

class Timeline {
public:
    /// Called with the time that it was due.
    using Event = std::function<void(TimePoint)>;

    void at(TimePoint time, Event event)
    {
        x_events.emplace(Key{time, ++x_numbers}, std::move(event));
    }

    /// Lets everything happen that is due, in the order of times and then of additions; what that
    /// adds happens too when it is due.
    void advance(TimePoint now)
    {
        while (!x_events.empty() && x_events.begin()->first.first <= now) {
            const auto next = x_events.extract(x_events.begin());
            next.mapped()(next.key().first);
        }
    }

    std::size_t pending() const noexcept { return x_events.size(); }

private:
    using Key = std::pair<TimePoint, std::uint64_t>;

    std::map<Key, Event> x_events;
    std::uint64_t x_numbers = 0;
};

}  // namespace graphsim
