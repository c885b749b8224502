// What the mirror says of what a job would touch, now and when it was submitted.

#include "sync/jobs/facts_build.hpp"
#include "tests/unit/jobs/world.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

using namespace cloudpcd;
using namespace cloudpcd::jobs;
using namespace cloudpcd::jobs::test;

namespace {

const std::string policy = "7c82a3e3-9459-44e4-94d9-b92f93bf78dd";
const std::string group_member =
    R"("assignments":[{"id":"a","target":{"groupId":"30d0e128-de93-41dc-89ec-33d84bb662a0"}}])";

UtcTime time_of(World& world)
{
    return world.mirror.clock.utc_now();
}

}  // namespace

TEST_CASE_FIXTURE(World, "mirrored facts: of a Cloud PC, its name and itself as the target")
{
    have_cloud_pc(machine);
    sync();
    const auto facts = mirrored(reprovision());
    CHECK_FALSE(facts.fresh);
    CHECK_FALSE(facts.incomplete.has_value());
    REQUIRE(facts.target.has_value());
    CHECK(facts.target_name == "CPC 0001");
    CHECK(facts.touches == 1);
    CHECK(facts.risk == 2);
    CHECK(facts.targets == std::vector<Target>{{"cloud_pcs", machine}});
    CHECK(facts.cloud_pcs.at(0).properties.at("userPrincipalName") == "ada@contoso.example");
}

TEST_CASE_FIXTURE(World, "mirrored facts: what the mirror does not know is touched all the same")
{
    const auto facts = mirrored(reprovision());
    CHECK(facts.incomplete.has_value());
    CHECK_FALSE(facts.target_gone);
    CHECK(facts.touches == 1);
    CHECK(facts.targets == std::vector<Target>{{"cloud_pcs", machine}});
    CHECK_FALSE(facts.cloud_pcs.at(0).present);
}

TEST_CASE_FIXTURE(World, "mirrored facts: ids are compared byte for byte and keep their spelling")
{
    const std::string upper = "AABBCCDD-0000-4000-8000-000000000001";
    have_cloud_pc(upper);
    sync();
    const auto facts = mirrored(reprovision(upper));
    CHECK_FALSE(facts.incomplete.has_value());
    CHECK(facts.targets == std::vector<Target>{{"cloud_pcs", upper}});
    CHECK(facts.cloud_pcs.at(0).present);
    CHECK(mirrored(reprovision("aabbccdd-0000-4000-8000-000000000001")).incomplete.has_value());
}

TEST_CASE_FIXTURE(World, "mirrored facts: a policy touches its Cloud PCs, each one a target")
{
    have("provisioning_policies", policy, R"("displayName":"Sales")");
    have_cloud_pcs(3, fmt::format(R"("provisioningPolicyId":"{}")", policy));
    have_cloud_pcs(2, R"("provisioningPolicyId":"other")", 10);
    sync();
    const auto facts =
        mirrored(submit_now({.kind = "provisioning_policy.delete", .target_id = policy}));
    CHECK(facts.target_name == "Sales");
    CHECK(facts.touches == 3);
    CHECK(facts.targets == std::vector<Target>{{"provisioning_policies", policy},
                                               {"cloud_pcs", id_of(1)},
                                               {"cloud_pcs", id_of(2)},
                                               {"cloud_pcs", id_of(3)}});
}

TEST_CASE_FIXTURE(World, "mirrored facts: an assign is destructive when a group loses the policy")
{
    have("provisioning_policies", policy, group_member);
    sync();
    const auto assign = [&](std::string_view groups) {
        return mirrored(submit_now({.kind = "provisioning_policy.assign",
                                    .target_id = policy,
                                    .params = fmt::format(R"({{"assignments":[{}]}})", groups)}));
    };
    CHECK(assign(R"({"target":{"groupId":"30d0e128-de93-41dc-89ec-33d84bb662a0"}})").risk == 0);
    const auto removes = assign("");
    CHECK(removes.risk == 2);
    CHECK(removes.removed_groups ==
          std::vector<std::string>{"30d0e128-de93-41dc-89ec-33d84bb662a0"});
    lose("provisioning_policies", policy);
    sync();
    CHECK(assign(R"({"target":{"groupId":"30d0e128-de93-41dc-89ec-33d84bb662a0"}})").risk == 2);
}

TEST_CASE_FIXTURE(World,
                  "mirrored facts: a retry has the class and the Cloud PCs of what it repeats")
{
    const auto with_type = [&](std::string_view type) {
        have("bulk_actions", policy,
             fmt::format(R"("@odata.type":"#microsoft.graph.{}","cloudPcIds":["{}","{}"])", type,
                         id_of(1), id_of(2)));
        sync();
        return mirrored(submit_now({.kind = "bulk_action.retry", .target_id = policy}));
    };
    CHECK(with_type("cloudPcBulkReprovision").risk == 2);
    CHECK(with_type("cloudPcBulkSomethingNew").risk == 2);
    const auto facts = with_type("cloudPcBulkRestart");
    CHECK(facts.risk == 1);
    CHECK(facts.touches == 2);
    CHECK(facts.targets.size() == 3);

    have("bulk_actions", policy, R"("displayName":"no ids")");
    sync();
    const auto unsaid = mirrored(submit_now({.kind = "bulk_action.retry", .target_id = policy}));
    CHECK(unsaid.incomplete.has_value());
}

TEST_CASE_FIXTURE(World, "mirrored facts: a bulk action touches what it lists")
{
    have_cloud_pcs(2);
    sync();
    const auto facts =
        mirrored(submit_now({.kind = "cloud_pc.bulk_reprovision",
                             .params = fmt::format(R"({{"cloudPcIds":["{}","{}","{}"]}})", id_of(1),
                                                   id_of(2), id_of(9))}));
    CHECK(facts.touches == 3);
    CHECK(facts.target_name == "3 Cloud PCs");
    CHECK(facts.cloud_pcs.at(1).present);
    CHECK_FALSE(facts.cloud_pcs.at(2).present);
    CHECK(facts.targets.size() == 3);
}

TEST_CASE_FIXTURE(World, "user_at: the version that was the present one then")
{
    const auto before = time_of(*this);
    CHECK_FALSE(user_at(mirror.database, machine, before).has_value());

    have_cloud_pc(machine, "ada@contoso.example");
    sync();
    const auto with_ada = time_of(*this);
    have_cloud_pc(machine, "bob@contoso.example");
    sync();
    const auto with_bob = time_of(*this);
    have_cloud_pc(machine, "bob@contoso.example", R"("powerState":"running")");
    sync();
    have("cloud_pcs", machine, R"("displayName":"unassigned")");
    sync();
    const auto with_nobody = time_of(*this);

    CHECK_FALSE(user_at(mirror.database, machine, before).has_value());
    CHECK(user_at(mirror.database, machine, with_ada) == "ada@contoso.example");
    CHECK(user_at(mirror.database, machine, with_bob - Duration{1}) == "ada@contoso.example");
    CHECK(user_at(mirror.database, machine, with_bob) == "bob@contoso.example");
    CHECK(user_at(mirror.database, machine, with_nobody - Duration{1}) == "bob@contoso.example");
    CHECK(user_at(mirror.database, machine, with_nobody) == "");

    lose("cloud_pcs", machine);
    sync();
    CHECK(user_at(mirror.database, machine, with_ada) == "ada@contoso.example");
    CHECK_FALSE(user_at(mirror.database, machine, time_of(*this)).has_value());
}

TEST_CASE("facts: a dotted name leads to the member inside, or is a name of its own")
{
    const auto object =
        boost::json::parse(R"({"@odata.type":"t","a":{"b":{"c":1}},"d":2})").get_object();
    CHECK(*member_at(object, "@odata.type") == "t");
    CHECK(*member_at(object, "a.b.c") == 1);
    CHECK(member_at(object, "a.x") == nullptr);
    CHECK(member_at(object, "d.x") == nullptr);
    CHECK(member_at(object, "x") == nullptr);
}
