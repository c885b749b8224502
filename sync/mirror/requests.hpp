#pragma once
// What is asked of Graph for a collection, and what of it this tenant does not accept. A refused
// name or option is left out and remembered for a day: the rest of the table is worth having.

#include "schema/catalog.hpp"
#include "sync/core/error.hpp"
#include "sync/core/time.hpp"
#include "sync/graph/pager.hpp"
#include "sync/graph/throttle.hpp"
#include "sync/graph/url.hpp"
#include "sync/store/database.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::mirror {

/// Parts of the request that were answered with 400 or 501.
struct Refusals {
    std::vector<std::string> names{};  ///< of $select and $expand
    std::optional<int> top{};          ///< the largest that is left to try; 0: none, it is left out
    bool filter = false;

    bool empty() const noexcept { return names.empty() && !top && !filter; }
    bool operator==(const Refusals&) const = default;
};

/// They are asked for again after this, and by another version of the program.
inline constexpr Duration refusals_kept = std::chrono::hours{24};

/// As sync_state keeps them: JSON with the version that met them.
std::string to_state(const Refusals& refusals);
/// Nothing when another version wrote it, or when it is no such text.
Refusals refusals_of_state(std::string_view state);

/// What earlier reads of the table met. Store executor only.
Refusals read_refusals(store::Database& database, std::string_view table, UtcTime now);
/// Remembers them for a day from now, within the transaction of the read.
void write_refusals(store::Database& database, std::string_view table, const Refusals& refusals,
                    UtcTime now);

/// The property by which a list is narrowed to what is new or changed; empty: none.
std::string_view filter_property(const schema::Collection& collection) noexcept;

/// Path and query of the first page. `since`: only what the filter property says is not older.
std::string list_target(const schema::Collection& collection, const Refusals& refusals,
                        std::optional<UtcTime> since = std::nullopt);
/// Path and query of one small page with everything that is sent without $select.
std::string probe_target(const schema::Collection& collection);
/// Path and query of one object at most, which the filter property says is not older than `since`.
std::string filter_probe_target(const schema::Collection& collection, UtcTime since);
/// Path and query of one object.
std::string object_target(const schema::Collection& collection, const Refusals& refusals,
                          std::string_view id);

/// The list from its first page; of a collection with a delta function, a round from the start.
graph::ListRequest list_request(const schema::Collection& collection, const graph::Origin& origin,
                                const Refusals& refusals,
                                std::optional<UtcTime> since = std::nullopt);

graph::QuotaClass list_quota(const schema::Collection& collection) noexcept;
graph::QuotaClass object_quota(const schema::Collection& collection) noexcept;
std::vector<std::string> permissions(const schema::Collection& collection);
/// "cloudPCs", for messages.
std::string_view set_name(const schema::Collection& collection) noexcept;

/// The service will not have the request as it is: 400, or 501 for what it does not implement.
bool is_refused_request(const Error& error) noexcept;

/// Adds what the refusal of the first page speaks of: names of the request that stand in its
/// message, else a smaller $top until there is none, and the filter. False when nothing is left
/// that could be changed.
bool learn_refusal(const schema::Collection& collection, const Error& error, bool filtered,
                   Refusals& refusals);

}  // namespace cloudpcd::mirror
