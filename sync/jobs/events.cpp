#include "sync/jobs/events.hpp"

#include <algorithm>

namespace cloudpcd::jobs {

void add_event(store::Database& database, JobId job, std::optional<State> from, State to,
               std::string_view reason, std::string_view actor, UtcTime now)
{
    const auto at = format_sql_time(now);
    auto row = database.prepared(
        "INSERT INTO job_events (job_id, at, from_state, to_state, reason, actor) "
        "VALUES (?, ?, ?, ?, nullif(?, ''), ?)");
    row.bind(1, job).bind(2, at);
    if (from)
        row.bind(3, to_string(*from));
    row.bind(4, to_string(to)).bind(5, reason).bind(6, actor).run();
}

std::vector<Event> events_of(store::Database& database, JobId job, int max)
{
    std::vector<Event> events;
    auto row = database.prepared(
        "SELECT at, from_state, to_state, reason, actor FROM job_events WHERE job_id = ? "
        "ORDER BY event_id DESC LIMIT ?");
    row.bind(1, job).bind(2, max);
    while (row.step()) {
        events.push_back({
            .at = row.string(0),
            .from = parse_state(row.text(1)),
            .to = parse_state(row.text(2)).value_or(State::submitted),
            .reason = row.optional_string(3),
            .actor = row.string(4),
        });
    }
    std::ranges::reverse(events);
    return events;
}

std::optional<std::string> submitter_of(store::Database& database, JobId job)
{
    auto row = database.prepared(
        "SELECT actor FROM job_events WHERE job_id = ? AND from_state IS NULL "
        "ORDER BY event_id LIMIT 1");
    row.bind(1, job);
    return row.step() ? row.optional_string(0) : std::nullopt;
}

}  // namespace cloudpcd::jobs
