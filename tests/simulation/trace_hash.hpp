#pragma once
// One number for everything that happened: equal for two runs of a seed, or the seed does not
// replay.

#include <cstdint>
#include <string>
#include <string_view>

namespace cloudpcd::simulation {

class TraceHash {
public:
    void add(std::string_view text)
    {
        for (const char c : text)
            x_value = (x_value ^ static_cast<unsigned char>(c)) * 0x100000001B3U;  // FNV-1a
        x_value = (x_value ^ 0xFFU) * 0x100000001B3U;
    }
    void add(std::int64_t number) { add(std::to_string(number)); }
    std::uint64_t value() const noexcept { return x_value; }

private:
    std::uint64_t x_value = 0xCBF29CE484222325U;
};

}  // namespace cloudpcd::simulation
