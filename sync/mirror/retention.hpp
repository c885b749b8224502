#pragma once
// What is forgotten, and when. A little at a time: each call is one small transaction of the
// caller, so that readers and pulls never wait for a clean-up.

#include "sync/core/time.hpp"
#include "sync/store/database.hpp"

#include <cstdint>

namespace cloudpcd::mirror {

/// Rows that one call removes at most.
inline constexpr std::int64_t forget_rows_max = 1000;

/// Removes superseded versions that ended before `oldest`, the oldest first. The present versions
/// stay; `changes` begins later then.
///
/// Gives: rows removed; forget_rows_max means that there may be more
std::int64_t forget_history(store::Database& database, UtcTime oldest);

/// Removes audit events of a time before `oldest`, with their resources and properties. It is no
/// change of the tenant: neither `history` nor `changes` tells of it.
std::int64_t forget_audit_events(store::Database& database, UtcTime oldest);

/// Removes rows of sync_runs and quarantine from before `oldest`.
std::int64_t forget_records(store::Database& database, UtcTime oldest);

}  // namespace cloudpcd::mirror
