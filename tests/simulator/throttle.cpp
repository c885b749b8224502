#include "tests/simulator/throttle.hpp"

namespace graphsim {

std::optional<std::chrono::milliseconds> Throttle::refuse(RequestClass request_class,
                                                          TimePoint now) noexcept
{
    const auto index = static_cast<std::size_t>(request_class);
    const int limit = x_limits.at(index);
    if (limit == 0)
        return std::nullopt;
    Window& window = x_windows.at(index);
    if (now >= window.ends)
        window = {.ends = now + std::chrono::seconds{60}};
    if (++window.count <= limit)
        return std::nullopt;
    ++x_refused;
    return window.ends - now;
}

}  // namespace graphsim
