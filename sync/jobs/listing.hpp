#pragma once
// Jobs as the control API and cloudpcctl show them. Reads only: works on any connection.

#include "sync/jobs/attempts.hpp"
#include "sync/jobs/events.hpp"
#include "sync/jobs/job.hpp"
#include "sync/jobs/targets.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::jobs {

struct Filter {
    std::vector<State> states{};  ///< empty: all
    std::optional<std::string> kind{};
    std::optional<std::string> batch_id{};
    std::optional<std::string> target_id{};  ///< of the job, or of an object that it touches
    std::optional<std::string> requested_by{};
    JobId before = 0;  ///< the next page: below this job_id; 0: from the newest
    int max = 100;     ///< at most list_max
};
inline constexpr int list_max = 1000;

/// "held,queued"; nullopt when one of them is no state, or there is none.
std::optional<std::vector<State>> parse_states(std::string_view text);
/// All there are: "submitted, awaiting_approval, …".
std::string state_names();

/// Newest first.
std::vector<Job> list(store::Database& database, const Filter& filter);

struct Detail {
    Job job{};
    std::vector<Attempt> attempts{};
    std::vector<Event> events{};    ///< the newest list_max, oldest first
    std::vector<Target> targets{};  ///< at most list_max
};

std::optional<Job> find(store::Database& database, JobId job);
std::optional<Job> find_request(store::Database& database, std::string_view request_id);
std::optional<Detail> show(store::Database& database, JobId job);

}  // namespace cloudpcd::jobs
