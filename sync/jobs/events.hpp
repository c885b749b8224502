#pragma once
// What happened to a job, by whom: append-only.

#include "sync/jobs/job.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::jobs {

inline constexpr std::string_view daemon_actor = "daemon";

struct Event {
    std::string at{};
    std::optional<State> from{};  ///< absent: submitted through the control API
    State to{};
    std::optional<std::string> reason{};
    std::string actor{};
};

/// Writes an event of a job that is in state `from` now. An event with `from` and `to` the same is
/// a new reason, or something that people did without effect on the state.
void add_event(store::Database& database, JobId job, std::optional<State> from, State to,
               std::string_view reason, std::string_view actor, UtcTime now);

/// The newest `max`, oldest first.
std::vector<Event> events_of(store::Database& database, JobId job, int max);

/// The actor who submitted it through the control API; nullopt of a row that came by SQL.
std::optional<std::string> submitter_of(store::Database& database, JobId job);

}  // namespace cloudpcd::jobs
