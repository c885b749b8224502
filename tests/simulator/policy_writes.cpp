#include "tests/simulator/policy_writes.hpp"

#include "tests/simulator/assignments.hpp"

#include <fmt/format.h>

#include <set>

namespace graphsim {

namespace {

namespace json = boost::json;

/// The user must be signed in as an Intune administrator for it (cloudPcProvisioningPolicy,
/// `autopatch`).
std::optional<Refusal> check_autopatch(const WriteCall& call)
{
    const auto* autopatch = call.body.if_contains("autopatch");
    if (autopatch == nullptr || autopatch->is_null() || call.caller.delegated)
        return std::nullopt;
    return Refusal{403, "Forbidden",
                   "A policy with autopatch is created and updated with a delegated token."};
}

std::optional<Refusal> check_joins(const json::object& body)
{
    const auto* joins = body.if_contains("domainJoinConfigurations");
    if (joins == nullptr || !joins->is_array())
        return std::nullopt;
    for (const auto& join : joins->as_array()) {
        const auto& of = join.as_object();
        const auto type = text_of(of, "domainJoinType");
        if (type == "hybridAzureADJoin" && text_of(of, "onPremisesConnectionId").empty())
            return invalid("hybridAzureADJoin needs an onPremisesConnectionId.");
    }
    return std::nullopt;
}

}  // namespace

WriteResult PolicyWrites::create(const WriteCall& call)
{
    if (auto refusal = check_autopatch(call))
        return *std::move(refusal);
    if (auto refusal = check_joins(call.body))
        return *std::move(refusal);
    auto object = call.body;
    object.erase("@odata.type");
    // Defaults in the descriptions of the properties.
    if (text_of(object, "provisioningType").empty())
        object["provisioningType"] = "dedicated";
    if (text_of(object, "userExperienceType").empty())
        object["userExperienceType"] = "cloudPc";
    if (!object.contains("scopeIds"))
        object["scopeIds"] = json::array{"0"};
    object["managedBy"] = "windows365";
    object["gracePeriodInHours"] = 168;
    object["assignments"] = json::array{};
    object["createdBy"] = call.caller.name();
    object["createdDateTime"] = stamp(call.now);
    object["lastModifiedBy"] = call.caller.name();
    object["lastModifiedDateTime"] = stamp(call.now);
    const auto name = text_of(object, "displayName");
    const auto id = x_context->add("provisioningPolicies", std::move(object), call.now);
    return Written{.ids = {id}, .shown = id, .name = name};
}

WriteResult PolicyWrites::update(const WriteCall& call)
{
    const auto policy = x_context->find("provisioningPolicies", call.id, call.now);
    if (!policy)
        return not_found(call.id);
    if (auto refusal = check_autopatch(call))
        return *std::move(refusal);
    if (auto refusal = check_joins(call.body))
        return *std::move(refusal);
    auto changes = call.body;
    changes.erase("@odata.type");
    changes["lastModifiedBy"] = call.caller.name();
    changes["lastModifiedDateTime"] = stamp(call.now);
    x_context->patch("provisioningPolicies", call.id, changes);
    return Written{.ids = {call.id}, .shown = call.id, .name = text_of(*policy, "displayName")};
}

WriteResult PolicyWrites::remove(const WriteCall& call)
{
    const auto policy = x_context->find("provisioningPolicies", call.id, call.now);
    if (!policy)
        return not_found(call.id);
    const auto* assignments = policy->if_contains("assignments");
    if (assignments != nullptr && assignments->is_array() && !assignments->as_array().empty())
        return invalid("The provisioning policy has assignments and cannot be deleted.");
    const auto lost = cloud_pcs(call.id);
    x_context->remove("provisioningPolicies", call.id);
    for (const auto& cloud_pc : lost)
        x_machine->begin_grace(cloud_pc, call.now);
    return Written{.ids = {call.id}, .cloud_pcs = lost, .name = text_of(*policy, "displayName")};
}

WriteResult PolicyWrites::assign(const WriteCall& call)
{
    auto& context = *x_context;
    const auto policy = context.find("provisioningPolicies", call.id, call.now);
    if (!policy)
        return not_found(call.id);
    const auto asked = assignments_of(call);
    if (const auto* refusal = std::get_if<Refusal>(&asked))
        return *refusal;
    const auto& assignments = std::get<json::array>(asked);
    const auto before = groups_of(*policy);
    const auto after = groups_of({{"assignments", assignments}});

    std::vector<std::string> lost;
    if (after.empty() && !before.empty()) {
        lost = cloud_pcs(call.id);
    } else {
        for (const auto& group : before) {
            if (!after.contains(group)) {
                const auto of_group = cloud_pcs(call.id, group);
                lost.insert(lost.end(), of_group.begin(), of_group.end());
            }
        }
    }
    set_assignments(context, "provisioningPolicies", call, assignments);
    for (const auto& cloud_pc : lost)
        x_machine->begin_grace(cloud_pc, call.now);
    Written written{.ids = {call.id}, .cloud_pcs = lost, .name = text_of(*policy, "displayName")};
    written.ids.insert(written.ids.end(), after.begin(), after.end());
    return written;
}

WriteResult PolicyWrites::apply(const WriteCall& call)
{
    const auto policy = x_context->find("provisioningPolicies", call.id, call.now);
    if (!policy)
        return not_found(call.id);
    if (is_applied(call.id))
        return conflict("The policy is being applied.");
    const auto all = cloud_pcs(call.id);
    // Left out, it is the region (cloudPcProvisioningPolicy: apply).
    auto settings = text_of(call.body, "policySettings");
    if (settings.empty())
        settings = "region";
    x_applied.insert_or_assign(call.id, Apply{.started = call.now});
    if (settings.find("region") != std::string::npos)
        begin(call.id, "moveRegion", call.now, all);
    else
        begin(call.id, "modifySingleSignOn", call.now, all);
    return Written{.ids = {call.id}, .cloud_pcs = all, .name = text_of(*policy, "displayName")};
}

WriteResult PolicyWrites::retry(const WriteCall& call)
{
    const auto policy = x_context->find("provisioningPolicies", call.id, call.now);
    if (!policy)
        return not_found(call.id);
    if (text_of(*policy, "provisioningType") == "dedicated")
        return invalid("Retry is for frontline shared policies.");
    if (is_applied(call.id))
        return conflict("The policy is being applied.");
    std::vector<std::string> failed;
    for (const auto& id : cloud_pcs(call.id)) {
        const auto cloud_pc = x_context->find("cloudPCs", id, call.now);
        if (cloud_pc && text_of(*cloud_pc, "status") == "failed")
            failed.push_back(id);
    }
    x_applied.insert_or_assign(call.id, Apply{.started = call.now});
    begin(call.id, "reprovision", call.now, failed);
    return Written{.ids = {call.id}, .cloud_pcs = failed, .name = text_of(*policy, "displayName")};
}

bool PolicyWrites::is_applied(std::string_view id) const
{
    const auto found = x_applied.find(id);
    return found != x_applied.end() && !found->second.finished;
}

std::vector<std::string> PolicyWrites::cloud_pcs(std::string_view policy, std::string_view group)
{
    std::vector<std::string> ids;
    x_context->for_each("cloudPCs", policy, [&](const std::string& id, const json::object& object) {
        const auto* detail = object.if_contains("groupDetail");
        const bool in_group = group.empty() || (detail != nullptr && detail->is_object() &&
                                                text_of(detail->as_object(), "groupId") == group);
        if (text_of(object, "provisioningPolicyId") == policy && in_group)
            ids.push_back(id);
    });
    return ids;
}

/// Cloud PCs in another state are left as they are.
void PolicyWrites::begin(const std::string& policy, std::string_view action, TimePoint now,
                         const std::vector<std::string>& cloud_pcs)
{
    auto& apply = x_applied.at(policy);
    for (const auto& id : cloud_pcs) {
        if (x_machine->refuse(action, id, now))
            continue;
        ++apply.open;
        x_machine->accept(action, id, {}, now, [this, policy](Outcome outcome, TimePoint due) {
            auto& of = x_applied.at(policy);
            of.failed |= outcome == Outcome::failed;
            if (--of.open == 0)
                of.finished = due;
        });
    }
    if (apply.open == 0)
        apply.finished = now;
}

json::object PolicyWrites::apply_result(std::string_view id) const
{
    const auto found = x_applied.find(id);
    if (found == x_applied.end())
        return {};
    const auto& apply = found->second;
    return {
        {"startDateTime", stamp(apply.started)},
        {"finishDateTime", apply.finished ? json::value(stamp(*apply.finished)) : json::value()},
        {"status", !apply.finished ? "processing"
                   : apply.failed  ? "failed"
                                   : "succeeded"}};
}

}  // namespace graphsim
