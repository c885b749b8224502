#include "tests/simulator/setting_writes.hpp"

#include "tests/simulator/assignments.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace graphsim {

namespace {

namespace json = boost::json;

constexpr Span publishing_time{std::chrono::minutes{1}, std::chrono::minutes{5}};

}  // namespace

WriteResult SettingWrites::update(std::string_view set, const WriteCall& call, json::object more)
{
    const auto object = x_context->find(set, call.id, call.now);
    if (!object)
        return not_found(call.id);
    auto changes = call.body;
    changes.erase("@odata.type");
    for (auto& member : more)
        changes[member.key()] = std::move(member.value());
    x_context->patch(set, call.id, changes);
    return Written{.ids = {call.id}, .shown = call.id, .name = text_of(*object, "displayName")};
}

WriteResult SettingWrites::create_user_setting(const WriteCall& call)
{
    auto object = call.body;
    object.erase("@odata.type");
    for (const auto* flag : {"localAdminEnabled", "resetEnabled"}) {
        if (!object.contains(flag))
            object[flag] = false;
    }
    object["assignments"] = json::array{};
    object["createdDateTime"] = stamp(call.now);
    object["lastModifiedDateTime"] = stamp(call.now);
    const auto name = text_of(object, "displayName");
    const auto id = x_context->add("userSettings", std::move(object), call.now);
    return Written{.ids = {id}, .shown = id, .name = name};
}

WriteResult SettingWrites::update_user_setting(const WriteCall& call)
{
    return update("userSettings", call, {{"lastModifiedDateTime", stamp(call.now)}});
}

WriteResult SettingWrites::delete_user_setting(const WriteCall& call)
{
    const auto setting = x_context->find("userSettings", call.id, call.now);
    if (!setting)
        return not_found(call.id);
    x_context->remove("userSettings", call.id);
    return Written{.ids = {call.id}, .name = text_of(*setting, "displayName")};
}

WriteResult SettingWrites::assign_user_setting(const WriteCall& call)
{
    const auto setting = x_context->find("userSettings", call.id, call.now);
    if (!setting)
        return not_found(call.id);
    const auto asked = assignments_of(call);
    if (const auto* refusal = std::get_if<Refusal>(&asked))
        return *refusal;
    const auto& assignments = std::get<json::array>(asked);
    set_assignments(*x_context, "userSettings", call, assignments);
    Written written{.ids = {call.id}, .name = text_of(*setting, "displayName")};
    const auto groups = groups_of({{"assignments", assignments}});
    written.ids.insert(written.ids.end(), groups.begin(), groups.end());
    return written;
}

WriteResult SettingWrites::update_organization(const WriteCall& call)
{
    const auto id = x_context->set("organizationSettings").at(0).id;
    auto changes = call.body;
    changes.erase("@odata.type");
    x_context->patch("organizationSettings", id, changes);
    return Written{.ids = {id}, .shown = id, .name = "organizationSettings"};
}

WriteResult SettingWrites::create_partner(const WriteCall& call)
{
    auto object = call.body;
    object.erase("@odata.type");
    if (text_of(object, "partnerId").empty())
        object["partnerId"] = x_context->random.guid();
    object["connectionStatus"] = "available";
    object["lastSyncDateTime"] = nullptr;
    object["statusDetails"] = nullptr;
    const auto id = x_context->add("externalPartners", std::move(object), call.now);
    return Written{.ids = {id}, .shown = id};
}

WriteResult SettingWrites::update_partner(const WriteCall& call)
{
    return update("externalPartners", call, {});
}

WriteResult SettingWrites::publish(const WriteCall& call)
{
    return change_apps(call,
                       {.during = "publishing", .after = "published", .from = {"ready", "failed"}});
}

WriteResult SettingWrites::unpublish(const WriteCall& call)
{
    return change_apps(call, {.during = "unpublishing", .after = "ready", .from = {"published"}});
}

/// Its details are again those of the app that was discovered.
WriteResult SettingWrites::reset(const WriteCall& call)
{
    return change_apps(call, {.from = {"ready", "published", "failed"}});
}

/// All of them, or none.
WriteResult SettingWrites::change_apps(const WriteCall& call, const AppChange& change)
{
    auto& context = *x_context;
    const auto ids = texts_of(call.body, "cloudAppIds");
    if (ids.empty())
        return invalid("Cannot process request due to invalid input: 'cloudAppIds' is empty.");
    for (const auto& id : ids) {
        const auto app = context.find("cloudApps", id, call.now);
        if (!app)
            return not_found(id);
        const auto status = text_of(*app, "appStatus");
        if (std::ranges::find(change.from, status) == change.from.end())
            return conflict(fmt::format("The cloud app '{}' is {}.", id, status));
    }
    for (const auto& id : ids) {
        const auto app = *context.find("cloudApps", id, call.now);
        if (change.during.empty()) {
            context.patch("cloudApps", id, {{"displayName", text_of(app, "discoveredAppName")}});
            continue;
        }
        context.patch("cloudApps", id, {{"appStatus", change.during}});
        const auto outcome = context.outcome(id);
        const auto duration = context.duration(call.verb, publishing_time);
        if (outcome == Outcome::never_starts)
            continue;
        context.timeline.at(
            call.now + duration,
            [this, id, outcome, after = std::string{change.after}](TimePoint due) {
                json::object changes{{"appStatus", outcome == Outcome::failed ? "failed" : after}};
                if (outcome != Outcome::failed && after == "published")
                    changes["lastPublishedDateTime"] = stamp(due);
                x_context->patch("cloudApps", id, changes);
            });
    }
    return Written{.ids = ids};
}

}  // namespace graphsim
