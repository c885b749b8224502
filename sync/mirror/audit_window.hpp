#pragma once
// How far back a read of the audit log reaches. Events arrive late and in no order, and no source
// bounds the delay, so no single overlap is enough: every cycle reads a little, every hour more,
// every day a week, every week everything that the service still has.
// Source: Microsoft Graph "List auditEvents" documents neither order nor delay nor retention.

#include "sync/core/time.hpp"
#include "sync/store/database.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace cloudpcd::mirror {

/// From the narrowest to the widest; a wider read does for the narrower ones.
enum class AuditLayer { cycle, hourly, daily, weekly };
inline constexpr std::size_t audit_layer_count = 4;
std::string_view to_string(AuditLayer layer) noexcept;

inline constexpr Duration cycle_overlap = std::chrono::hours{1};
inline constexpr Duration verified_range = std::chrono::hours{24 * 7};
/// What a find of the verify pass can raise the overlap to.
inline constexpr Duration audit_overlap_max = verified_range;
/// A log that was not read for so long may have lost what lies between.
inline constexpr Duration gap_absence_min = std::chrono::hours{24};

/// What earlier reads left in sync_state.
struct AuditState {
    std::optional<UtcTime> watermark{};
    std::optional<Duration> raised_overlap{};
    /// When each layer was last read to its end.
    std::array<std::optional<UtcTime>, audit_layer_count> read_at{};
};

struct AuditWindow {
    AuditLayer layer = AuditLayer::weekly;
    std::optional<UtcTime> since{};  ///< nothing: the whole log
    Duration overlap{};              ///< of the hourly layer, raised or configured
};

/// Which window is due. `at_least` is the narrowest that will do (`--once`: hourly). `oldest`: what
/// is older is not kept.
AuditWindow plan_audit_window(const AuditState& state, UtcTime now, Duration configured_overlap,
                              AuditLayer at_least, std::optional<UtcTime> oldest);

/// Events that a pull inserted although they are older than the watermark it began with.
struct LateEvents {
    std::int64_t count = 0;
    Duration most{0};  ///< how far before the watermark
};

/// The overlap from now on: twice the lateness that the present one would have missed; nothing when
/// it would have missed none.
std::optional<Duration> raised_overlap(const LateEvents& late, const AuditWindow& window);

AuditState read_audit_state(store::Database& database, std::string_view resource);

/// A window that was read to its end.
struct AuditRead {
    std::string_view table;
    std::string time_column;  ///< of the events' own time
    std::int64_t run = 0;
    AuditState state{};  ///< before the read
    AuditWindow window{};
    bool first_fill = false;
    UtcTime read_until{};  ///< events that are dated later were not all visible yet
    std::optional<UtcTime> last_complete{};
    UtcTime now{};
};

/// Whether the log still holds what the last read ended with. It no longer does when nobody read it
/// for longer than the service keeps events. Asked before the rows are applied.
bool reaches_back(store::Database& database, const AuditRead& read);

/// After the rows are applied, in the same transaction: moves the watermark, to the newest event of
/// the range and never by the clock; remembers the layers; measures what came late and raises the
/// overlap; records a gap when the log did not reach back. `first_seq`: rows of the read are above.
void finish_audit_read(store::Database& database, const AuditRead& read, std::int64_t first_seq,
                       bool reached_back);

}  // namespace cloudpcd::mirror
