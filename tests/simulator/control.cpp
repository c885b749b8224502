#include "tests/simulator/control.hpp"

#include "tests/simulator/json_text.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <charconv>
#include <stdexcept>
#include <utility>

namespace graphsim {

namespace {

namespace json = boost::json;

Response answer(int status, std::string body)
{
    return {.status = status,
            .headers = {{"Content-Type", "application/json"}},
            .body = std::move(body)};
}

Response answer(const json::value& value)
{
    return answer(200, json::serialize(value));
}

std::size_t number_of(const Target& target, std::string_view name, std::size_t fallback)
{
    const auto text = target.parameter(name);
    if (!text)
        return fallback;
    std::size_t number = 0;
    const auto [end, failure] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (failure != std::errc{} || end != text->data() + text->size())
        throw std::invalid_argument{fmt::format("'{}' is no number", name)};
    return number;
}

json::object body_of(const Request& request)
{
    boost::system::error_code failure;
    auto value = request.body.empty() ? json::object{} : json::parse(request.body, failure);
    if (failure || !value.is_object())
        throw std::invalid_argument{"the body is no JSON object"};
    return std::move(value.as_object());
}

Response state(const Tenant& tenant, const Target& target)
{
    const auto offset = number_of(target, "offset", 0);
    const auto limit = number_of(target, "limit", state_limit_max);
    const auto version = target.parameter("version").value_or("beta");
    if (limit > state_limit_max)
        throw std::invalid_argument{fmt::format("'limit' is at most {}", state_limit_max)};
    if (version != "beta" && version != "v1.0")
        throw std::invalid_argument{"'version' is beta or v1.0"};
    std::string out = "[";
    std::size_t position = 0;
    tenant.for_each_object(target.segments[2], version == "beta" ? Version::beta : Version::v1_0,
                           [&](const TruthObject& object) {
                               const auto at = position++;
                               if (at < offset || at - offset >= limit)
                                   return;
                               if (out.size() > 1)
                                   out += ',';
                               out += object.text;
                           });
    return answer(200, out + "]");
}

Response requests(const Tenant& tenant, const Target& target)
{
    const auto& log = tenant.requests();
    const auto limit = number_of(target, "limit", 1000);
    json::array entries;
    const auto first = log.entries().size() - std::min(limit, log.entries().size());
    for (std::size_t i = first; i < log.entries().size(); ++i) {
        const auto& entry = log.entries()[i];
        json::object headers;
        for (const auto& [name, value] : entry.headers)
            headers[name] = value;
        entries.push_back(json::object{{"time", rfc3339(entry.time, 3)},
                                       {"method", entry.method},
                                       {"target", entry.target},
                                       {"status", entry.status},
                                       {"connection_id", entry.connection_id},
                                       {"headers", std::move(headers)}});
    }
    return answer(entries);
}

Response stats(Tenant& tenant, const ServerCounts& counts)
{
    json::array by_path;
    for (const auto& [key, count] : tenant.requests().counts())
        by_path.push_back(
            json::object{{"method", key.first}, {"path", key.second}, {"count", count}});
    json::object sizes;
    for (const auto& name : tenant.collections())
        sizes[name] = tenant.size(name);
    return answer(json::object{{"connections", counts.connections},
                               {"requests", tenant.requests().total()},
                               {"requests_by_path", std::move(by_path)},
                               {"objects", std::move(sizes)},
                               {"faults_armed", tenant.faults().armed()},
                               {"requests_hit_by_faults", tenant.faults().hits()}});
}

double fraction_of(const json::object& body, std::string_view name, double fallback)
{
    const auto* value = body.if_contains(name);
    if (value == nullptr)
        return fallback;
    boost::system::error_code failure;
    const auto fraction = value->to_number<double>(failure);
    if (failure || !(fraction >= 0 && fraction <= 1))
        throw std::invalid_argument{fmt::format("'{}' is no fraction", name)};
    return fraction;
}

std::size_t count_of(const json::object& body, std::string_view name)
{
    const auto* value = body.if_contains(name);
    if (value == nullptr)
        return 0;
    boost::system::error_code failure;
    const auto count = value->to_number<std::size_t>(failure);
    constexpr std::size_t at_once_max = 1'000'000;
    if (failure || count > at_once_max)
        throw std::invalid_argument{fmt::format("'{}' is no such number", name)};
    return count;
}

Response churn(Tenant& tenant, const Request& request)
{
    const auto body = body_of(request);
    ChurnOptions options;
    options.modified = fraction_of(body, "modified", options.modified);
    options.removed = fraction_of(body, "removed", options.removed);
    options.added = fraction_of(body, "added", options.added);
    options.hidden = count_of(body, "hidden");
    options.audit_events = count_of(body, "audit_events");
    if (const auto* sets = body.if_contains("sets"))
        options.sets = json::value_to<std::vector<std::string>>(*sets);
    const auto result = tenant.churn(options);
    return answer(json::object{{"added", json::value_from(result.added)},
                               {"modified", json::value_from(result.modified)},
                               {"removed", json::value_from(result.removed)},
                               {"hidden", json::value_from(result.hidden)}});
}

/// `{"add": {...}}`, `{"modify": {"id": ..., "patch": {...}}}`, `{"remove": {"id": ...}}`,
/// `{"hide": {"id": ..., "times": 1}}`.
Response objects(Tenant& tenant, const std::string& set, const Request& request)
{
    const auto body = body_of(request);
    if (body.size() != 1)
        throw std::invalid_argument{"one of add, modify, remove and hide is wanted"};
    const std::string action{std::string_view{body.begin()->key()}};
    const auto& what = body.begin()->value().as_object();
    if (action == "add") {
        const auto id = what.empty() ? tenant.add(set) : tenant.add(set, json::serialize(what));
        return answer(json::object{{"id", id}});
    }
    const std::string id{std::string_view{what.at("id").as_string()}};
    bool done = false;
    if (action == "modify")
        done = tenant.modify(set, id, json::serialize(what.at("patch")));
    else if (action == "remove")
        done = tenant.remove(set, id);
    else if (action == "remove_for_good")
        done = tenant.remove(set, id, true);
    else if (action == "restore")
        done = tenant.restore(set, id);
    else if (action == "add_member" && set == "groups")
        done = tenant.add_member(id, std::string_view{what.at("member").as_string()});
    else if (action == "remove_member" && set == "groups")
        done = tenant.remove_member(id, std::string_view{what.at("member").as_string()});
    else if (action == "hide")
        done = tenant.hide_from_list(
            set, id, what.contains("times") ? static_cast<int>(count_of(what, "times")) : 1);
    else
        throw std::invalid_argument{fmt::format("'{}' is none of the actions", action)};
    if (!done)
        return answer(404, R"({"error":"there is no such object"})");
    return answer(json::object{{"id", id}});
}

/// `{"replay": "users"}`: the next round says all once more; `{"expire": true}`: links are dead.
Response delta(Tenant& tenant, const Request& request)
{
    const auto body = body_of(request);
    if (const auto* replay = body.if_contains("replay"))
        tenant.replay_delta(std::string_view{replay->as_string()});
    if (const auto* expire = body.if_contains("expire"); expire != nullptr && expire->as_bool())
        tenant.expire_delta_tokens();
    return answer(body);
}

Response faults(Tenant& tenant, const Request& request)
{
    if (request.method == "DELETE") {
        tenant.faults().clear();
        return answer(json::object{{"faults_armed", 0}});
    }
    return answer(json::object{{"fault", tenant.faults().add(parse_fault(request.body))}});
}

SignInPolicy policy_of(std::string_view name)
{
    constexpr std::pair<std::string_view, SignInPolicy> known[] = {
        {"admit", SignInPolicy::admit},
        {"block", SignInPolicy::block},
        {"require_mfa", SignInPolicy::require_mfa},
        {"require_consent", SignInPolicy::require_consent}};
    for (const auto& [text, policy] : known) {
        if (text == name)
            return policy;
    }
    throw std::invalid_argument{fmt::format("'{}' is no policy", name)};
}

/// `{"approve": CODE, "user": ...}`, `{"decline": CODE}`, `{"policy": ...}`, `{"revoke": true}`,
/// `{"public_client_flows": false}`.
Response sign_in(Tenant& tenant, const Request& request)
{
    if (request.method == "GET") {
        json::array all;
        for (const auto& one : tenant.sign_ins())
            all.push_back(json::object{
                {"user_code", one.user_code}, {"client_id", one.client_id}, {"state", one.state}});
        return answer(all);
    }
    const auto body = body_of(request);
    const auto text = [&](std::string_view name) {
        return std::string_view{body.at(name).as_string()};
    };
    bool done = true;
    if (body.contains("approve"))
        done = tenant.approve_sign_in(text("approve"), body.contains("user") ? text("user") : "");
    else if (body.contains("decline"))
        done = tenant.decline_sign_in(text("decline"));
    else if (body.contains("policy"))
        tenant.set_sign_in_policy(policy_of(text("policy")));
    else if (body.contains("public_client_flows"))
        tenant.set_public_client_flows(body.at("public_client_flows").as_bool());
    else if (body.contains("revoke") && body.at("revoke").as_bool())
        tenant.revoke_sign_ins();
    else
        throw std::invalid_argument{
            "one of approve, decline, policy, public_client_flows and revoke is wanted"};
    if (!done)
        return answer(404, R"({"error":"no such code waits, or there is no such user"})");
    return answer(body);
}

Response route(Tenant& tenant, const Request& request, const ServerCounts& counts)
{
    const auto target = parse_target(request.target);
    const auto& segments = target.segments;
    const auto is = [&](std::string_view method, std::string_view name, std::size_t size) {
        return request.method == method && segments.size() == size && segments[1] == name;
    };
    if (is("GET", "state", 3))
        return state(tenant, target);
    if (is("GET", "requests", 2))
        return requests(tenant, target);
    if (is("GET", "stats", 2))
        return stats(tenant, counts);
    if (is("POST", "faults", 2) || is("DELETE", "faults", 2))
        return faults(tenant, request);
    if (is("POST", "delta", 2))
        return delta(tenant, request);
    if (is("GET", "sign-in", 2) || is("POST", "sign-in", 2))
        return sign_in(tenant, request);
    if (is("POST", "churn", 2))
        return churn(tenant, request);
    if (is("POST", "objects", 3))
        return objects(tenant, segments[2], request);
    return answer(404, R"({"error":"there is no such control, see README.md"})");
}

}  // namespace

bool is_control(const Request& request) noexcept
{
    return request.target.starts_with("/sim/");
}

Response control(Tenant& tenant, const Request& request, const ServerCounts& counts)
{
    try {
        return route(tenant, request, counts);
    } catch (const std::exception& problem) {
        return answer(400, json::serialize(json::object{{"error", problem.what()}}));
    }
}

}  // namespace graphsim
