#pragma once
// Everything that follows from one configuration: credential, client, pulls, schedule. A reload
// makes a new engine; what has to outlive it (connections, quota, database) is handed in.

#include "config/config.hpp"
#include "daemon/desk.hpp"
#include "daemon/estate.hpp"
#include "daemon/login.hpp"
#include "daemon/scheduler.hpp"
#include "sync/core/clock.hpp"
#include "sync/core/rng.hpp"
#include "sync/graph/cached_credentials.hpp"
#include "sync/graph/client.hpp"
#include "sync/graph/delegated.hpp"
#include "sync/graph/throttle.hpp"
#include "sync/graph/transport.hpp"
#include "sync/graph/write.hpp"
#include "sync/jobs/anchor.hpp"
#include "sync/jobs/runner.hpp"
#include "sync/jobs/watch.hpp"
#include "sync/mirror/puller.hpp"
#include "sync/store/store.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cloudpcd::daemon {

/// The collections that a configuration includes.
std::vector<const mirror::Table*> included_tables(const std::vector<mirror::Table>& tables,
                                                  const config::Sync& sync);

/// Quota per throttling class as configured.
graph::QuotaOptions quota_of(const config::Graph& graph) noexcept;

class Engine {
public:
    /// The queue, and what has to outlive an engine with it.
    struct JobsParts {
        store::Store& queue;
        store::Store& mirror;  ///< a read-only connection, on the executor of `queue`
        const jobs::Anchor& anchor;
        jobs::QueueWatch* watch = nullptr;  ///< null: only kick_jobs() tells of new rows
        std::string boot_id{};              ///< see find_boot_id()
    };

    struct Parts {
        boost::asio::any_io_executor executor;
        graph::Transport& transport;
        graph::Throttle& throttle;
        store::Store& store;
        Clock& clock;
        Rng& rng;
        const std::vector<mirror::Table>& tables;
        const config::Environment& environment;  ///< where AZURE_CLIENT_SECRET may be
        std::optional<JobsParts> jobs{};         ///< absent: nothing but the mirror
    };

    Engine(const Parts& parts, const config::Config& configuration);

    /// Reads everything once. What is not complete is named on stderr.
    ///
    /// Gives: an ExitStatus
    boost::asio::awaitable<int> run_once();

    /// Keeps the mirror fresh until cancelled.
    boost::asio::awaitable<void> run();

    /// Where pulls and verifications are asked for. What run() leaves undone ends with the engine.
    Desk& desk() noexcept { return x_desk; }

    /// Where people sign in and out while run() is at work.
    Login& login() noexcept { return x_login; }

    /// Somebody in this process changed the queue, the freeze file or the sign-in.
    void kick_jobs() noexcept;

private:
    boost::asio::awaitable<int> read_once();
    boost::asio::awaitable<int> carry_out_jobs();
    boost::asio::awaitable<void> keep_queue();
    boost::asio::awaitable<std::vector<ScheduledResource>> prepare();
    boost::asio::awaitable<int> check_credential();
    using Forget = std::int64_t (*)(store::Database&, UtcTime);
    boost::asio::awaitable<void> keep_house();
    boost::asio::awaitable<void> forget(Forget some, UtcTime oldest);
    boost::asio::awaitable<void> watch_credential();

    Parts x_parts;
    const config::Config& x_config;
    std::unique_ptr<graph::CachedCredentials> x_credentials;
    std::unique_ptr<graph::DelegatedCredentials> x_delegated;  ///< never for reading
    Login x_login;
    graph::Client x_client;
    mirror::Puller x_puller;
    Desk x_desk;
    graph::Writer x_writer;
    std::optional<GraphEstate> x_estate{};
    std::optional<jobs::Runner> x_runner{};
};

}  // namespace cloudpcd::daemon
