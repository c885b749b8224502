// Reading what a refusal says, in every shape that has been seen.

#include "sync/core/json_scan.hpp"
#include "sync/graph/ascii.hpp"
#include "sync/graph/graph_error.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <array>
#include <optional>

namespace cloudpcd::graph {

namespace {

using boost::json::object;
using boost::json::value;

constexpr int inner_errors_max = 64;

/// Parses leniently: a code in a body that is not UTF-8 is still a code.
std::optional<value> parse(std::string_view text)
{
    boost::json::parse_options options;
    options.max_depth = 64;
    options.allow_invalid_utf8 = true;
    const auto repaired = json::replace_lone_surrogates(text);
    boost::system::error_code failure;
    auto parsed =
        boost::json::parse(repaired ? std::string_view{*repaired} : text, failure, {}, options);
    if (failure)
        return std::nullopt;
    return parsed;
}

/// Member by name without case: services disagree on `innerError` and `Message`.
const value* member(const object& from, std::string_view name)
{
    for (const auto& pair : from) {
        if (ascii_iequals(std::string_view{pair.key().data(), pair.key().size()}, name))
            return &pair.value();
    }
    return nullptr;
}

const object* object_member(const object& from, std::string_view name)
{
    const auto* found = member(from, name);
    return found == nullptr ? nullptr : found->if_object();
}

std::string text_member(const object& from, std::string_view name)
{
    const auto* found = member(from, name);
    if (found == nullptr)
        return {};
    if (const auto* text = found->if_string())
        return std::string{*text};
    if (found->is_int64() || found->is_uint64())
        return boost::json::serialize(*found);
    return {};
}

/// `message` as text, or as OData 3's {"lang", "value"}.
std::string message_of(const object& from)
{
    if (const auto* localised = object_member(from, "message"))
        return text_member(*localised, "value");
    return text_member(from, "message");
}

bool says_nothing(std::string_view code)
{
    return code.empty() || ascii_iequals(code, "UnknownError") ||
           ascii_iequals(code, "generalException");
}

void add_code(ErrorBody& out, std::string code)
{
    if (code.empty())
        return;
    if (out.code.empty() || !says_nothing(code))
        out.code = code;  // the later, the more specific
    out.codes.push_back(std::move(code));
}

void read_error(const object& error, ErrorBody& out)
{
    const object* level = &error;
    for (int depth = 0; level != nullptr && depth < inner_errors_max; ++depth) {
        add_code(out, text_member(*level, "code"));
        if (out.message.empty())
            out.message = message_of(*level);
        if (out.request_id.empty())
            out.request_id = text_member(*level, "request-id");
        if (out.client_request_id.empty())
            out.client_request_id = text_member(*level, "client-request-id");
        level = object_member(*level, "innererror");
    }
}

/// Intune puts an escaped JSON object into `message`; its own Message is what a person can read.
void unwrap_message(ErrorBody& out)
{
    if (!json::trim(out.message).starts_with('{'))
        return;
    const auto inner = parse(out.message);
    const auto* wrapped = inner ? inner->if_object() : nullptr;
    if (wrapped == nullptr)
        return;
    if (auto message = message_of(*wrapped); !message.empty())
        out.message = std::move(message);
    for (const auto* name : {"ErrorCode", "CustomApiErrorPhrase", "code"}) {
        if (says_nothing(out.code))
            add_code(out, text_member(*wrapped, name));
    }
}

}  // namespace

ErrorBody parse_error_body(std::string_view body)
{
    ErrorBody out;
    if (body.size() > error_body_bytes_max)
        return out;
    const auto parsed = parse(body);
    const auto* root = parsed ? parsed->if_object() : nullptr;
    if (root == nullptr)
        return out;
    out.is_json = true;

    const auto* error = member(*root, "error");
    if (error == nullptr)
        error = member(*root, "odata.error");
    if (error != nullptr && error->is_object()) {
        out.has_envelope = true;
        read_error(error->get_object(), out);
    } else if (error != nullptr && error->is_string()) {  // OAuth 2.0, RFC 6749 section 5.2
        add_code(out, text_member(*root, "error"));
        out.message = text_member(*root, "error_description");
    } else {
        read_error(*root, out);  // gateways in between leave the envelope out
    }
    unwrap_message(out);
    return out;
}

}  // namespace cloudpcd::graph
