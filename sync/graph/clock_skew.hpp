#pragma once
// A local clock that is wrong breaks certificates, assertions and windows in ways that look like
// something else. So it is said once, plainly.

#include "sync/core/time.hpp"

#include <optional>
#include <string_view>

namespace cloudpcd::graph {

inline constexpr Duration clock_skew_max = std::chrono::minutes{5};

class ClockSkew {
public:
    /// Compares the Date of a response from `peer` with the local clock. Logs a warning when they
    /// differ by more than clock_skew_max, and not again before they have agreed.
    void observe(std::optional<UtcTime> server, UtcTime local, std::string_view peer);

    /// Local minus server, as last seen.
    std::optional<Duration> last() const noexcept { return x_last; }

private:
    std::optional<Duration> x_last;
    bool x_warned = false;
};

}  // namespace cloudpcd::graph
