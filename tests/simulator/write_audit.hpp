#pragma once
// The audit event of a write: it comes late, or never, and does not always name the request.

#include "tests/simulator/write_context.hpp"

namespace graphsim {

void record_audit(WriteContext& context, const Execution& execution, const Caller& caller,
                  const std::string& name);

}  // namespace graphsim
