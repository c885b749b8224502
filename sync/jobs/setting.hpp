#pragma once
// `--set NAME=VALUE` of cloudpcctl: a value in plain text becomes JSON of the type that the action
// asks for.

#include "sync/jobs/parameters.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string_view>

namespace cloudpcd::jobs {

/// Puts one setting into `params`, which read_parameters() then judges.
///
/// Shape:  `displayName=Sales`, `reviewStatus.inReview=true`, `cloudPcIds=ID,ID` (or given again
/// for
///         each), `domainJoinConfigurations[0].regionName=westeurope`, `assignments=[]`,
///         `adDomainPassword.credential=NAME`. An object or a list of objects may be JSON.
/// Errors: a name the action does not have, a value that cannot be of its type, a member set twice,
///         a literal secret (which is not repeated)
std::optional<Problem> apply_setting(const schema::Action& action, std::string_view setting,
                                     boost::json::object& params);

}  // namespace cloudpcd::jobs
