#pragma once
// Times as Graph writes and reads them.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace graphsim {

using TimePoint = std::chrono::sys_time<std::chrono::milliseconds>;

TimePoint system_now();

/// `2026-03-01T08:00:00Z`, with `digits` (0-7) of fraction; digits past the third come from `salt`.
std::string rfc3339(TimePoint time, int digits = 0, unsigned salt = 0);

/// `2026-03-01T16:00:00.123+08:00`.
std::string rfc3339_with_offset(TimePoint time, std::chrono::minutes offset);

/// `2026-03-01`.
std::string edm_date(TimePoint time);

/// IMF-fixdate of RFC 9110, for headers.
std::string http_date(TimePoint time);

/// Ticks of 100 ns since 1970, the resolution of Edm.DateTimeOffset(7). Takes 0-12 fraction digits
/// and any offset; a bare date is its midnight. Nothing for text that names no instant.
std::optional<std::int64_t> parse_ticks(std::string_view text) noexcept;

}  // namespace graphsim
