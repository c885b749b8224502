#pragma once
// The few JSON objects that reports need, built as text.

#include "daemon/ctl/text.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cloudpcd::ctl {

class JsonObject {
public:
    JsonObject& text(std::string_view name, std::string_view value)
    {
        return json(name, json_string(value));
    }
    JsonObject& optional_text(std::string_view name, const std::optional<std::string>& value)
    {
        return json(name, value ? json_string(*value) : "null");
    }
    JsonObject& number(std::string_view name, const std::optional<std::int64_t>& value)
    {
        return json(name, value ? std::to_string(*value) : "null");
    }
    JsonObject& boolean(std::string_view name, bool value)
    {
        return json(name, value ? "true" : "false");
    }
    /// `value` is JSON already.
    JsonObject& json(std::string_view name, std::string_view value)
    {
        x_text += x_text.empty() ? "" : ",";
        x_text += json_string(name);
        x_text += ':';
        x_text += value;
        return *this;
    }
    std::string done() const { return '{' + x_text + '}'; }

private:
    std::string x_text;
};

/// An array with one element a line.
inline std::string json_lines(std::span<const std::string> elements)
{
    std::string text = "[";
    for (const auto& element : elements) {
        text += text.size() == 1 ? "\n" : ",\n";
        text += element;
    }
    return text + (elements.empty() ? "]" : "\n]");
}

}  // namespace cloudpcd::ctl
