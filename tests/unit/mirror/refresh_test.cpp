// Objects read by their ids: what is applied, what is deleted, and who wins against a list.

#include "sync/mirror/refresh.hpp"

#include "tests/unit/mirror/fresh_world.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <vector>

using namespace cloudpcd;
using namespace cloudpcd::mirror;
using namespace cloudpcd::mirror::test;
using namespace std::chrono_literals;

namespace {

constexpr auto list_target_part = "cloudPCs?";

std::string object_part(const std::string& id)
{
    return "cloudPCs/" + id;
}

struct Filled : FreshWorld {
    Filled()
    {
        REQUIRE(pull("cloud_pcs").outcome == Outcome::complete);
        pass(1s);
        asked("");
    }

    std::string rows() { return one("SELECT count(*) FROM cloud_pcs"); }
};

}  // namespace

TEST_CASE_FIXTURE(Filled, "refresh: what is there is applied, what Graph says is gone is deleted")
{
    const auto changed = cloud_pc(0);
    const auto unchanged = cloud_pc(1);
    const auto gone = cloud_pc(2);
    rename(changed, "new name");
    tenant.remove("cloudPCs", gone);
    const auto added = tenant.add("cloudPCs");
    const auto freshness =
        one("SELECT last_complete_at, last_read_at FROM freshness WHERE resource = 'cloud_pcs'");

    const auto run = refresh({changed, unchanged, gone, added, "never-heard-of"});

    CHECK(run.outcome == Outcome::complete);
    CHECK(run.requests == 5);
    CHECK(run.counts.inserted == 1);
    CHECK(run.counts.updated == 1);
    CHECK(run.counts.deleted == 1);
    CHECK(name_of(changed) == "new name");
    CHECK(name_of(gone) == "-");
    CHECK(name_of(added) != "-");
    CHECK(one("SELECT count(*) FROM history WHERE ended_by = 'delete'") == "1");
    CHECK(one("SELECT row_count FROM freshness WHERE resource = 'cloud_pcs'") == rows());
    CHECK(one("SELECT kind || ':' || outcome FROM sync_runs ORDER BY run_id DESC LIMIT 1") ==
          "refresh:complete");
    // One transaction, and no list: all of one time, and nothing that says how fresh the table is.
    CHECK(one("SELECT count(DISTINCT at) FROM changes WHERE seq > (SELECT max(seq) - 3 FROM "
              "changes)") == "1");
    CHECK(one("SELECT last_complete_at, last_read_at FROM freshness WHERE resource = "
              "'cloud_pcs'") == freshness);
}

TEST_CASE_FIXTURE(Filled, "refresh: what could not be asked for stays, and nothing is deleted")
{
    const auto gone = cloud_pc(0);
    const auto changed = cloud_pc(1);
    tenant.remove("cloudPCs", gone);
    rename(changed, "new name");
    graphsim::Fault fault{.path_contains = object_part(changed), .times = 0};
    SUBCASE("forbidden")
    {
        fault.effect = graphsim::Effect::status;
        fault.status = 403;
    }
    SUBCASE("failing")
    {
        fault.effect = graphsim::Effect::status;
        fault.status = 500;
    }
    SUBCASE("a proxy's page")
    {
        fault.effect = graphsim::Effect::status;
        fault.status = 404;
        fault.text = "<html><body>Not found</body></html>";
    }
    SUBCASE("a gateway's answer")
    {
        fault.effect = graphsim::Effect::status;
        fault.status = 404;
        fault.text = R"({"statusCode":404,"message":"Resource not found"})";
    }
    tenant.faults().add(fault);
    const auto before = rows();
    const auto run = refresh({gone, changed});
    CHECK(run.outcome == Outcome::incomplete);
    CHECK_FALSE(run.error.empty());
    CHECK(rows() == before);
    CHECK(name_of(changed) != "new name");
    tenant.faults().clear();
    CHECK(refresh({gone, changed}).outcome == Outcome::complete);
    CHECK(name_of(gone) == "-");
    CHECK(name_of(changed) == "new name");
}

TEST_CASE("refresh: too many that are gone at once are for a list to judge")
{
    auto options = FreshWorld::small_tenant();
    options.cloud_pcs = 30;
    FreshWorld world{{}, options};
    REQUIRE(world.pull("cloud_pcs").outcome == Outcome::complete);
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < 11; ++i)
        ids.push_back(world.cloud_pc(i));
    for (const auto& id : ids)
        world.tenant.remove("cloudPCs", id);
    const auto run = world.refresh(ids);
    CHECK(run.outcome == Outcome::refused);
    CHECK(run.refused == 11);
    CHECK(world.one("SELECT count(*) FROM cloud_pcs") == "30");
    CHECK(world.one("SELECT degraded_reason IS NULL FROM freshness WHERE resource = 'cloud_pcs'") ==
          "1");
    ids.pop_back();
    CHECK(world.refresh(ids).counts.deleted == 10);
}

// --- R-S19: of two reads the one that was asked for later wins
// ------------------------------------

TEST_CASE_FIXTURE(Filled, "read order: a list does not overwrite what was read after it was asked")
{
    const auto id = cloud_pc(3);
    rename(id, "at the list");
    transport.delay(list_target_part, 30s);
    const auto list = start_pull("cloud_pcs");
    pass(5s);
    rename(id, "after it");
    CHECK(refresh({id}).counts.updated == 1);
    CHECK(name_of(id) == "after it");
    CHECK_FALSE(list.ended());

    const auto run = result(list);
    CHECK(run.outcome == Outcome::complete);
    CHECK(name_of(id) == "after it");
    CHECK(one("SELECT count(*) FROM history WHERE raw LIKE '%after it%'") == "0");
}

TEST_CASE_FIXTURE(Filled, "read order: nor what is as it was, and was another meanwhile")
{
    const auto id = cloud_pc(3);
    const auto name = name_of(id);
    rename(id, "for a moment");
    transport.delay(list_target_part, 30s);
    const auto list = start_pull("cloud_pcs");
    pass(5s);
    rename(id, name);
    refresh({id});
    result(list);
    CHECK(name_of(id) == name);
}

TEST_CASE_FIXTURE(Filled, "read order: a list does not bring back what was gone after it was asked")
{
    const auto id = cloud_pc(3);
    rename(id, "its last name");
    transport.delay(list_target_part, 30s);
    const auto list = start_pull("cloud_pcs");
    pass(5s);
    tenant.remove("cloudPCs", id);
    CHECK(refresh({id}).counts.deleted == 1);
    CHECK(result(list).outcome == Outcome::complete);
    CHECK(name_of(id) == "-");
}

TEST_CASE_FIXTURE(Filled, "read order: a list proves nothing about what came after it was asked")
{
    transport.delay(list_target_part, 30s);
    const auto list = start_pull("cloud_pcs");
    pass(5s);
    const auto added = tenant.add("cloudPCs");
    CHECK(refresh({added}).counts.inserted == 1);
    asked("");
    const auto run = result(list);
    CHECK(run.outcome == Outcome::complete);
    CHECK(run.counts.deleted == 0);
    CHECK(asked(object_part(added)).empty());  // not even a question
    CHECK(name_of(added) != "-");
}

TEST_CASE_FIXTURE(Filled, "read order: what came back while its deletion was confirmed stays")
{
    const auto id = cloud_pc(3);
    const auto text = tenant.object("cloudPCs", id)->text;
    tenant.remove("cloudPCs", id);
    transport.delay(object_part(id), 30s);  // the confirmation
    const auto list = start_pull("cloud_pcs");
    pass(5s);
    tenant.add("cloudPCs", text);
    CHECK(refresh({id}).outcome == Outcome::complete);
    CHECK_FALSE(list.ended());
    CHECK(result(list).counts.deleted == 0);
    CHECK(name_of(id) != "-");
    // The next list is newer, and may.
    tenant.remove("cloudPCs", id);
    CHECK(pull("cloud_pcs").counts.deleted == 1);
}

TEST_CASE_FIXTURE(Filled, "read order: a list that was asked for later is not overwritten")
{
    const auto id = cloud_pc(3);
    rename(id, "at the question");
    transport.delay(object_part(id), 30s);
    const auto question = start_refresh({id});
    pass(5s);
    rename(id, "at the list");
    CHECK(pull("cloud_pcs").counts.updated == 1);
    CHECK(name_of(id) == "at the list");
    CHECK_FALSE(question.ended());

    pass(1s);
    rename(id, "in the end");
    const auto run = result(question);
    CHECK(run.outcome == Outcome::complete);
    CHECK(run.requests == 2);  // asked once more: somebody waits for it
    CHECK(name_of(id) == "in the end");
    CHECK(one("SELECT count(*) FROM history WHERE raw LIKE '%at the question%'") == "0");
}

TEST_CASE_FIXTURE(Filled, "read order: a 404 that is older than a list deletes nothing")
{
    const auto id = cloud_pc(3);
    const auto text = tenant.object("cloudPCs", id)->text;
    tenant.remove("cloudPCs", id);
    transport.delay(object_part(id), 30s);
    const auto question = start_refresh({id});
    pass(5s);
    tenant.add("cloudPCs", text);
    REQUIRE(pull("cloud_pcs").outcome == Outcome::complete);
    const auto run = result(question);
    CHECK(run.outcome == Outcome::complete);
    CHECK(run.counts.deleted == 0);
    CHECK(name_of(id) != "-");
}

TEST_CASE_FIXTURE(Filled, "read order: an answer that is overtaken each time is given up")
{
    const auto id = cloud_pc(3);
    for (int i = 0; i < 3; ++i)
        transport.delay(object_part(id), 10s);
    const auto question = start_refresh({id});
    for (int i = 0; i < 3; ++i) {
        pass(5s);
        REQUIRE(pull("cloud_pcs").outcome == Outcome::complete);
        pass(5s);
    }
    const auto run = result(question);
    CHECK(run.outcome == Outcome::incomplete);
    CHECK(run.requests == 3);
}

TEST_CASE_FIXTURE(Filled, "read order: of one table there is one pull at a time")
{
    transport.delay(list_target_part, 30s);
    const auto first = start_pull("cloud_pcs");
    const auto second = start_pull("cloud_pcs", {.occasion = Occasion::once});
    pass(5s);
    CHECK(asked(list_target_part).size() == 1);
    CHECK(result(second).started_at >= result(first).ended_at);
}
