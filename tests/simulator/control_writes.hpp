#pragma once
// The controls of writes below /sim/: what was carried out, and what the service makes of the next.

#include "tests/simulator/tenant.hpp"

namespace graphsim {

/// `GET /sim/executions`, `GET /sim/executions/counts`, `DELETE /sim/executions`.
Response control_executions(Tenant& tenant, const Request& request, const Target& target);

/// `POST /sim/writes`: members of WriteOptions; those that are left out stay as they are.
Response control_writes(Tenant& tenant, const Request& request);

/// `POST /sim/outcomes`: `{"id":"...","outcome":"failed"}`.
Response control_outcomes(Tenant& tenant, const Request& request);

}  // namespace graphsim
