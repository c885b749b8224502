#include "sync/graph/clock_skew.hpp"

#include "sync/core/log.hpp"

#include <fmt/format.h>

namespace cloudpcd::graph {

void ClockSkew::observe(std::optional<UtcTime> server, UtcTime local, std::string_view peer)
{
    if (!server)
        return;
    const Duration skew = local - *server;
    x_last = skew;
    const bool wrong = std::chrono::abs(skew) > clock_skew_max;
    if (wrong && !x_warned)
        log::warning(fmt::format("the local clock is {} {} the server's: check the time service",
                                 format_duration(std::chrono::abs(skew)),
                                 skew > Duration{0} ? "ahead of" : "behind"),
                     {{"peer", peer}, {"skew_ms", skew.count()}});
    x_warned = wrong;
}

}  // namespace cloudpcd::graph
