#pragma once
// What requests about jobs say, read from their bodies and queries: every problem by name, and
// nothing of a value that may be a secret.

#include "daemon/control/message.hpp"
#include "sync/jobs/listing.hpp"
#include "sync/jobs/queue.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace cloudpcd::daemon::control {

/// Jobs in one request, and ids of a selection.
inline constexpr std::size_t jobs_in_request_max = 1000;
/// Of a reason, in bytes.
inline constexpr std::size_t reason_bytes_max = 1000;

/// A job that somebody wants; `problems` is empty when it can be asked for.
struct JobWish {
    jobs::Submission submission{};
    std::vector<std::string> problems{};
};
JobWish read_job(const boost::json::object& body);

/// The array `jobs` of a request for several.
std::variant<std::vector<JobWish>, Problem> read_jobs(const boost::json::object& body);

/// Of GET /v1/jobs.
std::variant<jobs::Filter, Problem> read_filter(const Parameters& query);

/// The number in the path; nothing when it is none.
std::optional<jobs::JobId> read_job_id(std::string_view text);

/// Which jobs an action is about, and what it says.
struct ActionWish {
    std::vector<jobs::JobId> ids{};
    std::optional<std::string> batch_id{};  ///< instead of ids
    std::string reason{};
    std::optional<bool> executed{};  ///< of resolve
    /// Of approve: what the approver was shown, by job. Empty: the jobs as they are.
    std::map<jobs::JobId, std::string> content_hashes{};
};
/// Members of such a body, besides those that every action has.
struct ActionMembers {
    bool selects = false;  ///< `ids` or `batch_id`: the path names no job
    bool hashes = false;
    bool verdict = false;  ///< `executed`, and a reason is asked for
};
std::variant<ActionWish, Problem> read_action(const boost::json::object& body,
                                              const ActionMembers& members);

}  // namespace cloudpcd::daemon::control
