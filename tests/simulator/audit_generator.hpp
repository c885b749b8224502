#pragma once
// Audit events. There are hundreds of thousands, so their text is written without a document in
// between.

#include "tests/simulator/estate.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace graphsim {

class AuditGenerator {
public:
    AuditGenerator();

    Made make(Estate& estate, const Store& store, TimePoint time, bool odd);
    const std::vector<std::string>& activity_types() const noexcept { return x_activity_types; }

private:
    std::vector<std::string> x_activity_types;
};

}  // namespace graphsim
