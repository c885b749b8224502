#include "tests/simulator/write_options_json.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace graphsim {

namespace {

namespace json = boost::json;

template <class Value>
using Names = std::pair<std::string_view, Value>;

constexpr std::array outcomes{Names<Outcome>{"done", Outcome::done},
                              Names<Outcome>{"warning", Outcome::warning},
                              Names<Outcome>{"failed", Outcome::failed},
                              Names<Outcome>{"not_supported", Outcome::not_supported},
                              Names<Outcome>{"never_starts", Outcome::never_starts}};

constexpr std::array acknowledgements{
    Names<Acknowledgement>{"documented", Acknowledgement::documented},
    Names<Acknowledgement>{"ok", Acknowledgement::ok},
    Names<Acknowledgement>{"accepted", Acknowledgement::accepted}};

constexpr std::array rates{
    Names<double WriteOptions::*>{"failure_rate", &WriteOptions::failure_rate},
    Names<double WriteOptions::*>{"never_starts_rate", &WriteOptions::never_starts_rate},
    Names<double WriteOptions::*>{"flap_rate", &WriteOptions::flap_rate},
    Names<double WriteOptions::*>{"audit_late_rate", &WriteOptions::audit_late_rate},
    Names<double WriteOptions::*>{"audit_missing_rate", &WriteOptions::audit_missing_rate},
    Names<double WriteOptions::*>{"correlation_rate", &WriteOptions::correlation_rate}};

constexpr std::array spans{Names<Span WriteOptions::*>{"start_delay", &WriteOptions::start_delay},
                           Names<Span WriteOptions::*>{"flap", &WriteOptions::flap},
                           Names<Span WriteOptions::*>{"audit_delay", &WriteOptions::audit_delay},
                           Names<Span WriteOptions::*>{"audit_late", &WriteOptions::audit_late}};

[[noreturn]] void refuse(std::string_view member)
{
    throw std::invalid_argument{
        fmt::format("writes: '{}' is unknown or of the wrong kind", member)};
}

template <class Value, std::size_t size>
const Value* value_of(const std::array<Names<Value>, size>& names, std::string_view name)
{
    for (const auto& [text, value] : names) {
        if (text == name)
            return &value;
    }
    return nullptr;
}

std::chrono::milliseconds time_of(std::string_view member, const json::value& value)
{
    const auto* number = value.if_int64();
    constexpr std::chrono::milliseconds longest = std::chrono::days{3650};
    if (number == nullptr || *number < 0 || *number > longest.count())
        refuse(member);
    return std::chrono::milliseconds{*number};
}

Span span_of(std::string_view member, const json::value& value)
{
    const auto* object = value.if_object();
    if (object == nullptr)
        return always(time_of(member, value));
    const auto* low = object->if_contains("low_ms");
    const auto* high = object->if_contains("high_ms");
    if (object->size() != 2 || low == nullptr || high == nullptr)
        refuse(member);
    const Span span{.low = time_of(member, *low), .high = time_of(member, *high)};
    if (span.low > span.high)
        refuse(member);
    return span;
}

double number_of(std::string_view member, const json::value& value, double most)
{
    boost::system::error_code failure;
    const auto number = value.to_number<double>(failure);
    if (failure || !(number >= 0 && number <= most))
        refuse(member);
    return number;
}

void read_member(WriteOptions& options, std::string_view name, const json::value& value)
{
    constexpr double pace_max = 1000;
    if (const auto* rate = value_of(rates, name)) {
        options.*(*rate) = number_of(name, value, 1);
    } else if (const auto* span = value_of(spans, name)) {
        options.*(*span) = span_of(name, value);
    } else if (name == "pace") {
        options.pace = number_of(name, value, pace_max);
    } else if (name == "consistency_lag") {
        options.consistency_lag = time_of(name, value);
    } else if (name == "acknowledgement" && value.is_string()) {
        options.acknowledgement = parse_acknowledgement(value.as_string());
    } else if (name == "durations" && value.is_object()) {
        for (const auto& entry : value.as_object())
            options.durations.insert_or_assign(std::string{entry.key()},
                                               span_of(entry.key(), entry.value()));
    } else {
        refuse(name);
    }
}

}  // namespace

Outcome parse_outcome(std::string_view name)
{
    const auto* value = value_of(outcomes, name);
    if (value == nullptr)
        refuse("outcome");
    return *value;
}

Acknowledgement parse_acknowledgement(std::string_view name)
{
    const auto* value = value_of(acknowledgements, name);
    if (value == nullptr)
        refuse("acknowledgement");
    return *value;
}

void read_write_options(WriteOptions& options, std::string_view text)
{
    boost::system::error_code failure;
    const auto value = json::parse(text, failure);
    if (failure || !value.is_object())
        throw std::invalid_argument{"writes: no JSON object"};
    auto changed = options;
    for (const auto& member : value.as_object())
        read_member(changed, member.key(), member.value());
    options = std::move(changed);
}

}  // namespace graphsim
