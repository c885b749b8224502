#pragma once
// Which write a request is, by the facts: method, path and version against documented operations
// and actions.

#include "tests/simulator/facts.hpp"
#include "tests/simulator/http.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace graphsim {

/// Why a request is not carried out, as an error of Graph's.
struct Refusal {
    int status = 400;
    std::string code;
    std::string message;
};

struct WriteRoute {
    const EntitySet* set = nullptr;
    std::string name{};  ///< `create`, `update`, `delete`, or of the action
    std::string id{};    ///< of the object; empty: the set, or a singleton
    const Action* action = nullptr;
    const Operation* operation = nullptr;  ///< never null

    std::string verb() const { return set->name + "/" + name; }
};

/// Takes: `target` leads into `set`, which is in `version`
std::variant<WriteRoute, Refusal> route_write(const Facts& facts, std::string_view method,
                                              const Target& target, const EntitySet& set,
                                              Version version);

}  // namespace graphsim
