#pragma once
// What lies below /sim/: looking at the truth behind the simulated tenant, and disturbing it. For
// tests and demonstrations: no authentication.

#include "tests/simulator/http.hpp"
#include "tests/simulator/tenant.hpp"

#include <cstddef>

namespace graphsim {

inline constexpr std::size_t state_limit_max = 100'000;

struct ServerCounts {
    std::size_t connections = 0;  ///< accepted since the start
};

bool is_control(const Request& request) noexcept;

/// Answers a request below /sim/; README.md lists them. What is wrong gets 400 with
/// `{"error":...}`.
Response control(Tenant& tenant, const Request& request, const ServerCounts& counts);

}  // namespace graphsim
