#pragma once
// The running daemon: event loop, store thread, signals, control socket, and one engine after the
// other.

#include "config/config.hpp"
#include "daemon/control/api.hpp"
#include "daemon/control/server.hpp"
#include "daemon/engine.hpp"
#include "sync/core/clock.hpp"
#include "sync/core/rng.hpp"
#include "sync/graph/http_transport.hpp"
#include "sync/graph/throttle.hpp"
#include "sync/jobs/anchor.hpp"
#include "sync/jobs/watch.hpp"
#include "sync/mirror/table.hpp"
#include "sync/store/store.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cloudpcd::daemon {

/// After a wish to end, a statement that runs longer is interrupted and its transaction rolled
/// back.
inline constexpr Duration interrupt_after = std::chrono::seconds{2};

class Supervisor {
public:
    /// `load` reads the configuration file; nothing means that it is refused, and has said why.
    using Load = std::function<std::optional<config::Config>()>;

    /// The configuration has passed every check, the CA file included.
    Supervisor(store::Database database, store::Database queue, SystemClock& clock,
               config::Config configuration, const config::Environment& environment);
    ~Supervisor();
    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;

    /// Reads everything once; SIGTERM or SIGINT end it before.
    ///
    /// Gives:      an ExitStatus
    /// Exceptions: SQLite::Exception of the database
    int run_once();

    /// Runs until SIGTERM or SIGINT; SIGHUP loads the configuration again.
    int run(const Load& load);

private:
    enum class Wish { end, reload };

    int run_loop(boost::asio::awaitable<int> work);
    boost::asio::awaitable<int> once();
    boost::asio::awaitable<int> serve(const Load& load);
    boost::asio::awaitable<void> follow_wishes(const Load& load, control::Api& api,
                                               control::Server& server);
    control::Roles roles();
    boost::asio::awaitable<std::optional<Wish>> run_until_wish(boost::asio::awaitable<void> work,
                                                               const Load* load);
    boost::asio::awaitable<Wish> next_wish(const Load* load);
    boost::asio::awaitable<void> interrupt_late();
    Engine::Parts parts();

    boost::asio::io_context x_io{1};
    boost::asio::signal_set x_signals;
    std::optional<store::StoreThread> x_thread;
    store::Store x_store;
    // The queue has its own thread, so that a merge of the mirror never delays a job; what jobs
    // ask of the mirror, they read there through a connection of their own.
    std::optional<store::StoreThread> x_jobs_thread;
    store::Store x_queue;
    store::Store x_mirror_reader;
    SystemClock& x_clock;
    SystemRng x_rng;
    std::string x_boot_id;
    jobs::Anchor x_anchor;
    jobs::QueueWatch x_watch;
    config::Config x_config;
    std::optional<config::Config> x_next_config;  ///< of a reload, while the engine ends
    const config::Environment& x_environment;
    std::vector<mirror::Table> x_tables;
    graph::Throttle x_throttle;
    std::unique_ptr<graph::HttpTransport> x_transport;
};

/// Log level and format.
void apply_log_settings(const config::Log& settings);

}  // namespace cloudpcd::daemon
