#pragma once
// The views that are made anew whenever their text changes: `changes`, which follows from the
// catalog, and the reporting views, one file of schema/views each. A reporting view reads tables,
// `changes` and `freshness`, never another reporting view, so that order does not matter among
// them.

#include "schema/embedded_file.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::schema {

/// The files of schema/views, by name.
extern const std::span<const EmbeddedFile> view_files;

struct ViewColumn {
    std::string name;
    std::string type;  ///< what a column of a table would be declared as: "TIMESTAMP"
    std::string description;
};

struct ReportingView {
    std::string name;         ///< "v_fleet"
    std::string description;  ///< what the comment says before the columns, in one paragraph
    std::vector<ViewColumn> columns;
    std::string sql;  ///< CREATE VIEW, without the comment and without a trailing semicolon
};

/// The reporting view of a file of this shape:
///
///     -- What it tells.
///     --
///     -- column TYPE: description
///     CREATE VIEW v_name AS …;
///
/// Errors: std::invalid_argument, naming file and line, of a file of any other shape
ReportingView parse_view(const EmbeddedFile& file);

/// All of them, by name.
const std::vector<ReportingView>& reporting_views();

struct View {
    std::string name;
    std::string sql;  ///< as sqlite_master stores it
};

/// Every view besides those of the migrations, each after those it reads.
std::vector<View> mirror_views();

/// Markdown of docs/reference/views.md.
std::string view_reference();

}  // namespace cloudpcd::schema
