#include "sync/mirror/audit_window.hpp"

#include <doctest/doctest.h>

using namespace cloudpcd;
using namespace cloudpcd::mirror;
using std::chrono::hours;
using std::chrono::minutes;

namespace {

const UtcTime now = parse_sql_time("2026-11-27 12:00:00.000").value();
constexpr hours day{24};

AuditState read_at(Duration hourly_ago, Duration daily_ago, Duration weekly_ago)
{
    AuditState state;
    state.watermark = now - minutes{5};
    state.read_at = {std::nullopt, now - hourly_ago, now - daily_ago, now - weekly_ago};
    return state;
}

AuditWindow plan(const AuditState& state, AuditLayer at_least = AuditLayer::cycle,
                 std::optional<UtcTime> oldest = std::nullopt)
{
    return plan_audit_window(state, now, day, at_least, oldest);
}

}  // namespace

TEST_CASE("audit window: without a watermark the whole log is read")
{
    CHECK_FALSE(plan({}).since);
    CHECK(plan({}).layer == AuditLayer::weekly);
}

TEST_CASE("audit window: each layer is due when its interval has passed, the widest first")
{
    const auto fresh = plan(read_at(minutes{59}, hours{23}, hours{160}));
    CHECK(fresh.layer == AuditLayer::cycle);
    CHECK(fresh.since == now - minutes{5} - hours{1});
    const auto hourly = plan(read_at(minutes{60}, hours{23}, hours{160}));
    CHECK(hourly.layer == AuditLayer::hourly);
    CHECK(hourly.since == now - minutes{5} - day);
    const auto daily = plan(read_at(minutes{10}, hours{24}, hours{160}));
    CHECK(daily.layer == AuditLayer::daily);
    CHECK(daily.since == now - minutes{5} - 7 * day);
    const auto weekly = plan(read_at(hours{2}, hours{30}, 7 * day));
    CHECK(weekly.layer == AuditLayer::weekly);
    CHECK_FALSE(weekly.since);
}

TEST_CASE("audit window: a read that nobody follows reaches over the overlap at least")
{
    CHECK(plan(read_at(minutes{1}, minutes{1}, minutes{1}), AuditLayer::hourly).layer ==
          AuditLayer::hourly);
    CHECK(plan(read_at(minutes{1}, hours{25}, minutes{1}), AuditLayer::hourly).layer ==
          AuditLayer::daily);
}

TEST_CASE("audit window: a clock that was set back makes every layer due")
{
    CHECK(plan(read_at(minutes{1}, minutes{1}, -hours{1})).layer == AuditLayer::weekly);
}

TEST_CASE("audit window: what is older than it is kept is not read")
{
    const auto oldest = now - 3 * day;
    CHECK(plan(read_at(minutes{1}, hours{24}, minutes{1}), AuditLayer::cycle, oldest).since ==
          oldest);
    CHECK(plan(read_at(minutes{1}, minutes{1}, 7 * day), AuditLayer::cycle, oldest).since ==
          oldest);
    CHECK(plan({}, AuditLayer::cycle, oldest).since == oldest);
}

TEST_CASE("audit window: only a find that the overlap would have missed raises it")
{
    const LateEvents late{.count = 1, .most = hours{40}};
    const AuditWindow daily{.layer = AuditLayer::daily, .since = now, .overlap = day};
    CHECK(raised_overlap(late, daily) == hours{80});
    CHECK_FALSE(raised_overlap({.count = 1, .most = hours{24}}, daily));
    CHECK_FALSE(raised_overlap({}, daily));
    auto hourly = daily;
    hourly.layer = AuditLayer::hourly;
    CHECK_FALSE(raised_overlap(late, hourly));
    CHECK(raised_overlap({.count = 1, .most = hours{160}}, daily) == audit_overlap_max);

    auto raised = read_at(hours{2}, minutes{1}, minutes{1});
    raised.raised_overlap = hours{80};
    CHECK(plan(raised).since == now - minutes{5} - hours{80});
    raised.raised_overlap = hours{2};  // never below what is configured
    CHECK(plan(raised).since == now - minutes{5} - day);
}
