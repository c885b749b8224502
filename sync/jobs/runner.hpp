#pragma once
// The loop that carries jobs from their row to their end.
//
//   notice ─▶ take in ─▶ read afresh ─▶ claim ─▶ anchor ─▶ one request ─▶ verdict ─▶ follow
//
// The queue is the schedule: what has to be done, and when, stands in its rows, so that whatever
// stops the daemon, the next one goes on from there. In memory is only what is being done now.

#include "sync/core/task_group.hpp"
#include "sync/core/wake.hpp"
#include "sync/jobs/carrier.hpp"
#include "sync/jobs/intake.hpp"
#include "sync/jobs/observer.hpp"
#include "sync/jobs/running.hpp"
#include "sync/jobs/watch.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <exception>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace cloudpcd::jobs {

/// How long the end of run() waits for the answer to a write that is on the wire.
inline constexpr Duration write_grace = std::chrono::seconds{10};

class Runner {
public:
    using Parts = RunningParts;
    using Options = RunningOptions;

    /// `watch`: null where nobody but kick() tells of new rows.
    Runner(Parts parts, Options options, QueueWatch* watch = nullptr);

    /// Works until cancelled. Then nothing more is claimed, a write on the wire gets write_grace
    /// to be answered, and what is not answered by then is in doubt.
    ///
    /// Exceptions: SQLite::Exception of the queue but for passing_trouble(): nothing is sent that
    ///             could not be recorded
    boost::asio::awaitable<void> run();

    /// How the jobs stand after a run_once().
    struct Summary {
        std::vector<JobId> failed{};    ///< during the run
        std::vector<JobId> in_doubt{};  ///< now
    };
    /// Sends all due jobs, looks once at those on their way, and ends when each is accepted, held,
    /// in doubt or at its end.
    boost::asio::awaitable<Summary> run_once();

    /// Somebody changed the queue, the freeze file or a sign-in in this process.
    void kick() noexcept;

private:
    class InBatch;
    /// What there is to do, as the queue says.
    struct Survey {
        std::vector<Job> queued{};
        std::vector<Job> on_their_way{};
        std::optional<UtcTime> next{};
        std::int64_t unfinished = 0;  ///< submitted, queued or sending
    };
    enum class Looks { all, none };

    boost::asio::awaitable<void> begin();
    boost::asio::awaitable<void> begin_in_time();
    boost::asio::awaitable<Survey> round(Looks looks);
    boost::asio::awaitable<void> take_in_all();
    boost::asio::awaitable<Survey> survey();
    boost::asio::awaitable<bool> expire_all(const Circumstances& known);
    Survey survey_queue(store::Database& queue, const Circumstances& known, const Relook& relook);
    Relook changes_since(const Circumstances& now);
    void forget_what_was_seen() noexcept;
    void start(const Survey& survey, Looks looks);
    template <class Work>
    void start_one(JobId job, int& count, Work work);
    boost::asio::awaitable<void> guard(JobId job, int& count, boost::asio::awaitable<void> task);
    boost::asio::awaitable<void> carry(Job job);
    boost::asio::awaitable<void> deliver(Carrier::Departure departure);
    boost::asio::awaitable<void> refresh(JobId job, Plan plan);
    boost::asio::awaitable<void> check(JobId job);
    boost::asio::awaitable<void> check_once(JobId job);
    boost::asio::awaitable<void> wait_for_earlier_of_batch(const Job& job);
    boost::asio::awaitable<void> watch_queue();
    boost::asio::awaitable<void> sleep(const Survey& survey);
    boost::asio::awaitable<void> stop();
    boost::asio::awaitable<Summary> summary(UtcTime since);
    void take_over(std::exception_ptr thrown);
    bool pause_if_it_passes(const SQLite::Exception& failure);
    void rethrow_failure();
    bool pausing() noexcept;

    Running x_running;
    QueueWatch* x_watch;
    Wake x_wake;
    TaskGroup x_tasks;   ///< reads: cancelled at once when the end comes
    TaskGroup x_writes;  ///< on the wire
    Carrier x_carrier;
    Observer x_observer;
    std::set<JobId> x_dry_runs{};                        ///< taken in, and not looked at yet
    std::set<std::pair<std::string, JobId>> x_checks{};  ///< being looked at, with their batch
    boost::asio::steady_timer x_check_left;              ///< cancelled when one has left
    std::set<JobId> x_active{};  ///< jobs that a task is at; negative: on the wire
    int x_carried = 0;           ///< of them, those that are or were to be sent
    int x_looked_at = 0;
    int x_checked = 0;
    int x_refreshing = 0;  ///< tasks that have the mirror follow
    bool x_stopping = false;
    JobId x_taken = 0;  ///< submitted jobs up to here have been looked at
    /// The WAL may have a secret that was erased. An earlier process may have left one.
    bool x_secret_in_wal = true;
    bool x_targets_freed = true;
    std::optional<std::string> x_user{};
    bool x_clock_was_wrong = false;
    std::optional<SteadyTime> x_paused_until{};  ///< trouble that passes
    std::exception_ptr x_failure{};
};

}  // namespace cloudpcd::jobs
