#pragma once
// What the parts of the runner share: what they work with, and how things stand.

#include "config/config.hpp"
#include "sync/core/clock.hpp"
#include "sync/core/rng.hpp"
#include "sync/graph/credentials.hpp"
#include "sync/graph/delegated.hpp"
#include "sync/graph/throttle.hpp"
#include "sync/graph/write.hpp"
#include "sync/jobs/anchor.hpp"
#include "sync/jobs/estate.hpp"
#include "sync/jobs/freeze.hpp"
#include "sync/jobs/guards.hpp"
#include "sync/store/store.hpp"

#include <SQLiteCpp/Exception.h>
#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace cloudpcd::jobs {

struct RunningParts {
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
    /// Local minus Graph's clock as far as it is known; see graph::Client::clock_skew.
    std::function<std::optional<Duration>()> clock_skew;
};

struct RunningOptions {
    config::Jobs settings;
    graph::Origin origin;          ///< of Graph
    std::string application_id{};  ///< of the audit log's actors; empty: unknown
    std::string boot_id{};
};

/// What stops the queue for a while and passes by itself: a full disk, or somebody else's write
/// transaction. Nothing of anything else, which is for the supervisor.
std::optional<std::string_view> passing_trouble(const SQLite::Exception& failure) noexcept;

class Running {
public:
    Running(RunningParts parts, RunningOptions options);

    RunningParts& parts() noexcept { return x_parts; }
    const RunningOptions& options() const noexcept { return x_options; }
    const Freeze& freeze() const noexcept { return x_freeze; }
    const KnownCredential& known_credential() const noexcept { return x_known_credential; }

    /// How things stand, as the network thread knows it: without freeze and fleet.
    Circumstances outside() const;
    /// On the queue's thread: with them.
    Circumstances complete(Circumstances outside);

    /// A time of ours by Graph's clock, as exactly as that is known.
    struct GraphTime {
        UtcTime earliest{};
        UtcTime latest{};
    };
    GraphTime graph_time(UtcTime local) const;

    /// The value of a credential that a job names.
    Result<std::string> credential(std::string_view name) const;

private:
    RunningParts x_parts;
    RunningOptions x_options;
    Freeze x_freeze;
    KnownCredential x_known_credential;
    // Counting rows of a large mirror takes milliseconds; on the queue's thread.
    std::int64_t x_fleet = 0;
    std::optional<std::int64_t> x_fleet_version{};  ///< of the mirror, when it was counted
};

}  // namespace cloudpcd::jobs
