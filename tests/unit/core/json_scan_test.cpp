#include "sync/core/json_scan.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace cloudpcd::json;

TEST_CASE("json: a value ends where its last bracket or quote is")
{
    CHECK(value_end(R"({"a":"}"},1)", 0) == 9);
    CHECK(value_end(R"([[],{"]":1}]x)", 0) == 12);
    CHECK(value_end(R"("a\"b",)", 0) == 6);
    CHECK(value_end("12.5e3,", 0) == 6);
    CHECK(value_end("true", 0) == 4);
    for (const auto* open : {"", "{", "[1", R"("a)", R"("a\")", R"({"a":"})", ","})
        CHECK_MESSAGE(!value_end(open, 0), open);
}

TEST_CASE("json: depth costs neither stack nor sense")
{
    const std::string deep = std::string(1'000'000, '[') + std::string(1'000'000, ']');
    CHECK(value_end(deep, 0) == deep.size());
    CHECK_FALSE(value_end(deep.substr(0, deep.size() - 1), 0));
}

TEST_CASE("json: members are slices in their order, duplicates kept")
{
    const auto members = object_members(" { \"a\" : 1 , \"b\\n\":{\"c\":[1,2]},\"a\":null } ");
    REQUIRE(members);
    REQUIRE(members->size() == 3);
    CHECK((*members)[0].key == "a");
    CHECK((*members)[0].value == "1");
    CHECK((*members)[1].key == "b\\n");
    CHECK((*members)[1].value == "{\"c\":[1,2]}");
    CHECK((*members)[2].key == "a");
    CHECK(object_members("{}")->empty());
    for (const auto* bad : {"", "[]", "{", "}", "{a:1}", R"({"a"})", R"({"a":})", R"({"a":1,})",
                            R"({"a":1 "b":2})", R"({"a":1}})", R"({"a":1]})", R"({,})"})
        CHECK_MESSAGE(!object_members(bad), bad);
}

TEST_CASE("json: elements are slices, so that one bad item does not cost the others")
{
    const auto elements = array_elements(R"([ {"a":1}, {broken}, "x,y" ,2])");
    REQUIRE(elements);
    REQUIRE(elements->size() == 4);
    CHECK((*elements)[0] == R"({"a":1})");
    CHECK((*elements)[1] == "{broken}");
    CHECK((*elements)[2] == R"("x,y")");
    CHECK((*elements)[3] == "2");
    CHECK(array_elements(" [ ] ")->empty());
    for (const auto* bad : {"", "{}", "[", "]", "[1,]", "[,1]", "[1 2]", "[1]]", "[[1]", R"(["a])"})
        CHECK_MESSAGE(!array_elements(bad), bad);
}

TEST_CASE("json: a string is decoded, a lone surrogate becomes U+FFFD")
{
    CHECK(string_value(R"("a\"\\\/\b\f\n\r\t\u00e9")") == "a\"\\/\b\f\n\r\té");
    CHECK(string_value(R"("\ud83d\uDDA5")") == "🖥");
    CHECK(string_value(R"("\ud83dx")") == "\uFFFDx");
    CHECK(string_value(R"("\udda5\ud83d")") == "\uFFFD\uFFFD");
    CHECK(string_value(R"("\ud83d\ud83d\udda5")") == "\uFFFD🖥");
    CHECK(string_value(R"("")") == "");
    for (const auto* bad :
         {"", "a", "\"", R"("\x")", R"("\u12")", R"("\u12g4")", "\"a\nb\"", R"("a"b")", R"("a\")"})
        CHECK_MESSAGE(!string_value(bad), bad);
}

TEST_CASE("json: lone surrogates are replaced in place, and nothing else is touched")
{
    CHECK_FALSE(replace_lone_surrogates(R"({"a":"\ud83d\udda5 \\ud83d \n"})"));
    CHECK(replace_lone_surrogates(R"(["\ud83d","\udda5x\\"])") == R"(["\ufffd","\ufffdx\\"])");
    CHECK_FALSE(replace_lone_surrogates("\"\\"));
}

TEST_CASE("json: members are counted at any depth, colons in strings are not")
{
    CHECK(count_members(R"({"a:b":"c:d","e":[{"f":1},{"g":{}}]})") == 4);
    CHECK(count_members("[]") == 0);
}

TEST_CASE("json: UTF-8 is checked to the letter")
{
    CHECK(valid_utf8(""));
    CHECK(valid_utf8("plain ASCII, longer than eight bytes"));
    CHECK(valid_utf8("Zoë 日本 🖥\xF4\x8F\xBF\xBF"));
    for (const std::string bad :
         {"\x80", "\xC3", "\xC0\x80", "\xE0\x9F\x80", "\xED\xA0\x80", "\xF0\x8F\x80\x80",
          "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xE2\x82"}) {
        CHECK_FALSE(valid_utf8(bad));
        CHECK_FALSE(valid_utf8("12345678" + bad + "12345678"));
    }
}
