// Everything but GET. Actions, creations, changes and deletions of Graph belong here, and so does
// the log of what was executed; the simulated tenant does not offer any yet.

#include "tests/simulator/tenant.hpp"

namespace graphsim {

Response Tenant::write(const Request& request, const Target& /*target*/, Version /*version*/)
{
    return error(request, 405, "Request_BadRequest",
                 "Specified HTTP method is not allowed for the request target.");
}

}  // namespace graphsim
