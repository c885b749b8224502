#include "tests/simulator/tenant.hpp"

#include "tests/simulator/json_text.hpp"
#include "tests/simulator/projection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace graphsim {

namespace {

/// Streams of randomness that do not disturb each other.
enum class Stream : std::uint64_t { data = 1, tokens, cursors, ids, dice, delta };

std::uint64_t seed_of(const TenantOptions& options, Stream stream)
{
    Random random{options.seed * 8 + static_cast<std::uint64_t>(stream)};
    return random.next();
}

/// The segments behind a set: an id, a function.
std::size_t below(const Target& target, const EntitySet& set)
{
    return target.segments.size() - set.path.size() - 1;
}

bool is_delta(const Target& target, const EntitySet* set)
{
    if (set == nullptr || set->delta_roles.empty() || below(target, *set) != 1)
        return false;
    const auto& name = target.segments.back();
    return name == "delta" || name == "delta()" || name == "microsoft.graph.delta" ||
           name == "microsoft.graph.delta()";
}

bool is_token_path(const Target& target)
{
    const auto& s = target.segments;
    return s.size() == 4 && s[1] == "oauth2" && s[2] == "v2.0" && s[3] == "token";
}

bool is_device_code_path(const Target& target)
{
    const auto& s = target.segments;
    return s.size() == 4 && s[1] == "oauth2" && s[2] == "v2.0" && s[3] == "devicecode";
}

bool is_device_login_path(const Target& target)
{
    return target.segments.size() == 1 && target.segments.front() == "devicelogin";
}

bool is_identity_path(const Target& target)
{
    const auto& s = target.segments;
    return s.size() == 4 && s[0] == "metadata" && s[1] == "identity" && s[2] == "oauth2" &&
           s[3] == "token";
}

std::optional<Version> version_of(const Target& target)
{
    if (target.segments.empty())
        return std::nullopt;
    if (target.segments.front() == "v1.0")
        return Version::v1_0;
    if (target.segments.front() == "beta")
        return Version::beta;
    return std::nullopt;
}

/// By what clients filter most.
std::string time_property_of(std::string_view set)
{
    if (set == "auditEvents")
        return "activityDateTime";
    return set == "cloudPCs" ? "lastModifiedDateTime" : "";
}

}  // namespace

Tenant::Tenant(TenantOptions options)
    : x_options{std::move(options)},
      x_generator{x_facts, seed_of(x_options, Stream::data), x_options.odd_data, x_options.now()},
      x_tokens{seed_of(x_options, Stream::tokens)},
      x_cursors{seed_of(x_options, Stream::cursors)},
      x_delta{seed_of(x_options, Stream::delta)},
      x_throttle{x_options.quota},
      x_ids{seed_of(x_options, Stream::ids)},
      x_dice{seed_of(x_options, Stream::dice)}
{
    for (const auto& [name, entity_set] : x_facts.sets())
        x_store.emplace(name, ObjectSet{time_property_of(name), !entity_set.delta_roles.empty()});
    x_generator.fill(x_store, {.cloud_pcs = x_options.cloud_pcs,
                               .audit_events = x_options.audit_events,
                               .snapshots = x_options.snapshots,
                               .users = x_options.users,
                               .groups = x_options.groups,
                               .devices = x_options.devices,
                               .tenant_id = x_options.tenant_id});
}

Response Tenant::handle(const Request& request)
{
    x_request_id = x_ids.guid();
    const auto target = parse_target(request.target);
    LoggedRequest entry{.time = now(),
                        .method = request.method,
                        .target = request.target,
                        .headers = request.headers,
                        .connection_id = request.connection_id,
                        .path_template = path_template(target)};
    for (auto& [name, value] : entry.headers) {
        if (equal_without_case(name, "Authorization"))
            value = x_tokens.name(value);
    }

    const auto hit = x_faults.match(request);
    Response response;
    if (!FaultSet::replaces(hit))
        response = dispatch(request, target, hit);
    FaultSet::apply(
        hit, response, [&](int status, std::string_view code, std::string_view message) {
            if (!is_token_path(target) && !is_device_code_path(target) && !is_identity_path(target))
                return error(request, status, code, message);
            return Response{.status = status,
                            .headers = {{"Content-Type", "application/json; charset=utf-8"}},
                            .body = fmt::format(R"({{"error":{},"error_description":{}}})",
                                                quote(code), quote(message))};
        });
    add_service_headers(request, response);
    entry.status = response.status;
    entry.wire = response.wire;
    x_log.add(std::move(entry));
    return response;
}

Response Tenant::dispatch(const Request& request, const Target& target,
                          const std::vector<FaultSet::Rule*>& hit)
{
    if (is_token_path(target))
        return x_tokens.issue(request, target.segments.front(), x_options);
    if (is_device_code_path(target))
        return x_tokens.issue_device_code(request, target.segments.front(), x_options);
    if (is_device_login_path(target))
        return device_login(request);
    if (is_identity_path(target))
        return x_tokens.issue_to_identity(request, x_options);
    return graph(request, target, hit);
}

Response Tenant::graph(const Request& request, const Target& target,
                       const std::vector<FaultSet::Rule*>& hit)
{
    const auto& segments = target.segments;
    const auto version = version_of(target);
    const EntitySet* entity_set = x_facts.set_at(segments);
    if (auto refusal = refuse(request, target, entity_set))
        return *refusal;
    if (!version)
        return error(request, 400, "BadRequest",
                     fmt::format("Invalid version: {}", segments.empty() ? "" : segments.front()));
    if (entity_set == nullptr || !entity_set->versions.has(*version)) {
        if (segments.size() < 2 || segments[1] != "deviceManagement")
            return no_segment(request, segments.size() < 2 ? "" : segments[1]);
        if (segments.size() < 3 || segments[2] != "virtualEndpoint")
            return no_segment(request, segments.back());
        return no_segment(request, segments.size() > 3 ? segments[3] : segments[2]);
    }
    if (request.method == "GET" && is_delta(target, entity_set))
        return read_delta(request, target, *entity_set, *version, hit);
    if (request.method == "GET")
        return read(request, target, *version, hit);
    return write(request, target, *version);
}

/// Who may not ask, or asks too often.
std::optional<Response> Tenant::refuse(const Request& request, const Target& target,
                                       const EntitySet* entity_set)
{
    const auto authorization = request.header("Authorization").value_or("");
    switch (x_tokens.check(authorization, now())) {
        case TokenState::valid:
            break;
        case TokenState::missing:
            return error(request, 401, "InvalidAuthenticationToken", "Access token is empty.");
        case TokenState::unknown:
            return error(request, 401, "InvalidAuthenticationToken",
                         "IDX14100: JWT is not well formed, there are no dots (.).");
        case TokenState::expired:
            return error(request, 401, "InvalidAuthenticationToken",
                         "Lifetime validation failed, the token is expired.");
    }
    const auto& roles = x_tokens.roles(authorization);
    const auto granted = [&](const std::string& role) {
        return std::ranges::find(roles, role) != roles.end();
    };
    const std::vector<std::string> none;
    const auto& accepted = entity_set == nullptr          ? none
                           : is_delta(target, entity_set) ? entity_set->delta_roles
                                                          : entity_set->roles;
    if (entity_set != nullptr && std::ranges::none_of(accepted, granted))
        return error(request, 403, "Forbidden",
                     fmt::format("Application is not authorized to perform this operation. "
                                 "Application must have one of the following scopes: {}",
                                 fmt::join(accepted, ", ")));
    const bool cloud_pcs = entity_set != nullptr && entity_set->name == "cloudPCs";
    const auto request_class = !cloud_pcs                       ? RequestClass::other
                               : below(target, *entity_set) > 0 ? RequestClass::cloud_pc_get
                                                                : RequestClass::cloud_pc_list;
    const auto wait = x_throttle.refuse(request_class, now());
    if (!wait)
        return std::nullopt;
    auto response = error(request, 429, "TooManyRequests",
                          "Too many requests. Please retry after the time in Retry-After.");
    response.headers.emplace_back("Retry-After", std::to_string((wait->count() + 999) / 1000));
    return response;
}

void Tenant::add_service_headers(const Request& request, Response& response) const
{
    const auto client_id = request.header("client-request-id");
    response.headers.emplace_back("request-id", x_request_id);
    response.headers.emplace_back("client-request-id",
                                  std::string{client_id.value_or(x_request_id)});
    response.headers.emplace_back(
        "x-ms-ags-diagnostic",
        R"({"ServerInfo":{"DataCenter":"Simulated","Slice":"E","Ring":"5","ScaleUnit":"001"}})");
    if (!response.header("Date"))
        response.headers.emplace_back("Date", http_date(now()));
}

std::string Tenant::path_template(const Target& target) const
{
    if (is_token_path(target))
        return "/{tenant}/oauth2/v2.0/token";
    if (is_device_code_path(target))
        return "/{tenant}/oauth2/v2.0/devicecode";
    if (is_identity_path(target))
        return "/metadata/identity/oauth2/token";
    const auto& segments = target.segments;
    const auto* entity_set = x_facts.set_at(segments);
    if (!version_of(target) || entity_set == nullptr)
        return "(other)";
    auto path = fmt::format("/{}/{}", segments[0], fmt::join(entity_set->path, "/"));
    if (below(target, *entity_set) == 0)
        return path;
    if (below(target, *entity_set) > 1)
        return path + "/...";
    if (is_delta(target, entity_set))
        return path + "/delta";
    const auto& last = segments.back();
    const bool function = last.starts_with("get") && set(entity_set->name).find(last) == nullptr;
    return path + (function ? "/" + last : "/{id}");
}

ObjectSet& Tenant::set(std::string_view name)
{
    const auto found = x_store.find(name);
    if (found == x_store.end())
        throw std::out_of_range{fmt::format("there is no set '{}'", name)};
    return found->second;
}

const ObjectSet& Tenant::set(std::string_view name) const
{
    const auto found = x_store.find(name);
    if (found == x_store.end())
        throw std::out_of_range{fmt::format("there is no set '{}'", name)};
    return found->second;
}

std::vector<std::string> Tenant::collections() const
{
    std::vector<std::string> names;
    for (const auto& [name, entity_set] : x_facts.sets()) {
        if (!entity_set.singleton)
            names.push_back(name);
    }
    return names;
}

void Tenant::for_each_object(std::string_view name, Version version,
                             const std::function<void(const TruthObject&)>& visit) const
{
    TruthObject truth;
    const auto show = [&](const Projection& projection, const std::string& id,
                          const std::string& text) {
        truth.id = id;
        truth.text.clear();
        projection.append(truth.text, text);
        visit(truth);
    };
    if (name == "getAuditActivityTypes") {
        for (const auto& type : x_generator.audit_activity_types())
            visit({.id = type, .text = quote(type)});
        return;
    }
    if (name == "getSourceImages") {
        const Projection projection{*x_facts.type("cloudPcSourceDeviceImage"), version};
        for (const auto& image : x_generator.source_images())
            show(projection, image.id, image.text);
        return;
    }
    const auto& objects = set(name);
    const auto& entity_set = *x_facts.set(name);
    if (!entity_set.versions.has(version))
        return;
    const Projection projection{*entity_set.type, version};
    for (std::size_t i = 0; i < objects.size(); ++i) {
        const auto& object = objects.at(i);
        if (object.visible_from <= now())
            show(projection, object.id, *object.text);
    }
}

std::vector<TruthObject> Tenant::objects(std::string_view name, Version version) const
{
    std::vector<TruthObject> found;
    for_each_object(name, version, [&](const TruthObject& truth) { found.push_back(truth); });
    return found;
}

std::optional<TruthObject> Tenant::object(std::string_view name, std::string_view id,
                                          Version version) const
{
    const Object* object = set(name).find(id);
    if (object == nullptr || object->visible_from > now())
        return std::nullopt;
    TruthObject truth{.id = object->id, .text = {}};
    Projection{*x_facts.set(name)->type, version}.append(truth.text, *object->text);
    return truth;
}

std::size_t Tenant::size(std::string_view name) const
{
    std::size_t count = 0;
    const auto& objects = set(name);
    for (std::size_t i = 0; i < objects.size(); ++i)
        count += objects.at(i).visible_from <= now() ? 1U : 0U;
    return count;
}

}  // namespace graphsim
