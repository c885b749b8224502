// Faults as the control endpoint takes them.

#include "tests/simulator/faults.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <array>
#include <limits>
#include <stdexcept>

namespace graphsim {

namespace {

namespace json = boost::json;

struct Name {
    Effect effect;
    std::string_view text;
};

constexpr std::array names{Name{Effect::status, "status"},
                           Name{Effect::html_page, "html_page"},
                           Name{Effect::empty_body, "empty_body"},
                           Name{Effect::no_content, "no_content"},
                           Name{Effect::redirect, "redirect"},
                           Name{Effect::malformed_json, "malformed_json"},
                           Name{Effect::truncate_body, "truncate_body"},
                           Name{Effect::reset_before_response, "reset_before_response"},
                           Name{Effect::close_before_response, "close_before_response"},
                           Name{Effect::reset_mid_body, "reset_mid_body"},
                           Name{Effect::hang, "hang"},
                           Name{Effect::drip, "drip"},
                           Name{Effect::close_without_last_chunk, "close_without_last_chunk"},
                           Name{Effect::delay, "delay"},
                           Name{Effect::empty_value, "empty_value"},
                           Name{Effect::value_missing, "value_missing"},
                           Name{Effect::value_null, "value_null"},
                           Name{Effect::value_object, "value_object"},
                           Name{Effect::value_string, "value_string"},
                           Name{Effect::next_link, "next_link"},
                           Name{Effect::delta_link, "delta_link"},
                           Name{Effect::next_link_self, "next_link_self"},
                           Name{Effect::next_link_loop, "next_link_loop"},
                           Name{Effect::empty_page, "empty_page"},
                           Name{Effect::duplicate_item, "duplicate_item"},
                           Name{Effect::duplicate_changed_item, "duplicate_changed_item"},
                           Name{Effect::drop_item, "drop_item"},
                           Name{Effect::wrong_count, "wrong_count"},
                           Name{Effect::wrong_context, "wrong_context"},
                           Name{Effect::insert_item, "insert_item"}};

[[noreturn]] void refuse(std::string_view member)
{
    throw std::invalid_argument{fmt::format("fault: '{}' is wrong", member)};
}

std::string text_of(std::string_view member, const json::value& value)
{
    const auto* text = value.if_string();
    if (text == nullptr)
        refuse(member);
    return std::string{std::string_view{*text}};
}

std::int64_t number_of(std::string_view member, const json::value& value)
{
    const auto* number = value.if_int64();
    if (number == nullptr)
        refuse(member);
    return *number;
}

int small_number_of(std::string_view member, const json::value& value)
{
    const auto number = number_of(member, value);
    if (number < 0 || number > std::numeric_limits<int>::max())
        refuse(member);
    return static_cast<int>(number);
}

bool flag_of(std::string_view member, const json::value& value)
{
    const auto* flag = value.if_bool();
    if (flag == nullptr)
        refuse(member);
    return *flag;
}

Effect effect_of(const json::value& value)
{
    const auto text = text_of("effect", value);
    for (const auto& name : names) {
        if (name.text == text)
            return name.effect;
    }
    refuse("effect");
}

Headers headers_of(const json::value& value)
{
    const auto* members = value.if_object();
    if (members == nullptr)
        refuse("headers");
    Headers headers;
    for (const auto& member : *members) {
        auto text = text_of("headers", member.value());
        if (text.find_first_of("\r\n") != std::string::npos)
            refuse("headers");
        headers.emplace_back(std::string{member.key()}, std::move(text));
    }
    return headers;
}

void read_member(Fault& fault, std::string_view key, const json::value& value)
{
    if (key == "path_contains")
        fault.path_contains = text_of(key, value);
    else if (key == "method")
        fault.method = text_of(key, value);
    else if (key == "nth")
        fault.nth = small_number_of(key, value);
    else if (key == "times")
        fault.times = small_number_of(key, value);
    else if (key == "effect")
        fault.effect = effect_of(value);
    else if (key == "status")
        fault.status = small_number_of(key, value);
    else if (key == "code")
        fault.code = text_of(key, value);
    else if (key == "message")
        fault.message = text_of(key, value);
    else if (key == "headers")
        fault.headers = headers_of(value);
    else if (key == "text")
        fault.text = text_of(key, value);
    else if (key == "bytes")
        fault.bytes = static_cast<std::size_t>(small_number_of(key, value));
    else if (key == "number")
        fault.number = number_of(key, value);
    else if (key == "delay_ms")
        fault.delay = std::chrono::milliseconds{small_number_of(key, value)};
    else if (key == "execute")
        fault.execute = flag_of(key, value);
    else if (key == "lost")
        fault.lost = flag_of(key, value);
    else if (key == "bare")
        fault.bare = flag_of(key, value);
    else
        refuse(key);
}

}  // namespace

std::string_view to_string(Effect effect) noexcept
{
    for (const auto& name : names) {
        if (name.effect == effect)
            return name.text;
    }
    return "unknown";
}

Fault parse_fault(std::string_view text)
{
    boost::system::error_code failure;
    const auto value = json::parse(text, failure);
    if (failure || !value.is_object())
        throw std::invalid_argument{"fault: no JSON object"};
    Fault fault;
    for (const auto& member : value.as_object())
        read_member(fault, member.key(), member.value());
    if (fault.status < 100 || fault.status > 999)
        refuse("status");
    return fault;
}

}  // namespace graphsim
