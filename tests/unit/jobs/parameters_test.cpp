// Params are hostile text: what goes through is typed and canonical, what does not is named.

#include "tests/unit/jobs/kinds.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <string>
#include <vector>

using namespace cloudpcd;
using namespace cloudpcd::jobs;

namespace bj = boost::json;

namespace {

constexpr std::string_view policy =
    R"({"displayName":"P","imageId":"i","imageDisplayName":"I","imageType":"gallery",)"
    R"("domainJoinConfigurations":[{"domainJoinType":"azureADJoin"}]})";

/// `policy` with one member more or with another value.
std::string policy_with(std::string_view name, std::string_view json)
{
    auto object = bj::parse(policy).as_object();
    object[name] = bj::parse(json);
    return bj::serialize(object);
}

}  // namespace

TEST_CASE("parameters: the example of every kind is valid and keeps its content")
{
    for (const auto& action : schema::actions()) {
        CAPTURE(action.kind);
        const auto result = read_parameters(action, action.example);
        CHECK_MESSAGE(result.valid(), result.describe());
        CHECK(result.notes.empty());
        CHECK_FALSE(result.may_hold_secret);
        const auto again = read_parameters(action, bj::serialize(result.values));
        CHECK(again.values == result.values);
        if (!action.example.empty())
            CHECK(result.values.size() == bj::parse(action.example).as_object().size());
    }
}

TEST_CASE("parameters: a kind needs an example exactly when it needs params")
{
    for (const auto& action : schema::actions()) {
        const bool needs = !read_parameters(action, "").valid();
        if (needs)
            CHECK_MESSAGE(!action.example.empty(), action.kind);
        if (action.parameters.empty())
            CHECK_MESSAGE(action.example.empty(), action.kind);
    }
}

TEST_CASE("parameters: the order of members is the entry's, whatever was written")
{
    CHECK(
        bj::serialize(read("cloud_pc.reprovision",
                           R"( {"osVersion" : "windows11", "userAccountType":"standardUser"} )")) ==
        R"({"userAccountType":"standardUser","osVersion":"windows11"})");
    CHECK(read("cloud_pc.reprovision", "").empty());
    CHECK(read("cloud_pc.reprovision", " {} ").empty());
}

TEST_CASE("parameters: what is no bounded JSON object is rejected")
{
    const auto reboot = [](std::string_view text) { return rejected("cloud_pc.reboot", text); };
    CHECK(contains(reboot("{"), "are not JSON"));
    CHECK(contains(reboot("{} {}"), "are not JSON"));
    CHECK(contains(reboot("{\"a\":1,}"), "are not JSON"));
    CHECK(contains(reboot("{'a':1}"), "are not JSON"));
    CHECK(contains(reboot("\xff\xfe"), "are not JSON"));
    CHECK(contains(reboot(std::string_view{"{}\0", 3}), "are not JSON"));
    CHECK(contains(reboot(R"({"a":"\ud800"})"), "are not JSON"));
    CHECK(contains(reboot("[]"), "are an array; accepted: a JSON object"));
    CHECK(contains(reboot("null"), "are null"));
    CHECK(contains(reboot("\"{}\""), "are a string"));
    CHECK(contains(reboot(std::string(10'000, '[') + std::string(10'000, ']')), "too deep"));
    const std::string deep = R"({"a":)";
    std::string nested;
    for (int i = 0; i < 10'000; ++i)
        nested += deep;
    CHECK(contains(reboot(nested + "1" + std::string(10'000, '}')), "too deep"));
    const auto huge = fmt::format(R"({{"displayName":"{}"}})", std::string(5'000'000, 'x'));
    CHECK(contains(rejected("cloud_pc.rename", huge), "bytes long; accepted: at most 65536"));
}

TEST_CASE("parameters: a member given twice is rejected, at any depth and in any spelling")
{
    CHECK(contains(rejected("cloud_pc.rename", R"({"displayName":"a","displayName":"b"})"),
                   "params.displayName is given twice"));
    CHECK(contains(rejected("cloud_pc.rename", R"({"displayName":"a","display\u004eame":"b"})"),
                   "params.displayName is given twice"));
    CHECK(contains(rejected("cloud_pc.set_review_status",
                            R"({"reviewStatus":{"inReview":true,"inReview":false}})"),
                   "params.reviewStatus.inReview is given twice"));
    CHECK(contains(rejected("provisioning_policy.assign",
                            R"({"assignments":[{"target":{}},{"target":{"a":1,"a":1}}]})"),
                   "params.assignments[1].target.a is given twice"));
}

TEST_CASE("parameters: an unknown member is rejected, with those that there are")
{
    CHECK(rejected("cloud_pc.rename", R"({"displayName":"a","force":true})") ==
          "params.force is not known here; accepted: displayName");
    CHECK(rejected("cloud_pc.reboot", R"({"force":true})") ==
          "params.force is not known here; accepted: none");
    CHECK(contains(rejected("cloud_pc.rename", R"({"DisplayName":"a"})"), "params.DisplayName"));
    CHECK(contains(rejected("provisioning_policy.create",
                            policy_with("windowsSetting", R"({"locale":"en-US","x":1})")),
                   "params.windowsSetting.x is not known here; accepted: locale"));
    // Read-only members of the object are not writable ones.
    CHECK(contains(rejected("provisioning_policy.create", policy_with("id", "\"x\"")),
                   "params.id is not known here"));
}

TEST_CASE("parameters: names are shown bounded and printable")
{
    const auto text = rejected("cloud_pc.reboot", R"({"\u001b[31m\u0000é":1})");
    for (const char c : text)
        CHECK((c >= ' ' && c <= '~'));
    CHECK(rejected("cloud_pc.reboot", fmt::format(R"({{"{}":1}})", std::string(5000, 'n'))).size() <
          200);
}

TEST_CASE("parameters: what is missing is named, with what it would be")
{
    CHECK(rejected("cloud_pc.resize", "{}") ==
          "params.targetServicePlanId is missing; accepted: a GUID: "
          "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
    const auto text = rejected("provisioning_policy.create", R"({"displayName":"x"})");
    for (const auto* name :
         {"imageId", "imageDisplayName", "imageType", "domainJoinConfigurations"})
        CHECK_MESSAGE(contains(text, fmt::format("params.{} is missing", name)), name);
    CHECK(contains(
        rejected("provisioning_policy.create", policy_with("domainJoinConfigurations", "[{}]")),
        "params.domainJoinConfigurations[0].domainJoinType is missing"));
}

TEST_CASE("parameters: types are Graph's, and nothing is converted")
{
    struct Case {
        std::string_view kind;
        std::string params;
        std::string_view problem;
    };
    const std::vector<Case> cases{
        {"cloud_pc.rename", R"({"displayName":1})", "is a whole number"},
        {"cloud_pc.rename", R"({"displayName":["a"]})", "is an array"},
        {"cloud_pc.rename", R"({"displayName":null})", "is null"},
        {"cloud_pc.rename", R"({"displayName":""})", "does not fit"},
        {"cloud_pc.rename", R"({"displayName":"a\u0000b"})", "does not fit"},
        {"cloud_pc.rename", R"({"displayName":"a\nb"})", "does not fit"},
        {"cloud_pc.resize", R"({"targetServicePlanId":"../x"})", "does not fit"},
        {"cloud_pc.resize", R"({"targetServicePlanId":7})", "is a whole number"},
        {"cloud_pc.restore", R"({"cloudPcSnapshotId":"a b"})", "does not fit"},
        {"cloud_pc.restore", R"({"cloudPcSnapshotId":""})", "does not fit"},
        {"provisioning_policy.apply", R"({"policySettings":"region","reservePercentage":"5"})",
         "is a string; accepted: a whole number from 0 to 100"},
        {"provisioning_policy.apply", R"({"policySettings":"region","reservePercentage":101})",
         "does not fit"},
        {"provisioning_policy.apply", R"({"policySettings":"region","reservePercentage":-1})",
         "does not fit"},
        {"provisioning_policy.apply", R"({"policySettings":"region","reservePercentage":1.5})",
         "is a number with a fraction"},
        {"provisioning_policy.apply",
         R"({"policySettings":"region","reservePercentage":18446744073709551615})", "does not fit"},
        {"provisioning_policy.create", policy_with("enableSingleSignOn", "\"true\""),
         "is a string; accepted: true or false"},
        {"provisioning_policy.create", policy_with("enableSingleSignOn", "1"), "is a whole number"},
        {"provisioning_policy.create", policy_with("windowsSetting", "\"en-US\""),
         "is a string; accepted: an object"},
        {"provisioning_policy.create", policy_with("domainJoinConfigurations", "{}"),
         "is an object"},
        {"provisioning_policy.create", policy_with("domainJoinConfigurations", "[]"),
         "has 0 elements; accepted: 1 to 100"},
        {"provisioning_policy.create", policy_with("domainJoinConfigurations", "[null]"),
         "domainJoinConfigurations[0] is null"},
        {"cloud_pc.set_review_status",
         R"({"reviewStatus":{"inReview":true,"reviewStartDateTime":"yesterday"}})", "does not fit"},
    };
    for (const auto& [name, params, problem] : cases)
        CHECK_MESSAGE(contains(rejected(name, params), problem), params);
}

TEST_CASE("parameters: lengths are counted in characters")
{
    std::string umlauts;
    for (int i = 0; i < 256; ++i)
        umlauts += "ü";
    CHECK(read("cloud_pc.rename", fmt::format(R"({{"displayName":"{}"}})", umlauts)).size() == 1);
    rejected("cloud_pc.rename", fmt::format(R"({{"displayName":"{}x"}})", umlauts));
}

TEST_CASE("parameters: Cloud PCs are listed once each, and at least one")
{
    const auto bulk = [](std::string_view ids) {
        return fmt::format(R"({{"cloudPcIds":{}}})", ids);
    };
    const auto twice = fmt::format(R"(["{0}","662009BC-7732-4F6F-8726-25883518B33E"])", some_id);
    CHECK(contains(rejected("cloud_pc.bulk_restart", bulk(twice)),
                   "params.cloudPcIds[1] is listed before"));
    CHECK(contains(rejected("cloud_pc.bulk_restart", bulk("[]")), "has 0 elements"));
    CHECK(contains(rejected("cloud_pc.bulk_restart", bulk(R"(["x"])")), "cloudPcIds[0]"));
    CHECK(contains(rejected("cloud_pc.bulk_restart", "{}"), "params.cloudPcIds is missing"));
    CHECK(read("bulk_action.retry", "{}").empty());

    std::string many;
    for (int i = 0; i < 1500; ++i)
        many += fmt::format(R"(,"00000000-0000-0000-0000-{:012}")", i);
    const auto params = bulk("[" + many.substr(1) + "]");
    CHECK(params.size() <= params_bytes_max);
    CHECK(read("cloud_pc.bulk_restart", params).at("cloudPcIds").as_array().size() == 1500);
}

TEST_CASE("parameters: enums are open, but another case of a known value is a mistake")
{
    const auto known =
        read_parameters(kind("cloud_pc.reprovision"), R"({"osVersion":"windows11"})");
    CHECK(known.notes.empty());
    const auto later =
        read_parameters(kind("cloud_pc.reprovision"), R"({"osVersion":"windows12"})");
    CHECK(later.valid());
    CHECK(later.values.at("osVersion").as_string() == "windows12");
    REQUIRE(later.notes.size() == 1);
    CHECK(contains(later.notes[0], "osVersion is none of the values known today"));
    CHECK(contains(later.notes[0], "windows10, windows11"));

    CHECK(rejected("cloud_pc.reprovision", R"({"osVersion":"Windows11"})") ==
          "params.osVersion is written in another case; accepted: windows11");
    for (const auto* bad : {"", "unknownFutureValue", "win 11", "windows11,windows10", "11", "a/b"})
        rejected("cloud_pc.reprovision", fmt::format(R"({{"osVersion":"{}"}})", bad));
}

TEST_CASE("parameters: flags are one comma-joined string")
{
    const auto apply = [](std::string_view settings) {
        return fmt::format(R"({{"policySettings":"{}"}})", settings);
    };
    CHECK(read("provisioning_policy.apply", apply("region, singleSignOn")).at("policySettings") ==
          "region,singleSignOn");
    CHECK(read("provisioning_policy.apply", apply("region")).at("policySettings") == "region");
    for (const auto* bad : {"region,", ",", "region,Region", "region,,singleSignOn"})
        rejected("provisioning_policy.apply", apply(bad));
}

TEST_CASE("parameters: times come out as RFC 3339 in UTC")
{
    const auto restore = [](std::string_view time) {
        return fmt::format(R"({{"cloudPcIds":["{}"],"restorePointDateTime":"{}"}})", some_id, time);
    };
    for (const auto* time : {"2026-11-20T06:00:00Z", "2026-11-20T08:00:00+02:00",
                             "2026-11-20 06:00:00", "2026-11-20T06:00:00.0000000Z"})
        CHECK(read("cloud_pc.bulk_restore", restore(time)).at("restorePointDateTime") ==
              "2026-11-20T06:00:00.000Z");
    for (const auto* bad : {"", "now", "2026-02-30T00:00:00Z", "12:00", "0001-01-01T00:00:00Z"})
        rejected("cloud_pc.bulk_restore", restore(bad));
}

TEST_CASE("parameters: a PATCH names what it changes, and nothing that is fixed")
{
    CHECK(
        read("provisioning_policy.update", R"({"description":null})").at("description").is_null());
    CHECK(contains(rejected("provisioning_policy.update", "{}"), "name no member to change"));
    CHECK(contains(
        rejected("user_setting.update", R"({"@odata.type":"#microsoft.graph.cloudPcUserSetting"})"),
        "name no member to change"));
    for (const auto* fixed : {"provisioningType", "userExperienceType"})
        CHECK(contains(
            rejected("provisioning_policy.update", fmt::format(R"({{"{}":"shared"}})", fixed)),
            fmt::format("params.{} cannot be changed after creation", fixed)));
    CHECK(contains(rejected("provisioning_policy.update", R"({"displayName":null})"), "is null"));
    CHECK(contains(rejected("provisioning_policy.update", R"({"windowsSetting":{}})"),
                   "params.windowsSetting.locale is missing"));
}

TEST_CASE("parameters: null is accepted where a member is not required")
{
    const auto assign = read("provisioning_policy.assign",
                             fmt::format(R"({{"assignments":[{{"target":{{"groupId":"{}",)"
                                         R"("servicePlanId":null}}}}]}})",
                                         some_id));
    CHECK(bj::serialize(assign) ==
          fmt::format(R"({{"assignments":[{{"target":{{"groupId":"{}","servicePlanId":null}}}}]}})",
                      some_id));
    CHECK(read("provisioning_policy.assign", R"({"assignments":[]})").at("assignments").is_array());
    CHECK(contains(rejected("provisioning_policy.assign", R"({"assignments":null})"), "is null"));
}

TEST_CASE("parameters: a type that the daemon adds may be given as well, another may not")
{
    for (const auto* type :
         {"#microsoft.graph.cloudPcBulkRestart", "microsoft.graph.cloudPcBulkRestart",
          "#microsoft.graph.cloudPCBulkRestart"}) {
        const auto values =
            read("cloud_pc.bulk_restart",
                 fmt::format(R"({{"@odata.type":"{}","cloudPcIds":["{}"]}})", type, some_id));
        CHECK_FALSE(values.contains("@odata.type"));
    }
    // A restart must not become a reprovision by its type.
    CHECK(contains(
        rejected("cloud_pc.bulk_restart",
                 fmt::format(R"({{"@odata.type":"#microsoft.graph.cloudPcBulkReprovision",)"
                             R"("cloudPcIds":["{}"]}})",
                             some_id)),
        "params.@odata.type is another type"));
    CHECK(contains(rejected("cloud_pc.reboot", R"({"@odata.type":"#microsoft.graph.x"})"),
                   "is not known here"));
}

TEST_CASE("parameters: a network of disaster recovery says its type")
{
    const auto setting = [](std::string_view network) {
        return fmt::format(
            R"({{"crossRegionDisasterRecoverySetting":{{"disasterRecoveryNetworkSetting":{}}}}})",
            network);
    };
    const auto values =
        read("user_setting.update",
             setting(R"({"regionName":"westeurope","@odata.type":)"
                     R"("microsoft.graph.cloudPcDisasterRecoveryMicrosoftHostedNetworkSetting"})"));
    CHECK(contains(bj::serialize(values),
                   R"({"@odata.type":)"
                   R"("#microsoft.graph.cloudPcDisasterRecoveryMicrosoftHostedNetworkSetting",)"));
    CHECK(contains(rejected("user_setting.update", setting(R"({"regionName":"x"})")),
                   "@odata.type is missing"));
    rejected("user_setting.update", setting(R"({"@odata.type":"#microsoft.graph.cloudPC"})"));
}

TEST_CASE("parameters: problems are bounded")
{
    std::string members;
    for (int i = 0; i < 1000; ++i)
        members += fmt::format(R"(,"m{}":1)", i);
    const auto result = read_parameters(kind("cloud_pc.reboot"), "{" + members.substr(1) + "}");
    CHECK(result.problems.size() == problems_max + 1);
    CHECK(contains(result.describe(), "have further problems"));
}

TEST_CASE("parameters: a target is a GUID in its plain form, or none at all")
{
    const auto& reboot = kind("cloud_pc.reboot");
    CHECK_FALSE(check_target(reboot, some_id));
    CHECK_FALSE(check_target(reboot, "662009BC-7732-4F6F-8726-25883518B33E"));
    CHECK(check_target(reboot, std::nullopt)->describe() ==
          "target_id is missing; accepted: id of a row of cloud_pcs: a GUID");
    const std::string five_kilobytes(5000, 'a');
    const std::string with_nul = std::string{some_id} + std::string(1, '\0');
    for (const std::string_view bad :
         {std::string_view{""}, std::string_view{"../../users/x"}, std::string_view{"a/b?$select="},
          std::string_view{".."}, std::string_view{five_kilobytes}, std::string_view{with_nul},
          std::string_view{"{662009bc-7732-4f6f-8726-25883518b33e}"},
          std::string_view{"662009bc77324f6f872625883518b33e"},
          std::string_view{" 662009bc-7732-4f6f-8726-25883518b33e"},
          std::string_view{"662009bc-7732-4f6f-8726-25883518b33g"},
          std::string_view{"662009bc-7732-4f6f-8726_25883518b33e"},
          std::string_view{"662009bc%2d7732-4f6f-8726-25883518b3"}})
        CHECK_MESSAGE(check_target(reboot, bad), bad);
    CHECK(contains(check_target(kind("cloud_pc.bulk_restart"), some_id)->describe(),
                   "target_id is given, but this kind takes none"));
    CHECK_FALSE(check_target(kind("organization_settings.update"), std::nullopt));
}
