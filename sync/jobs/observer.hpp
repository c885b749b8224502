#pragma once
// Looks at jobs on their way: the end of what Graph accepted, evidence for what is in doubt; and
// has the mirror follow.

#include "sync/jobs/conclude.hpp"
#include "sync/jobs/job.hpp"
#include "sync/jobs/running.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cloudpcd::jobs {

class Observer {
public:
    /// `ended`: called when a job may have let go of its objects.
    Observer(Running& running, std::function<void()> ended);

    /// One look at a job that is accepted or in doubt.
    boost::asio::awaitable<void> look(Job job);

    /// Has the mirror read the rows that the action changed, so that it shows the effect now.
    boost::asio::awaitable<void> refresh_touched(JobId job, Plan plan);

private:
    struct Seen;

    boost::asio::awaitable<std::optional<Seen>> load(const Job& job);
    boost::asio::awaitable<State> follow(const Job& job, const Seen& seen);
    boost::asio::awaitable<State> look_for_evidence(const Job& job, const Seen& seen);

    Running& x_running;
    std::function<void()> x_ended;
    std::map<JobId, Progress::Phase> x_last_phase{};  ///< of jobs whose end has to be seen twice
};

}  // namespace cloudpcd::jobs
