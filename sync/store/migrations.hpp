#pragma once
// Brings a database to the schema of this binary: numbered SQL files, each applied once, in one
// transaction, with its checksum recorded.

#include "sync/core/clock.hpp"
#include "sync/store/database.hpp"

#include <span>
#include <string_view>

namespace cloudpcd::store {

struct Migration {
    std::string_view name;  ///< "0001-engine.sql"; the number is the schema version it leads to
    std::string_view text;  ///< a line `-- destructive: yes` asks for a backup first
};

/// Applies what is missing; `user_version` is the number of the last one applied.
///
/// Errors: StoreError newer_schema when the database is ahead of this binary (nothing is written),
///         unusable when an applied file has another checksum, or when the backup fails;
///         SQLite::Exception when a statement fails: that file's transaction is rolled back
void migrate(Database& database, std::span<const Migration> migrations, const Clock& clock);

/// Copies the whole database to `copy` through SQLite's backup API, checks the copy
/// (integrity_check), and makes it durable. An existing file is replaced in one step.
void back_up(Database& database, const std::filesystem::path& copy);

/// `user_version` of the database.
int schema_version(Database& database);

}  // namespace cloudpcd::store
