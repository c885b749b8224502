#pragma once
// The mirror's own tables: runs, state, freshness, drift. Store executor only.

#include "sync/core/error.hpp"
#include "sync/core/time.hpp"
#include "sync/mirror/projection.hpp"
#include "sync/mirror/table.hpp"
#include "sync/store/database.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::mirror {

enum class Outcome {
    complete,    ///< the list proved itself complete and was applied
    incomplete,  ///< broke off; what came was applied, nothing was deleted
    refused,     ///< complete, but its deletes were held back; changes were applied
    skipped,     ///< a permission is missing; nothing was read
};
std::string_view to_string(Outcome outcome) noexcept;

/// What a pull asked for.
enum class RunKind {
    full,         ///< the whole list
    incremental,  ///< what has changed since the last read
    window,       ///< what is not older than a time, of a log
    delta,        ///< a delta round
    refresh,      ///< single objects by their ids
};
std::string_view to_string(RunKind kind) noexcept;

/// One finished pull, as its row in sync_runs and its log line tell it.
struct RunSummary {
    RunId run_id = 0;
    std::string resource;
    RunKind kind = RunKind::full;
    UtcTime started_at{};
    UtcTime ended_at{};
    Outcome outcome = Outcome::incomplete;
    std::int64_t pages = 0;
    std::int64_t requests = 0;
    ApplyCounts counts;
    std::int64_t rows_counted = 0;  ///< of them, what freshness.row_count has already (first fills)
    std::int64_t refused = 0;
    std::string error;           ///< empty when complete
    std::optional<Errc> errc{};  ///< of a read that broke off
    /// Graph's clock when it began: what had changed by then has been read. Empty when Graph did
    /// not say.
    std::optional<UtcTime> as_of{};
};

/// Inserts the run and brings the resource's freshness up to date; same transaction as the data.
/// Only what proves a table complete counts for last_complete_at: no incremental read, and of a
/// refresh nothing but its rows.
void record_run(store::Database& database, const RunSummary& run);

/// Brings freshness.row_count up to date within a pull; same transaction as the rows.
void add_rows(store::Database& database, std::string_view resource, std::int64_t rows);

/// The next free run id; asked once, at start.
RunId next_run_id(store::Database& database);

/// State of one resource between runs.
std::optional<std::string> read_state(store::Database& database, std::string_view resource,
                                      std::string_view key);
/// The same, of a time; nothing when it is none.
std::optional<UtcTime> read_time(store::Database& database, std::string_view resource,
                                 std::string_view key);
/// The same, unless it was written before `since`.
std::optional<std::string> read_fresh_state(store::Database& database, std::string_view resource,
                                            std::string_view key, UtcTime since);
void write_state(store::Database& database, std::string_view resource, std::string_view key,
                 std::string_view value, UtcTime now);
void erase_state(store::Database& database, std::string_view resource, std::string_view key);

/// Lists of ids in sync_state, as JSON arrays.
std::vector<std::string> read_id_list(store::Database& database, std::string_view resource,
                                      std::string_view key);
void write_id_list(store::Database& database, std::string_view resource, std::string_view key,
                   const std::vector<std::string>& ids, UtcTime now);

/// When the table was last complete; nullopt: never.
std::optional<UtcTime> last_complete(store::Database& database, std::string_view resource);

/// What earlier reads of a table leave for the decision about the next one.
struct ReadTimes {
    std::optional<UtcTime> list_started{};  ///< the last list read to its end, by our clock
    std::optional<UtcTime> list_ended{};
    std::optional<UtcTime> list_as_of{};  ///< its start by Graph's clock
    std::optional<UtcTime> read_as_of{};  ///< of the last read; empty when that broke off
    std::optional<UtcTime> last_read{};   ///< the end of the last that did not, of whatever kind
};
ReadTimes read_times(store::Database& database, std::string_view resource);

/// Adds what a pull noted to schema_drift.
void record_drift(store::Database& database, std::string_view resource, const DriftNotes& drift,
                  UtcTime now);

/// Makes `resource` a row of freshness with this interval, or takes it out when not included.
void include_resource(store::Database& database, std::string_view resource,
                      std::int64_t interval_seconds);
void exclude_resource(store::Database& database, std::string_view resource);

}  // namespace cloudpcd::mirror
