// Memory is bounded: rows are kept until either limit of TableLimits is reached, then the widths
// are fixed and everything behind is printed as it comes, a longer cell pushing its line out.

#include "daemon/ctl/table_writer.hpp"

#include "daemon/ctl/text.hpp"

#include <algorithm>

namespace cloudpcd::ctl {

void TableWriter::begin(const std::vector<std::string>& columns)
{
    for (const auto& column : columns) {
        auto name = cell(Value::of(std::string_view{column}));
        const auto width = display_width(name);
        x_columns.push_back({.name = std::move(name), .width = width});
    }
}

std::string TableWriter::cell(const Value& value) const
{
    std::string text;
    switch (value.kind) {
        case Value::Kind::null:
            return text;
        case Value::Kind::integer:
            return std::to_string(value.integer);
        case Value::Kind::real:
            return plain_real(value.real);
        case Value::Kind::text:
            text = printable(value.bytes);
            break;
        case Value::Kind::blob:
            text = hex(value.bytes);
            break;
    }
    return x_limits.cell_columns_max == 0 ? text : cut(text, x_limits.cell_columns_max);
}

void TableWriter::measure(std::span<const Value> values, const Line& line)
{
    for (std::size_t i = 0; i < line.size(); ++i) {
        auto& column = x_columns[i];
        column.width = std::max(column.width, display_width(line[i]));
        column.has_numbers = column.has_numbers || values[i].is_number();
        column.has_text =
            column.has_text || (!values[i].is_number() && values[i].kind != Value::Kind::null);
        x_buffered_bytes += sizeof(std::string) + line[i].size();
    }
}

void TableWriter::row(std::span<const Value> values)
{
    Line line;
    line.reserve(values.size());
    for (const auto& value : values)
        line.push_back(cell(value));
    if (!x_measuring) {
        print(line);
        return;
    }
    measure(values, line);
    x_buffer.push_back(std::move(line));
    if (x_buffer.size() >= x_limits.buffered_rows_max ||
        x_buffered_bytes >= x_limits.buffered_bytes_max)
        print_buffer();
}

void TableWriter::end()
{
    if (x_measuring)
        print_buffer();
}

void TableWriter::print_buffer()
{
    x_measuring = false;
    Line names;
    Line dashes;
    for (const auto& column : x_columns) {
        names.push_back(column.name);
        dashes.emplace_back(column.width, '-');
    }
    print(names);
    print(dashes);
    for (const auto& line : x_buffer)
        print(line);
    x_buffer.clear();
    x_buffer.shrink_to_fit();
}

void TableWriter::print(const Line& line)
{
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const auto& column = x_columns[i];
        const auto width = display_width(line[i]);
        const std::string padding(column.width - std::min(width, column.width), ' ');
        const bool right = column.has_numbers && !column.has_text;
        text += i == 0 ? "" : "  ";
        text += right ? padding + line[i] : line[i] + padding;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
    x_output.write(text);
}

}  // namespace cloudpcd::ctl
