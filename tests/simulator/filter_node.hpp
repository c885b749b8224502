#pragma once
// The tree of a parsed $filter; between the parser and the evaluation.

#include "tests/simulator/filter.hpp"

#include <memory>
#include <vector>

namespace graphsim {

enum class Comparison { eq, ne, gt, ge, lt, le };

struct Filter::Node {
    enum class Kind { both, either, negation, comparison, membership };

    Kind kind = Kind::comparison;
    std::vector<std::shared_ptr<const Node>> parts{};
    PropertyPath path{};  ///< empty: the id
    Comparison comparison = Comparison::eq;
    std::vector<FilterValue> values{};  ///< one for a comparison, any for a membership
};

}  // namespace graphsim
