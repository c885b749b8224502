#pragma once
// One delta round on the store's executor: items are merged in the order in which they come, into
// temp tables on disk, and applied when the round has ended; in a first fill after every page.
//
//   item ─▶ identity, soundness ── broken ─▶ quarantine: the round cannot move the link
//              │
//              ▼
//          @removed? ── yes ─▶ gone; what was staged of it is forgotten
//              │ no
//              ▼
//          merge into what this round or the mirror has ─▶ delta_objects, delta_links ─▶ apply
//
// A round from the start says everything anew: an object that it meets first has no past, and what
// it does not meet is gone (the sweep). That may be many by mistake, so a sweep has a brake; what
// Graph itself calls removed needs none.

#include "sync/mirror/delta_merge.hpp"
#include "sync/mirror/table.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace cloudpcd::mirror {

class DeltaRound {
public:
    /// What an object was before the round met it.
    enum class Past {
        stored,  ///< the row of the mirror: the round goes on from a link
        none     ///< nothing: the round began at the start
    };
    struct Applied {
        ApplyCounts objects{};
        ApplyCounts links{};
    };
    /// What a sweep would delete.
    struct Missing {
        std::int64_t rows = 0;
        std::int64_t met = 0;  ///< objects that the round met, removed ones excepted
        std::int64_t objects = 0;
        std::int64_t link_rows = 0;
        std::int64_t links = 0;
        // Of them, those that an operator accepts to lose.
        std::int64_t accepted_objects = 0;
        std::int64_t accepted_links = 0;

        std::int64_t unexpected_objects() const noexcept { return objects - accepted_objects; }
        std::int64_t unexpected_links() const noexcept { return links - accepted_links; }
    };

    /// `links`: the table of what comes with the objects, or null. Both outlive the round.
    DeltaRound(const Table& objects, const Table* links, RunId run);

    /// Creates the temp tables, and forgets what the round has staged so far.
    void begin(store::Database& database) const;
    /// Objects in the mirror.
    std::int64_t rows(store::Database& database) const { return x_objects.rows(database); }
    /// Merges a page. `new_ids` counts objects and links that the round had not met before.
    StageCounts stage(store::Database& database, const graph::Page& page, Past past) const;
    /// Writes what was staged since the last time, within a transaction of the caller; without
    /// `removals` nothing is deleted.
    Applied apply(store::Database& database, Sequence& sequence, UtcTime now, DriftNotes& drift,
                  bool removals) const;
    /// Before apply(). `accepted`: a run whose refused deletes an operator accepts.
    Missing missing(store::Database& database, std::optional<RunId> accepted) const;
    /// Queries of the missing ids, before apply(); their parameter is the run.
    std::string missing_objects_sql() const;
    std::string missing_links_sql() const;
    /// Stages what the mirror has otherwise or not at all, as Table::stage does: objects under the
    /// run, links under its negative. Writes the temp database only.
    void stage_differences(store::Database& database) const;
    /// Deletes what the round did not meet, within the transaction that ends it.
    Applied sweep(store::Database& database, Sequence& sequence, UtcTime now) const;
    /// Forgets all of the round.
    void clear(store::Database& database) const;

private:
    struct Known;

    void stage_item(store::Database& database, std::string_view slice, Past past,
                    StageCounts& counts) const;
    void stage_removed(store::Database& database, const std::string& id, StageCounts& counts) const;
    std::string stage_present(store::Database& database, const std::string& id,
                              const DeltaItem& item, Past past, StageCounts& counts) const;
    void stage_links(store::Database& database, const std::string& id, const DeltaItem& item,
                     StageCounts& counts) const;
    std::optional<Known> find(store::Database& database, const std::string& id) const;
    std::string stored(store::Database& database, const std::string& id) const;
    static void hand_over(store::Database& database, const Table& table, RunId run,
                          std::string_view id, std::string_view raw);
    void hand_over_objects(store::Database& database) const;
    void hand_over_links(store::Database& database) const;
    std::int64_t erase(store::Database& database, Sequence& sequence, UtcTime now,
                       const Table& table, const std::string& ids_sql) const;
    std::string left_links_sql(std::string_view what) const;

    const Table& x_objects;
    const Table* x_links;
    RunId x_run;
    std::string x_owner_column;
    std::string x_linked_column;
};

}  // namespace cloudpcd::mirror
