#include "daemon/ctl/time_travel.hpp"

#include "daemon/ctl/failure.hpp"
#include "daemon/ctl/schema_command.hpp"
#include "daemon/ctl/text.hpp"
#include "schema/catalog.hpp"

#include <fmt/format.h>

#include <array>
#include <string>
#include <vector>

namespace cloudpcd::ctl {

namespace {

/// The table of a collection, which is what has a history.
std::string_view collection_table(std::string_view name)
{
    if (const auto* collection = schema::find_collection(name))
        return collection->table;
    schema_table(name);  // says what may be meant when there is no such table at all
    throw Failure{ExitStatus::not_found,
                  fmt::format("{} has no history of its own; it follows its parent or the mirror's "
                              "own affairs",
                              printable(name))};
}

// Every leaf of two objects that differs, by its path; SQLite has the parser.
constexpr std::string_view difference_sql = R"sql(
    WITH was AS (SELECT fullkey AS path, iif(type IN ('true', 'false'), type, atom) AS value
                   FROM json_tree(?1) WHERE type NOT IN ('object', 'array')),
         is_now AS (SELECT fullkey AS path, iif(type IN ('true', 'false'), type, atom) AS value
                      FROM json_tree(?2) WHERE type NOT IN ('object', 'array'))
    SELECT substr(p.path, 3) AS property, was.value, is_now.value
      FROM (SELECT path FROM was UNION SELECT path FROM is_now) p
      LEFT JOIN was ON was.path = p.path
      LEFT JOIN is_now ON is_now.path = p.path
     WHERE was.value IS NOT is_now.value
     ORDER BY p.path)sql";

struct Version {
    std::int64_t seq = 0;
    std::string at;
    std::string op;
    std::string explanation;  ///< may be empty
};

Value text_or_null(const std::string& text)
{
    return text.empty() ? Value::null() : Value::of(std::string_view{text});
}

void write_row(const Version& version, const Value& property, const Value& before,
               const Value& after, RowWriter& writer)
{
    const std::array values{Value::of(version.seq),
                            Value::of(std::string_view{version.at}),
                            Value::of(std::string_view{version.op}),
                            property,
                            before,
                            after,
                            text_or_null(version.explanation)};
    writer.row(values);
}

void write_difference(Database& database, const Version& version, const std::string& before,
                      const std::string& after, RowWriter& writer)
{
    auto difference = database.prepare(difference_sql);
    difference.bind(1, before);
    difference.bind(2, after);
    while (difference.step())
        write_row(version, difference.value(0), difference.value(1), difference.value(2), writer);
}

std::string explanation_of(const Statement& row, int activity, int actor)
{
    const auto what = row.optional_text(activity);
    const auto who = row.optional_text(actor);
    if (!what)
        return {};
    return who ? fmt::format("{} by {}", *what, *who) : *what;
}

}  // namespace

void write_history(Database& database, std::string_view table, std::string_view id,
                   RowWriter& writer)
{
    const std::string resource{collection_table(table)};
    auto row = database.prepare(
        "SELECT seq, at, op, before, after, event_activity_type, event_actor FROM v_changes "
        "WHERE resource = ?1 AND id = ?2 ORDER BY seq");
    row.bind(1, resource);
    row.bind(2, id);
    bool more = row.step();
    if (!more)
        throw Failure{ExitStatus::not_found,
                      fmt::format("{} knows no {}, now or before", resource, printable(id))};
    writer.begin({"seq", "at", "op", "property", "before", "after", "explained_by"});
    for (; more; more = row.step()) {
        const Version version{.seq = row.integer(0),
                              .at = row.text(1),
                              .op = row.text(2),
                              .explanation = explanation_of(row, 5, 6)};
        if (version.op == "update")
            write_difference(database, version, row.text(3), row.text(4), writer);
        else
            write_row(version, Value::null(), Value::null(), Value::null(), writer);
    }
    writer.end();
}

void write_as_of(Database& database, std::string_view table, std::string_view time,
                 RowWriter& writer)
{
    const std::string resource{collection_table(table)};
    auto parsed = database.prepare("SELECT strftime('%Y-%m-%d %H:%M:%f', ?1)");
    parsed.bind(1, time);
    parsed.step();
    const auto at = parsed.optional_text(0);
    if (!at)
        throw Failure{ExitStatus::usage,
                      fmt::format("{} is no time, accepted: 2026-01-31 or 2026-01-31 12:00:00, UTC",
                                  printable(time))};
    auto row = database.prepare(
        fmt::format("SELECT id, _changed_at, raw FROM {0} WHERE _changed_at <= ?1 UNION ALL "
                    "SELECT id, valid_from, raw FROM history WHERE resource = '{0}' "
                    "AND valid_from <= ?1 AND valid_to > ?1 ORDER BY 1",
                    resource));
    row.bind(1, *at);
    bool more = row.step();
    writer.begin({"id", "changed_at", "raw"});
    for (; more; more = row.step())
        writer.row(std::array{row.value(0), row.value(1), row.value(2)});
    writer.end();
}

}  // namespace cloudpcd::ctl
