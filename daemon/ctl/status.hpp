#pragma once
// How old the mirror is, table by table, and what is wrong with it. Read from the database alone,
// so it says the same whether the daemon runs or not: `cloudpcctl status` and the daemon's own GET
// /v1/status both give this.

#include "daemon/ctl/database.hpp"
#include "daemon/ctl/output.hpp"
#include "daemon/ctl/queue_status.hpp"
#include "daemon/ctl/row_writer.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::ctl {

/// In the order in which the first that holds is reported.
enum class Freshness {
    degraded,  ///< skipped: Graph answered 403; the reason names the permission
    never,     ///< no complete read yet
    stale,     ///< older than three intervals
    failing,   ///< fresh still, but the last read was not complete
    fresh,
};
std::string_view to_string(Freshness state) noexcept;

struct ResourceStatus {
    std::string resource;
    std::int64_t rows = 0;
    std::optional<std::string> last_complete_at;  ///< as the mirror spells times
    std::optional<std::int64_t> age_seconds;
    std::int64_t interval_seconds = 0;
    std::int64_t consecutive_failures = 0;
    std::optional<std::string> last_error;
    std::optional<std::string> degraded_reason;
    std::optional<std::string> last_outcome;  ///< of the last run

    Freshness state() const noexcept;
};

struct MirrorStatus {
    std::string at;                        ///< when this was read
    std::optional<std::string> tenant_id;  ///< absent until the daemon has written it
    std::vector<ResourceStatus> resources;
    std::int64_t quarantined = 0;
    std::int64_t drift = 0;
    std::int64_t gaps = 0;

    /// Resources whose last run ended so.
    std::int64_t last_runs(std::string_view outcome) const;
};

/// Everything at one moment. Errors: Failure database when the file is no mirror, configuration
/// when it was made by a version whose mirror this one does not understand
MirrorStatus read_status(Database& database);

/// Of one that runs.
struct DaemonStatus {
    std::int64_t pid = 0;
    std::string version;
    std::string commit;
    std::string started_at;  ///< RFC 3339
    std::int64_t uptime_seconds = 0;
    std::optional<std::string> user{};        ///< who has signed in, for what only users may do
    std::optional<std::string> user_error{};  ///< why that gives no token
};

struct StatusContext {
    std::string path;                      ///< of the mirror
    bool jobs_enabled = false;             ///< in the configuration
    std::optional<QueueStatus> queue{};    ///< absent when there is none, or it cannot be read
    std::string no_queue{};                ///< why it cannot, for people
    std::optional<DaemonStatus> daemon{};  ///< absent when it did not answer
    std::string no_daemon{};               ///< why it is absent, for people
};

/// One object; times are RFC 3339.
std::string status_json(const MirrorStatus& status, const StatusContext& context);

struct ReadStatus {
    MirrorStatus mirror;
    StatusContext context;
};

/// Reads what status_json() of this or another version made; members that are not there stay empty.
///
/// Errors: Failure failed when it is no such object
ReadStatus parse_status(std::string_view text);

void write_status(const MirrorStatus& status, const StatusContext& context, bool as_json,
                  Output& output, const TableLimits& limits);

}  // namespace cloudpcd::ctl
