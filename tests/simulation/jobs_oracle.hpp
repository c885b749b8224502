#pragma once
// What must hold of every job, whatever happens. It knows what the tenant carried out, what was
// asked for, and the queue as a stranger reads it; nothing of how the daemon works.

#include "config/config.hpp"
#include "sync/graph/transport.hpp"
#include "sync/jobs/job.hpp"
#include "sync/jobs/queue.hpp"
#include "tests/simulation/virtual_clock.hpp"
#include "tests/simulation/world.hpp"
#include "tests/simulator/tenant.hpp"

#include <SQLiteCpp/Database.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::simulation {

/// The actor of a person's verdict over a job in doubt: after that, what is true is their business.
inline constexpr std::string_view judge = "judge";

class JobsOracle {
public:
    /// All must outlive the oracle.
    JobsOracle(const graphsim::Tenant& tenant, const Clock& clock, const config::Jobs& settings)
        : x_tenant{tenant}, x_clock{clock}, x_settings{settings}
    {}

    /// The queue is in this file from now on.
    void look_at(std::filesystem::path file);

    // --- what happens ----------------------------------------------------------------------------

    /// A job is submitted; `users` of Cloud PCs, as the mirror has them now.
    void asked(const jobs::Submission& submission, std::map<std::string, std::string> users);
    void reassigned(const std::string& cloud_pc) { x_reassigned[cloud_pc] = x_clock.steady_now(); }
    void freezes();
    void thaws() { x_frozen_at.reset(); }
    /// The next process finds this queue. Gives whether it has to take it for a copy, of which
    /// nothing may act: it is behind what was sent, or on another machine than it was.
    bool replaced_by(const std::filesystem::path& queue, bool on_other_machine);
    /// A request leaves the process: may it?
    void leaving(const graph::HttpRequest& request);
    void complain(std::string problem);

    // --- what is known ---------------------------------------------------------------------------

    Rows rows(const std::string& sql) const;
    /// Requests that the tenant carried out for a job.
    std::size_t executions(std::string_view request_id) const;
    /// What is wrong, a line each. `resting`: nothing is being worked at.
    std::string problems(bool resting) const;

private:
    /// A request that left.
    struct Sent {
        std::string request_id{};  ///< of the job: the same in every copy of the queue
        std::string kind{};
        int risk = 0;
        bool approved = false;
        int era = 0;
    };
    struct Asked {
        std::map<std::string, std::string> users{};
        std::optional<std::string> expected_user{};
        std::string target{};
    };
    struct Row;

    void check_intent(const Row& row);
    void check_times(const Row& row);
    void check_users(const Row& row);
    struct Anchor {
        std::string database_id{};
        std::int64_t attempt = 0;
    };
    std::optional<Anchor> anchor() const;
    UtcTime graph_now() const { return x_tenant.now(); }
    std::string check_executions() const;
    std::string check_budgets() const;
    std::string check_events() const;
    std::string check_overlaps() const;
    std::string check_rest(bool resting) const;

    const graphsim::Tenant& x_tenant;
    const Clock& x_clock;
    const config::Jobs& x_settings;
    std::filesystem::path x_file{};
    mutable std::unique_ptr<SQLite::Database> x_reader{};
    std::map<std::string, Asked, std::less<>> x_asked{};  ///< by request_id
    std::map<std::string, Sent, std::less<>> x_sent{};    ///< by client-request-id
    std::map<std::string, SteadyTime> x_reassigned{};
    std::optional<SteadyTime> x_frozen_at{};
    std::set<std::string> x_restored{};   ///< request_ids of jobs that must not act any more
    std::set<std::string> x_looked_at{};  ///< the same of those that were sent
    int x_era = 0;                        ///< how often the queue was replaced
    UtcTime x_era_began{UtcTime::min()};
    std::vector<std::string> x_problems{};
};

}  // namespace cloudpcd::simulation
