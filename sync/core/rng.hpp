#pragma once
// Randomness as the engine sees it: jitter and request ids. Nothing secret comes from here.

#include <cstdint>
#include <random>
#include <string>

namespace cloudpcd {

class Rng {
public:
    virtual ~Rng() = default;
    virtual std::uint64_t next() = 0;

    /// Uniform in [0, 1).
    double uniform();
    /// A random UUID (RFC 9562 version 4), lower case.
    std::string uuid();
};

/// The operating system's generator (getrandom): ids must not repeat over restarts and clones.
class SystemRng final : public Rng {
public:
    std::uint64_t next() override;
};

/// Replays the same sequence for the same seed, on every platform.
class SeededRng final : public Rng {
public:
    explicit SeededRng(std::uint64_t seed) : x_engine{seed} {}
    std::uint64_t next() override { return x_engine(); }

private:
    std::mt19937_64 x_engine;
};

}  // namespace cloudpcd
