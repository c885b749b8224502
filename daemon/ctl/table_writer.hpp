#pragma once
// Tables for people; see row_writer.hpp.

#include "daemon/ctl/row_writer.hpp"

namespace cloudpcd::ctl {

class TableWriter : public RowWriter {
public:
    TableWriter(Output& output, const TableLimits& limits) : x_output{output}, x_limits{limits} {}

    void begin(const std::vector<std::string>& columns) override;
    void row(std::span<const Value> values) override;
    void end() override;

private:
    struct Column {
        std::string name;
        std::size_t width = 0;
        bool has_text = false;  ///< of the rows that were measured
        bool has_numbers = false;
    };
    using Line = std::vector<std::string>;

    std::string cell(const Value& value) const;
    void measure(std::span<const Value> values, const Line& line);
    void print_buffer();
    void print(const Line& line);

    Output& x_output;
    TableLimits x_limits;
    std::vector<Column> x_columns;
    std::vector<Line> x_buffer;
    std::size_t x_buffered_bytes = 0;
    bool x_measuring = true;
};

}  // namespace cloudpcd::ctl
