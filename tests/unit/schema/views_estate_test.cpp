// Reporting views of what Cloud PCs are made of, on known data.

#include "tests/unit/schema/view_rows.hpp"

#include <doctest/doctest.h>

using namespace cloudpcd::schema::test;
using Rows = std::vector<std::string>;

TEST_CASE("v_licenses: owned, assigned and free, of every source")
{
    MirrorFile mirror;
    mirror.object("service_plans", "plan", "display_name = '2vCPU'");
    mirror.object("entra_subscribed_skus", "sku",
                  "sku_part_number = 'CPC_E_2C', capability_status = 'Enabled', "
                  "prepaid_units_enabled = 10, consumed_units = 12, service_plans = "
                  R"('[{"servicePlanId":"other"},{"servicePlanId":"plan","appliesTo":"User"}]')");
    mirror.object("entra_subscribed_skus", "mail",
                  "sku_part_number = 'EXCHANGE', prepaid_units_enabled = 5, "
                  R"(service_plans = '[{"servicePlanId":"exchange"}]')");
    mirror.object("managed_licenses", "m",
                  "display_name = 'Frontline 2vCPU', license_type = 'frontline', "
                  "status = 'enabled', service_plan_id = 'fplan', licenses_count = 20, "
                  "assigned_count = 5, allotment_licenses_count = 3, "
                  "expiration_date_time = '1970-01-02 00:00:00.000'");
    mirror.object("front_line_service_plans", "fplan",
                  "display_name = 'Frontline', total_count = 7, used_count = 7");
    mirror.object("cloud_pcs", "a", "service_plan_id = 'plan'");
    mirror.object("cloud_pcs", "b", "service_plan_id = 'plan'");
    mirror.object("cloud_pcs", "c", "service_plan_id = 'fplan'");
    CHECK(view_rows(mirror, "v_licenses",
                    "source, license_id, name, license_type, service_plan_id, owned, assigned, "
                    "free, allotted, expires_epoch, cloud_pcs") ==
          Rows{"entra_subscribed_skus|sku|CPC_E_2C|user|plan|10|12|-2|-|-|2",
               "front_line_service_plans|fplan|Frontline|frontline|fplan|7|7|0|-|-|1",
               "managed_licenses|m|Frontline 2vCPU|frontline|fplan|20|5|15|3|86400|1"});
}

TEST_CASE("v_policy_assignments: groups with their names, and policies without a group")
{
    MirrorFile mirror;
    const auto p = mirror.object("provisioning_policies", "p", "display_name = 'Sales'");
    mirror.object("provisioning_policies", "q", "display_name = 'Nobody'");
    mirror.member("provisioning_policy_assignments", p, 0, "id = 'p_g', target_group_id = 'g'");
    mirror.member("provisioning_policy_assignments", p, 1,
                  "id = 'p_h', target_group_id = 'unknown', target_service_plan_id = 's', "
                  "target_allotment_display_name = 'Nurses', target_allotment_licenses_count = 4");
    mirror.object("entra_groups", "g", "display_name = 'All of Sales'");
    mirror.object("entra_group_members", "g_1", "group_id = 'g', member_type = 'user'");
    mirror.object("entra_group_members", "g_2", "group_id = 'g', member_type = 'user'");
    mirror.object("entra_group_members", "g_3", "group_id = 'g', member_type = 'device'");
    mirror.object("entra_group_members", "h_1", "group_id = 'h', member_type = 'user'");
    mirror.object("cloud_pcs", "a", "provisioning_policy_id = 'p'");
    CHECK(view_rows(mirror, "v_policy_assignments",
                    "policy_name, assignment_id, group_id, group_name, group_users, "
                    "service_plan_id, allotment_display_name, allotment_licenses, "
                    "policy_cloud_pcs") == Rows{"Nobody|-|-|-|-|-|-|-|0",
                                                "Sales|p_g|g|All of Sales|2|-|-|-|1",
                                                "Sales|p_h|unknown|-|-|s|Nurses|4|1"});
}

TEST_CASE("v_connection_problems: checks that are not passed, and what uses the connection")
{
    MirrorFile mirror;
    const auto o = mirror.object("on_premises_connections", "o",
                                 "display_name = 'HQ', health_check_status = 'failed'");
    const auto fine = mirror.object("on_premises_connections", "f", "display_name = 'Branch'");
    constexpr auto checks = "on_premises_connection_health_checks";
    mirror.member(checks, o, 0, "display_name = 'DNS', status = 'passed'");
    mirror.member(
        checks, o, 1,
        "display_name = 'Join', status = 'failed', error_type = 'adJoinCheckAccessDenied',"
        " recommended_action = 'Do', end_date_time = '1970-01-02 00:00:00.000'");
    mirror.member(checks, o, 2, "display_name = 'Addresses', status = 'warning'");
    mirror.member(checks, o, 3, "display_name = 'Later', status = 'running'");
    mirror.member(checks, fine, 0, "display_name = 'DNS', status = 'passed'");
    mirror.object("provisioning_policies", "p",
                  "domain_join_configurations = '[{\"onPremisesConnectionId\":\"o\"},"
                  "{\"onPremisesConnectionId\":\"o\",\"regionName\":\"x\"}]'");
    mirror.object("provisioning_policies", "q", "domain_join_configurations = '[]'");
    mirror.object("cloud_pcs", "a", "on_premises_connection_name = 'HQ'");
    mirror.object("cloud_pcs", "b",
                  "on_premises_connection_name = 'HQ', "
                  "connectivity_result_status = 'unavailable'");
    mirror.object("cloud_pcs", "c", "on_premises_connection_name = 'Branch'");
    mirror.object("cloud_pcs", "d", "on_premises_connection_name = ''");
    CHECK(view_rows(mirror, "v_connection_problems",
                    "connection_name, connection_status, check_name, check_status, error_type, "
                    "recommended_action, checked_epoch, policies, cloud_pcs, "
                    "cloud_pcs_unavailable") ==
          Rows{"HQ|failed|Addresses|warning|-|-|-|1|2|1",
               "HQ|failed|Join|failed|adJoinCheckAccessDenied|Do|86400|1|2|1"});
}

TEST_CASE("v_images: support, expiry and use, of the tenant's images and the gallery's")
{
    MirrorFile mirror;
    mirror.object("device_images", "c1",
                  "display_name = 'Own', version = '1', status = 'ready', os_status = 'supported', "
                  "expiration_date = date('now', '+10 days')");
    mirror.object(
        "device_images", "c2",
        "display_name = 'Broken', status = 'failed', error_code = 'osVersionNotSupported'");
    mirror.object("gallery_images", "g1",
                  "display_name = 'Windows 11', status = 'supportedWithWarning', size_in_gb = 64, "
                  "end_date = '2025-10-14', expiration_date = '1970-01-02'");
    mirror.object("provisioning_policies", "p", "display_name = 'P', image_id = 'c1'");
    mirror.object("provisioning_policies", "q", "display_name = 'Q', image_id = 'g1'");
    mirror.object("provisioning_policies", "r", "display_name = 'R', image_id = 'g1'");
    mirror.object("cloud_pcs", "a", "provisioning_policy_id = 'q', image_display_name = 'Own'");
    mirror.object("cloud_pcs", "b", "provisioning_policy_id = 'r', image_display_name = 'Own'");
    mirror.object("cloud_pcs", "c",
                  "provisioning_policy_id = 'r', image_display_name = 'Windows 11'");
    CHECK(view_rows(mirror, "v_images",
                    "kind, image_id, display_name, version, upload_status, upload_error, "
                    "support_state, support_end_date, policies, policy_cloud_pcs, cloud_pcs") ==
          Rows{"custom|c1|Own|1|ready|-|supported|-|1|0|2",
               "custom|c2|Broken|-|failed|osVersionNotSupported|-|-|0|0|0",
               "gallery|g1|Windows 11|-|-|-|supportedWithWarning|2025-10-14|2|3|1"});
    CHECK(mirror.rows("SELECT image_id, policy_names FROM v_images WHERE policies = 1") ==
          Rows{"c1|P"});
    CHECK(mirror.rows("SELECT count(*) FROM v_images WHERE policy_names IN ('Q, R', 'R, Q')") ==
          Rows{"1"});
    CHECK(mirror.rows("SELECT image_id, days_left FROM v_images WHERE days_left > 0") ==
          Rows{"c1|10"});
    CHECK(mirror.rows("SELECT image_id, expiration_epoch FROM v_images WHERE days_left < 0") ==
          Rows{"g1|86400"});
}

TEST_CASE("v_snapshot_coverage: how many, the newest, the oldest, and machines without any")
{
    MirrorFile mirror;
    mirror.object("cloud_pcs", "a", "display_name = 'A'");
    mirror.object("cloud_pcs", "b", "display_name = 'B'");
    constexpr auto hours_ago =
        "cloud_pc_id = 'a', snapshot_type = 'automatic', "
        "created_date_time = "
        "strftime('%Y-%m-%d %H:%M:%f', 'now', '-30 hours')";
    mirror.object("snapshots", "s1", hours_ago);
    mirror.object("snapshots", "s2",
                  "cloud_pc_id = 'a', snapshot_type = 'manual', health_check_status = 'unhealthy', "
                  "created_date_time = '1970-01-02 00:00:00.000'");
    mirror.object("snapshots", "s3",
                  "cloud_pc_id = 'gone', created_date_time = '1970-01-02 00:00:00.000'");
    CHECK(view_rows(mirror, "v_snapshot_coverage",
                    "cloud_pc_id, snapshots, manual_snapshots, unhealthy_snapshots, oldest_at, "
                    "oldest_epoch, newest_age_hours") ==
          Rows{"a|2|1|1|1970-01-02 00:00:00.000|86400|30.0", "b|0|0|0|-|-|-"});
}
