// Staging and applying: what is new or different is written, and nothing else.

#include "tests/unit/mirror/fixture.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace cloudpcd;
using namespace cloudpcd::mirror;
using namespace cloudpcd::mirror::test;

namespace {

constexpr auto versions =
    "SELECT id, _seq, _version_seq, _changed_at, _first_seen_at FROM cloud_pcs ORDER BY id";
constexpr auto old_versions =
    "SELECT resource, id, from_seq, to_seq, valid_from, valid_to, ended_by, raw FROM history "
    "ORDER BY from_seq";

struct Fixture : Mirror {
    Table table{collection("cloud_pcs")};
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "apply: new objects become rows with their columns and raw as sent")
{
    const auto pulled =
        pull(table, {R"({"id":"a", "displayName":"A","status":"provisioned","lastLoginResult":
                    {"time":"2026-01-01T00:00:00.1234567Z"}})",
                     R"({"id":"b"})"});
    CHECK(pulled.staged.items == 2);
    CHECK(pulled.staged.new_ids == 2);
    CHECK(pulled.staged.conflicts == 0);
    CHECK(pulled.applied.inserted == 2);
    CHECK(pulled.applied.updated == 0);
    CHECK(rows("SELECT id, display_name, status, last_login_result_time FROM cloud_pcs") ==
          Rows{"a|A|provisioned|2026-01-01 00:00:00.123", "b|-|-|-"});
    CHECK(rows(versions) == Rows{"a|1|1|2026-01-01 00:00:01.000|2026-01-01 00:00:01.000",
                                 "b|2|2|2026-01-01 00:00:01.000|2026-01-01 00:00:01.000"});
    CHECK(value("SELECT raw FROM cloud_pcs WHERE id = 'b'") == R"({"id":"b"})");
    CHECK(rows(old_versions).empty());
    CHECK(table.rows(database) == 2);
}

TEST_CASE_FIXTURE(Fixture, "apply: unchanged objects write nothing")
{
    pull(table, {R"({"id":"a","displayName":"A"})", R"({"id":"b"})"});
    const auto before = bytes();
    const auto pulled = pull(table, {R"({"id":"b"})", R"({"id":"a","displayName":"A"})"});
    CHECK(pulled.staged.new_ids == 2);
    CHECK(pulled.applied.inserted + pulled.applied.updated == 0);
    CHECK(bytes() == before);
}

TEST_CASE_FIXTURE(Fixture, "stage: an object whose bytes are the stored ones is not looked into")
{
    pull(table, {R"({"id":"a","displayName":"A"})"});
    database.execute("UPDATE cloud_pcs SET _content_hash = 0");  // would be found to differ
    CHECK(pull(table, {R"({"id":"a","displayName":"A"})"}).applied.updated == 0);
    CHECK(table.seen(database, run) == 1);
}

TEST_CASE_FIXTURE(Fixture, "apply: another order of members or other white space writes nothing")
{
    pull(table, {R"({"id":"a","displayName":"A","statusDetail":{"code":"x","message":"1"}})"});
    const auto before = bytes();
    const auto pulled = pull(
        table,
        {R"({ "statusDetail" : {"message":"\u0031","code":"x"}, "displayName":"A", "id":"a" })"});
    CHECK(pulled.applied.updated == 0);
    CHECK(bytes() == before);
    CHECK(rows(versions) == Rows{"a|1|1|2026-01-01 00:00:01.000|2026-01-01 00:00:01.000"});
}

TEST_CASE_FIXTURE(Fixture, "apply: times of observation raise the number and make no version")
{
    pull(table, {R"({"id":"a","lastModifiedDateTime":"2026-01-01T00:00:00Z"})", R"({"id":"b"})"});
    const auto pulled =
        pull(table, {R"({"id":"a","lastModifiedDateTime":"2026-01-02T00:00:00Z"})"});
    CHECK(pulled.applied.updated == 1);
    CHECK(rows(versions) == Rows{"a|3|1|2026-01-01 00:00:01.000|2026-01-01 00:00:01.000",
                                 "b|2|2|2026-01-01 00:00:01.000|2026-01-01 00:00:01.000"});
    CHECK(rows(old_versions).empty());
    CHECK(value("SELECT last_modified_date_time FROM cloud_pcs WHERE id = 'a'") ==
          "2026-01-02 00:00:00.000");
    CHECK(value("SELECT raw FROM cloud_pcs WHERE id = 'a'") ==
          R"({"id":"a","lastModifiedDateTime":"2026-01-02T00:00:00Z"})");
}

TEST_CASE_FIXTURE(Fixture, "apply: a change moves the superseded version to history")
{
    pull(table, {R"({"id":"a","status":"provisioning","lastModifiedDateTime":"1"})"});
    pull(table, {R"({"id":"a","status":"provisioning","lastModifiedDateTime":"2"})"});
    const auto key = value("SELECT _key FROM cloud_pcs");
    const auto pulled = pull(table, {R"({"id":"a","status":"provisioned"})"});
    CHECK(pulled.applied.updated == 1);
    CHECK(pulled.applied.inserted == 0);
    CHECK(rows(old_versions) ==
          Rows{"cloud_pcs|a|1|3|2026-01-01 00:00:01.000|2026-01-01 00:00:03.000|update|"
               R"({"id":"a","status":"provisioning","lastModifiedDateTime":"2"})"});
    CHECK(rows(versions) == Rows{"a|3|3|2026-01-01 00:00:03.000|2026-01-01 00:00:01.000"});
    CHECK(value("SELECT status FROM cloud_pcs") == "provisioned");
    CHECK(value("SELECT _key FROM cloud_pcs") == key);

    pull(table, {R"({"id":"a","status":"failed"})"});
    CHECK(rows("SELECT from_seq, to_seq, valid_from, valid_to FROM history ORDER BY 1") ==
          Rows{"1|3|2026-01-01 00:00:01.000|2026-01-01 00:00:03.000",
               "3|4|2026-01-01 00:00:03.000|2026-01-01 00:00:04.000"});
}

TEST_CASE_FIXTURE(Fixture, "apply: a member that is gone empties its column")
{
    pull(table, {R"({"id":"a","displayName":"A","statusDetail":{"code":"x"}})"});
    pull(table, {R"({"id":"a","displayName":null})"});
    CHECK(rows("SELECT display_name, status_detail_code FROM cloud_pcs") == Rows{"-|-"});
}

TEST_CASE_FIXTURE(Fixture, "apply: ids that differ in case are two rows")
{
    const auto pulled = pull(table, {R"({"id":"abc"})", R"({"id":"ABC"})", R"({"id":"abc "})"});
    CHECK(pulled.staged.new_ids == 3);
    CHECK(pulled.staged.conflicts == 0);
    CHECK(pulled.applied.inserted == 3);
    CHECK(rows("SELECT id FROM cloud_pcs ORDER BY id") == Rows{"ABC", "abc", "abc "});
    CHECK(erase(table, {"Abc"}) == 0);
    CHECK(erase(table, {"ABC"}) == 1);
    CHECK(rows("SELECT id FROM cloud_pcs ORDER BY id") == Rows{"abc", "abc "});
}

TEST_CASE_FIXTURE(Fixture, "apply: of an id met twice in one run the later object wins")
{
    const auto pulled =
        pull(table, {R"({"id":"a","displayName":"1"})", R"({"id":"b"})",
                     R"({"id":"a","displayName":"2"})", R"({"id":"a","displayName":"2"})"});
    CHECK(pulled.staged.items == 4);
    CHECK(pulled.staged.new_ids == 2);
    CHECK(pulled.staged.conflicts == 1);  // the same again is none
    CHECK(pulled.applied.inserted == 2);
    CHECK(rows("SELECT id, display_name FROM cloud_pcs ORDER BY id") == Rows{"a|2", "b|-"});
    CHECK(rows(old_versions).empty());
    CHECK(table.seen(database, run) == 2);
}

TEST_CASE_FIXTURE(Fixture, "apply: a later object that is as the stored one undoes the earlier")
{
    pull(table, {R"({"id":"a","displayName":"1"})"});
    const auto before = bytes();
    const auto pulled =
        pull(table, {R"({"id":"a","displayName":"2"})", R"({"id":"a","displayName":"1"})"});
    CHECK(pulled.staged.conflicts == 1);
    CHECK(pulled.applied.updated == 0);
    CHECK(bytes() == before);
}

TEST_CASE_FIXTURE(Fixture, "apply: pages of one run may be applied one by one")
{
    DriftNotes drift;
    CHECK(stage(table, {R"({"id":"a"})"}).new_ids == 1);
    CHECK(apply(table, drift).inserted == 1);
    clear_staged(database, run);
    const auto counts = stage(table, {R"({"id":"b"})", R"({"id":"a","displayName":"1"})"});
    CHECK(counts.new_ids == 1);
    CHECK(counts.conflicts == 1);
    const auto applied = apply(table, drift);
    CHECK(applied.inserted == 1);
    CHECK(applied.updated == 1);
    CHECK(table.seen(database, run) == 2);
    clear_staging(database, run);
    CHECK(table.seen(database, run) == 0);
    CHECK(table_rows("cloud_pcs") == replayed("cloud_pcs"));
}

TEST_CASE_FIXTURE(Fixture, "stage: two runs do not see one another")
{
    const Table settings{collection("user_settings")};
    pull(table, {R"({"id":"a"})"});
    const auto earlier = run;
    ++run;
    CHECK(stage(settings, {R"({"id":"a"})", R"({"id":"x"})"}).new_ids == 2);
    CHECK(table.seen(database, earlier) == 1);
    CHECK(settings.seen(database, run) == 2);
    clear_staging(database, earlier);
    DriftNotes drift;
    CHECK(apply(settings, drift).inserted == 2);
}

TEST_CASE_FIXTURE(Fixture, "stage: nothing of it is seen in the mirror")
{
    pull(table, {R"({"id":"a"})"});
    const auto before = bytes();
    ++run;
    stage(table, {R"({"id":"a","displayName":"1"})", R"({"id":"b"})", "7"});
    CHECK(bytes() == before);
    CHECK(table.rows(database) == 1);
    clear_staging(database, run);
    DriftNotes drift;
    const auto applied = apply(table, drift);
    CHECK(applied.inserted + applied.updated == 0);
}

TEST_CASE_FIXTURE(Fixture, "stage: ids of the table that a run did not meet are missing")
{
    pull(table, {R"({"id":"a"})", R"({"id":"b"})", R"({"id":"c"})"});
    CHECK(table.missing(database, run).empty());
    pull(table, {R"({"id":"b"})", R"({"id":"d"})"});
    auto missing = table.missing(database, run);
    std::ranges::sort(missing);
    CHECK(missing == Rows{"a", "c"});
    CHECK(table.seen(database, run) == 2);
    CHECK(table.missing(database, run + 1).size() == 4);
}

TEST_CASE_FIXTURE(Fixture, "apply: hostile names are values and nothing else")
{
    pull(table,
         {R"({"id":"'); DROP TABLE cloud_pcs;--","displayName":"'); DELETE FROM meta;--"})"});
    CHECK(rows("SELECT id, display_name FROM cloud_pcs") ==
          Rows{"'); DROP TABLE cloud_pcs;--|'); DELETE FROM meta;--"});
    CHECK(erase(table, {"'); DROP TABLE cloud_pcs;--"}) == 1);
}

TEST_CASE_FIXTURE(Fixture, "apply: strings are objects of their own")
{
    const Table types{collection("audit_activity_types")};
    CHECK(pull(types, {R"("Reprovision CloudPC")", R"("caf\u00e9")"}).applied.inserted == 2);
    CHECK(table_rows("audit_activity_types") ==
          Rows{R"(Reprovision CloudPC="Reprovision CloudPC")", "caf\xC3\xA9=\"caf\\u00e9\""});
    CHECK(pull(types, {"\"caf\xC3\xA9\""}).applied.updated == 0);  // spelled otherwise, the same
    CHECK(types.missing(database, run) == Rows{"Reprovision CloudPC"});
}

TEST_CASE_FIXTURE(Fixture, "apply: a value that does not fit keeps the row, and is noted")
{
    const auto pulled = pull(table, {R"({"id":"a","displayName":{"x":1},"status":"mauve","new":[1],
                         "gracePeriodEndDateTime":"2026-02-30T00:00:00Z","statusDetail":7})"});
    CHECK(rows("SELECT display_name, status, grace_period_end_date_time FROM cloud_pcs") ==
          Rows{"-|mauve|-"});
    CHECK(notes(pulled.drift) == Rows{"displayName type 1", "gracePeriodEndDateTime type 1",
                                      "new property 1", "status enum 1", "statusDetail type 1"});
}

TEST_CASE_FIXTURE(Fixture, "apply: columns are filled again from raw, and nothing else changes")
{
    pull(table, {R"({"id":"a","displayName":"A","status":"failed"})", R"({"id":"b"})"});
    const auto before = rows(versions);
    database.execute("UPDATE cloud_pcs SET display_name = 'wrong', status = NULL");
    database.transaction([&] { table.project_again(database); });
    CHECK(rows("SELECT id, display_name, status FROM cloud_pcs ORDER BY id") ==
          Rows{"a|A|failed", "b|-|-"});
    CHECK(rows(versions) == before);
    CHECK(rows(old_versions).empty());
}

TEST_CASE_FIXTURE(Fixture, "stage: a page's unknown members are noted without writing anything")
{
    const auto before = bytes();
    DriftNotes drift;
    table.note_drift(page_of({R"({"id":"a","new":1})", R"({"id":"b","new":2})",
                              "{\"id\":"
                              "\"c\",\"x\":tru}"}),
                     drift);
    CHECK(notes(drift) == Rows{"new property 2"});
    CHECK(bytes() == before);
}
