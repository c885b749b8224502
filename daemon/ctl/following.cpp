#include "daemon/ctl/following.hpp"

#include "daemon/ctl/failure.hpp"
#include "daemon/ctl/job_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace cloudpcd::ctl {

namespace json = boost::json;

Seen follow(JobSource& source, const WaitFor& wish, const JobsContext& context)
{
    auto& progress = context.json ? context.errors : context.out;
    return wait_for(source, wish, context.pace, [&progress](const json::object& job) {
        progress.write(fmt::format("{}: {}\n", name_of(job), standing_of(job)));
        progress.flush();
    });
}

void write_jobs_json(const Seen& seen, bool alone, Output& output)
{
    if (alone && seen.size() == 1) {
        output.write(json::serialize(seen.begin()->second) + "\n");
        return;
    }
    json::array all;
    for (const auto& [id, job] : seen)
        all.push_back(job);
    output.write(json::serialize(json::object{{"jobs", std::move(all)}}) + "\n");
}

void end_with(const Seen& seen)
{
    const auto worst = outcome_of(seen);
    if (worst == ExitStatus::done)
        return;
    if (seen.size() == 1) {
        const auto& job = seen.begin()->second;
        throw Failure{worst, fmt::format("{} is {}", name_of(job), standing_of(job))};
    }
    std::size_t failed = 0;
    std::size_t in_doubt = 0;
    std::size_t waiting = 0;
    for (const auto& [id, job] : seen) {
        const auto outcome = outcome_of(job);
        failed += outcome == ExitStatus::failed ? 1 : 0;
        in_doubt += outcome == ExitStatus::in_doubt ? 1 : 0;
        waiting += outcome == ExitStatus::waiting ? 1 : 0;
    }
    throw Failure{worst, fmt::format("of {} jobs {} came to nothing, {} are in doubt, {} are still "
                                     "on their way",
                                     seen.size(), failed, in_doubt, waiting)};
}

}  // namespace cloudpcd::ctl
