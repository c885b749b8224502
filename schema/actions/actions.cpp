#include "schema/actions.hpp"

#include "schema/actions/entries.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace cloudpcd::schema {

namespace {

constexpr std::pair<std::string_view, std::string_view> aliases[] = {
    {"device_image.reupload", "device_image.retry_upload"},
};

constexpr std::string_view type_prefix = "#microsoft.graph.";

/// The name behind `#microsoft.graph.` or `microsoft.graph.`.
std::string_view bare_type(std::string_view name) noexcept
{
    for (const auto prefix : {type_prefix, type_prefix.substr(1)}) {
        if (name.starts_with(prefix))
            return name.substr(prefix.size());
    }
    return name;
}

bool same_without_case(std::string_view left, std::string_view right) noexcept
{
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return std::ranges::equal(left, right, {}, lower, lower);
}

void collect_secrets(std::span<const Parameter> parameters, std::vector<std::string_view>& names)
{
    for (const auto& parameter : parameters) {
        if (parameter.type == ParameterType::secret &&
            std::ranges::count(names, parameter.name) == 0)
            names.push_back(parameter.name);
        collect_secrets(parameter.members, names);
    }
}

std::vector<Action> all_actions()
{
    std::vector<Action> all;
    for (const auto group : {entries::provisioning_policy_actions, entries::cloud_pc_actions,
                             entries::bulk_actions_of_cloud_pcs, entries::device_image_actions,
                             entries::on_premises_connection_actions, entries::user_setting_actions,
                             entries::organization_settings_actions, entries::cloud_app_actions,
                             entries::external_partner_actions})
        all.insert(all.end(), group.begin(), group.end());
    return all;
}

}  // namespace

std::span<const Action> actions() noexcept
{
    static const auto all = all_actions();
    return all;
}

const Action* find_action(std::string_view kind) noexcept
{
    for (const auto& [alias, meant] : aliases) {
        if (kind == alias)
            kind = meant;
    }
    const auto all = actions();
    const auto found = std::ranges::find(all, kind, &Action::kind);
    return found == all.end() ? nullptr : &*found;
}

const Action* find_bulk_action(std::string_view odata_type) noexcept
{
    for (const auto& action : entries::bulk_actions_of_cloud_pcs) {
        if (!action.graph_type.empty() &&
            same_without_case(action.graph_type, bare_type(odata_type)))
            return find_action(action.kind);
    }
    return nullptr;
}

std::optional<int> risk_class(Risk risk) noexcept
{
    switch (risk) {
        case Risk::repeatable:
            return 0;
        case Risk::disruptive:
            return 1;
        case Risk::destructive:
            return 2;
        case Risk::by_removed_groups:
        case Risk::as_repeated:
            return std::nullopt;
    }
    return std::nullopt;
}

bool may_destroy(Risk risk) noexcept
{
    return risk_class(risk).value_or(2) == 2;
}

std::string_view to_string(Method method) noexcept
{
    switch (method) {
        case Method::post:
            return "POST";
        case Method::patch:
            return "PATCH";
        case Method::remove:
            return "DELETE";
    }
    return "";
}

bool takes_secret(const Action& action) noexcept
{
    std::vector<std::string_view> names;
    collect_secrets(action.parameters, names);
    return !names.empty();
}

std::span<const std::string_view> secret_members() noexcept
{
    static const auto all = [] {
        std::vector<std::string_view> names;
        for (const auto& action : actions())
            collect_secrets(action.parameters, names);
        return names;
    }();
    return all;
}

std::string_view refusal(Precondition precondition) noexcept
{
    switch (precondition) {
        case Precondition::none:
            return "";
        case Precondition::unassigned:
            return "the policy still has assignments, and Graph refuses to delete it: assign [] "
                   "first, which takes it away from its groups";
        case Precondition::unused:
            return "the connection is in use by a policy or by Cloud PCs, and Graph refuses to "
                   "delete it: take it out of every policy first";
    }
    return "";
}

}  // namespace cloudpcd::schema
