// What must hold of every write action, whatever Graph says.

#include "schema/actions.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <string_view>

using namespace cloudpcd::schema;

namespace {

using namespace std::string_view_literals;

/// Class of every kind that the interface names; -1: decided at the claim. Written by hand from the
/// rules (docs/reference/actions.md), never from the entries.
const std::map<std::string_view, int>& risk_table()
{
    static const std::map<std::string_view, int> table{
        {"provisioning_policy.create", 1},
        {"provisioning_policy.update", 0},
        {"provisioning_policy.delete", 2},
        {"provisioning_policy.assign", -1},
        {"provisioning_policy.apply", 2},
        {"provisioning_policy.retry", 1},
        {"cloud_pc.reprovision", 2},
        {"cloud_pc.end_grace_period", 2},
        {"cloud_pc.resize", 2},
        {"cloud_pc.restore", 2},
        {"cloud_pc.reboot", 1},
        {"cloud_pc.rename", 1},
        {"cloud_pc.troubleshoot", 1},
        {"cloud_pc.start", 1},
        {"cloud_pc.stop", 1},
        {"cloud_pc.power_on", 1},
        {"cloud_pc.power_off", 1},
        {"cloud_pc.change_user_account_type", 1},
        {"cloud_pc.create_snapshot", 1},
        {"cloud_pc.set_review_status", 2},
        {"cloud_pc.retry_partner_agent_installation", 1},
        {"cloud_pc.bulk_reprovision", 2},
        {"cloud_pc.bulk_resize", 2},
        {"cloud_pc.bulk_restore", 2},
        {"cloud_pc.bulk_restart", 1},
        {"cloud_pc.bulk_power_on", 1},
        {"cloud_pc.bulk_power_off", 1},
        {"cloud_pc.bulk_create_snapshot", 1},
        {"cloud_pc.bulk_troubleshoot", 1},
        {"cloud_pc.bulk_move", 2},
        {"cloud_pc.bulk_reinstall_agent", 2},
        {"cloud_pc.bulk_set_review_status", 2},
        {"cloud_pc.bulk_modify_disk_encryption_type", 2},
        {"cloud_pc.bulk_disaster_recovery_failover", 2},
        {"cloud_pc.bulk_disaster_recovery_failback", 2},
        {"bulk_action.retry", -1},
        {"device_image.create", 1},
        {"device_image.delete", 1},
        {"device_image.retry_upload", 1},
        {"on_premises_connection.create", 1},
        {"on_premises_connection.update", 0},
        {"on_premises_connection.delete", 1},
        {"on_premises_connection.update_ad_domain_password", 0},
        {"on_premises_connection.run_health_checks", 0},
        {"user_setting.create", 1},
        {"user_setting.update", 0},
        {"user_setting.delete", 1},
        {"user_setting.assign", 0},
        {"organization_settings.update", 0},
        {"cloud_app.publish", 1},
        {"cloud_app.unpublish", 1},
        {"cloud_app.reset", 1},
        {"external_partner.create", 1},
        {"external_partner.update", 0},
    };
    return table;
}

void check_sentence(std::string_view text)
{
    CAPTURE(text);
    CHECK(text.size() > 4);
    CHECK(text.ends_with('.'));
    CHECK(text.find('|') == std::string_view::npos);  // would end a cell of the reference
    CHECK(text.find('\n') == std::string_view::npos);
}

void check_parameters(std::span<const Parameter> parameters)
{
    std::set<std::string_view> names;
    for (const auto& parameter : parameters) {
        CAPTURE(parameter.name);
        CHECK(names.insert(parameter.name).second);
        check_sentence(parameter.description);
        CHECK((parameter.type == ParameterType::enumeration) == (parameter.enumeration != nullptr));
        CHECK((parameter.type == ParameterType::object) == !parameter.members.empty());
        CHECK((parameter.type == ParameterType::object) == !parameter.graph_type.empty());
        CHECK((parameter.type == ParameterType::type_name) == !parameter.types.empty());
        CHECK((parameter.type == ParameterType::integer) == (parameter.most > parameter.least));
        CHECK_FALSE((parameter.required && parameter.filled));
        if (!parameter.annotation.empty())
            CHECK(parameter.annotation.ends_with("." + std::string{parameter.graph_type}));
        check_parameters(parameter.members);
    }
}

const Parameter* find_parameter(const Action& action, std::string_view name)
{
    const auto found = std::ranges::find(action.parameters, name, &Parameter::name);
    return found == action.parameters.end() ? nullptr : &*found;
}

bool is_bulk(const Action& action)
{
    return action.kind.starts_with("cloud_pc.bulk_");
}

}  // namespace

TEST_CASE("actions: the kinds that the interface promises, each with its risk")
{
    std::map<std::string_view, int> found;
    for (const auto& action : actions())
        CHECK(found.emplace(action.kind, risk_class(action.risk).value_or(-1)).second);
    CHECK(found == risk_table());
    CHECK(find_action("provisioning_policy.assign")->risk == Risk::by_removed_groups);
    CHECK(find_action("bulk_action.retry")->risk == Risk::as_repeated);
}

TEST_CASE("actions: a risk that the claim decides counts as destructive until then")
{
    for (const auto& action : actions()) {
        const auto expected = risk_table().at(action.kind);
        CHECK_MESSAGE(may_destroy(action.risk) == (expected == 2 || expected == -1), action.kind);
    }
}

TEST_CASE("actions: a kind is found byte for byte, or not at all")
{
    for (const auto& action : actions())
        CHECK(find_action(action.kind) == &action);
    CHECK(find_action("device_image.reupload") == find_action("device_image.retry_upload"));
    for (const auto wrong :
         {"Cloud_pc.reboot"sv, "cloud_pc.reboot "sv, " cloud_pc.reboot"sv, "cloud_pc.Reboot"sv,
          "cloud_pc.rebооt"sv, "cloud_pc.reboo"sv, "cloud_pc.reboot\0"sv, "cloud_pc."sv, ""sv,
          "reupload"sv, "device_image.reupload "sv, "reboot"sv, "cloud_pc.reboot;"sv})
        CHECK_MESSAGE(find_action(wrong) == nullptr, wrong);
}

TEST_CASE("actions: every entry is complete")
{
    for (const auto& action : actions()) {
        CAPTURE(action.kind);
        check_sentence(action.description);
        check_parameters(action.parameters);
        CHECK_FALSE(action.title.empty());
        CHECK_FALSE(action.verb.empty());
        CHECK_FALSE(action.permissions.empty());
        CHECK_FALSE(action.statuses.empty());
        CHECK((action.path.find("{id}") != std::string_view::npos) == !action.target.empty());
        if (!action.target.empty())
            CHECK(find_collection(action.target) != nullptr);
        CHECK(action.listed.empty() == action.listed_by.empty());
        if (!action.listed.empty()) {
            CHECK(find_collection(action.listed) != nullptr);
            const auto* ids = find_parameter(action, action.listed_by);
            REQUIRE(ids != nullptr);
            CHECK(ids->list);
            CHECK(ids->type == ParameterType::guid);
        }
        if (!action.annotation.empty())
            CHECK(action.annotation == "#microsoft.graph." + std::string{action.graph_type});
        CHECK((action.method == Method::patch) == action.kind.ends_with(".update"));
        CHECK((action.method == Method::remove) == action.kind.ends_with(".delete"));
    }
}

TEST_CASE("actions: what a request touches is known from its target or its params")
{
    for (const auto& action : actions()) {
        CAPTURE(action.kind);
        const Touches touches = action.touches;
        CHECK((touches == Touches::target) == (action.target == "cloud_pcs"));
        CHECK((touches == Touches::listed) == is_bulk(action));
        CHECK((touches == Touches::bulk_action) == (action.kind == "bulk_action.retry"));
        if (touches == Touches::policy)
            CHECK(action.target == "provisioning_policies");
        // Nothing that may destroy can reach a Cloud PC that no budget counts.
        if (may_destroy(action.risk))
            CHECK(touches != Touches::nothing);
    }
}

TEST_CASE("actions: duplicates are looked for among destructive verbs, never among policy jobs")
{
    const std::set<std::string_view> whatever_the_params{"reprovision", "restore",
                                                         "end_grace_period"};
    for (const auto& action : actions()) {
        CAPTURE(action.kind);
        if (risk_class(action.risk) != 2 || action.touches == Touches::policy)
            CHECK(action.duplicates == Duplicates::never);
        else if (whatever_the_params.contains(action.verb))
            CHECK(action.duplicates == Duplicates::any_params);
        else
            CHECK(action.duplicates == Duplicates::same_params);
    }
}

TEST_CASE("actions: single and bulk form of a deed are one verb, of one risk")
{
    const std::map<std::string_view, std::string_view> pairs{
        {"cloud_pc.bulk_reprovision", "cloud_pc.reprovision"},
        {"cloud_pc.bulk_resize", "cloud_pc.resize"},
        {"cloud_pc.bulk_restore", "cloud_pc.restore"},
        {"cloud_pc.bulk_restart", "cloud_pc.reboot"},
        {"cloud_pc.bulk_power_on", "cloud_pc.power_on"},
        {"cloud_pc.bulk_power_off", "cloud_pc.power_off"},
        {"cloud_pc.bulk_create_snapshot", "cloud_pc.create_snapshot"},
        {"cloud_pc.bulk_troubleshoot", "cloud_pc.troubleshoot"},
        {"cloud_pc.bulk_set_review_status", "cloud_pc.set_review_status"},
    };
    for (const auto& [bulk, single] : pairs) {
        CAPTURE(bulk);
        CHECK(find_action(bulk)->verb == find_action(single)->verb);
        CHECK(find_action(bulk)->risk == find_action(single)->risk);
        CHECK(find_action(bulk)->duplicates == find_action(single)->duplicates);
        CHECK(std::ranges::equal(find_action(bulk)->remote_actions,
                                 find_action(single)->remote_actions));
    }
    for (const auto& action : actions()) {
        if (is_bulk(action) && !pairs.contains(action.kind)) {
            for (const auto& other : actions())
                CHECK_MESSAGE((other.kind == action.kind || other.verb != action.verb),
                              action.kind);
        }
    }
}

TEST_CASE("actions: a bulk action is known by its type, in every spelling of it")
{
    for (const auto& action : actions()) {
        if (!is_bulk(action))
            continue;
        CAPTURE(action.kind);
        CHECK(find_bulk_action(action.annotation) == &action);
        CHECK(find_bulk_action(action.annotation.substr(1)) == &action);
        CHECK(find_bulk_action(action.graph_type) == &action);
    }
    CHECK(find_bulk_action("#microsoft.graph.cloudpcbulkrestart") ==
          find_action("cloud_pc.bulk_restart"));
    CHECK(find_bulk_action("#microsoft.graph.cloudPcBulkAction") == nullptr);
    CHECK(find_bulk_action("#microsoft.graph.cloudPcProvisioningPolicy") == nullptr);
    CHECK(find_bulk_action("") == nullptr);
}

TEST_CASE("actions: secrets are known by name")
{
    CHECK(std::ranges::equal(secret_members(), std::array{"adDomainPassword"sv}));
    std::set<std::string_view> with_secret;
    for (const auto& action : actions()) {
        if (takes_secret(action))
            with_secret.insert(action.kind);
    }
    CHECK(with_secret == std::set<std::string_view>{
                             "on_premises_connection.create", "on_premises_connection.update",
                             "on_premises_connection.update_ad_domain_password"});
}

TEST_CASE("actions: what ends has a deadline, and what is seen has its words")
{
    for (const auto& action : actions()) {
        CAPTURE(action.kind);
        const Ending& ending = action.ending.value;
        CHECK((ending.seen_by == Completion::answer) == (ending.deadline.count() == 0));
        const bool by_words = ending.seen_by != Completion::answer &&
                              ending.seen_by != Completion::gone &&
                              ending.seen_by != Completion::bulk_summary;
        CHECK(by_words == !ending.good.empty());
        if (ending.seen_by == Completion::remote_action)
            CHECK_FALSE(action.remote_actions.empty());
        const bool waits = find_parameter(action, "scheduledDuringMaintenanceWindow") != nullptr;
        CHECK(waits == (ending.deadline_in_window > ending.deadline));
        for (const auto word : ending.good)
            CHECK(std::ranges::count(ending.bad, word) == 0);
    }
}

TEST_CASE("actions: what Graph refuses anyhow is refused before, with advice")
{
    CHECK(find_action("provisioning_policy.delete")->precondition == Precondition::unassigned);
    CHECK(find_action("on_premises_connection.delete")->precondition == Precondition::unused);
    CHECK(refusal(Precondition::unassigned).find("assign []") != std::string_view::npos);
    CHECK(refusal(Precondition::none).empty());
}
