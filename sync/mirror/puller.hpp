#pragma once
// Pulls: one pass over one collection, from the first request to the row in sync_runs.
//
//   load state ─▶ read pages ─▶ compare ─▶ confirm deletes ─▶ one transaction
//                   │  page n is staged while page n+1 is on the wire
//                   └─ an error: what came is applied, nothing is deleted
//
// Nothing is written to the mirror before the pull has ended, but for the first fill of a table,
// which commits page by page and goes on where it was cut off.

#include "sync/core/clock.hpp"
#include "sync/graph/client.hpp"
#include "sync/graph/semaphore.hpp"
#include "sync/mirror/pull.hpp"
#include "sync/mirror/records.hpp"
#include "sync/mirror/table.hpp"
#include "sync/mirror/verify.hpp"
#include "sync/store/store.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::mirror {

class Puller {
public:
    /// All must outlive the calls. Forgets what earlier pulls left staged.
    Puller(graph::Client& client, store::Store& store, Clock& clock, PullSettings settings);

    /// Reads a collection by its strategy and applies what came.
    ///
    /// Gives:      the run as it stands in sync_runs; a failed read is an outcome, no error
    /// Exceptions: SQLite::Exception of the database; operation_aborted when cancelled. Nothing of
    ///             the pull is applied then, but pages of a first fill
    boost::asio::awaitable<RunSummary> pull(const Table& table, PullOrder order = {});

    /// Lists the table anew and compares it with the mirror; writes nothing.
    boost::asio::awaitable<VerifyReport> verify(const Table& table);

    /// Reads objects by their ids, at most refreshed_ids_max, and applies what came in one
    /// transaction: what Graph itself says is gone is deleted, what could not be asked for stays as
    /// it is. A list that was asked for earlier changes nothing of it afterwards.
    ///
    /// Gives:      the run as it stands in sync_runs
    /// Exceptions: as pull
    boost::asio::awaitable<RunSummary> refresh(const Table& table, std::vector<std::string> ids,
                                               graph::Priority priority);

private:
    /// Where the audit log stood before a pull of it.
    struct LogPosition {
        bool complete = false;
        std::int64_t last_seq = 0;
    };

    boost::asio::awaitable<RunId> next_run();
    boost::asio::awaitable<RunSummary> pull_once(const Table& table, PullOrder order);
    boost::asio::awaitable<LogPosition> log_position(const Table& log);
    boost::asio::awaitable<void> follow_log(LogPosition before);
    boost::asio::awaitable<std::vector<std::string>> wanted_by_log(const Table& table,
                                                                   std::int64_t first_seq);
    Pull::Environment environment() const;

    graph::Client& x_client;
    store::Store& x_store;
    Clock& x_clock;
    PullSettings x_settings;
    RunId x_last_run = 0;
    /// By table: one pull at a time, so that of two lists the one applied later is the newer one.
    std::map<std::string_view, graph::Semaphore> x_turns;
};

}  // namespace cloudpcd::mirror
