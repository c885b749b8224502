#pragma once
// Times: one wall-clock type, and the four spellings the daemon meets.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace cloudpcd {

using Duration = std::chrono::milliseconds;
/// Wall clock, UTC, the resolution that the database stores.
using UtcTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// Reads an Edm.DateTimeOffset.
///
/// Shape:  `2021-02-14T13:10:51.814636+08:00`: 0-12 fraction digits (cut to milliseconds), `Z`, an
///         offset, or no zone (UTC). Upper and lower case `T`/`Z`. A bare date is midnight UTC.
/// Errors: nullopt for anything else, days that do not exist, and Graph's `0001-01-01…` for "never"
std::optional<UtcTime> parse_graph_time(std::string_view text) noexcept;

/// Reads what format_sql_time wrote (`YYYY-MM-DD HH:MM:SS.sss`; the fraction may be missing).
std::optional<UtcTime> parse_sql_time(std::string_view text) noexcept;

/// Reads the three date forms of RFC 9110 section 5.6.7 (IMF-fixdate, RFC 850, asctime).
std::optional<UtcTime> parse_http_date(std::string_view text) noexcept;

/// `YYYY-MM-DD HH:MM:SS.sss`, UTC: what SQLite's own functions write and compare.
std::string format_sql_time(UtcTime time);

/// `YYYY-MM-DDTHH:MM:SS.sssZ` for Graph filters, logs and the control API.
std::string format_rfc3339(UtcTime time);

/// True for an existing day written `YYYY-MM-DD` (an Edm.Date) that is not Graph's `0001-01-01`.
bool is_date(std::string_view text) noexcept;

/// For people: `850ms`, `42s`, `5m`, `3h`.
std::string format_duration(Duration duration);

}  // namespace cloudpcd
