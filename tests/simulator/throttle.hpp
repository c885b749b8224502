#pragma once
// The quotas that Graph enforces (Graph documentation: "Microsoft Graph service-specific throttling
// limits", Windows 365: 90 lists and 270 gets of Cloud PCs a minute for an app in a tenant).

#include "tests/simulator/times.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>

namespace graphsim {

enum class RequestClass { cloud_pc_list, cloud_pc_get, other, write };

/// Requests a minute; 0: no limit.
struct Quota {
    int cloud_pc_list = 0;
    int cloud_pc_get = 0;
    int other = 0;  ///< reads
    int write = 0;  ///< of all kinds; Graph documents no limit

    static Quota documented() noexcept { return {.cloud_pc_list = 90, .cloud_pc_get = 270}; }
};

/// Windows of 60 s, each beginning with its first request. A refused request counts too.
class Throttle {
public:
    explicit Throttle(Quota quota) noexcept
        : x_limits{quota.cloud_pc_list, quota.cloud_pc_get, quota.other, quota.write}
    {}

    /// Counts a request. Gives the time to wait when it is one too many.
    std::optional<std::chrono::milliseconds> refuse(RequestClass request_class,
                                                    TimePoint now) noexcept;
    std::size_t refused() const noexcept { return x_refused; }

private:
    struct Window {
        TimePoint ends = TimePoint::min();
        int count = 0;
    };
    std::array<int, 4> x_limits;
    std::array<Window, 4> x_windows{};
    std::size_t x_refused = 0;
};

}  // namespace graphsim
