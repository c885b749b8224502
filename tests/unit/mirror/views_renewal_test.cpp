// A mirror that an older or newer version made has this version's views and indexes once opened.

#include "schema/views.hpp"
#include "sync/mirror/mirror_database.hpp"
#include "tests/simulation/virtual_clock.hpp"
#include "tests/unit/store/fixture.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>

using namespace cloudpcd;
using namespace cloudpcd::mirror;

namespace {

constexpr auto tenant = "11111111-2222-3333-4444-555555555555";

std::map<std::string, std::string> views(store::Database& database)
{
    std::map<std::string, std::string> found;
    auto row = database.prepared(
        "SELECT name, sql FROM sqlite_master WHERE type = 'view' AND name <> 'freshness'");
    while (row.step())
        found[row.string(0)] = row.string(1);
    return found;
}

std::map<std::string, std::string> shipped_views()
{
    std::map<std::string, std::string> shipped;
    for (const auto& view : schema::mirror_views())
        shipped[view.name] = view.sql;
    return shipped;
}

}  // namespace

TEST_CASE("views: a new mirror has every view")
{
    store::test::TemporaryDirectory directory;
    simulation::VirtualClock clock;
    auto database = open_mirror(directory.path() / "mirror.db", tenant, clock);
    CHECK(views(database) == shipped_views());
}

TEST_CASE("views: another version's are replaced, made and dropped, users see no moment between")
{
    store::test::TemporaryDirectory directory;
    simulation::VirtualClock clock;
    const auto path = directory.path() / "mirror.db";
    {
        auto database = open_mirror(path, tenant, clock);
        for (const auto* statement :
             {"DROP VIEW changes", "CREATE VIEW changes AS SELECT 1 AS seq", "DROP VIEW v_fleet",
              "DROP VIEW v_audit", "CREATE VIEW v_audit AS SELECT 1 AS event_id",
              "CREATE VIEW v_withdrawn AS SELECT * FROM v_audit",
              "CREATE VIEW vacation AS SELECT 1 AS day",
              "DROP INDEX audit_event_resources_resource_id",
              "DROP INDEX entra_users_user_principal_name"})
            database.execute(statement);
    }
    auto database = open_mirror(path, tenant, clock);
    auto expected = shipped_views();
    expected["vacation"] = "CREATE VIEW vacation AS SELECT 1 AS day";  // no name of ours
    CHECK(views(database) == expected);
    CHECK(store::test::value(database,
                             "SELECT count(*) FROM sqlite_master WHERE name IN "
                             "('audit_event_resources_resource_id', "
                             "'entra_users_user_principal_name')") == "2");
}

TEST_CASE("views: opening a mirror of this version makes nothing anew")
{
    store::test::TemporaryDirectory directory;
    simulation::VirtualClock clock;
    const auto path = directory.path() / "mirror.db";
    const auto schema_changes = [&] {
        auto database = open_mirror(path, tenant, clock);
        return store::test::value(database, "PRAGMA schema_version");
    };
    const auto first = schema_changes();
    CHECK(schema_changes() == first);
}
