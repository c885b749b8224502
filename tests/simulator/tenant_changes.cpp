// What happens to the tenant behind the client's back.

#include "tests/simulator/json_text.hpp"
#include "tests/simulator/tenant.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace graphsim {

namespace {

namespace json = boost::json;

json::object parse_object(std::string_view text)
{
    boost::system::error_code failure;
    auto value = json::parse(text, failure);
    if (failure || !value.is_object())
        throw std::invalid_argument{"no JSON object"};
    return std::move(value.as_object());
}

}  // namespace

std::string Tenant::add(std::string_view name, std::string_view text)
{
    auto object = parse_object(text);
    auto& objects = set(name);
    const auto* id_value = object.if_contains("id");
    if (id_value == nullptr) {
        const auto id = x_dice.guid();
        object["id"] = id;
        objects.add(id, json::serialize(object), TimePoint::min());
        return id;
    }
    if (!id_value->is_string())
        throw std::invalid_argument{"the id is no string"};
    std::string id{std::string_view{id_value->as_string()}};
    objects.add(id, std::string{text}, TimePoint::min());
    return id;
}

std::string Tenant::add(std::string_view name)
{
    auto& objects = set(name);
    auto made = x_generator.make(x_store, name, now());
    objects.add(made.id, std::move(made.text), TimePoint::min());
    return made.id;
}

bool Tenant::modify(std::string_view name, std::string_view id, std::string_view patch)
{
    auto changes = parse_object(patch);
    auto& objects = set(name);
    const std::string key = x_facts.set(name)->singleton ? objects.at(0).id : std::string{id};
    const Object* object = objects.find(key);
    if (object == nullptr)
        return false;
    if (changes.contains("id"))
        throw std::invalid_argument{"an id cannot change"};
    auto members = parse_object(*object->text);
    for (auto& member : changes)
        members[member.key()] = std::move(member.value());
    objects.replace(key, json::serialize(members));
    return true;
}

bool Tenant::remove(std::string_view name, std::string_view id, bool for_good)
{
    auto& objects = set(name);
    const std::string key{id};  // `id` may belong to the object
    if (objects.find(key) == nullptr)
        return false;
    objects.remove({key}, for_good);
    if (objects.log() != nullptr)
        leave_groups(key);
    return true;
}

bool Tenant::restore(std::string_view name, std::string_view id)
{
    auto& objects = set(name);
    if (objects.log() == nullptr)
        return false;
    const auto found = objects.log()->entries().find(std::string{id});
    if (found == objects.log()->entries().end() || !found->second.removed || found->second.for_good)
        return false;
    objects.add(std::string{id}, std::string{found->second.text}, TimePoint::min());
    return true;
}

bool Tenant::add_member(std::string_view group, std::string_view id, std::string_view type)
{
    auto& groups = set("groups");
    const Object* object = groups.find(group);
    if (object == nullptr)
        return false;
    auto text = parse_object(*object->text);
    auto& members = text["members"];
    if (!members.is_array())
        members = json::array{};
    for (const auto& member : members.as_array()) {
        if (member.at("id").as_string() == id)
            return false;
    }
    members.as_array().push_back(
        json::object{{"@odata.type", fmt::format("#microsoft.graph.{}", type)}, {"id", id}});
    groups.replace(group, json::serialize(text));
    return true;
}

bool Tenant::remove_member(std::string_view group, std::string_view id)
{
    auto& groups = set("groups");
    const Object* object = groups.find(group);
    // Most groups do not have it: not parsed for nothing.
    if (object == nullptr || object->text->find(id) == std::string::npos)
        return false;
    auto text = parse_object(*object->text);
    auto* members = text["members"].if_array();
    if (members == nullptr)
        return false;
    const auto before = members->size();
    json::array left;
    for (auto& member : *members) {
        if (member.at("id").as_string() != id)
            left.push_back(std::move(member));
    }
    if (left.size() == before)
        return false;
    *members = std::move(left);
    groups.replace(group, json::serialize(text));
    return true;
}

void Tenant::leave_groups(std::string_view id)
{
    const auto& groups = set("groups");
    for (std::size_t i = 0; i < groups.size(); ++i)
        remove_member(groups.at(i).id, id);
}

/// One member comes, one goes.
void Tenant::churn_members(const std::string& group)
{
    const auto& users = set("users");
    if (users.size() > 0)
        add_member(group, users.at(x_dice.below(users.size())).id);
    const auto members = parse_object(*set("groups").find(group)->text);
    const auto* list = members.contains("members") ? members.at("members").if_array() : nullptr;
    if (list != nullptr && !list->empty())
        remove_member(group,
                      string_of(json::serialize((*list)[x_dice.below(list->size())].at("id"))));
}

bool Tenant::hide_from_list(std::string_view name, std::string_view id, int times)
{
    auto& objects = set(name);
    if (objects.find(id) == nullptr || times <= 0)
        return false;
    objects.hide(id, times);
    return true;
}

std::unordered_set<std::string> Tenant::pick(const ObjectSet& from, double fraction,
                                             const std::unordered_set<std::string>& except)
{
    const auto wanted = std::min(
        static_cast<std::size_t>(std::llround(static_cast<double>(from.size()) * fraction)),
        from.size() - std::min(except.size(), from.size()));
    std::unordered_set<std::string> picked;
    while (picked.size() < wanted) {
        const auto& id = from.at(x_dice.below(from.size())).id;
        if (!except.contains(id))
            picked.insert(id);
    }
    return picked;
}

void Tenant::churn_set(const std::string& name, const ChurnOptions& options, ChurnResult& result)
{
    auto& objects = set(name);
    const auto sorted = [](const std::unordered_set<std::string>& ids) {
        std::vector<std::string> list{ids.begin(), ids.end()};
        std::ranges::sort(list);
        return list;
    };
    std::unordered_set<std::string> gone;
    if (name == "snapshots") {
        // They go with their Cloud PC.
        for (std::size_t i = 0; i < objects.size(); ++i) {
            const auto owner = string_of(member(*objects.at(i).text, "cloudPcId"));
            if (!owner.empty() && std::ranges::binary_search(result.removed["cloudPCs"], owner))
                gone.insert(objects.at(i).id);
        }
    }
    gone.merge(pick(objects, options.removed, gone));
    const auto changed = pick(objects, options.modified, gone);
    result.modified[name] = sorted(changed);
    result.removed[name] = sorted(gone);
    for (const auto& id : result.modified[name]) {
        objects.replace(id, x_generator.change(name, *objects.find(id)->text, now()));
        if (name == "groups")
            churn_members(id);
    }
    const auto additions = std::llround(static_cast<double>(objects.size()) * options.added);
    if (objects.log() == nullptr) {
        objects.remove(gone);
    } else {
        for (const auto& id : result.removed[name])
            remove(name, id, x_dice.chance(0.5));
    }
    for (long long i = 0; i < additions; ++i)
        result.added[name].push_back(add(name));
    const auto hidden = objects.size() == 0
                            ? std::unordered_set<std::string>{}
                            : pick(objects,
                                   static_cast<double>(std::min(options.hidden, objects.size())) /
                                       static_cast<double>(objects.size()),
                                   {});
    result.hidden[name] = sorted(hidden);
    for (const auto& id : result.hidden[name])
        objects.hide(id, 1);
}

ChurnResult Tenant::churn(const ChurnOptions& options)
{
    ChurnResult result;
    std::vector<std::string> names = options.sets;
    if (names.empty())
        names.assign(std::begin(churn_sets), std::end(churn_sets));
    // Cloud PCs before the snapshots that go with them.
    std::ranges::sort(names);
    for (const auto& name : names) {
        if (x_facts.set(name) == nullptr || x_facts.set(name)->singleton)
            throw std::invalid_argument{fmt::format("'{}' is no collection", name)};
        churn_set(name, options, result);
    }
    if (options.audit_events > 0)
        result.added["auditEvents"] = add_audit_events(options.audit_events);
    return result;
}

std::vector<std::string> Tenant::add_audit_events(std::size_t n, std::chrono::milliseconds spread)
{
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < n; ++i) {
        const std::chrono::milliseconds age{x_dice.between(0, spread.count())};
        auto made = x_generator.make_audit_event(x_store, now() - age);
        set("auditEvents").add(made.id, std::move(made.text), TimePoint::min());
        ids.push_back(std::move(made.id));
    }
    return ids;
}

std::string Tenant::add_late_audit_event(TimePoint activity_time, TimePoint visible_from)
{
    auto made = x_generator.make_audit_event(x_store, activity_time);
    set("auditEvents").add(made.id, std::move(made.text), visible_from);
    return made.id;
}

}  // namespace graphsim
