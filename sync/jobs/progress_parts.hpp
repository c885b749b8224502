#pragma once
// What the observations of progress share. Internal to progress.cpp and progress_bulk.cpp.

#include "sync/jobs/progress.hpp"
#include "sync/jobs/reads.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::jobs {

/// How far one of the objects has come.
struct Part {
    std::string id{};
    Progress::Phase phase = Progress::Phase::going_on;
    std::string state{};  ///< in Graph's word where there is one, for people
    std::string code{};   ///< of what ended badly
    std::string message{};
    std::string evidence{};
};

bool is_one_of(std::string_view text, std::span<const std::string_view> values);

/// Graph cuts some times to the second: one of the same second is not older.
bool is_before(UtcTime time, UtcTime since) noexcept;

/// False when the object says that nothing has changed in it since then: what it says is old.
bool may_have_changed(const boost::json::object& object, UtcTime since);

/// Code and message of the status of a Cloud PC; may be empty.
std::string status_code(const boost::json::object& cloud_pc);
std::string status_message(const boost::json::object& cloud_pc);

/// Cloud PCs of the job; where job_targets does not say, its target.
std::vector<std::string> cloud_pcs_of(const Accepted& accepted);

/// Each by GET, or many by one list; with all of their properties, or `kept` of them by list.
boost::asio::awaitable<std::vector<ObjectRead>> read_cloud_pcs(
    Estate& estate, const std::vector<std::string>& ids, std::span<const std::string_view> kept);

/// Id of what the job made: in the answer to its request, or in the evidence of it, which then
/// begins with `kind`. Empty: not known.
std::string made_id(const Accepted& accepted, std::string_view kind);

/// "<kind>:<id>"
std::string object_evidence(std::string_view kind, std::string_view id);
inline constexpr std::string_view bulk_action_evidence = "bulk_action";
inline constexpr std::string_view created_evidence = "created";

/// [{"id", "outcome", "code"}] as `result` shows it.
boost::json::object outcome_json(std::string_view id, std::string_view outcome,
                                 std::string_view code);

Progress unread_progress(const Error& error);

boost::asio::awaitable<Progress> observe_bulk_summary(Estate& estate, const Accepted& accepted);

}  // namespace cloudpcd::jobs
