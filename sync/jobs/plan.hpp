#pragma once
// A job made sense of: its action, its params, and the one request that it comes to. Everything
// that can be said of a row without looking at the tenant, the queue or the clock.

#include "schema/actions.hpp"
#include "sync/jobs/job.hpp"
#include "sync/jobs/parameters.hpp"
#include "sync/jobs/request.hpp"

#include <boost/json/object.hpp>

#include <string>
#include <variant>
#include <vector>

namespace cloudpcd::jobs {

struct Plan {
    const schema::Action* action = nullptr;
    boost::json::object params{};
    boost::json::object expect{};  ///< members of the target, or of each Cloud PC of a bulk action
    Request request{};
    std::vector<std::string> notes{};  ///< of read_parameters()
};

/// Why a job is rejected whatever the tenant says.
struct Unplannable {
    std::string why{};          ///< state_reason; never holds a value of params
    bool erase_params = false;  ///< they hold, or may hold, a literal secret
};

/// Reads a row of `jobs`, which is hostile input. The request is named after request_id where the
/// daemon gives the name, since that is unique over copies of the queue as well.
///
/// Expect: an object of at most expect_members_max members, values are strings, numbers, booleans
///         or null; names may be dotted ("statusDetail.code")
std::variant<Plan, Unplannable> make_plan(const Job& job, const KnownCredential& known_credential);

inline constexpr std::size_t expect_members_max = 20;

}  // namespace cloudpcd::jobs
