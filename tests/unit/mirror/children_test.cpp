// Child tables always say what the parent's raw says.

#include "tests/unit/mirror/fixture.hpp"

#include <doctest/doctest.h>

using namespace cloudpcd;
using namespace cloudpcd::mirror;
using namespace cloudpcd::mirror::test;

namespace {

constexpr auto assignments =
    "SELECT p.id, c.position, c.id, c.target_odata_type, c.target_group_id "
    "FROM user_setting_assignments c JOIN user_settings p ON p._key = c._parent ORDER BY 1, 2";
constexpr auto resources =
    "SELECT p.id, c.position, c.display_name FROM audit_event_resources c "
    "JOIN audit_events p ON p._key = c._parent ORDER BY 1, 2";
constexpr auto properties =
    "SELECT p.id, c.resource_position, c.position, c.display_name, c.old_value, c.new_value "
    "FROM audit_event_modified_properties c JOIN audit_events p ON p._key = c._parent "
    "ORDER BY 1, 2, 3";
constexpr auto checks =
    "SELECT p.id, c.position, c.display_name, c.status, c.start_date_time "
    "FROM on_premises_connection_health_checks c JOIN on_premises_connections p "
    "ON p._key = c._parent ORDER BY 1, 2";

}  // namespace

TEST_CASE_FIXTURE(Mirror, "children: members are rows in their order, and follow the parent")
{
    const Table table{collection("user_settings")};
    pull(table, {R"({"id":"s","assignments":[
                     {"id":"1","target":{"@odata.type":"#microsoft.graph.t","groupId":"g"}},
                     {"id":"2"}]})",
                 R"({"id":"r","assignments":[{"id":"1"}]})", R"({"id":"q","assignments":[]})",
                 R"({"id":"p"})", R"({"id":"o","assignments":null})"});
    CHECK(rows(assignments) == Rows{"r|0|1|-|-", "s|0|1|t|g", "s|1|2|-|-"});

    pull(table, {R"({"id":"s","assignments":[{"id":"2"}]})"});
    CHECK(rows(assignments) == Rows{"r|0|1|-|-", "s|0|2|-|-"});

    // A change of nothing but times of observation may come with other members all the same.
    pull(table, {R"({"id":"s","assignments":[{"id":"2"}],"lastModifiedDateTime":"1"})"});
    CHECK(rows(assignments) == Rows{"r|0|1|-|-", "s|0|2|-|-"});

    pull(table, {R"({"id":"s"})"});
    CHECK(rows(assignments) == Rows{"r|0|1|-|-"});
    erase(table, {"r"});
    CHECK(rows(assignments).empty());
    CHECK(value("SELECT count(*) FROM user_setting_assignments") == "0");
}

TEST_CASE_FIXTURE(Mirror, "children: a collection inside a collection counts within its member")
{
    const Table table{collection("audit_events")};
    pull(table, {R"({"id":"e","resources":[
                     {"displayName":"r0","modifiedProperties":[
                        {"displayName":"p0","oldValue":null,"newValue":"n"},
                        {"displayName":"p1","oldValue":"o","newValue":"n"}]},
                     {"displayName":"r1"},
                     {"displayName":"r2","modifiedProperties":[{"displayName":"p2"}]}]})",
                 R"({"id":"f","resources":[]})"});
    CHECK(rows(resources) == Rows{"e|0|r0", "e|1|r1", "e|2|r2"});
    CHECK(rows(properties) == Rows{"e|0|0|p0|-|n", "e|0|1|p1|o|n", "e|2|0|p2|-|-"});

    pull(table, {R"({"id":"e","resources":[{"displayName":"r1"},
                     {"displayName":"r2","modifiedProperties":[{"displayName":"p2"}]}]})"});
    CHECK(rows(resources) == Rows{"e|0|r1", "e|1|r2"});
    CHECK(rows(properties) == Rows{"e|1|0|p2|-|-"});
    erase(table, {"e"});
    CHECK(rows(resources).empty());
    CHECK(value("SELECT count(*) FROM audit_event_modified_properties") == "0");
}

TEST_CASE_FIXTURE(Mirror, "children: a collection inside a complex value has rows too")
{
    const Table table{collection("on_premises_connections")};
    pull(table, {R"({"id":"c","healthCheckStatusDetail":{"startDateTime":"2026-01-01T00:00:00Z",
                     "healthChecks":[{"displayName":"dns","status":"passed",
                                      "startDateTime":"2026-01-01T00:00:01Z"},
                                     {"displayName":"ad","status":"failed"}]}})",
                 R"({"id":"d","healthCheckStatusDetail":null})", R"({"id":"e"})"});
    CHECK(rows(checks) == Rows{"c|0|dns|passed|2026-01-01 00:00:01.000", "c|1|ad|failed|-"});
    pull(table, {R"({"id":"c","healthCheckStatusDetail":{"healthChecks":[
                     {"displayName":"ad","status":"passed"}]}})"});
    CHECK(rows(checks) == Rows{"c|0|ad|passed|-"});
    erase(table, {"c"});
    CHECK(rows(checks).empty());
}

TEST_CASE_FIXTURE(Mirror, "children: every child table of the catalog is filled")
{
    for (const auto& entry : schema::catalog()) {
        const Table table{entry};
        for (const auto& child : entry.children) {
            CAPTURE(child.table);
            // One member with nothing in it: a path of "a.b" is an object or an array of objects.
            const auto dot = child.property.find('.');
            const auto outer = std::string{child.property.substr(0, dot)};
            std::string item = R"({"id":"x",")" + outer + "\":";
            if (dot == std::string_view::npos) {
                item += "[{}]}";
            } else {
                const auto inner = "{\"" + std::string{child.property.substr(dot + 1)} + "\":[{}]}";
                const bool nested = schema::outer_table(entry, child) != nullptr;
                item += nested ? "[" + inner + "]}" : inner + "}";
            }
            pull(table, {item});
            CHECK(value("SELECT count(*) FROM " + std::string{child.table}) == "1");
            erase(table, {"x"});
            CHECK(value("SELECT count(*) FROM " + std::string{child.table}) == "0");
        }
    }
}

TEST_CASE_FIXTURE(Mirror, "children: members that are no objects are rows without values, noted")
{
    const Table table{collection("user_settings")};
    const auto pulled =
        pull(table, {R"({"id":"s","assignments":["x",null,{"id":7,"new":1,"target":{"new":2}}]})"});
    CHECK(rows(assignments) == Rows{"s|0|-|-|-", "s|1|-|-|-", "s|2|-|-|-"});
    CHECK(notes(pulled.drift) == Rows{"assignments type 1", "assignments.id type 1",
                                      "assignments.new property 1",
                                      "assignments.target.new property 1"});
}

TEST_CASE_FIXTURE(Mirror, "children: what is no array where one belongs has no rows, and is noted")
{
    const Table table{collection("user_settings")};
    const auto pulled =
        pull(table, {R"({"id":"s","assignments":{"id":"1"}})", R"({"id":"r","assignments":7})"});
    CHECK(rows(assignments).empty());
    CHECK(notes(pulled.drift) == Rows{"assignments type 2"});
}

TEST_CASE_FIXTURE(Mirror, "children: they are filled again from raw with their parent")
{
    const Table table{collection("audit_events")};
    pull(table, {R"({"id":"e","resources":[{"displayName":"r0","modifiedProperties":[
                     {"displayName":"p0"}]}]})",
                 R"({"id":"f"})"});
    database.execute("DELETE FROM audit_event_resources");
    database.execute("UPDATE audit_event_modified_properties SET display_name = 'wrong'");
    database.transaction([&] { table.project_again(database); });
    CHECK(rows(resources) == Rows{"e|0|r0"});
    CHECK(rows(properties) == Rows{"e|0|0|p0|-|-"});
}
