#include "tests/simulator/generator.hpp"

#include "tests/simulator/audit_generator.hpp"
#include "tests/simulator/estate.hpp"
#include "tests/simulator/odd_data.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>

namespace graphsim {

namespace {

namespace json = boost::json;

/// How far back audit events go.
constexpr std::chrono::hours audit_age{24 * 90};
/// Every so many objects one is odd.
constexpr std::size_t odd_every = 5;

/// In the order of what refers to what.
std::vector<Generator::Share> shares(const EstateSize& size)
{
    const std::size_t policies = std::clamp<std::size_t>(size.cloud_pcs / 100, 8, 60);
    return {{"servicePlans", 8},
            {"galleryImages", 5},
            {"supportedRegions", 10},
            {"deviceImages", 12},
            {"onPremisesConnections", 10},
            {"provisioningPolicies", policies},
            {"userSettings", 6},
            {"cloudPCs", size.cloud_pcs},
            {"snapshots", size.snapshots},
            {"bulkActions", 15},
            {"frontLineServicePlans", 4},
            {"managedLicenses", 6},
            {"cloudApps", 8},
            {"cloudPcPools", 3},
            {"externalPartners", 3},
            {"organizationSettings", 1}};
}

std::string upper(std::string text)
{
    std::ranges::transform(text, text.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
}

}  // namespace

struct Generator::State {
    Estate estate;
    AuditGenerator audit{};
    bool odd_data;
    TimePoint now;
    std::size_t made = 0;  ///< one at a time, after fill()
};

Generator::Generator(const Facts& facts, std::uint64_t seed, bool odd_data, TimePoint now)
    : x_state{std::make_unique<State>(
          State{.estate = Estate{facts, seed, now}, .odd_data = odd_data, .now = now})}
{}

Generator::~Generator() = default;
Generator::Generator(Generator&&) noexcept = default;
Generator& Generator::operator=(Generator&&) noexcept = default;

void Generator::fill_sets(Store& store, const std::vector<Share>& sets)
{
    auto& state = *x_state;
    for (const auto& [name, count] : sets) {
        auto& set = store.find(name)->second;
        const auto& type = *state.estate.facts().set(name)->type;
        std::string first_id;
        for (std::size_t i = 0; i < count; ++i) {
            auto object = state.estate.make(name, i, store, state.now);
            if (state.odd_data && i % odd_every == 2)
                make_odd(object, type, i / odd_every, state.estate.random());
            std::string id{std::string_view{object["id"].as_string()}};
            if (i == 0)
                first_id = id;
            // Ids are opaque: two that differ only in case are two.
            if (i == 1 && state.odd_data && name == "cloudPCs" && upper(first_id) != first_id) {
                id = upper(first_id);
                object["id"] = id;
            }
            set.add(id, json::serialize(object), TimePoint::min());
        }
    }
}

void Generator::fill(Store& store, const EstateSize& size)
{
    auto& state = *x_state;
    fill_sets(store, shares(size));
    auto& events = store.find("auditEvents")->second;
    const auto n = static_cast<std::int64_t>(size.audit_events);
    for (std::int64_t i = 0; i < n; ++i) {
        const auto base = state.now - audit_age + std::chrono::milliseconds{audit_age} * i / n;
        // A little out of order, as events arrive; some at the very same instant.
        const std::chrono::milliseconds late{i % 10 == 9 ? state.estate.random().between(0, 600'000)
                                                         : 0};
        auto time = i % 50 < 3 ? state.now - audit_age +
                                     std::chrono::milliseconds{audit_age} * (i - i % 50) / n
                               : base - late;
        auto made = state.audit.make(state.estate, store, time, state.odd_data);
        events.add(std::move(made.id), std::move(made.text), TimePoint::min());
    }
    // Last, so that the sizes of the directory leave the Cloud PCs what they were.
    fill_sets(store, {{"users", size.users},
                      {"devices", size.devices},
                      {"groups", size.groups},
                      {"managedDevices", size.devices},
                      {"subscribedSkus", size.users == 0 ? 0U : 4U}});
    state.made = std::max({size.cloud_pcs, size.users, size.groups, size.devices});
}

Made Generator::make(const Store& store, std::string_view set, TimePoint now)
{
    if (set == "auditEvents")
        return make_audit_event(store, now);
    auto object = x_state->estate.make(set, x_state->made++, store, now);
    if (auto* changed = object.if_contains("lastModifiedDateTime"); changed != nullptr)
        *changed = rfc3339(now, 7);
    std::string id{std::string_view{object["id"].as_string()}};
    return {.id = std::move(id), .text = json::serialize(object)};
}

Made Generator::make_audit_event(const Store& store, TimePoint time)
{
    return x_state->audit.make(x_state->estate, store, time, false);
}

std::string Generator::change(std::string_view set, const std::string& text, TimePoint now)
{
    auto& random = x_state->estate.random();
    auto object = json::parse(text).as_object();
    const auto& type = *x_state->estate.facts().set(set)->type;
    if (type.find("lastModifiedDateTime") != nullptr)
        object["lastModifiedDateTime"] =
            rfc3339(now, 7, static_cast<unsigned>(random.below(10'000)));
    std::vector<const Property*> states;
    for (const auto& property : type.properties) {
        const auto* value = object.if_contains(property.name);
        if (property.enumeration != nullptr && !property.collection && value != nullptr &&
            value->is_string() && property.enumeration->members.size() > 1)
            states.push_back(&property);
    }
    if (!states.empty()) {
        const auto& property = *random.pick(states);
        const auto& members = property.enumeration->members;
        auto& value = object[property.name];
        auto next = random.below(members.size());
        if (value.as_string() == members[next])
            next = (next + 1) % members.size();
        value = members[next];
    } else {
        const bool named = type.find("displayName") != nullptr;
        object[named ? "displayName" : "deviceName"] = "Renamed " + random.guid();
    }
    return json::serialize(object);
}

const std::vector<Made>& Generator::source_images() const noexcept
{
    return x_state->estate.source_images();
}

const std::vector<std::string>& Generator::audit_activity_types() const noexcept
{
    return x_state->audit.activity_types();
}

}  // namespace graphsim
