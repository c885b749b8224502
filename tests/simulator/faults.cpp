#include "tests/simulator/faults.hpp"

#include "tests/simulator/json_text.hpp"
#include "tests/simulator/token_endpoint.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace graphsim {

namespace {

std::string_view default_code(int status)
{
    switch (status) {
        case 400:
            return "BadRequest";
        case 401:
            return "InvalidAuthenticationToken";
        case 403:
            return "Forbidden";
        case 423:
            return "Locked";
        case 404:
            return "ResourceNotFound";
        case 409:
            return "Conflict";
        case 410:
            return "resyncRequired";
        case 429:
            return "TooManyRequests";
        case 500:
            return "InternalServerError";
        case 502:
            return "BadGateway";
        case 503:
            return "ServiceUnavailable";
        case 504:
            return "GatewayTimeout";
        default:
            return "UnknownError";
    }
}

bool is_replacement(Effect effect) noexcept
{
    return effect == Effect::status || effect == Effect::html_page ||
           effect == Effect::empty_body || effect == Effect::no_content ||
           effect == Effect::redirect;
}

bool shows_nothing(Effect effect) noexcept
{
    return effect == Effect::reset_before_response || effect == Effect::close_before_response ||
           effect == Effect::hang;
}

bool is_of_method(const Fault& fault, std::string_view method) noexcept
{
    if (fault.method == "write")
        return method != "GET";
    return fault.method.empty() || fault.method == method;
}

constexpr std::string_view web_page =
    "<!DOCTYPE html>\n<html><head><title>Sign in to the network</title></head>\n"
    "<body><h1>Welcome</h1><p>Please accept the terms of use to go online.</p></body></html>\n";

constexpr std::string_view json_type = "application/json;odata.metadata=minimal";

Response replacement(const Fault& fault, const FaultSet::MakeError& make_error)
{
    if (fault.effect == Effect::html_page)
        return {.status = 200,
                .headers = {{"Content-Type", "text/html; charset=utf-8"}},
                .body = std::string{web_page}};
    if (fault.effect == Effect::empty_body)
        return {.status = 200, .headers = {{"Content-Type", std::string{json_type}}}};
    if (fault.effect == Effect::no_content)
        return {.status = 204};
    if (fault.effect == Effect::redirect)
        return {.status = fault.status / 100 == 3 ? fault.status : 302,
                .headers = {{"Location", fault.text}}};
    if (fault.bare)
        return {.status = fault.status};
    if (!fault.text.empty())
        return {.status = fault.status,
                .headers = {{"Content-Type", "application/json"}},
                .body = fault.text};
    const auto code = fault.code.empty() ? default_code(fault.status) : fault.code;
    const auto message = fault.message.empty() ? "The request could not be served." : fault.message;
    return make_error(fault.status, code, message);
}

constexpr std::array wires{
    std::pair{Effect::truncate_body, Wire::truncate_body},
    std::pair{Effect::reset_before_response, Wire::reset_before_response},
    std::pair{Effect::close_before_response, Wire::close_before_response},
    std::pair{Effect::reset_mid_body, Wire::reset_mid_body},
    std::pair{Effect::hang, Wire::hang},
    std::pair{Effect::drip, Wire::drip},
    std::pair{Effect::close_without_last_chunk, Wire::close_without_last_chunk}};

void damage(const Fault& fault, Response& response)
{
    for (const auto& [effect, wire] : wires) {
        if (fault.effect == effect) {
            response.wire = wire;
            response.wire_bytes = fault.bytes;
        }
    }
    if (fault.effect == Effect::malformed_json)
        response.body.resize(response.body.size() / 2);
    if (fault.effect != Effect::drip)
        response.delay += fault.delay;
    else if (fault.delay.count() > 0)
        response.drip_interval = fault.delay;
}

/// The item with another displayName: the same id with other content.
std::string changed(const std::string& item)
{
    boost::system::error_code failure;
    auto value = boost::json::parse(item, failure);
    if (failure || !value.is_object())
        return item;
    auto& name = value.as_object()["displayName"];
    name = (name.is_string() ? std::string{std::string_view{name.as_string()}} : "") +
           " (changed between pages)";
    return boost::json::serialize(value);
}

}  // namespace

std::string Page::render() const
{
    std::size_t size = 256 + context.size() + next_link.size() + delta_link.size() + value.size();
    for (const auto& item : items)
        size += item.size() + 1;
    std::string out;
    out.reserve(size);
    out += "{\"@odata.context\":" + quote(context);
    if (count >= 0)
        out += fmt::format(",\"@odata.count\":{}", count);
    if (!next_link.empty())
        out += ",\"@odata.nextLink\":" + quote(next_link);
    else if (!delta_link.empty())
        out += ",\"@odata.deltaLink\":" + quote(delta_link);
    if (!value_missing) {
        out += ",\"value\":";
        if (value.empty()) {
            out += '[';
            for (const auto& item : items) {
                if (&item != &items.front())
                    out += ',';
                out += item;
            }
            out += ']';
        } else {
            out += value;
        }
    }
    out += '}';
    return out;
}

int FaultSet::add(Fault fault)
{
    x_rules.push_back({.fault = std::move(fault), .number = ++x_numbers});
    return x_numbers;
}

void FaultSet::clear() noexcept
{
    x_rules.clear();
}

bool FaultSet::remove(int number)
{
    return std::erase_if(x_rules, [&](const Rule& rule) { return rule.number == number; }) > 0;
}

std::size_t FaultSet::armed() const noexcept
{
    return static_cast<std::size_t>(
        std::ranges::count_if(x_rules, [](const Rule& rule) { return !rule.over(); }));
}

std::vector<FaultSet::Rule*> FaultSet::match(const Request& request)
{
    std::vector<Rule*> hit;
    for (auto& rule : x_rules) {
        const auto& fault = rule.fault;
        if (!is_of_method(fault, request.method) ||
            request.target.find(fault.path_contains) == std::string::npos)
            continue;
        ++rule.matched;
        if (rule.matched < fault.nth || rule.over())
            continue;
        ++rule.fired;
        hit.push_back(&rule);
    }
    x_hits += hit.empty() ? 0U : 1U;
    return hit;
}

bool FaultSet::prevents(const std::vector<Rule*>& hit) noexcept
{
    return std::ranges::any_of(hit, [](const Rule* rule) {
        const auto& fault = rule->fault;
        return is_replacement(fault.effect) ? !fault.execute
                                            : fault.lost && shows_nothing(fault.effect);
    });
}

void FaultSet::apply(const std::vector<Rule*>& hit, Response& response, const MakeError& make_error)
{
    const auto first = std::ranges::find_if(
        hit, [](const Rule* rule) { return is_replacement(rule->fault.effect); });
    if (first != hit.end())
        response = replacement((*first)->fault, make_error);
    for (const Rule* rule : hit) {
        damage(rule->fault, response);
        for (const auto& added : rule->fault.headers) {
            std::erase_if(response.headers, [&](const auto& header) {
                return equal_without_case(header.first, added.first);
            });
        }
        response.headers.insert(response.headers.end(), rule->fault.headers.begin(),
                                rule->fault.headers.end());
    }
}

void FaultSet::apply(const std::vector<Rule*>& hit, Page& page)
{
    const std::string first = page.items.empty() ? "" : page.items.front();
    for (Rule* rule : hit) {
        // A page that offers nothing to damage leaves the rule armed.
        if (!apply(*rule, page))
            --rule->fired;
    }
    if (!first.empty())
        x_page_before[page.set] = first;
}

bool FaultSet::apply(Rule& rule, Page& page)
{
    const auto& fault = rule.fault;
    switch (fault.effect) {
        case Effect::empty_value:
            page.items.clear();
            page.next_link.clear();
            return true;
        case Effect::value_missing:
            page.value_missing = true;
            return true;
        case Effect::value_null:
            page.value = "null";
            return true;
        case Effect::value_object:
            page.value = "{}";
            return true;
        case Effect::value_string:
            page.value = "\"\"";
            return true;
        case Effect::next_link:
            page.next_link = fault.text;
            return true;
        case Effect::delta_link:
            page.next_link.clear();
            page.delta_link = fault.text;
            return true;
        case Effect::next_link_self:
            page.next_link = page.self_link;
            return true;
        case Effect::next_link_loop:
            if (!rule.first_page.empty())
                page.next_link = rule.first_page;
            else if (!page.next_link.empty())
                rule.first_page = page.self_link;
            return !rule.first_page.empty();
        case Effect::empty_page:
            page.items.clear();
            page.next_link = page.again_link;
            return true;
        case Effect::duplicate_item:
        case Effect::duplicate_changed_item: {
            const auto before = x_page_before.find(page.set);
            if (before == x_page_before.end())
                return false;
            page.items.insert(page.items.begin(), fault.effect == Effect::duplicate_item
                                                      ? before->second
                                                      : changed(before->second));
            return true;
        }
        case Effect::drop_item:
            if (fault.number < 0 || static_cast<std::size_t>(fault.number) >= page.items.size())
                return false;
            page.items.erase(page.items.begin() + fault.number);
            return true;
        case Effect::wrong_count:
            page.count = fault.number;
            return true;
        case Effect::wrong_context:
            page.context = fault.text;
            return true;
        case Effect::insert_item:
            page.items.insert(page.items.begin(), fault.text);
            return true;
        case Effect::status:
        case Effect::html_page:
        case Effect::empty_body:
        case Effect::no_content:
        case Effect::redirect:
        case Effect::malformed_json:
        case Effect::truncate_body:
        case Effect::reset_before_response:
        case Effect::close_before_response:
        case Effect::reset_mid_body:
        case Effect::hang:
        case Effect::drip:
        case Effect::close_without_last_chunk:
        case Effect::delay:
            break;
    }
    return true;
}

namespace faults {

namespace {

Headers retry_after_header(std::string value)
{
    if (value.empty())
        return {};
    return {{"Retry-After", std::move(value)}};
}

}  // namespace

Fault throttled(std::string path, std::string retry_after, int times)
{
    return {.path_contains = std::move(path),
            .times = times,
            .status = 429,
            .headers = retry_after_header(std::move(retry_after))};
}

Fault unavailable(std::string path, std::string retry_after, int times)
{
    return {.path_contains = std::move(path),
            .times = times,
            .status = 503,
            .headers = retry_after_header(std::move(retry_after))};
}

Fault status(std::string path, int status, std::string code, int times)
{
    return {.path_contains = std::move(path),
            .times = times,
            .status = status,
            .code = std::move(code)};
}

Fault bare_status(std::string path, int status, int times)
{
    return {.path_contains = std::move(path), .times = times, .status = status, .bare = true};
}

Fault claims_challenge(std::string path, std::string_view claims, int times)
{
    auto challenge = fmt::format(
        "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/"
        "authorize\", error=\"insufficient_claims\", claims=\"{}\"",
        base64(claims));
    return {.path_contains = std::move(path),
            .times = times,
            .status = 401,
            .code = "InvalidAuthenticationToken",
            .message =
                "Continuous access evaluation resulted in challenge with result: "
                "InteractionRequired and code: TokenIssuedBeforeRevocationTimestamp",
            .headers = {{"WWW-Authenticate", std::move(challenge)}}};
}

Fault gone(std::string path, std::string code)
{
    return {.path_contains = std::move(path), .status = 410, .code = std::move(code)};
}

Fault effect(std::string path, Effect effect, std::string text)
{
    return {.path_contains = std::move(path), .effect = effect, .text = std::move(text)};
}

Fault executed(std::string path, int status, int times)
{
    return {.path_contains = std::move(path),
            .method = "write",
            .times = times,
            .status = status,
            .execute = true};
}

Fault executed(std::string path, Effect effect)
{
    return {.path_contains = std::move(path), .method = "write", .effect = effect, .execute = true};
}

Fault lost(std::string path, Effect effect)
{
    return {.path_contains = std::move(path), .method = "write", .effect = effect, .lost = true};
}

}  // namespace faults

}  // namespace graphsim
