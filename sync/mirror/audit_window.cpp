#include "sync/mirror/audit_window.hpp"

#include "sync/core/log.hpp"
#include "sync/mirror/records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace cloudpcd::mirror {

namespace {

using std::chrono::hours;

constexpr std::array<Duration, audit_layer_count> layer_intervals{Duration{0}, hours{1}, hours{24},
                                                                  hours{24 * 7}};

std::size_t index_of(AuditLayer layer)
{
    return static_cast<std::size_t>(layer);
}

bool is_due(const AuditState& state, AuditLayer layer, UtcTime now)
{
    const auto read_at = state.read_at[index_of(layer)];
    // A clock that was set back makes everything due: reading too much does no harm.
    return !read_at || *read_at > now || now - *read_at >= layer_intervals[index_of(layer)];
}

std::string state_key(AuditLayer layer)
{
    return fmt::format("audit_{}_read_at", to_string(layer));
}

}  // namespace

std::string_view to_string(AuditLayer layer) noexcept
{
    switch (layer) {
        case AuditLayer::cycle:
            return "cycle";
        case AuditLayer::hourly:
            return "hourly";
        case AuditLayer::daily:
            return "daily";
        case AuditLayer::weekly:
            return "weekly";
    }
    return "cycle";
}

AuditWindow plan_audit_window(const AuditState& state, UtcTime now, Duration configured_overlap,
                              AuditLayer at_least, std::optional<UtcTime> oldest)
{
    AuditWindow window{
        .overlap = std::max(configured_overlap, state.raised_overlap.value_or(Duration{0}))};
    if (!state.watermark) {
        window.since = oldest;
        return window;
    }
    window.layer = at_least;
    for (const auto layer : {AuditLayer::weekly, AuditLayer::daily, AuditLayer::hourly}) {
        if (layer > at_least && is_due(state, layer, now)) {
            window.layer = layer;
            break;
        }
    }
    switch (window.layer) {
        case AuditLayer::cycle:
            window.since = *state.watermark - std::min(cycle_overlap, window.overlap);
            break;
        case AuditLayer::hourly:
            window.since = *state.watermark - window.overlap;
            break;
        case AuditLayer::daily:
            window.since = *state.watermark - std::max(verified_range, window.overlap);
            break;
        case AuditLayer::weekly:
            break;
    }
    if (oldest)
        window.since = std::max(window.since.value_or(*oldest), *oldest);
    return window;
}

std::optional<Duration> raised_overlap(const LateEvents& late, const AuditWindow& window)
{
    const bool verifying = window.layer == AuditLayer::daily || window.layer == AuditLayer::weekly;
    if (!verifying || late.count == 0 || late.most <= window.overlap)
        return std::nullopt;
    return std::min(late.most * 2, audit_overlap_max);
}

AuditState read_audit_state(store::Database& database, std::string_view resource)
{
    AuditState state;
    state.watermark = read_time(database, resource, "watermark");
    for (std::size_t i = 0; i < audit_layer_count; ++i)
        state.read_at[i] = read_time(database, resource, state_key(static_cast<AuditLayer>(i)));
    if (const auto text = read_state(database, resource, "audit_overlap_seconds")) {
        std::int64_t seconds = 0;
        if (std::from_chars(text->data(), text->data() + text->size(), seconds).ec == std::errc{})
            state.raised_overlap = std::chrono::seconds{seconds};
    }
    return state;
}

namespace {

/// A window was read to its end: its layer and all narrower ones are up to date.
void save_layers(store::Database& database, const AuditRead& read)
{
    // The narrowest is always due, and a row that changes with every cycle would be one too many.
    for (std::size_t i = index_of(AuditLayer::hourly); i <= index_of(read.window.layer); ++i)
        write_state(database, read.table, state_key(static_cast<AuditLayer>(i)),
                    format_sql_time(read.now), read.now);
}

void move_watermark(store::Database& database, const AuditRead& read)
{
    // The bound only keeps an event that is dated in the future from dragging the watermark along.
    const std::string bound = format_sql_time(read.read_until);
    auto newest = database.prepared(
        fmt::format("SELECT max({0}) FROM {1} WHERE {0} <= ?", read.time_column, read.table));
    newest.bind(1, bound);
    if (!newest.step() || newest.is_null(0))
        return;
    const auto moved = newest.string(0);
    newest.reset();
    if (!read.state.watermark || moved > format_sql_time(*read.state.watermark))
        write_state(database, read.table, "watermark", moved, read.now);
}

LateEvents late_events(store::Database& database, const AuditRead& read, std::int64_t first_seq)
{
    const std::string watermark = format_sql_time(*read.state.watermark);
    const std::string now = format_sql_time(read.now);
    auto found = database.prepared(
        fmt::format("SELECT count(*), min({0}) FROM {1} WHERE _seq > ? AND _first_seen_at = ? "
                    "AND {0} < ?",
                    read.time_column, read.table));
    found.bind(1, first_seq).bind(2, now).bind(3, watermark);
    if (!found.step() || found.is_null(1))
        return {};
    const auto oldest = parse_sql_time(found.text(1));
    return {.count = found.integer(0),
            .most = oldest ? *read.state.watermark - *oldest : Duration{0}};
}

void record_lateness(store::Database& database, const AuditRead& read, const LateEvents& late)
{
    const std::string day = format_sql_time(read.now).substr(0, 10);
    auto row = database.prepared(
        "INSERT INTO audit_lateness (day, layer, events, seconds_max) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (day, layer) DO UPDATE SET events = events + excluded.events, "
        "seconds_max = max(seconds_max, excluded.seconds_max)");
    row.bind(1, day).bind(2, to_string(read.window.layer)).bind(3, late.count);
    row.bind(4, std::chrono::ceil<std::chrono::seconds>(late.most).count()).run();
}

void record_gap(store::Database& database, const AuditRead& read)
{
    const std::string from = format_sql_time(*read.state.watermark);
    const std::string now = format_sql_time(read.now);
    auto next = database.prepared(fmt::format("SELECT coalesce(min({0}), ?) FROM {1} WHERE {0} > ?",
                                              read.time_column, read.table));
    next.bind(1, now).bind(2, from);
    next.step();
    const auto to = next.string(0);
    next.reset();
    auto row = database.prepared(
        "INSERT INTO gaps (resource, from_time, to_time, reason, "
        "recorded_at) VALUES (?, ?, ?, ?, ?)");
    row.bind(1, read.table).bind(2, from).bind(3, to);
    row.bind(4, "the log was not read meanwhile, and no longer holds what was last read of it");
    row.bind(5, now).run();
    log::error("a part of the audit log can no longer be read; see table gaps",
               {{"resource", read.table}, {"from_time", from}, {"to_time", to}});
}

}  // namespace

bool reaches_back(store::Database& database, const AuditRead& read)
{
    if (read.first_fill || !read.state.watermark || !read.last_complete ||
        read.now - *read.last_complete < gap_absence_min)
        return true;
    // The watermark is the time of an event that is stored, so the range holds one at least.
    const std::string from = format_sql_time(*read.state.watermark - read.window.overlap);
    const std::string to = format_sql_time(*read.state.watermark);
    auto known = database.prepared(
        fmt::format("SELECT 1 FROM {1} e JOIN temp.seen s ON s.id = e.id AND s.run_id = ? "
                    "WHERE e.{0} BETWEEN ? AND ? LIMIT 1",
                    read.time_column, read.table));
    known.bind(1, read.run).bind(2, from).bind(3, to);
    return known.step();
}

void finish_audit_read(store::Database& database, const AuditRead& read, std::int64_t first_seq,
                       bool reached_back)
{
    save_layers(database, read);
    if (!read.first_fill && read.state.watermark) {
        const auto late = late_events(database, read, first_seq);
        if (late.count > 0)
            record_lateness(database, read, late);
        if (const auto raised = raised_overlap(late, read.window)) {
            const auto seconds = std::chrono::ceil<std::chrono::seconds>(*raised).count();
            write_state(database, read.table, "audit_overlap_seconds", fmt::format("{}", seconds),
                        read.now);
            log::warning("audit events came later than the overlap reaches; it is raised",
                         {{"resource", read.table},
                          {"events", late.count},
                          {"late_by", format_duration(late.most)},
                          {"overlap", format_duration(*raised)}});
        }
        if (!reached_back)
            record_gap(database, read);
    }
    move_watermark(database, read);
}

}  // namespace cloudpcd::mirror
