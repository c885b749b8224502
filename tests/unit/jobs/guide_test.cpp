// docs/jobs.md: what it shows runs, and no column is left out.

#include "tests/unit/jobs/fixture.hpp"
#include "tests/unit/schema/mirror_file.hpp"
#include "tests/unit/schema/sql_blocks.hpp"

#include <fmt/format.h>

using namespace cloudpcd;
using namespace cloudpcd::jobs;
using namespace cloudpcd::jobs::test;

namespace {

constexpr std::string_view mirror_path = "/var/lib/cloudpcd/mirror.db";

/// Runs a block as somebody who may insert; what SQLite says against it, or nothing.
std::string run_as_inserter(const Queue& queue, std::string sql)
{
    const auto mirror = (queue.directory.path() / "mirror.db").string();
    if (const auto at = sql.find(mirror_path); at != std::string::npos)
        sql.replace(at, mirror_path.size(), mirror);
    try {
        SQLite::Database database{fmt::format("file:{}", queue.path.string()),
                                  SQLite::OPEN_READWRITE | SQLite::OPEN_URI, 5000};
        database.exec("PRAGMA trusted_schema = OFF");
        database.exec(sql);
    } catch (const SQLite::Exception& failure) {
        return failure.what();
    }
    return {};
}

}  // namespace

TEST_CASE_FIXTURE(Queue, "jobs guide: every SQL block runs, and inserts what the daemon takes")
{
    schema::test::MirrorFile mirror{(directory.path() / "mirror.db").string()};
    mirror.object("cloud_pcs", machine,
                  "provisioning_policy_name = 'Sales', status = 'provisioned'");
    const auto blocks = schema::test::sql_blocks("jobs.md");
    CHECK(blocks.size() > 9);
    for (const auto& block : blocks) {
        CAPTURE(block.line);
        CHECK(run_as_inserter(*this, block.sql) == "");
    }
    CHECK(rows("SELECT kind, coalesce(target_id, params) FROM jobs ORDER BY job_id") ==
          Rows{"cloud_pc.reboot|662009bc-7732-4f6f-8726-25883518b33e", "cloud_pc.reboot|" + machine,
               R"(cloud_pc.bulk_restart|{"cloudPcIds":[")" + machine + R"("]})",
               "on_premises_connection.update_ad_domain_password|"
               "7c82a3e3-9459-44e4-94d9-b92f93bf78dd"});
}

TEST_CASE_FIXTURE(Queue, "jobs guide: it names every table and column of jobs.db")
{
    const auto text = schema::test::guide("jobs.md");
    for (const auto& table :
         rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")) {
        CAPTURE(table);
        CHECK(text.find(fmt::format("**`{}`**", table)) != std::string::npos);
        if (table == "schema_migrations")
            continue;
        for (const auto& column :
             rows(fmt::format("SELECT name FROM pragma_table_info('{}')", table))) {
            CAPTURE(column);
            CHECK(text.find(fmt::format("`{}`", column)) != std::string::npos);
        }
    }
    for (const auto& name : rows("SELECT DISTINCT from_state FROM job_transitions UNION "
                                 "SELECT to_state FROM job_transitions"))
        CHECK_MESSAGE(text.find(fmt::format("| `{}` |", name)) != std::string::npos, name);
    for (int hold = 0; hold <= static_cast<int>(Hold::restored); ++hold) {
        const auto name = to_string(static_cast<Hold>(hold));
        CHECK_MESSAGE(text.find(fmt::format("| `{}` |", name)) != std::string::npos, name);
    }
}
