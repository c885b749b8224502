#pragma once
// A daemon that acts on a simulated tenant: jobs go in by SQL, and what the tenant executed is the
// oracle.

#include "tests/integration/daemon/installation.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::test {

/// Cloud PCs that are all provisioned and dedicated; actions end within milliseconds.
graphsim::TenantOptions quick_tenant(std::size_t cloud_pcs = 60);

/// What somebody inserts; absent members are left out of the INSERT.
struct JobRequest {
    std::string kind{};
    std::optional<std::string> target{};
    std::optional<std::string> params{};
    std::string reason = "INC-4711";
    std::optional<std::string> batch{};
};

/// A row of `jobs`, as far as tests look at it.
struct JobRow {
    std::int64_t job_id = 0;
    std::string state{};
    std::string held_by{};
    std::string state_reason{};
    int http_status = 0;
    std::string error_code{};
    std::string error_message{};
    std::string result{};
    int attempts = 0;
    bool ended = false;

    std::string describe() const;
};

class JobsWorld {
public:
    /// Jobs are enabled and budgets are out of the way, unless `jobs` says otherwise. `more` stands
    /// behind. All Cloud PCs are provisioned and dedicated.
    explicit JobsWorld(graphsim::TenantOptions tenant = quick_tenant(),
                       const std::string& jobs =
                           "destructive_per_hour = 1000\n"
                           "destructive_fraction_per_day = 1.0\n",
                       const std::string& more = "", bool tls = true);

    Installation installation;
    std::unique_ptr<Process> daemon{};

    /// Starts the daemon and waits until its socket listens.
    void start();
    /// The same, and until it has read the tenant once.
    void start_and_sync();
    /// Ends it in order; gives the exit status.
    int stop();
    void kill();
    struct Ending {
        int status;
        std::string output;
        std::string errors;
    };
    Ending ctl(const std::vector<std::string>& arguments);
    /// A user signs in by device code.
    void sign_in();

    /// Runs on the tenant's thread.
    template <class Work>
    auto tenant(Work work)
    {
        return installation.server().with_tenant(std::move(work));
    }
    /// The id of Cloud PC number `n`, from 0.
    std::string cloud_pc(std::size_t n);
    void modify(std::string_view set, std::string_view id, std::string_view patch);
    std::string add(std::string_view set, std::string_view text);

    std::filesystem::path queue_path() const;
    /// Inserts as anybody may who can write the file; gives the job_id.
    std::int64_t insert(const JobRequest& request);
    /// One value of jobs.db; "-" is NULL.
    std::string one(const std::string& sql) const;
    JobRow row(std::int64_t job) const;
    /// Waits until the job is in that state; fails the test when it ends otherwise.
    JobRow wait_for(std::int64_t job, std::string_view state);
    /// Waits until the job has ended or is in doubt.
    JobRow wait_for_end(std::int64_t job);
    /// Waits until a query on the mirror gives that value; what it gave last.
    std::string wait_for_mirror(const std::string& sql, std::string_view value);

    /// What was executed with the client request ids of a job's attempts.
    std::vector<graphsim::Execution> executions_of(std::int64_t job);
    /// Every request to Graph but GETs, executed or not, with one of these client request ids.
    std::vector<graphsim::LoggedRequest> writes_of(std::int64_t job);
    /// Every request to Graph but GETs.
    std::size_t writes();
    std::vector<std::string> request_ids(std::int64_t job) const;

private:
    SQLite::Database queue(bool writable) const;
};

/// Calls `done` again and again until it says true; false when it does not in time.
bool wait_until(const std::function<bool()>& done);

}  // namespace cloudpcd::test
