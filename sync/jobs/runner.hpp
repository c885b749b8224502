#pragma once
// The loop that carries jobs from their row to their end.
//
//   notice ─▶ take in ─▶ read afresh ─▶ claim ─▶ anchor ─▶ one request ─▶ verdict ─▶ follow
//
// The queue is the schedule: what has to be done, and when, stands in its rows, so that whatever
// stops the daemon, the next one goes on from there. In memory is only what is being done now.

#include "config/config.hpp"
#include "sync/core/clock.hpp"
#include "sync/core/rng.hpp"
#include "sync/core/task_group.hpp"
#include "sync/graph/credentials.hpp"
#include "sync/graph/delegated.hpp"
#include "sync/graph/throttle.hpp"
#include "sync/graph/write.hpp"
#include "sync/jobs/anchor.hpp"
#include "sync/jobs/estate.hpp"
#include "sync/jobs/freeze.hpp"
#include "sync/jobs/guards.hpp"
#include "sync/jobs/intake.hpp"
#include "sync/jobs/watch.hpp"
#include "sync/store/store.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace cloudpcd::jobs {

class Runner {
public:
    struct Parts {
        boost::asio::any_io_executor executor;
        store::Store& queue;
        store::Store& mirror;  ///< a read-only connection, on the executor of `queue`
        Estate& estate;
        graph::Writer& writer;
        graph::Throttle& throttle;
        graph::Credentials& application;
        graph::DelegatedCredentials& user;
        Clock& clock;
        Rng& rng;
        const Anchor& anchor;
        QueueWatch* watch = nullptr;  ///< null: nobody but kick() tells of new rows
        std::function<std::optional<Duration>()> clock_skew;  ///< of the last answer of Graph
    };
    struct Options {
        config::Jobs settings;
        graph::Origin origin;          ///< of Graph
        std::string application_id{};  ///< of the audit log's actors
        std::string boot_id{};
    };

    Runner(Parts parts, Options options);

    /// Works until cancelled. Then nothing more is claimed, a write on the wire gets
    /// write_grace to be answered, and what is not answered by then is in doubt.
    ///
    /// Exceptions: SQLite::Exception, StoreError of the queue or its anchor: nothing is sent after
    boost::asio::awaitable<void> run();

    /// How the jobs stand that a run_once() dealt with.
    struct Summary {
        std::vector<JobId> failed{};
        std::vector<JobId> in_doubt{};
    };
    /// Sends all due jobs, looks once at those on their way, and ends when each is accepted, held,
    /// in doubt or at its end.
    boost::asio::awaitable<Summary> run_once();

    /// Somebody changed the queue, the freeze file or a sign-in in this process.
    void kick() noexcept;

private:
    struct Impl;
    std::shared_ptr<Impl> x_impl;
};

/// How long SIGTERM waits for the answer to a write that is on the wire.
inline constexpr Duration write_grace = std::chrono::seconds{10};

}  // namespace cloudpcd::jobs
