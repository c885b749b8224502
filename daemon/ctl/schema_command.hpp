#pragma once
// `cloudpcctl schema [TABLE]`: what the mirror holds, in the catalog's own words. Needs neither a
// database nor a configuration.

#include "daemon/ctl/output.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::ctl {

struct SchemaColumn {
    std::string name;
    std::string type;                   ///< as declared
    std::string property;               ///< Graph's spelling; empty for our own
    std::string description;            ///< may be empty
    std::vector<std::string> values{};  ///< members of the enum that are known
};

struct SchemaTable {
    std::string name;
    /// "cloudpc", …; "views" for reporting views, "engine" for what is ours, "jobs" for the queue
    std::string group;
    std::string parent;   ///< of a child table
    std::string request;  ///< "GET /beta/…"; empty for engine tables
    std::string description;
    std::vector<SchemaColumn> columns{};  ///< left out in the list of tables
};

/// Every table and view, in the order of the catalog, each followed by its child tables; then the
/// reporting views, what the engine adds, and the tables of jobs.db.
std::vector<SchemaTable> schema_tables();

/// The table with its columns. Errors: Failure not_found, with the nearest name that there is
SchemaTable schema_table(std::string_view name);

void write_schema_tables(bool as_json, Output& output);
void write_schema_table(std::string_view name, bool as_json, Output& output);

}  // namespace cloudpcd::ctl
