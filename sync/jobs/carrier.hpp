#pragma once
// Carries one queued job over: fresh facts, claim, anchor, the one request, its verdict.

#include "sync/core/task_group.hpp"
#include "sync/jobs/attempts.hpp"
#include "sync/jobs/facts.hpp"
#include "sync/jobs/job.hpp"
#include "sync/jobs/plan.hpp"
#include "sync/jobs/running.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>

namespace cloudpcd::jobs {

/// How long a verdict is tried to be recorded while the daemon ends. With what else an end takes it
/// has to fit into five seconds, after write_grace into fifteen.
inline constexpr Duration record_grace = std::chrono::seconds{2};

class Carrier {
public:
    /// `ended`: called when a job may have let go of its objects.
    Carrier(Running& running, std::function<void()> ended);

    /// A request that may leave: its intent is durable.
    struct Departure {
        Plan plan;
        Attempt attempt;
        graph::AccessToken token;
        std::string body;  ///< with its secrets
        std::vector<std::string> secrets{};
    };
    /// Everything up to the wire. May be cancelled at any time: until it gives a departure nothing
    /// is on its way, and with one the intent stands.
    boost::asio::awaitable<std::optional<Departure>> prepare(Job job);

    /// The request and its verdict. When cancelled, it is in doubt.
    boost::asio::awaitable<void> send(Departure departure);

    /// Facts for a job, by Graph. Gives up after a while, with what is known then.
    boost::asio::awaitable<Facts> read(const Plan& plan, const Job& job);

    /// False while the anchor cannot be written: then nothing may be sent, and to try would use up
    /// the attempts of jobs.
    boost::asio::awaitable<bool> anchor_works();
    /// On the queue's thread. What it meets, anchor_works() says.
    void write_anchor(store::Database& queue);

    /// From now on a verdict that cannot be recorded within record_grace is left to the next start.
    void stop();

private:
    /// Destructive jobs are claimed in the order of the queue, since budgets are taken in it.
    using Turn = std::tuple<int, std::string, JobId>;
    class InTurn;

    /// A token that Graph has refused a request of a job with.
    struct RefusedToken {
        graph::Credentials* of = nullptr;
        std::uint64_t serial = 0;
        std::string claims{};  ///< of the challenge

        bool is(const graph::AccessToken& token) const noexcept
        {
            return serial != 0 && serial == token.serial;
        }
    };

    graph::Credentials& credentials_for(const Plan& plan);
    void note_refused(JobId job, const Plan& plan, const graph::AccessToken& token,
                      const graph::WriteOutcome& outcome);
    boost::asio::awaitable<void> learn_graph_time();
    boost::asio::awaitable<bool> may_go(Job job, const Plan& plan);
    boost::asio::awaitable<bool> wait_for_pause(const Job& job);
    boost::asio::awaitable<std::optional<graph::AccessToken>> token_for(const Job& job,
                                                                        const Plan& plan);
    boost::asio::awaitable<std::optional<Attempt>> claim_and_anchor(const Job& job,
                                                                    const Plan& plan,
                                                                    const Facts& facts);
    boost::asio::awaitable<void> hold(const Job& job, Hold by, std::string why, Duration wait);
    boost::asio::awaitable<void> wait_for_turn(const Turn& turn);
    boost::asio::awaitable<void> record(const Plan& plan, const Attempt& attempt,
                                        const graph::WriteOutcome& outcome);

    Running& x_running;
    std::function<void()> x_ended;
    std::map<JobId, RefusedToken> x_refused_tokens{};  ///< of jobs that need another one
    std::set<Turn> x_turns{};
    boost::asio::steady_timer x_turn_left;  ///< cancelled when one has left
    std::optional<SteadyTime> x_stopped_at{};
    bool x_anchor_failed = false;
};

}  // namespace cloudpcd::jobs
