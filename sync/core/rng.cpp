#include "sync/core/rng.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <sys/random.h>
#include <system_error>

namespace cloudpcd {

double Rng::uniform()
{
    return static_cast<double>(next() >> 11U) * 0x1.0p-53;
}

std::string Rng::uuid()
{
    const std::uint64_t high = (next() & ~0xF000ULL) | 0x4000ULL;                   // version 4
    const std::uint64_t low = (next() & ~(0xC000ULL << 48U)) | (0x8000ULL << 48U);  // variant 10
    return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32U, (high >> 16U) & 0xFFFFU,
                       high & 0xFFFFU, low >> 48U, low & 0xFFFF'FFFF'FFFFULL);
}

std::uint64_t SystemRng::next()
{
    std::uint64_t value = 0;
    // Up to 256 bytes are never cut short (getrandom(2)), so only the failure is checked.
    while (getrandom(&value, sizeof value, 0) != static_cast<ssize_t>(sizeof value)) {
        if (errno != EINTR)
            throw std::system_error{errno, std::generic_category(), "getrandom"};
    }
    return value;
}

}  // namespace cloudpcd
