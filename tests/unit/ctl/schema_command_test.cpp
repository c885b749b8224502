#include "daemon/ctl/schema_command.hpp"

#include "daemon/ctl/failure.hpp"
#include "schema/catalog.hpp"
#include "tests/unit/ctl/mirror_file.hpp"
#include "tests/unit/jobs/fixture.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

using namespace cloudpcd::ctl;
using cloudpcd::ctl::test::MirrorFile;
using cloudpcd::ctl::test::run_program;

TEST_CASE("schema: every table that is listed is there, with every column")
{
    MirrorFile mirror;
    const cloudpcd::jobs::test::Queue queue;
    auto database = mirror.open();
    REQUIRE_FALSE(database.attach_jobs(queue.path));
    for (const auto& listed : schema_tables()) {
        CAPTURE(listed.name);
        CHECK_FALSE(listed.description.empty());
        std::set<std::string> actual;
        auto row = database.prepare("SELECT name FROM pragma_table_info('" + listed.name + "')");
        while (row.step())
            actual.insert(row.text(0));
        const auto table = schema_table(listed.name);
        CHECK_FALSE(table.columns.empty());
        for (const auto& column : table.columns)
            CHECK_MESSAGE(actual.contains(column.name), column.name);
    }
}

TEST_CASE("schema: every table of the catalog is listed, and of the queue")
{
    const auto tables = schema_tables();
    const auto is_listed = [&](std::string_view name) {
        return std::ranges::any_of(tables, [&](const auto& table) { return table.name == name; });
    };
    cloudpcd::jobs::test::Queue queue;
    for (const auto& name : queue.rows("SELECT name FROM sqlite_master WHERE type = 'table' "
                                       "AND name NOT IN ('schema_migrations') ORDER BY name"))
        CHECK_MESSAGE(is_listed(name), name);
    for (const auto& collection : cloudpcd::schema::catalog()) {
        CHECK(is_listed(collection.table));
        for (const auto& child : collection.children)
            CHECK(is_listed(child.table));
    }
}

TEST_CASE("schema: a column has its type, Graph's name, and the known values")
{
    const auto table = schema_table("cloud_pcs");
    const auto status = std::ranges::find(table.columns, "status", &SchemaColumn::name);
    REQUIRE(status != table.columns.end());
    CHECK(status->type == "TEXT");
    CHECK(status->property == "status");
    CHECK(std::ranges::count(status->values, "provisioned") == 1);
    CHECK(std::ranges::count(status->values, "unknownFutureValue") == 0);

    const auto ending = run_program({"schema", "cloud_pcs"});
    CHECK(ending.status == 0);
    CHECK(ending.out.find("aadDeviceId") != std::string::npos);
    CHECK(ending.out.find("inGracePeriod") != std::string::npos);
}

TEST_CASE("schema: an unknown table is not found, and the nearest one is named")
{
    for (const auto* name : {"cloud_pc", "cloudPCs", "cloudpcs"}) {
        CAPTURE(name);
        const auto ending = run_program({"schema", name});
        CHECK(ending.status == 2);
        CHECK(ending.errors.find("did you mean cloud_pcs?") != std::string::npos);
        CHECK(ending.out.empty());
    }
    const auto ending = run_program({"schema", "nothing_like_it"});
    CHECK(ending.status == 2);
    CHECK(ending.errors.find("did you mean") == std::string::npos);
}

TEST_CASE("schema: needs no configuration, and speaks JSON")
{
    auto ending = run_program({"--config", "/nowhere/at/all.toml", "schema", "--json"});
    CHECK(ending.status == 0);
    CHECK(ending.out.starts_with("[\n{\"table\":\""));
    ending = run_program({"schema", "provisioning_policy_assignments", "--json"});
    CHECK(ending.out.find(R"("parent":"provisioning_policies")") != std::string::npos);
    ending = run_program({"schema", "sync_runs", "--json"});
    CHECK(ending.out.find(R"({"column":"outcome","type":"TEXT")") != std::string::npos);
}
