#include "tests/simulator/bulk_actions.hpp"

#include "tests/simulator/write_validation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace graphsim {

namespace {

namespace json = boost::json;

/// What a bulk action does to each of its Cloud PCs.
constexpr std::pair<std::string_view, std::string_view> actions[] = {
    {"cloudPcBulkCreateSnapshot", "createSnapshot"},
    {"cloudPcBulkDisasterRecovery", "disasterRecovery"},
    {"cloudPcBulkDisasterRecoveryFailback", "disasterRecoveryFailback"},
    {"cloudPcBulkDisasterRecoveryFailover", "disasterRecoveryFailover"},
    {"cloudPcBulkModifyDiskEncryptionType", "modifyDiskEncryptionType"},
    {"cloudPcBulkMove", "moveRegion"},
    {"cloudPcBulkPowerOff", "powerOff"},
    {"cloudPcBulkPowerOn", "powerOn"},
    {"cloudPcBulkReinstallAgent", "reinstallAgent"},
    {"cloudPcBulkReprovision", "reprovision"},
    {"cloudPcBulkResize", "resize"},
    {"cloudPcBulkRestart", "reboot"},
    {"cloudPcBulkRestore", "restore"},
    {"cloudPcBulkSetReviewStatus", "setReviewStatus"},
    {"cloudPcBulkTroubleshoot", "troubleshoot"}};

std::string_view action_of(std::string_view type)
{
    const auto* found =
        std::ranges::find(actions, type, &std::pair<std::string_view, std::string_view>::first);
    return found == std::end(actions) ? "" : found->second;
}

/// With scheduledDuringMaintenanceWindow.
constexpr std::chrono::hours until_maintenance{6};

std::optional<Refusal> check_ids(const std::vector<std::string>& ids)
{
    if (ids.empty())
        return invalid("Cannot process request due to invalid input: 'cloudPcIds' is empty.");
    if (std::set<std::string>{ids.begin(), ids.end()}.size() != ids.size())
        return invalid("Cannot process request due to invalid input: 'cloudPcIds' repeats an id.");
    return std::nullopt;
}

}  // namespace

WriteResult BulkActions::create(const WriteCall& call)
{
    auto& context = *x_context;
    const auto cloud_pcs = texts_of(call.body, "cloudPcIds");
    if (auto refusal = check_ids(cloud_pcs))
        return *std::move(refusal);
    auto object = call.body;
    if (const auto plan_id = text_of(object, "targetServicePlanId"); !plan_id.empty()) {
        if (!context.find("servicePlans", plan_id, call.now))
            return invalid(fmt::format("The service plan '{}' does not exist.", plan_id));
    }
    object["@odata.type"] = fmt::format("#microsoft.graph.{}", odata_type(call.body));
    object["createdDateTime"] = stamp(call.now);
    object["status"] = "pending";
    object["initiatedByUserPrincipalName"] =
        call.caller.delegated ? json::value(call.caller.user_principal_name) : json::value();
    const auto maintenance = object.if_contains("scheduledDuringMaintenanceWindow");
    const bool later = maintenance != nullptr && maintenance->is_bool() && maintenance->as_bool();
    object["scheduledDuringMaintenanceWindow"] = later;
    const auto name = text_of(object, "displayName");
    const auto id = context.add("bulkActions", std::move(object), call.now);
    for (const auto& cloud_pc : cloud_pcs)
        x_parts[id].emplace(cloud_pc, Part::pending);
    for (const auto& cloud_pc : cloud_pcs) {
        set_part(id, cloud_pc, Part::pending);
        const auto delay = context.start_delay();
        const auto wait = later ? until_maintenance : std::chrono::hours{0};
        context.timeline.at(call.now + wait + delay,
                            [this, id, cloud_pc](TimePoint due) { start(id, cloud_pc, due); });
    }
    Written written{.ids = {id}, .cloud_pcs = cloud_pcs, .shown = id, .name = name};
    written.ids.insert(written.ids.end(), cloud_pcs.begin(), cloud_pcs.end());
    return written;
}

WriteResult BulkActions::retry(const WriteCall& call)
{
    auto& context = *x_context;
    const auto bulk = context.find("bulkActions", call.id, call.now);
    if (!bulk)
        return not_found(call.id);
    if (action_of(odata_type(*bulk)).empty())
        return invalid("The bulk action is of a type that cannot be retried.");
    if (text_of(*bulk, "status") != "failed")
        return conflict("Retry is not allowed for the current state of the bulk action.");
    auto& parts = x_parts[call.id];
    if (parts.empty()) {  // older than the tenant's memory: nothing tells which ones failed
        for (const auto& cloud_pc : texts_of(*bulk, "cloudPcIds"))
            parts.emplace(cloud_pc, Part::failed);
    }
    std::vector<std::string> chosen = texts_of(call.body, "cloudPcIds");
    if (chosen.empty()) {
        for (const auto& [cloud_pc, part] : parts) {
            if (part == Part::failed)
                chosen.push_back(cloud_pc);
        }
    }
    for (const auto& cloud_pc : chosen) {
        const auto part = parts.find(cloud_pc);
        if (part == parts.end() || part->second != Part::failed)
            return invalid(fmt::format("'{}' has not failed in the bulk action.", cloud_pc));
    }
    for (const auto& cloud_pc : chosen) {
        set_part(call.id, cloud_pc, Part::pending);
        context.timeline.at(
            call.now + context.start_delay(),
            [this, id = call.id, cloud_pc](TimePoint due) { start(id, cloud_pc, due); });
    }
    return Written{.ids = {call.id}, .cloud_pcs = chosen, .name = text_of(*bulk, "displayName")};
}

void BulkActions::start(const std::string& id, const std::string& cloud_pc, TimePoint now)
{
    const auto bulk = x_context->find("bulkActions", id, now);
    if (!bulk)
        return;
    const auto action = action_of(odata_type(*bulk));
    if (const auto refusal = x_machine->refuse(action, cloud_pc, now)) {
        set_part(id, cloud_pc, refusal->status == 404 ? Part::failed : Part::not_supported);
        return;
    }
    set_part(id, cloud_pc, Part::in_progress);
    auto parameters = *bulk;
    if (const auto plan =
            x_context->find("servicePlans", text_of(*bulk, "targetServicePlanId"), now))
        parameters["targetServicePlanName"] = text_of(*plan, "displayName");
    x_machine->accept(action, cloud_pc, std::move(parameters), now,
                      [this, id, cloud_pc](Outcome outcome, TimePoint) {
                          set_part(id, cloud_pc,
                                   outcome == Outcome::failed          ? Part::failed
                                   : outcome == Outcome::not_supported ? Part::not_supported
                                                                       : Part::succeeded);
                      });
}

void BulkActions::set_part(const std::string& id, const std::string& cloud_pc, Part part)
{
    auto& parts = x_parts[id];
    parts.insert_or_assign(cloud_pc, part);
    const auto count = [&](Part of) {
        return std::ranges::count_if(parts, [&](const auto& entry) { return entry.second == of; });
    };
    const auto open = count(Part::pending) + count(Part::in_progress);
    const auto bad = count(Part::failed) + count(Part::not_supported);
    x_context->patch(
        "bulkActions", id,
        {{"status", open > 0  ? "pending"
                    : bad > 0 ? "failed"
                              : "succeeded"},
         {"actionSummary", json::object{{"failedCount", count(Part::failed)},
                                        {"inProgressCount", count(Part::in_progress)},
                                        {"notSupportedCount", count(Part::not_supported)},
                                        {"pendingCount", count(Part::pending)},
                                        {"successfulCount", count(Part::succeeded)}}}});
}

}  // namespace graphsim
