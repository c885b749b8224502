#pragma once
// The mirror held against the tenant: every table, every row, every property.

#include "tests/simulator/tenant.hpp"

#include <SQLiteCpp/Database.h>

#include <string>
#include <vector>

namespace cloudpcd::test {

/// At most so many differences are told.
inline constexpr std::size_t differences_max = 20;

/// How the mirror differs from what the tenant's lists show now: ids, `raw`, columns by the rule of
/// docs/sql.md, child tables, memberships. Empty when it does not. Audit events may be more than
/// the tenant's; tables that `freshness` does not name are not looked at.
std::vector<std::string> differences(SQLite::Database& mirror, const graphsim::Tenant& tenant);

/// How the tables differ from what the view `changes` makes of nothing, played from the start.
std::vector<std::string> replay_differences(SQLite::Database& mirror);

/// One text of everything a reader can see of the resource tables, child tables and history.
std::string fingerprint(SQLite::Database& mirror);

/// First column of the first row.
std::string one(SQLite::Database& mirror, const std::string& sql);

}  // namespace cloudpcd::test
