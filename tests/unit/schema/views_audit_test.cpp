// Reporting views of what was done, on known data.

#include "tests/unit/schema/view_rows.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace cloudpcd::schema::test;
using Rows = std::vector<std::string>;

namespace {

constexpr auto resources = "audit_event_resources";
constexpr auto properties = "audit_event_modified_properties";

/// An event that names one Cloud PC, so many minutes from where the version of seq 3600 began.
void event(MirrorFile& mirror, std::string_view id, int minutes, std::string_view cloud_pc)
{
    const auto key = mirror.object(
        "audit_events", id,
        fmt::format("activity_date_time = "
                    "strftime('%Y-%m-%d %H:%M:%f', '2026-01-01 00:59:00', '{} minutes'), "
                    "activity_type = 'Type of {}', actor_user_principal_name = 'admin@b'",
                    minutes, id));
    mirror.member(resources, key, 0, fmt::format("resource_id = '{}'", cloud_pc));
}

constexpr std::int64_t seq = 59 * 60;  // its time is 2026-01-01 00:59:00

}  // namespace

TEST_CASE("v_audit: one row per event, resource and modified property")
{
    MirrorFile mirror;
    const auto e = mirror.object(
        "audit_events", "e",
        "activity_date_time = '1970-01-02 00:00:00.000', activity_type = 'Patch policy', "
        "activity_operation_type = 'patch', activity_result = 'success', "
        "actor_user_principal_name = 'admin@b', actor_application_display_name = 'Portal', "
        "correlation_id = 'k'");
    mirror.member(resources, e, 0, "resource_id = 'p', type = 'Policy', display_name = 'Sales'");
    mirror.member(properties, e, 0,
                  "display_name = 'Image', old_value = '22H2', new_value = '24H2'");
    mirror.member(properties, e, 1, "display_name = 'Locale', new_value = 'de-DE'");
    mirror.member(resources, e, 1, "resource_id = 'q', resource_type = 'Other', type = 'Older'");
    mirror.object("audit_events", "f", "actor_service_principal_name = 'robot'");
    CHECK(view_rows(mirror, "v_audit",
                    "event_id, activity_epoch, operation, result, actor, actor_application, "
                    "resource_id, resource_type, resource_name, property, old_value, new_value, "
                    "correlation_id") ==
          Rows{"e|86400|patch|success|admin@b|Portal|p|Policy|Sales|Image|22H2|24H2|k",
               "e|86400|patch|success|admin@b|Portal|p|Policy|Sales|Locale|-|de-DE|k",
               "e|86400|patch|success|admin@b|Portal|q|Other|-|-|-|-|k",
               "f|-|-|-|robot|robot|-|-|-|-|-|-|-"});
}

TEST_CASE("v_changes: the event closest in time that names the object explains the change")
{
    MirrorFile mirror;
    mirror.version("cloud_pcs", "a", seq - 1, seq, "update", "1");
    mirror.row("cloud_pcs", "a", seq, "2");
    event(mirror, "early", -29, "a");
    event(mirror, "closest", -3, "a");
    event(mirror, "after", 4, "a");
    event(mirror, "other", 0, "b");
    CHECK(mirror.rows("SELECT seq, at_epoch, resource, id, op, event_id, event_activity_type, "
                      "event_actor, before, after FROM v_changes WHERE seq = 3540") ==
          Rows{"3540|1767229140|cloud_pcs|a|update|closest|Type of closest|admin@b|1|2"});
    CHECK(view_rows(mirror, "v_changes", "resource, op, event_id").size() == 6);
}

TEST_CASE("v_changes: no event, or none near enough, explains nothing")
{
    MirrorFile mirror;
    mirror.row("cloud_pcs", "a", seq, "1");
    mirror.row("cloud_pcs", "b", seq + 1, "1");
    event(mirror, "long_before", -31, "a");
    event(mirror, "long_after", 6, "a");
    CHECK(mirror.rows("SELECT id, op, event_id, event_actor FROM v_changes "
                      "WHERE resource = 'cloud_pcs' ORDER BY seq") ==
          Rows{"a|insert|-|-", "b|insert|-|-"});
}
