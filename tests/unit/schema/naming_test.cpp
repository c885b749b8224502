#include "schema/catalog.hpp"

#include <doctest/doctest.h>

#include <string_view>

using namespace cloudpcd::schema;

TEST_CASE("naming: a property becomes a column by one rule")
{
    struct Example {
        std::string_view property;
        std::string_view column;
    };
    constexpr Example examples[] = {
        {"id", "id"},
        {"aadDeviceId", "aad_device_id"},
        {"sizeInGB", "size_in_gb"},
        {"ramInGB", "ram_in_gb"},
        {"azureADDeviceId", "azure_ad_device_id"},
        {"enableMEMAutoEnroll", "enable_mem_auto_enroll"},
        {"cloudPcIds", "cloud_pc_ids"},
        {"scopeIds", "scope_ids"},
        {"osVersion", "os_version"},
        {"vCpuCount", "v_cpu_count"},
        {"inUseByCloudPc", "in_use_by_cloud_pc"},
        {"onPremisesConnections", "on_premises_connections"},
        // a plural s belongs to the run of capitals, any other letter begins a word with its last
        // one
        {"cloudPCs", "cloud_pcs"},
        {"userIDs", "user_ids"},
        {"cloudPCsList", "cloud_pcs_list"},
        {"cPURestricted", "c_pu_restricted"},
        {"userUPNsuffix", "user_up_nsuffix"},
        {"HTTPServer", "http_server"},
        {"isAService", "is_a_service"},
        // digits belong to the word before them
        {"windows365Setting", "windows365_setting"},
        {"agentSha256", "agent_sha256"},
        {"sizeInGB2Max", "size_in_gb2_max"},
        // complex values and annotations
        {"lastLoginResult.time", "last_login_result_time"},
        {"statusDetail.code", "status_detail_code"},
        {"regionRestrictionDetail.cPURestricted", "region_restriction_detail_c_pu_restricted"},
        {"@odata.type", "odata_type"},
        {"target.@odata.type", "target_odata_type"},
        {"", ""},
    };
    for (const auto& [property, column] : examples)
        CHECK(column_name(property) == column);
}

TEST_CASE("naming: tables are called after their collection")
{
    for (const auto& entry : catalog()) {
        if (entry.table == "source_device_images" || entry.table == "audit_activity_types")
            continue;  // functions, named for what they return
        if (!entry.links.owner.empty())
            continue;  // no collection of its own
        // Outside deviceManagement/virtualEndpoint the service stands in front.
        const std::string_view service = entry.group == Group::intune  ? "intune_"
                                         : entry.group == Group::entra ? "entra_"
                                                                       : "";
        CHECK(std::string{service} + column_name(entry.path.substr(entry.path.rfind('/') + 1)) ==
              entry.table);
    }
}

TEST_CASE("naming: declared types are those that drivers go by")
{
    CHECK(declared_type(ColumnType::text) == "TEXT");
    CHECK(declared_type(ColumnType::text_nocase) == "TEXT COLLATE NOCASE");
    CHECK(declared_type(ColumnType::boolean) == "BOOLEAN");
    CHECK(declared_type(ColumnType::integer) == "INTEGER");
    CHECK(declared_type(ColumnType::real) == "REAL");
    CHECK(declared_type(ColumnType::timestamp) == "TIMESTAMP");
    CHECK(declared_type(ColumnType::date) == "DATE");
    CHECK(declared_type(ColumnType::json) == "TEXT");
}
