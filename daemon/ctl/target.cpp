#include "daemon/ctl/target.hpp"

#include "daemon/ctl/failure.hpp"
#include "daemon/ctl/query.hpp"
#include "daemon/ctl/row_writer.hpp"
#include "daemon/ctl/text.hpp"
#include "schema/catalog.hpp"
#include "sync/jobs/parameters.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

namespace cloudpcd::ctl {

namespace {

/// Properties by which people know an object, where its table has them.
constexpr std::array<std::string_view, 3> name_properties{"displayName", "userPrincipalName",
                                                          "managedDeviceName"};
constexpr int candidates_max = 10;

std::vector<std::string> name_columns(const schema::Collection& collection)
{
    std::vector<std::string> columns;
    for (const auto property : name_properties) {
        if (std::ranges::find(collection.columns, property, &schema::Column::property) !=
            collection.columns.end())
            columns.push_back(schema::column_name(property));
    }
    return columns;
}

struct Candidate {
    std::string id{};
    std::string names{};
};

/// Objects that are called so, a few of them at most.
std::vector<Candidate> candidates(Database& mirror, const schema::Collection& collection,
                                  std::string_view text)
{
    const auto columns = name_columns(collection);
    std::string where = "id = ?1";
    std::string names = "''";
    for (const auto& column : columns) {
        where += fmt::format(" OR {} = ?1 COLLATE NOCASE", column);
        names += fmt::format(" || coalesce(' ' || {}, '')", column);
    }
    auto row = mirror.prepare(fmt::format("SELECT id, {} FROM {} WHERE {} ORDER BY id LIMIT {}",
                                          names, collection.table, where, candidates_max + 1));
    row.bind(1, text);
    std::vector<Candidate> found;
    while (row.step())
        found.push_back({.id = row.text(0), .names = row.text(1)});
    return found;
}

[[noreturn]] void throw_ambiguous(std::string_view table, std::string_view text,
                                  const std::vector<Candidate>& found)
{
    auto message =
        fmt::format("several of {} are called {}; give the id of one:", table, printable(text));
    for (std::size_t i = 0; i < found.size() && i < candidates_max; ++i)
        message += fmt::format("\n  {}{}", printable(found[i].id), printable(found[i].names));
    if (found.size() > candidates_max)
        message += "\n  …";
    throw Failure{ExitStatus::failed, message};
}

/// Keeps the first column.
class FirstColumn : public RowWriter {
public:
    void begin(const std::vector<std::string>& /*columns*/) override {}
    void row(std::span<const Value> values) override
    {
        const auto& value = values.front();
        if (x_targets.size() == targets_max)
            throw Failure{ExitStatus::failed,
                          fmt::format("the statement gives more than {} targets", targets_max)};
        if (value.kind != Value::Kind::text)
            throw Failure{ExitStatus::failed,
                          fmt::format("row {}: the first column is no text: it has to be the "
                                      "target",
                                      x_targets.size() + 1)};
        x_targets.emplace_back(value.bytes);
    }
    void end() override {}
    std::vector<std::string> targets() && { return std::move(x_targets); }

private:
    std::vector<std::string> x_targets;
};

}  // namespace

TargetResolver::TargetResolver(const schema::Action& action, std::filesystem::path mirror)
    : x_action{action}, x_path{std::move(mirror)}
{
    if (action.target.empty())
        throw Failure{ExitStatus::usage, fmt::format("{} takes no target", action.kind)};
}

std::string TargetResolver::id_of(std::string_view text)
{
    if (jobs::is_guid(text))
        return std::string{text};
    if (!x_mirror)
        x_mirror.emplace(Database::open(x_path));
    const auto table = x_action.target;
    const auto* collection = schema::find_collection(table);
    const auto found =
        collection == nullptr ? std::vector<Candidate>{} : candidates(*x_mirror, *collection, text);
    if (found.empty())
        throw Failure{ExitStatus::not_found,
                      fmt::format("the mirror knows nothing in {} that is called {}", table,
                                  printable(text))};
    if (found.size() > 1)
        throw_ambiguous(table, text, found);
    return found.front().id;
}

std::vector<std::string> select_targets(Database& mirror, std::string_view sql)
{
    FirstColumn rows;
    run_query(mirror, sql, rows);
    auto targets = std::move(rows).targets();
    if (targets.empty())
        throw Failure{ExitStatus::failed, "the statement gives no row: there is nothing to do"};
    return targets;
}

}  // namespace cloudpcd::ctl
