#pragma once
// Tells a list that goes on for ever from one that is long: services have been seen that page
// without end, and bring nothing new by it.

#include "sync/core/clock.hpp"

#include <cstdint>
#include <optional>

namespace cloudpcd::mirror {

/// A list ends when this has passed since the first of a row of pages without a new id, or after
/// that many such pages.
inline constexpr Duration barren_time_max = std::chrono::minutes{10};
inline constexpr int barren_pages_max = 1000;

class EndlessWatch {
public:
    /// Takes the new ids of the page that has come. True when it is one page too many.
    bool is_endless(std::int64_t new_ids, SteadyTime now)
    {
        if (new_ids > 0) {
            x_barren_since.reset();
            x_barren_pages = 0;
            return false;
        }
        if (!x_barren_since)
            x_barren_since = now;
        return ++x_barren_pages >= barren_pages_max || now - *x_barren_since > barren_time_max;
    }

private:
    std::optional<SteadyTime> x_barren_since;
    int x_barren_pages = 0;
};

}  // namespace cloudpcd::mirror
