#pragma once
// mirror.db as a whole: identity, engine tables, one table per collection of the catalog.

#include "sync/core/clock.hpp"
#include "sync/mirror/table.hpp"
#include "sync/store/database.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace cloudpcd::mirror {

/// "CPCD" in the header of the file.
inline constexpr std::int32_t mirror_application_id = 0x43504344;
/// Readers older than this do not understand the file.
inline constexpr int mirror_min_reader_version = 1;

/// Opens or creates the mirror of a tenant and brings it to this binary's schema: engine
/// migrations, then tables, columns and indexes that the catalog has and the file lacks, new
/// columns filled from `raw`, and the views. Creates the temp tables of pulls.
///
/// Errors: StoreError of Database::open and migrate; other_tenant, with nothing written, when the
///         file mirrors another tenant
store::Database open_mirror(const std::filesystem::path& path, const std::string& tenant_id,
                            const Clock& clock);

/// Everything that pulls need to know of every collection, made once.
std::vector<Table> make_tables();

}  // namespace cloudpcd::mirror
