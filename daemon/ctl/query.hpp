#pragma once
// `cloudpcctl query`: one statement that reads.

#include "daemon/ctl/database.hpp"
#include "daemon/ctl/row_writer.hpp"

#include <cstddef>
#include <string_view>

namespace cloudpcd::ctl {

inline constexpr std::size_t sql_bytes_max = std::size_t{1} << 20U;

/// Runs `sql` and writes its rows.
///
/// Only reading is let through: neither a change of any kind, nor ATTACH, nor a PRAGMA that sets
/// something. The connection is of no use for anything else afterwards.
///
/// Shape:  one statement, at most sql_bytes_max; blanks and comments may follow it
/// Errors: Failure `failed` for what is wrong with the SQL, `database` when the file cannot be
/// read;
///         rows written until then stay written
void run_query(Database& database, std::string_view sql, RowWriter& writer);

}  // namespace cloudpcd::ctl
