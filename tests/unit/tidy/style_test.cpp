// House rules that neither the compiler nor clang-format holds.

#include "tests/unit/tidy/source_tree.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <regex>
#include <string>
#include <string_view>

using namespace cloudpcd::tidy;

namespace {

constexpr std::size_t lines_max = 600;
constexpr std::size_t columns_max = 100;

/// Tables of data, one entry a line, may be long and wide.
bool is_table(const SourceFile& file)
{
    return file.is_in("schema/catalog");
}

/// Characters, not bytes.
std::size_t columns(std::string_view line)
{
    return static_cast<std::size_t>(std::ranges::count_if(
        line, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

void check_no_line_matches(const std::regex& pattern, auto&& applies_to)
{
    for (const auto& file : source_tree()) {
        if (!applies_to(file))
            continue;
        for (std::size_t i = 0; i < file.code.size(); ++i) {
            if (std::regex_search(file.code[i], pattern))
                FAIL_CHECK(file.path << ":" << i + 1 << ": " << file.lines[i]);
        }
    }
}

constexpr auto everywhere = [](const SourceFile&) { return true; };

}  // namespace

TEST_CASE("style: what is no code is blanked, and nothing else")
{
    CHECK(without_comments_and_literals("a // new T\nb") == "a         \nb");
    CHECK(without_comments_and_literals("a /* x\n*/ b") == "a     \n   b");
    CHECK(without_comments_and_literals(R"(f("a\"b", 'x', 1'000) + n)") ==
          R"(f(      ,    , 1'000) + n)");
    CHECK(without_comments_and_literals("R\"-(\")\" new )-\" + n") ==
          "R" + std::string(14, ' ') + " + n");
    CHECK(without_comments_and_literals("\"open") == "     ");
}

TEST_CASE("style: a file answers one question, in at most 600 lines")
{
    for (const auto& file : source_tree()) {
        if (!is_table(file))
            CHECK_MESSAGE(file.lines.size() <= lines_max, file.path);
    }
}

TEST_CASE("style: lines have at most 100 columns, no tab, no trailing space")
{
    for (const auto& file : source_tree()) {
        for (std::size_t i = 0; i < file.lines.size(); ++i) {
            const auto& line = file.lines[i];
            const auto place = file.path + ":" + std::to_string(i + 1);
            CHECK_MESSAGE((is_table(file) || columns(line) <= columns_max), place);
            CHECK_MESSAGE(line.find('\t') == std::string::npos, place);
            CHECK_MESSAGE((!line.ends_with(' ') && !line.ends_with('\r')), place);
        }
    }
}

TEST_CASE("style: every header is included once")
{
    for (const auto& file : source_tree()) {
        if (file.is_header())
            CHECK_MESSAGE((!file.lines.empty() && file.lines.front() == "#pragma once"), file.path);
    }
}

TEST_CASE("style: ownership is never a bare new or delete")
{
    const std::regex bare_new{R"((^|[^\w.])new\s+[\w:(])"};
    const std::regex bare_delete{R"((^|[;{}(]\s*|\belse\s+|^\s+)delete(\[\])?\s+[\w:*(])"};
    CHECK(std::regex_search("auto* p = new T{};", bare_new));
    CHECK(std::regex_search("    delete p;", bare_delete));
    CHECK(std::regex_search("if (p) { delete[] p; }", bare_delete));
    CHECK_FALSE(std::regex_search("T(const T&) = delete;", bare_delete));
    CHECK_FALSE(std::regex_search("int new_value = renew + 1;", bare_new));
    check_no_line_matches(bare_new, everywhere);
    check_no_line_matches(bare_delete, everywhere);
}

TEST_CASE("style: threads are made in the store and in tests, nowhere else")
{
    const std::regex thread{R"(std::(thread|jthread|async)\b)"};
    CHECK(std::regex_search("std::jthread x_worker;", thread));
    CHECK_FALSE(std::regex_search("std::this_thread::get_id()", thread));
    check_no_line_matches(thread, [](const SourceFile& file) {
        return !file.is_in("sync/store") && !file.is_in("tests");
    });
}

TEST_CASE("style: nothing is left for later without saying so to the user")
{
    for (const auto& file : source_tree()) {
        if (file.path == "tests/unit/tidy/style_test.cpp")
            continue;
        const std::regex marks{R"(\b(TODO|FIXME|XXX|HACK)\b)"};
        for (std::size_t i = 0; i < file.lines.size(); ++i)
            CHECK_MESSAGE(!std::regex_search(file.lines[i], marks), file.path, ":", i + 1);
    }
}

TEST_CASE("style: names of tests survive the way to ctest")
{
    // A semicolon or bracket is list syntax to CMake, which then loses all tests of the program.
    const std::regex name{R"re(TEST_CASE\("[^"]*[\[\];][^"]*"\))re"};
    for (const auto& file : source_tree()) {
        for (std::size_t i = 0; i < file.lines.size(); ++i)
            CHECK_MESSAGE(!std::regex_search(file.lines[i], name), file.path, ":", i + 1);
    }
}

TEST_CASE("style: std::format is not in Debian 12's library")
{
    check_no_line_matches(std::regex{R"(#include <format>|std::format\()"}, everywhere);
}
