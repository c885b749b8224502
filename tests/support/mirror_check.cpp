#include "tests/support/mirror_check.hpp"

#include "schema/catalog.hpp"
#include "schema/request.hpp"
#include "sync/core/json_scan.hpp"
#include "tests/simulator/facts.hpp"
#include "tests/support/expected_value.hpp"

#include <SQLiteCpp/Statement.h>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace cloudpcd::test {

namespace bj = boost::json;

namespace {

class Findings {
public:
    template <class... Arguments>
    void add(fmt::format_string<Arguments...> format, Arguments&&... arguments)
    {
        if (x_lines.size() < differences_max)
            x_lines.push_back(fmt::format(format, std::forward<Arguments>(arguments)...));
    }
    std::vector<std::string> take() { return std::move(x_lines); }
    bool full() const { return x_lines.size() >= differences_max; }

private:
    std::vector<std::string> x_lines;
};

bj::value parse(const std::string& text)
{
    const auto repaired = json::replace_lone_surrogates(text);
    return bj::parse(repaired ? *repaired : text);
}

std::string shortened(const std::string& text)
{
    constexpr std::size_t shown = 200;
    return text.size() <= shown ? text : text.substr(0, shown) + "…";
}

/// Where two values differ, and how.
std::string first_difference(const bj::value& found, const bj::value& expected)
{
    if (!found.is_object() || !expected.is_object())
        return fmt::format(": {}, expected {}", shortened(bj::serialize(found)),
                           shortened(bj::serialize(expected)));
    for (const auto& member : found.get_object()) {
        const auto* other = expected.get_object().if_contains(member.key());
        if (other == nullptr)
            return fmt::format("{}: not expected", std::string_view{member.key()});
        if (member.value() != *other)
            return fmt::format("{} {}", std::string_view{member.key()},
                               first_difference(member.value(), *other));
    }
    for (const auto& member : expected.get_object()) {
        if (!found.get_object().contains(member.key()))
            return fmt::format("{}: missing", std::string_view{member.key()});
    }
    return "nothing";
}

/// What a request of the catalog's entry gets of an object.
bj::value as_asked(const schema::Collection& collection, bj::value object)
{
    auto* members = object.if_object();
    if (members == nullptr)
        return object;
    for (const auto secret : collection.write_only)
        members->erase(secret);
    if (!collection.select) {
        const auto* type = graphsim::Facts::instance().type(collection.entity_type);
        bj::object kept;
        for (const auto& member : *members) {
            const auto* property = type == nullptr ? nullptr : type->find(member.key());
            if (property == nullptr || property->returned != graphsim::Returned::on_expand ||
                std::ranges::find(collection.expand, std::string_view{member.key()}) !=
                    collection.expand.end())
                kept[member.key()] = member.value();
        }
        return kept;
    }
    const auto selected = schema::select_properties(collection);
    bj::object kept;
    for (const auto& member : *members) {
        const std::string_view key = member.key();
        if (std::ranges::find(selected, key) != selected.end() ||
            std::ranges::find(collection.expand, key) != collection.expand.end() ||
            key.starts_with("@odata"))
            kept[key] = member.value();
    }
    // Links have a table of their own.
    if (const auto* links = schema::links_of(collection))
        kept.erase(links->links.property);
    return kept;
}

/// Read by a daemon with this configuration: what is not stays as it was, empty mostly.
bool is_included(SQLite::Database& mirror, const schema::Collection& collection)
{
    const auto table = collection.links.owner.empty() ? collection.table : collection.links.owner;
    return one(mirror,
               fmt::format("SELECT count(*) FROM freshness WHERE resource = '{}'", table)) == "1";
}

std::string typed_columns(std::span<const schema::Column> columns)
{
    std::string sql;
    for (const auto& column : columns)
        sql += fmt::format(", typeof({0}) || ':' || coalesce({0}, '')",
                           schema::column_name(column.property));
    return sql;
}

/// Compares the columns of a statement's row, from `first` on, with what `object` has.
void check_columns(const SQLite::Statement& row, int first, std::span<const schema::Column> columns,
                   const bj::value& object, std::string_view where, Findings& findings)
{
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const auto expected = expected_value(columns[i], value_at(object, columns[i].property));
        const auto found = row.getColumn(first + static_cast<int>(i)).getString();
        if (found != expected)
            findings.add("{}: {} is {}, expected {}", where, columns[i].property, shortened(found),
                         shortened(expected));
    }
}

const bj::array* array_at(const bj::value& object, std::string_view path)
{
    const auto* value = value_at(object, path);
    return value == nullptr ? nullptr : value->if_array();
}

/// Members that a child table has to hold for one parent, in order.
std::vector<const bj::value*> members_of(const schema::Collection& collection,
                                         const schema::ChildTable& child, const bj::value& object)
{
    std::vector<const bj::value*> members;
    const auto* outer = schema::outer_table(collection, child);
    if (outer == nullptr) {
        if (const auto* array = array_at(object, child.property)) {
            for (const auto& member : *array)
                members.push_back(&member);
        }
        return members;
    }
    for (const auto* member : members_of(collection, *outer, object)) {
        if (const auto* array =
                array_at(*member, child.property.substr(outer->property.size() + 1))) {
            for (const auto& inner : *array)
                members.push_back(&inner);
        }
    }
    return members;
}

void check_children(SQLite::Database& mirror, const schema::Collection& collection,
                    std::int64_t key, const bj::value& object, std::string_view where,
                    Findings& findings)
{
    for (const auto& child : collection.children) {
        const bool nested = schema::outer_table(collection, child) != nullptr;
        SQLite::Statement rows{
            mirror, fmt::format("SELECT 0{} FROM {} WHERE _parent = ? ORDER BY {}position",
                                typed_columns(child.columns), child.table,
                                nested ? "resource_position, " : "")};
        rows.bind(1, key);
        const auto members = members_of(collection, child, object);
        std::size_t found = 0;
        while (rows.executeStep()) {
            if (found < members.size())
                check_columns(rows, 1, child.columns, *members[found],
                              fmt::format("{} of {}, member {}", child.table, where, found),
                              findings);
            ++found;
        }
        if (found != members.size())
            findings.add("{} of {}: {} rows, expected {}", child.table, where, found,
                         members.size());
    }
}

std::string text_at(const bj::value& object, std::string_view path)
{
    const auto* value = value_at(object, path);
    return value != nullptr && value->is_string() ? std::string{value->get_string()} : "";
}

/// Rows of memberships and the like against the members of the tenant's objects.
void check_links(SQLite::Database& mirror, const graphsim::Tenant& tenant,
                 const schema::Collection& collection, Findings& findings)
{
    const auto& links = collection.links;
    const auto set = collection.path.substr(collection.path.rfind('/') + 1);
    SQLite::Statement row{
        mirror,
        fmt::format("SELECT raw, {}, {}, {} FROM {} WHERE id = ?",
                    schema::column_name(links.owner_id), schema::column_name(links.linked_id),
                    schema::column_name(links.linked_type), collection.table)};
    std::int64_t expected = 0;
    tenant.for_each_object(set, graphsim::Version::v1_0, [&](const graphsim::TruthObject& truth) {
        const auto object = parse(truth.text);
        const auto* members = array_at(object, links.property);
        if (members == nullptr)
            return;
        for (const auto& member : *members) {
            ++expected;
            const auto linked = text_at(member, "id");
            const auto type = text_at(member, "@odata.type").substr(sizeof "#microsoft.graph." - 1);
            const auto id = truth.id + "_" + linked;
            row.reset();
            row.bind(1, id);
            if (!row.executeStep()) {
                findings.add("{} {}: is missing", collection.table, id);
                continue;
            }
            const bj::object raw{{"id", id},
                                 {links.owner_id, truth.id},
                                 {links.linked_id, linked},
                                 {links.linked_type, type}};
            if (parse(row.getColumn(0).getString()) != raw)
                findings.add("{} {}: raw is {}", collection.table, id,
                             row.getColumn(0).getString());
            if (row.getColumn(1).getString() != truth.id ||
                row.getColumn(2).getString() != linked || row.getColumn(3).getString() != type)
                findings.add("{} {}: its columns are not what raw has", collection.table, id);
        }
    });
    row.reset();
    const auto rows = one(mirror, fmt::format("SELECT count(*) FROM {}", collection.table));
    if (rows != fmt::format("{}", expected))
        findings.add("{}: {} rows, the tenant has {}", collection.table, rows, expected);
}

void check_collection(SQLite::Database& mirror, const graphsim::Tenant& tenant,
                      const schema::Collection& collection, Findings& findings)
{
    const auto set = collection.path.substr(collection.path.rfind('/') + 1);
    const auto version = collection.version == schema::ApiVersion::beta ? graphsim::Version::beta
                                                                        : graphsim::Version::v1_0;
    SQLite::Statement row{mirror, fmt::format("SELECT _key, raw{} FROM {} WHERE id = ?",
                                              typed_columns(collection.columns), collection.table)};
    std::int64_t objects = 0;
    tenant.for_each_object(set, version, [&](const graphsim::TruthObject& truth) {
        ++objects;
        if (findings.full())
            return;
        auto expected = as_asked(collection, parse(truth.text));
        std::string id = truth.id;
        if (collection.id_property != "id" && expected.is_object())
            id = std::string{expected.at(collection.id_property).as_string()};
        const auto where = fmt::format("{} {}", collection.table, shortened(id));
        row.reset();
        row.bind(1, id);
        if (!row.executeStep()) {
            findings.add("{}: is missing", where);
            return;
        }
        const auto raw = row.getColumn(1).getString();
        const auto stored = parse(raw);
        if (stored != expected)
            findings.add("{}: raw differs at {}", where, first_difference(stored, expected));
        check_columns(row, 2, collection.columns, stored, where, findings);
        check_children(mirror, collection, row.getColumn(0).getInt64(), stored, where, findings);
    });
    row.reset();
    const auto rows =
        std::stoll(one(mirror, fmt::format("SELECT count(*) FROM {}", collection.table)));
    const bool may_keep = collection.deletes == schema::DeleteRule::never;
    if (may_keep ? rows < objects : rows != objects)
        findings.add("{}: {} rows, the tenant has {}", collection.table, rows, objects);
    for (const auto& child : collection.children) {
        const auto orphans = one(mirror, fmt::format("SELECT count(*) FROM {} WHERE _parent NOT IN "
                                                     "(SELECT _key FROM {})",
                                                     child.table, collection.table));
        if (orphans != "0")
            findings.add("{}: {} rows without parent", child.table, orphans);
    }
}

}  // namespace

std::string one(SQLite::Database& mirror, const std::string& sql)
{
    SQLite::Statement statement{mirror, sql};
    return statement.executeStep() ? statement.getColumn(0).getString() : "(no row)";
}

std::vector<std::string> differences(SQLite::Database& mirror, const graphsim::Tenant& tenant)
{
    Findings findings;
    for (const auto& collection : schema::catalog()) {
        if (!is_included(mirror, collection))
            continue;
        if (collection.links.owner.empty())
            check_collection(mirror, tenant, collection, findings);
        else
            check_links(mirror, tenant, collection, findings);
    }
    // What the daemon says of itself agrees with what it has.
    SQLite::Statement said{mirror, "SELECT resource, row_count FROM freshness"};
    while (said.executeStep()) {
        const auto table = said.getColumn(0).getString();
        const auto rows = one(mirror, fmt::format("SELECT count(*) FROM {}", table));
        if (rows != said.getColumn(1).getString())
            findings.add("{}: {} rows, freshness says {}", table, rows,
                         said.getColumn(1).getString());
    }
    return findings.take();
}

std::vector<std::string> replay_differences(SQLite::Database& mirror)
{
    Findings findings;
    std::map<std::pair<std::string, std::string>, std::string> objects;
    SQLite::Statement change{
        mirror, "SELECT seq, resource, id, op, before, after FROM changes ORDER BY seq"};
    std::int64_t last = 0;
    while (change.executeStep()) {
        const auto seq = change.getColumn(0).getInt64();
        const auto op = change.getColumn(3).getString();
        const std::pair key{change.getColumn(1).getString(), change.getColumn(2).getString()};
        if (seq <= last)
            findings.add("changes: seq {} follows {}", seq, last);
        last = seq;
        const auto present = objects.find(key);
        const bool known = present != objects.end();
        if (known != (op != "insert"))
            findings.add("changes: {} of {} {}, which {}", op, key.first, key.second,
                         known ? "is there" : "is not there");
        if (known && change.getColumn(4).getString() != present->second)
            findings.add("changes: before of {} {} at {} is not what was", key.first, key.second,
                         seq);
        if (op == "delete")
            objects.erase(key);
        else
            objects[key] = change.getColumn(5).getString();
    }
    for (const auto& collection : schema::catalog()) {
        SQLite::Statement row{mirror, fmt::format("SELECT id, raw FROM {}", collection.table)};
        while (row.executeStep()) {
            const auto found =
                objects.find({std::string{collection.table}, row.getColumn(0).getString()});
            if (found == objects.end() || found->second != row.getColumn(1).getString())
                findings.add("changes: {} {} is not rebuilt", collection.table,
                             row.getColumn(0).getString());
            else
                objects.erase(found);
        }
    }
    for (const auto& [key, raw] : objects)
        findings.add("changes: {} {} is left over", key.first, key.second);
    return findings.take();
}

std::string fingerprint(SQLite::Database& mirror)
{
    std::string text;
    const auto add = [&](const std::string& sql) {
        SQLite::Statement row{mirror, sql};
        while (row.executeStep()) {
            for (int i = 0; i < row.getColumnCount(); ++i)
                text += row.getColumn(i).getString() + '|';
            text += '\n';
        }
    };
    for (const auto& collection : schema::catalog()) {
        add(fmt::format("SELECT * FROM {} ORDER BY _key", collection.table));
        for (const auto& child : collection.children)
            add(fmt::format("SELECT * FROM {} ORDER BY 1, 2, 3", child.table));
    }
    add("SELECT * FROM history ORDER BY from_seq");
    return text;
}

}  // namespace cloudpcd::test
