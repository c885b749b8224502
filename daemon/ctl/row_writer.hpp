#pragma once
// Rows on their way to the user: as a table for people, as CSV or as JSON for programs.
//
// CSV and JSON are written row by row. A table needs the widths of its columns first: see
// table_writer.cpp for how much of it is kept.

#include "daemon/ctl/output.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::ctl {

enum class Format { table, csv, json };

/// One value of SQLite. The bytes belong to the statement and last until its next step.
struct Value {
    enum class Kind { null, integer, real, text, blob };
    Kind kind = Kind::null;
    std::int64_t integer = 0;
    double real = 0;
    std::string_view bytes{};

    static Value null() noexcept { return {}; }
    static Value of(std::int64_t number) noexcept
    {
        return {.kind = Kind::integer, .integer = number};
    }
    static Value of(double number) noexcept { return {.kind = Kind::real, .real = number}; }
    static Value of(std::string_view text) noexcept { return {.kind = Kind::text, .bytes = text}; }
    static Value blob(std::string_view bytes) noexcept
    {
        return {.kind = Kind::blob, .bytes = bytes};
    }
    bool is_number() const noexcept { return kind == Kind::integer || kind == Kind::real; }
};

/// begin, row for each row, end.
class RowWriter {
public:
    virtual ~RowWriter() = default;
    virtual void begin(const std::vector<std::string>& columns) = 0;
    virtual void row(std::span<const Value> values) = 0;
    virtual void end() = 0;
};

/// Of tables only.
struct TableLimits {
    /// Longer cells are cut; 0: never, which is what a file or a pipe wants.
    std::size_t cell_columns_max = 0;
    /// What is kept to find the widths; the rows behind are printed with the widths found.
    std::size_t buffered_rows_max = 10'000;
    std::size_t buffered_bytes_max = std::size_t{32} << 20U;
};

/// Shapes: CSV   RFC 4180: CRLF, a header line, quotes only where needed. NULL is an empty field
/// and
///               empty text `""`; a row that is nothing but one NULL is `""` too, since readers
///               skip empty lines. A BLOB is hexadecimal
///         JSON  an array of objects, one a line; a BLOB is a hexadecimal string; of columns with
///               the same name the second is called NAME_2
///         table columns two blanks apart under a header, numbers to the right, NULL empty, control
///               characters escaped
std::unique_ptr<RowWriter> make_row_writer(Format format, Output& output,
                                           const TableLimits& limits);

/// Names made unique by a suffix: a, a_2, a_3.
std::vector<std::string> unique_names(const std::vector<std::string>& names);

}  // namespace cloudpcd::ctl
