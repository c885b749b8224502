#pragma once
// Values that real tenants have and that naive clients trip over. All of it is legal JSON with a
// proper id; what is outright broken comes from faults.

#include "tests/simulator/facts.hpp"
#include "tests/simulator/random.hpp"

#include <boost/json.hpp>

#include <cstddef>

namespace graphsim {

inline constexpr std::size_t odd_kinds = 18;

/// Makes `object` odd in the way of number `kind`, modulo odd_kinds.
void make_odd(boost::json::object& object, const Type& type, std::size_t kind, Random& random);

}  // namespace graphsim
