#pragma once
// The tables of one collection: what a pull stages page by page, and the one transaction that
// applies it. Everything here runs on the store's executor.
//
//   page ──▶ identity ──▶ bytes as stored? ── yes ──▶ seen
//                              │ no
//                              ▼
//                  decode, canonical hash as stored? ── yes ──▶ seen
//                              │ no                         (a broken one: quarantine)
//                              ▼
//                        seen + staged ──── pull ends ───▶ apply: rows, children, history, deletes
//
// Staged rows live in the temp database, on disk: memory does not depend on the size of the tenant.

#include "schema/catalog.hpp"
#include "sync/core/time.hpp"
#include "sync/graph/page.hpp"
#include "sync/mirror/item.hpp"
#include "sync/mirror/projection.hpp"
#include "sync/store/database.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::mirror {

using RunId = std::int64_t;

/// What staging a page found.
struct StageCounts {
    std::int64_t items = 0;
    std::int64_t new_ids = 0;    ///< ids this pull had not met before
    std::int64_t conflicts = 0;  ///< ids met again in this pull with other content
    std::int64_t unidentified =
        0;  ///< quarantined without an id: the list cannot prove anything missing
    std::int64_t quarantined = 0;

    StageCounts& operator+=(const StageCounts& other) noexcept;
};

struct ApplyCounts {
    std::int64_t inserted = 0;
    std::int64_t updated = 0;
    std::int64_t deleted = 0;

    ApplyCounts& operator+=(const ApplyCounts& other) noexcept;
};

/// Creates the temp tables that pulls share; once per connection.
void create_staging(store::Database& database);
/// Forgets what a pull staged and has applied; which ids it met stays.
void clear_staged(store::Database& database, RunId run);
/// Forgets all of a pull.
void clear_staging(store::Database& database, RunId run);
/// Forgets what pulls left that were cut off.
void clear_all_staging(store::Database& database);

/// Numbers changes over the whole database; the last number is kept in `meta`.
class Sequence {
public:
    explicit Sequence(store::Database& database);
    std::int64_t next() noexcept { return ++x_last; }
    std::int64_t last() const noexcept { return x_last; }
    /// Writes the last number, when there was any; inside the transaction that used them.
    void save();

private:
    store::Database& x_database;
    std::int64_t x_first;
    std::int64_t x_last;
};

class Table {
public:
    explicit Table(const schema::Collection& collection);

    const schema::Collection& collection() const noexcept { return x_collection; }

    /// Compares a page with the table and stages what is new or different. Writes the temp database
    /// only.
    StageCounts stage(store::Database& database, RunId run, const graph::Page& page) const;

    /// Applies what the run staged, inside a transaction of the caller; quarantine and drift too.
    /// What a targeted read has brought since it was asked for stays (read_order.hpp).
    ApplyCounts apply(store::Database& database, Sequence& sequence, RunId run, UtcTime now,
                      DriftNotes& drift) const;

    /// Deletes rows by id, their last version going to history; same transaction.
    std::int64_t erase(store::Database& database, Sequence& sequence, UtcTime now,
                       const std::vector<std::string>& ids) const;

    /// Ids of the table that the run did not meet, in no particular order.
    std::vector<std::string> missing(store::Database& database, RunId run) const;
    /// The same as a query; its parameter is the run.
    const std::string& missing_sql() const noexcept { return x_missing_sql; }
    std::int64_t rows(store::Database& database) const;
    bool contains(store::Database& database, std::string_view id) const;
    /// Distinct ids met by the run, quarantined ones with an id included.
    std::int64_t seen(store::Database& database, RunId run) const;

    /// Fills columns and child tables again from `raw`, after the catalog has grown; inside a
    /// transaction.
    void project_again(store::Database& database) const;

    /// Notes what a page's objects have that the catalog does not know; writes nothing.
    void note_drift(const graph::Page& page, DriftNotes& drift) const;

    /// Stages an item that cannot be stored; apply() of the run writes it.
    static void quarantine(store::Database& database, RunId run, std::string_view id,
                           std::string_view reason, std::int64_t hash, std::string_view raw);

private:
    struct Child {
        const schema::ChildTable* table;
        Projection projection;
        std::vector<std::string_view> path;   ///< to the collection, or to the one around it
        std::vector<std::string_view> inner;  ///< from a member of that one on; mostly empty
        std::string erase_sql;
        std::string insert_sql;
    };
    struct StagedRow;

    ApplyCounts apply_row(store::Database& database, Sequence& sequence, const StagedRow& row,
                          UtcTime now, DriftNotes& drift) const;
    void write_children(store::Database& database, std::int64_t key,
                        const boost::json::value& object, DriftNotes& drift) const;
    void stage_item(store::Database& database, RunId run, std::string_view slice,
                    SteadyTime requested_at, StageCounts& counts) const;

    const schema::Collection& x_collection;
    Projection x_projection;
    std::vector<Child> x_children;
    KnownMembers x_known;
    std::string x_find_sql;
    std::string x_present_sql;
    std::string x_insert_sql;
    std::string x_update_sql;
    std::string x_project_sql;
    std::string x_archive_sql;
    std::string x_erase_sql;
    std::string x_missing_sql;
};

}  // namespace cloudpcd::mirror
