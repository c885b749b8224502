// The write actions against Graph's metadata: request, members and their types, who may call.

#include "schema/actions.hpp"
#include "schema/request.hpp"
#include "tests/unit/schema/facts.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string>

using namespace cloudpcd::schema;

namespace {

namespace bj = boost::json;

std::string text(const bj::object& object, std::string_view member)
{
    const auto* value = object.if_contains(member);
    return value != nullptr && value->is_string() ? std::string{value->get_string()} : "";
}

bool in_version(const bj::object& object, std::string_view version)
{
    return std::ranges::count(facts::strings(object, "versions"), version) == 1;
}

/// The bound action of Graph's that the entry calls, or null where it writes an object.
const bj::object* bound_action(const Action& action)
{
    for (const auto& item : facts::document().at("actions").as_array()) {
        const auto& fact = item.as_object();
        if (text(fact, "path") == action.path && text(fact, "kind") == "action")
            return &fact;
    }
    return nullptr;
}

const bj::object* write_operation(const Action& action)
{
    std::string path{action.path};
    if (path.ends_with("/{id}"))
        path.resize(path.size() - std::string_view{"/{id}"}.size());
    const auto* set = facts::entity_set(path);
    if (set == nullptr)
        return nullptr;
    const std::map<Method, std::string_view> names{
        {Method::post, "create"}, {Method::patch, "update"}, {Method::remove, "delete"}};
    const auto* operation = set->at("operations").as_object().if_contains(names.at(action.method));
    return operation == nullptr ? nullptr : &operation->as_object();
}

const bj::object& request_facts(const Action& action)
{
    const auto* fact = bound_action(action);
    if (fact == nullptr)
        fact = write_operation(action);
    REQUIRE_MESSAGE(fact != nullptr, action.kind);
    return *fact;
}

/// A member as the metadata has it.
struct Member {
    std::string type{};  ///< without `Collection(…)` and namespace
    bool list = false;
    bool v1_0 = false;
    bool nullable = true;
};

Member member_of(std::string type)
{
    Member made;
    constexpr std::string_view collection = "Collection(";
    if (type.starts_with(collection)) {
        made.list = true;
        type = type.substr(collection.size(), type.size() - collection.size() - 1);
    }
    for (const std::string_view prefix : {"microsoft.graph.", "Edm."}) {
        if (type.starts_with(prefix))
            type = type.substr(prefix.size());
    }
    made.type = type;
    return made;
}

const bj::object& type_facts(const std::string& name)
{
    if (const auto* type = facts::document().at("types").as_object().if_contains(name))
        return type->as_object();
    for (const auto& item : facts::document().at("entitySets").as_array()) {
        if (text(item.as_object(), "entityType") == name)
            return item.as_object();
    }
    FAIL("no such type: ", name);
    return facts::document();
}

using Members = std::map<std::string, Member>;

void add_members(const bj::object& type, Members& members)
{
    for (const auto& item : type.at("properties").as_array()) {
        const auto& property = item.as_object();
        auto member = member_of(text(property, "type"));
        member.v1_0 = in_version(property, "v1.0");
        const auto* nullable = property.if_contains("nullable");
        member.nullable = nullable == nullptr || nullable->as_bool();
        members[text(property, "name")] = member;
    }
}

/// With those of the base and of derived types, since a body names its type.
Members members_of(const std::string& name)
{
    Members members;
    const auto& type = type_facts(name);
    add_members(type, members);
    if (type.contains("entityType"))
        members["id"] = {.type = "String", .v1_0 = true};
    if (const auto base = text(type, "base"); !base.empty() && base != "entity")
        members.merge(members_of(base));
    for (const auto& derived : facts::strings(type, "derived"))
        add_members(type_facts(derived), members);
    return members;
}

void check_members(std::span<const Parameter> parameters, const Members& members, bool v1_0);

void check_enumeration(const Parameter& parameter, const Member& member, bool v1_0)
{
    REQUIRE(parameter.enumeration != nullptr);
    CHECK(member.type == parameter.enumeration->name);
    const auto beta = facts::enumeration(parameter.enumeration->name, "beta");
    CHECK(beta.flags == parameter.enumeration->flags);
    CHECK(std::set<std::string>{parameter.enumeration->members.begin(),
                                parameter.enumeration->members.end()} == beta.members);
    std::set<std::string> only_beta;
    if (v1_0 && member.v1_0) {
        const auto known = facts::enumeration(parameter.enumeration->name, "v1.0").members;
        std::ranges::set_difference(beta.members, known, std::inserter(only_beta, only_beta.end()));
    }
    CHECK(std::set<std::string>{parameter.beta_values.begin(), parameter.beta_values.end()} ==
          only_beta);
}

void check_type(const Parameter& parameter, const Member& member, bool v1_0)
{
    CHECK(parameter.list == member.list);
    switch (parameter.type) {
        case ParameterType::text:
        case ParameterType::identifier:
        case ParameterType::guid:
        case ParameterType::secret:
            CHECK(member.type == "String");
            return;
        case ParameterType::boolean:
            CHECK(member.type == "Boolean");
            return;
        case ParameterType::integer:
            CHECK(member.type == "Int32");
            return;
        case ParameterType::date_time:
            CHECK(member.type == "DateTimeOffset");
            return;
        case ParameterType::enumeration:
            check_enumeration(parameter, member, v1_0);
            return;
        case ParameterType::object: {
            const std::string named{parameter.graph_type};
            CHECK((named == member.type || text(type_facts(named), "base") == member.type));
            check_members(parameter.members, members_of(named), v1_0 && member.v1_0);
            return;
        }
        case ParameterType::type_name:
            FAIL("only @odata.type is one");
    }
}

/// `v1_0`: the request goes there unless something in the body needs beta.
void check_members(std::span<const Parameter> parameters, const Members& members, bool v1_0)
{
    for (const auto& parameter : parameters) {
        CAPTURE(parameter.name);
        if (parameter.type == ParameterType::type_name) {
            CHECK(parameter.name == "@odata.type");
            for (const auto type : parameter.types)
                CHECK_FALSE(type_facts(std::string{type}).empty());
            continue;
        }
        const auto found = members.find(std::string{parameter.name});
        CHECK_MESSAGE(found != members.end(), "no such member");
        if (found == members.end())
            continue;
        check_type(parameter, found->second, v1_0);
        CHECK(parameter.beta == (v1_0 && !found->second.v1_0));
    }
}

}  // namespace

TEST_CASE("action facts: every request is one that Graph has, in that version")
{
    for (const auto& action : actions()) {
        CAPTURE(action.kind);
        const auto& fact = request_facts(action);
        CHECK(text(fact, "method") == to_string(action.method));
        CHECK(text(fact, "path") == action.path);
        CHECK(in_version(fact, version_segment(action.version)));
        CHECK(text(fact, "page") == action.documentation);
        if (const auto* documented = fact.if_contains("documented"))
            CHECK(documented->as_bool());
    }
}

TEST_CASE("action facts: v1.0 is used wherever it has the request")
{
    for (const auto& action : actions()) {
        const bool has = in_version(request_facts(action), "v1.0");
        CHECK_MESSAGE((action.version == ApiVersion::v1_0) == has, action.kind);
    }
}

TEST_CASE("action facts: who may call is what Graph says")
{
    for (const auto& action : actions()) {
        CAPTURE(action.kind);
        const auto& fact = request_facts(action);
        const auto* application = fact.at("application").if_array();
        const bool users_only = application != nullptr && application->empty();
        CHECK((action.identity == Identity::delegated) == users_only);
        auto allowed = facts::strings(fact, users_only ? "delegated" : "application");
        if (allowed.empty())  // not documented for some beta requests
            allowed = {"CloudPC.ReadWrite.All"};
        for (const auto permission : action.permissions)
            CHECK(std::ranges::count(allowed, permission) == 1);
    }
}

TEST_CASE("action facts: the answers that Graph documents")
{
    for (const auto& action : actions()) {
        CAPTURE(action.kind);
        const auto& fact = request_facts(action);
        if (const auto* response = fact.if_contains("response")) {
            const auto status = response->at("code").as_int64();
            CHECK(std::ranges::count(action.statuses, static_cast<int>(status)) == 1);
        } else {
            for (const auto& status : fact.at("statuses").as_array())
                CHECK(std::ranges::count(action.statuses, static_cast<int>(status.as_int64())) ==
                      1);
        }
    }
}

TEST_CASE("action facts: members of a body exist in Graph's types, with that type")
{
    for (const auto& action : actions()) {
        CAPTURE(action.kind);
        const bool v1_0 = action.version == ApiVersion::v1_0;
        if (!action.graph_type.empty()) {
            check_members(action.parameters, members_of(std::string{action.graph_type}), v1_0);
            continue;
        }
        Members members;
        const auto* fact = bound_action(action);
        if (fact != nullptr && fact->at("body").is_object()) {
            for (const auto& item : fact->at("body").as_object()) {
                auto member = member_of(std::string{item.value().as_string()});
                member.v1_0 = v1_0;
                members[std::string{item.key()}] = member;
            }
        }
        check_members(action.parameters, members, v1_0);
        CHECK(action.parameters.size() == members.size());  // an action's own: none left out
    }
}

TEST_CASE("action facts: what Graph requires of a new object is required")
{
    for (const auto& action : actions()) {
        if (action.graph_type.empty())
            continue;
        CAPTURE(action.kind);
        for (const auto& [name, member] : members_of(std::string{action.graph_type})) {
            const auto found = std::ranges::find(action.parameters, name, &Parameter::name);
            if (found != action.parameters.end() && !member.nullable)
                CHECK_MESSAGE(found->required, name);
        }
    }
}

TEST_CASE("action facts: every bulk action of Graph's is a kind, save the deprecated one")
{
    std::set<std::string> types;
    for (const auto& item : facts::document().at("types").as_object()) {
        if (text(item.value().as_object(), "base") == "cloudPcBulkAction")
            types.emplace(item.key());
    }
    CHECK(types.erase("cloudPcBulkDisasterRecovery") == 1);  // now two: failover and failback
    std::set<std::string> kinds;
    for (const auto& action : actions()) {
        if (action.kind.starts_with("cloud_pc.bulk_"))
            kinds.emplace(action.graph_type);
    }
    CHECK(kinds == types);
}

TEST_CASE("action facts: what Graph does later is followed, save where nothing shows it")
{
    for (const auto& action : actions()) {
        const auto* fact = bound_action(action);
        if (fact == nullptr)
            continue;
        const bool later = fact->at("async").as_bool();
        CHECK_MESSAGE((action.ending.value.seen_by != Completion::answer) == later, action.kind);
    }
}

TEST_CASE("action facts: the words of an ending are members of the enum they come from")
{
    const std::map<Completion, std::string> sources{
        {Completion::remote_action, "actionState"},
        {Completion::status, "cloudPcStatus"},
        {Completion::health_check, "cloudPcOnPremisesConnectionStatus"},
        {Completion::image_status, "cloudPcDeviceImageStatus"},
        {Completion::app_status, "cloudPcCloudAppStatus"},
        {Completion::policy_apply, "cloudPcPolicyApplyActionStatus"},
        {Completion::partner_agent, "cloudPcPartnerAgentInstallStatus"},
    };
    const auto statuses = facts::enumeration("cloudPcStatus", "beta").members;
    for (const auto& action : actions()) {
        CAPTURE(action.kind);
        const Ending& ending = action.ending.value;
        for (const auto word : ending.busy)
            CHECK(statuses.contains(std::string{word}));
        const auto source = sources.find(ending.seen_by);
        if (source == sources.end())
            continue;
        const auto known = facts::enumeration(source->second, "beta").members;
        for (const auto words : {ending.good, ending.bad}) {
            for (const auto word : words)
                CHECK_MESSAGE(known.contains(std::string{word}), word);
        }
    }
}
