#pragma once
// SQL that follows from the catalog: tables, indexes and the `changes` view. Other views are in
// schema/views.hpp.

#include "schema/catalog.hpp"

#include <string>
#include <vector>

namespace cloudpcd::schema {

/// CREATE TABLE and CREATE INDEX statements of one collection and its child tables, one statement
/// each, without a trailing semicolon.
///
/// Shape of a resource table, in this order: `_key` INTEGER PRIMARY KEY, `id` TEXT NOT NULL UNIQUE,
/// the catalog's columns, `_seq`, `_version_seq`, `_changed_at`, `_first_seen_at`, the engine's
/// `_slice_hash`, `_content_hash`, `_version_hash` INTEGER NOT NULL, and `raw` TEXT NOT NULL last,
/// so that reading the others never touches its overflow pages.
std::vector<std::string> create_statements(const Collection& collection);

struct Index {
    std::string name;
    std::string sql;
};

/// The indexes among create_statements(): of the sequence and of the columns that are looked up,
/// child tables included.
std::vector<Index> indexes(const Collection& collection);

/// CREATE VIEW changes over all tables of `collections` and `history`: one arm per table, every
/// column of every arm of the same affinity, so that SQLite merges the arms' indexes.
std::string changes_view(std::span<const Collection> collections);

/// Markdown of docs/reference/tables.md.
std::string table_reference();

}  // namespace cloudpcd::schema
