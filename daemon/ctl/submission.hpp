#pragma once
// A job as `jobs submit` asks for it: options become the body of POST /v1/jobs.

#include "daemon/ctl/jobs_options.hpp"
#include "schema/actions.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace cloudpcd::ctl {

/// The entry of a kind. Errors: Failure not_found, with the kind that was probably meant
const schema::Action& action_of(std::string_view kind);

/// The body of a submission, but for its target; params typed by the action, what is expected by
/// the columns of the mirror.
///
/// Errors: Failure usage with everything that is wrong with the params, or an expectation
boost::json::object submission_body(const schema::Action& action, const SubmitOptions& options);

}  // namespace cloudpcd::ctl
