#pragma once
// Jobs and kinds as JSON: what the control API answers, and what cloudpcctl reads out of jobs.db
// itself when the daemon is stopped. Members are named as the columns; times are RFC 3339.

#include "schema/actions.hpp"
#include "sync/jobs/job.hpp"
#include "sync/jobs/listing.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <vector>

namespace cloudpcd::ctl {

/// A job in a list: without what may be long (params, expect, result).
boost::json::object summary_json(const jobs::Job& job);

/// A whole row. params, expect and result as JSON where they are. Params that may hold a literal
/// secret which nobody has erased yet are null.
boost::json::object job_json(const jobs::Job& job);

/// The row with the arrays job_attempts, job_events and job_targets.
boost::json::object detail_json(const jobs::Detail& detail);

/// `{"jobs": [...], "next": ID}`: `next` is the `before` of the next page, null on the last one.
boost::json::object list_json(const std::vector<jobs::Job>& jobs, int max);

/// `{"kinds": [...]}`: what each kind is about, in the order of the reference.
boost::json::object kinds_json();
/// One of them, with its parameters.
boost::json::object kind_json(const schema::Action& action);

}  // namespace cloudpcd::ctl
