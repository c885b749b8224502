#include "config/reader.hpp"

#include "config/values.hpp"

#include <fmt/format.h>

namespace cloudpcd::config {

namespace {

std::string joined(std::string_view section, std::string_view key)
{
    if (section.empty() || key.empty())
        return std::string{section.empty() ? key : section};
    return fmt::format("{}.{}", section, key);
}

int line_of_node(const toml::node& node)
{
    return static_cast<int>(node.source().begin.line);
}

std::string_view type_name(const toml::node& node)
{
    switch (node.type()) {
        case toml::node_type::table:
            return "a section";
        case toml::node_type::array:
            return "an array";
        case toml::node_type::string:
            return "a text";
        case toml::node_type::integer:
            return "an integer";
        case toml::node_type::floating_point:
            return "a number with a fraction";
        case toml::node_type::boolean:
            return "a boolean";
        case toml::node_type::date:
        case toml::node_type::time:
        case toml::node_type::date_time:
            return "a date or time";
        case toml::node_type::none:
            break;
    }
    return "nothing";
}

/// Keys are free text in TOML; in a message they must stay one word of one line.
std::string shown(std::string_view key)
{
    const std::string in_quotes = show_value(key);
    const bool plain = in_quotes.size() == key.size() + 2 && !key.empty() &&
                       key.find_first_of(" \"[]") == std::string_view::npos;
    return plain ? std::string{key} : in_quotes;
}

}  // namespace

void Findings::syntax(int line, std::string_view what)
{
    x_errors.emplace(line, fmt::format("{}:{}: {}", x_file, line, what));
}

void Findings::complain(std::string_view section, std::string_view key, std::string_view wrong,
                        std::string_view accepted)
{
    const int line = line_of(section, key);
    const std::string place = section.empty() ? fmt::format("[{}]", shown(key))
                              : key.empty()   ? fmt::format("[{}]", section)
                                              : fmt::format("[{}] {}", section, shown(key));
    x_errors.emplace(
        line, fmt::format("{}:{}: {}: {}, accepted: {}", x_file, line, place, wrong, accepted));
}

void Findings::place(std::string_view section, std::string_view key, int line)
{
    x_lines.emplace(joined(section, key), line);
}

void Findings::know(std::string_view section, std::string_view key)
{
    x_known.push_back(joined(section, key));
}

int Findings::line_of(std::string_view section, std::string_view key) const
{
    if (auto found = x_lines.find(joined(section, key)); found != x_lines.end())
        return found->second;
    // A subsection that the file lacks belongs to its parent.
    for (std::string name{section}; !name.empty();) {
        if (auto found = x_lines.find(name); found != x_lines.end())
            return found->second;
        const auto dot = name.rfind('.');
        name.resize(dot == std::string::npos ? 0 : dot);
    }
    return 1;
}

std::vector<std::string> Findings::take_errors()
{
    std::vector<std::string> errors;
    for (auto& [line, message] : x_errors)
        errors.push_back(std::move(message));
    x_errors.clear();
    return errors;
}

Section::Section(Findings& findings, const toml::table* table, std::string name)
    : x_findings{&findings}, x_table{table}, x_name{std::move(name)}
{
    if (x_table == nullptr)
        return;
    for (const auto& [key, node] : *x_table) {
        const auto line = key.source().begin.line != 0 ? static_cast<int>(key.source().begin.line)
                                                       : line_of_node(node);
        x_findings->place(x_name, key.str(), line);
    }
}

bool Section::has(std::string_view key) const
{
    return x_table != nullptr && x_table->contains(key);
}

const toml::node* Section::find(std::string_view key)
{
    if (x_known.emplace(key).second)
        x_findings->know(x_name, key);
    return x_table == nullptr ? nullptr : x_table->get(key);
}

Section Section::child(std::string_view key)
{
    x_known.emplace(key);
    const toml::node* node = x_table == nullptr ? nullptr : x_table->get(key);
    const auto name = joined(x_name, key);
    if (node != nullptr && !node->is_table())
        complain_type(key, *node, fmt::format("a section [{}]", name));
    return Section{*x_findings, node == nullptr ? nullptr : node->as_table(), name};
}

std::vector<std::string> Section::keys() const
{
    std::vector<std::string> names;
    if (x_table != nullptr) {
        for (const auto& [key, node] : *x_table)
            names.emplace_back(key.str());
    }
    return names;
}

std::vector<std::pair<std::string, Section>> Section::children()
{
    std::vector<std::pair<std::string, Section>> all;
    for (auto& key : keys()) {
        Section section = child(key);
        all.emplace_back(std::move(key), std::move(section));
    }
    return all;
}

void Section::complain_type(std::string_view key, const toml::node& node, std::string_view accepted)
{
    complain(key, fmt::format("is {}", type_name(node)), accepted);
}

void Section::complain_value(std::string_view key, std::string_view value,
                             std::string_view accepted)
{
    complain(key, fmt::format("{} is not accepted", show_value(value)), accepted);
}

std::optional<std::string> Section::text(std::string_view key, std::string_view accepted)
{
    const auto* node = find(key);
    if (node == nullptr)
        return std::nullopt;
    if (const auto* value = node->as_string())
        return value->get();
    complain_type(key, *node, accepted);
    return std::nullopt;
}

std::optional<bool> Section::boolean(std::string_view key)
{
    const auto* node = find(key);
    if (node == nullptr)
        return std::nullopt;
    if (const auto* value = node->as_boolean())
        return value->get();
    complain_type(key, *node, "true, false");
    return std::nullopt;
}

std::optional<std::int64_t> Section::integer(std::string_view key, std::int64_t min,
                                             std::int64_t max)
{
    const auto* node = find(key);
    if (node == nullptr)
        return std::nullopt;
    const auto accepted = fmt::format("a whole number from {} to {}", min, max);
    const auto* value = node->as_integer();
    if (value == nullptr) {
        complain_type(key, *node, accepted);
        return std::nullopt;
    }
    if (value->get() < min || value->get() > max) {
        complain(key, fmt::format("{} is out of range", value->get()), accepted);
        return std::nullopt;
    }
    return value->get();
}

std::optional<double> Section::number(std::string_view key, double min, double max)
{
    const auto* node = find(key);
    if (node == nullptr)
        return std::nullopt;
    const auto accepted = fmt::format("a number from {} to {}", min, max);
    if (!node->is_number()) {
        complain_type(key, *node, accepted);
        return std::nullopt;
    }
    const double value = node->value<double>().value_or(max + 1);
    if (!(value >= min && value <= max)) {  // so that NaN is out of range too
        complain(key, fmt::format("{} is out of range", value), accepted);
        return std::nullopt;
    }
    return value;
}

std::optional<Duration> Section::duration(std::string_view key, Duration min, Duration max)
{
    const auto accepted = fmt::format("a duration from {} to {}, such as \"90s\" or \"5m\"",
                                      format_duration(min), format_duration(max));
    const auto word = text(key, accepted);
    if (!word)
        return std::nullopt;
    const auto value = parse_duration(*word);
    if (!value) {
        complain(key, fmt::format("{} is not a duration", show_value(*word)), accepted);
        return std::nullopt;
    }
    if (*value < min || *value > max) {
        complain(key, fmt::format("{} is out of range", show_value(*word)), accepted);
        return std::nullopt;
    }
    return value;
}

std::optional<std::optional<Duration>> Section::retention(std::string_view key, Duration min,
                                                          Duration max)
{
    const auto* node = find(key);
    if (node != nullptr && node->is_string() && node->as_string()->get() == "forever")
        return std::optional<std::optional<Duration>>{std::in_place, std::nullopt};
    const auto value = duration(key, min, max);
    if (!value)
        return std::nullopt;
    return std::optional<std::optional<Duration>>{std::in_place, *value};
}

std::optional<std::vector<std::string>> Section::texts(std::string_view key,
                                                       std::string_view accepted)
{
    const auto* node = find(key);
    if (node == nullptr)
        return std::nullopt;
    const auto* array = node->as_array();
    if (array == nullptr) {
        complain_type(key, *node, accepted);
        return std::nullopt;
    }
    std::vector<std::string> values;
    for (const auto& element : *array) {
        const auto* value = element.as_string();
        if (value == nullptr || value->get().empty()) {
            complain(key,
                     value == nullptr ? fmt::format("holds {}", type_name(element))
                                      : "holds an empty text",
                     accepted);
            return std::nullopt;
        }
        values.push_back(value->get());
    }
    return values;
}

std::optional<std::pair<bool, std::string>> Section::boolean_or_text(std::string_view key,
                                                                     std::string_view accepted)
{
    const auto* node = find(key);
    if (node == nullptr)
        return std::nullopt;
    if (const auto* flag = node->as_boolean())
        return std::pair{flag->get(), std::string{}};
    const auto value = text(key, accepted);
    if (!value)
        return std::nullopt;
    return std::pair{true, *value};
}

void Section::finish()
{
    if (x_table == nullptr)
        return;
    const std::vector<std::string_view> known{x_known.begin(), x_known.end()};
    std::string accepted;
    for (const auto name : known)
        accepted += fmt::format("{}{}", accepted.empty() ? "" : ", ", name);
    for (const auto& [key, node] : *x_table) {
        if (x_known.contains(key.str()))
            continue;
        const auto meant = nearest(key.str(), known);
        // The value stays out of the message: a secret pasted into the file must not reach a log.
        complain(key.str(),
                 fmt::format("unknown {}{}", x_name.empty() ? "section" : "key",
                             meant.empty() ? "" : fmt::format(", did you mean {}?", meant)),
                 accepted.empty() ? "nothing" : accepted);
    }
}

}  // namespace cloudpcd::config
