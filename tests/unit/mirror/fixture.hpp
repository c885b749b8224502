#pragma once
// A mirror on disk with every table of the catalog, and pulls of one page.

#include "schema/catalog.hpp"
#include "sync/graph/page.hpp"
#include "sync/mirror/records.hpp"
#include "sync/mirror/table.hpp"
#include "tests/simulation/virtual_clock.hpp"
#include "tests/unit/store/fixture.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::mirror::test {

using store::test::Rows;

/// A page of a list whose items are these texts, whatever they are.
graph::Page page_of(const std::vector<std::string>& items);

const schema::Collection& collection(std::string_view table);

/// What one run did.
struct Pulled {
    StageCounts staged;
    ApplyCounts applied;
    DriftNotes drift;
};

struct Mirror {
    Mirror();

    /// One run, page by page into the staging tables, then applied in one transaction, a second of
    /// time later than the last.
    Pulled pull(const Table& table, const std::vector<std::string>& items);
    /// Stages one page of the run `run`.
    StageCounts stage(const Table& table, const std::vector<std::string>& items);
    ApplyCounts apply(const Table& table, DriftNotes& drift);
    std::int64_t erase(const Table& table, const std::vector<std::string>& ids);

    Rows rows(std::string_view sql) { return store::test::rows(database, sql); }
    std::string value(std::string_view sql) { return store::test::value(database, sql); }
    /// Everything that the mirror's file and its WAL say. Equal: nothing was written.
    std::string bytes() const;
    /// `id=raw` of a table, sorted, as it is and as its lines of `changes` replay it.
    Rows table_rows(std::string_view table);
    Rows replayed(std::string_view table);

    store::test::TemporaryDirectory directory;
    std::filesystem::path path = directory.path() / "mirror.db";
    store::Database database = store::Database::open(store::test::options(path));
    simulation::VirtualClock clock;
    RunId run = 1;
};

/// How often `path` was noted as `kind`.
std::int64_t noted(const DriftNotes& drift, std::string_view path, DriftNotes::Kind kind);
/// All notes, "path kind count" each, sorted.
Rows notes(const DriftNotes& drift);

}  // namespace cloudpcd::mirror::test
