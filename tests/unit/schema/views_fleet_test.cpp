// Reporting views of Cloud PCs, on known data.

#include "tests/unit/schema/view_rows.hpp"

#include <doctest/doctest.h>

using namespace cloudpcd::schema::test;
using Rows = std::vector<std::string>;

namespace {

/// A time as the mirror has it, `shift` from now.
std::string now(std::string_view shift)
{
    return "strftime('%Y-%m-%d %H:%M:%f', 'now', '" + std::string{shift} + "')";
}

}  // namespace

TEST_CASE("v_cloud_pcs: a machine beside its device, its user and its policy")
{
    MirrorFile mirror;
    mirror.object("provisioning_policies", "p", "display_name = 'Renamed'");
    mirror.object("intune_managed_devices", "d",
                  "serial_number = 'S1', compliance_state = 'compliant', azure_ad_device_id = 'e', "
                  "last_sync_date_time = '2026-02-03 04:05:06.789', "
                  "free_storage_space_in_bytes = 42");
    mirror.object("entra_users", "u",
                  "user_principal_name = 'Alice@contoso.com', "
                  "department = 'Sales', account_enabled = 1");
    // For a moment two users may have one name; there is one row all the same.
    mirror.object("entra_users", "v", "user_principal_name = 'alice@contoso.com'");
    mirror.object("cloud_pcs", "a",
                  "status = 'provisioned', user_principal_name = 'alice@contoso.com', "
                  "managed_device_id = 'd', provisioning_policy_id = 'p', "
                  "provisioning_policy_name = 'Old', "
                  "provisioned_date_time = '1970-01-02 00:00:00.000'");
    mirror.object("cloud_pcs", "b",
                  "provisioning_policy_id = 'gone', provisioning_policy_name = 'Was'");
    CHECK(view_rows(mirror, "v_cloud_pcs",
                    "cloud_pc_id, status, policy_name, user_id, user_department, "
                    "user_account_enabled, device_id, device_serial_number, device_entra_id, "
                    "device_last_sync_epoch, device_free_storage_bytes, provisioned_epoch") ==
          Rows{"a|provisioned|Renamed|u|Sales|1|d|S1|e|1770091506|42|86400",
               "b|-|Was|-|-|-|-|-|-|-|-|-"});
}

TEST_CASE("v_fleet: machines are counted by status and plan")
{
    MirrorFile mirror;
    mirror.object("cloud_pcs", "a",
                  "status = 'provisioned', service_plan_id = 's', service_plan_name = 'Small', "
                  "connectivity_result_status = 'inUse'");
    mirror.object("cloud_pcs", "b",
                  "status = 'provisioned', service_plan_id = 's', service_plan_name = 'Small', "
                  "connectivity_result_status = 'unavailable'");
    mirror.object("cloud_pcs", "c", "status = 'provisioned', service_plan_id = 'l'");
    mirror.object("cloud_pcs", "d", "status = 'failed', service_plan_id = 's'");
    CHECK(view_rows(mirror, "v_fleet",
                    "status, service_plan_id, service_plan_name, cloud_pcs, unavailable, "
                    "in_use") ==
          Rows{"failed|s|-|1|0|0", "provisioned|l|-|1|0|0", "provisioned|s|Small|2|1|1"});
}

TEST_CASE("v_grace_ending: only machines in their grace period, with the hours that are left")
{
    MirrorFile mirror;
    mirror.object("entra_users", "u", "user_principal_name = 'a@b', account_enabled = 0");
    mirror.object("cloud_pcs", "a",
                  "status = 'inGracePeriod', user_principal_name = 'A@b', "
                  "grace_period_end_date_time = " +
                      now("+36 hours"));
    mirror.object("cloud_pcs", "b",
                  "status = 'inGracePeriod', grace_period_end_date_time = " + now("-90 minutes"));
    mirror.object("cloud_pcs", "c", "status = 'inGracePeriod'");
    mirror.object("cloud_pcs", "d",
                  "status = 'provisioned', grace_period_end_date_time = " + now("+1 hours"));
    CHECK(view_rows(mirror, "v_grace_ending", "cloud_pc_id, hours_left, user_account_enabled") ==
          Rows{"a|36.0|0", "b|-1.5|-", "c|-|-"});
    CHECK(mirror.rows("SELECT count(*) FROM v_grace_ending WHERE abs(grace_period_end_epoch - "
                      "strftime('%s', 'now', '+36 hours')) < 60") == Rows{"1"});
}

TEST_CASE("v_failed: since the first version of the present streak")
{
    constexpr auto failed = R"({"status":"failed"})";
    constexpr auto good = R"({"status":"provisioned"})";
    constexpr auto set = "status = 'failed', status_detail_code = 'internalServerError'";
    MirrorFile mirror;
    // Failed, recovered, failed again, and changed since without recovering.
    mirror.version("cloud_pcs", "a", 1, 2, "update", failed);
    mirror.version("cloud_pcs", "a", 2, 5, "update", good);
    mirror.version("cloud_pcs", "a", 5, 7, "update", failed);
    mirror.version("cloud_pcs", "a", 7, 9, "update", failed);
    mirror.row("cloud_pcs", "a", 9, failed);
    // Failed now for the first time.
    mirror.version("cloud_pcs", "b", 3, 11, "update", good);
    mirror.row("cloud_pcs", "b", 11, failed);
    // As far back as is known.
    mirror.version("cloud_pcs", "c", 4, 12, "update", failed);
    mirror.row("cloud_pcs", "c", 12, failed);
    mirror.row("cloud_pcs", "d", 13, failed);
    // Was failed, went, and came back as failed: two machines, as it were.
    mirror.version("cloud_pcs", "e", 6, 14, "delete", failed);
    mirror.version("cloud_pcs", "e", 16, 17, "update", failed);
    mirror.row("cloud_pcs", "e", 17, failed);
    mirror.database().exec(std::string{"UPDATE cloud_pcs SET "} + set);
    mirror.row("cloud_pcs", "f", 20, good);
    // Another table's history is none of its.
    mirror.version("snapshots", "d", 8, 10, "update", good);
    CHECK(view_rows(mirror, "v_failed",
                    "cloud_pc_id, failed_since, failed_since_epoch, beginning_seen, "
                    "status_detail_code") ==
          Rows{"a|2026-01-01 00:00:05.000|1767225605|1|internalServerError",
               "b|2026-01-01 00:00:11.000|1767225611|1|internalServerError",
               "c|2026-01-01 00:00:04.000|1767225604|0|internalServerError",
               "d|2026-01-01 00:00:13.000|1767225613|0|internalServerError",
               "e|2026-01-01 00:00:16.000|1767225616|1|internalServerError"});
    CHECK(mirror.rows("SELECT count(*) FROM v_failed WHERE abs(hours_failed - (julianday('now') - "
                      "julianday('2026-01-01')) * 24) < 1") == Rows{"5"});
}

TEST_CASE("v_unused: days since the last use, never used ones since they were provisioned")
{
    MirrorFile mirror;
    const auto at = [&](std::string_view id, const std::string& set) {
        mirror.object("cloud_pcs", id, "provisioned_date_time = " + now("-100 days") + set);
    };
    const auto login = ", last_login_result_time = ";
    const auto logoff = ", last_logoff_date_time = ";
    at("a", login + now("-40 days") + logoff + now("-39 days"));
    at("b", login + now("-10 days") + logoff + now("-30 days"));
    at("c", login + now("-50 days"));  // signed in, and not off again
    at("d", "");
    at("e", ", connectivity_result_status = 'inUse'");
    at("f", logoff + now("-7 days"));
    mirror.object("cloud_pcs", "g", "status = 'provisioning'");
    mirror.object("cloud_pcs", "h", "provisioned_date_time = " + now("+1 hours"));
    CHECK(view_rows(mirror, "v_unused", "cloud_pc_id, days_unused, never_used, session_open") ==
          Rows{"a|39|0|0", "b|10|0|0", "c|0|0|1", "d|100|1|0", "e|0|0|1", "f|7|0|0", "g|-|1|0",
               "h|0|1|0"});
    CHECK(mirror.rows("SELECT cloud_pc_id, last_used_at IS NULL, last_used_epoch IS NULL "
                      "FROM v_unused WHERE last_used_at IS NULL ORDER BY 1") ==
          Rows{"d|1|1", "e|1|1", "g|1|1", "h|1|1"});
}

TEST_CASE("v_orphans: what lacks a device or an able user, and why")
{
    MirrorFile mirror;
    mirror.object("intune_managed_devices", "d");
    mirror.object("entra_users", "u", "user_principal_name = 'on@b', account_enabled = 1");
    mirror.object("entra_users", "v", "user_principal_name = 'off@b', account_enabled = 0");
    const auto provisioned = [&](std::string_view id, const std::string& set) {
        mirror.object("cloud_pcs", id, "status = 'provisioned', " + set);
    };
    provisioned("a", "managed_device_id = 'd', user_principal_name = 'ON@b'");
    provisioned("b", "managed_device_id = NULL, user_principal_name = 'on@b'");
    provisioned("c", "service_plan_type = 'business', user_principal_name = 'on@b'");
    provisioned("d", "managed_device_id = 'gone', user_principal_name = 'off@b'");
    provisioned("e", "managed_device_id = 'd', user_principal_name = 'nobody@b'");
    provisioned("f", "managed_device_id = 'd', user_principal_name = NULL");
    mirror.object("cloud_pcs", "g", "status = 'provisioning', user_principal_name = 'on@b'");
    const auto problems = [&] { return view_rows(mirror, "v_orphans", "cloud_pc_id, problem"); };

    // Nothing is missing from what was never read.
    CHECK(problems() == Rows{"b|no_device", "d|user_disabled"});
    mirror.complete("intune_managed_devices");
    CHECK(problems() == Rows{"b|no_device", "d|device_missing", "d|user_disabled"});
    mirror.complete("entra_users");
    CHECK(problems() ==
          Rows{"b|no_device", "d|device_missing", "d|user_disabled", "e|user_missing"});
    // A machine that changed after the device table was read may have a device that is not there
    // yet.
    mirror.database().exec("UPDATE cloud_pcs SET _changed_at = datetime('now', '+1 minutes')");
    CHECK(problems() == Rows{"b|no_device", "d|user_disabled"});
}
