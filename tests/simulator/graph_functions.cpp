// GET of functions bound to one object.

#include "tests/simulator/json_text.hpp"
#include "tests/simulator/projection.hpp"
#include "tests/simulator/tenant.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace graphsim {

namespace {

namespace json = boost::json;

struct Served {
    std::string_view name, type;
    bool collection;
};

constexpr std::array served{
    Served{"retrieveCloudPCRemoteActionResults", "cloudPcRemoteActionResult", true},
    Served{"retrieveSnapshots", "cloudPcSnapshot", true},
    Served{"retrieveReviewStatus", "cloudPcReviewStatus", false},
    Served{"retrievePolicyApplyActionResult", "cloudPcPolicyApplyActionResult", false}};

}  // namespace

const Action* Tenant::bound_function(const Target& target, const EntitySet& entity_set) const
{
    if (target.segments.size() != entity_set.path.size() + 3)
        return nullptr;
    auto name = std::string_view{target.segments.back()};
    if (name.ends_with("()"))
        name.remove_suffix(2);
    // Graph's metadata and its documentation differ in the case of one of them.
    const auto found = std::ranges::find_if(
        served, [&](const Served& of) { return equal_without_case(of.name, name); });
    return found == served.end() ? nullptr : x_facts.action(entity_set.name, found->name, true);
}

Response Tenant::read_bound_function(const Request& request, const Target& target,
                                     const Action& function, Version version,
                                     const std::vector<FaultSet::Rule*>& hit)
{
    const auto& roles = x_tokens.roles(request.header("Authorization").value_or(""));
    const auto& accepted = function.operation.roles;
    if (std::ranges::none_of(accepted, [&](const auto& role) {
            return std::ranges::find(roles, role) != roles.end();
        }))
        return error(request, 403, "Forbidden",
                     fmt::format("Application is not authorized to perform this operation. "
                                 "Application must have one of the following scopes: {}",
                                 fmt::join(accepted, ", ")));
    const auto& id = target.segments[target.segments.size() - 2];
    const Object* object = set(function.set).find(id);
    if (object == nullptr || object->visible_from > now())
        return error(request, 404, "ResourceNotFound",
                     fmt::format("The resource '{}' does not exist.", id));
    const auto& of = *std::ranges::find(served, function.name, &Served::name);
    const auto context = fmt::format("{}/{}/$metadata#{}microsoft.graph.{}{}", x_options.base_url,
                                     to_string(version), of.collection ? "Collection(" : "",
                                     of.type, of.collection ? ")" : "");
    if (!of.collection) {
        json::object shown{{"@odata.context", context}};
        auto result = function.name == "retrieveReviewStatus"
                          ? x_writes.machine().review(id)
                          : x_writes.policies().apply_result(id);
        for (auto& member : result)
            shown[member.key()] = std::move(member.value());
        return {.status = 200,
                .headers = {{"Content-Type", "application/json"}},
                .body = json::serialize(shown)};
    }
    Page page{.set = function.name, .context = context};
    page.self_link = x_options.base_url + request.target;
    page.again_link = page.self_link;
    if (function.name == "retrieveCloudPCRemoteActionResults") {
        for (const auto& result : x_writes.machine().results(id))
            page.items.push_back(json::serialize(result));
    } else {
        const auto& snapshots = set("snapshots");
        const Projection projection{*x_facts.set("snapshots")->type, version};
        for (std::size_t i = 0; i < snapshots.size(); ++i) {
            const auto& snapshot = snapshots.at(i);
            if (snapshot.visible_from <= now() &&
                string_of(member(*snapshot.text, "cloudPcId")) == id)
                projection.append(page.items.emplace_back(), *snapshot.text);
        }
    }
    return answer(std::move(page), hit);
}

}  // namespace graphsim
