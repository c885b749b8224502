#include "schema/views.hpp"

#include "schema/catalog.hpp"
#include "schema/ddl.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace cloudpcd::schema {

namespace {

constexpr std::string_view comment = "--";
constexpr std::string_view create = "CREATE VIEW ";
constexpr std::array<std::string_view, 6> column_types{"TEXT",    "INTEGER",   "REAL",
                                                       "BOOLEAN", "TIMESTAMP", "DATE"};

/// The next line of `text`, which is taken from it.
std::string_view take_line(std::string_view& text)
{
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

void append_line(std::string& paragraph, std::string_view line)
{
    paragraph += paragraph.empty() ? "" : " ";
    paragraph += line;
}

/// The head of "column TYPE: description", if the line is one.
ViewColumn* begin_column(std::string_view line, std::vector<ViewColumn>& columns)
{
    const auto colon = line.find(": ");
    const auto space = line.find(' ');
    if (colon == std::string_view::npos || space >= colon)
        return nullptr;
    const auto type = line.substr(space + 1, colon - space - 1);
    if (std::ranges::find(column_types, type) == column_types.end())
        return nullptr;
    columns.push_back({.name = std::string{line.substr(0, space)},
                       .type = std::string{type},
                       .description = std::string{line.substr(colon + 2)}});
    return &columns.back();
}

/// Reads the comment at the beginning of `text`, which is taken from it; returns the number of its
/// lines.
int parse_comment(std::string_view& text, ReportingView& view, const EmbeddedFile& file)
{
    int lines = 0;
    bool in_columns = false;
    while (text.starts_with(comment)) {
        auto line = take_line(text);
        ++lines;
        line.remove_prefix(comment.size());
        if (line.empty()) {
            in_columns = true;
            continue;
        }
        line.remove_prefix(1);  // the space
        if (!in_columns)
            append_line(view.description, line);
        else if (begin_column(line, view.columns) == nullptr)
            throw std::invalid_argument{
                fmt::format("{}:{}: not \"column TYPE: description\"", file.name, lines)};
    }
    return lines;
}

}  // namespace

ReportingView parse_view(const EmbeddedFile& file)
{
    ReportingView view;
    view.name = file.name.substr(0, file.name.rfind('.'));
    auto text = file.text;
    const auto lines = parse_comment(text, view, file);
    if (view.description.empty() || view.columns.empty())
        throw std::invalid_argument{
            fmt::format("{}:1: begins with no comment that describes it", file.name)};
    if (!text.starts_with(fmt::format("{}{} AS\n", create, view.name)) || !text.ends_with(";\n"))
        throw std::invalid_argument{
            fmt::format("{}:{}: not one CREATE VIEW of the file's name", file.name, lines + 1)};
    view.sql = text.substr(0, text.size() - 2);
    return view;
}

const std::vector<ReportingView>& reporting_views()
{
    static const std::vector<ReportingView> views = [] {
        std::vector<ReportingView> parsed;
        for (const auto& file : view_files)
            parsed.push_back(parse_view(file));
        std::ranges::sort(parsed, {}, &ReportingView::name);
        return parsed;
    }();
    return views;
}

std::vector<View> mirror_views()
{
    std::vector<View> views{{.name = "changes", .sql = changes_view(catalog())}};
    for (const auto& view : reporting_views())
        views.push_back({.name = view.name, .sql = view.sql});
    return views;
}

}  // namespace cloudpcd::schema
