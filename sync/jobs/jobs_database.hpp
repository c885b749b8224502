#pragma once
// jobs.db as a whole: identity, schema, and who may write its directory. Others insert rows by SQL,
// so modes and group are part of it.
//
// Nobody checkpoints it but the daemon: Database::checkpoint_if_due() after commits, and
// checkpoint_truncate() when it is idle, so that an inserter's own WAL never grows to the size at
// which SQLite would have them do it.

#include "sync/core/clock.hpp"
#include "sync/core/rng.hpp"
#include "sync/store/database.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace cloudpcd::jobs {

/// "CPCJ" in the header of the file.
inline constexpr std::int32_t jobs_application_id = 0x4350434A;
/// Its members insert rows by SQL.
inline constexpr const char* queue_group = "cloudpcd-queue";

struct QueueOptions {
    std::filesystem::path path{};
    std::string tenant_id{};
    /// False: nobody but the daemon's user may write the files (2755, 0644 instead of 2775, 0664).
    bool sql_submit = true;
};

/// Makes the directory of the queue, its last level only, when it is missing, and sets its mode and
/// group as open_queue() does; for the lock file that is to be there first.
void arrange_queue_directory(const QueueOptions& options);

/// Opens or creates the queue of a tenant and brings it to this binary's schema. Makes the
/// directory, its last level only, when it is missing; sets modes and group where they are ours to
/// set and differ. What cannot be set is logged, since the queue works for the daemon all the same.
///
/// Errors: StoreError of Database::open and migrate; other_tenant, with nothing written, when it is
///         the queue of another tenant
store::Database open_queue(const QueueOptions& options, const Clock& clock, Rng& rng);

/// Tells this queue from every other one, copies excepted: what the anchor knows it by.
std::string database_id(store::Database& database);

/// Makes a copy a queue of its own: once the anchor belongs to it, the backup that it came from is
/// another one when it is restored again, however few requests were sent since.
void renew_database_id(store::Database& database, Rng& rng);

}  // namespace cloudpcd::jobs
