#include "daemon/ctl/text.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace cloudpcd::ctl;

TEST_CASE("text: nothing that a tenant typed can drive the terminal")
{
    CHECK(printable("plain, ü and 雲") == "plain, ü and 雲");
    CHECK(printable("a\nb\r\tc") == "a\\nb\\r\\tc");
    CHECK(printable("\x1b[31mred") == "\\x1b[31mred");
    CHECK(printable("\x7f") == "\\x7f");
    CHECK(printable("\u009b31m") == "\\u009b31m");          // CSI of the C1 set
    CHECK(printable("\u202eabc") == "\\u202eabc");          // right-to-left override
    CHECK(printable("\xff\xc3") == "\\xff\\xc3");           // no UTF-8
    CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");  // a surrogate
    CHECK(printable(std::string_view{"a\0b", 3}) == "a\\x00b");
}

TEST_CASE("text: widths count columns, not bytes")
{
    CHECK(display_width("abc") == 3);
    CHECK(display_width("äöü") == 3);
    CHECK(display_width("雲") == 2);
    CHECK(display_width("e\u0301") == 1);
}

TEST_CASE("text: what is cut says so, and never within a character")
{
    CHECK(cut("abcdef", 6) == "abcdef");
    CHECK(cut("abcdef", 5) == "abcd…");
    CHECK(cut("äöüäöü", 4) == "äöü…");
    CHECK(cut("雲雲雲", 4) == "雲…");
    CHECK(cut("ab", 1) == "…");
}

TEST_CASE("text: JSON strings are valid JSON whatever the bytes")
{
    CHECK(json_string("a\"b\\c/ü") == R"("a\"b\\c/ü")");
    CHECK(json_string("\n\x1b\x7f") == R"("\n\u001b\u007f")");
    CHECK(json_string(std::string_view{"\0", 1}) == R"("\u0000")");
    CHECK(json_string("x\xff") == "\"x\xEF\xBF\xBD\"");
}

TEST_CASE("text: reals keep their value and their kind")
{
    CHECK(plain_real(1.0) == "1.0");
    CHECK(plain_real(0.1) == "0.1");
    CHECK(plain_real(1e300) == "1e+300");
    CHECK(plain_real(-std::numeric_limits<double>::infinity()) == "-Inf");
    CHECK(json_real(std::numeric_limits<double>::infinity()) == "1e999");
}

TEST_CASE("text: CSV fields are quoted only where a reader needs it")
{
    CHECK(csv_field("plain text") == "plain text");
    CHECK(csv_field("a,b") == "\"a,b\"");
    CHECK(csv_field("a\"b") == "\"a\"\"b\"");
    CHECK(csv_field("a\nb") == "\"a\nb\"");
    CHECK(csv_field("a\rb") == "\"a\rb\"");
}

TEST_CASE("text: ages and times for people and programs")
{
    CHECK(format_age(-5) == "0s");
    CHECK(format_age(59) == "59s");
    CHECK(format_age(63) == "1m 03s");
    CHECK(format_age(3600) == "1h 00m");
    CHECK(format_age(90'000) == "1d 01h");
    CHECK(hex("\x01\xfe") == "01FE");
    CHECK(rfc3339("2026-01-31 12:00:00.250") == "2026-01-31T12:00:00.250Z");
    CHECK(rfc3339("soon") == "soon");
}
