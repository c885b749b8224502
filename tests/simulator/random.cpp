#include "tests/simulator/random.hpp"

#include <fmt/format.h>

namespace graphsim {

std::uint64_t Random::next() noexcept
{
    x_state += 0x9E3779B97F4A7C15U;
    std::uint64_t z = x_state;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
}

std::size_t Random::below(std::size_t bound) noexcept
{
    return bound == 0 ? 0 : static_cast<std::size_t>(next() % bound);
}

std::int64_t Random::between(std::int64_t low, std::int64_t high) noexcept
{
    if (high <= low)
        return low;
    return low + static_cast<std::int64_t>(below(static_cast<std::size_t>(high - low) + 1));
}

bool Random::chance(double probability) noexcept
{
    return static_cast<double>(next() >> 11U) * 0x1.0p-53 < probability;
}

std::string Random::guid()
{
    const auto high = next();
    const auto low = next();
    return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", high >> 32U, (high >> 16U) & 0xFFFFU,
                       high & 0xFFFU, 0x8000U | (low >> 50U), low & 0xFFFFFFFFFFFFU);
}

}  // namespace graphsim
