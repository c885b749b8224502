#include "tests/simulator/connection_writes.hpp"

#include <algorithm>

namespace graphsim {

namespace {

namespace json = boost::json;

constexpr Span check_time{std::chrono::minutes{2}, std::chrono::minutes{10}};

constexpr std::string_view set_name = "onPremisesConnections";

}  // namespace

/// `connectionType` is hybridAzureADJoin unless it is given.
WriteResult ConnectionWrites::create(const WriteCall& call)
{
    auto object = call.body;
    object.erase("@odata.type");
    std::string password = text_of(object, "adDomainPassword");
    object.erase("adDomainPassword");
    if (text_of(object, "connectionType").empty())
        object["connectionType"] = "hybridAzureADJoin";
    object["type"] = object["connectionType"];
    object["healthCheckPaused"] = false;
    object["healthCheckStatus"] = "pending";
    object["healthCheckStatusDetail"] = nullptr;
    object["healthCheckStatusDetails"] = nullptr;
    object["inUse"] = false;
    object["inUseByCloudPc"] = false;
    object["managedBy"] = "windows365";
    object["subscriptionName"] = "Contoso Production";
    object["virtualNetworkLocation"] = "westus2";
    const auto name = text_of(object, "displayName");
    const auto id = x_context->add(set_name, std::move(object), call.now);
    if (!password.empty())
        x_passwords[id] = std::move(password);
    check(id, call.now);
    return Written{.ids = {id}, .shown = id, .name = name};
}

WriteResult ConnectionWrites::update(const WriteCall& call)
{
    const auto connection = x_context->find(set_name, call.id, call.now);
    if (!connection)
        return not_found(call.id);
    auto changes = call.body;
    changes.erase("@odata.type");
    if (const auto password = text_of(changes, "adDomainPassword"); !password.empty())
        x_passwords[call.id] = password;
    changes.erase("adDomainPassword");
    x_context->patch(set_name, call.id, changes);
    check(call.id, call.now);
    return Written{.ids = {call.id}, .shown = call.id, .name = text_of(*connection, "displayName")};
}

WriteResult ConnectionWrites::remove(const WriteCall& call)
{
    const auto connection = x_context->find(set_name, call.id, call.now);
    if (!connection)
        return not_found(call.id);
    if (in_use(call.id, *connection))
        return conflict("The on-premises connection is in use and cannot be deleted.");
    x_context->remove(set_name, call.id);
    x_passwords.erase(call.id);
    return Written{.ids = {call.id}, .name = text_of(*connection, "displayName")};
}

WriteResult ConnectionWrites::update_password(const WriteCall& call)
{
    const auto connection = x_context->find(set_name, call.id, call.now);
    if (!connection)
        return not_found(call.id);
    if (text_of(*connection, "connectionType") != "hybridAzureADJoin")
        return invalid("Only a hybridAzureADJoin connection has an AD domain password.");
    x_passwords[call.id] = text_of(call.body, "adDomainPassword");
    return Written{.ids = {call.id}, .name = text_of(*connection, "displayName")};
}

WriteResult ConnectionWrites::run_checks(const WriteCall& call)
{
    const auto connection = x_context->find(set_name, call.id, call.now);
    if (!connection)
        return not_found(call.id);
    check(call.id, call.now);
    return Written{.ids = {call.id}, .name = text_of(*connection, "displayName")};
}

std::optional<std::string> ConnectionWrites::password(std::string_view id) const
{
    const auto found = x_passwords.find(id);
    return found == x_passwords.end() ? std::nullopt : std::optional{found->second};
}

bool ConnectionWrites::in_use(std::string_view id, const json::object& connection)
{
    for (const auto* name : {"inUse", "inUseByCloudPc"}) {
        const auto* value = connection.if_contains(name);
        if (value != nullptr && value->is_bool() && value->as_bool())
            return true;
    }
    bool found = false;
    x_context->for_each("provisioningPolicies", id,
                        [&](const std::string&, const json::object&) { found = true; });
    return found;
}

void ConnectionWrites::check(const std::string& id, TimePoint now)
{
    auto& context = *x_context;
    const auto outcome = context.outcome(id);
    const auto delay = context.start_delay();
    const auto duration = context.duration("onPremisesConnections/runHealthChecks", check_time);
    const auto number = ++x_runs[id];
    // Until then a read still shows how the checks before ended.
    context.timeline.at(now + context.options.consistency_lag, [this, id, number](TimePoint due) {
        if (x_runs[id] == number)
            show(id, "pending", due);
    });
    context.timeline.advance(now);
    if (outcome == Outcome::never_starts)
        return;
    const auto begin = now + std::max(delay, context.options.consistency_lag);
    context.timeline.at(begin, [this, id, number, outcome, duration](TimePoint begun) {
        if (x_runs[id] != number)
            return;
        show(id, "running", begun);
        x_context->timeline.at(begun + duration, [this, id, number, outcome](TimePoint due) {
            if (x_runs[id] == number)
                show(id,
                     outcome == Outcome::failed    ? "failed"
                     : outcome == Outcome::warning ? "warning"
                                                   : "passed",
                     due);
        });
    });
}

void ConnectionWrites::show(const std::string& id, std::string_view status, TimePoint now)
{
    const auto* object = x_context->set(set_name).find(id);
    if (object == nullptr)
        return;
    const auto connection = json::parse(*object->text).as_object();
    const bool over = status != "pending" && status != "running";
    const auto* before = connection.if_contains("healthCheckStatusDetail");
    json::object detail =
        before != nullptr && before->is_object() ? before->as_object() : json::object{};
    if (!over)
        detail["startDateTime"] = stamp(now);
    detail["endDateTime"] = over ? json::value(stamp(now)) : json::value();
    detail["healthChecks"] = json::array{json::object{
        {"displayName", "Azure network connectivity"},
        {"status", status},
        {"startDateTime", detail["startDateTime"]},
        {"endDateTime", detail["endDateTime"]},
        {"errorType", status == "failed" ? json::value("dnsCheckFqdnNotFound") : json::value()},
        {"recommendedAction", nullptr},
        {"additionalDetail", nullptr},
        {"additionalDetails", nullptr},
        {"correlationId", x_context->random.guid()}}};
    x_context->patch(set_name, id,
                     {{"healthCheckStatus", status},
                      {"healthCheckStatusDetail", detail},
                      {"healthCheckStatusDetails", detail}});
}

}  // namespace graphsim
