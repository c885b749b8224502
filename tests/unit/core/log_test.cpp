#include "sync/core/log.hpp"

#include <doctest/doctest.h>

using namespace cloudpcd;
using namespace std::string_view_literals;

TEST_CASE("log: control characters of tenant data stay on their line and off the terminal")
{
    CHECK(log::escape("a\nb\tc\rd") == "a\\nb\\tc\\rd");
    CHECK(log::escape("\x1b[31mred") == "\\u001b[31mred");
    CHECK(log::escape("nul\0!"sv) == "nul\\u0000!");
    CHECK(log::escape("del\x7f") == "del\\u007f");
    CHECK(log::escape("\xC2\x9B"
                      "31m") == "\\u009b31m");  // C1: CSI in one character
}

TEST_CASE("log: text stays text, and what is not UTF-8 is replaced byte by byte")
{
    CHECK(log::escape("Zoë 日本 🖥") == "Zoë 日本 🖥");
    CHECK(log::escape("a\xFF"
                      "b") ==
          "a\xEF\xBF\xBD"
          "b");
    CHECK(log::escape("\xC0\xAF") == "\xEF\xBF\xBD\xEF\xBF\xBD");                  // overlong
    CHECK(log::escape("\xED\xA0\x80").find("\xED\xA0") == std::string::npos);      // surrogate
    CHECK(log::escape("\xF0\x9F\x96") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // cut off
}

TEST_CASE("log: a value is bounded")
{
    CHECK(log::escape(std::string(10, 'x'), 4) == "xxxx…");
    CHECK(log::escape(std::string(4, 'x'), 4) == "xxxx");
    CHECK(log::escape(std::string(1'000'000, '\n')).size() < 4200);
}
