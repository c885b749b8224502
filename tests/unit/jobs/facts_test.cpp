// What a job meets, as Graph has it now.

#include "sync/jobs/facts.hpp"

#include "tests/unit/jobs/fake_estate.hpp"
#include "tests/unit/jobs/planned.hpp"

#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>

using namespace cloudpcd;
using namespace cloudpcd::jobs;
using namespace cloudpcd::jobs::test;
using namespace std::chrono_literals;

namespace {

const std::string policy = "0b8e3e0a-0000-4000-8000-00000000000a";
const std::string bulk = "bbbbbbbb-0000-4000-8000-00000000000b";

struct FactsWorld : Tenancy {
    Facts read(const Planned& of) { return await(read_facts(estate, clock, of.plan, of.job)); }

    void put_cloud_pcs(std::size_t count, std::string_view more = "")
    {
        for (const auto& id : numbered_ids(count))
            put_cloud_pc(id, more);
    }
    void put_cloud_pc(const std::string& id, std::string_view more = "")
    {
        estate.put("cloud_pcs",
                   fmt::format(R"({{"id":"{}","displayName":"CPC","status":"provisioned",)"
                               R"("userPrincipalName":"a@b","osVersion":"windows11"{}}})",
                               id, more));
    }
};

std::vector<std::string> present(const Facts& facts)
{
    std::vector<std::string> ids;
    for (const auto& cloud_pc : facts.cloud_pcs) {
        if (cloud_pc.present)
            ids.push_back(cloud_pc.id);
    }
    std::ranges::sort(ids);
    return ids;
}

}  // namespace

TEST_CASE("facts: a Cloud PC that is the target is read once, and little of it is kept")
{
    FactsWorld world;
    world.put_cloud_pc(numbered_id(1), R"(,"statusDetail":{"code":"x"})");
    const auto facts = world.read(
        planned("cloud_pc.reprovision", numbered_id(1), "", R"({"statusDetail.code":"x"})"));
    CHECK(facts.fresh);
    CHECK_FALSE(facts.incomplete);
    CHECK_FALSE(facts.target_gone);
    CHECK(facts.touches == 1);
    CHECK(facts.risk == 2);
    CHECK(facts.target_name == "CPC");
    REQUIRE(facts.cloud_pcs.size() == 1);
    CHECK(facts.cloud_pcs.front().present);
    const auto& kept = facts.cloud_pcs.front().properties;
    CHECK(kept.at("userPrincipalName") == "a@b");
    CHECK(kept.at("statusDetail").at("code") == "x");
    CHECK_FALSE(kept.contains("osVersion"));
    CHECK(facts.targets == std::vector<Target>{{.resource = "cloud_pcs", .id = numbered_id(1)}});
    CHECK(world.estate.asked == std::vector<std::string>{"GET cloud_pcs/" + numbered_id(1)});
}

TEST_CASE("facts: their age counts from before the first read")
{
    FactsWorld world;
    world.put_cloud_pc(numbered_id(1));
    const auto before = world.clock.steady_now();
    CHECK(world.read(planned("cloud_pc.reboot", numbered_id(1))).read_at == before);
    CHECK(world.clock.steady_now() > before);
}

TEST_CASE("facts: a target that Graph does not have is gone, not unreadable")
{
    FactsWorld world;
    const auto facts = world.read(planned("cloud_pc.reboot", numbered_id(1)));
    CHECK(facts.target_gone);
    CHECK_FALSE(facts.incomplete);
    REQUIRE(facts.cloud_pcs.size() == 1);
    CHECK_FALSE(facts.cloud_pcs.front().present);
}

TEST_CASE("facts: a target that cannot be read is not gone, and is named as touched all the same")
{
    FactsWorld world;
    world.estate.fail("cloud_pcs/" + numbered_id(1), FakeEstate::no_network());
    const auto facts = world.read(planned("cloud_pc.reprovision", numbered_id(1)));
    CHECK_FALSE(facts.target_gone);
    REQUIRE(facts.incomplete);
    CHECK(facts.incomplete->find("no network") != std::string::npos);
    CHECK(facts.touches == 1);
    CHECK(present(facts) == numbered_ids(1));
}

TEST_CASE("facts: up to twenty Cloud PCs are read one by one, some side by side")
{
    FactsWorld world;
    world.put_cloud_pcs(facts_gets_max);
    world.estate.take("cloud_pcs", numbered_id(3));
    const auto ids = numbered_ids(facts_gets_max);
    const auto facts = world.read(planned("cloud_pc.bulk_reprovision", {}, cloud_pc_ids(ids)));
    CHECK(world.estate.asked_for("LIST") == 0);
    CHECK(world.estate.asked_for("GET cloud_pcs/") == facts_gets_max);
    CHECK(world.estate.in_flight_max == 4);
    CHECK_FALSE(facts.incomplete);
    CHECK(facts.touches == static_cast<std::int64_t>(facts_gets_max));
    CHECK(present(facts).size() == facts_gets_max - 1);
    CHECK_FALSE(facts.cloud_pcs.at(2).present);
}

TEST_CASE("facts: more are read by one list, and what it lacks is asked for by itself")
{
    FactsWorld world;
    const auto ids = numbered_ids(facts_gets_max + 1);
    world.put_cloud_pcs(facts_gets_max + 30);
    world.estate.hidden = {"cloud_pcs/" + numbered_id(2)};
    world.estate.take("cloud_pcs", numbered_id(3));
    const auto facts = world.read(planned("cloud_pc.bulk_restart", {}, cloud_pc_ids(ids)));
    CHECK(world.estate.asked == std::vector<std::string>{"LIST cloud_pcs",
                                                         "GET cloud_pcs/" + numbered_id(2),
                                                         "GET cloud_pcs/" + numbered_id(3)});
    CHECK_FALSE(facts.incomplete);
    CHECK(facts.touches == static_cast<std::int64_t>(ids.size()));
    auto there = ids;
    there.erase(there.begin() + 2);
    CHECK(present(facts) == there);
}

TEST_CASE("facts: a failed read of one Cloud PC or of the list leaves them incomplete")
{
    FactsWorld world;
    world.put_cloud_pcs(30);
    world.estate.fail("cloud_pcs/" + numbered_id(2), FakeEstate::no_network());
    auto facts = world.read(planned("cloud_pc.bulk_restart", {}, cloud_pc_ids(numbered_ids(3))));
    CHECK(facts.incomplete);
    CHECK(facts.touches == 3);

    world.estate.fail("cloud_pcs", FakeEstate::no_network());
    facts = world.read(planned("cloud_pc.bulk_restart", {}, cloud_pc_ids(numbered_ids(30))));
    CHECK(facts.incomplete);
    CHECK(facts.touches == 30);
    CHECK(present(facts).size() == 30);
}

TEST_CASE("facts: a policy job touches the Cloud PCs of the policy, each once")
{
    FactsWorld world;
    world.estate.put(
        "provisioning_policies",
        fmt::format(R"({{"id":"{}","displayName":"Sales","assignments":[]}})", policy));
    const auto of_policy = fmt::format(R"(,"provisioningPolicyId":"{}")", policy);
    world.put_cloud_pc(numbered_id(1), of_policy);
    world.put_cloud_pc(numbered_id(2), of_policy);
    world.put_cloud_pc(numbered_id(3), R"(,"provisioningPolicyId":"another")");
    world.put_cloud_pc(numbered_id(4), R"(,"provisioningPolicyId":null)");
    // A page that was read twice.
    world.estate.tables["cloud_pcs"].push_back(world.estate.tables["cloud_pcs"].front());
    const auto facts = world.read(planned("provisioning_policy.delete", policy));
    CHECK_FALSE(facts.incomplete);
    CHECK(present(facts) == numbered_ids(2));
    CHECK(facts.touches == 2);
    CHECK(facts.target_name == "Sales");
    CHECK(facts.targets.size() == 3);
}

TEST_CASE("facts: a policy is not older than the list of its Cloud PCs")
{
    FactsWorld world;
    const auto put = [&](std::string_view groups) {
        world.estate.put("provisioning_policies",
                         fmt::format(R"({{"id":"{}","displayName":"Sales","assignments":[{}]}})",
                                     policy, groups));
    };
    put("");
    world.put_cloud_pc(numbered_id(1), fmt::format(R"(,"provisioningPolicyId":"{}")", policy));
    // Assigned by somebody else while the list is read.
    world.estate.after_list = [&] {
        put(R"({"id":"a","target":{"@odata.type":"#x","groupId":"g1"}})");
    };
    const auto facts =
        world.read(planned("provisioning_policy.assign", policy, R"({"assignments":[]})"));
    CHECK(facts.risk == 2);
    CHECK(facts.removed_groups == std::vector<std::string>{"g1"});
}

TEST_CASE("facts: a policy of unknown assignments cannot be judged")
{
    FactsWorld world;
    world.estate.put("provisioning_policies", fmt::format(R"({{"id":"{}"}})", policy));
    CHECK(world.read(planned("provisioning_policy.delete", policy)).incomplete);
    const auto assign =
        world.read(planned("provisioning_policy.assign", policy, R"({"assignments":[]})"));
    CHECK(assign.risk == 2);
    CHECK_FALSE(assign.incomplete);
}

TEST_CASE("facts: a retry reaches what the bulk action had, or the ones it names")
{
    FactsWorld world;
    world.put_cloud_pcs(3);
    const auto put = [&](std::string_view type, std::string_view ids) {
        world.estate.put("bulk_actions",
                         fmt::format(R"({{"id":"{}","@odata.type":"{}"{}}})", bulk, type, ids));
    };
    const auto ids = fmt::format(R"(,"cloudPcIds":["{}","{}","{}"])", numbered_id(1),
                                 numbered_id(2), numbered_id(3));
    put("#microsoft.graph.cloudPcBulkRestart", ids);
    auto facts = world.read(planned("bulk_action.retry", bulk));
    CHECK(present(facts) == numbered_ids(3));
    CHECK(facts.risk == 1);

    put("#microsoft.graph.cloudPcBulkReprovision", ids);
    facts = world.read(planned("bulk_action.retry", bulk, cloud_pc_ids(numbered_ids(1))));
    CHECK(present(facts) == numbered_ids(1));
    CHECK(facts.risk == 2);

    put("#microsoft.graph.cloudPcBulkRestart", "");
    CHECK(world.read(planned("bulk_action.retry", bulk)).incomplete);
}

TEST_CASE("facts: what touches no Cloud PC reads its target alone")
{
    FactsWorld world;
    world.estate.put("user_settings", fmt::format(R"({{"id":"{}"}})", policy));
    const auto facts = world.read(planned("user_setting.delete", policy));
    CHECK(facts.touches == 0);
    CHECK(facts.cloud_pcs.empty());
    CHECK(world.estate.asked.size() == 1);
    const auto creation = world.read(
        planned("user_setting.create", {}, R"({"displayName":"x","localAdminEnabled":false})"));
    CHECK_FALSE(creation.target);
    CHECK(world.estate.asked.size() == 1);
}
