// What is looked for when a request may have been executed.

#include "sync/jobs/activity.hpp"
#include "sync/jobs/evidence.hpp"
#include "tests/unit/jobs/fake_estate.hpp"
#include "tests/unit/jobs/kinds.hpp"
#include "tests/unit/jobs/planned.hpp"

#include <boost/json/parse.hpp>

using namespace cloudpcd;
using namespace cloudpcd::jobs;
using namespace cloudpcd::jobs::test;
using namespace std::chrono_literals;
using Kind = Piece::Kind;

namespace {

const std::string machine = numbered_id(1);
const std::string object = "cccccccc-0000-4000-8000-00000000000c";
const std::string application = "66666666-7777-8888-9999-000000000000";
constexpr std::string_view setting = R"({"displayName":"Sales","localAdminEnabled":false})";

struct Event {
    std::string_view type = "Reboot CloudPC";
    std::string resource = machine;
    std::string application_id = application;
    std::string correlation = "dddddddd-0000-4000-8000-00000000000d";
    Duration at = 10s;
    std::string_view result = "success";
};

struct EvidenceWorld : Tenancy {
    Found search(const Planned& of)
    {
        return await(search_evidence(estate, {.plan = of.plan,
                                              .job = of.job,
                                              .attempt = of.attempt,
                                              .from = sent - 5s,
                                              .to = sent + 15min,
                                              .application_id = application_id,
                                              .known_before = known_before}));
    }
    /// "kind key", one each.
    std::vector<std::string> keys(const Planned& of)
    {
        constexpr std::array names{"own_id",      "audit_event", "remote_action", "status",
                                   "bulk_action", "created",     "gone"};
        std::vector<std::string> all;
        for (const auto& piece : search(of).pieces)
            all.push_back(
                fmt::format("{} {}", names.at(static_cast<std::size_t>(piece.kind)), piece.key));
        return all;
    }

    void event(std::string_view id, const Event& of)
    {
        estate.put("audit_events",
                   fmt::format(R"({{"id":"{}","activityType":"{}","activityDateTime":"{}",)"
                               R"("correlationId":"{}","activityResult":"{}",)"
                               R"("actor":{{"applicationId":"{}"}},)"
                               R"("resources":[{{"resourceId":"other"}},{{"resourceId":"{}"}}]}})",
                               id, of.type, after(of.at), of.correlation, of.result,
                               of.application_id, of.resource));
    }
    void remote_action(std::string_view name, Duration started)
    {
        estate.answer("cloud_pcs", machine, "retrieveCloudPCRemoteActionResults",
                      fmt::format(R"([{{"actionName":"{}","actionState":"active",)"
                                  R"("startDateTime":"{}"}}])",
                                  name, after(started)));
    }

    std::string application_id = application;
    std::vector<std::string> known_before{};
};

using Keys = std::vector<std::string>;

bool tells(std::string_view event, std::string_view kind_name)
{
    return tells_of(
        boost::json::parse(fmt::format(R"({{"activityType":"{}"}})", event)).as_object(),
        kind(kind_name));
}

}  // namespace

TEST_CASE("evidence: an audit event with the id of the request is its own")
{
    EvidenceWorld world;
    world.remote_action("x", 0s);
    const auto job = planned("cloud_pc.reboot", machine);
    auto own = job.attempt.client_request_id;
    std::ranges::transform(own, own.begin(), [](char c) {
        return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    // Whatever else it says.
    world.event(
        "e", {.type = "?", .resource = "?", .application_id = "?", .correlation = own, .at = 3h});
    CHECK(world.keys(job) == Keys{"own_id audit_event:e"});
    CHECK_FALSE(world.search(job).pieces.front().refused);
    for (const auto* result : {"clientError", "failure"}) {
        world.event("e", {.correlation = own, .result = result});
        CHECK(world.search(job).pieces.front().refused);
    }
    CHECK(world.estate.asked_for("LIST audit_events since " + after(-5s)) > 0);
}

TEST_CASE("evidence: an audit event by the application on the object, of that deed, in time")
{
    EvidenceWorld world;
    world.remote_action("x", 0s);
    const auto job = planned("cloud_pc.reboot", machine);
    const auto counts = [&](const Event& of) {
        world.event("e", of);
        return world.keys(job) == Keys{"audit_event audit_event:e"};
    };
    CHECK(counts({}));
    CHECK(counts({.type = "Restart CloudPC"}));
    CHECK_FALSE(counts({.type = "Reprovision CloudPC"}));
    CHECK_FALSE(counts({.resource = numbered_id(2)}));
    CHECK_FALSE(counts({.application_id = "another"}));
    CHECK_FALSE(counts({.at = -10s}));
    CHECK_FALSE(counts({.at = 16min}));
    world.application_id = "";
    CHECK_FALSE(counts({.application_id = ""}));
}

TEST_CASE("evidence: names of activities are compared word by word")
{
    CHECK(words_of("PowerOn CloudPC") == Keys{"power", "on", "cloud", "pc"});
    CHECK(words_of("CloudPCReboot-now") == Keys{"cloud", "pc", "reboot", "now"});
    CHECK(words_of(" ") == Keys{});
    CHECK(tells("EndGracePeriod CloudPC", "cloud_pc.end_grace_period"));
    CHECK(tells("Start CloudPC", "cloud_pc.start"));
    CHECK_FALSE(tells("Restart CloudPC", "cloud_pc.start"));
    CHECK(tells("CloudPcBulkReprovision BulkAction", "cloud_pc.bulk_reprovision"));
    CHECK_FALSE(tells("CloudPcBulkResize BulkAction", "cloud_pc.bulk_reprovision"));
    CHECK(tells("Create UserSetting", "user_setting.create"));
    CHECK(tells("Delete UserSetting", "user_setting.delete"));
    CHECK(tells("Patch UserSetting", "user_setting.update"));
    CHECK(tells("Assign ProvisioningPolicy", "provisioning_policy.assign"));
    CHECK(tells("Publish CloudApp", "cloud_app.publish"));
    CHECK_FALSE(tells("Unpublish CloudApp", "cloud_app.publish"));
}

TEST_CASE("evidence: a remote action of that name that began in time")
{
    EvidenceWorld world;
    const auto job = planned("cloud_pc.reboot", machine);
    world.remote_action("CloudPcRestart", 3s);
    CHECK(world.keys(job) ==
          Keys{fmt::format("remote_action remote_action:{}:restart:{}", machine, after(3s))});
    world.remote_action("Reboot", 14min);
    CHECK(world.keys(job).size() == 1);
    world.remote_action("Reboot", 16min);
    CHECK(world.keys(job).empty());
    world.remote_action("Reboot", -1min);
    CHECK(world.keys(job).empty());
    world.remote_action("Rename", 3s);
    CHECK(world.keys(job).empty());
}

TEST_CASE("evidence: a status that only the action brings, and that is new")
{
    EvidenceWorld world;
    world.remote_action("x", 0s);
    const auto status = [&](std::string_view kind_name, std::string_view name, Duration modified) {
        world.estate.put("cloud_pcs",
                         fmt::format(R"({{"id":"{}","status":"{}","lastModifiedDateTime":"{}"}})",
                                     machine, name, after(modified)));
        return world.keys(planned(kind_name, machine)) == Keys{"status status:17"};
    };
    CHECK(status("cloud_pc.reprovision", "provisioning", 3s));
    CHECK_FALSE(status("cloud_pc.reprovision", "provisioning", -1h));
    CHECK_FALSE(status("cloud_pc.reprovision", "provisioned", 3s));
    CHECK_FALSE(status("cloud_pc.reboot", "provisioning", 3s));
    CHECK(status("cloud_pc.end_grace_period", "deprovisioning", 3s));
    CHECK_FALSE(status("cloud_pc.end_grace_period", "inGracePeriod", 3s));
}

TEST_CASE("evidence: the target is gone")
{
    EvidenceWorld world;
    CHECK(world.keys(planned("user_setting.delete", object)) ==
          Keys{"gone gone:user_settings:" + object});
    CHECK(world.keys(planned("cloud_pc.end_grace_period", machine)) ==
          Keys{"gone gone:cloud_pcs:" + machine});
    // Who is gone was not rebooted.
    CHECK(world.keys(planned("cloud_pc.reboot", machine)).empty());
    world.estate.put("user_settings", fmt::format(R"({{"id":"{}"}})", object));
    CHECK(world.keys(planned("user_setting.delete", object)).empty());
}

TEST_CASE("evidence: an object of that name that was not there before")
{
    EvidenceWorld world;
    const auto job = planned("user_setting.create", {}, setting);
    const auto put = [&](std::string_view name, std::string_view created) {
        world.estate.put("user_settings", fmt::format(R"({{"id":"{}","displayName":"{}"{}}})",
                                                      object, name, created));
        return world.keys(job) == Keys{"created created:" + object};
    };
    const auto at = [](Duration time) {
        return fmt::format(R"(,"createdDateTime":"{}")", after(time));
    };
    CHECK(put("Sales", at(3s)));
    CHECK(put("Sales", ""));
    CHECK_FALSE(put("sales", at(3s)));
    CHECK_FALSE(put("Sales", at(-1h)));
    CHECK_FALSE(put("Sales", at(16min)));
    CHECK(put("Sales", at(3s)));
    CHECK(world.search(job).pieces.front().result.at("id") == object.c_str());
    // Of two, each is one.
    world.estate.put("user_settings", R"({"id":"second","displayName":"Sales"})");
    CHECK(world.keys(job).size() == 2);
    world.known_before = {"second"};
    CHECK(world.keys(job).size() == 1);
    // The audit log tells of what was made.
    world.event("e", {.type = "Create UserSetting", .resource = object});
    CHECK(world.keys(job) == Keys{"created created:" + object, "audit_event audit_event:e"});
    world.event("e", {.type = "Create UserSetting", .resource = "another"});
    CHECK(world.keys(job).size() == 1);
}

TEST_CASE("evidence: a bulk action of the same type, name and Cloud PCs")
{
    EvidenceWorld world;
    const auto job = planned("cloud_pc.bulk_restart", {}, cloud_pc_ids(numbered_ids(2)));
    const std::string ours{job.plan.request.body->at("displayName").as_string()};
    const auto put = [&](std::string_view type, std::string_view name,
                         const std::vector<std::string>& ids, Duration created = 3s) {
        world.estate.put("bulk_actions",
                         fmt::format(R"({{"id":"{}","@odata.type":"#microsoft.graph.{}",)"
                                     R"("displayName":"{}","createdDateTime":"{}",)"
                                     R"("cloudPcIds":["{}"]}})",
                                     object, type, name, after(created), fmt::join(ids, R"(",")")));
        return world.keys(job) == Keys{"bulk_action bulk_action:" + object};
    };
    CHECK(put("cloudPcBulkRestart", ours, {numbered_id(2), numbered_id(1)}));
    CHECK_FALSE(put("cloudPcBulkReprovision", ours, numbered_ids(2)));
    CHECK_FALSE(put("cloudPcBulkRestart", "another", numbered_ids(2)));
    CHECK_FALSE(put("cloudPcBulkRestart", ours, numbered_ids(3)));
    CHECK_FALSE(put("cloudPcBulkRestart", ours, numbered_ids(2), -1h));
}

TEST_CASE("evidence: a policy that was applied in time")
{
    EvidenceWorld world;
    const auto job = planned("provisioning_policy.apply", object, R"({"policySettings":"region"})");
    const auto applied = [&](Duration started) {
        world.estate.answer(
            "provisioning_policies", object, "retrievePolicyApplyActionResult",
            fmt::format(R"({{"status":"processing","startDateTime":"{}"}})", after(started)));
        return world.keys(job).size() == 1;
    };
    CHECK(applied(3s));
    CHECK_FALSE(applied(-1h));
}

TEST_CASE("evidence: what cannot be asked for is named, and the rest is looked at")
{
    EvidenceWorld world;
    world.estate.fail("audit_events", FakeEstate::no_network());
    world.remote_action("Reboot", 3s);
    const auto found = world.search(planned("cloud_pc.reboot", machine));
    CHECK(found.pieces.size() == 1);
    REQUIRE(found.unread.size() == 1);
    CHECK(contains(found.unread.front(), "no network"));
}
