#pragma once
// What a job is about, as its kind and params say: the objects it names, what makes it the same as
// another job, how long it may take. Params are those that read_parameters() accepted.

#include "schema/actions.hpp"

#include <boost/json/object.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace cloudpcd::jobs {

/// Ids in the parameter `action.listed_by`, in their order; empty where there are none.
std::vector<std::string> listed_ids(const schema::Action& action,
                                    const boost::json::object& params);

/// Two destructive jobs on one Cloud PC with the same key are duplicates; nullopt where duplicates
/// are not looked for. Single and bulk form of a deed have the same key.
std::optional<std::string> duplicate_key(const schema::Action& action,
                                         const boost::json::object& params);

/// The collection that an action is sent to as a whole: where it makes an object, or the one object
/// that it changes; null for all others.
const schema::Collection* collection_of(const schema::Action& action) noexcept;
/// The collection that an object made by the action is in; null for an action that makes none.
const schema::Collection* created_in(const schema::Action& action) noexcept;

/// How long the end of the action may take once it was accepted.
std::chrono::minutes ending_deadline(const schema::Action& action,
                                     const boost::json::object& params);

/// Groups that an assign takes the policy away from: those (with their service plan) that `policy`
/// has now and `params` do not name. nullopt when `policy`, read from Graph with
/// `$expand=assignments`, does not say which it has: then nothing is known, and the job is
/// destructive.
std::optional<std::vector<std::string>> removed_groups(const boost::json::object& params,
                                                       const boost::json::object& policy);

}  // namespace cloudpcd::jobs
