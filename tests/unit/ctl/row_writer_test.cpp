#include "daemon/ctl/row_writer.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace cloudpcd::ctl;

namespace {

using Rows = std::vector<std::vector<Value>>;

Value text(std::string_view value)
{
    return Value::of(value);
}

Value number(std::int64_t value)
{
    return Value::of(value);
}

std::string written(Format format, const std::vector<std::string>& columns, const Rows& rows,
                    const TableLimits& limits = {})
{
    TextOutput output;
    const auto writer = make_row_writer(format, output, limits);
    writer->begin(columns);
    for (const auto& row : rows)
        writer->row(row);
    writer->end();
    return output.text();
}

}  // namespace

TEST_CASE("rows: CSV is RFC 4180")
{
    CHECK(written(Format::csv, {"id", "a,b"},
                  {{number(1), text("x\"y")},
                   {Value::of(2.5), text("line\nbreak")},
                   {Value::null(), Value::blob("\x01\xab")}}) ==
          "id,\"a,b\"\r\n"
          "1,\"x\"\"y\"\r\n"
          "2.5,\"line\nbreak\"\r\n"
          ",01AB\r\n");
}

TEST_CASE("rows: CSV tells NULL from empty text, and loses no row to an empty line")
{
    CHECK(written(Format::csv, {"a", "b"}, {{Value::null(), text("")}}) == "a,b\r\n,\"\"\r\n");
    CHECK(written(Format::csv, {"a"}, {{Value::null()}}) == "a\r\n\"\"\r\n");
}

TEST_CASE("rows: JSON keeps types")
{
    CHECK(written(Format::json, {"n", "r", "t", "z", "b"},
                  {{number(9007199254740993), Value::of(1.0), text("a\"\x1b"), Value::null(),
                    Value::blob("\xff")},
                   {number(-1), Value::of(0.5), text(""), Value::null(), Value::blob("")}}) ==
          "[\n"
          R"({"n":9007199254740993,"r":1.0,"t":"a\"\u001b","z":null,"b":"FF"},)"
          "\n"
          R"({"n":-1,"r":0.5,"t":"","z":null,"b":""})"
          "\n]\n");
    CHECK(written(Format::json, {"n"}, {}) == "[]\n");
}

TEST_CASE("rows: JSON loses no column to another of the same name")
{
    CHECK(unique_names({"a", "a", "a"}) == std::vector<std::string>{"a", "a_2", "a_3"});
    CHECK(unique_names({"a", "a_2", "a"}) == std::vector<std::string>{"a", "a_2", "a_3"});
    CHECK(unique_names({"a", "a", "a_2"}) == std::vector<std::string>{"a", "a_3", "a_2"});
    CHECK(written(Format::json, {"id", "id"}, {{number(1), number(2)}}) ==
          "[\n{\"id\":1,\"id_2\":2}\n]\n");
}

TEST_CASE("rows: a table is aligned, numbers to the right")
{
    CHECK(written(Format::table, {"name", "count", "note"},
                  {{text("ä"), number(5), Value::null()},
                   {text("longer"), number(12345), text("x")}}) ==
          "name    count  note\n"
          "------  -----  ----\n"
          "ä           5\n"
          "longer  12345  x\n");
}

TEST_CASE("rows: a table shows no control character of a value or a name")
{
    const auto table = written(Format::table, {"a\x1b[2J"}, {{text("x\x1b]0;title\x07\ny")}});
    for (const char c : table)
        CHECK((c == '\n' || static_cast<unsigned char>(c) >= 0x20));
    CHECK(table.find("x\\x1b]0;title\\x07\\ny") != std::string::npos);
}

TEST_CASE("rows: cells are cut for a terminal, and for nothing else")
{
    const std::string wide(100, 'w');
    CHECK(written(Format::table, {"c"}, {{text(wide)}}).find(wide) != std::string::npos);
    CHECK(written(Format::table, {"c"}, {{text(wide)}}, {.cell_columns_max = 10}) ==
          "c\n----------\nwwwwwwwww…\n");
}

TEST_CASE("rows: a long table is printed as it comes, with the widths of its first rows")
{
    TextOutput output;
    const auto writer = make_row_writer(Format::table, output, {.buffered_rows_max = 2});
    const auto row = [&](std::string_view a) {
        writer->row(std::vector<Value>{text(a), number(1)});
    };
    writer->begin({"a", "n"});
    row("xx");
    CHECK(output.text().empty());
    row("y");
    const std::string head = "a   n\n--  -\nxx  1\ny   1\n";
    CHECK(output.text() == head);
    row("longer");
    CHECK(output.text() == head + "longer  1\n");
    writer->end();
    CHECK(output.text() == head + "longer  1\n");
}

TEST_CASE("rows: what a table keeps is bounded in bytes too")
{
    TextOutput output;
    const auto writer = make_row_writer(Format::table, output, {.buffered_bytes_max = 100});
    writer->begin({"a"});
    const std::string big(101, 'x');
    writer->row(std::vector<Value>{text(big)});
    CHECK(output.text().find(big) != std::string::npos);
}
