#include "tests/simulator/cloud_pc_machine.hpp"

#include "tests/simulator/machine_actions.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace graphsim {

namespace {

namespace json = boost::json;

constexpr std::chrono::days grace_period{7};

json::object status_detail(std::string_view code)
{
    return {{"code", code},
            {"message", fmt::format("The action ended with {}.", code)},
            {"additionalInformation", json::array{}}};
}

/// What of a Cloud PC is null until it has been provisioned.
json::object unprovisioned()
{
    return {{"managedDeviceId", nullptr},
            {"managedDeviceName", nullptr},
            {"aadDeviceId", nullptr},
            {"provisionedDateTime", nullptr}};
}

}  // namespace

WriteResult CloudPcMachine::act(const WriteCall& call)
{
    auto& context = *x_context;
    const auto cloud_pc = context.find("cloudPCs", call.id, call.now);
    if (!cloud_pc)
        return not_found(call.id);
    const auto name = std::string_view{call.verb}.substr(call.verb.find('/') + 1);
    auto parameters = call.body;
    Written written{
        .ids = {call.id}, .cloud_pcs = {call.id}, .name = text_of(*cloud_pc, "displayName")};
    if (const auto plan_id = text_of(parameters, "targetServicePlanId"); !plan_id.empty()) {
        const auto plan = context.find("servicePlans", plan_id, call.now);
        if (!plan)
            return invalid(fmt::format("The service plan '{}' does not exist.", plan_id));
        parameters["targetServicePlanName"] = text_of(*plan, "displayName");
        written.ids.push_back(plan_id);
    }
    if (const auto snapshot_id = text_of(parameters, "cloudPcSnapshotId"); !snapshot_id.empty()) {
        const auto snapshot = context.find("snapshots", snapshot_id, call.now);
        if (!snapshot)
            return not_found(snapshot_id);
        if (text_of(*snapshot, "cloudPcId") != call.id)
            return invalid(fmt::format("The snapshot '{}' is of another Cloud PC.", snapshot_id));
        written.ids.push_back(snapshot_id);
    }
    if (auto refusal = refuse(name, call.id, call.now))
        return *std::move(refusal);
    accept(name, call.id, std::move(parameters), call.now);
    return written;
}

std::optional<Refusal> CloudPcMachine::refuse(std::string_view action, std::string_view id,
                                              TimePoint now)
{
    const auto cloud_pc = x_context->find("cloudPCs", id, now);
    if (!cloud_pc)
        return not_found(id);
    const auto& of = *machine_action(action);
    const auto status = text_of(*cloud_pc, "status");
    const bool provisioned = status == "provisioned" || status == "provisionedWithWarnings";
    const bool allowed = of.only_grace               ? status == "inGracePeriod"
                         : status == "failed"        ? of.when_failed
                         : status == "inGracePeriod" ? of.during.empty()
                                                     : provisioned;
    if (allowed)
        return std::nullopt;
    return conflict(fmt::format("{} is not allowed for the current Cloud PC state.", of.last_name));
}

void CloudPcMachine::accept(std::string_view action, const std::string& id, json::object parameters,
                            TimePoint now, Finished finished)
{
    auto& context = *x_context;
    const auto& of = *machine_action(action);
    const auto delay = context.start_delay();
    Record record{.number = ++x_numbers,
                  .action = &of,
                  .parameters = std::move(parameters),
                  .state = "pending",
                  .started = now,
                  .updated = now,
                  .outcome = context.outcome(id),
                  .finished = std::move(finished)};
    const auto cloud_pc = context.find("cloudPCs", id, now);
    if (of.frontline && cloud_pc && text_of(*cloud_pc, "provisioningType") == "dedicated")
        record.outcome = Outcome::not_supported;
    show_last(id, record);
    auto& records = x_records[id];
    if (records.size() == records_max)
        records.pop_front();
    records.push_back(std::move(record));
    if (records.back().outcome == Outcome::never_starts)
        return;
    context.timeline.at(now + delay,
                        [this, id, number = x_numbers](TimePoint due) { begin(id, number, due); });
}

CloudPcMachine::Record* CloudPcMachine::find(const std::string& id, std::uint64_t number)
{
    const auto found = x_records.find(id);
    if (found == x_records.end() || x_context->set("cloudPCs").find(id) == nullptr)
        return nullptr;
    const auto record = std::ranges::find(found->second, number, &Record::number);
    return record == found->second.end() ? nullptr : &*record;
}

void CloudPcMachine::begin(const std::string& id, std::uint64_t number, TimePoint now)
{
    auto* record = find(id, number);
    if (record == nullptr)
        return;
    const auto& action = *record->action;
    if (record->outcome == Outcome::not_supported) {
        record->code = "operationNotSupported";
        conclude(id, *record, now);
        return;
    }
    // Another one that was accepted at the same time has come first.
    if (refuse(action.name, id, now)) {
        record->outcome = Outcome::failed;
        record->code = "operationConflict";
        conclude(id, *record, now);
        return;
    }
    x_context->log.add_start(action.name, id);
    record->state = "active";
    record->updated = now;
    if (!action.during.empty())
        set_status(id, action.during, now);
    if (action.during == "provisioning")
        x_context->patch("cloudPCs", id, unprovisioned());
    show_last(id, *record);
    const auto verb = fmt::format("cloudPCs/{}", action.name);
    x_context->timeline.at(now + x_context->duration(verb, action.duration),
                           [this, id, number](TimePoint due) { finish(id, number, due); });
}

void CloudPcMachine::finish(const std::string& id, std::uint64_t number, TimePoint now)
{
    auto* record = find(id, number);
    if (record == nullptr)
        return;
    const auto& action = *record->action;
    auto& context = *x_context;
    const bool failed = record->outcome == Outcome::failed;
    if (failed) {
        record->code = "internalServerError";
        if (!action.failed.empty())
            context.patch("cloudPCs", id,
                          {{"statusDetail", status_detail(record->code)},
                           {"statusDetails", status_detail(record->code)}});
    } else if (action.effect != nullptr) {
        const auto cloud_pc = *context.find("cloudPCs", id, now);
        Effect effect{.context = context,
                      .id = id,
                      .cloud_pc = cloud_pc,
                      .parameters = record->parameters,
                      .now = now,
                      .review = x_reviews[id]};
        action.effect(effect);
        context.patch("cloudPCs", id, effect.changes);
    }
    auto status = failed && !action.failed.empty() ? action.failed : action.after;
    if (record->outcome == Outcome::warning && status == "provisioned")
        status = "provisionedWithWarnings";
    if (!status.empty())
        set_status(id, status, now);
    conclude(id, *record, now);
    if (action.only_grace && !failed)
        deprovision(id, now);
}

void CloudPcMachine::conclude(const std::string& id, Record& record, TimePoint now)
{
    record.state = record.outcome == Outcome::failed          ? "failed"
                   : record.outcome == Outcome::not_supported ? "notSupported"
                                                              : "done";
    record.updated = now;
    show_last(id, record);
    x_context->patch("cloudPCs", id, {{"lastModifiedDateTime", stamp(now)}});
    if (record.finished)
        record.finished(record.outcome, now);
}

json::object CloudPcMachine::result_of(std::string_view id, const Record& record,
                                       std::string_view name) const
{
    const auto* object = x_context->set("cloudPCs").find(id);
    json::value device;
    if (object != nullptr)
        device = json::parse(*object->text).as_object()["managedDeviceId"];
    json::value detail;
    if (!record.code.empty())
        detail = status_detail(record.code);
    return {{"actionName", name},
            {"actionState", record.state},
            {"startDateTime", stamp(record.started)},
            {"lastUpdatedDateTime", stamp(record.updated)},
            {"cloudPcId", id},
            {"managedDeviceId", std::move(device)},
            {"statusDetail", detail},
            {"statusDetails", detail}};
}

void CloudPcMachine::show_last(const std::string& id, const Record& record)
{
    // An older action that changes no longer shows.
    const auto found = x_records.find(id);
    if (found != x_records.end() && !found->second.empty() &&
        found->second.back().number > record.number)
        return;
    x_context->patch("cloudPCs", id,
                     {{"lastRemoteActionResult", result_of(id, record, record.action->last_name)}});
}

void CloudPcMachine::set_status(const std::string& id, std::string_view status, TimePoint now)
{
    auto& context = *x_context;
    const auto cloud_pc = context.find("cloudPCs", id, now);
    if (!cloud_pc)
        return;
    const auto before = text_of(*cloud_pc, "status");
    context.patch("cloudPCs", id, {{"status", status}, {"lastModifiedDateTime", stamp(now)}});
    const auto generation = ++x_generations[id];
    if (!context.random.chance(context.options.flap_rate))
        return;
    const auto show = [this, id, generation](std::string value) {
        return [this, id, generation, value = std::move(value)](TimePoint) {
            if (x_generations[id] == generation)
                x_context->patch("cloudPCs", id, {{"status", value}});
        };
    };
    const auto back = now + context.pick(context.options.flap);
    context.timeline.at(back, show(before));
    context.timeline.at(back + context.pick(context.options.flap), show(std::string{status}));
}

void CloudPcMachine::begin_grace(const std::string& id, TimePoint now)
{
    const auto delay = x_context->start_delay();
    x_context->timeline.at(now + delay, [this, id](TimePoint due) {
        const auto cloud_pc = x_context->find("cloudPCs", id, due);
        if (!cloud_pc)
            return;
        const auto status = text_of(*cloud_pc, "status");
        if (status != "provisioned" && status != "provisionedWithWarnings" && status != "failed")
            return;
        x_context->patch("cloudPCs", id, {{"gracePeriodEndDateTime", stamp(due + grace_period)}});
        set_status(id, "inGracePeriod", due);
        x_context->timeline.at(
            due + grace_period, [this, id, generation = x_generations[id]](TimePoint end) {
                if (x_generations[id] == generation && !refuse("endGracePeriod", id, end))
                    accept("endGracePeriod", id, {}, end);
            });
    });
}

/// Who still has a policy keeps the Cloud PC, not provisioned; another one goes.
void CloudPcMachine::deprovision(const std::string& id, TimePoint now)
{
    auto& context = *x_context;
    const auto cloud_pc = context.find("cloudPCs", id, now);
    if (!cloud_pc)
        return;
    const auto policy =
        context.find("provisioningPolicies", text_of(*cloud_pc, "provisioningPolicyId"), now);
    const auto* assignments = policy ? policy->if_contains("assignments") : nullptr;
    if (assignments == nullptr || !assignments->is_array() || assignments->as_array().empty()) {
        context.remove("cloudPCs", id);
        x_records.erase(id);
        x_reviews.erase(id);
        return;
    }
    auto changes = unprovisioned();
    changes["gracePeriodEndDateTime"] = nullptr;
    context.patch("cloudPCs", id, changes);
    set_status(id, "notProvisioned", now);
}

json::array CloudPcMachine::results(std::string_view id) const
{
    json::array list;
    const auto found = x_records.find(id);
    if (found == x_records.end())
        return list;
    for (auto record = found->second.rbegin(); record != found->second.rend(); ++record)
        list.push_back(result_of(id, *record, record->action->result_name));
    return list;
}

json::object CloudPcMachine::review(std::string_view id) const
{
    const auto found = x_reviews.find(id);
    if (found == x_reviews.end() || found->second.empty())
        return {{"inReview", false}};
    return found->second;
}

}  // namespace graphsim
