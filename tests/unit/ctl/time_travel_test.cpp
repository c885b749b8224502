#include "tests/unit/ctl/mirror_file.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace cloudpcd::ctl::test;

namespace {

/// A Cloud PC that was made, renamed by an administrator, and changed again; and one that is gone.
struct Past : MirrorFile {
    Past()
    {
        present("a", 5, "2026-03-01 10:00:00.000",
                R"({"id":"a","displayName":"new","on":true,"list":[1,3]})");
        version("a", 1, 3, "2026-01-01 10:00:00.000", "2026-02-01 10:00:00.000", "update",
                R"({"id":"a","displayName":"old","on":false,"list":[1]})");
        version("a", 3, 5, "2026-02-01 10:00:00.000", "2026-03-01 10:00:00.000", "update",
                R"({"id":"a","displayName":"new","on":false,"list":[1,2],"note":null})");
        version("gone", 2, 4, "2026-01-02 10:00:00.000", "2026-02-10 10:00:00.000", "delete",
                R"({"id":"gone"})");
        execute(
            "INSERT INTO audit_events (_key, id, activity_date_time, activity_type, "
            "actor_user_principal_name, _seq, _version_seq, _changed_at, _first_seen_at, "
            "_slice_hash, _content_hash, _version_hash, raw) VALUES (1, 'e', "
            "'2026-02-01 09:58:00.000', 'Rename', 'alice@contoso.example', 9, 9, '2026', '2026', "
            "0, 0, 0, '{}'); INSERT INTO audit_event_resources (_parent, position, resource_id) "
            "VALUES (1, 0, 'a')");
    }

    void present(const char* id, int seq, const char* at, const char* raw) const
    {
        execute(
            fmt::format("INSERT INTO cloud_pcs (id, _seq, _version_seq, _changed_at, "
                        "_first_seen_at, _slice_hash, _content_hash, _version_hash, raw) "
                        "VALUES ('{}', {}, {}, '{}', '2026', 0, 0, 0, '{}')",
                        id, seq, seq, at, raw));
    }
    void version(const char* id, int from, int to, const char* since, const char* until,
                 const char* ended_by, const char* raw) const
    {
        execute(
            fmt::format("INSERT INTO history VALUES ('cloud_pcs', '{}', {}, {}, '{}', '{}', "
                        "'{}', '{}')",
                        id, from, to, since, until, ended_by, raw));
    }
};

}  // namespace

TEST_CASE_FIXTURE(Past, "history: a row per property that changed, and who did it")
{
    const auto ending = run({"history", "cloud_pcs", "a", "--csv"});
    CHECK(ending.status == 0);
    CHECK(ending.out ==
          "seq,at,op,property,before,after,explained_by\r\n"
          "1,2026-01-01 10:00:00.000,insert,,,,\r\n"
          "3,2026-02-01 10:00:00.000,update,displayName,old,new,Rename by "
          "alice@contoso.example\r\n"
          "3,2026-02-01 10:00:00.000,update,list[1],,2,Rename by alice@contoso.example\r\n"
          "5,2026-03-01 10:00:00.000,update,list[1],2,3,\r\n"
          "5,2026-03-01 10:00:00.000,update,on,false,true,\r\n");
}

TEST_CASE_FIXTURE(Past, "history: an object that is gone has its end")
{
    const auto ending = run({"history", "cloud_pcs", "gone", "--csv"});
    CHECK(ending.status == 0);
    CHECK(ending.out.find("2,2026-01-02 10:00:00.000,insert,") != std::string::npos);
    CHECK(ending.out.find("4,2026-02-10 10:00:00.000,delete,") != std::string::npos);
}

TEST_CASE_FIXTURE(Past, "history: what there is not, is not found")
{
    CHECK(run({"history", "cloud_pcs", "nobody"}).status == 2);
    const auto table = run({"history", "cloud_pc", "a"});
    CHECK(table.status == 2);
    CHECK(table.errors.find("cloud_pcs") != std::string::npos);
    CHECK(run({"history", "sync_runs", "1"}).status == 2);
    CHECK(run({"history", "cloud_pcs"}).status == 64);
    CHECK(run({"history", "cloud_pcs", "a' OR '1'='1"}).status == 2);
}

TEST_CASE_FIXTURE(Past, "as-of: the table as it was, edges included")
{
    const auto at = [&](const std::string& time) {
        const auto ending = run({"as-of", "cloud_pcs", time, "--csv"});
        REQUIRE(ending.status == 0);
        return ending.out;
    };
    const auto has = [](const std::string& text, std::string_view part) {
        return text.find(part) != std::string::npos;
    };
    CHECK(at("2025-12-31") == "id,changed_at,raw\r\n");
    const auto january = at("2026-01-31");
    CHECK(has(january, "old"));
    CHECK(has(january, "gone"));
    CHECK_FALSE(has(january, "new"));
    CHECK(has(at("2026-02-10T09:59:59Z"), "gone"));
    CHECK_FALSE(has(at("2026-02-10 10:00:00"), "gone"));
    CHECK(has(at("2026-03-01 10:00:00.000"), "[1,3]"));
    CHECK(has(at("2026-03-01 09:59:59.999"), "[1,2]"));
}

TEST_CASE_FIXTURE(Past, "as-of: what is no time is wrong usage")
{
    const auto ending = run({"as-of", "cloud_pcs", "yesterday"});
    CHECK(ending.status == 64);
    CHECK(ending.errors.find("yesterday is no time") != std::string::npos);
    CHECK(run({"as-of", "nothing", "2026-01-01"}).status == 2);
}
