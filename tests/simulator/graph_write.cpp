// POST, PATCH and DELETE: which write a request is, whether it may be and is well-formed, what it
// is answered with.

#include "tests/simulator/tenant.hpp"
#include "tests/simulator/write_rules.hpp"
#include "tests/simulator/write_validation.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

namespace graphsim {

namespace {

namespace json = boost::json;

std::string sha256(std::string_view bytes)
{
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
    return fmt::format("{:02x}", fmt::join(digest, ""));
}

/// Documented scopes of users are the same for every write.
constexpr std::string_view delegated_scope = "CloudPC.ReadWrite.All";

std::optional<Refusal> refuse_caller(const Caller& caller, const std::vector<std::string>& granted,
                                     const Operation& operation)
{
    const auto has = [&](std::string_view name) {
        return std::ranges::find(granted, name) != granted.end();
    };
    if (caller.delegated && !has(delegated_scope))
        return Refusal{403, "Forbidden",
                       fmt::format("The user or application is not authorized to perform this "
                                   "operation. Missing scope: {}",
                                   delegated_scope)};
    if (!caller.delegated && operation.roles.empty())
        return Refusal{403, "Forbidden",
                       "This operation is not supported with application permissions; it takes a "
                       "user's token."};
    if (!caller.delegated && std::ranges::none_of(operation.roles, has))
        return Refusal{403, "Forbidden",
                       fmt::format("Application is not authorized to perform this operation. "
                                   "Application must have one of the following scopes: {}",
                                   fmt::join(operation.roles, ", "))};
    return std::nullopt;
}

/// A bulk action is what its type says.
std::variant<std::string, Refusal> verb_of(const WriteRoute& route, const json::object& body)
{
    auto verb = route.verb();
    if (verb != "bulkActions/create")
        return verb;
    const auto name = odata_type(body);
    const auto& derived = route.set->type->derived;
    const auto found = std::ranges::find_if(
        derived, [&](const Type* type) { return equal_without_case(type->name, name); });
    if (found == derived.end())
        return invalid(fmt::format("'{}' is no type that a bulk action can be created of.", name));
    return fmt::format("bulkActions/{}", (*found)->name);
}

std::optional<Refusal> check(const WriteRoute& route, const json::object& body, Version version,
                             const WriteRule& rule)
{
    if (route.action != nullptr)
        return check_parameters(body, *route.action, version, rule);
    if (route.name == "delete")
        return std::nullopt;
    if (body.empty())
        return invalid("Cannot process request due to invalid input: the body is empty.");
    return check_entity(body, *route.set->type, version, rule);
}

int documented_status(const WriteRoute& route, const WriteRule& rule)
{
    if (route.action != nullptr)
        return route.action->status;
    return route.name == "create" ? 201 : route.name == "update" ? rule.update_status : 204;
}

}  // namespace

Response Tenant::write(const Request& request, const Target& target, const EntitySet& entity_set,
                       Version version)
{
    const auto refused = [&](const Refusal& refusal) {
        return error(request, refusal.status, refusal.code, refusal.message);
    };
    const auto routed = route_write(x_facts, request.method, target, entity_set, version);
    if (const auto* refusal = std::get_if<Refusal>(&routed))
        return refused(*refusal);
    const auto& route = std::get<WriteRoute>(routed);
    const auto authorization = request.header("Authorization").value_or("");
    const auto caller = caller_of(authorization);
    if (const auto refusal = refuse_caller(caller, x_tokens.roles(authorization), *route.operation))
        return refused(*refusal);
    auto parsed = parse_body(request);
    if (const auto* refusal = std::get_if<Refusal>(&parsed))
        return refused(*refusal);
    auto& body = std::get<json::object>(parsed);
    const auto verb = verb_of(route, body);
    if (const auto* refusal = std::get_if<Refusal>(&verb))
        return refused(*refusal);
    const auto* rule = write_rule(std::get<std::string>(verb));
    if (rule == nullptr)
        return refused({501, "NotImplemented", "The simulated tenant does not carry this out."});
    if (const auto refusal = check(route, body, version, *rule))
        return refused(*refusal);

    const WriteCall call{.verb = std::get<std::string>(verb),
                         .id = route.id,
                         .body = std::move(body),
                         .version = version,
                         .now = now(),
                         .caller = caller};
    const auto result = x_writes.execute(call);
    if (const auto* refusal = std::get_if<Refusal>(&result))
        return refused(*refusal);
    const auto& written = std::get<Written>(result);
    auto response = acknowledge(request, route, version, documented_status(route, *rule), written);
    x_writes.record(
        {.time = call.now,
         .verb = call.verb,
         .method = request.method,
         .target = request.target,
         .version = version,
         .client_request_id = std::string{request.header("client-request-id").value_or("")},
         .request_id = x_request_id,
         .connection_id = request.connection_id,
         .actor = caller.name(),
         .delegated = caller.delegated,
         .body = without_secrets(call.body, *rule),
         .body_sha256 = sha256(request.body),
         .ids = written.ids,
         .cloud_pcs = written.cloud_pcs,
         .status = response.status},
        caller, written.name);
    x_executed = true;
    return response;
}

Response Tenant::acknowledge(const Request& request, const WriteRoute& route, Version version,
                             int status, const Written& written)
{
    auto as = x_options.writes.acknowledgement;
    const bool creates = route.name == "create";
    if (as == Acknowledgement::ok && !creates)
        status = 200;
    if (as == Acknowledgement::accepted)
        status = 202;
    Response response{.status = status};
    const bool shows = creates || status == 200;
    if (shows && !written.shown.empty()) {
        const auto* object = set(route.set->name).find(written.shown);
        response = show(request, *route.set, version, *object);
        response.status = status;
    } else if (status == 200) {
        response.headers.emplace_back("Content-Type", "application/json");
        response.body = "{}";
    }
    if (creates || status == 202) {
        auto location = x_options.base_url + request.target.substr(0, request.target.find('?'));
        if (creates)
            location += "/" + written.shown;
        response.headers.emplace_back("Location", std::move(location));
    }
    return response;
}

}  // namespace graphsim
