#pragma once
// A job with its plan and an attempt, as the runner has them in hand.

#include "sync/jobs/attempts.hpp"
#include "sync/jobs/plan.hpp"
#include "tests/simulation/virtual_clock.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace cloudpcd::jobs::test {

/// When its request was meant to leave.
inline constexpr UtcTime sent = simulation::VirtualClock::epoch;

struct Planned {
    Job job{};
    Plan plan{};
    Attempt attempt{};
};

inline Planned planned(std::string_view kind, std::optional<std::string> target,
                       std::string_view params = "", std::string_view expect = "")
{
    Planned of;
    of.job = {.job_id = 17,
              .request_id = "99999999-0000-4000-8000-000000000017",
              .kind = std::string{kind},
              .target_id = std::move(target)};
    if (!params.empty())
        of.job.params = params;
    if (!expect.empty())
        of.job.expect = expect;
    auto plan = make_plan(of.job, {});
    if (const auto* problem = std::get_if<Unplannable>(&plan))
        FAIL(problem->why);
    of.plan = std::get<Plan>(std::move(plan));
    of.attempt = {.attempt_id = 5,
                  .job_id = of.job.job_id,
                  .attempt = 1,
                  .client_request_id = "aaaaaaaa-0000-4000-8000-000000000005",
                  .method = std::string{schema::to_string(of.plan.request.method)},
                  .path = of.plan.request.path,
                  .intent_at = format_sql_time(sent)};
    return of;
}

/// "662009bc-0000-4000-8000-000000000007"
inline std::string numbered_id(std::size_t number)
{
    return fmt::format("662009bc-0000-4000-8000-{:012}", number);
}

inline std::vector<std::string> numbered_ids(std::size_t count)
{
    std::vector<std::string> ids;
    for (std::size_t number = 1; number <= count; ++number)
        ids.push_back(numbered_id(number));
    return ids;
}

/// {"cloudPcIds": [...]}
inline std::string cloud_pc_ids(const std::vector<std::string>& ids)
{
    return fmt::format(R"({{"cloudPcIds":["{}"]}})", fmt::join(ids, R"(",")"));
}

/// A time so long after `sent`, as Graph writes it.
inline std::string after(Duration time)
{
    return format_rfc3339(sent + time);
}

}  // namespace cloudpcd::jobs::test
