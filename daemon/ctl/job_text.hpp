#pragma once
// Jobs for people. Everything of them that comes from elsewhere is made printable.

#include "daemon/ctl/row_writer.hpp"
#include "daemon/ctl/waiting.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <span>
#include <string>

namespace cloudpcd::ctl {

/// "job 17 cloud_pc.reboot CPC-1".
std::string name_of(const boost::json::object& job);
/// "held: 20 of 20 destroyed within the hour, fits at …"; without a reason the state alone.
std::string standing_of(const boost::json::object& job);

/// One line for each.
void write_job_table(std::span<const boost::json::object> jobs, Output& output,
                     const TableLimits& limits);

/// All about one: its columns, attempts, events and targets.
void write_job(const boost::json::object& job, Output& output);

/// What a dry run found out: the request, and every guard's answer.
void write_check(const boost::json::object& job, Output& output);

/// How many are in which state, and of those that did not go on, why: each reason once.
void write_summary(const Seen& seen, Output& output);

}  // namespace cloudpcd::ctl
