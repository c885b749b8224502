// Does the mirror equal the tenant? Written from the documentation of the tables, without the
// daemon's own projection: column names and what is asked of Graph are all it takes of the catalog.

#include "schema/catalog.hpp"
#include "schema/request.hpp"
#include "sync/mirror/requests.hpp"
#include "tests/simulation/world.hpp"

#include <SQLiteCpp/Statement.h>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

namespace cloudpcd::simulation {

namespace bj = boost::json;

namespace {

using schema::ChildTable;
using schema::Collection;
using schema::ColumnType;

const bj::value* at_path(const bj::value& object, std::string_view path)
{
    const bj::value* value = &object;
    while (value != nullptr && !path.empty()) {
        const auto* members = value->if_object();
        if (members == nullptr)
            return nullptr;
        const auto end =
            path.starts_with('@') ? path.size() : std::min(path.find('.'), path.size());
        value = members->if_contains(path.substr(0, end));
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    return value;
}

std::string sql_time(std::int64_t ticks)
{
    constexpr std::int64_t ticks_per_ms = 10'000;
    auto text = graphsim::rfc3339(
        graphsim::TimePoint{std::chrono::floor<std::chrono::milliseconds>(
            std::chrono::duration<std::int64_t, std::ratio<1, 10'000'000>>{ticks})},
        3);
    static_assert(ticks_per_ms == 10'000);
    text[10] = ' ';
    text.resize(23);
    return text;
}

/// `#microsoft.graph.cloudPcAgentPool` and `microsoft.graph.cloudPcAgentPool` are shown as the
/// name.
std::string without_namespace(std::string text)
{
    for (const std::string_view part : {"#", "microsoft.graph."}) {
        if (text.starts_with(part))
            text.erase(0, part.size());
    }
    return text;
}

/// What a column of that type shows of `value`; nothing is NULL.
std::optional<std::string> shown(const bj::value* value, ColumnType type)
{
    if (value == nullptr || value->is_null())
        return std::nullopt;
    switch (type) {
        case ColumnType::text:
        case ColumnType::text_nocase:
        case ColumnType::date:
            return value->is_string() ? std::optional{std::string{value->get_string()}}
                                      : std::nullopt;
        case ColumnType::boolean:
            if (!value->is_bool())
                return std::nullopt;
            return value->get_bool() ? "1" : "0";
        case ColumnType::integer:
            return value->is_int64() ? std::optional{std::to_string(value->get_int64())}
                                     : std::nullopt;
        case ColumnType::real:
            return value->is_number() ? std::optional{fmt::format("{}", value->to_number<double>())}
                                      : std::nullopt;
        case ColumnType::timestamp: {
            if (!value->is_string() || value->get_string().starts_with("0001-01-01"))
                return std::nullopt;
            const auto ticks = graphsim::parse_ticks(std::string_view{value->get_string()});
            return ticks ? std::optional{sql_time(*ticks)} : std::nullopt;
        }
        case ColumnType::json:
            return value->is_array() ? std::optional{bj::serialize(*value)} : std::nullopt;
    }
    return std::nullopt;
}

bool column_shows(const SQLite::Column& cell, const bj::value& object, const schema::Column& column)
{
    const auto* value = at_path(object, column.property);
    auto expected = shown(value, column.type);
    if (expected && column.property.ends_with("@odata.type"))
        expected = without_namespace(*std::move(expected));
    if (!expected || cell.isNull())
        return expected.has_value() != cell.isNull();
    if (column.type == ColumnType::real)
        return cell.getDouble() == value->to_number<double>();
    return cell.getString() == *expected;
}

std::string column_names(std::span<const schema::Column> columns)
{
    std::string names;
    for (const auto& column : columns)
        names += ", " + schema::column_name(column.property);
    return names;
}

/// Without what was not asked for, and without secrets.
bj::value as_asked(const std::string& truth, const Collection& collection,
                   const graphsim::Type* type)
{
    auto value = bj::parse(truth);
    auto* members = value.if_object();
    if (members == nullptr)
        return value;
    std::vector<std::string> dropped;
    for (const auto& member : *members) {
        const std::string_view name = member.key();
        const auto* property = type == nullptr ? nullptr : type->find(name);
        const bool secret = std::ranges::count(collection.write_only, name) > 0;
        const bool newer = property == nullptr && type != nullptr && !name.starts_with('@') &&
                           name != collection.id_property;
        const bool unasked =
            (newer && collection.select) ||
            (property != nullptr &&
             ((property->returned == graphsim::Returned::on_select && !collection.select) ||
              (property->returned == graphsim::Returned::on_expand &&
               std::ranges::count(collection.expand, name) == 0)));
        if (secret || unasked)
            dropped.emplace_back(name);
    }
    for (const auto& name : dropped)
        members->erase(name);
    return value;
}

/// Members of `a` that `b` has otherwise, or not.
std::string member_difference(const bj::value& a, const bj::value& b)
{
    if (!a.is_object() || !b.is_object())
        return "it";
    std::string names;
    for (const auto& member : a.get_object()) {
        const auto* other = b.get_object().if_contains(member.key());
        if (other == nullptr || *other != member.value())
            names += fmt::format(" {}", std::string_view{member.key()});
    }
    for (const auto& member : b.get_object()) {
        if (!a.get_object().contains(member.key()))
            names += fmt::format(" +{}", std::string_view{member.key()});
    }
    return names;
}

class TableCheck {
public:
    TableCheck(const graphsim::Tenant& tenant, SQLite::Database& database,
               const Collection& collection, std::size_t stride)
        : x_database{database}, x_collection{collection}, x_stride{stride}
    {
        const auto set = mirror::set_name(collection);
        const auto version = collection.version == schema::ApiVersion::beta
                                 ? graphsim::Version::beta
                                 : graphsim::Version::v1_0;
        for (auto& object : tenant.objects(set, version))
            x_truth.emplace(std::move(object.id), std::move(object.text));
        const auto& facts = graphsim::Facts::instance();
        const auto* entity_set = facts.set(set);
        x_type = entity_set != nullptr ? entity_set->type : facts.type(collection.entity_type);
    }

    std::string run()
    {
        SQLite::Statement row{x_database,
                              fmt::format("SELECT _key, id, raw{} FROM {} ORDER BY _key",
                                          column_names(x_collection.columns), x_collection.table)};
        std::size_t position = 0;
        while (row.executeStep()) {
            const auto id = row.getColumn(1).getString();
            const auto truth = x_truth.find(id);
            if (truth == x_truth.end()) {
                // Audit events stay when the service has dropped them.
                if (x_collection.deletes != schema::DeleteRule::never)
                    report(id, "is left over");
                continue;
            }
            const auto raw = row.getColumn(2).getString();
            const bool sampled = position++ % x_stride == 0;
            if (raw != truth->second || sampled)
                check(row, id, bj::parse(raw), sampled);
            x_truth.erase(truth);
        }
        for (const auto& [id, text] : x_truth)
            report(id, "is missing");
        return std::move(x_report);
    }

private:
    void check(SQLite::Statement& row, const std::string& id, const bj::value& raw, bool sampled)
    {
        const auto expected = as_asked(x_truth.at(id), x_collection, x_type);
        if (raw != expected)
            report(id, "differs in " + member_difference(expected, raw));
        if (!sampled)
            return;
        int index = 3;
        for (const auto& column : x_collection.columns) {
            if (!column_shows(row.getColumn(index++), expected, column))
                report(id, fmt::format("column {} is '{}'", column.property,
                                       row.getColumn(index - 1).getString()));
        }
        for (const auto& child : x_collection.children)
            check_child(id, child, row.getColumn(0).getInt64(), expected);
    }

    void check_child(const std::string& id, const ChildTable& child, std::int64_t key,
                     const bj::value& object)
    {
        const auto* outer = schema::outer_table(x_collection, child);
        struct Member {
            std::string place;
            const bj::value* value;
        };
        std::vector<Member> expected;
        const auto add = [&](const bj::value* list, const std::string& before) {
            if (list == nullptr || !list->is_array())
                return;
            for (std::size_t i = 0; i < list->get_array().size(); ++i)
                expected.push_back({before + std::to_string(i), &list->get_array()[i]});
        };
        if (outer == nullptr) {
            add(at_path(object, child.property), "");
        } else if (const auto* list = at_path(object, outer->property);
                   list != nullptr && list->is_array()) {
            const auto inner = child.property.substr(outer->property.size() + 1);
            for (std::size_t i = 0; i < list->get_array().size(); ++i)
                add(at_path(list->get_array()[i], inner), std::to_string(i) + "/");
        }
        const std::string place =
            outer == nullptr ? "position" : "resource_position || '/' || position";
        SQLite::Statement row{
            x_database, fmt::format("SELECT {0}{1} FROM {2} WHERE _parent = ? ORDER BY {3}position",
                                    place, column_names(child.columns), child.table,
                                    outer == nullptr ? "" : "resource_position, ")};
        row.bind(1, key);
        std::size_t count = 0;
        while (row.executeStep()) {
            if (count == expected.size() || row.getColumn(0).getString() != expected[count].place) {
                report(id, fmt::format("{} has a row too many", child.table));
                return;
            }
            int index = 1;
            for (const auto& column : child.columns) {
                if (!column_shows(row.getColumn(index++), *expected[count].value, column))
                    report(id, fmt::format("{}.{} differs", child.table, column.property));
            }
            ++count;
        }
        if (count != expected.size())
            report(id, fmt::format("{} has {} rows of {}", child.table, count, expected.size()));
    }

    void report(const std::string& id, std::string_view what)
    {
        constexpr std::size_t report_bytes_max = 2000;
        if (x_report.size() < report_bytes_max)
            x_report += fmt::format("{} {} {}\n", x_collection.table, id, what);
    }

    SQLite::Database& x_database;
    const Collection& x_collection;
    const graphsim::Type* x_type = nullptr;
    std::size_t x_stride;
    std::map<std::string, std::string> x_truth;
    std::string x_report;
};

}  // namespace

std::string World::differences(std::size_t stride) const
{
    std::string report;
    for (const auto* collection : included())
        report += TableCheck{x_tenant, reader(), *collection, stride}.run();
    return report;
}

}  // namespace cloudpcd::simulation
