#pragma once
// When each collection is read. Resources do not wait for one another: each has a loop of its own,
// and what they share (requests in flight, quota, pages in memory) is bounded where it is used.

#include "daemon/desk.hpp"
#include "sync/core/clock.hpp"
#include "sync/core/rng.hpp"
#include "sync/mirror/puller.hpp"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <vector>

namespace cloudpcd::daemon {

struct ScheduledResource {
    const mirror::Table* table = nullptr;
    Duration interval{};
    std::optional<UtcTime> last_read{};  ///< completely, incremental reads included
};

/// A missing permission is looked for again no sooner.
inline constexpr Duration skipped_interval_min = std::chrono::minutes{10};
/// First wait after a pull that broke off; doubles with each further one, up to the interval.
inline constexpr Duration failure_wait_first = std::chrono::seconds{15};
inline constexpr Duration failure_wait_max = std::chrono::minutes{15};
/// A refused credential is tried at least so often.
inline constexpr Duration credential_wait_max = std::chrono::seconds{50};

/// Wait between the end of a pull and the next one. `failures`: pulls in a row that broke off, the
/// last one included. Pure but for the jitter, which only shortens, by a tenth at most.
Duration next_wait(const mirror::RunSummary& run, int failures, Duration interval, Rng& rng);

class Scheduler {
public:
    Scheduler(mirror::Puller& puller, Clock& clock, Rng& rng,
              std::vector<ScheduledResource> resources);

    /// Reads every resource once, all side by side.
    ///
    /// Gives: the runs, in the order of the resources. A full disk makes a run incomplete.
    boost::asio::awaitable<std::vector<mirror::RunSummary>> run_once();

    /// Reads each resource at its interval until cancelled, and at once when that is asked for at
    /// `desk`, which knows them all; so does it verify them. What was read less than an
    /// interval ago is due when that has passed.
    boost::asio::awaitable<void> run(Desk& desk);

private:
    boost::asio::awaitable<void> run_resource(ScheduledResource resource, PullQueue& asked);
    boost::asio::awaitable<void> verify_resource(const mirror::Table& table, VerifyQueue& asked);
    boost::asio::awaitable<mirror::VerifyReport> verify(const mirror::Table& table);
    boost::asio::awaitable<mirror::RunSummary> pull(const mirror::Table& table,
                                                    mirror::PullOrder order);
    boost::asio::awaitable<void> pull_into(const mirror::Table& table, mirror::RunSummary& run);
    Duration first_wait(const ScheduledResource& resource);

    mirror::Puller& x_puller;
    Clock& x_clock;
    Rng& x_rng;
    std::vector<ScheduledResource> x_resources;
};

}  // namespace cloudpcd::daemon
