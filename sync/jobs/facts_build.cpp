#include "sync/jobs/facts_build.hpp"

#include "schema/catalog.hpp"
#include "sync/graph/ascii.hpp"
#include "sync/jobs/members.hpp"
#include "sync/jobs/parameters.hpp"
#include "sync/jobs/scope.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace cloudpcd::jobs {

namespace bj = boost::json;

using schema::Risk;
using schema::Touches;

namespace {

constexpr std::string_view cloud_pcs_table = "cloud_pcs";
constexpr int destructive_class = 2;

std::vector<std::string> keys_of(const std::vector<std::string>& ids)
{
    std::set<std::string> seen;
    std::vector<std::string> keys;
    for (const auto& id : ids) {
        if (auto key = std::string(id); seen.insert(key).second)
            keys.push_back(std::move(key));
    }
    return keys;
}

/// The Cloud PCs that a bulk action was given; nullopt when it does not say.
std::optional<std::vector<std::string>> cloud_pcs_of(const bj::object& bulk_action)
{
    const auto* value = bulk_action.if_contains("cloudPcIds");
    const auto* array = value == nullptr ? nullptr : value->if_array();
    if (array == nullptr)
        return std::nullopt;
    std::vector<std::string> ids;
    for (const auto& id : *array) {
        const auto* text = id.if_string();
        if (text == nullptr)
            return std::nullopt;
        ids.emplace_back(*text);
    }
    return ids;
}

Reach reach_of_retry(const Plan& plan, const std::optional<bj::object>& target)
{
    if (auto named = listed_ids(*plan.action, plan.params); !named.empty())
        return {.by = Reach::By::ids, .ids = keys_of(named)};
    const auto all = target ? cloud_pcs_of(*target) : std::nullopt;
    if (!all)
        return {.by = Reach::By::unknown};
    return {.by = Reach::By::ids, .ids = keys_of(*all)};
}

void conclude_risk(Facts& facts, const Plan& plan)
{
    const Risk risk = plan.action->risk;
    facts.risk = schema::risk_class(risk).value_or(destructive_class);
    if (!facts.target)
        return;
    if (risk == Risk::by_removed_groups) {
        const auto removed = removed_groups(plan.params, *facts.target);
        facts.risk = removed && removed->empty() ? 0 : destructive_class;
        facts.removed_groups = removed.value_or(std::vector<std::string>{});
    } else if (risk == Risk::as_repeated) {
        const auto* repeated = schema::find_bulk_action(text_of(*facts.target, "@odata.type"));
        if (repeated != nullptr)
            facts.risk = schema::risk_class(repeated->risk).value_or(destructive_class);
    }
}

void conclude_targets(Facts& facts, const Plan& plan, const Job& job)
{
    std::set<std::pair<std::string, std::string>> seen;
    facts.targets.clear();
    const auto add = [&](std::string_view table, std::string_view id) {
        Target target{.resource = std::string{table}, .id = std::string(id)};
        if (seen.emplace(target.resource, target.id).second)
            facts.targets.push_back(std::move(target));
    };
    if (!plan.action->target.empty() && job.target_id)
        add(plan.action->target, *job.target_id);
    // The only one of its kind has no id to be named by; its changes go in their order all the
    // same.
    if (const auto* only = collection_of(*plan.action);
        only != nullptr && only->shape == schema::Shape::singleton)
        add(only->table, only->table);
    for (const auto& id : listed_ids(*plan.action, plan.params))
        add(plan.action->listed, id);
    for (const auto& cloud_pc : facts.cloud_pcs)
        add(cloud_pcs_table, cloud_pc.id);
}

std::string name_of(const Facts& facts)
{
    if (facts.target)
        return std::string{text_of(*facts.target, "displayName")};
    if (facts.cloud_pcs.size() == 1)
        return std::string{text_of(facts.cloud_pcs.front().properties, "displayName")};
    return facts.cloud_pcs.empty() ? "" : fmt::format("{} Cloud PCs", facts.cloud_pcs.size());
}

}  // namespace

Reach reach_of(const Plan& plan, const Job& job, const std::optional<bj::object>& target)
{
    const Touches touches = plan.action->touches;
    switch (touches) {
        case Touches::nothing:
            return {};
        case Touches::target:
            return {.by = Reach::By::ids, .ids = {job.target_id.value_or("")}};
        case Touches::listed:
            return {.by = Reach::By::ids, .ids = keys_of(listed_ids(*plan.action, plan.params))};
        case Touches::policy:
            return {.by = Reach::By::policy};
        case Touches::bulk_action:
            return reach_of_retry(plan, target);
    }
    return {.by = Reach::By::unknown};
}

bool is_of_policy(const bj::object& cloud_pc, std::string_view policy_id)
{
    return graph::ascii_iequals(text_of(cloud_pc, "provisioningPolicyId"), policy_id);
}

bj::object kept_of_cloud_pc(const Plan& plan, const bj::object& cloud_pc)
{
    constexpr std::array always{"id", "displayName", "status", "userPrincipalName"};
    bj::object kept;
    const auto keep = [&](std::string_view name) {
        if (const auto* value = cloud_pc.if_contains(name))
            kept[name] = *value;
    };
    for (const auto* name : always)
        keep(name);
    for (const auto& expected : plan.expect) {
        const std::string_view name{expected.key()};
        keep(name);
        keep(name.substr(0, name.find('.')));
    }
    return kept;
}

CloudPcFact cloud_pc_fact(const Plan& plan, std::string_view id, const bj::object* found)
{
    if (found == nullptr)
        return {.id = std::string(id)};
    return {.id = std::string(id), .present = true, .properties = kept_of_cloud_pc(plan, *found)};
}

const bj::value* member_at(const bj::object& object, std::string_view name)
{
    if (const auto* value = object.if_contains(name))  // "@odata.type" has a dot of its own
        return value;
    const auto dot = name.find('.');
    if (dot == std::string_view::npos)
        return nullptr;
    const auto* value = object.if_contains(name.substr(0, dot));
    const auto* inner = value == nullptr ? nullptr : value->if_object();
    return inner == nullptr ? nullptr : member_at(*inner, name.substr(dot + 1));
}

void conclude_facts(Facts& facts, const Plan& plan, const Job& job)
{
    facts.touches = static_cast<std::int64_t>(facts.cloud_pcs.size());
    facts.target_name = name_of(facts);
    conclude_targets(facts, plan, job);
    conclude_risk(facts, plan);
}

}  // namespace cloudpcd::jobs
