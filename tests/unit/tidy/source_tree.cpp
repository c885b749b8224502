#include "tests/unit/tidy/source_tree.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace cloudpcd::tidy {

namespace {

std::vector<std::string> split_lines(const std::string& text)
{
    std::vector<std::string> lines;
    std::istringstream in{text};
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    return lines;
}

/// Position behind the literal that starts at `at` (a quote), or behind the end of the text.
std::size_t literal_end(std::string_view text, std::size_t at)
{
    const char quote = text[at];
    for (++at; at < text.size() && text[at] != quote; ++at) {
        if (text[at] == '\\')
            ++at;
    }
    return at + 1;
}

/// Position behind R"tag(…)tag", `at` being the quote.
std::size_t raw_literal_end(std::string_view text, std::size_t at)
{
    const auto open = text.find('(', at);
    if (open == std::string_view::npos)
        return text.size();
    const std::string close = ")" + std::string{text.substr(at + 1, open - at - 1)} + "\"";
    const auto end = text.find(close, open);
    return end == std::string_view::npos ? text.size() : end + close.size();
}

bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/// Position behind the comment or literal that starts at `at`; `at` when none does.
std::size_t blank_end(std::string_view text, std::size_t at)
{
    if (text.substr(at, 2) == "//")
        return std::min(text.find('\n', at), text.size());
    if (text.substr(at, 2) == "/*") {
        const auto end = text.find("*/", at + 2);
        return end == std::string_view::npos ? text.size() : end + 2;
    }
    const char before = at == 0 ? ' ' : text[at - 1];
    if (text[at] == '"')
        return before == 'R' ? raw_literal_end(text, at) : literal_end(text, at);
    // 1'000'000 has no character literal.
    if (text[at] == '\'' && !is_word(before))
        return literal_end(text, at);
    return at;
}

}  // namespace

bool SourceFile::is_in(std::string_view folder) const
{
    return path.starts_with(folder) && path.size() > folder.size() && path[folder.size()] == '/';
}

std::string without_comments_and_literals(std::string_view text)
{
    std::string code{text};
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(blank_end(text, at), text.size());
        if (end <= at) {
            ++at;
            continue;
        }
        for (std::size_t i = at; i < end; ++i) {
            if (code[i] != '\n')
                code[i] = ' ';
        }
        at = end;
    }
    return code;
}

const std::vector<SourceFile>& source_tree()
{
    static const std::vector<SourceFile> tree = [] {
        namespace fs = std::filesystem;
        const fs::path root{CLOUDPCD_SOURCE_DIR};
        std::vector<SourceFile> files;
        for (const auto* folder : {"config", "schema", "sync", "daemon", "tests"}) {
            for (const auto& entry : fs::recursive_directory_iterator{root / folder}) {
                const auto extension = entry.path().extension();
                if (!entry.is_regular_file() || (extension != ".hpp" && extension != ".cpp"))
                    continue;
                std::ifstream in{entry.path(), std::ios::binary};
                const std::string text{std::istreambuf_iterator<char>{in}, {}};
                files.push_back({.path = fs::relative(entry.path(), root).generic_string(),
                                 .lines = split_lines(text),
                                 .code = split_lines(without_comments_and_literals(text))});
            }
        }
        std::ranges::sort(files, {}, &SourceFile::path);
        return files;
    }();
    return tree;
}

}  // namespace cloudpcd::tidy
