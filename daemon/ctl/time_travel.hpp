#pragma once
// `cloudpcctl history` and `cloudpcctl as-of`: what an object was, and what a table was.

#include "daemon/ctl/database.hpp"
#include "daemon/ctl/row_writer.hpp"

#include <string_view>

namespace cloudpcd::ctl {

/// Every version of an object: a row per property that changed, with the audit event that explains
/// the change when one does (view v_changes says which). A version that begins or ends the object
/// is one row without property.
///
/// Errors: Failure not_found for a table that the mirror does not have, and for an id that it does
///         not know, now or before
void write_history(Database& database, std::string_view table, std::string_view id,
                   RowWriter& writer);

/// The objects of a table as they were at `time`: id, when that version began, and the object.
///
/// Shape:  a date, with or without time, that SQLite's datetime() reads; UTC
/// Errors: Failure usage for what is no such time, not_found for a table that there is not
void write_as_of(Database& database, std::string_view table, std::string_view time,
                 RowWriter& writer);

}  // namespace cloudpcd::ctl
