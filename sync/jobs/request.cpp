#include "sync/jobs/request.hpp"

#include "schema/request.hpp"
#include "sync/graph/url.hpp"
#include "sync/jobs/parameters.hpp"
#include "sync/jobs/params_text.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <utility>

namespace cloudpcd::jobs {

namespace bj = boost::json;

using schema::Action;
using schema::Parameter;
using schema::ParameterType;

namespace {

constexpr std::string_view id_placeholder = "{id}";

/// Whether something in the body is known to beta only.
bool needs_beta(std::span<const Parameter> parameters, const bj::object& values);

bool needs_beta(const Parameter& parameter, const bj::value& value)
{
    if (const auto* array = value.if_array())
        return std::ranges::any_of(
            *array, [&](const bj::value& item) { return needs_beta(parameter, item); });
    if (parameter.beta)
        return true;
    if (const auto* text = value.if_string())
        return std::ranges::count(parameter.beta_values, std::string_view{*text}) > 0;
    const auto* object = value.if_object();
    return object != nullptr && needs_beta(parameter.members, *object);
}

bool needs_beta(std::span<const Parameter> parameters, const bj::object& values)
{
    return std::ranges::any_of(parameters, [&](const Parameter& parameter) {
        const auto* value = values.if_contains(parameter.name);
        return value != nullptr && needs_beta(parameter, *value);
    });
}

bool needs_user(const Action& action, const bj::object& values)
{
    return action.identity == schema::Identity::delegated ||
           std::ranges::any_of(action.parameters, [&](const Parameter& parameter) {
               return parameter.delegated && values.contains(parameter.name);
           });
}

/// A value with the annotations of the objects in it.
bj::value annotated(const Parameter& parameter, const bj::value& value)
{
    if (const auto* array = value.if_array()) {
        bj::array items;
        for (const auto& item : *array)
            items.push_back(annotated(parameter, item));
        return items;
    }
    const auto* object = value.if_object();
    if (object == nullptr || parameter.type != ParameterType::object)
        return value;
    bj::object made;
    if (!parameter.annotation.empty())
        made["@odata.type"] = parameter.annotation;
    for (const auto& member : parameter.members) {
        if (const auto* inner = object->if_contains(member.name))
            made[member.name] = annotated(member, *inner);
    }
    return made;
}

std::optional<bj::object> make_body(const Action& action, const bj::object& values,
                                    std::string_view job_name)
{
    if (action.annotation.empty() && action.parameters.empty())
        return std::nullopt;
    bj::object body;
    if (!action.annotation.empty())
        body["@odata.type"] = action.annotation;
    for (const auto& parameter : action.parameters) {
        const auto* value = values.if_contains(parameter.name);
        const bool absent = value == nullptr || value->is_null();
        if (absent && parameter.filled)
            body[parameter.name] = fmt::format("{} ({})", action.title, job_name);
        else if (value != nullptr)
            body[parameter.name] = annotated(parameter, *value);
    }
    return body;
}

std::string make_path(const Action& action, schema::ApiVersion version, std::string_view target_id)
{
    auto path = fmt::format("/{}{}", schema::version_segment(version), action.path);
    if (const auto at = path.find(id_placeholder); at != std::string::npos)
        path.replace(at, id_placeholder.size(), graph::percent_encode(target_id));
    return path;
}

}  // namespace

std::string Request::shown_body() const
{
    return body ? bj::serialize(*body) : "";
}

Result<Request> build_request(const Action& action, std::optional<std::string_view> target_id,
                              const bj::object& params, std::string_view job_name)
{
    if (const auto problem = check_target(action, target_id))
        return Error{.code = Errc::rejected,
                     .context = std::string{action.kind},
                     .message = problem->describe()};
    const auto version =
        needs_beta(action.parameters, params) ? schema::ApiVersion::beta : action.version.value;
    return Request{
        .method = action.method,
        .identity = needs_user(action, params) ? schema::Identity::delegated
                                               : schema::Identity::application,
        .path = make_path(action, version, target_id.value_or("")),
        .body = make_body(action, params, job_name),
    };
}

Result<std::string> wire_body(const Action& action, const Request& request,
                              const Credential& credential)
{
    auto text = request.shown_body();
    if (!request.body)
        return text;
    for (const auto& parameter : action.parameters) {
        const auto* value = request.body->if_contains(parameter.name);
        if (parameter.type != ParameterType::secret || value == nullptr || value->is_null())
            continue;
        const auto* name = credential_of(*value);
        if (name == nullptr)
            return Error{
                .code = Errc::rejected,
                .context = std::string{action.kind},
                .message = fmt::format("{} is no reference to a credential", parameter.name)};
        auto secret = credential(*name);
        if (!secret)
            return std::move(secret).error();
        // Inside a string its quotes would be escaped: the reference stands in the text once.
        const auto reference = fmt::format("\"{}\":{}", parameter.name, bj::serialize(*value));
        auto literal = bj::serialize(bj::string_view{*secret});
        auto member = fmt::format("\"{}\":{}", parameter.name, literal);
        auto replaced = std::move(text);
        text.clear();
        const auto at = replaced.find(reference);
        text.reserve(replaced.size() + member.size());
        text.append(replaced, 0, at).append(member).append(replaced, at + reference.size());
        for (auto* used : {&*secret, &literal, &member, &replaced})
            OPENSSL_cleanse(used->data(), used->size());
    }
    return text;
}

}  // namespace cloudpcd::jobs
