#pragma once
// The queue on a virtual clock: the production runner, guards, claim, anchor, writer and reads on
// real SQLite files, against a tenant in memory whose execution log is the oracle.
//
// The process may die between any two steps that others can see: bytes that reach jobs.db, a
// request that leaves, arrives or is answered. What dies stands still, and the next process begins
// with the files as they were then. Every request that leaves is checked against the queue as a
// stranger reads it at that moment; the rest is checked in the end (jobs_oracle.cpp).

#include "config/config.hpp"
#include "sync/core/rng.hpp"
#include "sync/jobs/job.hpp"
#include "sync/jobs/queue.hpp"
#include "sync/mirror/table.hpp"
#include "tests/simulation/jobs_oracle.hpp"
#include "tests/simulation/sim_disk.hpp"
#include "tests/simulation/sim_transport.hpp"
#include "tests/simulation/virtual_clock.hpp"
#include "tests/simulation/world.hpp"
#include "tests/simulator/tenant.hpp"
#include "tests/unit/graph/fixture.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::simulation {

struct JobsOptions {
    config::Jobs settings = small_budgets();
    graphsim::WriteOptions writes = quick_tenant();
    bool signed_in = true;  ///< somebody, for the delegated verbs
    bool log_debug = false;

    /// Enabled; 3 Cloud PCs an hour, 6 a day.
    static config::Jobs small_budgets();
    /// Actions that end within a minute or two, and audit events that come soon.
    static graphsim::WriteOptions quick_tenant();
};

/// How a process ends without warning.
enum class Death {
    kill,       ///< what was written is there
    power_cut,  ///< what was not synced is lost
};

/// What must never stand in queue or log.
inline constexpr std::string_view canary_secret = "c4n4ry~Secret.Of.The.Application";
inline constexpr std::string_view canary_password = "c4n4ry~Password.Of.The.Domain";

class JobsWorld {
public:
    explicit JobsWorld(Seed seed, JobsOptions options = {});
    ~JobsWorld();
    JobsWorld(const JobsWorld&) = delete;
    JobsWorld& operator=(const JobsWorld&) = delete;

    // --- time ------------------------------------------------------------------------------------

    /// Lets the daemon work; one that died is started again.
    void run_for(Duration duration);
    /// Until no job is being worked at, or `max` has passed. Doubt that is older than `doubt_max`
    /// is no work.
    void run_until_quiet(Duration max, Duration doubt_max = std::chrono::minutes{20});
    /// Calls `action` once, `after` from now, between two pieces of the daemon's work.
    void later(Duration after, std::function<void()> action)
    {
        x_plans.emplace(x_clock.steady_now() + after, std::move(action));
    }
    /// The daemon ends in order, and the next one begins after `pause`.
    void stop_and_start(Duration pause = {});
    void set_restart_pause(Duration pause) { x_restart_pause = pause; }

    // --- death -----------------------------------------------------------------------------------

    /// Calls `action` at a step of the process, from 1 for the next one: a write to jobs.db, its
    /// sync, a request that leaves, arrives, is answered. It may kill() or change the world.
    void at_step(std::uint64_t number, std::function<void()> action)
    {
        x_actions.emplace(x_steps + number, std::move(action));
    }
    /// Steps so far.
    std::uint64_t steps() const noexcept { return x_steps; }
    /// What the last one was: for messages.
    const std::string& last_step() const noexcept { return x_last_step; }
    /// The process ends here.
    void kill(Death death = Death::kill);
    /// SIGTERM: the process ends in order, and is started again.
    void terminate();
    std::uint64_t deaths() const noexcept { return x_deaths; }
    /// Of writes that were on the wire when their process died: whether they still arrive, and
    /// when. Absent: they are lost.
    void set_late_arrival(std::optional<Duration> after) { x_late_arrival = after; }

    /// jobs.db cannot be written, nor can files beside it.
    void fill_disk(bool full);
    /// Only the anchor cannot be written.
    void break_anchor(bool broken);

    // --- what people do --------------------------------------------------------------------------

    /// Gives: the job; 0 when it was not taken (the disk is full, or the row says what it must not)
    jobs::JobId submit(jobs::Submission submission);
    /// The same by INSERT on a connection of its own.
    jobs::JobId insert(jobs::Submission submission);
    std::optional<jobs::CancelOutcome> cancel(jobs::JobId job);
    std::optional<jobs::ApproveOutcome> approve(jobs::JobId job, std::string_view approver);
    std::optional<jobs::ResolveOutcome> resolve(jobs::JobId job, bool executed);
    void freeze();
    void thaw();
    void sign_in();
    /// Another user gets the Cloud PC; the mirror does not know until it is refreshed.
    void reassign(const std::string& cloud_pc);
    /// Reads a table of the mirror anew.
    void pull(std::string_view table);
    /// A copy of the queue as it is now.
    void back_up();
    /// The process ends in order, and the next one finds the copy in the queue's place.
    void restore();
    bool has_backup() const noexcept { return x_backup.has_value(); }
    /// The process ends in order, and the next one runs on another machine.
    void move_to_other_machine();

    // --- looking ---------------------------------------------------------------------------------

    Rows rows(const std::string& sql) const { return x_oracle.rows(sql); }
    std::string value(const std::string& sql) const;
    std::int64_t number(const std::string& sql) const { return std::stoll(value(sql)); }
    /// Of a job.
    std::string state(jobs::JobId job) const;
    bool frozen() const;
    std::vector<std::string> cloud_pcs() const { return x_cloud_pcs; }
    /// An id of a set of the tenant; throws when there is none.
    std::string any_id(std::string_view set) const;
    /// Requests that the tenant carried out for a job.
    std::size_t executions(jobs::JobId job) const;
    std::string log() const { return x_stderr ? x_stderr->text() : ""; }

    /// What is wrong, a line each; empty when all is well.
    std::string problems();
    /// Of every request and its outcome, and of all that the queue says.
    std::uint64_t trace_hash() const;

    graphsim::Tenant& tenant() noexcept { return x_tenant; }
    graphsim::FaultSet& faults() noexcept { return x_tenant.faults(); }
    VirtualClock& clock() noexcept { return x_clock; }
    const std::filesystem::path& file() const noexcept { return x_file; }

private:
    struct Process;
    /// A write that was on the wire when its process died.
    struct Late {
        SteadyTime at{};
        graphsim::Request request{};
        bool arrived = false;
    };

    void start();
    bool try_to_start();
    void come_to_life();
    void bury();
    void keep_record();
    void end_in_order();
    void report_end(Process& process);
    std::filesystem::path next_place();
    void step(const Process* of, std::string_view what);
    void pause(Duration duration);
    void deliver_late();
    void carry_out_plans();
    SteadyTime next_plan(SteadyTime end) const;
    void note_submission(jobs::Submission& submission);
    std::string beside(std::string_view suffix) const
    {
        return x_file.string() + std::string{suffix};
    }
    /// Changes the queue as the control API does; nothing when the disk is full.
    template <class Result, class F>
    std::optional<Result> change(F&& body);

    JobsOptions x_options;
    std::optional<graph::test::StderrCapture> x_stderr{};
    VirtualClock x_clock{};
    boost::asio::io_context x_idle{};  ///< nothing ever runs on it
    SeededRng x_rng;
    SeededRng x_weather;  ///< latencies
    ScratchDirectory x_directory{};
    config::Environment x_environment;
    config::Config x_config;
    graphsim::Tenant x_tenant;
    std::vector<std::string> x_cloud_pcs{};
    SimDisk x_disk;
    JobsOracle x_oracle;
    const std::vector<mirror::Table>& x_tables;
    std::filesystem::path x_file{};  ///< jobs.db of now
    std::filesystem::path x_next{};  ///< the same of the next process, when this one is dead
    int x_generation = 0;
    std::optional<std::filesystem::path> x_backup{};
    int x_machine = 1;
    bool x_anchor_broken = false;

    std::uint64_t x_steps = 0;
    std::string x_last_step{};
    int x_writes_in_a_row = 0;
    std::multimap<std::uint64_t, std::function<void()>> x_actions{};
    std::multimap<SteadyTime, std::function<void()>> x_plans{};
    Duration x_restart_pause{0};
    std::optional<Duration> x_late_arrival{};
    std::vector<std::shared_ptr<Late>> x_late{};
    std::uint64_t x_deaths = 0;
    int x_reassignments = 0;
    bool x_over = false;  ///< nothing is watched any more

    std::vector<SimTransport::Exchange> x_exchanges{};  ///< of processes before this one
    std::vector<std::string> x_tokens{};
    std::unique_ptr<Process> x_process{};
    std::vector<std::unique_ptr<Process>> x_dead{};  ///< as they stood when they died
};

}  // namespace cloudpcd::simulation
