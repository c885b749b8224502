#include "sync/jobs/listing.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cloudpcd::jobs {

namespace {

std::optional<Job> read_one(store::Statement row)
{
    return row.step() ? std::optional{read_job(row)} : std::nullopt;
}

/// The states as a bit set, so that one statement serves every selection of them.
std::int64_t mask_of(const std::vector<State>& states)
{
    std::int64_t mask = 0;
    for (const auto state : states)
        mask |= std::int64_t{1} << static_cast<unsigned>(state);
    return mask;
}

std::string state_bits()
{
    std::string bits = "CASE state";
    for (unsigned i = 0; i < state_count; ++i)
        bits += fmt::format(" WHEN '{}' THEN {}", to_string(static_cast<State>(i)), 1U << i);
    return bits + " END";
}

}  // namespace

std::optional<std::vector<State>> parse_states(std::string_view text)
{
    std::vector<State> states;
    while (true) {
        const auto comma = text.find(',');
        const auto state = parse_state(text.substr(0, comma));
        if (!state)
            return std::nullopt;
        states.push_back(*state);
        if (comma == std::string_view::npos)
            return states;
        text.remove_prefix(comma + 1);
    }
}

std::string state_names()
{
    std::string names;
    for (unsigned i = 0; i < state_count; ++i)
        names += fmt::format("{}{}", i == 0 ? "" : ", ", to_string(static_cast<State>(i)));
    return names;
}

std::vector<Job> list(store::Database& database, const Filter& filter)
{
    static const auto sql = fmt::format(
        "SELECT {} FROM jobs WHERE (?1 = 0 OR job_id < ?1) AND (?2 = 0 OR ({}) & ?2) "
        "AND (?3 IS NULL OR kind = ?3) AND (?4 IS NULL OR batch_id = ?4) "
        "AND (?5 IS NULL OR target_id = ?5 OR job_id IN "
        "     (SELECT t.job_id FROM job_targets t WHERE t.target_id = ?5)) "
        "AND (?6 IS NULL OR requested_by = ?6) ORDER BY job_id DESC LIMIT ?7",
        job_columns(), state_bits());
    std::vector<Job> jobs;
    auto row = database.prepared(sql);
    row.bind(1, filter.before).bind(2, mask_of(filter.states)).bind(3, filter.kind);
    row.bind(4, filter.batch_id).bind(5, filter.target_id).bind(6, filter.requested_by);
    row.bind(7, std::clamp(filter.max, 0, list_max));
    while (row.step())
        jobs.push_back(read_job(row));
    return jobs;
}

std::optional<Job> find(store::Database& database, JobId job)
{
    auto row =
        database.prepared(fmt::format("SELECT {} FROM jobs WHERE job_id = ?", job_columns()));
    row.bind(1, job);
    return read_one(std::move(row));
}

std::optional<Job> find_request(store::Database& database, std::string_view request_id)
{
    auto row =
        database.prepared(fmt::format("SELECT {} FROM jobs WHERE request_id = ?", job_columns()));
    row.bind(1, request_id);
    return read_one(std::move(row));
}

std::optional<Detail> show(store::Database& database, JobId job)
{
    auto found = find(database, job);
    if (!found)
        return std::nullopt;
    auto targets = targets_of(database, job);
    if (targets.size() > list_max)
        targets.resize(list_max);
    return Detail{
        .job = std::move(*found),
        .attempts = attempts_of(database, job),
        .events = events_of(database, job, list_max),
        .targets = std::move(targets),
    };
}

}  // namespace cloudpcd::jobs
