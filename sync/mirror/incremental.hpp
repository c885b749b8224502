#pragma once
// Reads between full lists: only what has changed, where the service filters by the time of change.
//
// No incremental read deletes: what is gone is not in it. So full lists stay, just not so often,
// and after a read that broke off the next one is a full list.

#include "config/config.hpp"
#include "schema/catalog.hpp"
#include "sync/core/time.hpp"
#include "sync/graph/page.hpp"
#include "sync/mirror/records.hpp"
#include "sync/mirror/requests.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace cloudpcd::mirror {

/// An incremental read asks so far back behind the start of the last one: changes show with a delay
/// that nothing bounds, and full lists find what comes later still.
inline constexpr Duration change_overlap = std::chrono::minutes{5};

/// Without full_interval, full lists take this part of the time at most.
inline constexpr int full_list_share = 4;  // one quarter

// Keys of sync_state.
/// The version that found the filter to be honoured.
inline constexpr std::string_view key_filter = "filter_honoured";
/// Somebody wants the next read to be a full list; the value is when.
inline constexpr std::string_view key_list_wanted = "full_list_wanted";

/// Whether a list that takes so long is worth incremental reads: with full_interval always,
/// else when full lists would take more than their share of the time.
bool wants_incremental(const schema::Collection& collection, const config::Sync& settings,
                       Duration list_took);

/// What an incremental read asks for: what has changed since then, by Graph's clock. Nothing when
/// a full list is due. The filter's support is for the caller to know.
std::optional<UtcTime> changed_since(const schema::Collection& collection,
                                     const config::Sync& settings, const ReadTimes& times,
                                     UtcTime now);

/// Objects of a page that are older than asked for. One is proof that the filter is ignored.
std::size_t older_objects(const graph::Page& page, const schema::Collection& collection,
                          UtcTime since);

}  // namespace cloudpcd::mirror
