#pragma once
// Randomness that replays: the same on every platform, which std's distributions are not.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace graphsim {

/// SplitMix64 (Steele, Lea and Flood 2014): tiny, and any seed will do.
class Random {
public:
    explicit Random(std::uint64_t seed) noexcept : x_state{seed} {}

    std::uint64_t next() noexcept;
    /// Uniform below `bound`; 0 for a bound of 0.
    std::size_t below(std::size_t bound) noexcept;
    std::int64_t between(std::int64_t low, std::int64_t high) noexcept;
    bool chance(double probability) noexcept;
    std::string guid();

    template <class Range>
    const auto& pick(const Range& range) noexcept
    {
        return range[below(std::size(range))];
    }

private:
    std::uint64_t x_state;
};

}  // namespace graphsim
