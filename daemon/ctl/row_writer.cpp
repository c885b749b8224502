#include "daemon/ctl/row_writer.hpp"

#include "daemon/ctl/table_writer.hpp"
#include "daemon/ctl/text.hpp"

#include <fmt/format.h>

#include <set>

namespace cloudpcd::ctl {

namespace {

class CsvWriter : public RowWriter {
public:
    explicit CsvWriter(Output& output) noexcept : x_output{output} {}

    void begin(const std::vector<std::string>& columns) override
    {
        std::vector<Value> names;
        names.reserve(columns.size());
        for (const auto& column : columns)
            names.push_back(Value::of(std::string_view{column}));
        row(names);
    }

    void row(std::span<const Value> values) override
    {
        std::string line;
        for (std::size_t i = 0; i < values.size(); ++i) {
            line += i == 0 ? "" : ",";
            line += field(values[i]);
        }
        if (line.empty())
            line = R"("")";
        line += "\r\n";
        x_output.write(line);
    }

    void end() override {}

private:
    static std::string field(const Value& value)
    {
        switch (value.kind) {
            case Value::Kind::null:
                break;
            case Value::Kind::integer:
                return std::to_string(value.integer);
            case Value::Kind::real:
                return plain_real(value.real);
            case Value::Kind::text:
                return value.bytes.empty() ? R"("")" : csv_field(value.bytes);
            case Value::Kind::blob:
                return hex(value.bytes);
        }
        return {};
    }

    Output& x_output;
};

class JsonWriter : public RowWriter {
public:
    explicit JsonWriter(Output& output) noexcept : x_output{output} {}

    void begin(const std::vector<std::string>& columns) override
    {
        for (const auto& name : unique_names(columns))
            x_keys.push_back(json_string(name) + ":");
        x_output.write("[");
    }

    void row(std::span<const Value> values) override
    {
        std::string line = x_first ? "\n{" : ",\n{";
        x_first = false;
        for (std::size_t i = 0; i < values.size(); ++i) {
            line += i == 0 ? "" : ",";
            line += x_keys[i];
            line += json_value(values[i]);
        }
        line += '}';
        x_output.write(line);
    }

    void end() override { x_output.write(x_first ? "]\n" : "\n]\n"); }

private:
    static std::string json_value(const Value& value)
    {
        switch (value.kind) {
            case Value::Kind::null:
                break;
            case Value::Kind::integer:
                return std::to_string(value.integer);
            case Value::Kind::real:
                return json_real(value.real);
            case Value::Kind::text:
                return json_string(value.bytes);
            case Value::Kind::blob:
                return '"' + hex(value.bytes) + '"';
        }
        return "null";
    }

    Output& x_output;
    std::vector<std::string> x_keys;
    bool x_first = true;
};

}  // namespace

std::vector<std::string> unique_names(const std::vector<std::string>& names)
{
    // A suffix must not meet a column that has that name by itself.
    const std::set<std::string> given{names.begin(), names.end()};
    std::set<std::string> used;
    std::vector<std::string> unique;
    for (const auto& name : names) {
        auto candidate = name;
        const auto is_taken = [&] {
            return used.contains(candidate) || (candidate != name && given.contains(candidate));
        };
        for (int number = 2; is_taken(); ++number)
            candidate = fmt::format("{}_{}", name, number);
        used.insert(candidate);
        unique.push_back(std::move(candidate));
    }
    return unique;
}

std::unique_ptr<RowWriter> make_row_writer(Format format, Output& output, const TableLimits& limits)
{
    switch (format) {
        case Format::table:
            break;
        case Format::csv:
            return std::make_unique<CsvWriter>(output);
        case Format::json:
            return std::make_unique<JsonWriter>(output);
    }
    return std::make_unique<TableWriter>(output, limits);
}

}  // namespace cloudpcd::ctl
